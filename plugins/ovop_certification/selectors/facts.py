"""What is public of certificates, by product and by number; what other plugins may use."""

import datetime
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cache

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef
from django.db.models.functions import JSONObject

from ovop_certification.models import Certificate, HolderKind, Market, MarketCountry, Scheme
from ovop_certification.rules import CertificateRecord, Holdings, Status
from ovop_certification.selectors.certificate_rows import certificate_records, certificates_as_json
from ovop_certification.selectors.rulebooks import ORIGINS, PRODUCT_PKS, certificates_about, holdings_of
from ovop_origin.selectors import origins_as_json
from ovop_shared.catalogue import host_catalogue
from ovop_shared.shop_time import shop_day, shop_zone
from ovop_shared.statements import JsonList, Statement


@dataclass(frozen=True, slots=True)
class CertificateFacts:
    """What is public of a certificate. `valid_until_on` is its last day, None when it has none."""

    scheme_code: str
    number: str
    issuing_body: str
    valid_from_on: datetime.date
    valid_until_on: datetime.date | None
    status: Status


@dataclass(frozen=True, slots=True)
class CertificatePage:
    """A certificate as its verification page tells it. `products` are the shop's keys of those it names or belongs to,
    empty when it covers all that its holder makes; empty `markets` are all."""

    facts: CertificateFacts
    scheme_names: Mapping[str, str]
    products: tuple[int, ...]
    markets: tuple[Mapping[str, str], ...]
    status_since_on: datetime.date


@dataclass(frozen=True, slots=True)
class MarketFacts:
    """A market's names, and the ISO 3166-1 codes of the destination countries whose rules are its own."""

    names: Mapping[str, str]
    countries: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CurrentCertificate:
    """A certificate of a product as a shopper is told of it; empty `markets` are all.

    `body` is the issuing body's code, `stars` a label's grade, `audited_on` the day of its last surveillance.
    """

    facts: CertificateFacts
    scheme_names: Mapping[str, str]
    markets: tuple[MarketFacts, ...]
    body: str = ""
    stars: int | None = None
    audited_on: datetime.date | None = None


def certificates_of_products(
    product_pks: Collection[int], at: datetime.datetime
) -> dict[int, tuple[CertificateFacts, ...]]:
    """What covers each product, whatever its state at that moment, by scheme and number. Products without any are
    left out. Queries as certificates_of_sales."""
    found = certificates_of_sales({(pk, at) for pk in product_pks})
    return {pk: facts for (pk, _), facts in found.items()}


def certificates_of_sales(
    sales: Collection[tuple[int, datetime.datetime]],
) -> dict[tuple[int, datetime.datetime], tuple[CertificateFacts, ...]]:
    """As certificates_of_products, each product at a moment of its own. One query whatever the number of products and
    moments, and the catalogue's when a certificate is for product types."""
    pks = {pk for pk, _ in sales}
    holdings = _holdings(pks)
    types = _types(pks, holdings)
    found: dict[tuple[int, datetime.datetime], tuple[CertificateFacts, ...]] = {}
    for pk, at in sales:
        facts = (_facts(each, at) for each in _covering(holdings, pk, types.get(pk, ""), at))
        known = sorted((each for each in facts if each), key=lambda each: (each.scheme_code, each.number))
        if known:
            found[pk, at] = tuple(known)
    return found


def current_certificates(
    product_pks: Collection[int], at: datetime.datetime
) -> dict[int, tuple[CurrentCertificate, ...]]:
    """What a shopper is told of each product's certificates at that moment, by scheme and number: of each scheme the
    valid ones, or, when none is, the last one that was granted, in its state. Products without any are left out.

    An application is no certificate. Four queries, and the catalogue's when a certificate is for product types.
    """
    pks = set(product_pks)
    holdings = _holdings(pks)
    types = _types(pks, holdings)
    current: dict[int, list[tuple[CertificateFacts, CertificateRecord]]] = {}
    for pk in pks:
        known: dict[str, list[tuple[CertificateFacts, CertificateRecord]]] = {}
        for record in _covering(holdings, pk, types.get(pk, ""), at):
            facts = _facts(record, at)
            if facts is not None and facts.status is not Status.APPLIED:
                known.setdefault(record.scheme, []).append((facts, record))
        if known:
            current[pk] = [each for of_scheme in known.values() for each in _current(of_scheme)]
    told = [record for found in current.values() for _, record in found]
    names = dict(Scheme.objects.filter(code__in={record.scheme for record in told}).values_list("code", "names"))
    countries = MarketCountry.objects.filter(market=OuterRef("pk")).order_by("country").values_list("country")
    markets = {
        code: MarketFacts(market_names, tuple(of_market))
        for code, market_names, of_market in Market.objects.filter(
            code__in={code for record in told for code in record.markets}
        ).values_list("code", "names", ArraySubquery(countries))
    }
    rows = Certificate.objects.filter(pk__in={record.id for record in told}).select_related(
        "issuing_body", "assessment"
    )
    certificates = {row.pk: row for row in rows}
    return {
        pk: tuple(
            CurrentCertificate(
                facts,
                names[record.scheme],
                tuple(markets[code] for code in sorted(record.markets)),
                certificates[record.id].issuing_body.code,
                _stars(certificates[record.id]),
                certificates[record.id].surveillance_last_on,
            )
            for facts, record in sorted(found, key=lambda each: (each[0].scheme_code, each[0].number))
        )
        for pk, found in current.items()
    }


def certificate_pages(scheme_code: str, number: str, at: datetime.datetime) -> list[CertificatePage]:
    """Every certificate of that scheme with that number (two issuing bodies may use the same one) that somebody had
    applied for at that moment. Four queries."""
    rows = Certificate.objects.filter(scheme__code=scheme_code, number=number).order_by("issuing_body__code")
    certificates = {row.pk: row for row in rows.select_related("scheme").prefetch_related("markets", "events")}
    pages = []
    for record in certificate_records(rows):
        facts = _facts(record, at)
        if facts is None:
            continue
        certificate = certificates[record.id]
        last = [event for event in certificate.events.all() if event.at <= at][-1]
        products = set(record.products)
        if record.holder_kind in (HolderKind.PRODUCT, HolderKind.LOT) and not products:
            products = {int(record.holder_ref.partition("/")[0])}
        pages.append(
            CertificatePage(
                facts=facts,
                scheme_names=certificate.scheme.names,
                products=tuple(sorted(products)),
                markets=tuple(market.names for market in certificate.markets.all()),
                status_since_on=last.at.astimezone(shop_zone()).date(),
            )
        )
    return pages


@cache
def _statement() -> Statement:
    """The certificates of any scheme in one row with the origins; a product without either is in neither list."""
    certificates = certificates_as_json(certificates_about())
    return Statement.of(
        Scheme.objects.order_by("pk").values_list(JSONObject(certificates=JsonList(certificates), origins=ORIGINS))[:1],
        origins=origins_as_json(PRODUCT_PKS),
    )


def _holdings(pks: Collection[int]) -> Holdings:
    """What these products hold of any scheme. One query."""
    rows = _statement().rows({"product_pks": list(pks)})
    if not rows:
        return Holdings()
    found = json.loads(rows[0][0])
    return holdings_of(found["certificates"], found["origins"])


def _types(pks: Collection[int], holdings: Holdings) -> Mapping[int, str]:
    """Product types by product, when any certificate asks for them."""
    if not any(each.product_types for each in holdings.certificates):
        return {}
    return {pk: product.product_type for pk, product in host_catalogue().by_pk(pks).items()}


def _covering(holdings: Holdings, pk: int, product_type: str, at: datetime.datetime) -> list[CertificateRecord]:
    """The certificates that cover the product on that day, whatever their state and wherever they are valid."""
    day = shop_day(at)
    newest = holdings.newest_lots(pk, day)
    places: frozenset[str] = holdings.places.get(pk, frozenset())
    return [
        claim.certificate
        for claim in holdings.claims(pk)
        if claim.speaks_on(day, newest)
        and claim.certificate.covers_kind(pk, product_type)
        and claim.certificate.covers_place(places)
    ]


def _stars(certificate: Certificate) -> int | None:
    assessment = getattr(certificate, "assessment", None)
    return assessment.stars if assessment else None


def _current(
    of_scheme: list[tuple[CertificateFacts, CertificateRecord]],
) -> list[tuple[CertificateFacts, CertificateRecord]]:
    valid = [each for each in of_scheme if each[0].status is Status.VALID]
    return valid or [max(of_scheme, key=lambda each: (each[0].valid_from_on, each[0].number))]


def _facts(record: CertificateRecord, at: datetime.datetime) -> CertificateFacts | None:
    status = record.status(at, shop_zone())
    if status is None:
        return None
    return CertificateFacts(
        record.scheme, record.number, record.issuing_body, record.valid_from_on, record.valid_until_on, status
    )
