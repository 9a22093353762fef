"""Every row lock of the payouts, in one place and always in the order of the primary key.

All of them need a surrounding transaction and are held until it ends.
"""

from collections.abc import Collection

from django.db.models import QuerySet

from ovop_producer_payouts.models import Account, Payout, PayoutBatch, SettledOrder, StatementCounter


def lock_orders(order_ids: Collection[str]) -> QuerySet[SettledOrder]:
    return SettledOrder.objects.filter(order_id__in=order_ids).order_by("pk").select_for_update()


def lock_accounts(paths: Collection[str], currency: str) -> QuerySet[Account]:
    return Account.objects.filter(path__in=paths, currency=currency).order_by("pk").select_for_update()


def lock_batch(reference: str) -> QuerySet[PayoutBatch]:
    return PayoutBatch.objects.filter(reference=reference).order_by("pk").select_for_update()


def lock_payouts(batch: PayoutBatch) -> QuerySet[Payout]:
    return Payout.objects.filter(batch=batch).order_by("pk").select_for_update()


def lock_statement_counter() -> StatementCounter:
    """The counter's row, made when the first statement is issued."""
    StatementCounter.objects.bulk_create([StatementCounter(pk=1)], ignore_conflicts=True)
    return StatementCounter.objects.select_for_update().get(pk=1)
