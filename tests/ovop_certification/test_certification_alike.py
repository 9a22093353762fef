"""Decisions about very many products are made once for those that are alike: each has to be the one it gets alone."""

import datetime
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from ovop_certification.models import Effect, EventKind, HolderKind
from ovop_certification.rules import (
    CertificateRecord,
    Holdings,
    LotRecord,
    MembershipRecord,
    RequirementRule,
    Rulebook,
    StatusChange,
)
from ovop_shared.records import ProductRecord

ZONE = ZoneInfo("Asia/Bishkek")
FIRST = datetime.date(2026, 1, 1)
AT = datetime.datetime(2026, 1, 5, 3, tzinfo=datetime.UTC)
PRODUCTS = range(1, 9)

days = st.integers(0, 9).map(lambda number: FIRST + datetime.timedelta(days=number))
products = st.sampled_from(PRODUCTS)
some_products = st.frozensets(products, max_size=2)
ends = st.one_of(st.none(), st.integers(5, 6).map(lambda number: FIRST + datetime.timedelta(days=number)))
holders = st.one_of(
    products.map(lambda pk: (HolderKind.PRODUCT, str(pk))),
    st.sampled_from(["bees", "felt"]).map(lambda code: (HolderKind.PRODUCER, code)),
    st.just((HolderKind.GROUP, "union")),
    products.map(lambda pk: (HolderKind.LOT, f"{pk}/L")),
)
histories = st.sampled_from(
    [
        (("issued", 0),),
        (("issued", 0), ("suspended", 3)),
        (("issued", 0), ("suspended", 7)),
        (("applied", 0),),
        (),
    ]
)
narrowing = st.one_of(
    st.just({}),
    st.just({}),
    some_products.map(lambda pks: {"products": pks}),
    st.sampled_from(
        [
            {"product_types": frozenset({"food"})},
            {"markets": frozenset({"uz"})},
            {"areas": frozenset({"KG-Y"})},
            {"needs_area": True},
            {"replaces_id": 1},
        ]
    ),
)


def certificate(
    number: int,
    holder: tuple[HolderKind, str],
    until: datetime.date | None,
    history: tuple[tuple[str, int], ...],
    narrowed: dict[str, object],
) -> CertificateRecord:
    events = tuple(
        StatusChange(EventKind(kind), datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC) + datetime.timedelta(days=day))
        for kind, day in history
    )
    return CertificateRecord(
        id=number,
        scheme="eac" if number % 4 else "gi",
        issuing_body="Body",
        number=f"N-{number}",
        holder_kind=holder[0],
        holder_ref=holder[1],
        valid_from_on=FIRST,
        valid_until_on=until,
        events=events,
        **narrowed,  # type: ignore[arg-type]
    )


@settings(max_examples=400, deadline=None)
@given(
    held=st.lists(st.tuples(holders, ends, histories, narrowing), min_size=1, max_size=9),
    makers=st.dictionaries(products, st.frozensets(st.sampled_from(["bees", "felt", "none"]), min_size=1, max_size=2)),
    near=st.frozensets(products),
    lots=st.dictionaries(products, st.sampled_from(["L", "M"])),
    joined_on=st.one_of(st.none(), days),
    types=st.lists(st.sampled_from(["food", "felt"]), min_size=len(PRODUCTS), max_size=len(PRODUCTS)),
)
def test_each_of_many_gets_the_answer_it_gets_alone(held, makers, near, lots, joined_on, types) -> None:  # type: ignore[no-untyped-def]
    book = Rulebook(
        market="kg",
        requirements=(
            RequirementRule(1, "eac", "", "", FIRST, None, 0, Effect.BLOCK),
            RequirementRule(2, "gi", "food", "", FIRST, None, 2, Effect.WARN),
        ),
        holdings=Holdings(
            tuple(certificate(number, *each) for number, each in enumerate(held, start=1)),
            makers,
            (MembershipRecord("union", "bees", joined_on),),
            {pk: frozenset({"KG-Y"}) for pk in near},
            {pk: (LotRecord(code, FIRST),) for pk, code in lots.items()},
        ),
    )
    asked = [ProductRecord(pk, "", "", kind) for pk, kind in zip(PRODUCTS, types, strict=True)]

    many = book.decide_many(asked, at=AT, zone=ZONE)

    assert many == {each.pk: book.decide(each, at=AT, zone=ZONE) for each in asked}


def test_what_looks_alike_and_is_not() -> None:
    """Own certificates with the same days: one to be suspended, one beside its maker's, one with another end."""
    until = FIRST + datetime.timedelta(days=6)
    own = [(HolderKind.PRODUCT, str(pk)) for pk in PRODUCTS]
    issued, falls, fell = (("issued", 0),), (("issued", 0), ("suspended", 5)), (("issued", 0), ("suspended", 3))
    certificates = (
        certificate(1, own[0], until, issued, {}),
        certificate(2, own[1], until, falls, {}),
        certificate(3, own[2], until, issued, {}),
        certificate(5, own[3], None, issued, {}),
        certificate(6, own[4], until, fell, {}),
        certificate(7, own[5], until, fell, {}),
        certificate(9, (HolderKind.PRODUCER, "bees"), None, issued, {}),
    )
    book = Rulebook(
        market="kg",
        requirements=(RequirementRule(1, "eac", "", "", FIRST, None, 0, Effect.BLOCK),),
        holdings=Holdings(certificates, {3: frozenset({"bees"}), 7: frozenset({"bees"}), 8: frozenset({"none"})}),
    )
    asked = [ProductRecord(pk, "", "", "food") for pk in PRODUCTS]

    many = book.decide_many(asked, at=AT, zone=ZONE)

    assert many == {each.pk: book.decide(each, at=AT, zone=ZONE) for each in asked}
    told = {pk: (each.next_change_at, [why.certificate_number for why in each.reasons]) for pk, each in many.items()}
    ends = datetime.datetime(2026, 1, 7, 18, tzinfo=datetime.UTC)
    assert told == {
        1: (ends, []),
        2: (datetime.datetime(2026, 1, 6, tzinfo=datetime.UTC), []),
        3: (None, []),
        4: (None, []),
        5: (ends, ["N-6"]),
        6: (ends, ["N-7"]),
        7: (None, []),
        8: (None, [None]),
    }
