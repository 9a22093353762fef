"""Materials: each may come from a place of any kind."""

from collections.abc import Sequence
from typing import Any

from ovop_origin.models import Material, MaterialName
from ovop_origin.records import MaterialRow
from ovop_origin.rules import check_material, is_code
from ovop_origin.services.load import KnownPlace, Load, check_reference, known_places
from ovop_origin.services.sections.base import Section
from ovop_origin.services.writing import PartTable, differences, upsert

_NAMES = PartTable(MaterialName, "material_id", "language", ("text",))


class Materials(Section[MaterialRow]):
    name = "materials"
    tables = (Material, MaterialName)

    def __init__(self, load: Load) -> None:
        super().__init__(load)
        self._pks: dict[str, int] = {}
        self._stored: dict[str, dict[str, Any]] = {}
        self._places: dict[str, KnownPlace] = {}

    @staticmethod
    def key(row: MaterialRow) -> str:
        return row.code

    def read(self, rows: Sequence[MaterialRow]) -> None:
        """Two queries."""
        codes = {row.code for row in rows if is_code(row.code)}
        self._pks, self._stored = {}, {}
        for code, pk, place in Material.objects.filter(code__in=codes).values_list("code", "pk", "place__code"):
            self._pks[code] = pk
            self._stored[code] = {"place": place or ""}
        self._places = known_places({row.place for row in rows})

    def check(self, row: MaterialRow) -> MaterialRow | None:
        row = check_material(row)
        if self.load.is_refused("places", row.place):
            return None
        if row.place:
            is_kept = row.code in self._stored and self._stored[row.code]["place"] == row.place
            day = None if is_kept else self.load.today
            check_reference("place", row.place, row.row, self._places, day, is_village=False)
        return row

    def write(self, rows: Sequence[MaterialRow]) -> None:
        """At most four queries."""
        created, changed, written = set(), set(), []
        for row in rows:
            difference = self.compare(row.code, self._stored.get(row.code), {"place": row.place})
            if difference is None:
                created.add(row.code)
            elif difference:
                changed.add(row.code)
            if difference is not False:
                written.append(Material(code=row.code, place_id=self._places[row.place].pk if row.place else None))
        upsert(written, ("code",), ("place",))
        self._pks |= {material.code: material.pk for material in written}
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
