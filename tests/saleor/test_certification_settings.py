"""The plugin's switches in Saleor's own plugin settings: shown, checked, and read as they are at each moment."""

from typing import Any

import pytest
from saleor.plugins.models import PluginConfiguration

from ovop_certification.adapter.settings import PLUGIN_ID
from ovop_certification.switches import Switches, switches

UPDATE = """mutation($id: ID!, $active: Boolean, $configuration: [ConfigurationItemInput!]) {
  pluginUpdate(id: $id, input: {active: $active, configuration: $configuration}) {
    errors { field code message }
    plugin { globalConfiguration { active configuration { name type value } } }
  }
}"""
SHOW = """query($id: ID!) { plugin(id: $id) {
  globalConfiguration { active configuration { name type value label helpText } } channelConfigurations { active }
} }"""


@pytest.fixture(autouse=True)
def plugins(settings: Any) -> None:
    settings.PLUGINS = ["ovop_certification.adapter.plugin.CertificationPlugin"]


@pytest.fixture
def update(staff_api_client: Any, permission_manage_plugins: Any) -> Any:
    def send(**values: str) -> dict[str, Any]:
        configuration = [{"name": name, "value": value} for name, value in values.items()]
        response = staff_api_client.post_graphql(
            UPDATE, {"id": PLUGIN_ID, "configuration": configuration}, permissions=[permission_manage_plugins]
        )
        answer: dict[str, Any] = response.json()["data"]["pluginUpdate"]
        return answer

    return send


def test_the_settings_are_shown_with_their_defaults_once_for_all_channels(
    staff_api_client: Any, permission_manage_plugins: Any
) -> None:
    response = staff_api_client.post_graphql(SHOW, {"id": PLUGIN_ID}, permissions=[permission_manage_plugins])

    plugin = response.json()["data"]["plugin"]
    assert plugin["channelConfigurations"] == []
    fields = {each["name"]: each for each in plugin["globalConfiguration"]["configuration"]}
    assert {name: (each["type"], each["value"]) for name, each in fields.items()} == {
        "closes_listings": ("BOOLEAN", "true"),
        "reminder_days": ("STRING", "180, 90, 30, 7"),
        "staff_mail": ("STRING", ""),
        "evidence_max_mb": ("STRING", "10"),
    }
    assert all(each["label"] and each["helpText"] for each in fields.values())
    assert switches() == Switches()


def test_what_is_saved_holds_at_once(update: Any) -> None:
    answer = update(
        closes_listings="false", reminder_days="14,60 , 14", staff_mail="desk@shop.example", evidence_max_mb="25"
    )

    assert answer["errors"] == []
    assert switches() == Switches(False, (60, 14), "desk@shop.example", 25)
    update(reminder_days="", staff_mail="")
    assert switches() == Switches(False, (), "", 25)


@pytest.mark.parametrize(
    ("name", "field", "value"),
    [
        ("reminder_days", "reminderDays", "soon"),
        ("reminder_days", "reminderDays", "0"),
        ("reminder_days", "reminderDays", "-3"),
        ("reminder_days", "reminderDays", "3651"),
        ("reminder_days", "reminderDays", ",".join(map(str, range(1, 14)))),
        ("staff_mail", "staffMail", "nobody"),
        ("evidence_max_mb", "evidenceMaxMb", "0"),
        ("evidence_max_mb", "evidenceMaxMb", "26"),
        ("evidence_max_mb", "evidenceMaxMb", "2.5"),
        ("evidence_max_mb", "evidenceMaxMb", ""),
    ],
)
def test_a_wrong_setting_is_refused_at_its_field_and_nothing_is_saved(
    update: Any, name: str, field: str, value: str
) -> None:
    update(evidence_max_mb="3")

    answer = update(**{"staff_mail": "desk@shop.example", name: value})

    assert [(each["field"], each["code"]) for each in answer["errors"]] == [(field, "INVALID")]
    assert switches() == Switches(evidence_max_mb=3)


def test_what_got_into_the_table_otherwise_has_the_default_and_breaks_nothing(db: None, caplog: Any) -> None:
    PluginConfiguration.objects.create(
        identifier=PLUGIN_ID,
        name="x",
        active=True,
        configuration=[{"name": "evidence_max_mb", "value": None}, {"name": "closes_listings", "value": False}],
    )

    assert switches() == Switches(closes_listings=False)
    assert "evidence_max_mb" in caplog.text


def test_reading_them_is_one_query(db: None, django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(1):
        switches()
