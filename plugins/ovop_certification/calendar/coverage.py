"""Which products hang on a certificate, whose it is, and who is told that it ends."""

import datetime
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from ovop_certification.calendar.endings import Ending
from ovop_certification.models import HolderKind
from ovop_certification.switches import switches
from ovop_origin.selectors import (
    best_name,
    makers_of,
    members_of,
    places_of_products,
    producers,
    producers_private,
    products_of_producers,
)
from ovop_shared.catalogue import host_catalogue
from ovop_shared.languages import page_language
from ovop_shared.mail import host_mailer
from ovop_shared.records import ProductRecord, product_name

HAS_LEFT = "left"
MAX_ADDRESS = 254


@dataclass(frozen=True, slots=True)
class Recipient:
    """`language` is a page language. Staff get their own copy, whoever made the goods."""

    address: str
    language: str
    is_staff: bool


@dataclass(frozen=True, slots=True)
class Holder:
    """Whose a certificate is: names by language for one that has names, else the code or number itself."""

    names: Mapping[str, str]
    text: str
    lot: str = ""

    def name(self, language: str) -> str:
        name = best_name(self.names, language) or self.text
        return f"{name} · {self.lot}" if self.lot else name


def covered_products(certificates: Collection[Ending], on: datetime.date) -> dict[int, tuple[ProductRecord, ...]]:
    """Certificate -> the shop's products that it holds for on that day, by slug. At most four queries and the
    catalogue's."""
    groups = {each.holder_ref for each in certificates if each.holder_kind is HolderKind.GROUP}
    members: dict[str, set[str]] = {code: {code} for code in groups}
    for code, memberships in members_of(groups).items() if groups else ():
        for membership in memberships:
            if (membership.since is None or membership.since <= on) and (
                membership.until is None or on <= membership.until
            ):
                members[code].add(membership.member_code)
    codes = {each.holder_ref for each in certificates if each.holder_kind is HolderKind.PRODUCER}
    codes |= {code for of_group in members.values() for code in of_group}
    made = products_of_producers(codes) if codes else {}
    pks: dict[int, set[int]] = {}
    for each in certificates:
        own = held_product(each)
        if own is not None:
            pks[each.id] = {own}
        elif each.products:
            pks[each.id] = set(each.products)
        else:
            holders = members.get(each.holder_ref, {each.holder_ref})
            pks[each.id] = {pk for code in holders for pk in made.get(code, ())}
    known = host_catalogue().by_pk({pk for each in pks.values() for pk in each})
    within = {pk for each in certificates if each.areas for pk in pks[each.id]}
    places = places_of_products(within) if within else {}
    found = {}
    for each in certificates:
        records = (known[pk] for pk in pks[each.id] if pk in known)
        narrowed = (record for record in records if _holds_for(each, record, places.get(record.pk, frozenset())))
        found[each.id] = tuple(sorted(narrowed, key=lambda record: record.slug))
    return found


def holders(certificates: Collection[Ending], products: Mapping[int, ProductRecord]) -> dict[int, Holder]:
    """Certificate -> whose it is. `products` are those that certificates belong to. At most three queries."""
    by_code = producers({each.holder_ref for each in certificates if held_product(each) is None})
    found = {}
    for each in certificates:
        own = held_product(each)
        if own is None:
            facts = by_code.get(each.holder_ref)
            found[each.id] = Holder(facts.names if facts else {}, each.holder_ref)
            continue
        lot = each.holder_ref.partition("/")[2]
        record = products.get(own)
        names = {**record.names, "en": product_name(record, "en")} if record else {}
        found[each.id] = Holder(names, record.name if record else f"#{own}", lot)
    return found


def held_product(certificate: Ending) -> int | None:
    """The product that a certificate of a product or of one of its lots belongs to."""
    if certificate.holder_kind not in (HolderKind.PRODUCT, HolderKind.LOT):
        return None
    return int(certificate.holder_ref.partition("/")[0])


def recipients(certificates: Collection[Ending]) -> dict[int, tuple[Recipient, ...]]:
    """Certificate -> who is told of it, each address once: the producer or group that holds it, of a product or lot
    its makers, each in its own language; then staff in the shop's. Five queries and the mailer's.

    A producer that has left is not written to. What is no mail address is left out.
    """
    own = {each.id: held_product(each) for each in certificates}
    makers = makers_of({pk for pk in own.values() if pk is not None})
    codes: dict[int, Iterable[str]] = {}
    for each in certificates:
        pk = own[each.id]
        codes[each.id] = sorted(makers.get(pk, ())) if pk is not None else [each.holder_ref]
    wanted = {code for each in codes.values() for code in each}
    facts = {code: each for code, each in producers(wanted).items() if each.status != HAS_LEFT}
    private = producers_private(facts)
    without = {each.saleor_user_id for code, each in facts.items() if not private[code].email and each.saleor_user_id}
    users = host_mailer().addresses_of_users(without) if without else {}
    shop_language = page_language(settings.LANGUAGE_CODE)
    staff = [Recipient(each, shop_language, is_staff=True) for each in _addresses(switches().staff_mail)]
    found = {}
    for each in certificates:
        told: dict[str, Recipient] = {}
        for code in codes[each.id]:
            if code not in facts:
                continue
            mail = private[code].email or users.get(facts[code].saleor_user_id, "")
            for address in _addresses(mail):
                language = page_language(facts[code].language)
                told.setdefault(address.lower(), Recipient(address, language, is_staff=False))
        for recipient in staff:
            told.setdefault(recipient.address.lower(), recipient)
        found[each.id] = tuple(told.values())
    return found


def _holds_for(certificate: Ending, product: ProductRecord, places: frozenset[str]) -> bool:
    """Whether its scope and its areas include a product of its holder's; `places` are what the product's village lies in."""
    if certificate.areas.isdisjoint(places) and (certificate.areas or certificate.needs_area):
        return False
    if not certificate.products and not certificate.product_types:
        return True
    return product.pk in certificate.products or product.product_type in certificate.product_types


def _addresses(text: str) -> list[str]:
    """The mail addresses in a text that separates them by commas."""
    found = []
    for part in text.split(","):
        address = part.strip()
        try:
            validate_email(address)
        except ValidationError:
            continue
        if len(address) <= MAX_ADDRESS:
            found.append(address)
    return found
