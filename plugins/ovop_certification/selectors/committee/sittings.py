"""Sittings, their agendas, the criteria by which they score, and who is in the committee."""

import datetime
from collections.abc import Mapping
from dataclasses import dataclass

from django.db.models import Count, Q, QuerySet

from ovop_certification.grading import BandRule
from ovop_certification.models import Assessment, CommitteeMember, CriteriaSet, Sitting
from ovop_certification.selectors.committee.standing import CriterionFacts, SeatFacts, Standing, standings


@dataclass(frozen=True, slots=True)
class SittingFacts:
    """`undecided` of the `agenda` are without a verdict."""

    number: int
    held_on: datetime.date
    place: str
    remarks: str
    closed_at: datetime.datetime | None
    closed_by: str
    agenda: int
    undecided: int


@dataclass(frozen=True, slots=True)
class AgendaItem:
    """An application before a sitting, and how it stands. `conflicts` are the names and reasons, as they were declared."""

    sitting: int
    application: int
    product_pk: int
    producer: str
    scheme: str
    scheme_names: Mapping[str, str]
    criteria: str
    criteria_version: int
    criteria_names: Mapping[str, str]
    standing: Standing
    total: int | None
    stars: int | None
    verdict: str
    conditions: str
    closed_at: datetime.datetime | None
    closed_by: str
    certificate_number: str
    certificate_from: datetime.date | None
    certificate_until: datetime.date | None


@dataclass(frozen=True, slots=True)
class CriteriaFacts:
    """A version of criteria; `is_newest` of its code. `used` is how many applications came before it."""

    code: str
    version: int
    scheme: str
    scheme_names: Mapping[str, str]
    issuing_body: str
    issuing_body_name: str
    names: Mapping[str, str]
    valid_months: int
    published_at: datetime.datetime | None
    criteria: tuple[CriterionFacts, ...]
    bands: tuple[BandRule, ...]
    used: int
    is_newest: bool


@dataclass(frozen=True, slots=True)
class MemberFacts:
    code: str
    name: str
    user_id: str
    is_active: bool


def sittings(*, offset: int = 0, limit: int | None = None) -> tuple[SittingFacts, ...]:
    """The newest first. One query."""
    rows = _sittings().order_by("-held_on", "-number")
    return tuple(_sitting(row) for row in (rows[offset:] if limit is None else rows[offset : offset + limit]))


def sitting_count() -> int:
    return Sitting.objects.count()


def sitting(number: int) -> SittingFacts | None:
    """One query."""
    row = _sittings().filter(number=number).first()
    return _sitting(row) if row else None


def seats(number: int) -> tuple[SeatFacts, ...]:
    """Who sits, the chair first. One query."""
    rows = CommitteeMember.objects.filter(sittings__sitting__number=number)
    found = rows.values_list("code", "name", "user_id", "sittings__is_chair").order_by(
        "-sittings__is_chair", "name", "code"
    )
    return tuple(SeatFacts(*each) for each in found)


def agenda(number: int, application: int | None = None) -> tuple[AgendaItem, ...]:
    """What is before a sitting, in the order it was put there; or only that application. Eight queries."""
    rows = Assessment.objects.filter(sitting__number=number).order_by("pk")
    if application is not None:
        rows = rows.filter(application__number=application)
    found = list(rows.select_related("application__scheme", "criteria_set", "certificate", "sitting"))
    standing = standings(found)
    return tuple(
        AgendaItem(
            sitting=each.sitting.number,
            application=each.application.number,
            product_pk=each.application.product_pk,
            producer=each.application.producer,
            scheme=each.application.scheme.code,
            scheme_names=each.application.scheme.names,
            criteria=each.criteria_set.code,
            criteria_version=each.criteria_set.version,
            criteria_names=each.criteria_set.names,
            standing=standing[each.pk],
            total=each.total,
            stars=each.stars,
            verdict=each.verdict,
            conditions=each.conditions,
            closed_at=each.closed_at,
            closed_by=each.closed_by,
            certificate_number=each.certificate.number if each.certificate else "",
            certificate_from=each.certificate.valid_from_on if each.certificate else None,
            certificate_until=each.certificate.valid_until_on if each.certificate else None,
        )
        for each in found
    )


def criteria_sets(code: str = "", version: int | None = None) -> tuple[CriteriaFacts, ...]:
    """All versions, by code and the newest first; or those of a code; or one. Three queries."""
    rows = CriteriaSet.objects.select_related("scheme", "issuing_body").prefetch_related("criteria", "bands")
    if code:
        rows = rows.filter(code=code)
    found = list(rows.annotate(used=Count("assessments")).order_by("code", "-version"))
    newest: dict[str, int] = {}
    for row in found:
        newest.setdefault(row.code, row.version)
    return tuple(
        CriteriaFacts(
            code=row.code,
            version=row.version,
            scheme=row.scheme.code,
            scheme_names=row.scheme.names,
            issuing_body=row.issuing_body.code,
            issuing_body_name=row.issuing_body.name,
            names=row.names,
            valid_months=row.valid_months,
            published_at=row.published_at,
            criteria=tuple(
                CriterionFacts(each.code, each.names, each.weight, each.max_points)
                for each in sorted(row.criteria.all(), key=lambda each: each.position)
            ),
            bands=tuple(
                BandRule(each.stars, each.min_total, each.is_positive)
                for each in sorted(row.bands.all(), key=lambda each: each.min_total)
            ),
            used=row.used,
            is_newest=newest[row.code] == row.version,
        )
        for row in found
        if version is None or row.version == version
    )


def committee_members() -> tuple[MemberFacts, ...]:
    """Active ones first, by name. One query."""
    rows = CommitteeMember.objects.order_by("-is_active", "name", "code")
    return tuple(MemberFacts(row.code, row.name, row.user_id, row.is_active) for row in rows)


def _sittings() -> QuerySet[Sitting]:
    return Sitting.objects.annotate(
        agenda_count=Count("assessments"),
        undecided_count=Count("assessments", filter=Q(assessments__closed_at=None)),
    )


def _sitting(row: Sitting) -> SittingFacts:
    given = vars(row)
    return SittingFacts(
        number=row.number,
        held_on=row.held_on,
        place=row.place,
        remarks=row.remarks,
        closed_at=row.closed_at,
        closed_by=row.closed_by,
        agenda=given["agenda_count"],
        undecided=given["undecided_count"],
    )
