"""Reads of certification. Each call takes a constant number of queries; what other plugins may use is here."""

import datetime
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import BooleanField, Exists, OuterRef, Q, QuerySet, Value
from django.db.models.expressions import Combinable
from django.db.models.functions import Coalesce, JSONObject

from ovop_certification.models import (
    Certificate,
    CertificateEvent,
    CertificateProduct,
    Effect,
    EventKind,
    HolderKind,
    Market,
    MarketChannel,
    MarketCountry,
    Scheme,
)
from ovop_certification.rules import (
    CertificateRecord,
    Decision,
    RequirementRule,
    Rulebook,
    Status,
    StatusChange,
)
from ovop_origin.selectors import makers_of
from ovop_shared.records import ProductRecord
from ovop_shared.shop_time import shop_zone


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
    """A certificate of a product as a shopper is told of it; empty `markets` are all."""

    facts: CertificateFacts
    scheme_names: Mapping[str, str]
    markets: tuple[MarketFacts, ...]


def certificates_of_products(
    product_pks: Collection[int], at: datetime.datetime
) -> dict[int, tuple[CertificateFacts, ...]]:
    """What covers each product, whatever its state at that moment, by scheme and number. Products without any are
    left out. Queries as certificates_of_sales."""
    found = certificates_of_sales({(pk, at) for pk in product_pks})
    return {pk: facts for (pk, _), facts in found.items()}


def certificates_of_sales(
    sales: Collection[tuple[int, datetime.datetime]], makers: Mapping[int, frozenset[str]] | None = None
) -> dict[tuple[int, datetime.datetime], tuple[CertificateFacts, ...]]:
    """As certificates_of_products, each product at a moment of its own. One query whatever the number of products and
    moments; without `makers` (as origin's makers_of tells them) another one, to ask origin who makes the products."""
    pks = {pk for pk, _ in sales}
    if makers is None:
        makers = makers_of(pks)
    makers = {pk: makers[pk] for pk in pks if pk in makers}
    made_by: dict[str, set[int]] = {}
    for pk, codes in makers.items():
        for code in codes:
            made_by.setdefault(code, set()).add(pk)
    covering: dict[int, list[CertificateRecord]] = {pk: [] for pk in pks}
    for record in _certificate_records(_about(pks, makers)):
        for pk in record.covered(made_by) & pks:
            covering[pk].append(record)
    found: dict[tuple[int, datetime.datetime], tuple[CertificateFacts, ...]] = {}
    for pk, at in sales:
        facts = (_facts(each, at) for each in covering[pk])
        known = sorted((each for each in facts if each), key=lambda each: (each.scheme_code, each.number))
        if known:
            found[pk, at] = tuple(known)
    return found


def current_certificates(
    product_pks: Collection[int], at: datetime.datetime
) -> dict[int, tuple[CurrentCertificate, ...]]:
    """What a shopper is told of each product's certificates at that moment, by scheme and number: of each scheme the
    valid ones, or, when none is, the last one that was granted, in its state. Products without any are left out.

    An application is no certificate. Four queries.
    """
    pks = set(product_pks)
    makers = makers_of(pks)
    made_by: dict[str, set[int]] = {}
    for pk, codes in makers.items():
        for code in codes:
            made_by.setdefault(code, set()).add(pk)
    known: dict[int, dict[str, list[tuple[CertificateFacts, CertificateRecord]]]] = {}
    for record in _certificate_records(_about(pks, makers)):
        facts = _facts(record, at)
        if facts is None or facts.status is Status.APPLIED:
            continue
        for pk in record.covered(made_by) & pks:
            known.setdefault(pk, {}).setdefault(record.scheme, []).append((facts, record))
    current = {pk: [each for found in schemes.values() for each in _current(found)] for pk, schemes in known.items()}
    told = [record for found in current.values() for _, record in found]
    names = dict(Scheme.objects.filter(code__in={record.scheme for record in told}).values_list("code", "names"))
    countries = MarketCountry.objects.filter(market=OuterRef("pk")).order_by("country").values_list("country")
    markets = {
        code: MarketFacts(market_names, tuple(of_market))
        for code, market_names, of_market in Market.objects.filter(
            code__in={code for record in told for code in record.markets}
        ).values_list("code", "names", ArraySubquery(countries))
    }
    return {
        pk: tuple(
            CurrentCertificate(facts, names[record.scheme], tuple(markets[code] for code in sorted(record.markets)))
            for facts, record in sorted(found, key=lambda each: (each[0].scheme_code, each[0].number))
        )
        for pk, found in current.items()
    }


def market_of(channel_slug: str, country_code: str | None = None) -> str | None:
    """The code of the market whose rules hold: the destination's when a market names that country, else the
    channel's; None when there is none. One query."""
    return _markets(channel_slug, country_code).values_list("code", flat=True).first()


def rulebook(channel_slug: str, country_code: str | None, product_pks: Collection[int]) -> Rulebook:
    """Everything a decision about these products needs, at any moment.

    One query; another one and origin's when any producer holds a certificate of a required scheme.
    """
    pks = set(product_pks)
    required = Certificate.objects.filter(scheme=OuterRef("requirements__scheme"))
    rows = list(
        _markets(channel_slug, country_code).values_list(
            "code",
            "names",
            "requirements__id",
            "requirements__scheme__code",
            "requirements__scheme__names",
            "requirements__product_type",
            "requirements__category",
            "requirements__from_on",
            "requirements__until_on",
            Coalesce("requirements__grace_days", "grace_days"),
            "requirements__effect",
            Exists(required.filter(holder_kind=HolderKind.PRODUCER)),
            ArraySubquery(_as_json(_about(pks, within=required))),
        )
    )
    if not rows:
        return Rulebook()
    market, names = rows[0][:2]
    requirements = []
    schemes = {}
    producers_hold = False
    records: dict[int, CertificateRecord] = {}
    for (
        code,
        _,
        pk,
        scheme,
        scheme_names,
        type_,
        category,
        from_on,
        until_on,
        grace_days,
        effect,
        by_producers,
        found,
    ) in rows:
        if code != market or pk is None:
            continue
        rule = RequirementRule(pk, scheme, type_, category, from_on, until_on, grace_days, Effect(effect))
        requirements.append(rule)
        schemes[scheme] = scheme_names
        producers_hold |= by_producers
        records |= {each["id"]: _record(each) for each in found}
    makers = makers_of(pks) if producers_hold else {}
    if makers:
        held = Certificate.objects.filter(scheme__code__in=schemes)
        records |= {each.id: each for each in _certificate_records(_about(pks, makers, within=held))}
    return Rulebook(market, names, schemes, tuple(requirements), tuple(records.values()), makers)


def decide(
    products: Collection[ProductRecord], *, channel_slug: str, country_code: str | None, at: datetime.datetime
) -> dict[int, Decision]:
    """The decision about each product, by its pk, in the queries of `rulebook`. In a channel of no market everything
    is allowed."""
    rules = rulebook(channel_slug, country_code, [product.pk for product in products])
    zone = shop_zone()
    return {product.pk: rules.decide(product, at=at, zone=zone) for product in products}


def certificate_pages(scheme_code: str, number: str, at: datetime.datetime) -> list[CertificatePage]:
    """Every certificate of that scheme with that number (two issuing bodies may use the same one) that somebody had
    applied for at that moment. Three queries."""
    rows = Certificate.objects.filter(scheme__code=scheme_code, number=number).order_by("issuing_body__code")
    certificates = {row.pk: row for row in rows.select_related("scheme").prefetch_related("markets", "events")}
    pages = []
    for record in _certificate_records(rows):
        facts = _facts(record, at)
        if facts is None:
            continue
        certificate = certificates[record.id]
        last = [event for event in certificate.events.all() if event.at <= at][-1]
        products = set(record.products)
        if record.holder_kind is HolderKind.PRODUCT and not products:
            products = {int(record.holder_ref)}
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


def market_channels() -> list[str]:
    """The slugs of all channels that belong to a market. One query."""
    return list(MarketChannel.objects.order_by("market__code", "channel").values_list("channel", flat=True))


def certified_product_pks() -> list[int]:
    """The pks of all products that some certificate names or belongs to. One query."""
    named = CertificateProduct.objects.values_list("product_pk", flat=True)
    held = Certificate.objects.filter(holder_kind=HolderKind.PRODUCT).values_list("holder_ref", flat=True)
    return sorted(set(named) | {int(ref) for ref in held})


def _markets(channel_slug: str, country_code: str | None) -> QuerySet[Market]:
    """The destination's market first, then the channel's: the first one decides."""
    is_destination: Combinable = Value(False, output_field=BooleanField())
    if country_code:
        is_destination = Exists(MarketCountry.objects.filter(market=OuterRef("pk"), country=country_code.upper()))
    is_channels = Exists(MarketChannel.objects.filter(market=OuterRef("pk"), channel=channel_slug))
    return (
        Market.objects.annotate(is_destination=is_destination, is_channels=is_channels)
        .filter(Q(is_destination=True) | Q(is_channels=True))
        .order_by("-is_destination", "code")
    )


def _about(
    pks: Collection[int],
    makers: Mapping[int, frozenset[str]] | None = None,
    *,
    within: QuerySet[Certificate] | None = None,
) -> QuerySet[Certificate]:
    """Certificates that name one of the products, belong to one, or to one of their makers.

    The two are found apart: no index serves an OR across two tables, and all certificates would be read.
    """
    naming = CertificateProduct.objects.filter(product_pk__in=pks).values("certificate_id")
    is_theirs = Q(holder_kind=HolderKind.PRODUCT, holder_ref__in=[str(pk) for pk in pks])
    codes = set().union(*(makers or {}).values())
    if codes:
        is_theirs |= Q(holder_kind=HolderKind.PRODUCER, holder_ref__in=codes)
    certificates = Certificate.objects.all() if within is None else within
    return certificates.filter(pk__in=naming.union(Certificate.objects.filter(is_theirs).values("pk"), all=True))


def _as_json(certificates: QuerySet[Certificate]) -> QuerySet[Certificate, Any]:
    """Each certificate with its products, markets and events as one JSON value: the shape `_record` reads."""
    itself = OuterRef("pk")
    products = CertificateProduct.objects.filter(certificate=itself).values_list("product_pk")
    markets = Certificate.markets.through.objects.filter(certificate=itself).values_list("market__code")
    events = CertificateEvent.objects.filter(certificate=itself).order_by("position")
    return certificates.order_by("pk").values_list(
        JSONObject(
            id="pk",
            scheme="scheme__code",
            issuing_body="issuing_body__name",
            number="number",
            holder_kind="holder_kind",
            holder_ref="holder_ref",
            valid_from_on="valid_from_on",
            valid_until_on="valid_until_on",
            replaces_id="replaces_id",
            products=ArraySubquery(products),
            markets=ArraySubquery(markets),
            events=ArraySubquery(events.values_list(JSONObject(kind="kind", at="at"))),
        ),
        flat=True,
    )


def _current(
    of_scheme: list[tuple[CertificateFacts, CertificateRecord]],
) -> list[tuple[CertificateFacts, CertificateRecord]]:
    valid = [each for each in of_scheme if each[0].status is Status.VALID]
    return valid or [max(of_scheme, key=lambda each: (each[0].valid_from_on, each[0].number))]


def _certificate_records(certificates: QuerySet[Certificate]) -> list[CertificateRecord]:
    return [_record(each) for each in _as_json(certificates)]


def _record(row: Mapping[str, Any]) -> CertificateRecord:
    until = row["valid_until_on"]
    return CertificateRecord(
        id=row["id"],
        scheme=row["scheme"],
        issuing_body=row["issuing_body"],
        number=row["number"],
        holder_kind=HolderKind(row["holder_kind"]),
        holder_ref=row["holder_ref"],
        valid_from_on=datetime.date.fromisoformat(row["valid_from_on"]),
        valid_until_on=datetime.date.fromisoformat(until) if until else None,
        products=frozenset(row["products"]),
        markets=frozenset(row["markets"]),
        replaces_id=row["replaces_id"],
        events=tuple(
            StatusChange(EventKind(event["kind"]), datetime.datetime.fromisoformat(event["at"]))
            for event in row["events"]
        ),
    )


def _facts(record: CertificateRecord, at: datetime.datetime) -> CertificateFacts | None:
    status = record.status(at, shop_zone())
    if status is None:
        return None
    return CertificateFacts(
        record.scheme, record.number, record.issuing_body, record.valid_from_on, record.valid_until_on, status
    )
