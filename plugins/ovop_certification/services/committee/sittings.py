"""Sittings: who sits, what is on the agenda, and the end of it."""

import datetime

from django.db import IntegrityError, transaction

from ovop_certification.errors import (
    ApplicationClosed,
    AssessmentClosed,
    CriteriaUnpublished,
    InAnotherSitting,
    InvalidMember,
    InvalidSitting,
    InvalidStage,
    MemberHasScored,
    SittingClosed,
    SittingUnfinished,
    UnknownApplication,
    UnknownAssessment,
    UnknownCommitteeMember,
    UnknownCriteria,
    UnknownSitting,
)
from ovop_certification.grading import REGRADE_DAYS
from ovop_certification.locks import lock_application, lock_assessment, lock_committee_numbers, lock_sitting
from ovop_certification.models import (
    Application,
    Assessment,
    CommitteeMember,
    CriteriaSet,
    Sitting,
    SittingMember,
    Stage,
)
from ovop_certification.services.committee.actors import Actor
from ovop_certification.services.committee.applications import last_step
from ovop_certification.services.committee.labels import label_holds_until
from ovop_certification.services.committee.texts import typed_line, typed_text


@transaction.atomic
def sitting_open(held_on: datetime.date, *, place: str = "", remarks: str = "") -> Sitting:
    """Prepare a sitting of that day, with the next number. Raises InvalidSitting."""
    lock_committee_numbers()
    last = Sitting.objects.order_by("-number").values_list("number", flat=True).first() or 0
    return Sitting.objects.create(
        number=last + 1,
        held_on=held_on,
        place=typed_line(place, InvalidSitting, "place", needed=False),
        remarks=typed_text(remarks, InvalidSitting, "remarks"),
    )


@transaction.atomic
def sitting_change(number: int, held_on: datetime.date, *, place: str = "", remarks: str = "") -> Sitting:
    """Another day, place or remarks. Raises UnknownSitting, SittingClosed, InvalidSitting; the day stays once something
    was decided, because labels begin on it."""
    sitting = open_sitting(number)
    if held_on != sitting.held_on and sitting.assessments.exclude(closed_at=None).exists():
        raise InvalidSitting("Something was decided on that day already.", field="held_on")
    sitting.held_on = held_on
    sitting.place = typed_line(place, InvalidSitting, "place", needed=False)
    sitting.remarks = typed_text(remarks, InvalidSitting, "remarks")
    sitting.save(update_fields=["held_on", "place", "remarks"])
    return sitting


@transaction.atomic
def sitting_member_set(number: int, member_code: str, *, is_chair: bool = False) -> SittingMember:
    """Let a member sit, as the chair or not; another chair makes room.

    Raises UnknownSitting, SittingClosed, UnknownCommitteeMember, InvalidMember when not active any more.
    """
    sitting = open_sitting(number)
    member = CommitteeMember.objects.filter(code=member_code).first()
    if member is None:
        raise UnknownCommitteeMember("There is no such member.", field="member", params={"member": member_code})
    seat = sitting.members.filter(member=member).first()
    if seat is None and not member.is_active:
        raise InvalidMember("The member is not active any more.", field="member", params={"member": member_code})
    if is_chair:
        sitting.members.filter(is_chair=True).exclude(member=member).update(is_chair=False)
    if seat is None:
        return SittingMember.objects.create(sitting=sitting, member=member, is_chair=is_chair)
    if seat.is_chair != is_chair:
        seat.is_chair = is_chair
        seat.save(update_fields=["is_chair"])
    return seat


@transaction.atomic
def sitting_member_remove(number: int, member_code: str) -> None:
    """Who does not come after all. Raises UnknownSitting, SittingClosed, and MemberHasScored for who was there: who
    leaves early declares for the rest that they do not score."""
    sitting = open_sitting(number)
    seat = sitting.members.filter(member__code=member_code).first()
    if seat is None:
        return
    try:
        with transaction.atomic():
            seat.delete()
    except IntegrityError as error:
        raise MemberHasScored("Who has scored at a sitting was there.", field="member") from error


@transaction.atomic
def assessment_add(number: int, application_number: int, *, criteria: tuple[str, int] | None = None) -> Assessment:
    """Put an application on the agenda, to be scored by that version of criteria or the newest one of its label.

    It has to be at the stage of certification, or its label near its end (REGRADE_DAYS before) or not valid. Adding it
    again changes nothing. Raises UnknownSitting, SittingClosed, UnknownApplication, ApplicationClosed, InvalidStage,
    InAnotherSitting, AssessmentClosed, UnknownCriteria, CriteriaUnpublished.
    """
    sitting = open_sitting(number)
    application = lock_application(application_number)
    if application is None:
        raise UnknownApplication("There is no such application.", field="application")
    there = Assessment.objects.filter(application=application, sitting=sitting).first()
    if there is not None:
        if there.closed_at is not None:
            raise AssessmentClosed("This sitting has decided about it.", field="application")
        return there
    if not application.is_open:
        raise ApplicationClosed("The application is closed: reopen it first.", field="application")
    _check_stage(application, sitting.held_on)
    chosen = _criteria_set(application, criteria)
    try:
        with transaction.atomic():
            return Assessment.objects.create(sitting=sitting, application=application, criteria_set=chosen)
    except IntegrityError as error:
        raise InAnotherSitting("It is before another sitting.", field="application") from error


@transaction.atomic
def assessment_remove(number: int, application_number: int) -> None:
    """Take an application off the agenda. Raises UnknownSitting, SittingClosed, AssessmentClosed, and MemberHasScored
    once somebody has scored it or declared a conflict: then it is deferred."""
    open_sitting(number)
    assessment = lock_assessment(number, application_number)
    if assessment is None:
        return
    if assessment.closed_at is not None:
        raise AssessmentClosed("What was decided is not changed.")
    if assessment.scores.exists() or assessment.conflicts.exists():
        raise MemberHasScored("It was scored already: defer it instead.")
    assessment.delete()


@transaction.atomic
def sitting_close(number: int, *, by: Actor, at: datetime.datetime) -> Sitting:
    """End the sitting; its minutes are final. Closing it again changes nothing.

    Raises UnknownSitting, and SittingUnfinished without a chair, with an empty agenda, or with something undecided.
    """
    sitting = lock_sitting(number)
    if sitting is None:
        raise UnknownSitting("There is no such sitting.", params={"sitting": number})
    if sitting.closed_at is not None:
        return sitting
    if not sitting.members.filter(is_chair=True).exists():
        raise SittingUnfinished("Nobody has the chair.", field="members")
    if not sitting.assessments.exists():
        raise SittingUnfinished("Nothing is on the agenda.", field="agenda")
    undecided = list(
        sitting.assessments.filter(closed_at=None).order_by("pk").values_list("application__number", flat=True)
    )
    if undecided:
        raise SittingUnfinished("Something is not decided yet.", field="agenda", params={"applications": undecided})
    sitting.closed_at = at
    sitting.closed_by = by.name
    sitting.save(update_fields=["closed_at", "closed_by"])
    return sitting


def open_sitting(number: int) -> Sitting:
    """The sitting, locked. Raises UnknownSitting, SittingClosed."""
    sitting = lock_sitting(number)
    if sitting is None:
        raise UnknownSitting("There is no such sitting.", params={"sitting": number})
    if sitting.closed_at is not None:
        raise SittingClosed("Nothing of a closed sitting is changed.", params={"sitting": number})
    return sitting


def open_assessment(number: int, application_number: int) -> Assessment:
    """The assessment, locked. Raises UnknownAssessment, AssessmentClosed."""
    assessment = lock_assessment(number, application_number)
    if assessment is None:
        raise UnknownAssessment(
            "That application is not before that sitting.",
            params={"sitting": number, "application": application_number},
        )
    if assessment.closed_at is not None:
        raise AssessmentClosed("What was decided is not changed.")
    return assessment


def _check_stage(application: Application, held_on: datetime.date) -> None:
    stage = last_step(application).stage
    if stage == Stage.CERTIFICATION:
        return
    until = label_holds_until(application)
    is_near_its_end = until is None or (until - held_on).days <= REGRADE_DAYS
    if stage != Stage.MARKETS or not is_near_its_end:
        raise InvalidStage(
            f"It is at the stage {stage}, and its label does not end soon.",
            field="application",
            params={"at": stage, "label_until": until.isoformat() if until else None},
        )


def _criteria_set(application: Application, wanted: tuple[str, int] | None) -> CriteriaSet:
    sets = CriteriaSet.objects.filter(scheme=application.scheme_id)
    if wanted is None:
        found = sets.exclude(published_at=None).order_by("-published_at", "-version").first()
    else:
        found = sets.filter(code=wanted[0], version=wanted[1]).first()
    if found is None:
        raise UnknownCriteria("There are no such criteria for its label.", field="criteria")
    if found.published_at is None:
        raise CriteriaUnpublished("Publish the criteria first.", field="criteria")
    return found
