"""What a decision about a few products needs, in one query that is compiled once: the gate asks it at every checkout."""

import datetime
import json
from collections.abc import Collection, Iterable, Mapping
from functools import cache
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db.models import BigIntegerField, OuterRef, QuerySet, Subquery, TextField, Value
from django.db.models.expressions import Combinable
from django.db.models.functions import Cast, Coalesce, JSONObject

from ovop_certification.models import (
    Certificate,
    CertificateProduct,
    Effect,
    HolderKind,
    Market,
    OnBypassed,
    OnLapsed,
    OnUncertified,
    Requirement,
)
from ovop_certification.rules import (
    Decision,
    Holdings,
    LotRecord,
    MarketPolicies,
    MembershipRecord,
    RequirementRule,
    Rulebook,
)
from ovop_certification.selectors.certificate_rows import certificate_record, certificates_as_json, date_of
from ovop_certification.selectors.markets import CHANNEL, COUNTRY, markets_for
from ovop_origin.selectors import group_codes, lot_references, maker_codes, memberships_as_json, origins_as_json
from ovop_shared.records import ProductRecord
from ovop_shared.shop_time import shop_zone
from ovop_shared.statements import AnyOf, JsonList, Parameter, Statement

PRODUCT_PKS = Parameter("product_pks", "bigint[]", ArrayField(BigIntegerField()))
"""The keys of the products that are asked about: also for what a host adds to the query."""


def rulebook(channel_slug: str, country_code: str | None, product_pks: Collection[int]) -> Rulebook:
    """Everything a decision about these products needs, at any moment. One query."""
    return rulebook_with(_plain(), channel_slug, country_code, product_pks)[0]


def rulebook_statement(host_facts: Combinable | None = None) -> Statement:
    """The query of `rulebook_with`, compiled: keep it. `host_facts` is a JSON value that the host wants to know in the
    same query, of the products in PRODUCT_PKS."""
    required = Requirement.objects.filter(market=OuterRef(OuterRef("pk"))).order_by().values("scheme")
    market = markets_for(CHANNEL, COUNTRY).values("pk")[:1]
    rows = Market.objects.filter(pk=Subquery(market)).values_list(
        JSONObject(
            code="code",
            names="names",
            on_uncertified="on_uncertified",
            on_lapsed="on_lapsed",
            on_bypassed="on_bypassed",
            requirements=JsonList(_requirements()),
            certificates=JsonList(certificates_as_json(certificates_about(PRODUCT_PKS).filter(scheme__in=required))),
            origins=JsonList(origins_as_json(PRODUCT_PKS)),
            memberships=JsonList(memberships_as_json(PRODUCT_PKS)),
            host_facts=host_facts or Value(None, TextField()),
        )
    )
    return Statement.of(rows)


def rulebook_with(
    statement: Statement, channel_slug: str, country_code: str | None, product_pks: Collection[int]
) -> tuple[Rulebook, Any]:
    """The rulebook and what the host asked for with it; without a market that is None. One query."""
    values = {
        "channel": channel_slug,
        "country": (country_code or "").upper(),
        "product_pks": list(product_pks),
    }
    rows = statement.rows(values)
    if not rows:
        return Rulebook(), None
    found = json.loads(rows[0][0])
    return _rulebook(found), found["host_facts"]


def decide(
    products: Collection[ProductRecord], *, channel_slug: str, country_code: str | None, at: datetime.datetime
) -> dict[int, Decision]:
    """The decision about each product, by its pk, in one query. In a channel of no market everything is allowed."""
    rules = rulebook(channel_slug, country_code, [product.pk for product in products])
    return rules.decide_many(products, at=at, zone=shop_zone())


@cache
def _plain() -> Statement:
    return rulebook_statement()


def _requirements() -> "QuerySet[Requirement, Any]":
    return (
        Requirement.objects.filter(market=OuterRef("pk"))
        .order_by("pk")
        .values_list(
            JSONObject(
                id="pk",
                scheme="scheme__code",
                scheme_names="scheme__names",
                product_type="product_type",
                category="category",
                intended_use="intended_use",
                from_on="from_on",
                until_on="until_on",
                grace_days=Coalesce("grace_days", OuterRef("grace_days")),
                effect="effect",
            ),
            flat=True,
        )
    )


def certificates_about(product_pks: Combinable) -> "QuerySet[Certificate]":
    """Those that name one of the products (an array), or belong to one, to a lot of one, to one of their makers or to a
    group that one is ever a member of.

    Each kind is found apart: no index serves an OR across tables, and all certificates would be read.
    """
    texts = Cast(product_pks, ArrayField(TextField()))
    held = Certificate.objects.order_by()
    by_makers = held.filter(holder_kind__in=[HolderKind.PRODUCER, HolderKind.GROUP])
    about = (
        CertificateProduct.objects.filter(AnyOf("product_pk", product_pks)).values("certificate_id"),
        held.filter(AnyOf("holder_ref", texts), holder_kind=HolderKind.PRODUCT).values("pk"),
        held.filter(holder_kind=HolderKind.LOT, holder_ref__in=lot_references(product_pks)).values("pk"),
        by_makers.filter(holder_ref__in=maker_codes(product_pks)).values("pk"),
        held.filter(holder_kind=HolderKind.GROUP, holder_ref__in=group_codes(product_pks)).values("pk"),
    )
    return Certificate.objects.filter(pk__in=about[0].union(*about[1:], all=True))


def holdings_of(
    certificates: Iterable[Mapping[str, Any]],
    origins: Collection[Mapping[str, Any]],
    memberships: Iterable[Mapping[str, Any]],
) -> Holdings:
    """Holdings from what certificates_as_json and origin's queries gave."""
    return Holdings(
        certificates=tuple(certificate_record(each) for each in certificates),
        makers={each["product"]: frozenset(each["makers"]) for each in origins if each["makers"]},
        memberships=tuple(
            MembershipRecord(each["group"], each["member"], date_of(each["since"]), date_of(each["until"]))
            for each in memberships
        ),
        places={each["product"]: frozenset(each["places"]) for each in origins},
        lots={
            each["product"]: tuple(
                LotRecord(lot["code"], datetime.date.fromisoformat(lot["made_on"])) for lot in each["lots"]
            )
            for each in origins
            if each["lots"]
        },
    )


def _rulebook(found: Mapping[str, Any]) -> Rulebook:
    return Rulebook(
        market=found["code"],
        market_names=found["names"],
        scheme_names={each["scheme"]: each["scheme_names"] for each in found["requirements"]},
        requirements=tuple(_rule(each) for each in found["requirements"]),
        holdings=holdings_of(found["certificates"], found["origins"], found["memberships"]),
        policies=MarketPolicies(
            OnUncertified(found["on_uncertified"]), OnLapsed(found["on_lapsed"]), OnBypassed(found["on_bypassed"])
        ),
    )


def _rule(each: Mapping[str, Any]) -> RequirementRule:
    return RequirementRule(
        id=each["id"],
        scheme=each["scheme"],
        product_type=each["product_type"],
        category=each["category"],
        from_on=datetime.date.fromisoformat(each["from_on"]),
        until_on=date_of(each["until_on"]),
        grace_days=each["grace_days"],
        effect=Effect(each["effect"]),
        intended_use=each["intended_use"],
    )
