"""What members give, and who of them must not. Every write holds the assessment: a score and its closing take turns."""

import datetime
from collections.abc import Mapping

from django.db import transaction

from ovop_certification.errors import (
    ConflictedMember,
    ReasonRequired,
    RecipeChanged,
    UnknownCommitteeMember,
    UnknownCriteria,
)
from ovop_certification.grading import CriterionRule, score_check
from ovop_certification.models import Assessment, CommitteeMember, ConflictOfInterest, Score
from ovop_certification.selectors.committee import recipe_versions
from ovop_certification.services.committee.sittings import open_assessment
from ovop_certification.services.committee.texts import typed_text


@transaction.atomic
def scores_save(
    sitting: int,
    application: int,
    member: CommitteeMember,
    points: Mapping[str, int],
    *,
    recipe_version: int | None,
    at: datetime.datetime,
) -> int:
    """A member's points by criterion, some or all of them; how many were written. The same points again write none.

    `recipe_version` is the recipe the member looked at. Raises UnknownAssessment, AssessmentClosed,
    UnknownCommitteeMember (not active, or does not sit), ConflictedMember, RecipeChanged, UnknownCriteria, InvalidScore.
    """
    assessment = open_assessment(sitting, application)
    _check_seat(assessment, member)
    if assessment.conflicts.filter(member=member).exists():
        raise ConflictedMember("A member with a conflict of interest does not score.")
    current = recipe_versions([assessment.application.product_pk]).get(assessment.application.product_pk)
    if current != recipe_version:
        raise RecipeChanged("The recipe was changed meanwhile: look at it again.", params={"version": current})
    criteria = {each.code: each for each in assessment.criteria_set.criteria.all()}
    given = {score.criterion_id: score for score in assessment.scores.filter(member=member)}
    written = []
    for code, value in points.items():
        criterion = criteria.get(code)
        if criterion is None:
            raise UnknownCriteria(f"There is no criterion {code!r}.", field=code, params={"criterion": code})
        score_check(CriterionRule(code, criterion.weight, criterion.max_points), value)
        score = given.get(criterion.pk) or Score(assessment=assessment, member=member, criterion=criterion)
        if score.pk and (score.points, score.recipe_version) == (value, recipe_version):
            continue
        score.points = value
        score.recipe_version = recipe_version
        score.at = at
        written.append(score)
    for score in written:
        score.save()
    return len(written)


@transaction.atomic
def conflict_declare(
    sitting: int, application: int, member_code: str, reason: str, *, actor: str, at: datetime.datetime
) -> ConflictOfInterest:
    """A member does not score this application, for that reason; what they gave is taken away. It is not taken back.

    Declaring it again changes nothing. Raises UnknownAssessment, AssessmentClosed, UnknownCommitteeMember,
    ReasonRequired.
    """
    assessment = open_assessment(sitting, application)
    member = CommitteeMember.objects.filter(code=member_code).first()
    if member is None:
        raise UnknownCommitteeMember("There is no such member.", field="member", params={"member": member_code})
    _check_seat(assessment, member)
    reason = typed_text(reason, ReasonRequired, "reason")
    if not reason:
        raise ReasonRequired("A conflict of interest says why.", field="reason")
    declared = assessment.conflicts.filter(member=member).first()
    if declared is not None:
        return declared
    assessment.scores.filter(member=member).delete()
    return ConflictOfInterest.objects.create(assessment=assessment, member=member, reason=reason, at=at, actor=actor)


def _check_seat(assessment: Assessment, member: CommitteeMember) -> None:
    if not member.is_active or not assessment.sitting.members.filter(member=member).exists():
        raise UnknownCommitteeMember("Only who sits there scores.", field="member", params={"member": member.code})
