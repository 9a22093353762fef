"""Writes to the registry: one place, producer or product at a time, or a whole document; always all or nothing.

All of them go one way: check every row against the rules and what is stored, collect what is wrong, then write the
difference. So a second call with the same rows writes nothing, whatever the number of rows the number of queries is
constant, and one refusal names every bad row.
"""

import datetime
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from django.db import models, transaction
from django.utils import timezone

from ovop_origin.errors import NotAVillage, PlaceNotValid, UnknownPlace, UnknownProducer
from ovop_origin.locks import registry_lock
from ovop_origin.models import Maker, Place, PlaceKind, PlaceName, Producer, ProducerName, ProductOrigin
from ovop_origin.records import MakerRow, PlaceRow, ProducerRow, ProductRow, RegistryDocument, read_document
from ovop_origin.rules import PARENT_KIND, PlaceSeat, check_makers, check_place, check_producer
from ovop_shared.catalogue import Catalogue, UnknownProduct
from ovop_shared.errors import DuplicateRow, OvopError, RegistryRefused

Row = TypeVar("Row", PlaceRow, ProducerRow, ProductRow)
Stored = TypeVar("Stored", Place, Producer, ProductOrigin)


@dataclass(frozen=True, slots=True)
class Tally:
    """How many rows of one kind were new, differed from what was stored, or were there already."""

    created: int = 0
    changed: int = 0
    unchanged: int = 0


@dataclass(frozen=True, slots=True)
class LoadResult:
    places: Tally
    producers: Tally
    products: Tally

    @property
    def has_written(self) -> bool:
        return any(tally.created or tally.changed for tally in (self.places, self.producers, self.products))


def place_save(row: PlaceRow, *, at: datetime.datetime) -> bool:
    """Create or change one place with all its names; whether anything was written.

    Raises the error of the broken rule (see `rules.check_place`).
    """
    return _load(RegistryDocument(places=(row,)), {}, at).has_written


def producer_save(row: ProducerRow, *, at: datetime.datetime) -> bool:
    """Create or change one producer with all its names; whether anything was written.

    Raises the error of the broken rule; UnknownPlace, NotAVillage, and PlaceNotValid where `at` is outside the
    validity of a village that is new to the producer.
    """
    return _load(RegistryDocument(producers=(row,)), {}, at).has_written


def product_origin_set(
    product_pk: int, village: str, makers: Mapping[str, int], *, story: str = "", at: datetime.datetime
) -> bool:
    """Say where a product comes from and who made it, replacing what was said before; whether anything was written.

    `village` is a place's code; `makers` maps producer codes to shares that add up to 10,000, or is empty. Raises
    UnknownPlace, NotAVillage, PlaceNotValid, UnknownProducer, InvalidShare, SharesDoNotAddUp.
    """
    slug = str(product_pk)
    row = ProductRow(slug, village, tuple(MakerRow(code, share) for code, share in makers.items()), story.strip())
    return _load(RegistryDocument(products=(row,)), {slug: product_pk}, at).has_written


def registry_load(document: object, *, catalogue: Catalogue, at: datetime.datetime) -> LoadResult:
    """Load a parsed JSON document (see `records`), all of it or nothing; rows it does not name stay as they are.

    Products are found by slug in the shop's catalogue. Raises InvalidDocument when it is no document at all, and
    RegistryRefused with every row that cannot be read or breaks a rule.
    """
    rows = read_document(document)
    found = catalogue.by_slug({row.slug for row in rows.products})
    try:
        return _load(rows, {slug: product.pk for slug, product in found.items()}, at)
    except RegistryRefused:
        raise
    except OvopError as problem:
        raise RegistryRefused([problem]) from None


@transaction.atomic
def _load(rows: RegistryDocument, product_pks: Mapping[str, int], at: datetime.datetime) -> LoadResult:
    registry_lock()
    load = _Load(rows, product_pks, timezone.localdate(at))
    load.check()
    if len(load.problems) == 1:
        raise load.problems[0]
    if load.problems:
        raise RegistryRefused(load.problems)
    return LoadResult(load.write_places(), load.write_producers(), load.write_products())


@dataclass(slots=True)
class _Load:
    """One load: the rows, what is stored of them, and the problems found."""

    rows: RegistryDocument
    product_pks: Mapping[str, int]
    today: datetime.date
    problems: list[OvopError] = field(default_factory=list)
    places: dict[str, Place] = field(default_factory=dict)
    producers: dict[str, Producer] = field(default_factory=dict)
    origins: dict[int, ProductOrigin] = field(default_factory=dict)

    def check(self) -> None:
        """Read what the rows touch, check every row, and put the canonical rows in place of the given ones."""
        documents = self.rows
        maker_codes = {maker.producer for row in documents.products for maker in row.makers}
        codes = {row.code for row in documents.places} | {row.parent for row in documents.places}
        codes |= {row.village for row in documents.producers} | {row.village for row in documents.products}
        self.places = {place.code: place for place in Place.objects.filter(code__in=codes).order_by("pk")}
        wanted = maker_codes | {row.code for row in documents.producers}
        self.producers = {each.code: each for each in Producer.objects.filter(code__in=wanted).order_by("pk")}
        origins = ProductOrigin.objects.filter(product_pk__in=self.product_pks.values()).order_by("pk")
        self.origins = {origin.product_pk: origin for origin in origins}

        seats = {code: PlaceSeat(place.kind, place.country_code) for code, place in self.places.items()}
        depth = {kind: number for number, kind in enumerate(PARENT_KIND)}

        kinds = {row.code: row.kind for row in documents.places}

        def place(row: PlaceRow) -> PlaceRow:
            known = seats
            if row.parent in kinds and row.parent not in seats:
                # Its parent stands in the document and is of a lower kind, or was refused itself.
                known = {**seats, row.parent: PlaceSeat(kinds[row.parent], "")}
            row, seats[row.code] = check_place(row, known)
            return row

        top_down = sorted(documents.places, key=lambda row: depth.get(row.kind, 0))
        places = self._checked("places", top_down, lambda row: row.code, place)
        validity = {code: (each.valid_from, each.valid_until) for code, each in self.places.items()}
        validity |= {row.code: (row.valid_from, row.valid_until) for row in places}
        known_producers = set(self.producers) | {row.code for row in documents.producers}

        def village(code: str, previous_id: int | None, row: int | None) -> None:
            if code not in seats:
                # A place that was refused is one problem, not one more for each row that names it.
                if code not in kinds:
                    raise UnknownPlace(f"There is no place {code!r}.", field="village", row=row, params={"code": code})
                return
            if seats[code].kind != PlaceKind.VILLAGE:
                raise NotAVillage(f"{code} is a {seats[code].kind}.", field="village", row=row, params={"code": code})
            stored = self.places.get(code)
            if stored is not None and stored.pk == previous_id:
                return
            since, until = validity.get(code, (None, None))
            if (since and self.today < since) or (until and self.today > until):
                raise PlaceNotValid(
                    f"{code} is not valid on {self.today}.", field="village", row=row, params={"code": code}
                )

        def producer(row: ProducerRow) -> ProducerRow:
            row = check_producer(row)
            stored = self.producers.get(row.code)
            village(row.village, stored.place_id if stored else None, row.row)
            return row

        def product(row: ProductRow) -> ProductRow:
            if row.slug not in self.product_pks:
                raise UnknownProduct(
                    f"The shop has no product {row.slug!r}.", field="slug", row=row.row, params={"slug": row.slug}
                )
            check_makers(row.makers, row.row)
            for maker in row.makers:
                if maker.producer not in known_producers:
                    raise UnknownProducer(
                        f"There is no producer {maker.producer!r}.",
                        field="makers",
                        row=row.row,
                        params={"producer": maker.producer},
                    )
            stored = self.origins.get(self.product_pks[row.slug])
            village(row.village, stored.village_id if stored else None, row.row)
            return row

        self.rows = RegistryDocument(
            places=tuple(places),
            producers=tuple(self._checked("producers", documents.producers, lambda row: row.code, producer)),
            products=tuple(self._checked("products", documents.products, lambda row: row.slug, product)),
        )

    def _checked(
        self, section: str, rows: Iterable[Row], key: Callable[[Row], str], check: Callable[[Row], Row]
    ) -> list[Row]:
        checked: dict[str, Row] = {}
        for row in rows:
            try:
                if key(row) in checked:
                    raise DuplicateRow(f"{key(row)} stands in two rows.", row=row.row, params={"code": key(row)})
                checked[key(row)] = check(row)
            except OvopError as problem:
                if row.row is not None:
                    problem.params.setdefault("section", section)
                self.problems.append(problem)
        return list(checked.values())

    def write_places(self) -> Tally:
        """Level by level from the country down, so that every parent is there before its children."""
        created: set[str] = set()
        changed: set[str] = set()
        for kind in PARENT_KIND:
            rows = [row for row in self.rows.places if row.kind == kind]
            wanted = {row.code: self._place(row) for row in rows}
            _write(Place, wanted, self.places, _PLACE_FIELDS, created, changed)
        names = {
            self.places[row.code].pk: {tag: (text, tag in row.official) for tag, text in row.names.items()}
            for row in self.rows.places
        }
        _write_children(PlaceName, "place_id", "language", ("text", "is_official"), names, changed, self.places)
        return _tally(len(self.rows.places), created, changed)

    def write_producers(self) -> Tally:
        created: set[str] = set()
        changed: set[str] = set()
        wanted = {row.code: self._producer(row) for row in self.rows.producers}
        _write(Producer, wanted, self.producers, _PRODUCER_FIELDS, created, changed)
        names = {
            self.producers[row.code].pk: {tag: (text,) for tag, text in row.names.items()}
            for row in self.rows.producers
        }
        _write_children(ProducerName, "producer_id", "language", ("text",), names, changed, self.producers)
        return _tally(len(self.rows.producers), created, changed)

    def write_products(self) -> Tally:
        created: set[int] = set()
        changed: set[int] = set()
        wanted = {}
        makers: dict[int, dict[Any, tuple[Any, ...]]] = {}
        for row in self.rows.products:
            product_pk = self.product_pks[row.slug]
            village_id = self.places[row.village].pk
            wanted[product_pk] = ProductOrigin(product_pk=product_pk, village_id=village_id, story=row.story)
        _write(ProductOrigin, wanted, self.origins, ("village_id", "story"), created, changed)
        for row in self.rows.products:
            origin = self.origins[self.product_pks[row.slug]]
            makers[origin.pk] = {self.producers[maker.producer].pk: (maker.share,) for maker in row.makers}
        _write_children(Maker, "origin_id", "producer_id", ("share",), makers, changed, self.origins)
        return _tally(len(self.rows.products), created, changed)

    def _place(self, row: PlaceRow) -> Place:
        parent = self.places[row.parent] if row.parent else None
        return Place(
            kind=row.kind,
            parent_id=parent.pk if parent else None,
            code=row.code,
            code_scheme=row.code_scheme,
            country_code=parent.country_code if parent else row.code,
            latitude=row.latitude,
            longitude=row.longitude,
            valid_from=row.valid_from,
            valid_until=row.valid_until,
        )

    def _producer(self, row: ProducerRow) -> Producer:
        return Producer(
            code=row.code,
            kind=row.kind,
            place_id=self.places[row.village].pk,
            status=row.status,
            language=row.language,
            saleor_user_id=row.saleor_user_id,
            is_name_public=row.is_name_public,
        )


_PLACE_FIELDS = ("parent_id", "code_scheme", "latitude", "longitude", "valid_from", "valid_until")
_PRODUCER_FIELDS = ("kind", "place_id", "status", "language", "saleor_user_id", "is_name_public")


def _write(
    model: type[Stored],
    wanted: Mapping[Any, Stored],
    stored: dict[Any, Stored],
    fields: Collection[str],
    created: set[Any],
    changed: set[Any],
) -> None:
    """Create what is not stored, change what differs in `fields`; afterwards `stored` holds all of `wanted`."""
    new = {key: row for key, row in wanted.items() if key not in stored}
    differing = {}
    for key, row in wanted.items():
        if key in stored and any(getattr(stored[key], name) != getattr(row, name) for name in fields):
            for name in fields:
                setattr(stored[key], name, getattr(row, name))
            differing[key] = stored[key]
    manager: Any = model._default_manager
    manager.bulk_create(new.values())
    if differing:
        manager.bulk_update(differing.values(), fields)
    stored |= new
    created |= set(new)
    changed |= set(differing)


def _write_children(
    model: type[models.Model],
    owner: str,
    key: str,
    fields: tuple[str, ...],
    wanted: Mapping[int, Mapping[Any, tuple[Any, ...]]],
    changed: set[Any],
    owners: Mapping[Any, models.Model],
) -> None:
    """Make the rows below each owner exactly `wanted` (owner pk -> key -> values of `fields`)."""
    manager: Any = model._default_manager
    stored = {(getattr(row, owner), getattr(row, key)): row for row in manager.filter(**{f"{owner}__in": list(wanted)})}
    new, differing, touched = [], [], set()
    for owner_id, rows in wanted.items():
        for each, values in rows.items():
            row = stored.pop((owner_id, each), None)
            if row is None:
                new.append(model(**{owner: owner_id, key: each, **dict(zip(fields, values, strict=True))}))
            elif any(getattr(row, name) != value for name, value in zip(fields, values, strict=True)):
                for name, value in zip(fields, values, strict=True):
                    setattr(row, name, value)
                differing.append(row)
            else:
                continue
            touched.add(owner_id)
    if stored:
        manager.filter(pk__in=[row.pk for row in stored.values()]).delete()
        touched |= {owner_id for owner_id, _ in stored}
    manager.bulk_create(new)
    if differing:
        manager.bulk_update(differing, fields)
    changed |= {code for code, row in owners.items() if row.pk in touched}


def _tally(total: int, created: set[Any], changed: set[Any]) -> Tally:
    only_changed = changed - created
    return Tally(len(created), len(only_changed), total - len(created) - len(only_changed))
