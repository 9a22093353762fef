"""Long lists of the registry, read page by page: of one list, or of the lists below many places or producers at once.

A page is read by the values a list is ordered by (keyset), never by skipping rows, and PostgreSQL cuts it: what comes
over the wire is a page and one row, for each list. One query for one list; one for the lists below many owners, whatever
their number (below places of different kinds one for each kind).
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from django.db.models import Count, Exists, F, OuterRef, Q, Window
from django.db.models.functions import RowNumber

from ovop_origin.models import Lot, Material, Membership, Place, PlaceKind, PlaceName, Producer, ProductOrigin
from ovop_origin.selectors.place_facts import within_place

Key = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Page:
    """At most `size` rows behind `after` and before `before`, from the end of the list if `is_last`.

    `after` and `before` hold the values a row is ordered by, or are None.
    """

    size: int
    is_last: bool = False
    after: Key | None = None
    before: Key | None = None


@dataclass(frozen=True, slots=True)
class PageRows:
    """The rows of a page in the list's order, each as the values it is ordered by; whether there is more beyond it,
    in the direction the page was read."""

    rows: tuple[Key, ...] = ()
    has_more: bool = False


@dataclass(frozen=True, slots=True)
class Listing:
    """An ordered list. `order` names the fields, "-" first for descending; their values are one row's alone."""

    rows: Any
    order: tuple[str, ...]

    def page(self, page: Page) -> PageRows:
        """One query."""
        order = self._order(page)
        found = list(self._behind(page).order_by(*order).values_list(*_names(self.order))[: page.size + 1])
        return _cut(found, page)

    def pages_below(self, owner: str, codes: Collection[str], page: Page) -> dict[str, PageRows]:
        """The same page of the lists below many owners, by the code that the field `owner` holds. One query."""
        order = self._order(page)
        directions = [F(name[1:]).desc() if name.startswith("-") else F(name).asc() for name in order]
        rows = (
            self._behind(page)
            .filter(**{f"{owner}__in": codes})
            .annotate(number=Window(RowNumber(), partition_by=[F(owner)], order_by=directions))
            .filter(number__lte=page.size + 1)
            .order_by(owner, "number")
            .values_list(owner, *_names(self.order))
        )
        found: dict[str, list[Key]] = {}
        for code, *key in rows:
            found.setdefault(code, []).append(tuple(key))
        return {code: _cut(keys, page) for code, keys in found.items()}

    def count(self) -> int:
        """One query."""
        return int(self.rows.count())

    def counts_below(self, owner: str, codes: Collection[str]) -> dict[str, int]:
        """How long the lists below these owners are; those without rows are left out. One query."""
        rows = self.rows.filter(**{f"{owner}__in": codes}).values(owner).annotate(number=Count("pk"))
        return dict(rows.order_by(owner).values_list(owner, "number"))

    def keys_below(self, owner: str, codes: Collection[str]) -> dict[str, list[Key]]:
        """Everything in the lists below these owners, unordered. One query."""
        found: dict[str, list[Key]] = {}
        for code, *key in self.rows.filter(**{f"{owner}__in": codes}).values_list(owner, *_names(self.order)):
            found.setdefault(code, []).append(tuple(key))
        return found

    def keys(self) -> list[Key]:
        """Everything in the list, unordered. One query."""
        return list(self.rows.values_list(*_names(self.order)))

    def _order(self, page: Page) -> tuple[str, ...]:
        return tuple(_reversed(name) for name in self.order) if page.is_last else self.order

    def _behind(self, page: Page) -> Any:
        rows = self.rows
        if page.after is not None:
            rows = rows.filter(_behind(self.order, page.after))
        if page.before is not None:
            rows = rows.filter(_behind(tuple(_reversed(name) for name in self.order), page.before))
        return rows


def places_listing(
    *, kind: str | None = None, parent: str | None = None, within: str | None = None, search: str = ""
) -> Listing:
    """Places by code: of a kind, directly in a place, anywhere within one (itself left out), with a name that holds
    `search` in any language, whatever its case."""
    condition = Q()
    if kind is not None:
        condition &= Q(kind=kind)
    if parent is not None:
        condition &= Q(parent__code=parent)
    if within is not None:
        condition &= within_place(within) & ~Q(code=within)
    if search:
        condition &= Q(Exists(PlaceName.objects.filter(place=OuterRef("pk"), text__icontains=search)))
    return Listing(Place.objects.filter(condition), ("code",))


def producers_listing(
    *, only_public: bool, village: str | None = None, within: str | None = None, kind: str | None = None
) -> Listing:
    """Producers by code: of a village, within a place of any kind, of a kind. Cursors hold codes: for the public take
    `only_public`, those who agreed to be named."""
    condition = Q(is_name_public=True) if only_public else Q()
    if village is not None:
        condition &= Q(place__code=village)
    if within is not None:
        condition &= within_place(within, "place__")
    if kind is not None:
        condition &= Q(kind=kind)
    return Listing(Producer.objects.filter(condition), ("code",))


def origins_listing(*, within: str | None = None) -> Listing:
    """Products with an origin, within a place of any kind, by product key."""
    condition = within_place(within, "village__") if within is not None else Q()
    return Listing(ProductOrigin.objects.filter(condition), ("product_pk",))


def materials_listing(*, within: str | None = None) -> Listing:
    """Materials by code; within a place of any kind only those whose place is known."""
    condition = within_place(within, "place__") if within is not None else Q()
    return Listing(Material.objects.filter(condition), ("code",))


def lots_listing() -> Listing:
    """Lots, the newest first; below a product by its key."""
    return Listing(Lot.objects.all(), ("-made_on", "code"))


def members_listing(*, only_public: bool) -> Listing:
    """Memberships below a group, by the member's code. For the public take `only_public`: neither a cursor nor the
    place of a row, nor how many there are, may tell of who has not agreed to be named."""
    return _memberships_listing("member", only_public)


def groups_listing(*, only_public: bool) -> Listing:
    """Memberships below a member, by the group's code; as `members_listing`."""
    return _memberships_listing("group", only_public)


PRODUCT_OWNERS: Mapping[str, str] = MappingProxyType(
    {
        PlaceKind.VILLAGE.value: "village__code",
        PlaceKind.DISTRICT.value: "village__parent__code",
        PlaceKind.REGION.value: "village__parent__parent__code",
        PlaceKind.COUNTRY.value: "village__country_code",
    }
)
"""By the kind of a place: the field of a product's origin that holds the place's code. A country's code is its own."""

PRODUCER_OWNERS: Mapping[str, str] = MappingProxyType(
    {kind: owner.replace("village__", "place__", 1) for kind, owner in PRODUCT_OWNERS.items()}
)


def _memberships_listing(other: str, only_public: bool) -> Listing:
    condition = Q(**{f"{other}__is_name_public": True}) if only_public else Q()
    return Listing(Membership.objects.filter(condition), (f"{other}__code",))


def _behind(order: Sequence[str], key: Key) -> Q:
    """What comes after the row of that key: the first field beyond it, or the same and the next one beyond it, …"""
    condition = Q()
    same = Q()
    for name, value in zip(order, key, strict=True):
        field = name.removeprefix("-")
        condition |= same & Q(**{f"{field}__{'lt' if name.startswith('-') else 'gt'}": value})
        same &= Q(**{field: value})
    return condition


def _cut(found: list[Key], page: Page) -> PageRows:
    rows = found[: page.size]
    return PageRows(tuple(reversed(rows)) if page.is_last else tuple(rows), len(found) > page.size)


def _reversed(name: str) -> str:
    return name[1:] if name.startswith("-") else f"-{name}"


def _names(order: Sequence[str]) -> list[str]:
    return [name.removeprefix("-") for name in order]
