"""Products: the village each comes from, who made it and what of, its stories, and the numbers it is traded under."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from ovop_origin.errors import GtinTaken, UnknownMaterial
from ovop_origin.models import Maker, Material, ProductGtin, ProductMaterial, ProductOrigin, ProductStory
from ovop_origin.records import ProductRow
from ovop_origin.rules import check_product, is_code, is_storable
from ovop_origin.services.load import KnownPlace, Load, check_reference, known_places, producer_ids, unknown_producer
from ovop_origin.services.sections.base import Section, joined
from ovop_origin.services.writing import Parts, PartTable, differences, upsert
from ovop_shared.catalogue import UnknownProduct

_MAKERS = PartTable(Maker, "origin_id", "producer_id", ("share",), "producer__code")
_MATERIALS = PartTable(ProductMaterial, "origin_id", "material_id", ("share",), "material__code")
_STORIES = PartTable(ProductStory, "origin_id", "language", ("text",))
_GTINS = PartTable(ProductGtin, "origin_id", "gtin", ())
_CHUNK = 1_000

_Wish = tuple[ProductRow, int, int, str]
"""A row, the keys of its product and of its origin, and a GTIN."""


class Products(Section[ProductRow]):
    name = "products"
    tables = (ProductOrigin, Maker, ProductMaterial, ProductGtin)

    def __init__(self, load: Load) -> None:
        super().__init__(load)
        # GTINs that another product still has: it may still give them up.
        self._waiting: list[_Wish] = []
        self._refused_pks: set[int] = set()
        self._product_pks: Mapping[str, int] = {}
        self._origin_ids: dict[int, int] = {}
        self._stored: dict[int, dict[str, Any]] = {}
        self._places: dict[str, KnownPlace] = {}
        self._producer_ids: dict[str, int] = {}
        self._material_ids: dict[str, int] = {}

    @staticmethod
    def key(row: ProductRow) -> str:
        return row.slug

    def read(self, rows: Sequence[ProductRow]) -> None:
        """Four queries and the shop's."""
        self._product_pks = self.load.product_pks({row.slug for row in rows if is_storable(row.slug)})
        found = ProductOrigin.objects.filter(product_pk__in=self._product_pks.values())
        self._origin_ids, self._stored = {}, {}
        for pk, product_pk, village in found.values_list("pk", "product_pk", "village__code"):
            self._origin_ids[product_pk] = pk
            self._stored[product_pk] = {"village": village}
        self._places = known_places({row.village for row in rows})
        self._producer_ids = producer_ids({maker.producer for row in rows for maker in row.makers})
        materials = {each.material for row in rows for each in row.materials if is_code(each.material)}
        self._material_ids = (
            dict(Material.objects.filter(code__in=materials).values_list("code", "pk")) if materials else {}
        )

    def check(self, row: ProductRow) -> ProductRow | None:
        if row.slug not in self._product_pks:
            raise UnknownProduct(
                f"The shop has no product {row.slug!r}.", field="slug", row=row.row, params={"slug": row.slug}
            )
        row = check_product(row)
        if (
            self.load.is_refused("places", row.village)
            or self.load.has_refused("producers", [maker.producer for maker in row.makers])
            or self.load.has_refused("materials", [each.material for each in row.materials])
        ):
            return None
        for maker in row.makers:
            if maker.producer not in self._producer_ids:
                raise unknown_producer("makers", maker.producer, row.row)
        for each in row.materials:
            if each.material not in self._material_ids:
                raise UnknownMaterial(
                    f"There is no material {each.material!r}.",
                    field="materials",
                    row=row.row,
                    params={"material": each.material, "value": each.material},
                )
        product_pk = self._product_pks[row.slug]
        is_kept = product_pk in self._stored and self._stored[product_pk]["village"] == row.village
        check_reference("village", row.village, row.row, self._places, None if is_kept else self.load.today)
        return row

    def write(self, rows: Sequence[ProductRow]) -> None:
        """At most fourteen queries."""
        created, changed, written = set(), set(), []
        for row in rows:
            product_pk = self._product_pks[row.slug]
            difference = self.compare(row.slug, self._stored.get(product_pk), {"village": row.village})
            if difference is None:
                created.add(product_pk)
            elif difference:
                changed.add(product_pk)
            if difference is not False:
                written.append(ProductOrigin(product_pk=product_pk, village_id=self._places[row.village].pk))
        upsert(written, ("product_pk",), ("village",))
        self._origin_ids |= {origin.product_pk: origin.pk for origin in written}
        known = [self._origin_ids[self._product_pks[row.slug]] for row in rows]
        known = [pk for pk, row in zip(known, rows, strict=True) if self._product_pks[row.slug] not in created]

        parts: dict[int, Parts]
        for table, prefix, parts_of, ids in (
            (_MAKERS, "maker", _maker_parts, self._producer_ids),
            (_STORIES, "story", _story_parts, None),
            (_MATERIALS, "material", _material_parts, self._material_ids),
        ):
            before = table.stored(known)
            parts = {}
            for row in rows:
                product_pk = self._product_pks[row.slug]
                origin_id = self._origin_ids[product_pk]
                parts[origin_id] = parts_of(row)
                if product_pk not in created and differences(
                    before.get(origin_id, {}),
                    parts[origin_id],
                    lambda *difference, slug=row.slug, prefix=prefix: self.tell_part(slug, prefix, *difference),
                ):
                    changed.add(product_pk)
            table.write(before, parts, ids)
        changed |= self._write_gtins(rows, known, created)

        for product_pk in created | changed:
            self.load.touch(product_pk)
        self.load.count(self.name, len(rows), len(created), len(changed))

    def take(self, rows: Sequence[ProductRow]) -> None:
        super().take(rows)
        slugs = (row.slug for row in rows if self.load.is_refused(self.name, row.slug))
        self._refused_pks |= {self._product_pks[slug] for slug in slugs if slug in self._product_pks}

    def finish(self) -> None:
        """A number that its holder has not given up by now is taken."""
        for start in range(0, len(self._waiting), _CHUNK):
            waiting = self._waiting[start : start + _CHUNK]
            holders = _holders({gtin for *_, gtin in waiting})
            freed = []
            for row, product_pk, origin_id, gtin in waiting:
                holder = holders.get(gtin)
                if holder is None:
                    holders[gtin] = product_pk
                    freed.append(ProductGtin(origin_id=origin_id, gtin=gtin))
                elif holder not in self._refused_pks and not self.load.is_refused(self.name, row.slug):
                    problem = GtinTaken(
                        f"{gtin} is another product's.", field="gtins", row=row.row, params={"value": gtin}
                    )
                    self.load.refuse(self.name, row.slug, row, problem)
            ProductGtin.objects.bulk_create(freed)
        self._waiting = []

    def _write_gtins(self, rows: Sequence[ProductRow], known: Sequence[int], created: set[int]) -> set[int]:
        """The products whose numbers changed. What another product still has is asked for again at the end."""
        before = _GTINS.stored(known)
        changed, gone, new = set(), [], []
        for row in rows:
            product_pk = self._product_pks[row.slug]
            origin_id = self._origin_ids[product_pk]
            stored = before.get(origin_id, {})
            if product_pk not in created and stored.keys() != set(row.gtins):
                changed.add(product_pk)
                self.load.tell(self.name, row.slug, "gtins", joined(stored), joined(row.gtins))
            gone += [part.pk for gtin, part in stored.items() if gtin not in row.gtins]
            new += [(row, product_pk, origin_id, gtin) for gtin in row.gtins if gtin not in stored]
        if gone:
            ProductGtin.objects.filter(pk__in=gone).delete()
        holders = _holders({gtin for *_, gtin in new})
        free = []
        for row, product_pk, origin_id, gtin in new:
            if gtin in holders:
                self._waiting.append((row, product_pk, origin_id, gtin))
            else:
                holders[gtin] = product_pk
                free.append(ProductGtin(origin_id=origin_id, gtin=gtin))
        ProductGtin.objects.bulk_create(free)
        return changed


def _maker_parts(row: ProductRow) -> Parts:
    return {maker.producer: (maker.share,) for maker in row.makers}


def _story_parts(row: ProductRow) -> Parts:
    return {tag: (text,) for tag, text in row.stories.items()}


def _material_parts(row: ProductRow) -> Parts:
    return {each.material: (each.share,) for each in row.materials}


def _holders(gtins: Collection[str]) -> dict[str, int]:
    """GTIN -> the key of the product that has it. One query, none without GTINs."""
    if not gtins:
        return {}
    return dict(ProductGtin.objects.filter(gtin__in=gtins).values_list("gtin", "origin__product_pk"))
