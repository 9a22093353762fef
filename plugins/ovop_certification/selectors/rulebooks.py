"""What a decision about a few products needs, in one query that is compiled once: the gate asks it at every checkout."""

import datetime
import json
from collections.abc import Collection, Iterable, Mapping
from functools import cache
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.contrib.postgres.fields import ArrayField
from django.db.models import BigIntegerField, JSONField, OuterRef, Q, QuerySet, TextField, Value
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
from ovop_certification.selectors.markets import CHANNEL, COUNTRY, market_pk
from ovop_origin.selectors import origins_as_json
from ovop_shared.records import ProductRecord
from ovop_shared.shop_time import shop_zone
from ovop_shared.statements import AnyOf, Fragment, JsonList, Parameter, Statement

PRODUCT_PKS = Parameter("product_pks", "bigint[]", ArrayField(BigIntegerField()))
"""The keys of the products that are asked about: also for what a host adds to the query."""

ORIGINS = Fragment("SELECT COALESCE(JSON_AGG(origins.value), '[]'::json) FROM origins", JSONField())
"""What origin says of them, read once in a Statement that shares it as `origins`."""

HOLDERS = Fragment(
    """ARRAY(
    SELECT maker ->> 'code' FROM origins, JSONB_ARRAY_ELEMENTS(origins.value::jsonb -> 'makers') AS maker
    UNION ALL
    SELECT part ->> 'group' FROM origins, JSONB_ARRAY_ELEMENTS(origins.value::jsonb -> 'makers') AS maker,
        JSONB_ARRAY_ELEMENTS(maker -> 'groups') AS part
    UNION ALL
    SELECT (origins.value ->> 'product') || '/' || (lot ->> 'code')
        FROM origins, JSONB_ARRAY_ELEMENTS(origins.value::jsonb -> 'lots') AS lot
    )""",
    ArrayField(TextField()),
)
"""The makers, their groups, and the lots, as certificates name their holders. No producer's code holds a slash."""


def rulebook(channel_slug: str, country_code: str | None, product_pks: Collection[int]) -> Rulebook:
    """Everything a decision about these products needs, at any moment. One query."""
    return rulebook_with(_plain(), channel_slug, country_code, product_pks)[0]


def rulebook_statement(host_facts: Combinable | None = None) -> Statement:
    """The query of `rulebook_with`, compiled: keep it. `host_facts` is a JSON value that the host wants to know in the
    same query, of the products in PRODUCT_PKS."""
    required = Requirement.objects.filter(market=OuterRef(OuterRef("pk"))).order_by().values("scheme")
    rows = Market.objects.filter(pk=market_pk(CHANNEL, COUNTRY)).values_list(
        JSONObject(
            code="code",
            names="names",
            on_uncertified="on_uncertified",
            on_lapsed="on_lapsed",
            on_bypassed="on_bypassed",
            requirements=JsonList(_requirements()),
            certificates=JsonList(
                certificates_as_json(certificates_about().filter(AnyOf("scheme_id", ArraySubquery(required))))
            ),
            origins=ORIGINS,
            host_facts=host_facts or Value(None, TextField()),
        )
    )
    return Statement.of(rows, origins=origins_as_json(PRODUCT_PKS))


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


def certificates_about() -> "QuerySet[Certificate]":
    """Those that name one of the PRODUCT_PKS, or belong to one, to a lot of one, to one of their makers or to a group
    that one is ever a member of; for a Statement that shares `origins`.

    Everything is compared with arrays, so that PostgreSQL looks each kind up in its index and joins nothing.
    """
    naming = CertificateProduct.objects.filter(AnyOf("product_pk", PRODUCT_PKS)).values("certificate_id")
    is_own = Q(AnyOf("holder_ref", Cast(PRODUCT_PKS, ArrayField(TextField()))), holder_kind=HolderKind.PRODUCT)
    others = (HolderKind.PRODUCER, HolderKind.GROUP, HolderKind.LOT)
    return Certificate.objects.filter(
        Q(AnyOf("pk", ArraySubquery(naming))) | is_own | Q(AnyOf("holder_ref", HOLDERS), holder_kind__in=others)
    )


def holdings_of(certificates: Iterable[Mapping[str, Any]], origins: Collection[Mapping[str, Any]]) -> Holdings:
    """Holdings from what certificates_as_json and origin's query gave."""
    memberships = {
        MembershipRecord(group["group"], maker["code"], date_of(group["since"]), date_of(group["until"])): None
        for each in origins
        for maker in each["makers"]
        for group in maker["groups"]
    }
    return Holdings(
        certificates=tuple(certificate_record(each) for each in certificates),
        makers={
            each["product"]: frozenset(maker["code"] for maker in each["makers"]) for each in origins if each["makers"]
        },
        memberships=tuple(memberships),
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
        holdings=holdings_of(found["certificates"], found["origins"]),
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
