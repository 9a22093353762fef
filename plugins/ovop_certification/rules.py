"""May this product be sold in this market at this moment, and if not, why: pure, the database is elsewhere.

Days are days in the zone passed in; first and last day are both included. A certificate's state is what its events
say up to the moment asked about, and what the day says: expiry is never stored.
"""

import datetime
from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass, field
from enum import StrEnum
from zoneinfo import ZoneInfo

from ovop_certification.models import Effect, EventKind, HolderKind
from ovop_shared.records import ProductRecord


class Status(StrEnum):
    """What a certificate is at a moment. `applied` lasts until it is issued, verified or not; `not_yet_valid` is issued
    with a first day that is still to come."""

    APPLIED = "applied"
    NOT_YET_VALID = "not_yet_valid"
    VALID = "valid"
    SUSPENDED = "suspended"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"


class ReasonCode(StrEnum):
    """Why a requirement is not met. `not_yet_valid` is also an application that was not granted yet."""

    MISSING = "missing"
    EXPIRED = "expired"
    SUSPENDED = "suspended"
    WITHDRAWN = "withdrawn"
    WRONG_MARKET = "wrong_market"
    WRONG_AREA = "wrong_area"
    NOT_YET_VALID = "not_yet_valid"
    OUT_OF_SCOPE = "out_of_scope"


_CODE_OF_STATUS: Mapping[Status, ReasonCode] = {
    Status.APPLIED: ReasonCode.NOT_YET_VALID,
    Status.NOT_YET_VALID: ReasonCode.NOT_YET_VALID,
    Status.SUSPENDED: ReasonCode.SUSPENDED,
    Status.WITHDRAWN: ReasonCode.WITHDRAWN,
    Status.EXPIRED: ReasonCode.EXPIRED,
}


@dataclass(frozen=True, slots=True)
class RequirementRule:
    """A requirement of one market. At most one of `product_type` and `category` is filled; both empty is all."""

    id: int
    scheme: str
    product_type: str
    category: str
    from_on: datetime.date
    until_on: datetime.date | None
    grace_days: int
    effect: Effect

    def concerns(self, product: ProductRecord) -> bool:
        if self.product_type:
            return self.product_type == product.product_type
        return not self.category or self.category in product.categories

    def holds_on(self, day: datetime.date) -> bool:
        return self.from_on <= day and (self.until_on is None or day <= self.until_on)


@dataclass(frozen=True, slots=True)
class StatusChange:
    kind: EventKind
    at: datetime.datetime


@dataclass(frozen=True, slots=True)
class CertificateRecord:
    """A certificate with its whole history, events oldest first. Empty `products`: all of the holder's; empty
    `markets`: all."""

    id: int
    scheme: str
    issuing_body: str
    number: str
    holder_kind: HolderKind
    holder_ref: str
    valid_from_on: datetime.date
    valid_until_on: datetime.date | None
    products: frozenset[int] = frozenset()
    markets: frozenset[str] = frozenset()
    replaces_id: int | None = None
    events: tuple[StatusChange, ...] = ()

    def covered(self, made_by: Mapping[str, Set[int]]) -> Set[int]:
        """The products it speaks of, whatever its state; `made_by` maps producer codes to what they make."""
        if self.products:
            return self.products
        if self.holder_kind is HolderKind.PRODUCT:
            return {int(self.holder_ref)}
        return made_by.get(self.holder_ref, frozenset())

    def last_event(self, at: datetime.datetime) -> EventKind | None:
        kinds = [event.kind for event in self.events if event.at <= at]
        return kinds[-1] if kinds else None

    def status(self, at: datetime.datetime, zone: ZoneInfo) -> Status | None:
        """What it is at that moment; None when nobody had applied for it yet."""
        last = self.last_event(at)
        if last is None:
            return None
        day = at.astimezone(zone).date()
        if last in (EventKind.APPLIED, EventKind.VERIFIED):
            return Status.APPLIED
        if last is EventKind.WITHDRAWN:
            return Status.WITHDRAWN
        if self.valid_until_on is not None and day > self.valid_until_on:
            return Status.EXPIRED
        if last is EventKind.SUSPENDED:
            return Status.SUSPENDED
        return Status.NOT_YET_VALID if day < self.valid_from_on else Status.VALID


@dataclass(frozen=True, slots=True)
class Reason:
    """One thing that is wrong. `certificate_number` is None when there is no certificate to name."""

    code: ReasonCode
    scheme: str
    requirement_id: int
    certificate_number: str | None
    effect: Effect


@dataclass(frozen=True, slots=True)
class Decision:
    """`allowed` is False when a reason blocks. `next_change_at` is the first later moment with another answer, as far
    as the registry knows today; None when the answer stays."""

    allowed: bool
    reasons: tuple[Reason, ...] = ()
    next_change_at: datetime.datetime | None = None


@dataclass(frozen=True, slots=True)
class Rulebook:
    """All that a decision in one market needs, for every moment. Without a market everything is allowed.

    `makers` maps a product's pk to the codes of its producers. The names are for messages.
    """

    market: str | None = None
    market_names: Mapping[str, str] = field(default_factory=dict)
    scheme_names: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    requirements: tuple[RequirementRule, ...] = ()
    certificates: tuple[CertificateRecord, ...] = ()
    makers: Mapping[int, frozenset[str]] = field(default_factory=dict)

    def reasons(self, product: ProductRecord, *, at: datetime.datetime, zone: ZoneInfo) -> tuple[Reason, ...]:
        """Everything that is wrong at that moment, by requirement and certificate."""
        return _Question(self, product, zone).reasons(at)

    def decide(self, product: ProductRecord, *, at: datetime.datetime, zone: ZoneInfo) -> Decision:
        question = _Question(self, product, zone)
        reasons = question.reasons(at)
        later = (moment for moment in question.boundaries() if moment > at)
        next_change_at = next((moment for moment in later if question.reasons(moment) != reasons), None)
        return Decision(is_allowed(reasons), reasons, next_change_at)


def is_allowed(reasons: Iterable[Reason]) -> bool:
    return all(reason.effect is not Effect.BLOCK for reason in reasons)


class _Question:
    """One product in one market: what concerns it, picked out once for all moments."""

    def __init__(self, rulebook: Rulebook, product: ProductRecord, zone: ZoneInfo) -> None:
        self.product = product
        self.zone = zone
        self.market = rulebook.market
        self.makers = rulebook.makers.get(product.pk, frozenset())
        self.requirements = sorted(
            (rule for rule in rulebook.requirements if rule.concerns(product)), key=lambda rule: rule.id
        )
        schemes = {rule.scheme for rule in self.requirements}
        self.certificates = sorted(
            (each for each in rulebook.certificates if each.scheme in schemes and self._is_about(each)),
            key=lambda each: (each.number, each.id),
        )

    def reasons(self, at: datetime.datetime) -> tuple[Reason, ...]:
        day = at.astimezone(self.zone).date()
        found = (reason for rule in self.requirements if rule.holds_on(day) for reason in self._unmet(rule, at, day))
        return tuple(found)

    def boundaries(self) -> list[datetime.datetime]:
        """Every moment at which some part of the answer can change, in order."""
        days: set[tuple[datetime.date, int]] = set()
        for rule in self.requirements:
            days.add((rule.from_on, 0))
            if rule.until_on is not None:
                days.add((rule.until_on, 1))
        graces = {0} | {rule.grace_days for rule in self.requirements}
        for each in self.certificates:
            days.add((each.valid_from_on, 0))
            if each.valid_until_on is not None:
                days |= {(each.valid_until_on, 1 + grace) for grace in graces}
        moments = {event.at for each in self.certificates for event in each.events}
        return sorted(moments | set(_day_starts(days, self.zone)))

    def _is_about(self, certificate: CertificateRecord) -> bool:
        if self.product.pk in certificate.products:
            return True
        if certificate.holder_kind is HolderKind.PRODUCT:
            return certificate.holder_ref == str(self.product.pk)
        return certificate.holder_ref in self.makers

    def _unmet(self, rule: RequirementRule, at: datetime.datetime, day: datetime.date) -> list[Reason]:
        """What is wrong with one requirement; empty when it is met, warnings when only grace meets it."""
        failures: dict[int, Reason | None] = {}
        claims = [each for each in self.certificates if each.scheme == rule.scheme and each.last_event(at) is not None]
        for each in claims:
            failures[each.id] = self._failure(each, rule, at, day)
        if self._is_met(claims, {pk for pk, failure in failures.items() if failure is None}):
            return []
        honoured = {pk for pk, failure in failures.items() if failure is None or failure.effect is not rule.effect}
        graced = [failures[each.id] for each in claims if each.id in honoured]
        if self._is_met(claims, honoured):
            return [reason for reason in graced if reason is not None]
        replaced = {each.replaces_id for each in claims if each.status(at, self.zone) is not Status.APPLIED}
        reasons = [failures[each.id] for each in claims if each.id not in replaced]
        found = [reason for reason in reasons if reason is not None]
        makers_with_a_claim = {each.holder_ref for each in claims if not each.products and self._is_makers(each)}
        if not found or (makers_with_a_claim and self.makers - makers_with_a_claim):
            found.append(Reason(ReasonCode.MISSING, rule.scheme, rule.id, None, rule.effect))
        return found

    def _is_met(self, claims: Iterable[CertificateRecord], good: set[int]) -> bool:
        """By one good certificate that names the product or is its own, or by one of each of its makers.

        One maker's certificate says nothing about what another maker made.
        """
        makers: set[str] = set()
        for each in claims:
            if each.id not in good:
                continue
            if self.product.pk in each.products or not self._is_makers(each):
                return True
            makers.add(each.holder_ref)
        return bool(makers) and makers >= self.makers

    def _is_makers(self, certificate: CertificateRecord) -> bool:
        return certificate.holder_kind is HolderKind.PRODUCER

    def _failure(
        self, certificate: CertificateRecord, rule: RequirementRule, at: datetime.datetime, day: datetime.date
    ) -> Reason | None:
        """Why this certificate does not meet the rule, or None. Within the days of grace an expired one only warns."""
        status = certificate.status(at, self.zone)
        effect = rule.effect
        if certificate.products and self.product.pk not in certificate.products:
            code = ReasonCode.OUT_OF_SCOPE
        elif certificate.markets and self.market not in certificate.markets:
            code = ReasonCode.WRONG_MARKET
        elif status is None or status is Status.VALID:
            return None
        else:
            code = _CODE_OF_STATUS[status]
            if code is ReasonCode.EXPIRED and self._is_graced(certificate, rule, at, day):
                effect = Effect.WARN
        return Reason(code, rule.scheme, rule.id, certificate.number, effect)

    def _is_graced(
        self, certificate: CertificateRecord, rule: RequirementRule, at: datetime.datetime, day: datetime.date
    ) -> bool:
        """Grace is for a certificate that ran out, never for one that was suspended before."""
        assert certificate.valid_until_on is not None
        overdue_days = (day - certificate.valid_until_on).days
        is_sound = certificate.last_event(at) in (EventKind.ISSUED, EventKind.REINSTATED)
        return is_sound and overdue_days <= rule.grace_days


def _day_starts(days: Iterable[tuple[datetime.date, int]], zone: ZoneInfo) -> Iterator[datetime.datetime]:
    """The first moment of each day, so many days on; days past the calendar's end are left out."""
    for day, later in days:
        try:
            shifted = day + datetime.timedelta(days=later)
        except OverflowError:
            continue
        yield datetime.datetime.combine(shifted, datetime.time.min, tzinfo=zone).astimezone(datetime.UTC)
