"""The rules of every market, and what a hundred thousand products hold: for sweeps, in a few queries."""

import datetime
from collections.abc import Collection, Mapping
from typing import Any

from django.contrib.postgres.aggregates import StringAgg
from django.db.models import QuerySet, TextField, Value
from django.db.models.functions import Cast, Coalesce, Concat, Extract

from ovop_certification.models import (
    Certificate,
    CertificateArea,
    CertificateEvent,
    CertificateProduct,
    CertificateProductType,
    Effect,
    HolderKind,
    Market,
    OnBypassed,
    OnLapsed,
    OnUncertified,
    Requirement,
    Scheme,
    SchemeKind,
)
from ovop_certification.rules import (
    CertificateRecord,
    Holdings,
    LotRecord,
    MarketPolicies,
    MembershipRecord,
    RequirementRule,
    Rulebook,
    StatusChange,
)
from ovop_certification.selectors.certificate_rows import EVENT_KINDS, HOLDER_KINDS
from ovop_origin.selectors import all_memberships, lots_of_products, makers_of_products, places_of_products
from ovop_shared.statements import in_keys, in_texts

CHUNK_ROWS = 10_000
EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
MANY_PRODUCTS = 20_000
"""For more than so many, everything is read and not looked up one by one."""
HELD_BY_MAKERS = (HolderKind.PRODUCER, HolderKind.GROUP)


def market_rulebooks(product_pks: Collection[int] | None) -> Mapping[str, Rulebook]:
    """Market code -> everything a decision about these products (None: about any) needs there, at any moment.

    The rulebooks share what the products hold. At most fourteen queries whatever the number of markets and products;
    what no certificate needs to know of origins is not read.
    """
    markets = {market.pk: market for market in Market.objects.order_by("code")}
    schemes = {scheme.pk: scheme for scheme in Scheme.objects.all()}
    requirements: dict[int, list[RequirementRule]] = {}
    asked = Requirement.objects.annotate(days_of_grace=Coalesce("grace_days", "market__grace_days"))
    for row in asked.order_by("pk"):
        requirements.setdefault(row.market_id, []).append(
            RequirementRule(
                id=row.pk,
                scheme=schemes[row.scheme_id].code,
                product_type=row.product_type,
                category=row.category,
                from_on=row.from_on,
                until_on=row.until_on,
                grace_days=row.days_of_grace,
                effect=Effect(row.effect),
                intended_use=row.intended_use,
            )
        )
    if product_pks is not None and len(product_pks) > MANY_PRODUCTS:
        product_pks = None
    holdings = _holdings(product_pks, schemes)
    return {
        market.code: Rulebook(
            market=market.code,
            market_names=market.names,
            scheme_names={scheme.code: scheme.names for scheme in schemes.values()},
            requirements=tuple(requirements.get(pk, ())),
            holdings=holdings,
            policies=MarketPolicies(
                OnUncertified(market.on_uncertified), OnLapsed(market.on_lapsed), OnBypassed(market.on_bypassed)
            ),
        )
        for pk, market in markets.items()
    }


def _holdings(product_pks: Collection[int] | None, schemes: Mapping[int, Scheme]) -> Holdings:
    certificates = _certificates(product_pks, schemes)
    kinds = {each.holder_kind for each in certificates}
    makers: Mapping[int, frozenset[str]] = {}
    memberships: tuple[MembershipRecord, ...] = ()
    if not kinds.isdisjoint(HELD_BY_MAKERS):
        makers = makers_of_products(product_pks)
    if HolderKind.GROUP in kinds:
        memberships = tuple(MembershipRecord(*each) for each in all_memberships())
    places: Mapping[int, frozenset[str]] = {}
    if any(each.areas for each in certificates):
        places = places_of_products(product_pks)
    lots: dict[int, tuple[LotRecord, ...]] = {}
    if HolderKind.LOT in kinds:
        of_lots = {
            int(each.holder_ref.partition("/")[0]) for each in certificates if each.holder_kind is HolderKind.LOT
        }
        lots = {pk: tuple(LotRecord(*lot) for lot in found) for pk, found in lots_of_products(of_lots).items()}
    return Holdings(tuple(certificates), makers, memberships, places, lots)


def _certificates(product_pks: Collection[int] | None, schemes: Mapping[int, Scheme]) -> list[CertificateRecord]:
    """All of them, or those that may speak of these products; what makers, groups and lots hold is read whatever it is
    about, it is little."""
    certificates = Certificate.objects.order_by("pk")
    if product_pks is not None:
        naming = CertificateProduct.objects.filter(in_keys("product_pk", product_pks)).values("certificate_id")
        theirs = Certificate.objects.order_by().filter(
            in_texts("holder_ref", [str(pk) for pk in product_pks]), holder_kind=HolderKind.PRODUCT
        )
        others = Certificate.objects.order_by().exclude(holder_kind=HolderKind.PRODUCT)
        certificates = certificates.filter(pk__in=naming.union(theirs.values("pk"), others.values("pk"), all=True))
    rows = list(
        certificates.values_list(
            "pk",
            "scheme_id",
            "issuing_body__name",
            "number",
            "holder_kind",
            "holder_ref",
            "valid_from_on",
            "valid_until_on",
            "replaces_id",
        )
    )
    of = None if product_pks is None else [row[0] for row in rows]
    markets = dict(Market.objects.values_list("pk", "code"))
    products = _linked(CertificateProduct, "product_pk", of)
    product_types = _linked(CertificateProductType, "product_type", of)
    areas = _linked(CertificateArea, "place", of)
    valid_in = _linked(Certificate.markets.through, "market_id", of)
    events = _histories(of)
    nowhere: frozenset[Any] = frozenset()
    records = []
    for pk, scheme_pk, body, number, holder_kind, holder_ref, from_on, until_on, replaces_id in rows:
        scheme = schemes[scheme_pk]
        records.append(
            CertificateRecord(
                id=pk,
                scheme=scheme.code,
                issuing_body=body,
                number=number,
                holder_kind=HOLDER_KINDS[holder_kind],
                holder_ref=holder_ref,
                valid_from_on=from_on,
                valid_until_on=until_on,
                products=frozenset(products.get(pk, nowhere)),
                product_types=frozenset(product_types.get(pk, nowhere)),
                markets=frozenset(markets[each] for each in valid_in.get(pk, nowhere)),
                areas=frozenset(areas.get(pk, nowhere)),
                needs_area=scheme.kind == SchemeKind.GEOGRAPHICAL,
                replaces_id=replaces_id,
                events=events.get(pk, ()),
            )
        )
    return records


def _histories(certificates: Collection[int] | None) -> dict[int, tuple[StatusChange, ...]]:
    """Certificate -> its events, of these or of all. One query.

    A history comes as one text, and what many share is read once: moments are slow to read one by one.
    """
    rows = CertificateEvent.objects.order_by()
    if certificates is not None:
        rows = rows.filter(in_keys("certificate_id", certificates))
    event = Concat("kind", Value(" "), Cast(Extract("at", "epoch"), TextField()), output_field=TextField())
    told = rows.values("certificate_id").annotate(history=StringAgg(event, ",", order_by="position"))
    known: dict[str, tuple[StatusChange, ...]] = {}
    histories: dict[int, tuple[StatusChange, ...]] = {}
    for pk, history in told.values_list("certificate_id", "history").iterator(chunk_size=CHUNK_ROWS):
        changes = known.get(history)
        if changes is None:
            changes = known[history] = tuple(_change(each) for each in history.split(","))
        histories[pk] = changes
    return histories


def _change(text: str) -> StatusChange:
    kind, epoch = text.split(" ")
    seconds, _, fraction = epoch.partition(".")
    moment = EPOCH + datetime.timedelta(seconds=int(seconds), microseconds=int(fraction.ljust(6, "0")[:6]))
    return StatusChange(EVENT_KINDS[kind], moment)


def _linked(model: Any, field: str, certificates: Collection[int] | None) -> dict[int, list[Any]]:
    """Certificate -> what it is linked to, of these or of all. One query."""
    rows: QuerySet[Any, Any] = model.objects.order_by()
    if certificates is not None:
        rows = rows.filter(in_keys("certificate_id", certificates))
    found: dict[int, list[Any]] = {}
    for pk, other in rows.values_list("certificate_id", field).iterator(chunk_size=CHUNK_ROWS):
        found.setdefault(pk, []).append(other)
    return found
