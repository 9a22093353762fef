"""Lots: what was made of a product at one time, and the units accepted from each maker."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from ovop_origin.errors import NotAMaker, OriginMissing
from ovop_origin.models import Lot, LotContribution, Maker, ProductOrigin
from ovop_origin.records import LotRow, MembershipRow
from ovop_origin.rules import check_lot, is_member, is_storable
from ovop_origin.services.load import (
    KnownPlace,
    Load,
    check_reference,
    groups_above,
    known_places,
    producer_ids,
    unknown_producer,
)
from ovop_origin.services.sections.base import Section
from ovop_origin.services.writing import PartTable, differences, upsert
from ovop_shared.catalogue import UnknownProduct

_CONTRIBUTIONS = PartTable(LotContribution, "lot_id", "producer_id", ("quantity",), "producer__code")


class Lots(Section[LotRow]):
    name = "lots"
    tables = (Lot, LotContribution)

    def __init__(self, load: Load) -> None:
        super().__init__(load)
        self._product_pks: Mapping[str, int] = {}
        self._origins: dict[int, tuple[int, str]] = {}
        self._pks: dict[str, int] = {}
        self._stored: dict[str, dict[str, Any]] = {}
        self._places: dict[str, KnownPlace] = {}
        self._producer_ids: dict[str, int] = {}
        self._makers: dict[int, set[str]] = {}
        self._contributors: dict[int, set[str]] = {}
        self._groups: dict[str, list[MembershipRow]] = {}

    @staticmethod
    def key(row: LotRow) -> str:
        return f"{row.product}/{row.code}"

    def read(self, rows: Sequence[LotRow]) -> None:
        """Four queries and the shop's, three more where units were accepted from somebody."""
        self._product_pks = self.load.product_pks({row.product for row in rows if is_storable(row.product)})
        slugs = {product_pk: slug for slug, product_pk in self._product_pks.items()}
        origins = ProductOrigin.objects.filter(product_pk__in=slugs)
        self._origins = {
            product_pk: (pk, village)
            for product_pk, pk, village in origins.values_list("product_pk", "pk", "village__code")
        }
        lots = Lot.objects.filter(
            origin__in=[pk for pk, _ in self._origins.values()],
            code__in={row.code for row in rows if is_storable(row.code)},
        )
        self._pks, self._stored = {}, {}
        for product_pk, code, pk, village, made_on in lots.values_list(
            "origin__product_pk", "code", "pk", "village__code", "made_on"
        ):
            key = f"{slugs[product_pk]}/{code}"
            self._pks[key] = pk
            self._stored[key] = {"village": village, "made_on": made_on}
        villages = {row.village for row in rows} | {village for _, village in self._origins.values()}
        self._places = known_places(villages | {stored["village"] for stored in self._stored.values()})
        contributors = {each.producer for row in rows for each in row.contributions}
        self._producer_ids = producer_ids(contributors)
        self._read_makers(contributors)

    def _read_makers(self, contributors: set[str]) -> None:
        self._makers, self._contributors, self._groups = {}, {}, groups_above(contributors)
        if not contributors:
            return
        makers = Maker.objects.filter(origin__in=[pk for pk, _ in self._origins.values()])
        for origin, code in makers.values_list("origin", "producer__code"):
            self._makers.setdefault(origin, set()).add(code)
        stored = LotContribution.objects.filter(lot__in=self._pks.values())
        for lot, code in stored.values_list("lot", "producer__code"):
            self._contributors.setdefault(lot, set()).add(code)

    def check(self, row: LotRow) -> LotRow | None:
        row = check_lot(row, self.load.today)
        if (
            self.load.is_refused("products", row.product)
            or self.load.is_refused("places", row.village)
            or self.load.has_refused("producers", [each.producer for each in row.contributions])
        ):
            return None
        product_pk = self._product_pks.get(row.product)
        if product_pk is None:
            raise UnknownProduct(
                f"The shop has no product {row.product!r}.", field="product", row=row.row, params={"slug": row.product}
            )
        if product_pk not in self._origins:
            raise OriginMissing(f"Nothing says where {row.product} comes from.", field="product", row=row.row)
        for each in row.contributions:
            if each.producer not in self._producer_ids:
                raise unknown_producer("contributions", each.producer, row.row)
        self._check_contributors(row, self._origins[product_pk][0])
        stored = self._stored.get(self.key(row))
        # A lot stays where it was made when its product moves.
        village = row.village or (stored["village"] if stored else self._origins[product_pk][1])
        is_kept = stored is not None and stored == {"village": village, "made_on": row.made_on}
        check_reference("village", village, row.row, self._places, None if is_kept else row.made_on)
        return replace(row, village=village)

    def _check_contributors(self, row: LotRow, origin: int) -> None:
        """Makers of the product, members of one on the day, and whoever the lot named before the makers changed.

        Where nobody is named as the product's maker, anybody may have made the lot. Raises NotAMaker.
        """
        makers = self._makers.get(origin, set())
        before = self._contributors.get(self._pks.get(self.key(row), 0), set())
        for each in row.contributions if makers else ():
            if each.producer not in before and not is_member(each.producer, makers, row.made_on, self._groups):
                raise NotAMaker(
                    f"{each.producer} is no maker of {row.product}, and on {row.made_on} was no member of one.",
                    field="contributions",
                    row=row.row,
                    params={"producer": each.producer, "value": each.producer},
                )

    def write(self, rows: Sequence[LotRow]) -> None:
        """At most four queries."""
        created, changed, written = set(), set(), {}
        for row in rows:
            key = self.key(row)
            difference = self.compare(key, self._stored.get(key), {"village": row.village, "made_on": row.made_on})
            if difference is None:
                created.add(key)
            elif difference:
                changed.add(key)
            if difference is not False:
                written[key] = Lot(
                    origin_id=self._origins[self._product_pks[row.product]][0],
                    code=row.code,
                    village_id=self._places[row.village].pk,
                    made_on=row.made_on,
                )
        upsert(written.values(), ("origin", "code"), ("village", "made_on"))
        self._pks |= {key: lot.pk for key, lot in written.items()}
        before = _CONTRIBUTIONS.stored([self._pks[self.key(row)] for row in rows if self.key(row) not in created])
        after = {}
        for row in rows:
            key = self.key(row)
            pk = self._pks[key]
            after[pk] = {each.producer: (each.quantity,) for each in row.contributions}
            if key not in created and differences(
                before.get(pk, {}),
                after[pk],
                lambda *difference, key=key: self.tell_part(key, "contribution", *difference),
            ):
                changed.add(key)
        _CONTRIBUTIONS.write(before, after, self._producer_ids)
        for row in rows:
            if self.key(row) in created | changed:
                self.load.touch(self._product_pks[row.product])
        self.load.count(self.name, len(rows), len(created), len(changed))
