"""Paying out: four eyes, every step in its order and once, and never the same money twice."""

import datetime
import random
from collections.abc import Callable

import pytest
from batch_steps import (
    CHECKER,
    JAM_MINOR,
    LATER,
    MAKER,
    approve,
    complete,
    draft,
    fail,
    of_producers,
    sold,
    submit,
    taken_to,
)
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction
from payouts_world import AT, DAY, HONEY, JAM, settle, standing, stored_rows

from ovop_producer_payouts.audit import ledger_findings
from ovop_producer_payouts.errors import IllegalTransition, NothingPayable, PayableChanged, SameApprover
from ovop_producer_payouts.models import Entry, Payout, PayoutBatch, PayoutEvent
from ovop_producer_payouts.selectors import payable_minor
from ovop_producer_payouts.services.batches import batch_close
from ovop_producer_payouts.snapshot import OrderSnapshot
from ovop_shared.errors import NotFound
from ovop_shared.money import UnsupportedCurrency

pytestmark = pytest.mark.usefixtures("world")


def test_a_batch_pays_what_is_payable_and_the_ledger_follows_every_step() -> None:
    settle(sold(), sold("o2", product_pk=HONEY), hold_days=14)

    batch = draft()
    assert (batch.status, batch.created_by, batch.approved_by) == ("draft", MAKER, "")
    assert list(Payout.objects.order_by("producer_code").values_list("producer_code", "amount_minor")) == [
        ("ak-kiyiz", JAM_MINOR),
        ("boyan", JAM_MINOR),
    ]
    owed = {"producer:ak-kiyiz:payable": -JAM_MINOR, "producer:boyan:payable": -JAM_MINOR}
    assert of_producers(standing()) == owed

    assert approve().status == "approved"
    assert of_producers(standing()) == {
        "producer:ak-kiyiz:in_transit": -JAM_MINOR,
        "producer:boyan:in_transit": -JAM_MINOR,
    }

    assert submit().status == "submitted"
    assert complete().status == "completed"
    assert fail(producer="boyan").status == "failed"
    assert of_producers(standing()) == {"producer:boyan:payable": -JAM_MINOR}
    assert standing()["psp:clearing"] == 20_000 - JAM_MINOR

    assert batch_close("b1").status == "closed"
    assert sum(standing().values()) == 0
    assert ledger_findings() == []
    assert list(
        PayoutEvent.objects.order_by("pk").values_list("payout__producer_code", "from_status", "to_status")
    ) == [
        ("ak-kiyiz", "", "draft"),
        ("boyan", "", "draft"),
        ("ak-kiyiz", "draft", "approved"),
        ("boyan", "draft", "approved"),
        ("ak-kiyiz", "approved", "submitted"),
        ("boyan", "approved", "submitted"),
        ("ak-kiyiz", "submitted", "completed"),
        ("boyan", "submitted", "failed"),
    ]
    last = PayoutEvent.objects.order_by("pk").last()
    assert last is not None
    assert (last.actor, last.reason, last.at) == (CHECKER, "account closed", LATER)


def test_whoever_made_the_draft_does_not_approve_it() -> None:
    settle(sold())
    draft()
    before = stored_rows()

    with pytest.raises(SameApprover) as refusal:
        approve(by=MAKER)

    assert (refusal.value.code, refusal.value.field, refusal.value.status) == ("same_approver", "by", 403)
    assert stored_rows() == before


@pytest.mark.parametrize(
    ("changes", "constraint"),
    [
        ({"approved_by": MAKER, "status": "approved"}, "ovop_batch_four_eyes"),
        ({"approved_by": MAKER}, "ovop_batch_four_eyes"),
        ({"status": "approved"}, "ovop_batch_approved_by_someone"),
        ({"status": "closed"}, "ovop_batch_approved_by_someone"),
    ],
)
def test_the_database_too_wants_four_eyes(changes: dict[str, str], constraint: str) -> None:
    settle(sold())
    draft()

    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        PayoutBatch.objects.update(**changes)


@pytest.mark.parametrize(
    ("status", "step"),
    [
        ("draft", submit),
        ("draft", complete),
        ("draft", fail),
        ("draft", lambda: batch_close("b1")),
        ("approved", lambda: approve(by="another@example.com")),
        ("approved", complete),
        ("approved", fail),
        ("approved", lambda: batch_close("b1")),
        ("submitted", lambda: approve(by="another@example.com")),
        ("submitted", lambda: batch_close("b1")),
        ("completed", lambda: complete(payment_reference="bank-2")),
        ("completed", fail),
        ("failed", complete),
        ("closed", lambda: approve(by="another@example.com")),
        ("closed", fail),
    ],
)
def test_a_step_out_of_its_order_is_refused_and_changes_nothing(status: str, step: Callable[[], object]) -> None:
    settle(sold())
    taken_to(status)
    before = stored_rows()

    with pytest.raises(IllegalTransition) as refusal:
        step()

    assert (refusal.value.code, refusal.value.field, refusal.value.status) == ("illegal_transition", "status", 409)
    assert stored_rows() == before


@pytest.mark.parametrize(
    ("status", "step"),
    [
        ("draft", draft),
        ("approved", approve),
        ("submitted", submit),
        ("completed", complete),
        ("completed", submit),
        ("failed", fail),
        ("closed", lambda: batch_close("b1")),
        ("closed", complete),
        ("closed", submit),
        ("closed", draft),
    ],
)
def test_a_step_done_twice_is_done_once(status: str, step: Callable[[], object]) -> None:
    settle(sold())
    taken_to(status)
    before = stored_rows()

    step()

    assert stored_rows() == before


@pytest.mark.parametrize(
    "step",
    [
        lambda: approve("b9"),
        lambda: submit("b9"),
        lambda: complete("b9"),
        lambda: fail("b9"),
        lambda: batch_close("b9"),
        lambda: complete("b1", "boyan"),
        lambda: fail("b1", "nobody"),
    ],
)
def test_what_there_is_not_is_not_found(step: Callable[[], object]) -> None:
    settle(sold())
    taken_to("submitted")
    before = stored_rows()

    with pytest.raises(NotFound):
        step()

    assert stored_rows() == before


def test_nothing_payable_makes_no_batch() -> None:
    settle(sold(fulfilled_at=None))

    with pytest.raises(NothingPayable) as refusal:
        draft()

    assert refusal.value.code == "nothing_payable"
    assert not PayoutBatch.objects.exists()


def test_a_batch_is_of_one_known_currency() -> None:
    settle(sold())

    with pytest.raises(NothingPayable):
        draft(currency="USD")
    with pytest.raises(UnsupportedCurrency):
        draft(currency="XAU")
    assert not PayoutBatch.objects.exists()


def test_what_was_paid_out_is_no_debt_when_the_order_stops_being_fulfilled() -> None:
    settle(sold())
    taken_to("submitted")
    complete()

    settle(sold(fulfilled_at=None), at=LATER)

    assert payable_minor("KGS", LATER) == {}


@pytest.mark.parametrize(("days", "is_payable"), [(13, False), (14, True), (15, True)])
def test_a_sale_is_payable_the_hold_days_after_it_was_fulfilled(days: int, is_payable: bool) -> None:
    settle(sold(), hold_days=14)

    assert (payable_minor("KGS", AT + days * DAY) == {"ak-kiyiz": JAM_MINOR}) is is_payable
    assert payable_minor("KGS", AT + 14 * DAY - datetime.timedelta(microseconds=1)) == {}


def test_a_sale_that_is_not_fulfilled_is_never_payable_and_one_taken_back_no_longer() -> None:
    settle(sold(fulfilled_at=None))
    assert payable_minor("KGS", AT + 10_000 * DAY) == {}

    settle(sold())
    assert payable_minor("KGS", LATER) == {"ak-kiyiz": JAM_MINOR}

    settle(sold(fulfilled_at=None))
    assert payable_minor("KGS", LATER) == {}


def test_currencies_are_paid_apart() -> None:
    settle(sold(), sold("o2", currency="USD"))

    draft()
    draft("b2", currency="USD")

    assert list(Payout.objects.order_by("pk").values_list("batch__reference", "currency", "amount_minor")) == [
        ("b1", "KGS", JAM_MINOR),
        ("b2", "USD", JAM_MINOR),
    ]


def test_a_failed_payout_is_payable_again() -> None:
    settle(sold())
    taken_to("failed")

    assert payable_minor("KGS", LATER) == {"ak-kiyiz": JAM_MINOR}
    batch_close("b1")
    taken_to("closed", "b2")

    assert payable_minor("KGS", LATER) == {}
    assert of_producers(standing()) == {}
    assert ledger_findings() == []


def test_money_in_transit_is_not_drafted_again() -> None:
    settle(sold())
    taken_to("approved")

    with pytest.raises(NothingPayable):
        draft("b2")


def test_a_refund_between_draft_and_approval_is_noticed() -> None:
    settle(sold())
    draft()
    settle(sold(held_minor=9_999))
    before = stored_rows()

    with pytest.raises(PayableChanged) as refusal:
        approve()

    assert (refusal.value.code, refusal.value.field, refusal.value.status) == (
        "payable_changed",
        "amount_minor",
        409,
    )
    assert refusal.value.params == {
        "producer": "ak-kiyiz",
        "drafted_minor": JAM_MINOR,
        "payable_minor": JAM_MINOR - 1,
    }
    assert stored_rows() == before


def test_more_sold_since_the_draft_waits_for_the_next_batch() -> None:
    settle(sold())
    draft()
    settle(sold("o2"))

    approve()

    assert payable_minor("KGS", LATER) == {"ak-kiyiz": JAM_MINOR}


def test_a_refund_after_the_payout_is_a_debt_that_nets_in_the_next_batch() -> None:
    settle(sold(), sold("o2", product_pk=HONEY))
    draft()
    approve()
    submit()
    complete()
    complete(producer="boyan", payment_reference="bank-2")
    batch_close("b1")

    settle(sold(held_minor=0), at=LATER)

    assert payable_minor("KGS", LATER) == {"ak-kiyiz": -JAM_MINOR}
    with pytest.raises(NothingPayable):
        draft("b2")

    # two more jars sold: one of them pays the debt
    settle(sold("o3"), sold("o4"), sold("o5", product_pk=HONEY), at=LATER)
    draft("b2")

    assert dict(Payout.objects.filter(batch__reference="b2").values_list("producer_code", "amount_minor")) == {
        "ak-kiyiz": JAM_MINOR,
        "boyan": JAM_MINOR,
    }
    approve("b2")
    submit("b2")
    complete("b2")
    complete("b2", "boyan")
    batch_close("b2")
    assert of_producers(standing()) == {}
    assert payable_minor("KGS", LATER) == {}
    assert ledger_findings() == []


def test_who_is_in_debt_is_left_out_while_others_are_paid() -> None:
    settle(sold())
    taken_to("closed")
    settle(sold(held_minor=0), sold("o2", product_pk=HONEY), at=LATER)

    draft("b2")

    assert list(Payout.objects.filter(batch__reference="b2").values_list("producer_code", flat=True)) == ["boyan"]


def test_the_completed_payouts_bank_reference_is_in_the_ledger() -> None:
    settle(sold())
    taken_to("completed")

    entry = Entry.objects.get(kind="payout_completed")
    assert (entry.reference, entry.reason) == ("payout_completed:b1:ak-kiyiz", "bank-1")
    assert Payout.objects.get().payment_reference == "bank-1"


@pytest.mark.parametrize("seed", range(3))
def test_after_any_sequence_of_sales_refunds_and_batches_nobody_got_more_than_was_sold(seed: int) -> None:
    chance = random.Random(seed)
    orders: dict[str, OrderSnapshot] = {}
    for number in range(12):
        order_id = f"o{chance.randint(0, 5)}"
        orders[order_id] = sold(
            order_id,
            product_pk=chance.choice([JAM, HONEY]) if order_id not in orders else JAM,
            held_minor=chance.randint(0, 10_000),
            fulfilled_at=chance.choice([AT, AT, None]),
        )
        settle(orders[order_id], at=AT + number * DAY)
        reference = f"b{number}"
        owed_before = payable_minor("KGS", LATER)
        try:
            draft(reference)
        except NothingPayable:
            assert not any(amount > 0 for amount in owed_before.values())
            continue
        approve(reference)
        submit(reference)
        for payout in Payout.objects.filter(batch__reference=reference):
            assert payout.amount_minor == owed_before[payout.producer_code]
            chance.choice([complete, fail])(reference, payout.producer_code)
        batch_close(reference)
        assert sum(standing().values()) == 0
        assert not any(":in_transit" in account for account in standing())
    held = sum(each.held_minor for each in orders.values())
    paid = sum(Payout.objects.filter(status="completed").values_list("amount_minor", flat=True))
    assert standing().get("psp:clearing", 0) == held - paid
    assert ledger_findings() == []


def test_the_command_takes_a_batch_from_draft_to_closed() -> None:
    settle(sold(fulfilled_at=AT - 30 * DAY))

    def run(step: str, by: str = CHECKER, **options: str) -> None:
        arguments = [f"--{name.replace('_', '-')}={value}" for name, value in options.items()]
        call_command("ovop_payout_batch", step, "b1", f"--by={by}", *arguments)

    run("draft", MAKER, currency="KGS")
    with pytest.raises(CommandError, match="same_approver"):
        run("approve", MAKER)
    run("approve")
    run("submit")
    with pytest.raises(CommandError, match="illegal_transition"):
        run("close")
    run("complete", producer="ak-kiyiz", payment_reference="bank-1")
    run("close")

    assert PayoutBatch.objects.get().status == "closed"
    call_command("ovop_check_ledger")
