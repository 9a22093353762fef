"""Paying producers in batches: draft, approved by somebody else, submitted, each payout confirmed, closed.

The money moves in the ledger with the status: approval claims it (`payable` -> `in_transit`), completion lets it
leave (`in_transit` -> `psp:clearing`), failure gives it back. A step done twice is done once.
"""

import datetime
from collections.abc import Sequence

from django.db import IntegrityError, transaction

from ovop_producer_payouts import accounts
from ovop_producer_payouts.errors import (
    IllegalTransition,
    NothingPayable,
    PayableChanged,
    SameApprover,
)
from ovop_producer_payouts.locks import lock_accounts, lock_batch, lock_payouts
from ovop_producer_payouts.models import BatchStatus, EntryKind, Payout, PayoutBatch, PayoutEvent, PayoutStatus
from ovop_producer_payouts.payout_status import BATCH_STEPS, FINAL_PAYOUTS, PAYOUT_STEPS, check_step
from ovop_producer_payouts.selectors import payable_minor
from ovop_producer_payouts.services.ledger import EntryDraft, PostingDraft, entries_post
from ovop_shared.errors import NotFound
from ovop_shared.money import minor_digits


def batch_draft(
    *, reference: str, currency: str, payable_until: datetime.datetime, by: str, at: datetime.datetime
) -> PayoutBatch:
    """Draft payouts of everything payable by `payable_until`; producers who owe are left out, their debt waits.

    A `reference` that exists returns that batch. Raises NothingPayable, UnsupportedCurrency.
    """
    minor_digits(currency)
    known = PayoutBatch.objects.filter(reference=reference).first()
    if known is not None:
        return known
    try:
        with transaction.atomic():
            batch = PayoutBatch.objects.create(
                reference=reference, currency=currency, payable_until=payable_until, created_by=by
            )
            owed = payable_minor(currency, payable_until)
            payouts = Payout.objects.bulk_create(
                [
                    Payout(batch=batch, producer_code=code, currency=currency, amount_minor=amount_minor)
                    for code, amount_minor in owed.items()
                    if amount_minor > 0
                ]
            )
            if not payouts:
                raise NothingPayable(f"No {currency} is payable.", field="currency", params={"currency": currency})
            _note(payouts, "", PayoutStatus.DRAFT, by, "", at)
    except IntegrityError:
        return PayoutBatch.objects.get(reference=reference)
    return batch


def batch_approve(reference: str, *, by: str, at: datetime.datetime) -> PayoutBatch:
    """Approve the batch and claim its money in one transaction. Approving again by the same person changes nothing.

    The producers' accounts are locked and what is payable is computed again: of two batches drafted over the same
    money one is approved, the other raises PayableChanged. Raises SameApprover, IllegalTransition, NotFound.
    """
    with transaction.atomic():
        batch = _locked(reference)
        if batch.status != BatchStatus.DRAFT and batch.approved_by == by:
            return batch
        check_step(BATCH_STEPS, batch.status, BatchStatus.APPROVED, f"Batch {reference}")
        if by == batch.created_by:
            raise SameApprover("A batch is approved by somebody other than its maker.", field="by")
        payouts = list(lock_payouts(batch))
        paths = [accounts.producer_payable(payout.producer_code) for payout in payouts]
        list(lock_accounts(paths, batch.currency))
        owed = payable_minor(batch.currency, batch.payable_until)
        for payout in payouts:
            if owed.get(payout.producer_code, 0) < payout.amount_minor:
                raise PayableChanged(
                    f"Producer {payout.producer_code} is owed less than the draft says.",
                    field="amount_minor",
                    params={
                        "producer": payout.producer_code,
                        "drafted_minor": payout.amount_minor,
                        "payable_minor": owed.get(payout.producer_code, 0),
                    },
                )
        _move(payouts, PayoutStatus.APPROVED, by, "", at)
        entries_post([_entry(payout, batch, EntryKind.PAYOUT_CLAIM, "payable", "in_transit", at) for payout in payouts])
        batch.status = BatchStatus.APPROVED
        batch.approved_by = by
        batch.save(update_fields=["status", "approved_by"])
    return batch


def batch_submit(reference: str, *, by: str, at: datetime.datetime) -> PayoutBatch:
    """Say that the payment orders of an approved batch went to the bank. Repeating it changes nothing."""
    with transaction.atomic():
        batch = _locked(reference)
        if batch.status in (BatchStatus.SUBMITTED, BatchStatus.CLOSED):
            return batch
        check_step(BATCH_STEPS, batch.status, BatchStatus.SUBMITTED, f"Batch {reference}")
        _move(list(lock_payouts(batch)), PayoutStatus.SUBMITTED, by, "", at)
        batch.status = BatchStatus.SUBMITTED
        batch.save(update_fields=["status"])
    return batch


def payout_complete(
    reference: str, producer_code: str, *, payment_reference: str, by: str, at: datetime.datetime
) -> Payout:
    """Confirm by hand that the bank paid this producer. The same confirmation again changes nothing.

    Raises IllegalTransition when the payout is in another state or was confirmed under another bank reference.
    """
    with transaction.atomic():
        batch, payout = _locked_payout(reference, producer_code)
        if payout.status == PayoutStatus.COMPLETED and payout.payment_reference == payment_reference:
            return payout
        payout.payment_reference = payment_reference
        _move([payout], PayoutStatus.COMPLETED, by, payment_reference, at)
        entries_post([_entry(payout, batch, EntryKind.PAYOUT_COMPLETED, "in_transit", "", at)])
    return payout


def payout_fail(reference: str, producer_code: str, *, reason: str, by: str, at: datetime.datetime) -> Payout:
    """Say that the bank refused this payout: the money is payable again. Repeating it changes nothing."""
    with transaction.atomic():
        batch, payout = _locked_payout(reference, producer_code)
        if payout.status == PayoutStatus.FAILED:
            return payout
        _move([payout], PayoutStatus.FAILED, by, reason, at)
        entries_post([_entry(payout, batch, EntryKind.PAYOUT_RELEASED, "in_transit", "payable", at)])
    return payout


def batch_close(reference: str) -> PayoutBatch:
    """Close a batch whose payouts are all completed or failed. Raises IllegalTransition while one is not."""
    with transaction.atomic():
        batch = _locked(reference)
        if batch.status == BatchStatus.CLOSED:
            return batch
        check_step(BATCH_STEPS, batch.status, BatchStatus.CLOSED, f"Batch {reference}")
        waiting = [payout.producer_code for payout in lock_payouts(batch) if payout.status not in FINAL_PAYOUTS]
        if waiting:
            raise IllegalTransition(
                f"Batch {reference} has payouts that are not final.", field="status", params={"producers": waiting}
            )
        batch.status = BatchStatus.CLOSED
        batch.save(update_fields=["status"])
    return batch


def _locked(reference: str) -> PayoutBatch:
    batch = lock_batch(reference).first()
    if batch is None:
        raise NotFound(f"There is no batch {reference}.", field="reference")
    return batch


def _locked_payout(reference: str, producer_code: str) -> tuple[PayoutBatch, Payout]:
    batch = _locked(reference)
    for payout in lock_payouts(batch):
        if payout.producer_code == producer_code:
            return batch, payout
    raise NotFound(f"Batch {reference} pays no producer {producer_code}.", field="producer_code")


def _move(payouts: Sequence[Payout], to: PayoutStatus, by: str, reason: str, at: datetime.datetime) -> None:
    before = {payout.status for payout in payouts}
    for payout in payouts:
        check_step(PAYOUT_STEPS, payout.status, to, f"The payout to {payout.producer_code}")
    for status in before:
        _note([payout for payout in payouts if payout.status == status], status, to, by, reason, at)
    for payout in payouts:
        payout.status = to
    Payout.objects.bulk_update(payouts, ["status", "payment_reference"])


def _note(
    payouts: Sequence[Payout], status: str, to: PayoutStatus, by: str, reason: str, at: datetime.datetime
) -> None:
    PayoutEvent.objects.bulk_create(
        [
            PayoutEvent(payout=payout, from_status=status, to_status=to, actor=by, reason=reason, at=at)
            for payout in payouts
        ]
    )


def _entry(
    payout: Payout, batch: PayoutBatch, kind: EntryKind, giver: str, receiver: str, at: datetime.datetime
) -> EntryDraft:
    """The producer's `giver` account hands the amount on to its `receiver`, or out of the house to the bank.

    What is owed stands negative: handing a debt on makes the giver rise and the receiver fall by the amount.
    """
    producer = f"producer:{payout.producer_code}"
    to = f"{producer}:{receiver}" if receiver else accounts.PSP_CLEARING
    return EntryDraft(
        reference=f"{kind.value}:{batch.reference}:{payout.producer_code}",
        kind=kind,
        posted_at=at,
        reason=payout.payment_reference,
        postings=(
            PostingDraft(f"{producer}:{giver}", payout.currency, payout.amount_minor, step=kind.value),
            PostingDraft(to, payout.currency, -payout.amount_minor, step=kind.value),
        ),
    )
