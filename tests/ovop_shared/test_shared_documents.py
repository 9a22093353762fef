"""The reader of registry documents: each kind of field, what it takes and what it refuses, and where it says so."""

import datetime
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from ovop_shared.documents import Document, Fields
from ovop_shared.errors import InvalidDocument, RegistryRefused


def fields(**values: Any) -> Fields:
    return Fields("places", 3, values)


Take = Callable[[Fields], object]


@pytest.mark.parametrize(
    ("value", "take", "taken"),
    [
        ("x", lambda f: f.take("it", str), "x"),
        (None, lambda f: f.take("it", str, "y"), "y"),
        (True, lambda f: f.take("it", bool, False), True),
        (" x ", lambda f: f.take_code("it"), "x"),
        ("a", lambda f: f.take_choice("it", ["a", "b"]), "a"),
        (None, lambda f: f.take_choice("it", ["a", "b"], "b"), "b"),
        (["a", "b", "a"], lambda f: f.take_set("it"), frozenset({"a", "b"})),
        (None, lambda f: f.take_set("it"), frozenset()),
        ("42.5", lambda f: f.take_decimal("it"), Decimal("42.5")),
        (42.5, lambda f: f.take_decimal("it"), Decimal("42.5")),
        (None, lambda f: f.take_decimal("it"), None),
        ("2025-01-31", lambda f: f.take_date("it"), datetime.date(2025, 1, 31)),
        (None, lambda f: f.take_date("it"), None),
        (
            "2025-01-31T12:00:00Z",
            lambda f: f.need_moment("it"),
            datetime.datetime(2025, 1, 31, 12, tzinfo=datetime.UTC),
        ),
    ],
)
def test_a_field_is_taken_as_what_it_is(value: object, take: Take, taken: object) -> None:
    row = fields(it=value)

    assert take(row) == taken
    row.finish()


@pytest.mark.parametrize(
    ("value", "take"),
    [
        (None, lambda f: f.take("it", str)),
        (1, lambda f: f.take("it", str)),
        (True, lambda f: f.take("it", int)),
        (1, lambda f: f.take("it", bool)),
        (" ", lambda f: f.take_code("it")),
        ("x" * 65, lambda f: f.take_code("it")),
        ("c", lambda f: f.take_choice("it", ["a", "b"])),
        (["a", ""], lambda f: f.take_set("it")),
        (["a", 1], lambda f: f.take_set("it")),
        ("1.0000001", lambda f: f.take_decimal("it")),
        ("Infinity", lambda f: f.take_decimal("it")),
        (True, lambda f: f.take_decimal("it")),
        ("", lambda f: f.take_date("it")),
        ("31.01.2025", lambda f: f.take_date("it")),
        (None, lambda f: f.need_date("it")),
        ("2025-01-31T12:00:00", lambda f: f.need_moment("it")),
        ("noon", lambda f: f.need_moment("it")),
    ],
)
def test_a_field_that_is_something_else_is_refused_with_its_place(value: object, take: Take) -> None:
    with pytest.raises(InvalidDocument) as refusal:
        take(fields(it=value))

    refused = refusal.value
    assert (refused.code, refused.params, refused.row, refused.field) == (
        "invalid_document",
        {"section": "places"},
        3,
        "it",
    )


def test_names_may_be_absent_where_they_are_not_needed() -> None:
    assert fields(names={"ky": " Бал "}).take_names() == fields(names={"ky": "Бал"}).need_names() == {"ky": "Бал"}
    assert fields().take_names() == {}
    for names in (None, {}, {"ky": 1}, "Бал"):
        with pytest.raises(InvalidDocument) as refusal:
            fields(names=names).need_names()
        assert refusal.value.field == "names"


def test_what_nobody_took_is_refused() -> None:
    row = fields(code="x", colour="red", age=3)
    row.take_code("code")

    with pytest.raises(InvalidDocument) as refusal:
        row.finish()

    assert refusal.value.field == "age"


@pytest.mark.parametrize("document", [None, [], "text", {}, {"version": 2}, {"version": "1"}, {"version": True}])
def test_what_is_no_document_of_this_version_is_refused_at_once(document: object) -> None:
    with pytest.raises(InvalidDocument):
        Document(document, 1)


def test_every_row_that_cannot_be_read_is_told_at_the_end() -> None:
    document = Document({"version": 1, "a": [{"code": "x"}, {}, 7], "b": [{"code": "y", "more": 1}]}, 1)

    rows = [document.rows(section, lambda row: row.take_code("code")) for section in ("a", "b", "c")]

    assert rows == [("x",), (), ()]
    with pytest.raises(RegistryRefused) as refusal:
        document.finish()
    told = [(each.params["section"], each.row, each.field) for each in refusal.value.problems]
    assert told == [("a", 2, "code"), ("a", 3, None), ("b", 1, "more")]


def test_a_section_that_nobody_took_is_refused_before_any_row() -> None:
    document = Document({"version": 1, "a": [7], "people": []}, 1)
    document.rows("a", lambda row: row.take_code("code"))

    with pytest.raises(InvalidDocument) as refusal:
        document.finish()

    assert (refusal.value.field, refusal.value.row) == ("people", None)
