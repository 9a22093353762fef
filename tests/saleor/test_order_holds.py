"""Inside Saleor: an order that came past the veto is held, told to staff, and goes on when it is released."""

import datetime

import graphene
import pytest
from django.utils import timezone
from saleor.graphql.tests.utils import get_graphql_content
from saleor.order import OrderEvents, OrderStatus
from saleor.order.models import Order
from saleor.payment.transaction_item_calculations import recalculate_transaction_amounts
from saleor.plugins.manager import get_plugins_manager

from ovop_certification.adapter import audit, tasks
from ovop_certification.adapter.holds import HOLD_KEY
from ovop_certification.errors import ReasonRequired, UnknownHold
from ovop_certification.models import (
    CertificateEvent,
    EventKind,
    Market,
    OnBypassed,
    OnLapsed,
    OrderFlag,
    OrderHold,
)
from ovop_certification.services import certificate_event_add, order_hold_release
from ovop_certification.services.announce import announce
from ovop_producer_payouts.adapter.snapshot import order_snapshots
from ovop_producer_payouts.audit import ledger_findings
from ovop_producer_payouts.selectors import posted_parts
from ovop_producer_payouts.services.settlement import orders_settle
from tests.saleor.gate_world import VALID, complete, load, required

CONFIRM = "mutation ($id: ID!) { orderConfirm(id: $id) { order { status } errors { field code message } } }"
CANCEL = "mutation ($id: ID!) { orderCancel(id: $id) { order { status } errors { field code message } } }"


@pytest.fixture
def staff(staff_api_client, permission_group_manage_orders):
    permission_group_manage_orders.user_set.add(staff_api_client.user)
    return staff_api_client


@pytest.fixture
def sold(order_with_lines):
    """An order of two lines that staff made, in a channel that confirms by itself; nothing of it is certified yet."""
    order = order_with_lines
    order.channel.automatically_confirm_all_new_orders = True
    order.channel.save()
    Order.objects.filter(pk=order.pk).update(status=OrderStatus.UNFULFILLED)
    order.refresh_from_db()
    return order


def product_of(order, position=0):
    return order.lines.order_by("pk")[position].variant.product


def ask(client, mutation, order):
    variables = {"id": graphene.Node.to_global_id("Order", order.pk)}
    (answer,) = get_graphql_content(client.post_graphql(mutation, variables))["data"].values()
    return answer


def look(order):
    flagged = audit.audit_orders([str(order.pk)], timezone.now())
    order.refresh_from_db()
    return flagged


def notes(order):
    events = order.events.filter(type=OrderEvents.NOTE_ADDED).order_by("pk")
    return [event.parameters["message"] for event in events]


def policy(**fields):
    Market.objects.filter(code="home").update(**fields)


def test_an_order_that_came_past_the_veto_is_held_once_and_staff_read_why(sold):
    product = product_of(sold)
    load(product_of(sold, 1), required(product), [VALID])

    assert look(sold) == 1

    assert sold.status == OrderStatus.UNCONFIRMED
    assert sold.private_metadata[HOLD_KEY] == "bypassed"
    (note,) = notes(sold)
    assert (
        f"{product.name} cannot be sold in Home market: the required certificate “EAC declaration” is missing." in note
    )
    assert f"{product_of(sold, 1).name} cannot" not in note
    hold = OrderHold.objects.get()
    assert (hold.order_id, hold.market, hold.cause, hold.status_before) == (
        str(sold.pk),
        "home",
        "bypassed",
        "unfulfilled",
    )
    before = sold.updated_at
    assert look(sold) == 0
    assert (sold.updated_at, len(notes(sold)), OrderHold.objects.count()) == (before, 1, 1)


def test_where_the_market_only_flags_the_order_goes_on(sold):
    load(product_of(sold), required(product_of(sold)))
    policy(on_bypassed=OnBypassed.FLAG)

    assert look(sold) == 2

    assert sold.status == OrderStatus.UNFULFILLED
    assert not OrderHold.objects.exists()
    assert notes(sold) == []


def test_a_policy_that_changes_later_does_not_hold_what_was_flagged_before(sold):
    load(product_of(sold), required(product_of(sold)))
    policy(on_bypassed=OnBypassed.FLAG)
    look(sold)
    policy(on_bypassed=OnBypassed.HOLD)

    assert look(sold) == 0
    assert sold.status == OrderStatus.UNFULFILLED


def test_what_is_fulfilled_in_part_is_flagged_and_not_held(fulfilled_order):
    Order.objects.filter(pk=fulfilled_order.pk).update(status=OrderStatus.PARTIALLY_FULFILLED)
    load(product_of(fulfilled_order), required(product_of(fulfilled_order)))

    assert look(fulfilled_order) == 2

    assert fulfilled_order.status == OrderStatus.PARTIALLY_FULFILLED
    assert not OrderHold.objects.exists()


def test_a_release_gives_the_order_back_and_saleor_tells_of_it(sold, monkeypatch, django_capture_on_commit_callbacks):
    load(product_of(sold), required(product_of(sold)))
    look(sold)
    told = []
    manager = type(get_plugins_manager(allow_replica=False))
    for name in ("order_confirmed", "order_updated"):
        monkeypatch.setattr(manager, name, lambda self, order, _name=name, **kwargs: told.append(_name))

    with django_capture_on_commit_callbacks(execute=True):
        order_hold_release(str(sold.pk), actor="desk@example.com", reason="Seen the paper", at=timezone.now())

    sold.refresh_from_db()
    assert sold.status == OrderStatus.UNFULFILLED
    assert HOLD_KEY not in sold.private_metadata
    assert notes(sold)[-1] == "The order is no longer held. desk@example.com: Seen the paper"
    assert sold.events.filter(type=OrderEvents.CONFIRMED).count() == 1
    assert told == ["order_confirmed", "order_updated"] or told == ["order_updated", "order_confirmed"]
    hold = OrderHold.objects.get()
    assert (hold.released_by, hold.release_reason) == ("desk@example.com", "Seen the paper")
    assert look(sold) == 0
    assert sold.status == OrderStatus.UNFULFILLED
    with pytest.raises(UnknownHold):
        order_hold_release(str(sold.pk), actor="desk@example.com", reason="Again", at=timezone.now())


@pytest.mark.parametrize(("actor", "reason"), [("", "why"), ("who", " ")])
def test_a_release_says_who_and_why(sold, actor, reason):
    load(product_of(sold), required(product_of(sold)))
    look(sold)

    with pytest.raises(ReasonRequired):
        order_hold_release(str(sold.pk), actor=actor, reason=reason, at=timezone.now())

    sold.refresh_from_db()
    assert sold.status == OrderStatus.UNCONFIRMED


def test_an_order_that_waited_for_staff_goes_on_waiting(sold):
    Order.objects.filter(pk=sold.pk).update(status=OrderStatus.UNCONFIRMED)
    load(product_of(sold), required(product_of(sold)))
    look(sold)
    assert OrderHold.objects.get().status_before == "unconfirmed"

    order_hold_release(str(sold.pk), actor="desk@example.com", reason="Fine", at=timezone.now())

    sold.refresh_from_db()
    assert sold.status == OrderStatus.UNCONFIRMED
    assert not sold.events.filter(type=OrderEvents.CONFIRMED).exists()


def test_confirming_in_the_dashboard_is_a_release_by_that_person(staff, sold):
    load(product_of(sold), required(product_of(sold)))
    look(sold)

    assert ask(staff, CONFIRM, sold)["errors"] == []

    hold = OrderHold.objects.get()
    assert (hold.released_by, hold.release_reason) == (staff.user.email, "orderConfirm")
    sold.refresh_from_db()
    assert sold.status == OrderStatus.UNFULFILLED
    assert HOLD_KEY not in sold.private_metadata
    assert look(sold) == 0
    assert sold.status == OrderStatus.UNFULFILLED


def test_cancelling_ends_the_hold(staff, sold):
    load(product_of(sold), required(product_of(sold)))
    look(sold)

    assert ask(staff, CANCEL, sold)["errors"] == []

    hold = OrderHold.objects.get()
    assert hold.released_at is not None
    assert hold.release_reason == OrderStatus.CANCELED


def test_an_order_that_expired_without_a_hook_is_found_by_the_sweep(sold):
    load(product_of(sold), required(product_of(sold)))
    look(sold)
    Order.objects.filter(pk=sold.pk).update(status=OrderStatus.EXPIRED)

    tasks.sweep_orders()

    assert OrderHold.objects.get().release_reason == OrderStatus.EXPIRED


MARK_PAID = """mutation ($id: ID!) { orderMarkAsPaid(id: $id) { order { status } errors { field code message } } }"""


def test_money_that_comes_does_not_end_a_hold_though_saleor_confirms_for_it(staff, sold):
    sold.channel.order_mark_as_paid_strategy = "transaction_flow"
    sold.channel.save()
    load(product_of(sold), required(product_of(sold)))
    look(sold)

    assert ask(staff, MARK_PAID, sold)["errors"] == []

    sold.refresh_from_db()
    assert sold.status == OrderStatus.UNCONFIRMED
    hold = OrderHold.objects.get()
    assert (hold.released_at, hold.status_before) == (None, "unfulfilled")


def test_a_line_that_comes_after_the_release_holds_the_order_again(sold):
    product = product_of(sold)
    load(product, required(product))
    line = sold.lines.order_by("pk")[1]
    look(sold)
    order_hold_release(str(sold.pk), actor="desk@example.com", reason="Fine", at=timezone.now())
    Order.objects.filter(pk=sold.pk).update(status=OrderStatus.UNCONFIRMED)
    line.pk, line.token, line.created_at = None, None, timezone.now()
    line.save(force_insert=True)

    assert look(sold) == 1

    assert sold.private_metadata[HOLD_KEY] == "bypassed"
    assert [hold.released_at is None for hold in OrderHold.objects.order_by("pk")] == [False, True]


def test_a_release_that_cannot_be_carried_out_is_no_release(sold, monkeypatch):
    load(product_of(sold), required(product_of(sold)))
    look(sold)

    def broken(*args, **kwargs):
        raise RuntimeError("no")

    monkeypatch.setattr("ovop_certification.adapter.holds.update_order_status", broken)
    with pytest.raises(RuntimeError):
        order_hold_release(str(sold.pk), actor="desk@example.com", reason="Fine", at=timezone.now())

    assert OrderHold.objects.get().released_at is None
    sold.refresh_from_db()
    assert HOLD_KEY in sold.private_metadata


# What becomes known later


def withdraw(at):
    certificate = CertificateEvent.objects.first().certificate
    certificate_event_add(certificate.pk, EventKind.WITHDRAWN, actor="Desk", reason="because", at=at)
    return certificate


def test_a_withdrawal_dated_in_the_past_flags_what_was_sold_since(sold, django_capture_on_commit_callbacks):
    product = product_of(sold)
    load(product, required(product), [VALID])
    sold.lines.exclude(variant__product=product).delete()
    sold_at = timezone.now() - datetime.timedelta(days=3)
    sold.lines.update(created_at=sold_at)
    Order.objects.update(created_at=sold_at, updated_at=sold_at)
    assert look(sold) == 0
    withdrawn_at = sold_at - datetime.timedelta(hours=1)
    withdraw(withdrawn_at)

    with django_capture_on_commit_callbacks(execute=True):
        announce([product.pk + 1], since=withdrawn_at)
    assert not OrderFlag.objects.exists()
    with django_capture_on_commit_callbacks(execute=True):
        announce([product.pk], since=withdrawn_at)

    assert OrderFlag.objects.get().reasons == [{"code": "withdrawn", "scheme": "eac", "certificate": "EAC-1"}]
    sold.refresh_from_db()
    assert sold.status == OrderStatus.UNCONFIRMED


def test_what_was_sold_before_the_withdrawal_stays_sold(sold, django_capture_on_commit_callbacks):
    product = product_of(sold)
    load(product, required(product), [VALID])
    sold.lines.exclude(variant__product=product).delete()
    sold.lines.update(created_at=timezone.now() - datetime.timedelta(days=1))
    withdrawn_at = timezone.now() - datetime.timedelta(hours=1)
    withdraw(withdrawn_at)

    with django_capture_on_commit_callbacks(execute=True):
        announce(None, since=withdrawn_at)

    assert not OrderFlag.objects.exists()


# The certificate that lapses between payment and order


@pytest.fixture
def lapsed(api_client, paid, product):
    """Paid for yesterday while the certificate was good; it was withdrawn an hour ago; the order is made now."""
    load(product, required(product), [VALID])
    yesterday = timezone.now() - datetime.timedelta(days=1)
    paid.payment_transactions.get().events.update(created_at=yesterday)
    paid.lines.update(created_at=yesterday - datetime.timedelta(minutes=5))
    withdraw(timezone.now() - datetime.timedelta(hours=1))
    return paid


def test_an_order_paid_for_in_time_is_made_and_held(api_client, lapsed, product):
    assert complete(api_client, lapsed)["errors"] == []

    order = Order.objects.get()
    assert OrderFlag.objects.get().product_pk == product.pk
    assert order.status == OrderStatus.UNCONFIRMED
    assert OrderHold.objects.get().cause == "lapsed"


def test_an_order_paid_for_in_time_is_honoured_where_the_market_says_so(api_client, lapsed, product):
    policy(on_lapsed=OnLapsed.HONOUR)

    assert complete(api_client, lapsed)["errors"] == []

    order = Order.objects.get()
    assert OrderFlag.objects.get().product_pk == product.pk
    assert order.status == OrderStatus.UNFULFILLED
    assert not OrderHold.objects.exists()


# The makers' money


def ledger(order):
    parts = posted_parts([str(order.pk)]).get(str(order.pk), {})
    accounts = {}
    for key, amount in parts.items():
        accounts[key.account] = accounts.get(key.account, 0) + amount
    return {account: amount for account, amount in accounts.items() if amount}


def test_a_held_orders_money_is_the_customers_until_it_is_released(sold, transaction_item_generator):
    item = transaction_item_generator(order_id=sold.pk, charged_value=sold.total_gross_amount)
    item.events.create(
        type="charge_success", amount_value=item.charged_value, currency=item.currency, include_in_calculations=True
    )
    recalculate_transaction_amounts(item)
    load(product_of(sold), required(product_of(sold)))
    settle = lambda: orders_settle([str(sold.pk)], order_snapshots, at=timezone.now())  # noqa: E731
    settle()
    split = ledger(sold)
    charged = split["psp:clearing"]
    assert charged > 0
    assert split["association:unassigned"] < 0

    look(sold)
    settle()
    assert ledger(sold) == {"psp:clearing": charged, "customer:prepaid": -charged}
    assert ledger_findings() == []

    order_hold_release(str(sold.pk), actor="desk@example.com", reason="Fine", at=timezone.now())
    settle()
    assert ledger(sold) == split
    assert ledger_findings() == []
