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

from ovop_origin.errors import InvalidCursor, TooManyIds
from ovop_origin.rules import is_storable
from ovop_origin.schema.context import load
from ovop_origin.selectors import Listing, Page, PageRows
from ovop_shared.graphql_cost import DEFAULT_PAGE, MAX_PAGE

Key = tuple[Any, ...]

CODES = (str,)
PKS = (int,)
LOTS = (datetime.date, str)


@dataclass(frozen=True, slots=True)
class Paged:
    """A list to be read if the query asks for its edges, its count, or both.

    `owner` is None for one list of its own, else the field and the value that tell whose list it is; lists of the same
    `name` below many owners are read together. `node` gives a promise of the thing of a row, `is_shown` of whether this
    requester may see it; hidden rows are neither in pages nor counted, and pages are full nevertheless.
    """

    info: Any
    name: str
    listing: Listing
    page: Page
    node: Callable[[Key], Any]
    keep_last: int | None = None
    owner: tuple[str, Any] | None = None
    is_shown: Callable[[Key], Any] | None = None
    is_empty: bool = False

    def rows(self) -> Any:
        if self.is_empty:
            return Promise.resolve(PageRows())
        return self._read(self.page) if self.is_shown is None else self._shown(self.page.size + 1)

    def count(self) -> Any:
        if self.is_empty:
            return Promise.resolve(0)
        if self.is_shown is not None:
            return self._keys().then(self._flags).then(sum)
        if self.owner is None:
            return Promise.resolve(self.listing.count())
        return load(self.info, partial(_counts, self.listing), self.owner, name=("count", self.name)).then(
            lambda number: number or 0
        )

    def _read(self, page: Page) -> Any:
        if self.owner is None:
            return load(self.info, lambda pages: {each: self.listing.page(each) for each in pages}, page, name=self)
        name = ("page", self.name, page)
        return load(self.info, partial(_pages, self.listing, page), self.owner, name=name).then(
            lambda rows: rows or PageRows()
        )

    def _shown(self, size: int) -> Any:
        """Reads more when too many rows of a page are hidden: for all lists of that name together."""

        def cut(flags: list[bool], read: PageRows) -> Any:
            shown = [row for row, flag in zip(read.rows, flags, strict=True) if flag]
            if len(shown) <= self.page.size and read.has_more:
                return self._shown(size * 4)
            has_more = len(shown) > self.page.size
            rows = shown[-self.page.size :] if self.page.is_last else shown[: self.page.size]
            return PageRows(tuple(rows), has_more)

        page = replace(self.page, size=size)
        return self._read(page).then(lambda read: self._flags(read.rows).then(lambda flags: cut(flags, read)))

    def _flags(self, rows: Collection[Key]) -> Any:
        assert self.is_shown is not None
        return Promise.all([self.is_shown(row) for row in rows])

    def _keys(self) -> Any:
        if self.owner is None:
            return Promise.resolve(self.listing.keys())
        return load(self.info, partial(_keys, self.listing), self.owner, name=("keys", self.name)).then(
            lambda keys: keys or ()
        )

    def kept(self, read: PageRows) -> tuple[Key, ...]:
        return read.rows if self.keep_last is None else read.rows[-self.keep_last :]


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
    """`page` and `keep_last` of a Paged. Raises TooManyIds and InvalidCursor."""
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
    """Raises TooManyIds."""
    if not 0 < size <= MAX_PAGE:
        raise TooManyIds(f"A page holds 1 to {MAX_PAGE} things.", field=field, params={"limit": MAX_PAGE})


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


def _pages(listing: Listing, page: Page, owners: Collection[tuple[str, Any]]) -> Mapping[Any, PageRows]:
    return _by_owner(owners, lambda field, values: listing.pages_below(field, values, page))


def _counts(listing: Listing, owners: Collection[tuple[str, Any]]) -> Mapping[Any, int]:
    return _by_owner(owners, listing.counts_below)


def _keys(listing: Listing, owners: Collection[tuple[str, Any]]) -> Mapping[Any, list[Key]]:
    return _by_owner(owners, listing.keys_below)


def _by_owner(owners: Collection[tuple[str, Any]], read: Callable[[str, Collection[Any]], Mapping[Any, Any]]) -> Any:
    """One call of `read` for each field by which owners are told apart."""
    return {
        (field, value): found
        for field in dict.fromkeys(field for field, _ in owners)
        for value, found in read(field, [value for each, value in owners if each == field]).items()
    }
