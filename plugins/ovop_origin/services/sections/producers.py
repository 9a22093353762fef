"""Producers: each works in a village."""

from collections.abc import Sequence
from typing import Any

from ovop_origin.errors import WrongMember
from ovop_origin.models import Membership, Producer, ProducerKind, ProducerName
from ovop_origin.records import ProducerRow
from ovop_origin.rules import check_producer, is_code
from ovop_origin.services.load import KnownPlace, Load, check_reference, known_places
from ovop_origin.services.sections.base import Section
from ovop_origin.services.writing import PartTable, differences, upsert

_NAMES = PartTable(ProducerName, "producer_id", "language", ("text",))
_COLUMNS = {
    "kind": "kind",
    "village": "place__code",
    "status": "status",
    "language": "language",
    "saleor_user_id": "saleor_user_id",
    "is_name_public": "is_name_public",
    "stage": "stage",
    "phone": "phone",
    "email": "email",
    "is_women_led": "is_women_led",
    "is_youth_led": "is_youth_led",
    "is_disability_led": "is_disability_led",
    "flags_consented_on": "flags_consented_on",
}
_PLAIN = tuple(column for column in _COLUMNS if column != "village")


class Producers(Section[ProducerRow]):
    name = "producers"
    tables = (Producer, ProducerName)

    def __init__(self, load: Load) -> None:
        super().__init__(load)
        self._pks: dict[str, int] = {}
        self._stored: dict[str, dict[str, Any]] = {}
        self._places: dict[str, KnownPlace] = {}
        self._with_members: set[str] = set()

    @staticmethod
    def key(row: ProducerRow) -> str:
        return row.code

    def read(self, rows: Sequence[ProducerRow]) -> None:
        """Two queries, and one when a group becomes a person."""
        codes = {row.code for row in rows if is_code(row.code)}
        found = Producer.objects.filter(code__in=codes).values_list("code", "pk", *_COLUMNS.values())
        self._pks, self._stored = {}, {}
        for code, pk, *values in found:
            self._pks[code] = pk
            self._stored[code] = dict(zip(_COLUMNS, values, strict=True))
        self._places = known_places({row.village for row in rows})
        becoming_persons = [
            row.code
            for row in rows
            if row.kind == ProducerKind.PERSON and self._stored.get(row.code, {"kind": row.kind})["kind"] != row.kind
        ]
        self._with_members = set()
        if becoming_persons:
            groups = Membership.objects.filter(group__code__in=becoming_persons)
            self._with_members = set(groups.values_list("group__code", flat=True))

    def check(self, row: ProducerRow) -> ProducerRow | None:
        row = check_producer(row, self.load.today)
        if row.code in self._with_members and row.kind == ProducerKind.PERSON:
            raise WrongMember(f"{row.code} has members, and a person has none.", field="kind", row=row.row)
        if self.load.is_refused("places", row.village):
            return None
        is_kept = row.code in self._stored and self._stored[row.code]["village"] == row.village
        check_reference("village", row.village, row.row, self._places, None if is_kept else self.load.today)
        return row

    def write(self, rows: Sequence[ProducerRow]) -> None:
        """At most four queries."""
        created, changed, written = set(), set(), []
        for row in rows:
            values = {column: getattr(row, column) for column in _COLUMNS}
            difference = self.compare(row.code, self._stored.get(row.code), values)
            if difference is None:
                created.add(row.code)
            elif difference:
                changed.add(row.code)
            if difference is not False:
                plain = {column: values[column] for column in _PLAIN}
                written.append(Producer(code=row.code, place_id=self._places[row.village].pk, **plain))
        upsert(written, ("code",), ("place", *_PLAIN))
        self._pks |= {producer.code: producer.pk for producer in written}
        before = _NAMES.stored([self._pks[row.code] for row in rows if row.code not in created])
        after = {}
        for row in rows:
            pk = self._pks[row.code]
            after[pk] = {tag: (text,) for tag, text in row.names.items()}
            if row.code not in created and differences(
                before.get(pk, {}),
                after[pk],
                lambda *difference, code=row.code: self.tell_part(code, "name", *difference),
            ):
                changed.add(row.code)
        _NAMES.write(before, after)
        self.load.count(self.name, len(rows), len(created), len(changed))
