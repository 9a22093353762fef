"""What staff who manage products may ask of the desk."""

import datetime
from typing import Any

import graphene
from django.db.models import QuerySet
from django.utils import timezone

from ovop_certification.access import require_manager, require_reader
from ovop_certification.models import StrandedOutcome
from ovop_certification.records import RequirementRow
from ovop_certification.schema.desk_pages import Paged, listed, paged, paging
from ovop_certification.schema.desk_types import (
    CertificateHolderKind,
    CertificationMarket,
    DeskCertificateConnection,
    DeskCertificateDetails,
    DeskStatus,
    FlaggedLineConnection,
    HeldOrderConnection,
    ListingClosureConnection,
    MarketRequirementConnection,
    RequirementEffect,
    RequirementPreviewType,
    StrandedPaymentConnection,
    StrandedPaymentOutcome,
)
from ovop_certification.selectors import desk, desk_gate
from ovop_certification.selectors.desk import DeskDetails, DeskFilter
from ovop_certification.services.requirement_preview import RequirementPreview, requirement_preview
from ovop_certification.services.requirements import RequirementAdd, RequirementChange, RequirementEnd
from ovop_shared.catalogue import host_catalogue
from ovop_shared.plain_text import is_storable
from ovop_shared.requester import requester_of


class RequirementInput(graphene.InputObjectType):
    """Something new that a market asks, from today or later."""

    market = graphene.String(required=True)
    scheme = graphene.String(required=True)
    product_type = graphene.String(default_value="")
    category = graphene.String(default_value="")
    intended_use = graphene.String(default_value="")
    from_on = graphene.Date(required=True)
    until_on = graphene.Date()
    grace_days = graphene.Int(description="Null: the market's.")
    effect = RequirementEffect(required=True)


class RequirementChangeInput(graphene.InputObjectType):
    """Other days, grace or effect of a requirement, from today on. All three are as given: what is left out is empty."""

    id = graphene.ID(required=True)
    until_on = graphene.Date()
    grace_days = graphene.Int()
    effect = RequirementEffect(required=True)


def requirement_row(given: Any) -> RequirementRow:
    return RequirementRow(
        market=given["market"],
        scheme=given["scheme"],
        from_on=given["from_on"],
        product_type=given.get("product_type") or "",
        category=given.get("category") or "",
        intended_use=given.get("intended_use") or "",
        until_on=given.get("until_on"),
        grace_days=given.get("grace_days"),
        effect=given["effect"],
    )


def requirement_change(given: Any) -> RequirementChange:
    return RequirementChange(key(given["id"]), given.get("until_on"), given.get("grace_days"), given["effect"])


def key(text: str) -> int:
    """A key of our tables; 0, which none has, for what is no number."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else 0


class DeskQuery(graphene.ObjectType):
    """For staff and apps that manage products."""

    staff_certificates = graphene.Field(
        DeskCertificateConnection,
        required=True,
        description="The expired first, then by their last day.",
        **paging(
            text=graphene.String(description="In the number, the holder or the issuing body."),
            status=DeskStatus(),
            scheme=graphene.String(),
            holder_kind=CertificateHolderKind(),
            market=graphene.String(),
            expiring_days=graphene.Int(description="Valid, with a last day within so many days."),
        ),
    )
    staff_certificate = graphene.Field(DeskCertificateDetails, pk=graphene.ID(name="id", required=True))
    requirements = graphene.Field(MarketRequirementConnection, required=True, **paging(market=graphene.String()))
    requirement_add_preview = graphene.Field(
        RequirementPreviewType, required=True, wanted=RequirementInput(name="input", required=True)
    )
    requirement_change_preview = graphene.Field(
        RequirementPreviewType, required=True, wanted=RequirementChangeInput(name="input", required=True)
    )
    requirement_end_preview = graphene.Field(
        RequirementPreviewType,
        required=True,
        pk=graphene.ID(name="id", required=True),
        last_on=graphene.Date(required=True),
    )
    markets = listed(CertificationMarket)
    closures = graphene.Field(ListingClosureConnection, required=True, **paging(channel=graphene.String()))
    held_orders = graphene.Field(HeldOrderConnection, required=True, **paging())
    flagged_lines = graphene.Field(
        FlaggedLineConnection, required=True, **paging(is_resolved=graphene.Boolean(default_value=False))
    )
    stranded_payments = graphene.Field(
        StrandedPaymentConnection, required=True, **paging(outcome=StrandedPaymentOutcome())
    )

    @staticmethod
    def resolve_staff_certificates(
        root: None, info: Any, first: int | None = None, after: str | None = None, **asked: Any
    ) -> Paged:
        require_reader(requester_of(info.context))
        at = timezone.now()
        texts: dict[str, Any] = {
            name: _plain(asked.get(name)) for name in ("text", "status", "scheme", "holder_kind", "market")
        }
        days = asked.get("expiring_days")
        wanted = DeskFilter(**texts, expiring_days=None if days is None else max(0, min(days, 36_500)))

        def read(offset: int, limit: int) -> tuple[Any, int]:
            found = desk.desk_certificates(wanted, at, offset=offset, limit=limit)
            return found.certificates, found.total

        return paged(first, after, read)

    @staticmethod
    def resolve_staff_certificate(root: None, info: Any, pk: str) -> DeskDetails | None:
        require_reader(requester_of(info.context))
        return desk.desk_certificate(key(pk), timezone.now())

    @staticmethod
    def resolve_requirements(
        root: None, info: Any, first: int | None = None, after: str | None = None, market: str | None = None
    ) -> Paged:
        require_reader(requester_of(info.context))
        rows = desk.requirements()
        return _rows(rows.filter(market__code=_plain(market)) if market else rows, first, after)

    @staticmethod
    def resolve_requirement_add_preview(root: None, info: Any, wanted: Any) -> RequirementPreview:
        return _preview(info, RequirementAdd(requirement_row(wanted)))

    @staticmethod
    def resolve_requirement_change_preview(root: None, info: Any, wanted: Any) -> RequirementPreview:
        return _preview(info, requirement_change(wanted))

    @staticmethod
    def resolve_requirement_end_preview(root: None, info: Any, pk: str, last_on: datetime.date) -> RequirementPreview:
        return _preview(info, RequirementEnd(key(pk), last_on))

    @staticmethod
    def resolve_markets(root: None, info: Any) -> Any:
        require_reader(requester_of(info.context))
        return desk.markets()

    @staticmethod
    def resolve_closures(
        root: None, info: Any, first: int | None = None, after: str | None = None, channel: str | None = None
    ) -> Paged:
        require_reader(requester_of(info.context))
        return _rows(desk_gate.open_closures(channel=_plain(channel)), first, after)

    @staticmethod
    def resolve_held_orders(root: None, info: Any, first: int | None = None, after: str | None = None) -> Paged:
        require_reader(requester_of(info.context))
        return _rows(desk_gate.held_orders(), first, after)

    @staticmethod
    def resolve_flagged_lines(
        root: None, info: Any, first: int | None = None, after: str | None = None, is_resolved: bool = False
    ) -> Paged:
        require_reader(requester_of(info.context))
        return _rows(desk_gate.flags(is_resolved=bool(is_resolved)), first, after)

    @staticmethod
    def resolve_stranded_payments(
        root: None, info: Any, first: int | None = None, after: str | None = None, outcome: str | None = None
    ) -> Paged:
        require_reader(requester_of(info.context))
        return _rows(desk_gate.stranded_payments(outcome or StrandedOutcome.WAITING), first, after)


def _rows(rows: "QuerySet[Any]", first: int | None, after: str | None) -> Paged:
    return paged(first, after, lambda offset, limit: (list(rows[offset : offset + limit]), rows.count()))


def _preview(info: Any, edit: Any) -> RequirementPreview:
    require_manager(requester_of(info.context))
    return requirement_preview([edit], catalogue=host_catalogue(), at=timezone.now())


def _plain(text: str | None) -> str:
    return text if text and is_storable(text) else ""
