"""Holding an order in Saleor, and letting it go on.

A held order is UNCONFIRMED: the stock dashboard then offers to edit, cancel or confirm it, and not to fulfil it.
Saleor itself moves such an order on when money comes for it (in channels that confirm by themselves; 3.22, 3.23), so
an open hold is looked at again after whatever happens to its order.
"""

import datetime
import logging
from collections.abc import Collection, Sequence

from django.conf import settings
from django.db import transaction
from saleor.order import FulfillmentStatus, OrderEvents, OrderStatus
from saleor.order.actions import call_order_event, order_confirmed
from saleor.order.events import order_note_added_event
from saleor.order.lock_objects import order_qs_select_for_update
from saleor.order.models import Order, OrderEvent
from saleor.order.utils import update_order_status
from saleor.plugins.manager import get_plugins_manager
from saleor.webhook.event_types import WebhookEventAsyncType

from ovop_certification.locks import lock_open_hold
from ovop_certification.models import HoldCause, OrderHold
from ovop_certification.services import order_hold_begin, order_hold_end, set_shop_orders
from ovop_certification.texts import hold_message, release_message
from ovop_shared.languages import page_language

logger = logging.getLogger(__name__)

HOLD_KEY = "ovop.hold"
ENDED = (OrderStatus.CANCELED, OrderStatus.EXPIRED)
NOT_HOLDABLE = (OrderStatus.DRAFT, *ENDED)
PLACED = (
    OrderEvents.PLACED,
    OrderEvents.PLACED_FROM_DRAFT,
    OrderEvents.PLACED_AUTOMATICALLY_FROM_PAID_CHECKOUT,
)
# Saleor confirms within moments of making the order, in channels that are set so; a person has to see it first.
CONFIRMED_BY_SALEOR = datetime.timedelta(seconds=5)


def locked_order(order_pk: object) -> Order | None:
    """Saleor's order under Saleor's own lock, as it is now."""
    order: Order | None = order_qs_select_for_update().filter(pk=order_pk).first()
    return order


def hold(order: Order, *, market: str, cause: HoldCause, refusals: Sequence[str], at: datetime.datetime) -> bool:
    """Hold a locked order; False when it is too late for that. `refusals` are the sentences for its history."""
    if order.status in NOT_HOLDABLE or _is_fulfilled(order) or lock_open_hold(str(order.pk)):
        return False
    order_hold_begin(str(order.pk), market=market, cause=cause, status_before=order.status, at=at)
    order.status = OrderStatus.UNCONFIRMED
    order.store_value_in_private_metadata({HOLD_KEY: str(cause)})
    order.save(update_fields=["status", "private_metadata", "updated_at"])
    _note(order, hold_message(cause, refusals, page_language(settings.LANGUAGE_CODE)))
    _tell(order, WebhookEventAsyncType.ORDER_UPDATED)
    return True


def review_holds(order_pks: Collection[str], at: datetime.datetime) -> None:
    """Bring the open holds of these orders to what became of the orders since. One query when there are none."""
    for order_id in OrderHold.objects.filter(order_id__in=order_pks, released_at=None).values_list(
        "order_id", flat=True
    ):
        with transaction.atomic():
            order = locked_order(order_id)
            found = lock_open_hold(order_id)
            if order is not None and found is not None:
                _review(order, found, at)


def _review(order: Order, found: OrderHold, at: datetime.datetime) -> None:
    if order.status in ENDED:
        _end(order, found, actor="Saleor", reason=order.status, at=at)
        return
    confirmed = _confirmation(order, found)
    if confirmed is not None:
        _end(order, found, actor=_name(confirmed), reason="orderConfirm", at=confirmed.date)
    elif _is_fulfilled(order):
        _end(order, found, actor="Saleor", reason=order.status, at=at)
    elif order.status != OrderStatus.UNCONFIRMED:
        # Saleor moved it on because money came. What it made of it is what the release gives back.
        found.status_before = order.status
        found.save(update_fields=["status_before"])
        order.status = OrderStatus.UNCONFIRMED
        order.save(update_fields=["status", "updated_at"])
        _tell(order, WebhookEventAsyncType.ORDER_UPDATED)


def _end(order: Order, found: OrderHold, *, actor: str, reason: str, at: datetime.datetime) -> None:
    """The hold is over without our doing: only our own mark goes."""
    order_hold_end(found, actor=actor, reason=reason, at=at)
    if HOLD_KEY in order.private_metadata:
        order.delete_value_from_private_metadata(HOLD_KEY)
        order.save(update_fields=["private_metadata", "updated_at"])


def _confirmation(order: Order, found: OrderHold) -> OrderEvent | None:
    """The confirmation by a person or an app since the order is held. Saleor's own, as part of making the order in a
    channel that confirms by itself, is none."""
    confirmations = list(order.events.filter(type=OrderEvents.CONFIRMED).select_related("user", "app").order_by("pk"))
    placed = order.events.filter(type__in=PLACED).order_by("pk").last()
    if (
        confirmations
        and placed is not None
        and order.channel.automatically_confirm_all_new_orders
        and confirmations[0].date - placed.date < CONFIRMED_BY_SALEOR
    ):
        del confirmations[0]
    return next((each for each in confirmations if each.date >= found.held_at), None)


def _name(event: OrderEvent) -> str:
    if event.user is not None:
        return str(event.user.email)
    return str(event.app.name) if event.app is not None else "Saleor"


def _is_fulfilled(order: Order) -> bool:
    return bool(order.fulfillments.exclude(status=FulfillmentStatus.CANCELED).exists())


def _note(order: Order, message: str) -> None:
    order_note_added_event(order=order, user=None, app=None, message=message)


def _tell(order: Order, *events: str) -> None:
    """After commit, outside our locks: Saleor may ask its tax and shipping apps before it tells of the event."""

    def send() -> None:
        manager = get_plugins_manager(allow_replica=False)
        for event in events:
            call_order_event(manager, event, order)

    transaction.on_commit(send, robust=True)


class SaleorOrders:
    """What a release does to Saleor's order."""

    def lock(self, order_id: str) -> None:
        locked_order(order_id)

    def release(self, order_id: str, status_before: str, *, actor: str, reason: str) -> None:
        """As Saleor's own orderConfirm, for an order that had been confirmed: its status, the event in its history,
        its hooks, mails and webhooks. No money is moved: what was authorised, staff capture. An order that waits for
        staff to confirm it goes on waiting."""
        order = locked_order(order_id)
        if order is None or order.status in ENDED:
            return
        if HOLD_KEY in order.private_metadata:
            order.delete_value_from_private_metadata(HOLD_KEY)
        order.save(update_fields=["private_metadata", "updated_at"])
        _note(order, release_message(actor, reason, page_language(settings.LANGUAGE_CODE)))
        if status_before != OrderStatus.UNCONFIRMED and order.status == OrderStatus.UNCONFIRMED:
            update_order_status(order)
            transaction.on_commit(lambda: _confirm(order), robust=True)
        _tell(order, WebhookEventAsyncType.ORDER_UPDATED)


def _confirm(order: Order) -> None:
    order_confirmed(order, None, None, get_plugins_manager(allow_replica=False), send_confirmation_email=True)


set_shop_orders(SaleorOrders())
