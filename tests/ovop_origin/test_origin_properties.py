"""The tree of places, the memberships and the shares of any document, against plain models written independently."""

import random
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from origin_world import AT

from ovop_origin import selectors
from ovop_origin.models import Membership, Place, Producer
from ovop_origin.services import registry_load
from ovop_shared.catalogue import host_catalogue
from ovop_shared.errors import RegistryRefused

KINDS = ("country", "region", "district", "village")
CODES = {
    "country": ("KG", "UZ"),
    "region": ("KG-Y", "KG-O", "UZ-QR"),
    "district": ("d1", "d2", "d3", "d4"),
    "village": ("v1", "v2", "v3", "v4", "v5"),
}
KIND_OF = {code: kind for kind, codes in CODES.items() for code in codes}
ALL_CODES = tuple(KIND_OF)

# Many examples in one transaction each, which is taken back: a function-scoped database is what is wanted.
in_one_database = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150)


@contextmanager
def taken_back() -> Iterator[None]:
    """What one example writes is gone before the next."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def load(document: dict[str, Any]) -> Any:
    return registry_load({"version": 1} | document, catalogue=host_catalogue(), at=AT)


def is_loaded(document: dict[str, Any]) -> bool:
    try:
        load(document)
    except RegistryRefused:
        return False
    return True


@st.composite
def place_rows(draw: st.DrawFn) -> list[dict[str, Any]]:
    """A tree that is in order, then bent: other parents, other kinds, rows left out or repeated, in any order."""
    rows = []
    for code, kind in KIND_OF.items():
        row: dict[str, Any] = {"code": code, "kind": kind, "names": {"en": code}}
        above = KINDS[KINDS.index(kind) - 1] if kind != "country" else None
        if kind == "region":
            row["parent"] = code[:2]
        elif above:
            row["parent"] = draw(st.sampled_from(CODES[above]))
        rows.append(row)
    for _ in range(draw(st.sampled_from([0, 0, 0, 1, 2]))):
        number = draw(st.integers(0, len(rows) - 1))
        bend = draw(st.sampled_from(["parent", "kind", "drop", "repeat"]))
        if bend == "parent":
            rows[number] = rows[number] | {"parent": draw(st.sampled_from(["", "nowhere", *ALL_CODES]))}
        elif bend == "kind":
            rows[number] = rows[number] | {"kind": draw(st.sampled_from(KINDS))}
        elif bend == "drop":
            del rows[number]
        else:
            rows.append(rows[number])
    return draw(st.permutations(rows))


def model_accepts(rows: list[dict[str, Any]]) -> bool:
    """Every code once, and from every place the parents lead to a country of ISO's, one level at a time."""
    by_code = {row["code"]: row for row in rows}
    if len(by_code) != len(rows):
        return False
    for row in rows:
        if row["kind"] == "region" and row.get("parent") != row["code"][:2]:
            return False
        if row["kind"] in ("country", "region") and row["code"] not in CODES[row["kind"]]:
            return False
        level, here = KINDS.index(row["kind"]), row
        while level:
            above = by_code.get(here.get("parent", ""))
            if above is None or above["kind"] != KINDS[level - 1]:
                return False
            level, here = level - 1, above
        if here.get("parent"):
            return False
    return True


@in_one_database
@given(rows=place_rows(), seed=st.randoms(use_true_random=False))
def test_a_document_is_a_tree_or_refused(db: None, rows: list[dict[str, Any]], seed: random.Random) -> None:
    expected = model_accepts(rows)
    with taken_back():
        assert is_loaded({"places": rows}) == expected
        assert Place.objects.count() == (len(rows) if expected else 0)
        if expected:
            # every village has exactly one path to a country, by the rows' own parents
            parents = {row["code"]: row.get("parent", "") for row in rows}
            for row in rows:
                chain = selectors.place_with_parents(row["code"])
                assert [place.kind for place in chain] == list(reversed(KINDS[: KINDS.index(row["kind"]) + 1]))
                assert [place.parent_code for place in chain] == [parents[place.code] for place in chain]
            # and neither a second load nor another order of rows writes anything
            seed.shuffle(rows)
            assert not load({"places": rows}).has_written


@in_one_database
@given(first=place_rows(), second=place_rows())
def test_a_second_document_moves_places_but_never_between_countries(
    db: None, first: list[dict[str, Any]], second: list[dict[str, Any]]
) -> None:
    def countries(rows: list[dict[str, Any]]) -> dict[str, tuple[str, str]]:
        by_code = {row["code"]: row for row in rows}
        found = {}
        for row in rows:
            here = row
            while here.get("parent"):
                here = by_code[here["parent"]]
            found[row["code"]] = (row["kind"], here["code"])
        return found

    if not (model_accepts(first) and model_accepts(second)):
        return
    before, after = countries(first), countries(second)
    expected = all(before.get(code, seat) == seat for code, seat in after.items())
    with taken_back():
        load({"places": first})
        rows = list(Place.objects.order_by("pk").values())
        assert is_loaded({"places": second}) == expected
        if not expected:
            assert list(Place.objects.order_by("pk").values()) == rows


PRODUCERS = ("a", "b", "c", "d", "e", "f")
PAIRS = st.tuples(st.sampled_from(PRODUCERS), st.sampled_from(PRODUCERS))


def has_circle(pairs: set[tuple[str, str]]) -> bool:
    def leads_back(start: str, here: str, seen: frozenset[str]) -> bool:
        below = [member for group, member in pairs if group == here and member not in seen]
        return start in [member for group, member in pairs if group == here] or any(
            leads_back(start, member, seen | {member}) for member in below
        )

    return any(leads_back(code, code, frozenset({code})) for code in PRODUCERS)


@pytest.fixture
def six_producers(registry: None) -> None:
    row = {"village": "KG-Y-barskoon", "language": "ky", "names": {"ky": "Ж"}}
    load({"producers": [row | {"code": code, "kind": "person" if code == "f" else "group"} for code in PRODUCERS]})


@in_one_database
@given(stored=st.lists(PAIRS, max_size=5, unique=True), added=st.lists(PAIRS, max_size=6))
def test_memberships_are_loaded_exactly_when_they_hold_no_circle(
    six_producers: None, stored: list[tuple[str, str]], added: list[tuple[str, str]]
) -> None:
    def document(pairs: list[tuple[str, str]]) -> dict[str, Any]:
        return {"memberships": [{"group": group, "member": member} for group, member in pairs]}

    def model(pairs: list[tuple[str, str]], known: set[tuple[str, str]]) -> bool:
        is_once = not pairs or max(Counter(pairs).values()) == 1
        return is_once and all(group != "f" for group, _ in pairs) and not has_circle(known | set(pairs))

    with taken_back():
        known: set[tuple[str, str]] = set()
        for pairs in (stored, added):
            expected = model(pairs, known)
            assert is_loaded(document(pairs)) == expected
            known |= set(pairs) if expected else set()
            assert set(Membership.objects.values_list("group__code", "member__code")) == known
        assert not load(document(sorted(known, reverse=True))).has_written


SHARES = st.sampled_from((0, 1, 4_999, 5_000, 5_001, 9_999, 10_000, 10_001))


def parts(codes: tuple[str, ...]) -> st.SearchStrategy[list[tuple[str, int]]]:
    return st.lists(st.tuples(st.sampled_from(codes), SHARES), max_size=3)


@in_one_database
@given(makers=parts(("m3", "boyan", "ak-kiyiz")), materials=parts(("wool", "felt")))
def test_shares_are_loaded_exactly_when_they_are_the_whole(
    registry: None, makers: list[tuple[str, int]], materials: list[tuple[str, int]]
) -> None:
    def is_whole(given_parts: list[tuple[str, int]]) -> bool:
        shares = dict(given_parts)
        is_once = len(shares) == len(given_parts)
        return not shares or (is_once and min(shares.values()) > 0 and sum(shares.values()) == 10_000)

    document = {
        "materials": [{"code": code, "names": {"en": code}} for code in ("wool", "felt")],
        "products": [
            {
                "slug": "wild-berry-jam",
                "village": "KG-Y-barskoon",
                "makers": [{"producer": code, "share": share} for code, share in makers],
                "materials": [{"material": code, "share": share} for code, share in materials],
            }
        ],
    }
    with taken_back():
        assert is_loaded(document) == (is_whole(makers) and is_whole(materials))
    assert Producer.objects.count() == 3
