"""Payout batches in many hands at once; real commits on connections of their own."""

import threading

import pytest
from batch_steps import (
    JAM_MINOR,
    approve,
    complete,
    draft,
    fail,
    of_producers,
    sold,
    submit,
    taken_to,
)
from django.db import transaction
from payouts_world import HONEY, at_once, settle, standing

from ovop_producer_payouts.audit import ledger_findings
from ovop_producer_payouts.errors import IllegalTransition, PayableChanged
from ovop_producer_payouts.models import Entry, Payout, PayoutBatch, PayoutEvent
from ovop_producer_payouts.services.batches import batch_close

pytestmark = pytest.mark.usefixtures("committed_world")


def test_of_two_batches_over_the_same_money_one_is_approved() -> None:
    settle(sold(), sold("o2", product_pk=HONEY))
    for number in range(6):
        draft(f"b{number}")

    results = at_once(6, lambda number: approve(f"b{number}"))

    approved = [result for result in results if isinstance(result, PayoutBatch)]
    assert len(approved) == 1
    assert sum(isinstance(result, PayableChanged) for result in results) == 5
    assert PayoutBatch.objects.filter(status="approved").count() == 1
    assert of_producers(standing()) == {
        "producer:ak-kiyiz:in_transit": -JAM_MINOR,
        "producer:boyan:in_transit": -JAM_MINOR,
    }
    assert ledger_findings() == []


def test_one_batch_taken_further_by_many_at_once_goes_each_step_once() -> None:
    settle(sold())

    drafts = at_once(8, lambda number: draft())
    assert {batch.pk for batch in drafts} == {PayoutBatch.objects.get().pk}  # type: ignore[attr-defined]
    assert Payout.objects.count() == 1

    for step in (approve, submit, complete, lambda: batch_close("b1")):
        results = at_once(8, lambda number, step=step: step())
        assert not [result for result in results if isinstance(result, Exception)]

    assert Entry.objects.filter(kind__startswith="payout").count() == 2
    assert PayoutEvent.objects.count() == 4
    assert of_producers(standing()) == {}
    assert ledger_findings() == []


def test_of_completion_and_failure_at_once_one_happens() -> None:
    settle(sold())
    taken_to("submitted")
    steps = [complete, fail] * 4

    results = at_once(8, lambda number: steps[number]())

    status = Payout.objects.get().status
    refused = [result for result in results if isinstance(result, IllegalTransition)]
    assert status in ("completed", "failed")
    assert len(refused) == 4
    assert Entry.objects.filter(kind__in=["payout_completed", "payout_released"]).count() == 1
    assert ledger_findings() == []


def test_an_approval_waits_for_one_that_claims_the_same_producers_money() -> None:
    settle(sold())
    draft("b1")
    draft("b2")
    is_claimed, may_commit = threading.Event(), threading.Event()

    def first() -> None:
        with transaction.atomic():
            approve("b1")
            is_claimed.set()
            assert may_commit.wait(20)

    def second() -> object:
        assert is_claimed.wait(20)
        threading.Timer(0.5, may_commit.set).start()
        return approve("b2")

    results = at_once(2, lambda number: [first, second][number]())

    assert results[0] is None
    assert isinstance(results[1], PayableChanged)
