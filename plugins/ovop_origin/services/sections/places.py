"""Places: from the countries down, each below one that is there already."""

from collections.abc import Sequence
from typing import Any

from ovop_origin.errors import ClassifierMismatch, UnknownPlace, WrongParent
from ovop_origin.models import Place, PlaceName
from ovop_origin.records import PlaceRow
from ovop_origin.rules import PARENT_KIND, PlaceSeat, check_place, is_code, place_seat
from ovop_origin.services.load import Load
from ovop_origin.services.sections.base import Section, joined
from ovop_origin.services.writing import PartTable, differences, upsert

_NAMES = PartTable(PlaceName, "place_id", "language", ("text", "is_official"))
_COLUMNS = {
    "parent": "parent__code",
    "code_scheme": "code_scheme",
    "latitude": "latitude",
    "longitude": "longitude",
    "valid_from": "valid_from",
    "valid_until": "valid_until",
    "classifier_scheme": "classifier_scheme",
    "classifier_code": "classifier_code",
}
_UPDATED = ("parent", *(column for column in _COLUMNS if column != "parent"))
_CHUNK = 1_000

Number = tuple[str, str]
"""A classifier's scheme and a number in it."""


class Places(Section[PlaceRow]):
    name = "places"
    tables = (Place, PlaceName)

    def __init__(self, load: Load) -> None:
        super().__init__(load)
        # Rows whose parent nobody has named yet: it may still stand in the document as a place of a lower kind.
        self._orphans: dict[str, list[PlaceRow]] = {}
        # Numbers that another place still holds: it may still give them up.
        self._waiting: list[tuple[PlaceRow, int]] = []
        self._pks: dict[str, int] = {}
        self._stored: dict[str, dict[str, Any]] = {}
        self._seats: dict[str, PlaceSeat] = {}

    @staticmethod
    def key(row: PlaceRow) -> str:
        return row.code

    def read(self, rows: Sequence[PlaceRow]) -> None:
        """One query."""
        codes = {code for row in rows for code in (row.code, row.parent) if is_code(code)}
        found = Place.objects.filter(code__in=codes).values_list(
            "code", "pk", "kind", "country_code", *_COLUMNS.values()
        )
        self._pks, self._stored, self._seats = {}, {}, {}
        for code, pk, kind, country_code, *values in found:
            self._pks[code] = pk
            self._stored[code] = dict(zip(_COLUMNS, values, strict=True)) | {"parent": values[0] or ""}
            self._seats[code] = PlaceSeat(kind, country_code)

    def take(self, rows: Sequence[PlaceRow]) -> None:
        super().take(rows)
        for row in rows:
            for orphan in self._orphans.pop(row.code, ()):
                self._refuse_orphan(orphan, row.kind)

    def check(self, row: PlaceRow) -> PlaceRow | None:
        row = check_place(row)
        if self.load.is_refused(self.name, row.parent):
            return None
        try:
            self._seats[row.code] = place_seat(row, self._seats)
        except UnknownPlace:
            self._orphans.setdefault(row.parent, []).append(row)
            return None
        return row

    def write(self, rows: Sequence[PlaceRow]) -> None:
        """At most nine queries: numbers given up, each level of the tree from the top, and the names."""
        values = {row.code: {column: getattr(row, column) for column in _COLUMNS} for row in rows}
        written = self._written_numbers(rows)
        created, changed = set(), set()
        levels: dict[str, list[PlaceRow]] = {kind: [] for kind in PARENT_KIND}
        for row in rows:
            difference = self.compare(row.code, self._stored.get(row.code), values[row.code])
            if difference is None:
                created.add(row.code)
            elif difference:
                changed.add(row.code)
            if difference is not False:
                levels[row.kind].append(row)
        for level in levels.values():
            places = [self._place(row, written[row.code]) for row in level]
            upsert(places, ("code",), _UPDATED)
            self._pks |= {place.code: place.pk for place in places}
        names_changed = self._write_names(rows, created)
        self._waiting += [
            (row, self._pks[row.code])
            for row in rows
            if written[row.code] != (row.classifier_scheme, row.classifier_code)
        ]
        self.load.count(self.name, len(rows), len(created), len((changed | names_changed) - created))

    def finish(self) -> None:
        for orphans in self._orphans.values():
            for orphan in orphans:
                self._refuse_orphan(orphan, None)
        self._orphans = {}
        for start in range(0, len(self._waiting), _CHUNK):
            self._write_waiting(self._waiting[start : start + _CHUNK])
        self._waiting = []

    def _refuse_orphan(self, row: PlaceRow, parent_kind: str | None) -> None:
        params = {"code": row.parent, "value": row.parent}
        problem = (
            UnknownPlace(f"There is no place {row.parent!r}.", field="parent", row=row.row, params=params)
            if parent_kind is None
            else WrongParent(
                f"A {row.kind} lies in a {PARENT_KIND[row.kind]}; {row.parent} is a {parent_kind}.",
                field="parent",
                row=row.row,
                params=params,
            )
        )
        self.load.refuse(self.name, row.code, row, problem)

    def _written_numbers(self, rows: Sequence[PlaceRow]) -> dict[str, Number]:
        """The number each place is written with now: none where another place holds the one it is to have.

        What the rows give up is given up first, so that within a chunk numbers may change places.
        """
        wanted = {row.code: (row.classifier_scheme, row.classifier_code) for row in rows}
        stored = {code: (each["classifier_scheme"], each["classifier_code"]) for code, each in self._stored.items()}
        moving = {code: number for code, number in wanted.items() if number != stored.get(code, ("", ""))}
        if not moving:
            return wanted
        leaving = [self._pks[code] for code in moving if code in stored and stored[code] != ("", "")]
        if leaving:
            Place.objects.filter(pk__in=leaving).update(classifier_scheme="", classifier_code="")
        held = set(_holders([number for number in moving.values() if number != ("", "")]))
        for code, number in moving.items():
            if number == ("", ""):
                continue
            if number in held:
                wanted[code] = ("", "")
            held.add(number)
        return wanted

    def _write_waiting(self, waiting: Sequence[tuple[PlaceRow, int]]) -> None:
        holders = _holders([(row.classifier_scheme, row.classifier_code) for row, _ in waiting])
        freed = []
        for row, pk in waiting:
            number = (row.classifier_scheme, row.classifier_code)
            holder = holders.get(number)
            if holder is None:
                holders[number] = row.code
                freed.append(Place(pk=pk, classifier_scheme=number[0], classifier_code=number[1]))
            elif not self.load.is_refused(self.name, holder):
                problem = ClassifierMismatch(
                    f"{number[1]} is the number of {holder}.",
                    field="classifier_code",
                    row=row.row,
                    params={"value": number[1], "code": holder},
                )
                self.load.refuse(self.name, row.code, row, problem)
        if freed:
            Place.objects.bulk_update(freed, ("classifier_scheme", "classifier_code"))

    def _write_names(self, rows: Sequence[PlaceRow], created: set[str]) -> set[str]:
        before = _NAMES.stored([self._pks[row.code] for row in rows if row.code not in created])
        after = {}
        changed = set()
        for row in rows:
            pk = self._pks[row.code]
            after[pk] = {tag: (text, tag in row.official) for tag, text in row.names.items()}
            stored = before.get(pk, {})
            if row.code in created or not differences(stored, after[pk]):
                continue
            changed.add(row.code)
            texts = {tag: (part.values[0],) for tag, part in stored.items()}
            for tag in sorted(texts.keys() | row.names.keys()):
                old, new = texts.get(tag, ("",))[0], row.names.get(tag, "")
                if old != new:
                    self.tell_part(row.code, "name", tag, old, new)
            official = {tag for tag, part in stored.items() if part.values[1]}
            if official != set(row.official):
                self.load.tell(self.name, row.code, "official", joined(official), joined(row.official))
        _NAMES.write(before, after)
        return changed

    def _place(self, row: PlaceRow, number: Number) -> Place:
        return Place(
            kind=row.kind,
            parent_id=self._pks[row.parent] if row.parent else None,
            code=row.code,
            code_scheme=row.code_scheme,
            country_code=self._seats[row.code].country_code,
            latitude=row.latitude,
            longitude=row.longitude,
            valid_from=row.valid_from,
            valid_until=row.valid_until,
            classifier_scheme=number[0],
            classifier_code=number[1],
        )


def _holders(numbers: Sequence[Number]) -> dict[Number, str]:
    """Number -> the code of the place that has it. One query, none without numbers."""
    if not numbers:
        return {}
    rows = Place.objects.filter(
        classifier_scheme__in={scheme for scheme, _ in numbers}, classifier_code__in={code for _, code in numbers}
    )
    found = {
        (scheme, number): code
        for scheme, number, code in rows.values_list("classifier_scheme", "classifier_code", "code")
    }
    return {number: found[number] for number in numbers if number in found}
