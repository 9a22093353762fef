"""The three plugins inside Saleor: they load, and nothing that goes wrong in them reaches the shop."""

import importlib
import importlib.metadata
from typing import Any

import graphene
import pytest
import saleor
from celery.app.task import Task
from django.core.checks import run_checks
from django.db import transaction
from saleor.plugins.base_plugin import BasePlugin
from saleor.plugins.manager import get_plugins_manager
from saleor.plugins.models import PluginConfiguration

APPS = ("ovop_certification", "ovop_origin", "ovop_producer_payouts")

# These refuse or answer on purpose; every other hook only tells somebody to look again.
NOT_QUIET = {"preprocess_order_creation", "webhook", "validate_plugin_configuration"}

# What Saleor passes, by the beginning of the hook's name; the longest that fits counts.
ARGUMENTS = {
    "page_": ["page"],
    "order_": ["order"],
    "draft_order_": ["order"],
    "order_bulk_created": ["order_list"],
    "fulfillment_": ["fulfillment"],
    "product_": ["product"],
    "product_deleted": ["product", "variant_ids"],
    "product_variant_": ["variant"],
    "channel_": ["channel_USD"],
    "category_": ["category"],
    "attribute_value_": ["pink_attribute_value"],
    "checkout_": ["checkout"],
}


def plugin_classes() -> dict[str, type[Any]]:
    entries = importlib.metadata.entry_points(group="saleor.plugins")
    return {
        entry.name: getattr(importlib.import_module(entry.module), entry.attr)
        for entry in entries
        if entry.name.startswith("ovop_")
    }


def quiet_hooks() -> list[tuple[type[Any], str]]:
    return [
        (cls, name)
        for _, cls in sorted(plugin_classes().items())
        for name in sorted({name for base in cls.__mro__ if base is not BasePlugin for name in vars(base)})
        if name in BasePlugin.__annotations__ and name not in NOT_QUIET and callable(getattr(cls, name))
    ]


@pytest.fixture
def variant_ids(variant: Any) -> list[int]:
    return [variant.pk]


def arguments_of(hook: str, request: pytest.FixtureRequest) -> list[Any]:
    fitting = max((start for start in ARGUMENTS if hook.startswith(start)), key=len)
    return [request.getfixturevalue(name) for name in ARGUMENTS[fitting]]


def test_the_three_plugins_load_once_for_all_channels() -> None:
    classes = plugin_classes()

    manager = get_plugins_manager(allow_replica=False)
    loaded = [plugin for plugin in manager.get_plugins() if type(plugin) in classes.values()]

    assert tuple(sorted(classes)) == APPS
    assert sorted(type(plugin).__name__ for plugin in loaded) == sorted(cls.__name__ for cls in classes.values())
    assert [plugin for plugin in loaded if plugin.CONFIGURATION_PER_CHANNEL or not plugin.active] == []


def test_the_first_change_of_a_setting_does_not_switch_the_plugin_off() -> None:
    def update(**changes: Any) -> bool:
        get_plugins_manager(allow_replica=False).save_plugin_configuration("ovop.certification", None, changes)
        return PluginConfiguration.objects.get().active

    setting = [{"name": "staff_mail", "value": "desk@example.com"}]
    assert update(configuration=setting)
    assert not update(active=False)
    assert not update(configuration=setting)
    assert update(active=True)


@pytest.mark.parametrize(("cls", "hook"), quiet_hooks(), ids=lambda value: getattr(value, "__name__", value))
def test_a_hook_whose_work_fails_returns_what_it_was_given(
    cls: type[Any], hook: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    arguments = arguments_of(hook, request)
    plugin = cls(configuration=[], active=True)

    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("the work fails")

    monkeypatch.setattr(transaction, "on_commit", fail)
    monkeypatch.setattr(Task, "apply_async", fail)

    given = object()
    assert getattr(plugin, hook)(*arguments, previous_value=given) is given


ORDER_CANCEL = """
mutation($id: ID!) { orderCancel(id: $id) { order { status } errors { field code message } } }"""


def test_an_order_is_cancelled_while_our_tasks_cannot_be_sent(
    staff_api_client: Any, order: Any, permission_group_manage_orders: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    send = Task.apply_async
    refused = []

    def without_broker(self: Task, *args: Any, **kwargs: Any) -> Any:
        if self.name.startswith("ovop_"):
            refused.append(self.name)
            raise ConnectionError("no broker")
        return send(self, *args, **kwargs)

    monkeypatch.setattr(Task, "apply_async", without_broker)
    permission_group_manage_orders.user_set.add(staff_api_client.user)

    response = staff_api_client.post_graphql(ORDER_CANCEL, {"id": graphene.Node.to_global_id("Order", order.pk)})

    assert response.json()["data"]["orderCancel"] == {"order": {"status": "CANCELED"}, "errors": []}
    order.refresh_from_db()
    assert order.status == "canceled"
    assert refused, "no hook of ours looked at the order: this test shows nothing"


def test_a_saleor_outside_the_range_is_refused_at_start_and_this_one_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    assert run_checks(tags=["ovop"]) == []

    monkeypatch.setattr(saleor, "__version__", "3.21.69")
    (refusal,) = run_checks(tags=["ovop"])

    assert (refusal.id, refusal.is_serious()) == ("ovop.E001", True)
    assert "3.21.69" in refusal.msg
