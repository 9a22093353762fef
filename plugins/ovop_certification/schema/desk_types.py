"""What staff see over GraphQL of certificates, of what markets ask, and of what the gate did."""

from typing import Any

import graphene

from ovop_certification.models import (
    Closure,
    Effect,
    EventKind,
    FlagOutcome,
    HolderKind,
    Market,
    OnBypassed,
    OnLapsed,
    OnUncertified,
    OrderFlag,
    Requirement,
    StrandedOutcome,
    StrandedPayment,
)
from ovop_certification.schema.desk_pages import JSONValue, connection, listed
from ovop_certification.schema.queries import CertificateStatus
from ovop_certification.selectors.desk import DeskCertificate, DeskDetails, EvidenceFacts, HistoryStep
from ovop_certification.services.requirement_preview import PreviewLine, RequirementPreview
from ovop_shared.graphql_cost import DEFAULT_PAGE, MAX_PAGE
from ovop_shared.product_ids import product_global_id

CertificateHolderKind = graphene.Enum("CertificateHolderKind", [(each.name, each.value) for each in HolderKind])
CertificateStep = graphene.Enum(
    "CertificateStep",
    [*((each.name, each.value) for each in EventKind), ("CHANGED", "changed"), ("FILED", "filed")],
)
DeskStatus = graphene.Enum(
    "DeskStatus",
    [
        ("APPLIED", "applied"),
        ("VERIFIED", "verified"),
        ("NOT_YET_VALID", "not_yet_valid"),
        ("VALID", "valid"),
        ("SUSPENDED", "suspended"),
        ("WITHDRAWN", "withdrawn"),
        ("EXPIRED", "expired"),
    ],
)
RequirementEffect = graphene.Enum("RequirementEffect", [(each.name, each.value) for each in Effect])
UncertifiedPolicy = graphene.Enum("UncertifiedPolicy", [(each.name, each.value) for each in OnUncertified])
LapsedPolicy = graphene.Enum("LapsedPolicy", [(each.name, each.value) for each in OnLapsed])
BypassedPolicy = graphene.Enum("BypassedPolicy", [(each.name, each.value) for each in OnBypassed])
OrderFlagOutcome = graphene.Enum("OrderFlagOutcome", [(each.name, each.value) for each in FlagOutcome])
StrandedPaymentOutcome = graphene.Enum("StrandedPaymentOutcome", [(each.name, each.value) for each in StrandedOutcome])


# Certificates


class DeskName(graphene.ObjectType):
    """A name in a language."""

    language = graphene.String(required=True, description="A tag of BCP 47.")
    text = graphene.String(required=True)


class DeskEvidence(graphene.ObjectType):
    """A document on file. Its content is given to signed-in staff by its page alone."""

    id = graphene.ID(required=True)
    name = graphene.String(required=True)
    content_type = graphene.String(required=True, description="Found in the content.")
    size_bytes = graphene.Int(required=True)
    sha256 = graphene.String(required=True)
    filed_at = graphene.DateTime(required=True)
    filed_by = graphene.String(required=True)

    @staticmethod
    def resolve_id(root: EvidenceFacts, info: Any) -> int:
        return root.pk


class DeskHistoryStep(graphene.ObjectType):
    """What happened to a certificate: an event, a change of facts, or a document."""

    kind = CertificateStep(required=True)
    at = graphene.DateTime(required=True)
    actor = graphene.String(required=True)
    reason = graphene.String(required=True)
    facts = graphene.Field(JSONValue, description="Of a change: each fact before and after.")
    document = graphene.String(required=True)

    @staticmethod
    def resolve_kind(root: HistoryStep, info: Any) -> str:
        return str(getattr(root.kind, "value", root.kind))


class DeskCertificateType(graphene.ObjectType):
    """A certificate with its state of this moment."""

    class Meta:
        name = "DeskCertificate"

    id = graphene.ID(required=True)
    scheme = graphene.String(required=True)
    issuing_body = graphene.String(required=True, description="Its name.")
    number = graphene.String(required=True)
    holder_kind = CertificateHolderKind(required=True)
    holder_ref = graphene.String(required=True, description="A product's key, a code, or `<product>/<lot>`.")
    valid_from_on = graphene.Date(required=True)
    valid_until_on = graphene.Date()
    status = CertificateStatus(required=True)
    is_verified = graphene.Boolean(required=True, description="Whether an application waits to be issued.")
    is_replaced = graphene.Boolean(required=True)

    @staticmethod
    def resolve_id(root: DeskCertificate, info: Any) -> int:
        return root.pk

    @staticmethod
    def resolve_status(root: DeskCertificate, info: Any) -> str:
        return root.status.value

    @staticmethod
    def resolve_is_verified(root: DeskCertificate, info: Any) -> bool:
        return root.last_kind is EventKind.VERIFIED


class DeskCertificateDetails(graphene.ObjectType):
    """All that is known of one certificate."""

    certificate = graphene.Field(DeskCertificateType, required=True)
    issuing_body_code = graphene.String(required=True)
    register_url = graphene.String(required=True)
    surveillance_last_on = graphene.Date()
    surveillance_next_on = graphene.Date()
    markets = listed(graphene.String, description="Codes; empty is all.")
    product_ids = listed(graphene.ID, description="As Saleor's own API names them; empty is all of the holder's.")
    product_types = listed(graphene.String)
    areas = listed(graphene.String, description="Codes of places.")
    replaces = graphene.ID()
    replaced_by = listed(graphene.ID)
    history = listed(DeskHistoryStep, description="The newest first.")
    evidence = listed(DeskEvidence)

    @staticmethod
    def resolve_markets(root: DeskDetails, info: Any) -> list[str]:
        return list(root.markets)

    @staticmethod
    def resolve_product_ids(root: DeskDetails, info: Any) -> list[str]:
        return [product_global_id(pk) for pk in root.products]

    @staticmethod
    def resolve_replaces(root: DeskDetails, info: Any) -> int | None:
        return root.replaces[0] if root.replaces else None

    @staticmethod
    def resolve_replaced_by(root: DeskDetails, info: Any) -> list[int]:
        return [pk for pk, _ in root.replaced_by]


# What markets ask


class MarketRequirement(graphene.ObjectType):
    """What a market asks of a product type, a category and all below it, or (both empty) of every product."""

    id = graphene.ID(required=True)
    market = graphene.String(required=True)
    scheme = graphene.String(required=True)
    product_type = graphene.String(required=True)
    category = graphene.String(required=True)
    intended_use = graphene.String(required=True)
    from_on = graphene.Date(required=True)
    until_on = graphene.Date()
    grace_days = graphene.Int(description="Null: the market's.")
    effect = RequirementEffect(required=True)

    @staticmethod
    def resolve_id(root: Requirement, info: Any) -> int:
        return root.pk

    @staticmethod
    def resolve_market(root: Requirement, info: Any) -> str:
        return root.market.code

    @staticmethod
    def resolve_scheme(root: Requirement, info: Any) -> str:
        return root.scheme.code


class CertificationMarket(graphene.ObjectType):
    """A market and its policies."""

    code = graphene.String(required=True)
    names = listed(DeskName)
    channels = listed(graphene.String)
    countries = listed(graphene.String)
    on_uncertified = UncertifiedPolicy(required=True)
    on_lapsed = LapsedPolicy(required=True)
    on_bypassed = BypassedPolicy(required=True)
    grace_days = graphene.Int(required=True)

    @staticmethod
    def resolve_names(root: Market, info: Any) -> list[DeskName]:
        return [DeskName(language=tag, text=text) for tag, text in sorted(root.names.items())]

    @staticmethod
    def resolve_channels(root: Market, info: Any) -> list[str]:
        return sorted(each.channel for each in root.channels.all())

    @staticmethod
    def resolve_countries(root: Market, info: Any) -> list[str]:
        return sorted(each.country for each in root.countries.all())


class RequirementPreviewLine(graphene.ObjectType):
    """A listing that an edit would close or open."""

    product_id = graphene.ID(required=True, description="As Saleor's own API names it.")
    product_slug = graphene.String(required=True)
    market = graphene.String(required=True)
    channel = graphene.String(description="Null in a market without channels.")
    country = graphene.String(description="The destination, in a market without channels.")
    codes = listed(graphene.String, description="Why it may not be sold.")

    @staticmethod
    def resolve_product_id(root: PreviewLine, info: Any) -> str:
        return product_global_id(root.product.pk)

    @staticmethod
    def resolve_product_slug(root: PreviewLine, info: Any) -> str:
        return root.product.slug

    @staticmethod
    def resolve_channel(root: PreviewLine, info: Any) -> str | None:
        return None if root.is_destination else root.place

    @staticmethod
    def resolve_country(root: PreviewLine, info: Any) -> str | None:
        return root.place if root.is_destination else None

    @staticmethod
    def resolve_codes(root: PreviewLine, info: Any) -> list[str]:
        return list(dict.fromkeys(reason.code.value for reason in root.reasons))


class RequirementPreviewType(graphene.ObjectType):
    """What an edit would close and open, at the first moment at which it makes a difference. The counts are whole."""

    class Meta:
        name = "RequirementPreview"

    at = graphene.DateTime(required=True)
    looked_at = graphene.Int(required=True)
    closes_count = graphene.Int(required=True)
    opens_count = graphene.Int(required=True)
    closes = graphene.Field(listed(RequirementPreviewLine), first=graphene.Int(default_value=DEFAULT_PAGE))
    opens = graphene.Field(listed(RequirementPreviewLine), first=graphene.Int(default_value=DEFAULT_PAGE))

    @staticmethod
    def resolve_closes(root: RequirementPreview, info: Any, first: int) -> tuple[PreviewLine, ...]:
        return root.closes[: max(0, min(first, MAX_PAGE))]

    @staticmethod
    def resolve_opens(root: RequirementPreview, info: Any, first: int) -> tuple[PreviewLine, ...]:
        return root.opens[: max(0, min(first, MAX_PAGE))]


# What the gate did


class KeptReason(graphene.ObjectType):
    """A reason as it was kept at that time."""

    code = graphene.String(required=True)
    scheme = graphene.String(required=True)
    certificate = graphene.String()


class ListingClosure(graphene.ObjectType):
    """A listing that is shut, and what it is to be when the product may be sold again."""

    product_id = graphene.ID(required=True, description="As Saleor's own API names it.")
    channel = graphene.String(required=True)
    market = graphene.String(required=True)
    reasons = listed(KeptReason)
    is_hidden = graphene.Boolean(required=True)
    wants_published = graphene.Boolean(required=True)
    wants_available_at = graphene.DateTime()
    closed_at = graphene.DateTime(required=True)

    @staticmethod
    def resolve_product_id(root: Closure, info: Any) -> str:
        return product_global_id(root.product_pk)


class HeldOrder(graphene.ObjectType):
    """An order that waits for a decision of staff."""

    order_id = graphene.ID(required=True, description="The key of the order.")
    market = graphene.String(required=True)
    cause = graphene.String(required=True, description="`bypassed` or `lapsed`.")
    held_at = graphene.DateTime(required=True)
    released_at = graphene.DateTime()
    released_by = graphene.String(required=True)
    release_reason = graphene.String(required=True)


class OrderFlagResolution(graphene.ObjectType):
    """What staff did about a flag."""

    outcome = OrderFlagOutcome(required=True)
    actor = graphene.String(required=True)
    reason = graphene.String(required=True)
    at = graphene.DateTime(required=True)


class FlaggedLine(graphene.ObjectType):
    """A sold line that its market did not allow."""

    id = graphene.ID(required=True)
    order_id = graphene.ID(required=True)
    line_id = graphene.ID(required=True)
    product_id = graphene.ID(required=True, description="As Saleor's own API names it.")
    market = graphene.String(required=True)
    reasons = listed(KeptReason)
    sold_at = graphene.DateTime(required=True)
    flagged_at = graphene.DateTime(required=True)
    resolution = graphene.Field(OrderFlagResolution)

    @staticmethod
    def resolve_id(root: OrderFlag, info: Any) -> int:
        return root.pk

    @staticmethod
    def resolve_product_id(root: OrderFlag, info: Any) -> str:
        return product_global_id(root.product_pk)

    @staticmethod
    def resolve_resolution(root: OrderFlag, info: Any) -> Any:
        return getattr(root, "resolution", None)


class StrandedPaymentType(graphene.ObjectType):
    """Money that came for a cart which may not be sold."""

    class Meta:
        name = "StrandedPayment"

    checkout = graphene.ID(required=True, description="The key of the checkout.")
    channel = graphene.String(required=True)
    market = graphene.String(required=True)
    amount_minor = graphene.String(required=True, description="Minor units, as digits.")
    currency = graphene.String(required=True)
    paid_at = graphene.DateTime(required=True)
    outcome = StrandedPaymentOutcome(required=True)
    order_id = graphene.ID(required=True)

    @staticmethod
    def resolve_amount_minor(root: StrandedPayment, info: Any) -> str:
        return str(root.amount_minor)


DeskCertificateConnection = connection("DeskCertificate", DeskCertificateType)
MarketRequirementConnection = connection("MarketRequirement", MarketRequirement)
ListingClosureConnection = connection("ListingClosure", ListingClosure)
HeldOrderConnection = connection("HeldOrder", HeldOrder)
FlaggedLineConnection = connection("FlaggedLine", FlaggedLine)
StrandedPaymentConnection = connection("StrandedPayment", StrandedPaymentType)
