"""The one way into the registry: every row is checked against the rules and what is stored, then the difference is
written. So a second call with the same rows writes nothing, and one refusal names every bad row.
"""

import datetime
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import chain
from operator import attrgetter
from typing import Any

from django.db import transaction

from ovop_origin.locks import registry_lock
from ovop_origin.records import (
    SECTIONS,
    AnyRow,
    LotRow,
    MaterialRow,
    MembershipRow,
    PlaceRow,
    ProducerRow,
    ProductRow,
    RegistryDocument,
    read_document,
)
from ovop_origin.rules import PARENT_KIND
from ovop_origin.services.load import NAMED_PRODUCTS, Load, ProductPks
from ovop_origin.services.results import Change, LoadResult
from ovop_origin.services.sections.base import Section
from ovop_origin.services.sections.lots import Lots
from ovop_origin.services.sections.materials import Materials
from ovop_origin.services.sections.memberships import Memberships
from ovop_origin.services.sections.places import Places
from ovop_origin.services.sections.producers import Producers
from ovop_origin.services.sections.products import Products
from ovop_origin.signals import registry_changed
from ovop_shared.catalogue import Catalogue
from ovop_shared.errors import OvopError, RegistryRefused
from ovop_shared.shop_time import shop_day

CHUNK_ROWS = 1_000
CHUNK_PARTS = 20_000
"""A chunk ends with this many rows, or with this many makers, materials and contributions in them."""

_ORDER: dict[type, int] = {
    PlaceRow: 0,
    ProducerRow: 1,
    MembershipRow: 2,
    MaterialRow: 3,
    ProductRow: 4,
    LotRow: 5,
}
_SECTIONS: tuple[type[Section[Any]], ...] = (Places, Producers, Memberships, Materials, Products, Lots)
_DEPTH = {kind: depth for depth, kind in enumerate(PARENT_KIND)}


def registry_load(document: object, *, catalogue: Catalogue, at: datetime.datetime) -> LoadResult:
    """Load a parsed JSON document (see `records`), all of it or nothing; rows it does not name stay as they are.

    Products are found by slug in the shop's catalogue. Raises InvalidDocument when it is no document at all, and
    RegistryRefused with every row that cannot be read or breaks a rule, in the order of the document.
    """
    return registry_apply(rows_in_order(read_document(document)), catalogue=catalogue, at=at)


def registry_apply(
    rows: Iterable[AnyRow],
    *,
    catalogue: Catalogue,
    at: datetime.datetime,
    is_dry_run: bool = False,
    on_problem: Callable[[OvopError], None] | None = None,
    on_change: Callable[[Change], None] | None = None,
    on_progress: Callable[[int], None] | None = None,
) -> LoadResult:
    """Load rows, all of them or none, in one transaction and in memory that does not grow with their number.

    They come section by section in the order of SECTIONS, places from the countries down, and rows of one key beside
    each other (`rows_in_order` puts a document into this order). Every bad row is one problem, told to `on_problem` as
    it is found, with section and value in its params; a row that names a bad row is not written, and no problem of
    its own. At the end, if there were any, nothing is written and RegistryRefused raised; it holds the problems only
    when `on_problem` is None. A dry run checks and writes the same, and takes it back. `on_change` is told each
    difference, `on_progress` the number of rows that are done.
    """
    problems: list[OvopError] = []
    load = Load(shop_day(at), partial(_catalogue_pks, catalogue), on_problem or problems.append, on_change)
    _apply(rows, load, is_dry_run=is_dry_run, on_progress=on_progress)
    if load.problem_count:
        problems.sort(key=lambda each: (SECTIONS.index(str(each.params["section"])), each.row or 0))
        raise RegistryRefused(problems, load.problem_count)
    return load.result()


def apply_row(row: AnyRow, *, at: datetime.datetime, product_pks: ProductPks = lambda slugs: {}) -> bool:
    """Write one row; whether anything was written. Raises the error of the broken rule."""
    problems: list[OvopError] = []
    load = Load(shop_day(at), product_pks, problems.append)
    _apply([row], load)
    if problems:
        raise problems[0]
    return load.result().has_written


def announce_change(product_pks: frozenset[int] | None) -> None:
    """Tell the host after commit what was changed. What a receiver raises is logged, and undoes nothing."""

    # A function of its own: Django logs a robust callback that failed by its name, which a partial has not.
    def announce() -> None:
        registry_changed.send(sender=None, product_pks=product_pks)

    transaction.on_commit(announce, robust=True)


def rows_in_order(document: RegistryDocument) -> Iterator[AnyRow]:
    """The rows of a document in the order in which `registry_apply` takes them."""
    places: list[PlaceRow] = sorted(document.places, key=lambda row: (_DEPTH.get(row.kind, 0), row.code))
    return chain(
        places,
        sorted(document.producers, key=attrgetter("code")),
        sorted(document.memberships, key=attrgetter("group", "member")),
        sorted(document.materials, key=attrgetter("code")),
        sorted(document.products, key=attrgetter("slug")),
        sorted(document.lots, key=attrgetter("product", "code")),
    )


def _apply(
    rows: Iterable[AnyRow],
    load: Load,
    *,
    is_dry_run: bool = False,
    on_progress: Callable[[int], None] | None = None,
) -> None:
    """Take all rows; what was written stays only without problems, and only if the run is not a dry one."""
    with transaction.atomic():
        registry_lock()
        sections = [section(load) for section in _SECTIONS]
        done = current = 0
        for number, chunk in _chunks(rows):
            for section in sections[current:number]:
                section.finish()
            current = number
            sections[number].take(chunk)
            if len(chunk) >= CHUNK_ROWS:
                sections[number].analyze()
            done += len(chunk)
            if on_progress is not None:
                on_progress(done)
        for section in sections[current:]:
            section.finish()
        if is_dry_run or load.problem_count:
            transaction.set_rollback(True)
        elif load.result().has_written:
            is_nameable = not load.has_changed_beyond_products and len(load.changed_product_pks) <= NAMED_PRODUCTS
            announce_change(frozenset(load.changed_product_pks) if is_nameable else None)


def _chunks(rows: Iterable[AnyRow]) -> Iterator[tuple[int, Sequence[AnyRow]]]:
    """The number of a section and consecutive rows of it. Raises ValueError when rows do not come in their order."""
    chunk: list[AnyRow] = []
    parts = 0
    position = (0, 0)
    for row in rows:
        section = _ORDER[type(row)]
        here = (section, _DEPTH.get(row.kind, 0) if isinstance(row, PlaceRow) else 0)
        if here < position:
            raise ValueError("rows come section by section, and places from the countries down")
        if chunk and (section != position[0] or len(chunk) >= CHUNK_ROWS or parts >= CHUNK_PARTS):
            yield position[0], chunk
            chunk, parts = [], 0
        position = here
        chunk.append(row)
        parts += _parts(row)
    if chunk:
        yield position[0], chunk


def _parts(row: AnyRow) -> int:
    if isinstance(row, ProductRow):
        return len(row.makers) + len(row.materials) + len(row.gtins)
    return len(row.contributions) if isinstance(row, LotRow) else 0


def _catalogue_pks(catalogue: Catalogue, slugs: Iterable[str]) -> dict[str, int]:
    wanted = set(slugs)
    return {slug: product.pk for slug, product in catalogue.by_slug(wanted).items()} if wanted else {}
