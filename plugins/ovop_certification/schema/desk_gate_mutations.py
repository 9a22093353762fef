"""What managers change of markets, and what they decide about what the gate did."""

import datetime
from typing import Any

import graphene

from ovop_certification import services
from ovop_certification.errors import UnknownClosure, UnknownHold
from ovop_certification.models import FlagOutcome, Market
from ovop_certification.schema.desk import key
from ovop_certification.schema.desk_changes import Change
from ovop_certification.schema.desk_types import (
    BypassedPolicy,
    CertificationMarket,
    FlaggedLine,
    HeldOrder,
    LapsedPolicy,
    ListingClosure,
    OrderFlagOutcome,
    UncertifiedPolicy,
)
from ovop_certification.selectors.desk import markets
from ovop_certification.services import MarketPolicy
from ovop_certification.services.closures import closure_wants_set
from ovop_shared.plain_text import is_storable
from ovop_shared.product_ids import product_pk


class _MarketChange(Change):
    class Meta:
        abstract = True

    market = graphene.Field(CertificationMarket, description="As it is now; null when a rule is broken.")


class MarketPolicySet(_MarketChange):
    """What becomes of products that may not be sold there, and of orders of them."""

    class Arguments:
        code = graphene.String(required=True)
        on_uncertified = UncertifiedPolicy(required=True)
        on_lapsed = LapsedPolicy(required=True)
        on_bypassed = BypassedPolicy(required=True)
        grace_days = graphene.Int(required=True)
        reason = graphene.String()

    @classmethod
    def mutate(cls, root: None, info: Any, code: str, reason: str | None = None, **policy: Any) -> Any:
        def write(actor: str, at: datetime.datetime) -> dict[str, Any]:
            services.market_policy_set(code, MarketPolicy(**policy), actor=actor, at=at, reason=reason or "")
            return {"market": _market(code)}

        return cls.done(info, write)


class MarketPlacesSet(_MarketChange):
    """The channels and destination countries where the market's rules hold: exactly these."""

    class Arguments:
        code = graphene.String(required=True)
        channels = graphene.List(graphene.NonNull(graphene.String), required=True)
        countries = graphene.List(graphene.NonNull(graphene.String), required=True)
        reason = graphene.String()

    @classmethod
    def mutate(
        cls, root: None, info: Any, code: str, channels: list[str], countries: list[str], reason: str | None = None
    ) -> Any:
        def write(actor: str, at: datetime.datetime) -> dict[str, Any]:
            services.market_places_set(
                code, channels=channels, countries=countries, actor=actor, at=at, reason=reason or ""
            )
            return {"market": _market(code)}

        return cls.done(info, write)


class ClosureWantsSet(Change):
    """Say what a shut listing is to be when the product may be sold again; it stays shut until then."""

    class Arguments:
        product_id = graphene.ID(required=True)
        channel = graphene.String(required=True)
        published = graphene.Boolean(required=True)
        available_at = graphene.DateTime(description="Null: not for sale.")

    closure = graphene.Field(ListingClosure, description="As it is now; null when a rule is broken.")

    @classmethod
    def mutate(
        cls,
        root: None,
        info: Any,
        product_id: str,
        channel: str,
        published: bool,
        available_at: datetime.datetime | None = None,
    ) -> Any:
        def write(actor: str, at: datetime.datetime) -> dict[str, Any]:
            if not is_storable(channel):
                raise UnknownClosure("That listing is not shut.", field="channel")
            pk = product_pk(product_id, "productId")
            return {
                "closure": closure_wants_set(pk, channel, published=published, available_at=available_at, actor=actor)
            }

        return cls.done(info, write)


class OrderHoldRelease(Change):
    """Let a held order go on."""

    class Arguments:
        order_id = graphene.ID(required=True)
        reason = graphene.String(required=True)

    hold = graphene.Field(HeldOrder, description="As it is now; null when a rule is broken.")

    @classmethod
    def mutate(cls, root: None, info: Any, order_id: str, reason: str) -> Any:
        def write(actor: str, at: datetime.datetime) -> dict[str, Any]:
            if not is_storable(order_id) or len(order_id) > 64:
                raise UnknownHold("The order is not held.", field="orderId")
            return {"hold": services.order_hold_release(order_id, actor=actor, reason=_stored(reason), at=at)}

        return cls.done(info, write)


class OrderFlagResolve(Change):
    """Say what was done about a sold line that was not allowed."""

    class Arguments:
        pk = graphene.ID(name="id", required=True)
        outcome = OrderFlagOutcome(required=True)
        reason = graphene.String(required=True)

    flag = graphene.Field(FlaggedLine, description="As it is now; null when a rule is broken.")

    @classmethod
    def mutate(cls, root: None, info: Any, pk: str, outcome: str, reason: str) -> Any:
        return cls.done(
            info,
            lambda actor, at: {
                "flag": services.order_flag_resolve(
                    key(pk), FlagOutcome(outcome), actor=actor, reason=_stored(reason), at=at
                ).flag
            },
        )


def _market(code: str) -> Market | None:
    return markets().filter(code=code).first()


def _stored(text: str) -> str:
    return text.replace("\0", "")
