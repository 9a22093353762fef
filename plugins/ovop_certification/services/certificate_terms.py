"""What a certificate says besides who holds it: its days, markets, scope, areas, surveillance and register address."""

import datetime
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.core.validators import URLValidator

from ovop_certification.errors import (
    AreaRequired,
    InvalidAddress,
    InvalidCertificate,
    InvalidDates,
    InvalidText,
    UnknownHolder,
    UnknownMarket,
    UnknownPlaceOfArea,
)
from ovop_certification.models import (
    Certificate,
    CertificateArea,
    CertificateProduct,
    CertificateProductType,
    HolderKind,
    Market,
    SchemeKind,
)
from ovop_origin.selectors import lot, places, producers
from ovop_shared.catalogue import UnknownProduct, host_catalogue
from ovop_shared.plain_text import is_plain

MAX_NAMED = 2_000
MAX_ADDRESS_CHARACTERS = 500
_SLUG_CHARACTERS = 255
_MAX_PK = 2**63
_is_web_address = URLValidator(schemes=["http", "https"])


@dataclass(frozen=True, slots=True)
class CertificateTerms:
    """`products` are keys of the shop, `product_types` slugs, `markets` codes and `areas` codes of places. Empty is all;
    days are included."""

    valid_from_on: datetime.date
    valid_until_on: datetime.date | None = None
    markets: frozenset[str] = frozenset()
    products: frozenset[int] = frozenset()
    product_types: frozenset[str] = frozenset()
    areas: frozenset[str] = frozenset()
    register_url: str = ""
    surveillance_last_on: datetime.date | None = None
    surveillance_next_on: datetime.date | None = None


# What may still change when a certificate counts.
OPEN_TERMS = frozenset({"register_url", "surveillance_last_on", "surveillance_next_on"})


def terms_of(certificate: Certificate) -> CertificateTerms:
    """As it is stored. Four queries."""
    return CertificateTerms(
        valid_from_on=certificate.valid_from_on,
        valid_until_on=certificate.valid_until_on,
        markets=frozenset(certificate.markets.values_list("code", flat=True)),
        products=frozenset(certificate.products.values_list("product_pk", flat=True)),
        product_types=frozenset(certificate.product_types.values_list("product_type", flat=True)),
        areas=frozenset(certificate.areas.values_list("place", flat=True)),
        register_url=certificate.register_url,
        surveillance_last_on=certificate.surveillance_last_on,
        surveillance_next_on=certificate.surveillance_next_on,
    )


def terms_check(terms: CertificateTerms, scheme_kind: str) -> None:
    """Whether the terms make sense and everything they name exists.

    Raises InvalidDates, InvalidAddress, InvalidText, InvalidCertificate, AreaRequired, UnknownMarket, UnknownProduct,
    UnknownPlaceOfArea. At most four queries.
    """
    _check_days(terms)
    address_check(terms.register_url)
    for name in ("markets", "products", "product_types", "areas"):
        if len(getattr(terms, name)) > MAX_NAMED:
            raise InvalidCertificate(f"At most {MAX_NAMED} can be named.", field=name, params={"limit": MAX_NAMED})
    for name in ("markets", "product_types", "areas"):
        for text in getattr(terms, name):
            text_check(text, name, _SLUG_CHARACTERS)
    if scheme_kind == SchemeKind.GEOGRAPHICAL and not terms.areas:
        raise AreaRequired("A geographical indication names at least one area.", field="areas")
    unknown = _missing(terms.markets, Market.objects.filter(code__in=terms.markets).values_list("code", flat=True))
    if unknown:
        raise UnknownMarket(f"There is no market {unknown!r}.", field="markets", params={"market": unknown})
    _check_products(terms.products)
    if terms.areas and (unknown := _missing(terms.areas, places(terms.areas))):
        raise UnknownPlaceOfArea(f"There is no place {unknown!r}.", field="areas", params={"place": unknown})


def holder_check(kind: str, ref: str) -> None:
    """Whether there is such a holder. Raises UnknownHolder, InvalidText."""
    text_check(ref, "holder_ref", 120)
    if kind in (HolderKind.PRODUCER, HolderKind.GROUP):
        found = producers([ref]).get(ref)
        is_known = found is not None and (kind == HolderKind.PRODUCER or found.kind == "group")
    else:
        product, _, code = ref.partition("/")
        is_number = (
            product.isascii() and product.isdecimal() and product == str(int(product)) and int(product) < _MAX_PK
        )
        is_known = is_number and bool(host_catalogue().by_pk([int(product)]))
        if kind == HolderKind.LOT:
            is_known = is_known and bool(code) and lot(int(product), code) is not None
        elif code or "/" in ref:
            is_known = False
    if not is_known:
        raise UnknownHolder(f"There is no {kind} {ref!r}.", field="holder_ref", params={"kind": kind, "holder": ref})


def address_check(address: str) -> None:
    """An address that a page may link to. Raises InvalidAddress."""
    if not address:
        return
    try:
        if len(address) > MAX_ADDRESS_CHARACTERS or not is_plain(address):
            raise ValidationError("too long")
        _is_web_address(address)
    except ValidationError:
        raise InvalidAddress("Write a whole web address, with https.", field="register_url") from None


def text_check(text: str, field: str, characters: int) -> None:
    """Raises InvalidText."""
    if len(text) > characters or not is_plain(text):
        raise InvalidText(f"This is no text of at most {characters} characters.", field=field)


def terms_write(certificate: Certificate, terms: CertificateTerms) -> None:
    """Store checked terms; the certificate is locked."""
    for name in ("valid_from_on", "valid_until_on", *sorted(OPEN_TERMS)):
        setattr(certificate, name, getattr(terms, name))
    certificate.save()
    certificate.markets.set(Market.objects.filter(code__in=terms.markets))
    certificate.products.exclude(product_pk__in=terms.products).delete()
    CertificateProduct.objects.bulk_create(
        [CertificateProduct(certificate=certificate, product_pk=pk) for pk in sorted(terms.products)],
        ignore_conflicts=True,
    )
    certificate.product_types.exclude(product_type__in=terms.product_types).delete()
    CertificateProductType.objects.bulk_create(
        [CertificateProductType(certificate=certificate, product_type=slug) for slug in sorted(terms.product_types)],
        ignore_conflicts=True,
    )
    certificate.areas.exclude(place__in=terms.areas).delete()
    CertificateArea.objects.bulk_create(
        [CertificateArea(certificate=certificate, place=code) for code in sorted(terms.areas)], ignore_conflicts=True
    )


def _check_days(terms: CertificateTerms) -> None:
    if terms.valid_until_on is not None and terms.valid_until_on < terms.valid_from_on:
        raise InvalidDates("The last day is before the first.", field="valid_until_on")
    last, following = terms.surveillance_last_on, terms.surveillance_next_on
    if last is not None and following is not None and following <= last:
        raise InvalidDates("The next surveillance lies after the last one.", field="surveillance_next_on")


def _check_products(pks: Collection[int]) -> None:
    known = host_catalogue().by_pk([pk for pk in pks if 0 < pk < _MAX_PK]) if pks else {}
    unknown = next((pk for pk in sorted(pks) if pk not in known), None)
    if unknown is not None:
        raise UnknownProduct(f"The shop has no product {unknown}.", field="products", params={"product": unknown})


def _missing(wanted: Collection[str], known: Iterable[str]) -> str | None:
    return next(iter(sorted(set(wanted) - set(known))), None)
