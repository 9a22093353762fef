"""What becomes of a listing whose product may not be sold: shut, and later again exactly what staff want it to be.

Three states meet in `settle`: what the gate wrote last (a Memory), what stands in the shop now, and what the decision
asks for. Where the shop differs from what the gate wrote, somebody else has written since, and that is what is wanted
from then on. Whoever writes back the values he sees changes nothing: a form of the shop's dashboard that was opened on a
shut listing and saved says nothing about what is to become of it.
"""

import datetime
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from ovop_certification.errors import UnknownClosure
from ovop_certification.locks import lock_closure
from ovop_certification.models import Closure, Effect
from ovop_certification.rules import Reason
from ovop_shared.statements import in_keys


@dataclass(frozen=True, slots=True)
class ListingState:
    """A product's listing in a channel as it stands in the shop. `listing_pk` is the shop's key of it; `published_at`
    (the day from which it is shown) is looked at and never written."""

    listing_pk: int
    product_pk: int
    channel: str
    is_published: bool
    available_for_purchase_at: datetime.datetime | None
    published_at: datetime.datetime | None = None

    @property
    def shown(self) -> "Shown":
        return Shown(self.is_published, self.available_for_purchase_at)


@dataclass(frozen=True, slots=True)
class Shown:
    """The two fields of a listing that the gate writes."""

    is_published: bool
    available_for_purchase_at: datetime.datetime | None


@dataclass(frozen=True, slots=True)
class Memory:
    """What is remembered of a shut listing: whether it was unpublished too, what staff want it to be, and the day of
    publication it was last seen with."""

    is_hidden: bool
    wants: Shown
    published_at: datetime.datetime | None


@dataclass(frozen=True, slots=True)
class Shut:
    """Why a listing has to be shut, and whether it is to be hidden as well. `reasons` as `reason_rows` writes them."""

    market: str
    reasons: Sequence[Mapping[str, str | None]]
    hides: bool


@dataclass(frozen=True, slots=True)
class Settled:
    """A listing after the gate has looked at it: what it has to show, and what is remembered (None: it is not shut)."""

    listing: ListingState
    shows: Shown
    memory: Memory | None
    shut: Shut | None

    @property
    def has_to_be_written(self) -> bool:
        return self.shows != self.listing.shown


def wanted(listing: ListingState, memory: Memory | None) -> Shown:
    """What staff want this listing to be.

    A shop that takes the day of publication away has unpublished the listing by itself (Saleor does so with the
    products of a category that is deleted, 3.22 and 3.23): it is not to be published again.
    """
    if memory is None:
        return listing.shown
    is_published = listing.is_published
    if memory.is_hidden and not is_published:
        lost_its_day = memory.published_at is not None and listing.published_at is None
        is_published = memory.wants.is_published and not lost_its_day
    available = listing.available_for_purchase_at
    return Shown(is_published, memory.wants.available_for_purchase_at if available is None else available)


def settle(listing: ListingState, memory: Memory | None, shut: Shut | None) -> Settled:
    """What the listing has to show and what is remembered of it. Doing it again changes nothing."""
    wants = wanted(listing, memory)
    if shut is None:
        return Settled(listing, wants, None, None)
    shows = Shown(wants.is_published and not shut.hides, None)
    if memory is None and shows == listing.shown:
        return Settled(listing, shows, None, shut)
    return Settled(listing, shows, Memory(shut.hides, wants, listing.published_at), shut)


def reason_rows(reasons: Iterable[Reason], *, with_warnings: bool = False) -> list[dict[str, str | None]]:
    """Reasons as the tables keep them."""
    return [
        {"code": str(reason.code), "scheme": reason.scheme, "certificate": reason.certificate_number}
        | ({"effect": str(reason.effect)} if with_warnings else {})
        for reason in reasons
        if with_warnings or reason.effect is Effect.BLOCK
    ]


def closure_memory(row: Closure | None) -> Memory | None:
    if row is None:
        return None
    return Memory(row.is_hidden, Shown(row.wants_published, row.wants_available_at), row.published_at)


def closure_values(settled: Settled) -> dict[str, Any] | None:
    """The columns of the open closure that follow the shop and the decision; None when there is to be none."""
    if settled.memory is None or settled.shut is None:
        return None
    return {
        "channel": settled.listing.channel,
        "market": settled.shut.market,
        "reasons": list(settled.shut.reasons),
        "is_hidden": settled.memory.is_hidden,
        "wants_published": settled.memory.wants.is_published,
        "wants_available_at": settled.memory.wants.available_for_purchase_at,
        "published_at": settled.memory.published_at,
    }


def closure_differs(settled: Settled, row: Closure | None) -> bool:
    """Whether closures_write has something to write for this one."""
    values = closure_values(settled)
    if row is None or values is None:
        return (row is None) != (values is None)
    return any(getattr(row, name) != value for name, value in values.items())


def open_closures_of(listing_pks: Collection[int]) -> dict[int, Closure]:
    """By listing, without a lock: to see what would be written."""
    rows = Closure.objects.filter(in_keys("listing_pk", listing_pks), ended_at=None)
    return {row.listing_pk: row for row in rows}


def closures_write(settled: Iterable[Settled], known: Mapping[int, Closure], *, at: datetime.datetime) -> int:
    """Bring the closures in line with what was settled; how many rows were written. Three queries at most.

    `known` are the open ones by listing, locked by the caller together with the listings themselves.
    """
    begun, changed, ended = [], [], []
    for each in settled:
        row = known.get(each.listing.listing_pk)
        if not closure_differs(each, row):
            continue
        values = closure_values(each)
        if row is None:
            listing = each.listing
            begun.append(
                Closure(listing_pk=listing.listing_pk, product_pk=listing.product_pk, closed_at=at, **(values or {}))
            )
        elif values is None:
            ended.append(row.pk)
        else:
            if (row.wants_published, row.wants_available_at) != (
                values["wants_published"],
                values["wants_available_at"],
            ):
                row.wants_set_by = ""  # somebody else has said something else in the shop
            for name, value in values.items():
                setattr(row, name, value)
            changed.append(row)
    if begun:
        Closure.objects.bulk_create(begun)
    if changed:
        Closure.objects.bulk_update(changed, _FOLLOWING, batch_size=500)
    if ended:
        closures_end(ended, at=at)
    return len(begun) + len(changed) + len(ended)


def closures_end(closure_pks: Collection[int], *, at: datetime.datetime) -> int:
    """Nothing is remembered of these any more: the listing is open again, or gone. How many were open."""
    return Closure.objects.filter(pk__in=closure_pks, ended_at=None).update(ended_at=at)


_FOLLOWING = (
    "channel",
    "market",
    "reasons",
    "is_hidden",
    "wants_published",
    "wants_available_at",
    "wants_set_by",
    "published_at",
)


@transaction.atomic
def closure_wants_set(
    product_pk: int, channel: str, *, published: bool, available_at: datetime.datetime | None, actor: str
) -> Closure:
    """Staff say what a shut listing is to be when it may be sold again; it stays shut until then.

    `published` counts for a hidden listing only: of one that is closed and still shown, the shop itself says so.
    Raises UnknownClosure when the listing is not shut (any more): then the shop itself is where to say all of it.
    """
    row = lock_closure(product_pk, channel)
    if row is None:
        raise UnknownClosure("That listing is not shut.", params={"product": product_pk, "channel": channel})
    if row.is_hidden:
        row.wants_published = published
    row.wants_available_at = available_at
    row.wants_set_by = actor.strip()[:200]
    row.save(update_fields=["wants_published", "wants_available_at", "wants_set_by"])
    return row
