"""Criteria sets: a draft is written as a whole, published once and never changed; then the next version is made."""

import datetime
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from django.db import transaction

from ovop_certification.errors import (
    CriteriaPublished,
    InvalidCriteria,
    UnknownCriteria,
    UnknownIssuingBody,
    UnknownScheme,
)
from ovop_certification.grading import BandRule, CriterionRule, criteria_check
from ovop_certification.locks import lock_committee_numbers, lock_criteria_set
from ovop_certification.models import CriteriaSet, Criterion, GradeBand, IssuingBody, Scheme
from ovop_certification.services.committee.texts import typed_line

MAX_VALID_MONTHS = 120
CODE = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")


@dataclass(frozen=True, slots=True)
class CriterionDraft:
    """`names` maps BCP 47 tags to the criterion's name."""

    code: str
    names: Mapping[str, str]
    weight: int
    max_points: int


@dataclass(frozen=True, slots=True)
class CriteriaDraft:
    """Everything of a criteria set that may change until it is published; criteria in their order."""

    code: str
    scheme: str
    issuing_body: str
    names: Mapping[str, str]
    valid_months: int
    criteria: tuple[CriterionDraft, ...] = ()
    bands: tuple[BandRule, ...] = field(default=())


@transaction.atomic
def criteria_draft_save(draft: CriteriaDraft) -> CriteriaSet:
    """Write the unpublished version of that code, or make the next version where all are published.

    Raises InvalidCriteria, UnknownScheme, UnknownIssuingBody.
    """
    _check(draft)
    scheme = Scheme.objects.filter(code=draft.scheme).first()
    if scheme is None:
        raise UnknownScheme(f"There is no scheme {draft.scheme!r}.", field="scheme")
    body = IssuingBody.objects.filter(code=draft.issuing_body).first()
    if body is None:
        raise UnknownIssuingBody(f"There is no issuing body {draft.issuing_body!r}.", field="issuing_body")
    lock_committee_numbers()
    last = CriteriaSet.objects.select_for_update(of=("self",)).filter(code=draft.code).order_by("-version").first()
    if last is None or last.published_at is not None:
        last = CriteriaSet(code=draft.code, version=last.version + 1 if last else 1)
    last.scheme = scheme
    last.issuing_body = body
    last.names = dict(draft.names)
    last.valid_months = draft.valid_months
    last.save()
    last.criteria.all().delete()
    last.bands.all().delete()
    Criterion.objects.bulk_create(
        Criterion(
            criteria_set=last,
            code=each.code,
            names=dict(each.names),
            weight=each.weight,
            max_points=each.max_points,
            position=position,
        )
        for position, each in enumerate(draft.criteria, start=1)
    )
    GradeBand.objects.bulk_create(
        GradeBand(criteria_set=last, stars=band.stars, min_total=band.min_total, is_positive=band.is_positive)
        for band in sorted(draft.bands, key=lambda band: band.min_total)
    )
    return last


@transaction.atomic
def criteria_publish(code: str, version: int, *, at: datetime.datetime) -> CriteriaSet:
    """From now on it is scored by, and never changed. Publishing it again changes nothing. Raises UnknownCriteria."""
    criteria_set = lock_criteria_set(code, version)
    if criteria_set is None:
        raise UnknownCriteria("There is no such version of criteria.", params={"code": code, "version": version})
    if criteria_set.published_at is None:
        criteria_check(*rules_of(criteria_set))
        criteria_set.published_at = at
        criteria_set.save(update_fields=["published_at"])
    return criteria_set


@transaction.atomic
def criteria_draft_remove(code: str, version: int) -> None:
    """Throw a draft away. Raises UnknownCriteria, CriteriaPublished."""
    criteria_set = lock_criteria_set(code, version)
    if criteria_set is None:
        raise UnknownCriteria("There is no such version of criteria.", params={"code": code, "version": version})
    if criteria_set.published_at is not None:
        raise CriteriaPublished("A published version stays.")
    criteria_set.delete()


def rules_of(criteria_set: CriteriaSet) -> tuple[list[CriterionRule], list[BandRule]]:
    """What grading needs of a stored set. Two queries."""
    criteria = [
        CriterionRule(each.code, each.weight, each.max_points) for each in criteria_set.criteria.order_by("position")
    ]
    bands = [
        BandRule(band.stars, band.min_total, band.is_positive) for band in criteria_set.bands.order_by("min_total")
    ]
    return criteria, bands


def _check(draft: CriteriaDraft) -> None:
    if not CODE.fullmatch(draft.code):
        raise InvalidCriteria("A code is of small letters, digits, - and _.", field="code")
    if not 1 <= draft.valid_months <= MAX_VALID_MONTHS:
        raise InvalidCriteria(f"A label is valid for 1 to {MAX_VALID_MONTHS} months.", field="valid_months")
    _check_names(draft.names, "names")
    for each in draft.criteria:
        if not CODE.fullmatch(each.code):
            raise InvalidCriteria("A code is of small letters, digits, - and _.", field="criteria")
        _check_names(each.names, "criteria")
    criteria_check(
        [CriterionRule(each.code, each.weight, each.max_points) for each in draft.criteria], list(draft.bands)
    )


def _check_names(names: Mapping[str, str], field_name: str) -> None:
    if not names:
        raise InvalidCriteria("A name is missing.", field=field_name)
    for text in names.values():
        typed_line(text, InvalidCriteria, field_name)
