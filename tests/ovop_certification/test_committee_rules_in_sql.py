"""What PostgreSQL refuses whoever writes to the committee's tables."""

from collections.abc import Callable

import pytest
from committee_world import CHAIR, NOON, SECOND, SECRETARY, THIRD, application, granted, member, score, sitting
from django.db import IntegrityError, connection, transaction

from ovop_certification.models import (
    Assessment,
    ConflictOfInterest,
    CriteriaSet,
    Criterion,
    GradeBand,
    Score,
    Sitting,
    SittingMember,
)
from ovop_certification.services import committee

pytestmark = pytest.mark.usefixtures("committee_world")


def refused(write: Callable[[], object], code: str) -> None:
    with pytest.raises(IntegrityError, match=code), transaction.atomic():
        write()


def a_score(code: str, criterion: str = "taste", points: int = 1) -> Score:
    return Score(
        assessment=Assessment.objects.get(),
        member=member(code),
        criterion=Criterion.objects.get(code=criterion, criteria_set__version=1),
        points=points,
        at=NOON,
    )


def test_a_member_with_a_conflict_has_no_scores() -> None:
    number = application()
    at = sitting(number)
    score(at, number, SECOND)
    committee.conflict_declare(at, number, CHAIR, "a cousin", actor="x", at=NOON)

    refused(lambda: a_score(CHAIR).save(), "conflicted_member")
    refused(
        lambda: ConflictOfInterest.objects.create(
            assessment=Assessment.objects.get(), member=member(SECOND), reason="late", at=NOON, actor="x"
        ),
        "conflicted_member",
    )
    refused(lambda: ConflictOfInterest.objects.all().delete(), "append_only")


def test_a_member_who_does_not_sit_there_has_no_scores() -> None:
    number = application()
    at = sitting(number, members=(CHAIR, SECOND))
    score(at, number, CHAIR)

    refused(lambda: a_score(THIRD).save(), "unknown_committee_member")
    refused(lambda: SittingMember.objects.filter(member__code=CHAIR).delete(), "member_has_scored")
    refused(lambda: SittingMember.objects.filter(member__code=CHAIR).update(member=member(THIRD)), "member_has_scored")


def test_points_are_of_the_sets_own_criteria_and_within_them() -> None:
    number = application()
    sitting(number)
    other = CriteriaSet.objects.get()
    other.pk, other.version, other.published_at = None, 2, None
    other.save()
    foreign = Criterion.objects.create(criteria_set=other, code="smell", names={}, weight=1, max_points=9, position=1)

    refused(lambda: a_score(CHAIR, points=11).save(), "invalid_score")
    wrong = a_score(CHAIR)
    wrong.criterion = foreign
    refused(wrong.save, "invalid_score")
    a_score(CHAIR, points=10).save()
    refused(lambda: Score.objects.update(member=member(SECOND)), "invalid_score")


def test_a_closed_assessment_its_scores_and_conflicts_stay() -> None:
    granted()

    refused(lambda: Assessment.objects.update(stars=5), "assessment_closed")
    refused(lambda: Assessment.objects.update(verdict="", closed_at=None), "assessment_closed")
    refused(lambda: Score.objects.update(points=1), "assessment_closed")
    refused(lambda: Score.objects.all().delete(), "assessment_closed")
    refused(lambda: a_score(CHAIR).save(), "assessment_closed")
    refused(
        lambda: ConflictOfInterest.objects.create(
            assessment=Assessment.objects.get(), member=member(CHAIR), reason="late", at=NOON, actor="x"
        ),
        "assessment_closed",
    )

    def empty() -> None:
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute("TRUNCATE ovop_certification_score")

    refused(empty, "assessment_closed")
    assert Score.objects.count() == 6


def test_a_positive_verdict_has_a_certificate_and_a_grade() -> None:
    number = application()
    sitting(number)
    for values in (
        {"verdict": "granted", "closed_at": NOON, "total": 9_000, "stars": 5},
        {"verdict": "refused", "closed_at": NOON},
        {"verdict": "deferred"},
        {"closed_at": NOON},
    ):
        refused(lambda values=values: Assessment.objects.update(**values), "ovop_assessment_")


def test_published_criteria_stay() -> None:
    published = CriteriaSet.objects.get()

    refused(lambda: CriteriaSet.objects.update(valid_months=1), "criteria_published")
    refused(lambda: CriteriaSet.objects.update(published_at=None), "criteria_published")
    refused(lambda: Criterion.objects.update(weight=9), "criteria_published")
    refused(lambda: GradeBand.objects.all().delete(), "criteria_published")
    refused(
        lambda: Criterion.objects.create(
            criteria_set=published, code="new", names={}, weight=1, max_points=1, position=9
        ),
        "criteria_published",
    )
    refused(lambda: published.delete(), "criteria_published")


def test_a_closed_sitting_stays() -> None:
    number, at = granted()
    other = committee.sitting_open(NOON.date()).number
    open_one = application(2)
    committee.assessment_add(other, open_one)
    refused(lambda: Sitting.objects.filter(number=other).update(closed_at=NOON), "sitting_unfinished")
    committee.sitting_close(at, by=SECRETARY, at=NOON)
    closed = Sitting.objects.get(number=at)

    refused(lambda: Sitting.objects.filter(number=at).update(closed_at=None), "sitting_closed")
    refused(lambda: SittingMember.objects.filter(sitting=closed).update(is_chair=False), "sitting_closed")
    refused(lambda: SittingMember.objects.filter(sitting=closed).delete(), "sitting_closed")
    refused(lambda: Assessment.objects.filter(sitting__number=other).update(sitting=closed), "sitting_closed")
    assessment = Assessment.objects.get(sitting__number=other)
    refused(
        lambda: Assessment.objects.create(
            sitting=closed, application=assessment.application, criteria_set=assessment.criteria_set
        ),
        "sitting_closed",
    )
    assert number != open_one
