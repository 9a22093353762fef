"""Pages of the desk's lists, and kept JSON values."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import graphene

from ovop_certification.errors import InvalidPage
from ovop_shared.graphql_cost import DEFAULT_PAGE, MAX_PAGE


def listed(of: Any, **more: Any) -> Any:
    return graphene.NonNull(graphene.List(graphene.NonNull(of)), **more)


class JSONValue(graphene.Scalar):
    """Any JSON value, as it was kept."""

    @staticmethod
    def serialize(value: Any) -> Any:
        return json.loads(json.dumps(value, default=str))


@dataclass(frozen=True, slots=True)
class Paged:
    """A page of a list: `rows` from `offset` on."""

    rows: Sequence[Any]
    offset: int
    total: int


class DeskPageInfo(graphene.ObjectType):
    """Whether there is more behind a page."""

    has_next_page = graphene.Boolean(required=True)
    end_cursor = graphene.String(description="Behind which the next page begins; null when this page is empty.")


def connection(name: str, node: Any) -> Any:
    """The type of pages of `node`: `edges`, `pageInfo`, `totalCount`."""

    def resolve_edges(root: Paged, info: Any) -> list[dict[str, Any]]:
        return [{"node": row, "cursor": _cursor(root.offset + number)} for number, row in enumerate(root.rows, 1)]

    def resolve_page_info(root: Paged, info: Any) -> DeskPageInfo:
        end = root.offset + len(root.rows)
        return DeskPageInfo(has_next_page=end < root.total, end_cursor=_cursor(end) if root.rows else None)

    def resolve_total_count(root: Paged, info: Any) -> int:
        return root.total

    edge = type(
        f"{name}Edge",
        (graphene.ObjectType,),
        {
            "__doc__": "One of a page.",
            "node": graphene.Field(node, required=True),
            "cursor": graphene.String(required=True),
        },
    )
    return type(
        f"{name}Connection",
        (graphene.ObjectType,),
        {
            "__doc__": "A page of a list.",
            "edges": listed(edge),
            "page_info": graphene.Field(DeskPageInfo, required=True),
            "total_count": graphene.Int(required=True, description="How many there are on all pages."),
            "resolve_edges": staticmethod(resolve_edges),
            "resolve_page_info": staticmethod(resolve_page_info),
            "resolve_total_count": staticmethod(resolve_total_count),
        },
    )


def paging(**filters: Any) -> dict[str, Any]:
    """The arguments of a field that gives pages."""
    return {
        "first": graphene.Int(description=f"The size of a page, at most {MAX_PAGE}; {DEFAULT_PAGE} when not given."),
        "after": graphene.String(description="The cursor behind which the page begins."),
        **filters,
    }


def paged(first: int | None, after: str | None, read: Callable[[int, int], tuple[Sequence[Any], int]]) -> Paged:
    """`read` gets offset and limit. Raises InvalidPage."""
    size = DEFAULT_PAGE if first is None else first
    if not 0 < size <= MAX_PAGE:
        raise InvalidPage(f"A page holds 1 to {MAX_PAGE} things.", field="first", params={"limit": MAX_PAGE})
    offset = 0 if after is None else _offset(after)
    rows, total = read(offset, size)
    return Paged(rows, offset, total)


def _cursor(position: int) -> str:
    return urlsafe_b64encode(f"p{position}".encode()).decode()


def _offset(cursor: str) -> int:
    try:
        text = urlsafe_b64decode(cursor.encode()).decode()
    except ValueError:
        text = ""
    number = text[1:]
    if not text.startswith("p") or not (number.isascii() and number.isdecimal()) or len(number) > 9:
        raise InvalidPage("This cursor is none of this list.", field="after")
    return int(number)
