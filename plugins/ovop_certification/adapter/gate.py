"""The veto: no order with a product that its market does not allow. Saleor asks just before it makes one.

Saleor 3.22 and 3.23 call `preprocess_order_creation` in checkoutComplete, in orderCreateFromCheckout and in the
automatic completion of paid checkouts; the other routes have no such hook and are audited afterwards (audit.py).

When the check itself fails (a bug, a table that is missing), nothing is sold: a claim that cannot be checked is not
made. The shopper is told so without a word about the product, the cause is logged, and what was paid stays with the
checkout: an order is made as soon as the same checkout is completed again, by the shopper or by Saleor's automatic
completion. In Saleor's old payment flow Saleor itself gives the money back, as for every refusal. Never is an order
made unchecked, and never is money taken by this code.
"""

import datetime
import logging
from collections.abc import Iterable, Mapping, Sequence

import graphene
from django.core.exceptions import ValidationError
from django.db import DatabaseError, connection, transaction
from saleor.checkout.fetch import CheckoutInfo, CheckoutLineInfo
from saleor.discount.utils.voucher import get_customer_email_for_voucher_usage, release_voucher_code_usage

from ovop_certification.adapter.gate_facts import rulebook_and_products
from ovop_certification.adapter.paid_checkouts import was_paid_in_time
from ovop_certification.rules import Reason, Rulebook, is_allowed
from ovop_certification.services import refusals_record
from ovop_certification.texts import refusal_message, undecided_message
from ovop_shared.catalogue import host_catalogue
from ovop_shared.languages import page_language
from ovop_shared.records import ProductRecord, product_name
from ovop_shared.shop_time import shop_zone

logger = logging.getLogger(__name__)

# Of Saleor's own codes, which alone its API can show, the one that exists in both mutations and fits.
REFUSAL_CODE = "unavailable_variant_in_channel"


def refuse_uncertified(checkout_info: CheckoutInfo, lines: Sequence[CheckoutLineInfo], at: datetime.datetime) -> None:
    """Raises ValidationError, with one error per product that may not be sold or could not be checked.

    One query when everything may be sold. What was paid for in full while everything in it could be sold passes
    (paid_checkouts.py), and is flagged by the audit.
    """
    try:
        rulebook, refused, products = _judge(checkout_info, lines, at)
        if refused and was_paid_in_time(checkout_info, lines, refused, products, rulebook):
            return
    except DatabaseError:
        if connection.in_atomic_block:
            raise  # Saleor's transaction is broken as well: it rolls back, and everything is as it was
        logger.exception("the certificates of checkout %s could not be read", checkout_info.checkout.pk)
        raise _undecided(checkout_info, lines) from None
    except Exception:
        logger.exception("the certificates of checkout %s could not be checked", checkout_info.checkout.pk)
        raise _undecided(checkout_info, lines) from None
    if not refused:
        return
    _release_voucher(checkout_info)
    _record(checkout_info, rulebook, refused, at)
    raise _refusal(checkout_info, lines, rulebook, refused)


def destination_country(checkout_info: CheckoutInfo) -> str | None:
    """Where the goods go: the collection point's country, else the shipping address's; None when neither is known.

    Never the billing address: a visitor who collects a jar in the village pays from anywhere.
    """
    point = checkout_info.collection_point
    address = point.address if point else checkout_info.shipping_address
    return (address.country.code or None) if address else None


def _judge(
    checkout_info: CheckoutInfo, lines: Sequence[CheckoutLineInfo], at: datetime.datetime
) -> tuple[Rulebook, dict[int, tuple[Reason, ...]], dict[int, ProductRecord]]:
    rulebook, products = rulebook_and_products(checkout_info.channel.slug, destination_country(checkout_info), lines)
    zone = shop_zone()
    reasons = {product.pk: rulebook.reasons(product, at=at, zone=zone) for product in products}
    refused = {pk: each for pk, each in reasons.items() if not is_allowed(each)}
    return rulebook, refused, {product.pk: product for product in products}


def _release_voucher(checkout_info: CheckoutInfo) -> None:
    """Give back the use of a voucher that Saleor's old payment flow has already counted (3.22, 3.23).

    It does so itself for a tax error only; a refusal would otherwise burn a voucher of limited use.
    """
    checkout = checkout_info.checkout
    if not checkout.is_voucher_usage_increased or not checkout_info.voucher_code:
        return
    with transaction.atomic():
        release_voucher_code_usage(
            checkout_info.voucher_code, checkout_info.voucher, get_customer_email_for_voucher_usage(checkout_info)
        )
        checkout.is_voucher_usage_increased = False
        checkout.save(update_fields=["is_voucher_usage_increased"])


def _record(
    checkout_info: CheckoutInfo, rulebook: Rulebook, refused: Mapping[int, Iterable[Reason]], at: datetime.datetime
) -> None:
    """Saleor commits in spite of the refusal (its old flow) or has no transaction open (all others), so the record
    stays. It must never stand in the refusal's way."""
    try:
        with transaction.atomic():
            refusals_record(
                refused,
                checkout=str(checkout_info.checkout.pk),
                channel=checkout_info.channel.slug,
                market=rulebook.market or "",
                at=at,
            )
    except Exception:
        logger.exception("the refusal of checkout %s could not be recorded", checkout_info.checkout.pk)


def _refusal(
    checkout_info: CheckoutInfo,
    lines: Sequence[CheckoutLineInfo],
    rulebook: Rulebook,
    refused: Mapping[int, tuple[Reason, ...]],
) -> ValidationError:
    language = page_language(checkout_info.checkout.language_code)
    try:
        with transaction.atomic():
            known = host_catalogue().by_pk(list(refused))
        messages = {
            pk: refusal_message(product_name(known[pk], language), reasons, rulebook, language)
            for pk, reasons in refused.items()
        }
    except Exception:
        logger.exception("the refusal of checkout %s could not be worded", checkout_info.checkout.pk)
        names = {line.product.pk: line.product.name for line in lines}
        messages = {pk: undecided_message(names[pk], language) for pk in refused}
    return _validation_error(lines, messages)


def _undecided(checkout_info: CheckoutInfo, lines: Sequence[CheckoutLineInfo]) -> ValidationError:
    language = page_language(checkout_info.checkout.language_code)
    return _validation_error(lines, {line.product.pk: undecided_message(line.product.name, language) for line in lines})


def _validation_error(lines: Sequence[CheckoutLineInfo], messages: Mapping[int, str]) -> ValidationError:
    """One error per product, each with its variants and lines as the ids of Saleor's API."""
    errors = []
    for pk, message in messages.items():
        own = [line for line in lines if line.product.pk == pk]
        params = {
            "variants": [graphene.Node.to_global_id("ProductVariant", line.variant.pk) for line in own],
            "lines": [graphene.Node.to_global_id("CheckoutLine", line.line.pk) for line in own],
        }
        # Django fills params into the message by `%`, so a per cent sign has to be doubled.
        errors.append(ValidationError(message.replace("%", "%%"), code=REFUSAL_CODE, params=params))
    return ValidationError({"lines": errors})
