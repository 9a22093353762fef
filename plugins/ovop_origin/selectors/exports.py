"""The registry as rows of its tables (`ovop_origin.tables`), for exports and for what a file leaves out.

Products are named by the slug that the shop has for them: what the shop no longer has is in no table.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

from django.db.models import Case, QuerySet, Value, When

from ovop_origin.models import (
    Lot,
    LotContribution,
    Maker,
    Material,
    MaterialName,
    Membership,
    Place,
    PlaceKind,
    PlaceName,
    Producer,
    ProducerName,
    ProductGtin,
    ProductMaterial,
    ProductOrigin,
    ProductStory,
)
from ovop_origin.tables import LANGUAGE_COLUMNS, NAME_PREFIX, STORY_PREFIX, TABLES, Table, value_text
from ovop_shared.catalogue import Catalogue

CHUNK_ROWS = 1_000

Owner = tuple[str, ...]
"""The texts in the columns `Table.owner`."""


def export_tables(
    names: Collection[str] = tuple(TABLES), *, catalogue: Catalogue
) -> Iterator[tuple[Table, Iterator[tuple[str, ...]]]]:
    """These tables with their rows, for the writers of `ovop_origin.table_files`."""
    for name, table in TABLES.items():
        if name in names:
            yield table, export_rows(name, catalogue=catalogue)


def export_rows(table: str, *, catalogue: Catalogue) -> Iterator[tuple[str, ...]]:
    """All rows of a table, as the texts of `Table.header`, in a stable order: places from the country down, by codes.

    A server-side cursor, and two to four queries per 1,000 rows. Call it inside `one_snapshot`.
    """
    source = _SOURCES[table]
    header = TABLES[table].header
    rows = source.query().values_list(*source.fields).iterator(chunk_size=CHUNK_ROWS)
    while chunk := list(islice(rows, CHUNK_ROWS)):
        for cells in _cells(source, chunk, _slugs(source, chunk, catalogue)):
            yield tuple(cells[name] for name in header)


def stored_rows(table: str, owners: Collection[Owner], *, catalogue: Catalogue) -> dict[Owner, list[dict[str, str]]]:
    """The rows of these owners as mappings of all the table's columns. Two to four queries, whatever their number."""
    source = _SOURCES[table]
    names = [owner[0] for owner in owners]
    slugs: dict[int, str] = {}
    if source.has_slug:
        slugs = {product.pk: slug for slug, product in catalogue.by_slug(set(names)).items()}
    lookup: dict[str, list[Any]] = {f"{source.fields[1]}__in": list(slugs) if source.has_slug else names}
    if TABLES[table].owner_width == 2:
        lookup[f"{source.fields[2]}__in"] = [owner[1] for owner in owners]
    rows = source.query().filter(**lookup).values_list(*source.fields)
    wanted = set(owners)
    found: dict[Owner, list[dict[str, str]]] = {}
    for cells in _cells(source, list(rows), slugs):
        owner = tuple(cells[name] for name in TABLES[table].owner)
        if owner in wanted:
            found.setdefault(owner, []).append(cells)
    return found


@dataclass(frozen=True, slots=True)
class _Source:
    """Where a table's rows are stored: `columns[i]` is the text of `fields[i]`, but the first field is the row's pk."""

    query: Callable[[], QuerySet[Any]]
    fields: tuple[str, ...]
    columns: tuple[str, ...]
    has_slug: bool = False
    extend: Callable[[list[dict[str, str]], list[int]], None] | None = None


def _slugs(source: _Source, chunk: Collection[tuple[Any, ...]], catalogue: Catalogue) -> Mapping[int, str]:
    if not source.has_slug:
        return {}
    return {pk: product.slug for pk, product in catalogue.by_pk({row[1] for row in chunk}).items()}


def _cells(source: _Source, chunk: Collection[tuple[Any, ...]], slugs: Mapping[int, str]) -> list[dict[str, str]]:
    pks, found = [], []
    for pk, *values in chunk:
        if source.has_slug:
            if values[0] not in slugs:
                continue
            values[0] = slugs[values[0]]
        pks.append(pk)
        found.append({column: value_text(value) for column, value in zip(source.columns, values, strict=True)})
    if source.extend is not None:
        source.extend(found, pks)
    return found


def _extend_texts(model: Any, owner: str, prefix: str) -> Callable[[list[dict[str, str]], list[int]], None]:
    def extend(rows: list[dict[str, str]], pks: list[int]) -> None:
        by_pk = dict(zip(pks, rows, strict=True))
        for row in rows:
            row.update(dict.fromkeys((column.name for column in LANGUAGE_COLUMNS[prefix].values()), ""))
        texts = model.objects.filter(**{f"{owner}__in": pks}).values_list(owner, "language", "text")
        for pk, language, text in texts:
            by_pk[pk][f"{prefix}{language}"] = text

    return extend


def _extend_places(rows: list[dict[str, str]], pks: list[int]) -> None:
    _extend_texts(PlaceName, "place_id", NAME_PREFIX)(rows, pks)
    by_pk = dict(zip(pks, rows, strict=True))
    official: dict[int, list[str]] = {}
    names = PlaceName.objects.filter(place_id__in=pks, is_official=True).order_by("language")
    for pk, language in names.values_list("place_id", "language"):
        official.setdefault(pk, []).append(language)
    for pk, row in by_pk.items():
        row["official"] = " ".join(official.get(pk, ()))


def _extend_products(rows: list[dict[str, str]], pks: list[int]) -> None:
    _extend_texts(ProductStory, "origin_id", STORY_PREFIX)(rows, pks)
    by_pk = dict(zip(pks, rows, strict=True))
    gtins: dict[int, list[str]] = {}
    for pk, gtin in ProductGtin.objects.filter(origin_id__in=pks).order_by("gtin").values_list("origin_id", "gtin"):
        gtins.setdefault(pk, []).append(gtin)
    for pk, row in by_pk.items():
        row["gtins"] = " ".join(gtins.get(pk, ()))


_TOP_DOWN = Case(*(When(kind=kind, then=Value(depth)) for depth, kind in enumerate(PlaceKind.values)))

_PLACE = ("code", "kind", "parent", "code_scheme", "classifier_scheme", "classifier_code")
_PLACE_VALUES = ("latitude", "longitude", "valid_from", "valid_until")
_PRODUCER = ("status", "stage", "is_name_public", "saleor_user_id", "phone", "email")
_FLAGS = ("is_women_led", "is_youth_led", "is_disability_led", "flags_consented_on")

_SOURCES: Mapping[str, _Source] = {
    "places": _Source(
        lambda: Place.objects.order_by(_TOP_DOWN, "code"),
        ("pk", "code", "kind", "parent__code", *_PLACE[3:], *_PLACE_VALUES),
        (*_PLACE, *_PLACE_VALUES),
        extend=_extend_places,
    ),
    "producers": _Source(
        lambda: Producer.objects.order_by("code"),
        ("pk", "code", "kind", "place__code", "language", *_PRODUCER, *_FLAGS),
        ("code", "kind", "village", "language", *_PRODUCER, *_FLAGS),
        extend=_extend_texts(ProducerName, "producer_id", NAME_PREFIX),
    ),
    "memberships": _Source(
        lambda: Membership.objects.order_by("group__code", "member__code"),
        ("pk", "group__code", "member__code", "since", "until"),
        ("group", "member", "since", "until"),
    ),
    "materials": _Source(
        lambda: Material.objects.order_by("code"),
        ("pk", "code", "place__code"),
        ("code", "place"),
        extend=_extend_texts(MaterialName, "material_id", NAME_PREFIX),
    ),
    "products": _Source(
        lambda: ProductOrigin.objects.order_by("product_pk"),
        ("pk", "product_pk", "village__code"),
        ("product", "village"),
        has_slug=True,
        extend=_extend_products,
    ),
    "makers": _Source(
        lambda: Maker.objects.order_by("origin__product_pk", "producer__code"),
        ("pk", "origin__product_pk", "producer__code", "share"),
        ("product", "producer", "share"),
        has_slug=True,
    ),
    "product_materials": _Source(
        lambda: ProductMaterial.objects.order_by("origin__product_pk", "material__code"),
        ("pk", "origin__product_pk", "material__code", "share"),
        ("product", "material", "share"),
        has_slug=True,
    ),
    "lots": _Source(
        lambda: Lot.objects.order_by("origin__product_pk", "code"),
        ("pk", "origin__product_pk", "code", "made_on", "village__code"),
        ("product", "lot", "made_on", "village"),
        has_slug=True,
    ),
    "lot_contributions": _Source(
        lambda: LotContribution.objects.order_by("lot__origin__product_pk", "lot__code", "producer__code"),
        ("pk", "lot__origin__product_pk", "lot__code", "producer__code", "quantity"),
        ("product", "lot", "producer", "quantity"),
        has_slug=True,
    ),
}
