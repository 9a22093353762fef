"""What staff are shown of held orders, flagged lines and stranded money: each once, in pages, with what was decided."""

import datetime

import pytest
from django.utils import timezone

from ovop_certification.errors import FlagResolved, ReasonRequired, UnknownHold, UnknownOrderFlag
from ovop_certification.models import Effect, FlagOutcome, HoldCause, Market, OrderFlag, OrderHold, StrandedPayment
from ovop_certification.rules import Reason, ReasonCode
from ovop_certification.selectors.gate import flagged_lines, held_orders, stranded_payments
from ovop_certification.services import (
    SoldLine,
    StrandedCart,
    order_flag_resolve,
    order_hold_begin,
    order_hold_release,
    order_lines_flag,
    payments_settle,
    payments_strand,
)

pytestmark = pytest.mark.django_db

NOW = datetime.datetime(2026, 3, 1, 12, tzinfo=datetime.UTC)
MISSING = Reason(ReasonCode.MISSING, "eac", 1, None, Effect.BLOCK)


@pytest.fixture(autouse=True)
def _market():
    Market.objects.create(code="home", names={"en": "Home"})


def flag(order, line, minutes=0):
    at = NOW + datetime.timedelta(minutes=minutes)
    order_lines_flag([SoldLine(order, line, 7, "home", (MISSING,), at)], at=at)
    return OrderFlag.objects.get(line_id=line)


def hold(order, minutes=0):
    at = NOW + datetime.timedelta(minutes=minutes)
    return order_hold_begin(order, market="home", cause=HoldCause.BYPASSED, status_before="unfulfilled", at=at)


def test_held_orders_come_with_their_lines_the_longest_held_first():
    for minutes, order in enumerate(("order-b", "order-a", "order-c")):
        flag(order, f"{order}-line", minutes)
        hold(order, minutes)
    order_hold_release("order-a", actor="desk", reason="fine", at=NOW)

    first = held_orders(page=1, rows=1)
    second = held_orders(page=2, rows=1)

    assert (first.total, second.total) == (2, 2)
    assert [each.order_id for each in (*first.rows, *second.rows)] == ["order-b", "order-c"]
    (held,) = first.rows
    assert (held.cause, held.status_before, held.market_names) == ("bypassed", "unfulfilled", {"en": "Home"})
    assert [(line.line_id, line.product_pk, line.reasons[0].code) for line in held.lines] == [
        ("order-b-line", 7, "missing")
    ]
    assert held_orders(page=3, rows=1).rows == ()


def test_flags_are_open_until_somebody_says_what_was_done():
    kept, done = flag("order-a", "line-1"), flag("order-b", "line-2", 1)
    order_flag_resolve(done.pk, FlagOutcome.REPLACED, actor="desk", reason="Sent another", at=NOW)

    open_ones = flagged_lines(is_open=True)
    resolved = flagged_lines(is_open=False)

    assert [each.pk for each in open_ones.rows] == [kept.pk]
    assert open_ones.rows[0].resolution is None
    (row,) = resolved.rows
    assert (row.pk, row.resolution.outcome, row.resolution.actor, row.resolution.reason) == (
        done.pk,
        "replaced",
        "desk",
        "Sent another",
    )
    assert (open_ones.total, resolved.total) == (1, 1)


def test_a_flag_is_resolved_once_and_says_how():
    row = flag("order-a", "line-1")
    done = {"actor": "desk", "reason": "Sent back", "at": NOW}

    first = order_flag_resolve(row.pk, FlagOutcome.CANCELLED, **done)

    assert order_flag_resolve(row.pk, FlagOutcome.CANCELLED, **done) == first
    with pytest.raises(FlagResolved):
        order_flag_resolve(row.pk, FlagOutcome.HONOURED, **done)
    with pytest.raises(UnknownOrderFlag):
        order_flag_resolve(row.pk + 1_000, FlagOutcome.HONOURED, **done)
    for missing in ({"actor": " "}, {"reason": ""}):
        with pytest.raises(ReasonRequired):
            order_flag_resolve(row.pk, FlagOutcome.CANCELLED, **(done | missing))


def test_an_order_that_is_not_held_is_not_released():
    with pytest.raises(UnknownHold):
        order_hold_release("order-a", actor="desk", reason="fine", at=NOW)
    hold("order-a")
    for missing in ({"actor": ""}, {"reason": " "}):
        with pytest.raises(ReasonRequired):
            order_hold_release("order-a", **({"actor": "desk", "reason": "fine", "at": NOW} | missing))
    order_hold_release("order-a", actor="desk", reason="fine", at=NOW)
    with pytest.raises(UnknownHold):
        order_hold_release("order-a", actor="desk", reason="fine", at=NOW)
    row = OrderHold.objects.get()
    assert (row.released_by, row.release_reason, row.released_at) == ("desk", "fine", NOW)


def cart(checkout, amount_minor=1_000, minutes=0):
    reasons = [{"code": "missing", "scheme": "eac", "certificate": None}]
    return StrandedCart(
        checkout=checkout,
        channel="main",
        market="home",
        products=[{"product_pk": 7, "name": "Honey", "reasons": reasons}],
        amount_minor=amount_minor,
        currency="KGS",
        paid_at=NOW + datetime.timedelta(minutes=minutes),
    )


def test_stranded_money_waits_until_it_is_an_order_or_went_back():
    payments_strand([cart("c-1", minutes=2), cart("c-2", minutes=1), cart("c-3")], at=NOW)
    payments_strand([cart("c-1", minutes=9)], at=NOW + datetime.timedelta(hours=1))
    payments_settle(ordered={"c-2": "order-2"}, returned={"c-3"}, at=NOW)

    waiting = stranded_payments(is_waiting=True)
    ended = stranded_payments(is_waiting=False)

    assert [(row.checkout, row.amount_minor, row.currency) for row in waiting.rows] == [("c-1", 1_000, "KGS")]
    (row,) = waiting.rows
    assert (row.paid_at, row.seen_at) == (NOW + datetime.timedelta(minutes=2), NOW)
    assert [(pk, name, reasons[0].code) for pk, name, reasons in row.products] == [(7, "Honey", "missing")]
    assert {(row.checkout, row.outcome, row.order_id) for row in ended.rows} == {
        ("c-2", "ordered", "order-2"),
        ("c-3", "returned", ""),
    }
    assert (waiting.total, ended.total) == (1, 2)


def test_more_money_is_told_and_money_that_comes_again_waits_again():
    payments_strand([cart("c-1")], at=NOW)
    payments_strand([cart("c-1", amount_minor=2_000)], at=NOW)
    assert StrandedPayment.objects.get().amount_minor == 2_000
    payments_settle(ordered={}, returned={"c-1"}, at=NOW)

    payments_strand([cart("c-1")], at=timezone.now())

    (row,) = stranded_payments(is_waiting=True).rows
    assert (row.amount_minor, row.outcome, row.ended_at) == (1_000, "waiting", None)


@pytest.mark.parametrize("count", [1, 30])
def test_a_page_takes_the_same_queries_whatever_is_on_it(count, django_assert_num_queries):
    for number in range(count):
        flag(f"order-{number}", f"line-{number}", number)
        hold(f"order-{number}", number)

    with django_assert_num_queries(5):
        assert len(held_orders().rows) == count
    with django_assert_num_queries(4):
        assert len(flagged_lines(is_open=True).rows) == count
