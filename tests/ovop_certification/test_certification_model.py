"""The decision, its reasons and the moment of the next change, against a plain model written another way."""

import datetime
from typing import Any
from zoneinfo import ZoneInfo

from certification_world import HONEY
from hypothesis import event, given, settings
from hypothesis import strategies as st
from plain_model import answer, state

from ovop_certification.models import Effect, EventKind, HolderKind
from ovop_certification.rules import (
    CertificateRecord,
    Days,
    Decision,
    Holdings,
    LotRecord,
    MembershipRecord,
    RequirementRule,
    Rulebook,
    Status,
    StatusChange,
)
from ovop_shared.records import ProductRecord

FIRST_DAY = datetime.date(2025, 3, 24)  # Europe/Kyiv changes its clocks on the 30th
FIRST_MOMENT = datetime.datetime(2025, 3, 24, tzinfo=datetime.UTC)
LAST_DAY = 10
LAST_HOUR = 24 * (LAST_DAY + 6)
"""By then every date and every grace is over, in every zone."""
OTHER = 99
EXAMPLES = max(800, settings().max_examples)

days = st.integers(0, LAST_DAY)
zones = st.sampled_from([ZoneInfo(name) for name in ("Asia/Bishkek", "UTC", "Europe/Kyiv", "America/Bogota")])
LIVES = (
    ("issued",),
    ("issued",),
    ("issued", "suspended"),
    ("issued", "suspended", "reinstated"),
    ("applied", "issued", "withdrawn"),
    ("issued", "suspended", "withdrawn"),
    ("applied", "verified", "issued"),
    ("applied", "verified"),
    ("applied", "withdrawn"),
)
seldom = st.sampled_from([False, False, False, True])


@st.composite
def requirements(draw: st.DrawFn, number: int) -> dict[str, Any]:
    kinds = [("", ""), ("food", ""), ("", "sweets"), ("felt", ""), ("", "felt")]
    is_simple = not draw(seldom)
    kind, category = draw(st.sampled_from(kinds[:3] if is_simple else kinds))
    first = 0 if is_simple else draw(days)
    return {
        "id": number,
        "scheme": "eac" if number == 1 else "gi",
        "type": kind,
        "category": category,
        "use": draw(st.sampled_from(["", "gift"] if is_simple else ["gift", "animals"])),
        "first": first,
        "last": draw(st.none() | st.integers(first, LAST_DAY)),
        "grace": draw(st.integers(0, 3)),
        "blocks": not draw(seldom),
    }


@st.composite
def certificates(draw: st.DrawFn, number: int) -> dict[str, Any]:
    is_plain = draw(st.booleans())
    first = 0 if is_plain else draw(st.sampled_from([0, 0, 2, 5]))
    scheme = draw(st.sampled_from(["eac", "eac", "gi"]))
    holders = [
        ("product", str(HONEY)),
        ("producer", "a"),
        ("group", "union"),
        ("lot", f"{HONEY}/l1"),
        ("producer", "b"),
    ]
    holders += [("lot", f"{HONEY}/l2"), ("group", "a"), ("product", str(OTHER)), ("producer", "union")]
    life = ("issued",) if is_plain else draw(st.sampled_from(LIVES))
    hours = draw(st.lists(st.integers(0, 24 * LAST_DAY), min_size=len(life), max_size=len(life)))
    odd = st.just(False) if is_plain else seldom
    return {
        "id": number,
        "number": draw(st.sampled_from([f"N{number}", f"M{number}"])),
        "scheme": scheme,
        "is_geographical": scheme == "gi",
        "holder": draw(st.sampled_from(holders[:4] if is_plain else holders)),
        "first": first,
        "last": draw(st.none() | st.integers(first, LAST_DAY)),
        "products": draw(st.frozensets(st.sampled_from([HONEY, OTHER]))) if draw(odd) else frozenset(),
        "types": draw(st.frozensets(st.sampled_from(["food", "felt"]))) if draw(odd) else frozenset(),
        "markets": draw(st.frozensets(st.sampled_from(["kg", "jp"]))) if draw(odd) else frozenset(),
        "areas": draw(st.frozensets(st.sampled_from(["KG-Y", "KG-O"]))) if scheme == "gi" or draw(odd) else frozenset(),
        "replaces": number - 1 if draw(seldom) else None,
        "events": tuple(zip(sorted([hours[0] - 24 * LAST_DAY, *hours[1:]]), life, strict=True)),
    }


@st.composite
def memberships(draw: st.DrawFn) -> tuple[int | None, int | None]:
    first = draw(st.none() | days)
    last = draw(st.none() | st.integers(first or 0, LAST_DAY))
    return first, last


@st.composite
def shops(draw: st.DrawFn) -> dict[str, Any]:
    makers = draw(st.sampled_from([("a",), ("a",), ("a", "b"), ("a", "b"), ("union",), ()]))
    lots = draw(st.dictionaries(st.sampled_from(["l1", "l2", "l3"]), st.integers(-3, LAST_DAY)))
    members = draw(st.sampled_from([("a",), ("a", "b"), ("a", "b"), ("b",)]))
    return {
        "market": "kg",
        "product": {
            "pk": HONEY,
            "type": "food",
            "categories": ("honey", "sweets"),
            "uses": draw(st.sampled_from([(), ("gift",), ("food", "gift")])),
            "makers": frozenset(makers),
            "lots": lots,
            "places": draw(st.sampled_from([(), ("tamga", "KG-Y"), ("uzgen", "KG-O")])),
        },
        "memberships": [("union", member, *draw(memberships())) for member in members],
        "requirements": [draw(requirements(number)) for number in range(1, draw(st.integers(1, 2)) + 1)],
        "certificates": [draw(certificates(number)) for number in range(1, draw(st.sampled_from([1, 1, 2, 3, 4])) + 1)],
    }


def date_of(day: int | None) -> datetime.date | None:
    return None if day is None else FIRST_DAY + datetime.timedelta(days=day)


def moment_of(hour: int) -> datetime.datetime:
    return FIRST_MOMENT + datetime.timedelta(hours=hour)


def day_of(hour: int, zone: ZoneInfo) -> int:
    return (moment_of(hour).astimezone(zone).date() - FIRST_DAY).days


def certificate_of(each: dict[str, Any]) -> CertificateRecord:
    first = date_of(each["first"])
    assert first is not None
    return CertificateRecord(
        id=each["id"],
        scheme=each["scheme"],
        issuing_body="Body",
        number=each["number"],
        holder_kind=HolderKind(each["holder"][0]),
        holder_ref=each["holder"][1],
        valid_from_on=first,
        valid_until_on=date_of(each["last"]),
        products=each["products"],
        product_types=each["types"],
        markets=each["markets"],
        areas=each["areas"],
        needs_area=each["is_geographical"],
        replaces_id=each["replaces"],
        events=tuple(StatusChange(EventKind(kind), moment_of(hour)) for hour, kind in each["events"]),
    )


def rulebook_of(shop: dict[str, Any]) -> Rulebook:
    product = shop["product"]
    return Rulebook(
        market=shop["market"],
        requirements=tuple(
            RequirementRule(
                id=each["id"],
                scheme=each["scheme"],
                product_type=each["type"],
                category=each["category"],
                from_on=date_of(each["first"]) or FIRST_DAY,
                until_on=date_of(each["last"]),
                grace_days=each["grace"],
                effect=Effect.BLOCK if each["blocks"] else Effect.WARN,
                intended_use=each["use"],
            )
            for each in shop["requirements"]
        ),
        holdings=Holdings(
            certificates=tuple(certificate_of(each) for each in shop["certificates"]),
            makers={HONEY: product["makers"]} if product["makers"] else {},
            memberships=tuple(
                MembershipRecord(group, member, date_of(first), date_of(last))
                for group, member, first, last in shop["memberships"]
            ),
            places={HONEY: frozenset(product["places"])} if product["places"] else {},
            lots={HONEY: tuple(LotRecord(code, date_of(day) or FIRST_DAY) for code, day in product["lots"].items())},
        ),
    )


def told_of(decision: Decision) -> list[tuple[int, str, str | None, bool]]:
    return [
        (each.requirement_id, each.code.value, each.certificate_number, each.effect is Effect.BLOCK)
        for each in decision.reasons
    ]


@settings(max_examples=EXAMPLES, deadline=None)
@given(shop=shops(), zone=zones, hour=st.integers(0, LAST_HOUR - 24))
def test_the_answer_is_the_plain_models_and_changes_exactly_when_it_says(
    shop: dict[str, Any], zone: ZoneInfo, hour: int
) -> None:
    product = shop["product"]
    record = ProductRecord(HONEY, "honey", "Honey", "food", product["categories"], intended_uses=product["uses"])
    felt = ProductRecord(OTHER, "felt", "Felt", "felt", ("felt",))
    book = rulebook_of(shop)
    at = moment_of(hour)

    decision = book.decide(record, at=at, zone=zone)

    expected = answer(shop, hour, day_of(hour, zone))
    assert told_of(decision) == expected
    assert decision.allowed is not any(blocks for *_, blocks in expected)
    assert book.reasons(record, at=at, zone=zone) == decision.reasons
    # An hour at a time until every date is over: nothing begins or ends within an hour here.
    changes = (later for later in range(hour + 1, LAST_HOUR) if answer(shop, later, day_of(later, zone)) != expected)
    first_other = next(changes, None)
    assert decision.next_change_at == (None if first_other is None else moment_of(first_other))
    assert book.decide_many([felt, record, felt], at=at, zone=zone)[HONEY] == decision
    for code in {told[1] for told in expected} or {"nothing wrong"}:
        event(code)


@settings(max_examples=EXAMPLES // 4, deadline=None)
@given(each=certificates(1), zone=zones, hour=st.integers(-40, LAST_HOUR))
def test_a_certificates_state_is_the_plain_models(each: dict[str, Any], zone: ZoneInfo, hour: int) -> None:
    names = {
        "unknown": None,
        "applied": Status.APPLIED,
        "early": Status.NOT_YET_VALID,
        "good": Status.VALID,
        "suspended": Status.SUSPENDED,
        "expired": Status.EXPIRED,
        "withdrawn": Status.WITHDRAWN,
    }

    assert certificate_of(each).status(moment_of(hour), zone) is names[state(each, hour, day_of(hour, zone))]


def test_days_are_the_zones_and_begin_at_its_midnight() -> None:
    calendar = Days(ZoneInfo("Europe/Kyiv"))

    assert calendar.of(datetime.datetime(2025, 3, 29, 22, tzinfo=datetime.UTC)) == datetime.date(2025, 3, 30)
    assert calendar.start(datetime.date(2025, 3, 30)) == datetime.datetime(2025, 3, 29, 22, tzinfo=datetime.UTC)
    assert calendar.start(datetime.date(2025, 3, 31)) == datetime.datetime(2025, 3, 30, 21, tzinfo=datetime.UTC)
