"""The committee's verdict on an application: total and grade are frozen, and a positive one issues the label.

Four eyes: the scores of the committee are the verification of a label, and whoever records the verdict issues it. So
the one who records it is not the only one who scored; `verified` is written down under the name of the chair, or,
where the chair records the verdict or has not scored, of another member who scored.
"""

import datetime

from django.db import transaction

from ovop_certification.errors import (
    AssessmentClosed,
    FourEyesRequired,
    InvalidSitting,
    InvalidVerdict,
    ScoresMissing,
    UnknownApplication,
    UnknownAssessment,
)
from ovop_certification.grading import is_positive
from ovop_certification.locks import lock_application, lock_assessment
from ovop_certification.models import Application, Assessment, EventKind, Sitting, Stage, Verdict
from ovop_certification.records import EventRow
from ovop_certification.selectors.committee import SeatFacts, Standing, standings
from ovop_certification.services.committee.actors import Actor
from ovop_certification.services.committee.applications import last_step, step_close, step_enter
from ovop_certification.services.committee.labels import label_issue
from ovop_certification.services.committee.sittings import open_sitting
from ovop_certification.services.committee.texts import typed_text
from ovop_shared.shop_time import shop_day


@transaction.atomic
def assessment_close(
    sitting_number: int,
    application_number: int,
    verdict: Verdict,
    *,
    conditions: str = "",
    by: Actor,
    at: datetime.datetime,
) -> Assessment:
    """Record the verdict. Granted or on conditions: the label is issued in this transaction and the product goes to the
    stage of markets. Refused: the application is closed. Deferred: it waits for another sitting, scored or not.

    `conditions` say what is still to be done; a conditional verdict needs them, a granted one has none. The same verdict
    again changes nothing. Raises UnknownSitting, SittingClosed, UnknownAssessment, AssessmentClosed, InvalidSitting
    before its day, ScoresMissing, InvalidVerdict, FourEyesRequired.
    """
    conditions = typed_text(conditions, InvalidVerdict, "conditions")
    decided = _decided(sitting_number, application_number, verdict, conditions)
    if decided is not None:
        return decided
    sitting = open_sitting(sitting_number)
    application = lock_application(application_number)
    if application is None:
        raise UnknownApplication("There is no such application.", params={"application": application_number})
    assessment = lock_assessment(sitting_number, application_number)
    if assessment is None:
        raise UnknownAssessment("That application is not before that sitting.")
    if assessment.closed_at is not None:
        decided = _decided(sitting_number, application_number, verdict, conditions)
        assert decided is not None
        return decided
    if shop_day(at) < sitting.held_on:
        raise InvalidSitting("Nothing is decided before the day of the sitting.", field="held_on")
    standing = standings([assessment])[assessment.pk]
    _check_verdict(standing, verdict, conditions)
    second = _second_eyes(standing, by)
    if second is None and verdict != Verdict.DEFERRED:
        raise FourEyesRequired("Whoever records a verdict is not the only one who scored.")
    assessment.recipe_version = standing.recipe_version
    assessment.total = standing.total
    assessment.stars = standing.grade.stars if standing.grade else None
    assessment.verdict = verdict
    assessment.conditions = conditions
    assessment.closed_at = at
    assessment.closed_by = by.name
    if second is not None and is_positive(verdict):
        events = _events(application, sitting, assessment, second, by, at)
        assessment.certificate = label_issue(assessment, sitting, application, events, actor=by.name, at=at)
    assessment.save()
    reason = f"Sitting {sitting.number}: {verdict}."
    if is_positive(verdict):
        step_enter(application, Stage.MARKETS, actor=by.name, at=at, reason=reason)
    elif verdict == Verdict.REFUSED:
        step_close(application, actor=by.name, at=at, reason=reason)
    return assessment


def _decided(sitting: int, application: int, verdict: Verdict, conditions: str) -> Assessment | None:
    """What was decided before, None when nothing was. Raises AssessmentClosed when it was something else."""
    closed = Assessment.objects.filter(
        sitting__number=sitting, application__number=application, closed_at__isnull=False
    ).first()
    if closed is not None and (closed.verdict, closed.conditions) != (verdict, conditions):
        raise AssessmentClosed("What was decided is not changed.", params={"verdict": closed.verdict})
    return closed


def _check_verdict(standing: Standing, verdict: Verdict, conditions: str) -> None:
    if standing.grade is None and verdict != Verdict.DEFERRED:
        raise ScoresMissing(
            "Not everything was scored yet: without a total it can only be deferred.",
            params={"missing": {member: list(codes) for member, codes in standing.missing.items()}},
        )
    if verdict not in standing.verdicts:
        raise InvalidVerdict(
            "This grade does not allow that verdict.",
            field="verdict",
            params={"allowed": [str(each) for each in standing.verdicts]},
        )
    if verdict == Verdict.CONDITIONAL and not conditions:
        raise InvalidVerdict("Say the conditions.", field="conditions")
    if verdict == Verdict.GRANTED and conditions:
        raise InvalidVerdict("With conditions the verdict is conditional.", field="conditions")


def _second_eyes(standing: Standing, by: Actor) -> SeatFacts | None:
    """Who saw to it besides the one who records the verdict: the chair, if one of those who scored."""
    own = by.member.code if by.member else ""
    others = [
        seat
        for seat in standing.scorers
        if seat.code != own and seat.name != by.name and standing.points.get(seat.code)
    ]
    return next((seat for seat in others if seat.is_chair), others[0] if others else None)


def _events(
    application: Application,
    sitting: Sitting,
    assessment: Assessment,
    second: SeatFacts,
    by: Actor,
    at: datetime.datetime,
) -> tuple[EventRow, ...]:
    brought = last_step(application)
    return (
        EventRow(EventKind.APPLIED, min(brought.at, at), brought.actor, f"Application {application.number}."),
        EventRow(EventKind.VERIFIED, at, second.name, f"Scored at sitting {sitting.number}."),
        EventRow(EventKind.ISSUED, at, by.name, assessment.conditions),
    )
