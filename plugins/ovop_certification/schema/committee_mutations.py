"""What the committee's GraphQL changes, with the rights of its pages: managers prepare and decide, the chair records
verdicts and closes, members score. A broken rule is told in `errors`, and nothing of the change is written then."""

import datetime
import json
from collections.abc import Callable
from typing import Any

import graphene
from django.utils import timezone
from graphene.utils.str_converters import to_camel_case

from ovop_certification.access import committee_member_of, require_closer, require_manager, require_reader
from ovop_certification.models import Stage, Verdict
from ovop_certification.schema.committee_types import (
    CommitteeSittingDetails,
    LabelApplicationDetails,
    LabelStage,
    LabelVerdict,
    required_list,
)
from ovop_certification.selectors import committee as selectors
from ovop_certification.services import committee
from ovop_shared.errors import AuthenticationRequired, OvopError, PermissionDenied
from ovop_shared.product_ids import product_pk
from ovop_shared.requester import Requester, requester_of

Rule = Callable[[Requester], object]


class CommitteeErrorParams(graphene.Scalar):
    """The values an error speaks of, as a JSON object."""

    @staticmethod
    def serialize(params: Any) -> Any:
        return json.loads(json.dumps(params, default=str))


class CommitteeError(graphene.ObjectType):
    """A rule that a change breaks."""

    code = graphene.String(required=True, description="Stable, for programs.")
    field = graphene.String(description="The field of the input that breaks it.")
    message = graphene.String(required=True, description="For developers, in English.")
    params = graphene.Field(CommitteeErrorParams, description="The values the message speaks of.")


class _Change(graphene.Mutation):
    """One change: who may do it, what it writes, and what it then gives back."""

    class Meta:
        abstract = True

    errors = required_list(CommitteeError, description="The rules it breaks; then nothing was written.")

    @classmethod
    def done(
        cls,
        info: Any,
        rule: Rule,
        write: Callable[[str, datetime.datetime], Any],
        read: Callable[[Any], dict[str, Any]] = lambda _: {},
    ) -> Any:
        """`write` gets who does it and when. Raises AuthenticationRequired and PermissionDenied."""
        requester = requester_of(info.context)
        rule(requester)
        try:
            written = write(committee.actor_of(requester).name, timezone.now())
        except (AuthenticationRequired, PermissionDenied):
            raise
        except OvopError as error:
            told = CommitteeError(
                code=error.code,
                field=error.field and to_camel_case(error.field),
                message=error.message,
                params=error.params or None,
            )
            return cls(errors=[told])
        return cls(errors=[], **read(written))


class _ApplicationChange(_Change):
    class Meta:
        abstract = True

    application = graphene.Field(LabelApplicationDetails, description="As it is now; null when a rule is broken.")

    @classmethod
    def changed(cls, info: Any, write: Callable[[str, datetime.datetime], Any], number: int | None = None) -> Any:
        def read(written: Any) -> dict[str, Any]:
            return {"application": selectors.application(number or written.number, timezone.now())}

        return cls.done(info, require_manager, write, read)


class _SittingChange(_Change):
    class Meta:
        abstract = True

    sitting = graphene.Field(CommitteeSittingDetails, description="As it is now; null when a rule is broken.")

    @classmethod
    def changed(
        cls,
        info: Any,
        write: Callable[[str, datetime.datetime], Any],
        number: int | None = None,
        rule: Rule = require_manager,
    ) -> Any:
        return cls.done(info, rule, write, lambda written: {"sitting": sitting_details(number or written.number)})


def sitting_details(number: int) -> CommitteeSittingDetails | None:
    facts = selectors.sitting(number)
    if facts is None:
        return None
    return CommitteeSittingDetails(sitting=facts, seats=selectors.seats(number), agenda=selectors.agenda(number))


class ApplicationOpen(_ApplicationChange):
    """Open an application for a label, at the first stage."""

    class Arguments:
        product_id = graphene.ID(required=True)
        scheme = graphene.String(required=True)
        producer = graphene.String(required=True, description="The producer's code.")

    @classmethod
    def mutate(cls, root: None, info: Any, product_id: str, scheme: str, producer: str) -> Any:
        return cls.changed(
            info,
            lambda actor, at: committee.application_open(
                scheme, product_pk(product_id, "productId"), producer, actor=actor, at=at
            ),
        )


class ApplicationEnter(_ApplicationChange):
    """Take an application to the next stage, or back to an earlier one with the reason."""

    class Arguments:
        number = graphene.Int(required=True)
        stage = LabelStage(required=True)
        reason = graphene.String(default_value="")

    @classmethod
    def mutate(cls, root: None, info: Any, number: int, stage: str, reason: str = "") -> Any:
        return cls.changed(
            info,
            lambda actor, at: committee.application_enter(number, Stage(stage), actor=actor, at=at, reason=reason),
            number,
        )


class ApplicationReopen(_ApplicationChange):
    """Begin again at that stage: what was decided holds no longer."""

    class Arguments:
        number = graphene.Int(required=True)
        stage = LabelStage(required=True)
        reason = graphene.String(required=True)

    @classmethod
    def mutate(cls, root: None, info: Any, number: int, stage: str, reason: str) -> Any:
        return cls.changed(
            info,
            lambda actor, at: committee.application_reopen(number, Stage(stage), actor=actor, at=at, reason=reason),
            number,
        )


class ApplicationClose(_ApplicationChange):
    """Close an application: it goes no further."""

    class Arguments:
        number = graphene.Int(required=True)
        reason = graphene.String(required=True)

    @classmethod
    def mutate(cls, root: None, info: Any, number: int, reason: str) -> Any:
        return cls.changed(
            info, lambda actor, at: committee.application_close(number, actor=actor, at=at, reason=reason), number
        )


class RecipeRecord(_Change):
    """Write down a product's recipe. The same text again is no new version."""

    class Arguments:
        product_id = graphene.ID(required=True)
        text = graphene.String(required=True)

    is_new = graphene.Boolean(description="Whether it is a new version; null when a rule is broken.")

    @classmethod
    def mutate(cls, root: None, info: Any, product_id: str, text: str) -> Any:
        return cls.done(
            info,
            require_manager,
            lambda actor, at: committee.recipe_record(product_pk(product_id, "productId"), text, actor=actor, at=at),
            lambda written: {"is_new": written is not None},
        )


class SittingOpen(_SittingChange):
    """Prepare a sitting."""

    class Arguments:
        held_on = graphene.Date(required=True)
        place = graphene.String(default_value="")
        remarks = graphene.String(default_value="")

    @classmethod
    def mutate(cls, root: None, info: Any, held_on: datetime.date, place: str = "", remarks: str = "") -> Any:
        return cls.changed(info, lambda actor, at: committee.sitting_open(held_on, place=place, remarks=remarks))


class SittingMemberSet(_SittingChange):
    """Let a member sit, as the chair or not."""

    class Arguments:
        number = graphene.Int(required=True)
        member = graphene.String(required=True)
        is_chair = graphene.Boolean(default_value=False)

    @classmethod
    def mutate(cls, root: None, info: Any, number: int, member: str, is_chair: bool = False) -> Any:
        return cls.changed(
            info, lambda actor, at: committee.sitting_member_set(number, member, is_chair=is_chair), number
        )


class SittingMemberRemove(_SittingChange):
    """A member does not come."""

    class Arguments:
        number = graphene.Int(required=True)
        member = graphene.String(required=True)

    @classmethod
    def mutate(cls, root: None, info: Any, number: int, member: str) -> Any:
        return cls.changed(info, lambda actor, at: committee.sitting_member_remove(number, member), number)


class AssessmentAdd(_SittingChange):
    """Put an application on the agenda, to be scored by the newest criteria of its label, or by those named."""

    class Arguments:
        number = graphene.Int(required=True)
        application = graphene.Int(required=True)
        criteria = graphene.String()
        criteria_version = graphene.Int()

    @classmethod
    def mutate(
        cls,
        root: None,
        info: Any,
        number: int,
        application: int,
        criteria: str | None = None,
        criteria_version: int | None = None,
    ) -> Any:
        chosen = (criteria, criteria_version or 0) if criteria else None
        return cls.changed(
            info, lambda actor, at: committee.assessment_add(number, application, criteria=chosen), number
        )


class AssessmentRemove(_SittingChange):
    """Take an application off the agenda."""

    class Arguments:
        number = graphene.Int(required=True)
        application = graphene.Int(required=True)

    @classmethod
    def mutate(cls, root: None, info: Any, number: int, application: int) -> Any:
        return cls.changed(info, lambda actor, at: committee.assessment_remove(number, application), number)


class PointsInput(graphene.InputObjectType):
    criterion = graphene.String(required=True)
    points = graphene.Int(required=True)


class ScoresSave(_SittingChange):
    """Give one's own points. Only members do."""

    class Arguments:
        number = graphene.Int(required=True)
        application = graphene.Int(required=True)
        recipe_version = graphene.Int(description="The recipe that was looked at, when there is one.")
        points = required_list(PointsInput)

    @classmethod
    def mutate(
        cls, root: None, info: Any, number: int, application: int, points: list[Any], recipe_version: int | None = None
    ) -> Any:
        requester = requester_of(info.context)

        def write(actor: str, at: datetime.datetime) -> Any:
            given = {each["criterion"]: each["points"] for each in points}
            member = committee_member_of(requester)
            return committee.scores_save(number, application, member, given, recipe_version=recipe_version, at=at)

        return cls.changed(info, write, number, require_reader)


class ConflictDeclare(_SittingChange):
    """Declare that a member has a conflict of interest: one's own, or as the chair or a manager anybody's."""

    class Arguments:
        number = graphene.Int(required=True)
        application = graphene.Int(required=True)
        member = graphene.String(required=True)
        reason = graphene.String(required=True)

    @classmethod
    def mutate(cls, root: None, info: Any, number: int, application: int, member: str, reason: str) -> Any:
        def rule(requester: Requester) -> None:
            require_reader(requester)
            seats = selectors.seats(number)
            is_own = any(seat.code == member and seat.user_id == requester.user_id != "" for seat in seats)
            if not is_own:
                require_closer(requester, seats)

        return cls.changed(
            info,
            lambda actor, at: committee.conflict_declare(number, application, member, reason, actor=actor, at=at),
            number,
            rule,
        )


class VerdictRecord(_SittingChange):
    """Record the verdict on an application: the chair or a manager."""

    class Arguments:
        number = graphene.Int(required=True)
        application = graphene.Int(required=True)
        verdict = LabelVerdict(required=True)
        conditions = graphene.String(default_value="")

    @classmethod
    def mutate(cls, root: None, info: Any, number: int, application: int, verdict: str, conditions: str = "") -> Any:
        by = requester_of(info.context)
        return cls.changed(
            info,
            lambda actor, at: committee.assessment_close(
                number, application, Verdict(verdict), conditions=conditions, by=committee.actor_of(by), at=at
            ),
            number,
            lambda requester: require_closer(requester, selectors.seats(number)),
        )


class SittingClose(_SittingChange):
    """End a sitting: the chair or a manager."""

    class Arguments:
        number = graphene.Int(required=True)

    @classmethod
    def mutate(cls, root: None, info: Any, number: int) -> Any:
        by = requester_of(info.context)
        return cls.changed(
            info,
            lambda actor, at: committee.sitting_close(number, by=committee.actor_of(by), at=at),
            number,
            lambda requester: require_closer(requester, selectors.seats(number)),
        )


class CriteriaPublish(_Change):
    """Publish a draft of criteria: it is scored by from now on, and never changed."""

    class Arguments:
        code = graphene.String(required=True)
        version = graphene.Int(required=True)

    @classmethod
    def mutate(cls, root: None, info: Any, code: str, version: int) -> Any:
        return cls.done(info, require_manager, lambda actor, at: committee.criteria_publish(code, version, at=at))


class CommitteeMutation(graphene.ObjectType):
    """Changes of the committee, with a token in a header."""

    application_open = ApplicationOpen.Field(description=ApplicationOpen.__doc__)
    application_enter = ApplicationEnter.Field(description=ApplicationEnter.__doc__)
    application_reopen = ApplicationReopen.Field(description=ApplicationReopen.__doc__)
    application_close = ApplicationClose.Field(description=ApplicationClose.__doc__)
    recipe_record = RecipeRecord.Field(description=RecipeRecord.__doc__)
    sitting_open = SittingOpen.Field(description=SittingOpen.__doc__)
    sitting_member_set = SittingMemberSet.Field(description=SittingMemberSet.__doc__)
    sitting_member_remove = SittingMemberRemove.Field(description=SittingMemberRemove.__doc__)
    assessment_add = AssessmentAdd.Field(description=AssessmentAdd.__doc__)
    assessment_remove = AssessmentRemove.Field(description=AssessmentRemove.__doc__)
    scores_save = ScoresSave.Field(description=ScoresSave.__doc__)
    conflict_declare = ConflictDeclare.Field(description=ConflictDeclare.__doc__)
    verdict_record = VerdictRecord.Field(description=VerdictRecord.__doc__)
    sitting_close = SittingClose.Field(description=SittingClose.__doc__)
    criteria_publish = CriteriaPublish.Field(description=CriteriaPublish.__doc__)
