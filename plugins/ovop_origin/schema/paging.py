"""Relay connections over the registry's lists: pages by keyset in SQL, batched below many things, counted only if asked.

As Relay says (relay.dev/graphql/connections.htm): `first` rows behind `after`, or `last` rows before `before`; neither
means the first DEFAULT_PAGE. One page holds at most MAX_PAGE rows. With both, the last ones of the first ones.
"""

import datetime
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import graphene
from graphene import relay
from promise import Promise

from ovop_origin.errors import InvalidCursor, InvalidPageSize
from ovop_origin.rules import is_storable
from ovop_origin.schema.context import load
from ovop_origin.selectors import Listing, Page, PageRows
from ovop_shared.graphql_cost import DEFAULT_PAGE, MAX_PAGE

Key = tuple[Any, ...]

CODES = (str,)
PKS = (int,)
LOTS = (datetime.date, str)

_ITSELF = ("", None)
"""Stands for the owner of a list of its own."""


Owner = tuple[str, Any]
Shown = Callable[[Collection[Key]], Collection[Key]]


@dataclass(frozen=True, slots=True)
class Paged:
    """A list to be read if the query asks for its edges, its count, or both.

    `owner` is None for one list of its own, else the field and the value that tell whose list it is; lists of the same
    `name` below many owners are read together. `node` gives a promise of the thing of a row. `shown` picks those rows
    that this requester may see, None picks all: hidden rows are neither in pages nor counted, and pages are full
    nevertheless.
    """

    info: Any
    name: str
    listing: Listing
    page: Page
    node: Callable[[Key], Any]
    keep_last: int | None = None
    owner: Owner | None = None
    shown: Shown | None = None
    is_empty: bool = False

    def rows(self) -> Any:
        """A promise of PageRows."""
        if self.is_empty:
            return Promise.resolve(PageRows())
        return self._load("page", self.page, partial(_pages, self.listing, self.page, self.shown), PageRows())

    def count(self) -> Any:
        """A promise of a number."""
        if self.is_empty:
            return Promise.resolve(0)
        return self._load("count", None, partial(_counts, self.listing, self.shown), 0)

    def kept(self, read: PageRows) -> tuple[Key, ...]:
        return read.rows if self.keep_last is None else read.rows[-self.keep_last :]

    def _load(self, what: str, page: Page | None, read: Any, default: object) -> Any:
        name = (what, self.name, page) if self.owner else (what, self)
        return load(self.info, read, self.owner or _ITSELF, name=name).then(
            lambda found: default if found is None else found
        )


@dataclass(frozen=True, slots=True)
class _Edge:
    cursor: str
    node: Any


class Connection(relay.Connection):
    """Resolves the three parts of a page from a Paged."""

    class Meta:
        abstract = True

    total_count = graphene.Int(required=True, description="How many there are in all, on every page.")

    @staticmethod
    def resolve_edges(root: Paged, info: Any) -> Any:
        return root.rows().then(
            lambda read: [_Edge(cursor_of(row), root.node(row)) for row in root.kept(read)],
        )

    @staticmethod
    def resolve_page_info(root: Paged, info: Any) -> Any:
        def page_info(read: PageRows) -> relay.PageInfo:
            rows = root.kept(read)
            return relay.PageInfo(
                has_next_page=read.has_more and not root.page.is_last,
                has_previous_page=len(rows) < len(read.rows) or (read.has_more and root.page.is_last),
                start_cursor=cursor_of(rows[0]) if rows else None,
                end_cursor=cursor_of(rows[-1]) if rows else None,
            )

        return root.rows().then(page_info)

    @staticmethod
    def resolve_total_count(root: Paged, info: Any) -> Any:
        return root.count()


def connection_field(connection: Any, description: str, **filters: Any) -> graphene.Field:
    """A field that gives pages of a list; a class or the path of one."""
    return graphene.Field(
        connection,
        required=True,
        description=description,
        first=graphene.Int(description=f"The size of a page, at most {MAX_PAGE}; {DEFAULT_PAGE} when not given."),
        after=graphene.String(description="The cursor behind which the page begins."),
        last=graphene.Int(description=f"The size of a page read from the end, at most {MAX_PAGE}."),
        before=graphene.String(description="The cursor before which the page ends."),
        **filters,
    )


def page_arguments(
    kinds: tuple[type, ...],
    *,
    first: int | None = None,
    after: str | None = None,
    last: int | None = None,
    before: str | None = None,
) -> dict[str, Any]:
    """`page` and `keep_last` of a Paged. Raises InvalidPageSize and InvalidCursor."""
    sizes = {"first": first, "last": last}
    for name, size in sizes.items():
        if size is not None:
            check_page_size(size, name)
    page = Page(
        size=first or last or DEFAULT_PAGE,
        is_last=first is None and last is not None,
        after=_key(after, kinds, "after"),
        before=_key(before, kinds, "before"),
    )
    return {"page": page, "keep_last": last if first is not None else None}


def check_page_size(size: int, field: str) -> None:
    """Raises InvalidPageSize."""
    if not 0 < size <= MAX_PAGE:
        raise InvalidPageSize(f"A page holds 1 to {MAX_PAGE} things.", field=field, params={"limit": MAX_PAGE})


def cursor_of(key: Key) -> str:
    return urlsafe_b64encode(json.dumps(key, default=str, separators=(",", ":")).encode()).decode()


def _key(cursor: str | None, kinds: tuple[type, ...], field: str) -> Key | None:
    """The values in a cursor. It is opaque to clients, but not trusted: they must have the types of the list's order."""
    if cursor is None:
        return None
    try:
        values = json.loads(urlsafe_b64decode(cursor.encode()))
        if not isinstance(values, list):
            raise TypeError
        return tuple(_value(value, kind) for value, kind in zip(values, kinds, strict=True))
    except (ValueError, TypeError, RecursionError):
        raise InvalidCursor("This cursor is none of this list.", field=field) from None


def _value(value: Any, kind: type) -> Any:
    if kind is datetime.date and isinstance(value, str):
        return datetime.date.fromisoformat(value)
    if kind is int and type(value) is int and 0 <= value < 2**63:
        return value
    if kind is str and isinstance(value, str) and is_storable(value):
        return value
    raise TypeError


def _pages(listing: Listing, page: Page, shown: Shown | None, owners: Collection[Owner]) -> Mapping[Owner, PageRows]:
    """A page of each list. Where too many rows of it are hidden, more are read: for all such lists together."""
    if shown is None:
        return _read(listing, page, owners)
    pages: dict[Owner, PageRows] = {}
    unfilled = owners
    size = page.size + 1
    while unfilled:
        found = _read(listing, replace(page, size=size), unfilled)
        visible = set(shown([row for read in found.values() for row in read.rows]))
        unfilled = []
        for owner, read in found.items():
            rows = [row for row in read.rows if row in visible]
            if len(rows) <= page.size and read.has_more:
                unfilled.append(owner)
                continue
            cut = rows[-page.size :] if page.is_last else rows[: page.size]
            pages[owner] = PageRows(tuple(cut), len(rows) > page.size)
        size *= 4
    return pages


def _read(listing: Listing, page: Page, owners: Collection[Owner]) -> Mapping[Owner, PageRows]:
    return _by_owner(owners, lambda: listing.page(page), lambda field, values: listing.pages_below(field, values, page))


def _counts(listing: Listing, shown: Shown | None, owners: Collection[Owner]) -> Mapping[Owner, int]:
    if shown is None:
        return _by_owner(owners, listing.count, listing.counts_below)
    keys = _by_owner(owners, listing.keys, listing.keys_below)
    visible = set(shown({row for rows in keys.values() for row in rows}))
    return {owner: sum(row in visible for row in rows) for owner, rows in keys.items()}


def _by_owner(
    owners: Collection[Owner],
    read_itself: Callable[[], Any],
    read_below: Callable[[str, Collection[Any]], Mapping[Any, Any]],
) -> dict[Owner, Any]:
    """One call for each field by which owners are told apart, or of `read_itself` for a list of its own."""
    if _ITSELF in owners:
        return {_ITSELF: read_itself()}
    return {
        (field, value): found
        for field in dict.fromkeys(field for field, _ in owners)
        for value, found in read_below(field, [value for each, value in owners if each == field]).items()
    }
