"""The answer for a product in one market, its reasons, and how long it stands."""

import datetime
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from zoneinfo import ZoneInfo

from ovop_certification.models import Effect, EventKind, OnBypassed, OnLapsed, OnUncertified
from ovop_certification.rules.certificates import Status
from ovop_certification.rules.days import Days, day_after
from ovop_certification.rules.holdings import Claim, Holdings
from ovop_certification.rules.requirements import CODE_OF_STATUS, Reason, ReasonCode, RequirementRule
from ovop_shared.records import ProductRecord


@dataclass(frozen=True, slots=True)
class Decision:
    """`allowed` is False when a reason blocks. `next_change_at` is the first later moment with another answer, as far
    as the registry knows today; None when the answer stays."""

    allowed: bool
    reasons: tuple[Reason, ...] = ()
    next_change_at: datetime.datetime | None = None


@dataclass(frozen=True, slots=True)
class MarketPolicies:
    """What the market wants done about a product that may not be sold, and about orders of one."""

    on_uncertified: OnUncertified = OnUncertified.CLOSE
    on_lapsed: OnLapsed = OnLapsed.HOLD
    on_bypassed: OnBypassed = OnBypassed.HOLD


@dataclass(frozen=True)
class Rulebook:
    """All that a decision in one market needs, for every moment. Without a market everything is allowed.

    The names are for messages.
    """

    market: str | None = None
    market_names: Mapping[str, str] = field(default_factory=dict)
    scheme_names: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    requirements: tuple[RequirementRule, ...] = ()
    holdings: Holdings = field(default_factory=Holdings)
    policies: MarketPolicies = field(default_factory=MarketPolicies)

    def reasons(self, product: ProductRecord, *, at: datetime.datetime, zone: ZoneInfo) -> tuple[Reason, ...]:
        """Everything that is wrong at that moment, by requirement and certificate."""
        asked = self._asked_of(product)
        return _Question(self, asked, product, Days(zone)).reasons(at) if asked.rules else ()

    def decide(self, product: ProductRecord, *, at: datetime.datetime, zone: ZoneInfo) -> Decision:
        return self._decide(product, at, Days(zone))

    def decide_many(
        self, products: Iterable[ProductRecord], *, at: datetime.datetime, zone: ZoneInfo
    ) -> dict[int, Decision]:
        """The decisions about many products, by their pks: as `decide`, in time that grows with their number only."""
        days = Days(zone)
        known: dict[Hashable, Decision] = {}
        decisions = {}
        for product in products:
            like = self._asked_of(product), self.holdings.alike(product.pk)
            decision = known.get(like) if like[1] is not None else None
            if decision is None:
                decision = self._decide(product, at, days)
                if like[1] is not None and all(each.certificate_number is None for each in decision.reasons):
                    known[like] = decision
            decisions[product.pk] = decision
        return decisions

    def without_certificates(self, pks: Iterable[int]) -> "Rulebook":
        """What would hold if these certificates fell."""
        gone = frozenset(pks)
        left = tuple(each for each in self.holdings.certificates if each.id not in gone)
        return replace(self, holdings=replace(self.holdings, certificates=left))

    def _decide(self, product: ProductRecord, at: datetime.datetime, days: Days) -> Decision:
        asked = self._asked_of(product)
        if not asked.rules:
            return _ALLOWED
        question = _Question(self, asked, product, days)
        reasons = question.reasons(at)
        for moment in question.boundaries(at):
            if question.reasons(moment) != reasons:
                return Decision(is_allowed(reasons), reasons, moment)
        return Decision(is_allowed(reasons), reasons)

    def _asked_of(self, product: ProductRecord) -> "_Asked":
        """What is asked of a product of that kind, found once for all of its kind."""
        kind = (product.product_type, product.categories, product.intended_uses)
        asked = self._asked_by_kind.get(kind)
        if asked is None:
            found = (rule for rule in self.requirements if rule.concerns(product))
            asked = self._asked_by_kind[kind] = _Asked(sorted(found, key=lambda rule: rule.id))
        return asked

    @cached_property
    def _asked_by_kind(self) -> dict[tuple[str, tuple[str, ...], tuple[str, ...]], "_Asked"]:
        return {}


_ALLOWED = Decision(True)


def is_allowed(reasons: Iterable[Reason]) -> bool:
    return all(reason.effect is not Effect.BLOCK for reason in reasons)


class _Asked:
    """The requirements for one kind of product, in order; the days on which they change, and the graces per scheme."""

    __slots__ = ("days", "graces", "rules")

    def __init__(self, rules: Sequence[RequirementRule]) -> None:
        self.rules = tuple(rules)
        self.days: frozenset[datetime.date | None] = frozenset(
            day for rule in rules for day in (rule.from_on, day_after(rule.until_on))
        )
        self.graces: dict[str, set[int]] = {}
        for rule in rules:
            self.graces.setdefault(rule.scheme, {0}).add(rule.grace_days)


class _Question:
    """One product in one market: what concerns it, picked out once for all moments."""

    __slots__ = ("_asked", "_claims", "_days", "_holdings", "_makers", "_misfits", "_pk")

    def __init__(self, rulebook: Rulebook, asked: _Asked, product: ProductRecord, days: Days) -> None:
        self._asked = asked
        self._days = days
        self._holdings = rulebook.holdings
        self._pk = product.pk
        self._makers: frozenset[str] = rulebook.holdings.makers.get(product.pk, frozenset())
        self._claims: dict[str, list[Claim]] = {scheme: [] for scheme in asked.graces}
        self._misfits: dict[int, ReasonCode] = {}
        places: frozenset[str] = rulebook.holdings.places.get(product.pk, frozenset())
        for claim in rulebook.holdings.claims(product.pk):
            certificate = claim.certificate
            of_scheme = self._claims.get(certificate.scheme)
            if of_scheme is None:
                continue
            of_scheme.append(claim)
            if not certificate.covers_kind(product.pk, product.product_type):
                self._misfits[certificate.id] = ReasonCode.OUT_OF_SCOPE
            elif certificate.markets and rulebook.market not in certificate.markets:
                self._misfits[certificate.id] = ReasonCode.WRONG_MARKET
            elif not certificate.covers_place(places):
                self._misfits[certificate.id] = ReasonCode.WRONG_AREA

    def reasons(self, at: datetime.datetime) -> tuple[Reason, ...]:
        day = self._days.of(at)
        found: list[Reason] = []
        for rule in self._asked.rules:
            if rule.holds_on(day):
                found += self._unmet(rule, at, day)
        return tuple(found)

    def boundaries(self, at: datetime.datetime) -> list[datetime.datetime]:
        """Every later moment at which some part of the answer can change, in order."""
        today = self._days.of(at)
        days: set[datetime.date | None] = set(self._asked.days)
        moments: set[datetime.datetime] = set()
        for scheme, claims in self._claims.items():
            for claim in claims:
                certificate = claim.certificate
                days.add(certificate.valid_from_on)
                if certificate.valid_until_on is not None:
                    for grace in self._asked.graces[scheme]:
                        days.add(day_after(certificate.valid_until_on, grace))
                if certificate.events and certificate.events[-1].at > at:
                    moments.update(event.at for event in certificate.events if event.at > at)
                for period in claim.makers:
                    days.add(period.since)
                    days.add(day_after(period.until))
                if claim.lot:
                    days.update(lot.made_on for lot in self._holdings.lots.get(self._pk, ()))
        for day in days:
            if day is not None and day > today:
                moments.add(self._days.start(day))
        return sorted(moments)

    def _unmet(self, rule: RequirementRule, at: datetime.datetime, day: datetime.date) -> Sequence[Reason]:
        """What is wrong with one requirement; empty when it is met, warnings when only grace meets it."""
        of_scheme = self._claims[rule.scheme]
        for claim in of_scheme:
            # The usual case, before anything is weighed: one certificate of the whole product that is good.
            certificate = claim.certificate
            is_candidate = not claim.makers and not claim.lot and certificate.id not in self._misfits
            if is_candidate and certificate.status_on(certificate.last_event(at), day) is Status.VALID:
                return ()
        claims: list[tuple[Claim, EventKind]] = []
        lots: frozenset[str] | None = None
        for claim in of_scheme:
            last = claim.certificate.last_event(at)
            if last is None:
                continue
            if claim.lot and lots is None:
                lots = self._holdings.newest_lots(self._pk, day)
            if claim.speaks_on(day, lots or frozenset()):
                claims.append((claim, last))
        failures = {claim.certificate.id: self._failure(claim, rule, last, day) for claim, last in claims}
        speaking = [claim for claim, _ in claims]
        if self._is_met([each for each in speaking if failures[each.certificate.id] is None], day, lots):
            return ()
        honoured = []
        for claim in speaking:
            failure = failures[claim.certificate.id]
            if failure is None or failure.effect is not rule.effect:
                honoured.append(claim)
        if self._is_met(honoured, day, lots):
            graced = (failures[claim.certificate.id] for claim in honoured)
            return [reason for reason in graced if reason is not None]
        replaced = {
            claim.certificate.replaces_id
            for claim, last in claims
            if claim.certificate.status_on(last, day) is not Status.APPLIED
        }
        told = (failures[claim.certificate.id] for claim in speaking if claim.certificate.id not in replaced)
        found = [reason for reason in told if reason is not None]
        if not found or self._leaves_some_out(speaking, day, lots):
            found.append(Reason(ReasonCode.MISSING, rule.scheme, rule.id, None, rule.effect))
        return found

    def _is_met(self, good: Sequence[Claim], day: datetime.date, lots: frozenset[str] | None) -> bool:
        """By one good certificate of the whole product, or by good ones of each of its makers, or of each newest lot.

        One maker's certificate says nothing about what another maker made.
        """
        if not good:
            return False
        if any(claim.is_of_the_whole for claim in good):
            return True
        makers = set().union(*(claim.makers_on(day) for claim in good))
        if makers and makers >= self._makers:
            return True
        return bool(lots) and {claim.lot for claim in good} >= (lots or frozenset())

    def _leaves_some_out(self, claims: Sequence[Claim], day: datetime.date, lots: frozenset[str] | None) -> bool:
        """Whether some makers (or newest lots) have a certificate for it, of whatever state, and others have none."""
        fitting = [claim for claim in claims if self._misfits.get(claim.certificate.id) is not ReasonCode.OUT_OF_SCOPE]
        makers = set().union(*(claim.makers_on(day) for claim in fitting))
        lots_told = {claim.lot for claim in fitting if claim.lot}
        return bool((makers and self._makers - makers) or (lots_told and lots and lots - lots_told))

    def _failure(self, claim: Claim, rule: RequirementRule, last: EventKind, day: datetime.date) -> Reason | None:
        """Why this certificate does not meet the rule, or None. Within the days of grace an expired one only warns."""
        certificate = claim.certificate
        effect = rule.effect
        code = self._misfits.get(certificate.id)
        if code is None:
            status = certificate.status_on(last, day)
            if status is None or status is Status.VALID:
                return None
            code = CODE_OF_STATUS[status]
            if code is ReasonCode.EXPIRED and certificate.valid_until_on is not None:
                # Grace is for a certificate that ran out, never for one that was suspended before.
                is_sound = last in (EventKind.ISSUED, EventKind.REINSTATED)
                if is_sound and (day - certificate.valid_until_on).days <= rule.grace_days:
                    effect = Effect.WARN
        return Reason(code, rule.scheme, rule.id, certificate.number, effect)
