"""The committee's GraphQL, for staff and apps who manage products: what may be asked."""

from typing import Any

import graphene
from django.utils import timezone

from ovop_certification.access import require_reader
from ovop_certification.schema.committee_mutations import CommitteeMutation, sitting_details
from ovop_certification.schema.committee_types import (
    CommitteeMember,
    CommitteeSitting,
    CommitteeSittingDetails,
    LabelApplicationDetails,
    LabelApplications,
    LabelCriteria,
    LabelStage,
    required_list,
)
from ovop_certification.selectors import committee as selectors
from ovop_shared.graphql_cost import DEFAULT_PAGE, MAX_PAGE
from ovop_shared.requester import requester_of

__all__ = ["CommitteeMutation", "CommitteeQuery"]


class CommitteeQuery(graphene.ObjectType):
    applications = graphene.Field(
        graphene.NonNull(LabelApplications),
        stage=LabelStage(),
        scheme=graphene.String(default_value=""),
        waiting_days=graphene.Int(default_value=0),
        is_open=graphene.Boolean(default_value=True),
        offset=graphene.Int(default_value=0),
        limit=graphene.Int(default_value=DEFAULT_PAGE, description=f"At most {MAX_PAGE}."),
    )
    application = graphene.Field(LabelApplicationDetails, number=graphene.Int(required=True))
    sittings = required_list(
        CommitteeSitting,
        offset=graphene.Int(default_value=0),
        limit=graphene.Int(default_value=DEFAULT_PAGE, description=f"At most {MAX_PAGE}."),
        description="The newest first.",
    )
    sitting = graphene.Field(CommitteeSittingDetails, number=graphene.Int(required=True))
    label_criteria = required_list(LabelCriteria, code=graphene.String(default_value=""))
    committee_members = required_list(CommitteeMember)

    @staticmethod
    def resolve_applications(root: None, info: Any, **asked: Any) -> Any:
        require_reader(requester_of(info.context))
        return selectors.application_queue(
            at=timezone.now(),
            stage=asked.get("stage") or "",
            scheme=(asked["scheme"] or "").replace("\0", ""),
            waiting_days=max(0, asked["waiting_days"] or 0),
            is_open=asked["is_open"],
            offset=max(0, asked["offset"] or 0),
            limit=_limit(asked["limit"]),
        )

    @staticmethod
    def resolve_application(root: None, info: Any, number: int) -> Any:
        require_reader(requester_of(info.context))
        return selectors.application(number, timezone.now())

    @staticmethod
    def resolve_sittings(root: None, info: Any, offset: int, limit: int) -> Any:
        require_reader(requester_of(info.context))
        return selectors.sittings(offset=max(0, offset or 0), limit=_limit(limit))

    @staticmethod
    def resolve_sitting(root: None, info: Any, number: int) -> Any:
        require_reader(requester_of(info.context))
        return sitting_details(number)

    @staticmethod
    def resolve_label_criteria(root: None, info: Any, code: str) -> Any:
        require_reader(requester_of(info.context))
        return selectors.criteria_sets((code or "").replace("\0", ""))

    @staticmethod
    def resolve_committee_members(root: None, info: Any) -> Any:
        require_reader(requester_of(info.context))
        return selectors.committee_members()


def _limit(asked: int | None) -> int:
    return min(max(asked or DEFAULT_PAGE, 1), MAX_PAGE)
