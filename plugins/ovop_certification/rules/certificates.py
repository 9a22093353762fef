"""A certificate with its history, and what it is at a moment."""

import datetime
from dataclasses import dataclass
from enum import StrEnum
from zoneinfo import ZoneInfo

from ovop_certification.models import EventKind, HolderKind


class Status(StrEnum):
    """What a certificate is at a moment. `applied` lasts until it is issued, verified or not; `not_yet_valid` is issued
    with a first day that is still to come."""

    APPLIED = "applied"
    NOT_YET_VALID = "not_yet_valid"
    VALID = "valid"
    SUSPENDED = "suspended"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class StatusChange:
    kind: EventKind
    at: datetime.datetime


@dataclass(frozen=True, slots=True)
class CertificateRecord:
    """A certificate with its whole history, events oldest first.

    `products` and `product_types` narrow it, together: what is named, and of its holder's what is of a named type;
    without any it is for all of its holder's. Empty `markets` and `areas` (codes of places) are all; one that
    `needs_area` (a geographical indication) holds nowhere without.
    """

    id: int
    scheme: str
    issuing_body: str
    number: str
    holder_kind: HolderKind
    holder_ref: str
    valid_from_on: datetime.date
    valid_until_on: datetime.date | None
    products: frozenset[int] = frozenset()
    product_types: frozenset[str] = frozenset()
    markets: frozenset[str] = frozenset()
    areas: frozenset[str] = frozenset()
    needs_area: bool = False
    replaces_id: int | None = None
    events: tuple[StatusChange, ...] = ()

    @property
    def is_for_all(self) -> bool:
        """Whether it holds for all of its holder's, wherever it comes from and is sold."""
        narrowed = self.products or self.product_types or self.markets or self.areas or self.needs_area
        return not narrowed

    def covers_kind(self, product_pk: int, product_type: str) -> bool:
        """Whether its scope includes the product, if it is its holder's."""
        if not self.products and not self.product_types:
            return True
        return product_pk in self.products or product_type in self.product_types

    def covers_place(self, places: frozenset[str]) -> bool:
        """Whether it holds for what comes from a village that lies in these places; none when that is not known."""
        if not self.areas:
            return not self.needs_area
        return not self.areas.isdisjoint(places)

    def last_event(self, at: datetime.datetime) -> EventKind | None:
        last = None
        for event in self.events:
            if event.at > at:
                break
            last = event.kind
        return last

    def status(self, at: datetime.datetime, zone: ZoneInfo) -> Status | None:
        """What it is at that moment; None when nobody had applied for it yet."""
        return self.status_on(self.last_event(at), at.astimezone(zone).date())

    def status_on(self, last: EventKind | None, day: datetime.date) -> Status | None:
        """What it is on that day when that is the last that happened to it."""
        if last is None:
            return None
        if last in (EventKind.APPLIED, EventKind.VERIFIED):
            return Status.APPLIED
        if last is EventKind.WITHDRAWN:
            return Status.WITHDRAWN
        if self.valid_until_on is not None and day > self.valid_until_on:
            return Status.EXPIRED
        if last is EventKind.SUSPENDED:
            return Status.SUSPENDED
        return Status.NOT_YET_VALID if day < self.valid_from_on else Status.VALID
