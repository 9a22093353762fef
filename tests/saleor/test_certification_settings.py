"""The plugin's switches in Saleor's own plugin settings: shown, checked, and read as they are at each moment."""

from typing import Any

import pytest
from saleor.plugins.models import PluginConfiguration

from ovop_certification.adapter.settings import CONFIG_STRUCTURE, PLUGIN_ID
from ovop_certification.switches import Switches, switches

UPDATE = """mutation($id: ID!, $configuration: [ConfigurationItemInput!]) {
  pluginUpdate(id: $id, input: {configuration: $configuration}) {
    errors { field code message }
    plugin { globalConfiguration { active configuration { name type value } } }
  }
}"""
DEACTIVATE = "mutation($id: ID!) { pluginUpdate(id: $id, input: {active: false}) { errors { field } } }"
SHOW = """query($id: ID!) { plugin(id: $id) {
  globalConfiguration { active configuration { name type value label helpText } } channelConfigurations { active }
} }"""


@pytest.fixture(autouse=True)
def plugins(settings: Any) -> None:
    settings.PLUGINS = ["ovop_certification.adapter.plugin.CertificationPlugin"]


@pytest.fixture
def update(staff_api_client: Any, permission_manage_plugins: Any) -> Any:
    staff_api_client.user.user_permissions.add(permission_manage_plugins)

    def send(**values: str) -> dict[str, Any]:
        configuration = [{"name": name, "value": value} for name, value in values.items()]
        response = staff_api_client.post_graphql(UPDATE, {"id": PLUGIN_ID, "configuration": configuration})
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
    assert answer["errors"][0]["message"].startswith(f"{CONFIG_STRUCTURE[name]['label']}: ")
    assert switches() == Switches(evidence_max_mb=3)


def test_saving_a_setting_does_not_switch_the_plugin_off_and_a_refused_one_neither(
    update: Any, staff_api_client: Any
) -> None:
    refused = update(evidence_max_mb="26")
    after_refusal = PluginConfiguration.objects.get(identifier=PLUGIN_ID).active
    saved = update(evidence_max_mb="5")
    after_saving = PluginConfiguration.objects.get(identifier=PLUGIN_ID).active
    staff_api_client.post_graphql(DEACTIVATE, {"id": PLUGIN_ID})
    update(evidence_max_mb="6")

    assert (refused["plugin"], after_refusal) == (None, True)
    assert (saved["plugin"]["globalConfiguration"]["active"], after_saving) == (True, True)
    assert PluginConfiguration.objects.get(identifier=PLUGIN_ID).active is False
    assert switches().evidence_max_mb == 6


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
