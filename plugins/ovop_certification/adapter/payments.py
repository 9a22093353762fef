"""When the money of a checkout or an order came, and how much there is: transactions, and Saleor's old payments."""

import datetime
from collections import defaultdict
from collections.abc import Collection
from decimal import Decimal
from typing import Any

from django.db.models import F, Min
from saleor.payment import TransactionEventType, TransactionKind
from saleor.payment.models import Payment, Transaction, TransactionEvent, TransactionItem

_CAME = (TransactionEventType.AUTHORIZATION_SUCCESS, TransactionEventType.CHARGE_SUCCESS)
_CAME_OLD = (TransactionKind.AUTH, TransactionKind.CAPTURE)


def first_paid_at(field: str, pks: Collection[Any]) -> dict[Any, datetime.datetime]:
    """Key -> when the first money came that is still there, charged or authorised; keys without any are left out.

    `field` is "checkout" or "order". What went back in full does not count, nor does what a provider only asked for.
    Two queries.
    """
    moments: dict[Any, list[datetime.datetime]] = defaultdict(list)
    standing = TransactionItem.objects.annotate(
        held=F("charged_value") + F("authorized_value") + F("charge_pending_value") + F("authorize_pending_value")
    ).filter(**{f"{field}__in": list(pks)}, held__gt=0)
    events = TransactionEvent.objects.filter(transaction__in=standing, type__in=_CAME)
    for pk, moment in events.values_list(f"transaction__{field}").annotate(Min("created_at")):
        moments[pk].append(moment)
    old = Transaction.objects.filter(
        **{f"payment__{field}__in": list(pks)}, payment__is_active=True, kind__in=_CAME_OLD, is_success=True
    )
    for pk, moment in old.values_list(f"payment__{field}").annotate(Min("created_at")):
        moments[pk].append(moment)
    return {pk: min(each) for pk, each in moments.items()}


def money_of_checkouts(pks: Collection[Any]) -> dict[Any, Decimal]:
    """Checkout pk -> what is charged or authorised for it now, in its currency; nothing is left out as zero. Two
    queries."""
    held: dict[Any, Decimal] = defaultdict(Decimal)
    for item in TransactionItem.objects.filter(checkout__in=list(pks)):
        held[item.checkout_id] += (
            item.charged_value + item.authorized_value + item.charge_pending_value + item.authorize_pending_value
        )
    for payment in Payment.objects.filter(checkout__in=list(pks), is_active=True).prefetch_related("transactions"):
        if payment.captured_amount:
            held[payment.checkout_id] += payment.captured_amount
        elif payment.is_authorized:
            held[payment.checkout_id] += payment.total
    return {pk: amount for pk, amount in held.items() if amount > 0}
