"""Money never without an order: checkouts that were paid for while everything in them could be sold, and money that
came for a cart which never could.

A certificate may lapse between the payment and the order. The cart counts as it was when the first money came that is
still there (or when the line was added, if that was later). When all of it could be sold then and the money covers all
of it, the order is made: by the veto's leave when somebody completes the checkout, and by us where our own closing
makes Saleor refuse it before it asks anybody. The audit then flags it, and holds or honours it as the market says.
All other money is listed for staff until it became an order or went back.
"""

import datetime
import logging
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from saleor.checkout import CheckoutAuthorizeStatus
from saleor.checkout.complete_checkout import complete_checkout
from saleor.checkout.fetch import CheckoutInfo, CheckoutLineInfo, fetch_checkout_info, fetch_checkout_lines
from saleor.checkout.lock_objects import checkout_qs_select_for_update
from saleor.checkout.models import Checkout, CheckoutLine
from saleor.order.models import Order
from saleor.payment.models import Payment
from saleor.plugins.manager import get_plugins_manager

from ovop_certification import selectors
from ovop_certification.adapter.listings import listings_open_for
from ovop_certification.adapter.payments import first_paid_at, money_of_checkouts
from ovop_certification.models import Closure, StrandedPayment
from ovop_certification.rules import Reason, Rulebook, is_allowed
from ovop_certification.services import StrandedCart, payments_settle, payments_strand
from ovop_shared.catalogue import host_catalogue
from ovop_shared.money import to_minor
from ovop_shared.records import ProductRecord
from ovop_shared.shop_time import shop_zone

logger = logging.getLogger(__name__)

BATCH_CHECKOUTS = 200
WITH_MONEY = (CheckoutAuthorizeStatus.PARTIAL, CheckoutAuthorizeStatus.FULL)


def was_paid_in_time(
    checkout_info: CheckoutInfo,
    lines: Sequence[CheckoutLineInfo],
    refused: Collection[int],
    products: Mapping[int, ProductRecord],
    rulebook: Rulebook,
) -> bool:
    """Whether the veto lets a checkout pass with products that are refused now: what covers it came while all of them
    could be sold. Asked only when something is refused."""
    checkout = checkout_info.checkout
    if not _is_covered(checkout):
        return False
    paid_at = first_paid_at("checkout", [checkout.pk]).get(checkout.pk)
    own = [line.line for line in lines if line.product.pk in refused]
    by_line = {line.line.pk: line.product.pk for line in lines}
    return paid_at is not None and _could_be_sold(own, by_line, products, rulebook, paid_at)


def order_before_closing(product_pks: Collection[int], at: datetime.datetime) -> int:
    """Make the orders of covered checkouts with these products that were paid for in time and may not be sold now, while
    their listings are still open; how many were made. One query when there are none."""
    covered = Checkout.objects.filter(
        authorize_status=CheckoutAuthorizeStatus.FULL, lines__variant__product__in=list(product_pks)
    )
    pks = list(covered.order_by("pk").values_list("pk", flat=True).distinct())
    made = 0
    for start in range(0, len(pks), BATCH_CHECKOUTS):
        made += look_at_checkouts(pks[start : start + BATCH_CHECKOUTS], at, is_closing=True)
    return made


def look_at_checkouts(pks: Collection[Any], at: datetime.datetime, *, is_closing: bool = False) -> int:
    """Make the orders that are due of these checkouts, and list the money that has no way to an order; how many orders
    were made. A number of queries that depends on the channels, the destinations and the orders made only.

    A checkout that the veto lets pass is left to whoever completes it, unless its listings are shut, or `is_closing`
    says that they are about to be.
    """
    made = 0
    checkouts = Checkout.objects.filter(pk__in=list(pks)).select_related(
        "channel", "shipping_address", "collection_point__address"
    )
    by_pk = {checkout.pk: checkout for checkout in checkouts}
    money = money_of_checkouts(by_pk)
    by_pk = {pk: checkout for pk, checkout in by_pk.items() if pk in money}
    if not by_pk:
        return 0
    lines: dict[Any, list[CheckoutLine]] = {pk: [] for pk in by_pk}
    for line in CheckoutLine.objects.filter(checkout__in=by_pk).select_related("variant").order_by("pk"):
        lines[line.checkout_id].append(line)
    products = host_catalogue().by_pk({line.variant.product_id for group in lines.values() for line in group})
    paid = first_paid_at("checkout", by_pk)
    zone = shop_zone()
    stranded = []
    for (channel, country), group in _by_market(by_pk.values()).items():
        rulebook = selectors.rulebook(
            channel, country, {line.variant.product_id for checkout in group for line in lines[checkout.pk]}
        )
        for checkout in group:
            by_line = {line.pk: line.variant.product_id for line in lines[checkout.pk]}
            refused: dict[int, tuple[Reason, ...]] = {}
            for pk in set(by_line.values()) & products.keys():
                reasons = rulebook.reasons(products[pk], at=at, zone=zone)
                if not is_allowed(reasons):
                    refused[pk] = reasons
            if not refused:
                continue
            paid_at = paid.get(checkout.pk)
            own = [line for line in lines[checkout.pk] if by_line[line.pk] in refused]
            if (
                paid_at is not None
                and _is_covered(checkout)
                and _could_be_sold(own, by_line, products, rulebook, paid_at)
            ):
                if not (is_closing or _is_closed_by_us(channel, refused)):
                    continue  # whoever completes it gets the order
                if _complete(checkout.pk, set(by_line.values())):
                    made += 1
                    continue
            stranded.append(
                StrandedCart(
                    checkout=str(checkout.pk),
                    channel=channel,
                    market=rulebook.market or "",
                    products=_as_json(refused, products),
                    amount_minor=to_minor(money[checkout.pk], checkout.currency),
                    currency=checkout.currency,
                    paid_at=paid_at or at,
                )
            )
    payments_strand(stranded, at=at)
    return made


def sweep_paid_checkouts(at: datetime.datetime) -> int:
    """Look at every checkout that has money, and at what became of the money listed before; how many orders were
    made."""
    pks = set(Checkout.objects.filter(authorize_status__in=WITH_MONEY).values_list("pk", flat=True))
    old = Payment.objects.filter(checkout__isnull=False, is_active=True, captured_amount__gt=0)
    pks |= set(old.values_list("checkout", flat=True))
    ordered = sorted(pks)
    made = 0
    for start in range(0, len(ordered), BATCH_CHECKOUTS):
        made += look_at_checkouts(ordered[start : start + BATCH_CHECKOUTS], at)
    settle_stranded(at)
    return made


def settle_stranded(at: datetime.datetime) -> None:
    """End what is listed and became an order, or went back. One query when nothing is listed."""
    waiting = list(StrandedPayment.objects.filter(ended_at=None).values_list("checkout", flat=True))
    if not waiting:
        return
    there = {str(pk): pk for pk in Checkout.objects.filter(pk__in=waiting).values_list("pk", flat=True)}
    money = money_of_checkouts(there.values())
    returned = {checkout for checkout, pk in there.items() if pk not in money}
    gone = [checkout for checkout in waiting if checkout not in there]
    orders = Order.objects.filter(checkout_token__in=gone).values_list("checkout_token", "pk")
    payments_settle(ordered={token: str(pk) for token, pk in orders}, returned=returned, at=at)


def _by_market(checkouts: Iterable[Checkout]) -> dict[tuple[str, str | None], list[Checkout]]:
    groups: dict[tuple[str, str | None], list[Checkout]] = {}
    for checkout in checkouts:
        point = checkout.collection_point
        address = point.address if point else checkout.shipping_address
        country = (address.country.code or None) if address else None
        groups.setdefault((checkout.channel.slug, country), []).append(checkout)
    return groups


def _is_covered(checkout: Checkout) -> bool:
    if checkout.authorize_status == CheckoutAuthorizeStatus.FULL:
        return True
    payment = checkout.get_last_active_payment()
    return bool(payment and (payment.is_authorized or payment.captured_amount) and payment.total >= _total(checkout))


def _total(checkout: Checkout) -> Any:
    return checkout.total.gross.amount


def _could_be_sold(
    lines: Iterable[CheckoutLine],
    by_line: Mapping[Any, int],
    products: Mapping[int, ProductRecord],
    rulebook: Rulebook,
    paid_at: datetime.datetime,
) -> bool:
    zone = shop_zone()
    return all(
        is_allowed(rulebook.reasons(products[by_line[line.pk]], at=max(paid_at, line.created_at), zone=zone))
        for line in lines
    )


def _is_closed_by_us(channel: str, product_pks: Collection[int]) -> bool:
    return Closure.objects.filter(channel=channel, product_pk__in=list(product_pks), ended_at=None).exists()


def _complete(pk: Any, product_pks: Collection[int]) -> bool:
    """Make the order of a covered checkout, with our closures open for this transaction alone; False when Saleor
    refuses for a reason of its own, and then everything is as it was. Never takes money: with an active payment of the
    old kind, whose completion would, it is left alone."""
    try:
        with transaction.atomic():
            checkout = checkout_qs_select_for_update().filter(pk=pk).first()
            if checkout is None:
                return True  # somebody else was faster
            if checkout.get_last_active_payment() is not None or not checkout.get_customer_email():
                return False
            manager = get_plugins_manager(allow_replica=False)
            with listings_open_for(product_pks, checkout.channel.slug):
                lines, unavailable = fetch_checkout_lines(checkout)
                if unavailable or not lines:
                    return False
                complete_checkout(
                    manager=manager,
                    checkout_info=fetch_checkout_info(checkout, lines, manager),
                    lines=lines,
                    payment_data={},
                    store_source=False,
                    user=None,
                    app=None,
                    is_automatic_completion=True,
                )
    except ValidationError as refusal:
        logger.warning("the paid checkout %s could not be completed: %s", pk, refusal)
        return False
    logger.info("the paid checkout %s was completed, since its product was closed after the payment", pk)
    return True


def _as_json(refused: Mapping[int, Iterable[Reason]], products: Mapping[int, ProductRecord]) -> list[dict[str, object]]:
    return [
        {
            "product_pk": pk,
            "name": products[pk].name,
            "reasons": [
                {"code": reason.code, "scheme": reason.scheme, "certificate": reason.certificate_number}
                for reason in reasons
                if reason.effect == "block"
            ],
        }
        for pk, reasons in sorted(refused.items())
    ]
