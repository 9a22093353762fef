"""What the sections of one load share: the day, what was refused, what was changed."""

import datetime
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from django.db import connection

from ovop_origin.errors import NotAVillage, PlaceNotValid, UnknownPlace, UnknownProducer
from ovop_origin.models import Place, PlaceKind, Producer
from ovop_origin.records import SECTIONS, AnyRow, MembershipRow
from ovop_origin.rules import is_code
from ovop_origin.services.results import Change, LoadResult, Tally
from ovop_shared.errors import OvopError

ProductPks = Callable[[Collection[str]], Mapping[str, int]]
"""Slugs of products to their keys in the shop; what the shop does not have is left out."""

NAMED_PRODUCTS = 500
"""Of more changed products than these only that there were many is told."""


@dataclass(frozen=True, slots=True)
class KnownPlace:
    pk: int
    kind: str
    valid_from: datetime.date | None
    valid_until: datetime.date | None


@dataclass(slots=True)
class Load:
    """One load, chunk by chunk. Memory grows with what is refused, never with what is loaded."""

    today: datetime.date
    product_pks: ProductPks
    on_problem: Callable[[OvopError], None]
    on_change: Callable[[Change], None] | None = None
    problem_count: int = 0
    created: dict[str, int] = field(default_factory=dict)
    changed: dict[str, int] = field(default_factory=dict)
    rows: dict[str, int] = field(default_factory=dict)
    has_changed_beyond_products: bool = False
    changed_product_pks: set[int] = field(default_factory=set)
    _refused: dict[str, set[str]] = field(default_factory=lambda: {section: set() for section in SECTIONS})

    def refuse(self, section: str, key: str, row: AnyRow, problem: OvopError) -> None:
        """Tell what is wrong with a row: the section, and the value of the field unless the rule named it."""
        problem.params.setdefault("section", section)
        if problem.field is not None and "value" not in problem.params:
            value = getattr(row, problem.field, None)
            if isinstance(value, str | int | Decimal | datetime.date):
                problem.params["value"] = as_text(value)
        self.problem_count += 1
        self.skip(section, key)
        self.on_problem(problem)

    def skip(self, section: str, key: str) -> None:
        """Remember a row that is not written: rows that name it are not written either, and that is no new problem."""
        self._refused[section].add(key)

    def is_refused(self, section: str, key: str) -> bool:
        return key in self._refused[section]

    def has_refused(self, section: str, keys: Collection[str]) -> bool:
        refused = self._refused[section]
        return bool(refused) and any(key in refused for key in keys)

    def count(self, section: str, rows: int, created: int, changed: int) -> None:
        self.rows[section] = self.rows.get(section, 0) + rows
        self.created[section] = self.created.get(section, 0) + created
        self.changed[section] = self.changed.get(section, 0) + changed
        if (created or changed) and section not in ("products", "lots"):
            self.has_changed_beyond_products = True

    def touch(self, product_pk: int) -> None:
        """Remember a product that was changed, as long as they are few enough to be named."""
        if len(self.changed_product_pks) <= NAMED_PRODUCTS:
            self.changed_product_pks.add(product_pk)

    def tell(self, section: str, key: str, field_name: str, before: object, after: object) -> None:
        if self.on_change is not None:
            self.on_change(Change(section, key, field_name, as_text(before), as_text(after)))

    def result(self) -> LoadResult:
        tallies = {}
        for section in SECTIONS:
            created, changed = self.created.get(section, 0), self.changed.get(section, 0)
            tallies[section] = Tally(created, changed, self.rows.get(section, 0) - created - changed)
        return LoadResult(**tallies)


def as_text(value: object) -> str:
    """A field's value as the text of a file: nothing is empty, numbers are plain, days are ISO 8601."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return f"{value.normalize():f}" if value.is_finite() else str(value)
    return str(value)


def known_places(codes: Collection[str]) -> dict[str, KnownPlace]:
    """These places by code. One query, none without codes."""
    wanted = {code for code in codes if is_code(code)}
    if not wanted:
        return {}
    rows = Place.objects.filter(code__in=wanted).values_list("code", "pk", "kind", "valid_from", "valid_until")
    return {row[0]: KnownPlace(*row[1:]) for row in rows}


def check_reference(
    field_name: str,
    code: str,
    row: int | None,
    places: Mapping[str, KnownPlace],
    day: datetime.date | None,
    *,
    is_village: bool = True,
) -> None:
    """The place a row names is there, is a village, and is valid on the day; without a day it may be past.

    Raises UnknownPlace, NotAVillage, PlaceNotValid.
    """
    place = places.get(code)
    params = {"code": code, "value": code}
    if place is None:
        raise UnknownPlace(f"There is no place {code!r}.", field=field_name, row=row, params=params)
    if is_village and place.kind != PlaceKind.VILLAGE:
        raise NotAVillage(f"{code} is a {place.kind}.", field=field_name, row=row, params=params)
    if day is None:
        return
    if (place.valid_from and day < place.valid_from) or (place.valid_until and day > place.valid_until):
        raise PlaceNotValid(f"{code} is not valid on {day}.", field=field_name, row=row, params=params)


def producer_ids(codes: Collection[str]) -> dict[str, int]:
    """Code -> pk of these producers. One query, none without codes."""
    wanted = [code for code in codes if is_code(code)]
    return dict(Producer.objects.filter(code__in=wanted).values_list("code", "pk")) if wanted else {}


def groups_above(codes: Collection[str]) -> dict[str, list[MembershipRow]]:
    """Member -> its memberships, for these producers, their groups, the groups of these, and so on. One query.

    None without codes.
    """
    wanted = [code for code in codes if is_code(code)]
    above: dict[str, list[MembershipRow]] = {}
    if not wanted:
        return above
    with connection.cursor() as cursor:
        cursor.execute(
            """
            WITH RECURSIVE above (member_id, group_id, since, until) AS (
                SELECT m.member_id, m.group_id, m.since, m.until FROM ovop_origin_membership m
                    JOIN ovop_origin_producer p ON p.id = m.member_id WHERE p.code = ANY(%s)
                UNION
                SELECT m.member_id, m.group_id, m.since, m.until FROM ovop_origin_membership m
                    JOIN above ON above.group_id = m.member_id
            )
            SELECT g.code, p.code, above.since, above.until FROM above
                JOIN ovop_origin_producer g ON g.id = above.group_id
                JOIN ovop_origin_producer p ON p.id = above.member_id
            """,
            [wanted],
        )
        for row in cursor.fetchall():
            membership = MembershipRow(*row)
            above.setdefault(membership.member, []).append(membership)
    return above


def unknown_producer(field_name: str, code: str, row: int | None) -> UnknownProducer:
    return UnknownProducer(
        f"There is no producer {code!r}.", field=field_name, row=row, params={"producer": code, "value": code}
    )
