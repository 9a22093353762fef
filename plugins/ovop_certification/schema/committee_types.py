"""What the committee's GraphQL tells: applications, sittings and scores. Points are told when the verdict is recorded;
before, a member is told their own."""

from typing import Any

import graphene

from ovop_certification.models import Stage as Stages
from ovop_certification.models import StepKind as StepKinds
from ovop_certification.models import Verdict as Verdicts
from ovop_certification.selectors.committee import (
    AgendaItem,
    ApplicationFacts,
    CriteriaFacts,
    QueuedApplication,
    SeatFacts,
)
from ovop_shared.product_ids import product_global_id
from ovop_shared.requester import requester_of

LabelStage = graphene.Enum("LabelStage", [(stage.name, stage.value) for stage in Stages])
LabelStepKind = graphene.Enum("LabelStepKind", [(kind.name, kind.value) for kind in StepKinds])
LabelVerdict = graphene.Enum("LabelVerdict", [(verdict.name, verdict.value) for verdict in Verdicts])


def required_list(kind: Any, **options: Any) -> Any:
    return graphene.NonNull(graphene.List(graphene.NonNull(kind)), **options)


class LabelApplication(graphene.ObjectType):
    """A product on its way to a label, as the queue shows it."""

    number = graphene.Int(required=True)
    scheme = graphene.String(required=True)
    product_id = graphene.ID(required=True, description="As Saleor's own API names it.")
    producer = graphene.String(required=True, description="The producer's code.")
    is_open = graphene.Boolean(required=True)
    stage = LabelStage(required=True)
    since = graphene.DateTime(required=True)
    sitting = graphene.Int(description="The number of the sitting it is before now.")
    certificate_number = graphene.String(description="Of the newest label of the product.")
    certificate_until_on = graphene.Date()
    waiting_days = graphene.Int(description="Null while it waits for nothing.")
    is_overdue = graphene.Boolean(required=True)

    @staticmethod
    def resolve_product_id(root: QueuedApplication, info: Any) -> str:
        return product_global_id(root.product_pk)

    @staticmethod
    def resolve_stage(root: QueuedApplication, info: Any) -> str:
        return root.stage.value

    @staticmethod
    def resolve_certificate_number(root: QueuedApplication, info: Any) -> str | None:
        return root.label_number or None

    @staticmethod
    def resolve_certificate_until_on(root: QueuedApplication, info: Any) -> Any:
        return root.label_until


class LabelApplications(graphene.ObjectType):
    """A page of the queue: the overdue first, then those that wait longest."""

    total = graphene.Int(required=True)
    overdue = graphene.Int(required=True)
    applications = required_list(LabelApplication)


class LabelStep(graphene.ObjectType):
    kind = LabelStepKind(required=True)
    stage = LabelStage(required=True)
    at = graphene.DateTime(required=True)
    actor = graphene.String(required=True)
    reason = graphene.String(required=True)

    @staticmethod
    def resolve_stage(root: Any, info: Any) -> str:
        return str(root.stage.value)


class LabelAssessment(graphene.ObjectType):
    """What a sitting made of an application; without a verdict it is still before it."""

    sitting = graphene.Int(required=True)
    held_on = graphene.Date(required=True)
    criteria = graphene.String(required=True)
    criteria_version = graphene.Int(required=True)
    recipe_version = graphene.Int()
    total = graphene.Int(description="Hundredths of a per cent of what could be reached.")
    stars = graphene.Int()
    verdict = LabelVerdict()
    conditions = graphene.String(required=True)
    certificate_number = graphene.String()

    @staticmethod
    def resolve_verdict(root: Any, info: Any) -> str | None:
        return root.verdict or None

    @staticmethod
    def resolve_certificate_number(root: Any, info: Any) -> str | None:
        return root.certificate_number or None


class ProductRecipe(graphene.ObjectType):
    version = graphene.Int(required=True)
    text = graphene.String(required=True)
    at = graphene.DateTime(required=True)
    actor = graphene.String(required=True)


class LabelApplicationDetails(graphene.ObjectType):
    """All that is known of one application, oldest first; recipes newest first."""

    application = graphene.NonNull(LabelApplication)
    steps = required_list(LabelStep)
    assessments = required_list(LabelAssessment)
    recipes = required_list(ProductRecipe)

    @staticmethod
    def resolve_application(root: ApplicationFacts, info: Any) -> QueuedApplication:
        return root.queued


class CommitteeSeat(graphene.ObjectType):
    member = graphene.String(required=True, description="The member's code.")
    name = graphene.String(required=True)
    is_chair = graphene.Boolean(required=True)
    conflict = graphene.String(description="Why the member does not score this application; null when they do.")

    @staticmethod
    def resolve_member(root: SeatFacts, info: Any) -> str:
        return root.code

    @staticmethod
    def resolve_conflict(root: SeatFacts, info: Any) -> str | None:
        return root.conflict or None


class GivenPoints(graphene.ObjectType):
    member = graphene.String(required=True)
    criterion = graphene.String(required=True)
    points = graphene.Int(required=True)


class AgendaEntry(graphene.ObjectType):
    """An application before a sitting. Without a total it can only be deferred."""

    application = graphene.Int(required=True)
    product_id = graphene.ID(required=True)
    producer = graphene.String(required=True)
    criteria = graphene.String(required=True)
    criteria_version = graphene.Int(required=True)
    recipe_version = graphene.Int(description="What a member looks at; scores name it.")
    seats = required_list(CommitteeSeat)
    scored_by = required_list(graphene.String, description="The codes of the members who have scored everything.")
    points = required_list(GivenPoints, description="All of them after the verdict, before it only one's own.")
    total = graphene.Int(description="Hundredths of a per cent; told before the verdict to nobody.")
    stars = graphene.Int()
    verdict = LabelVerdict()
    conditions = graphene.String(required=True)
    closed_at = graphene.DateTime()
    closed_by = graphene.String(required=True)
    certificate_number = graphene.String()

    @staticmethod
    def resolve_product_id(root: AgendaItem, info: Any) -> str:
        return product_global_id(root.product_pk)

    @staticmethod
    def resolve_recipe_version(root: AgendaItem, info: Any) -> int | None:
        return root.standing.recipe_version

    @staticmethod
    def resolve_seats(root: AgendaItem, info: Any) -> tuple[SeatFacts, ...]:
        return root.standing.seats

    @staticmethod
    def resolve_scored_by(root: AgendaItem, info: Any) -> list[str]:
        return [seat.code for seat in root.standing.scorers if seat.code not in root.standing.missing]

    @staticmethod
    def resolve_points(root: AgendaItem, info: Any) -> list[GivenPoints]:
        user_id = requester_of(info.context).user_id
        own = {seat.code for seat in root.standing.seats if user_id and seat.user_id == user_id}
        return [
            GivenPoints(member=member, criterion=criterion, points=points)
            for member, given in sorted(root.standing.points.items())
            for criterion, points in given.items()
            if root.closed_at is not None or member in own
        ]

    @staticmethod
    def resolve_verdict(root: AgendaItem, info: Any) -> str | None:
        return root.verdict or None

    @staticmethod
    def resolve_certificate_number(root: AgendaItem, info: Any) -> str | None:
        return root.certificate_number or None


class CommitteeSitting(graphene.ObjectType):
    number = graphene.Int(required=True)
    held_on = graphene.Date(required=True)
    place = graphene.String(required=True)
    remarks = graphene.String(required=True)
    closed_at = graphene.DateTime()
    closed_by = graphene.String(required=True)
    undecided = graphene.Int(required=True, description="How many of its agenda are without a verdict.")


class CommitteeSittingDetails(graphene.ObjectType):
    sitting = graphene.NonNull(CommitteeSitting)
    seats = required_list(CommitteeSeat)
    agenda = required_list(AgendaEntry)


class LabelCriterion(graphene.ObjectType):
    code = graphene.String(required=True)
    weight = graphene.Int(required=True)
    max_points = graphene.Int(required=True)


class LabelBand(graphene.ObjectType):
    stars = graphene.Int(required=True)
    min_total = graphene.Int(required=True, description="Hundredths of a per cent.")
    is_positive = graphene.Boolean(required=True, description="Whether it is enough for the label.")


class LabelCriteria(graphene.ObjectType):
    """A version of criteria. Without `publishedAt` it is a draft."""

    code = graphene.String(required=True)
    version = graphene.Int(required=True)
    scheme = graphene.String(required=True)
    issuing_body = graphene.String(required=True)
    valid_months = graphene.Int(required=True)
    published_at = graphene.DateTime()
    criteria = required_list(LabelCriterion)
    bands = required_list(LabelBand)

    @staticmethod
    def resolve_criteria(root: CriteriaFacts, info: Any) -> Any:
        return root.criteria


class CommitteeMember(graphene.ObjectType):
    code = graphene.String(required=True)
    name = graphene.String(required=True)
    is_active = graphene.Boolean(required=True)
