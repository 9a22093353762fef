"""Who holds which certificates, and what is known of where products come from: the same for every market.

A certificate speaks of a product on a day when it names it, or when its holder is on that day the product itself, one
of its makers, a group that is a maker or of which a maker is a member, or the product's newest lot.
"""

import datetime
from collections.abc import Hashable, Iterator, Mapping, Set
from dataclasses import dataclass, field
from functools import cached_property

from ovop_certification.models import HolderKind
from ovop_certification.rules.certificates import CertificateRecord


@dataclass(frozen=True, slots=True)
class MembershipRecord:
    """A producer is part of a group from the first to the last day, either may be open."""

    group: str
    member: str
    since: datetime.date | None = None
    until: datetime.date | None = None


@dataclass(frozen=True, slots=True)
class LotRecord:
    code: str
    made_on: datetime.date


@dataclass(frozen=True, slots=True)
class Period:
    """The days on which a certificate speaks for a maker."""

    maker: str
    since: datetime.date | None = None
    until: datetime.date | None = None

    def includes(self, day: datetime.date) -> bool:
        return (self.since is None or self.since <= day) and (self.until is None or day <= self.until)


@dataclass(frozen=True, slots=True)
class Claim:
    """A certificate that speaks of a product: of the whole of it, of what some makers made, or of one lot."""

    certificate: CertificateRecord
    makers: tuple[Period, ...] = ()
    lot: str = ""

    @property
    def is_of_the_whole(self) -> bool:
        return not self.makers and not self.lot

    def speaks_on(self, day: datetime.date, newest_lots: Set[str]) -> bool:
        if self.makers:
            return any(period.includes(day) for period in self.makers)
        return not self.lot or self.lot in newest_lots

    def makers_on(self, day: datetime.date) -> set[str]:
        return {period.maker for period in self.makers if period.includes(day)}


@dataclass(frozen=True)
class Holdings:
    """Certificates, and origin's facts of the products: `makers` maps a product's pk to the codes of its producers,
    `places` to the codes of its village and all that it lies in, `lots` to what was made of it."""

    certificates: tuple[CertificateRecord, ...] = ()
    makers: Mapping[int, frozenset[str]] = field(default_factory=dict)
    memberships: tuple[MembershipRecord, ...] = ()
    places: Mapping[int, frozenset[str]] = field(default_factory=dict)
    lots: Mapping[int, tuple[LotRecord, ...]] = field(default_factory=dict)

    def claims(self, product_pk: int) -> list[Claim]:
        """The certificates that speak of the product on some day, by number. What they cover is not asked here."""
        found = list(self._index.of_products.get(product_pk, ()))
        makers = self.makers.get(product_pk)
        held = self._index.of_makers(makers) if makers else ()
        if held:
            naming = {claim.certificate.id for claim in found}
            found += [claim for claim in held if claim.certificate.id not in naming]
        if len(found) > 1:
            found.sort(key=_by_number)
        return found

    def alike(self, product_pk: int) -> Hashable | None:
        """Products of one kind that give the same here get the same answers, but for the numbers of the certificates
        that the reasons name. None when nothing so short stands for all that is known of it.

        Most of a shop has no certificate, one of its own for all of it, or only what its makers hold.
        """
        own = self._index.of_products.get(product_pk, ())
        makers = self.makers.get(product_pk)
        held = self._index.of_makers(makers) if makers else ()
        if not own:
            if not held:
                return ()
            return (makers,) if all(claim.certificate.is_for_all for claim in held) else None
        claim = own[0]
        each = claim.certificate
        if held or len(own) > 1 or claim.lot or not each.is_for_all:
            return None
        return each.scheme, each.valid_from_on, each.valid_until_on, each.events

    def newest_lots(self, product_pk: int, day: datetime.date) -> frozenset[str]:
        """What was made last, up to that day: more than one when several were made on the same day."""
        lots = [lot for lot in self.lots.get(product_pk, ()) if lot.made_on <= day]
        if not lots:
            return frozenset()
        last_on = max(lot.made_on for lot in lots)
        return frozenset(lot.code for lot in lots if lot.made_on == last_on)

    @cached_property
    def _index(self) -> "_Index":
        return _Index(self.certificates, self.memberships)


class _Index:
    """Certificates by what they speak of, so that a question about one product does not walk through all of them."""

    def __init__(self, certificates: tuple[CertificateRecord, ...], memberships: tuple[MembershipRecord, ...]) -> None:
        self.of_products: dict[int, list[Claim]] = {}
        self._of_holders: dict[str, list[CertificateRecord]] = {}
        self._of_groups: dict[str, list[CertificateRecord]] = {}
        self._groups: dict[str, list[MembershipRecord]] = {}
        self._of_makers: dict[frozenset[str], tuple[Claim, ...]] = {}
        for each in certificates:
            if each.holder_kind is HolderKind.LOT:
                product, _, lot = each.holder_ref.partition("/")
                self.of_products.setdefault(int(product), []).append(Claim(each, lot=lot))
                continue
            whole = Claim(each)
            for pk in each.products:
                self.of_products.setdefault(pk, []).append(whole)
            if each.holder_kind is HolderKind.PRODUCT:
                if int(each.holder_ref) not in each.products:
                    self.of_products.setdefault(int(each.holder_ref), []).append(whole)
                continue
            self._of_holders.setdefault(each.holder_ref, []).append(each)
            if each.holder_kind is HolderKind.GROUP:
                self._of_groups.setdefault(each.holder_ref, []).append(each)
        for membership in memberships:
            self._groups.setdefault(membership.member, []).append(membership)

    def of_makers(self, makers: frozenset[str]) -> tuple[Claim, ...]:
        """What these makers hold, and the groups they are ever members of."""
        claims = self._of_makers.get(makers)
        if claims is None:
            claims = self._of_makers[makers] = tuple(self._held(makers))
        return claims

    def _held(self, makers: frozenset[str]) -> Iterator[Claim]:
        periods: dict[int, list[Period]] = {}
        held: dict[int, CertificateRecord] = {}
        for maker in sorted(makers):
            own = [(each, Period(maker)) for each in self._of_holders.get(maker, ())]
            shared = [
                (each, Period(maker, membership.since, membership.until))
                for membership in self._groups.get(maker, ())
                for each in self._of_groups.get(membership.group, ())
            ]
            for each, period in own + shared:
                held[each.id] = each
                periods.setdefault(each.id, []).append(period)
        return (Claim(each, makers=tuple(periods[pk])) for pk, each in held.items())


def _by_number(claim: Claim) -> tuple[str, int]:
    return (claim.certificate.number, claim.certificate.id)
