"""What would go offline, for staff who manage products."""

import datetime
from typing import Any

import graphene
from django.utils import timezone

from ovop_certification.access import require_reader
from ovop_certification.calendar.simulation import (
    Impact,
    Simulation,
    Total,
    find_certificates,
    simulate_day,
    simulate_fall,
)
from ovop_certification.errors import InvalidCertificate, InvalidDates, UnknownCertificate
from ovop_certification.models import EventKind
from ovop_certification.schema.queries import Reason
from ovop_shared.product_ids import product_global_id
from ovop_shared.requester import requester_of

MAX_IMPACTS = 100

CertificateFall = graphene.Enum(
    "CertificateFall", [("WITHDRAWN", EventKind.WITHDRAWN.value), ("SUSPENDED", EventKind.SUSPENDED.value)]
)


class SoldTotal(graphene.ObjectType):
    """What was sold in a currency in the last 90 days; refunds are not taken off."""

    currency = graphene.String(required=True)
    units = graphene.Int(required=True)
    gross_minor = graphene.String(description="Minor units, as a text of digits: GraphQL's whole numbers end at 2^31.")
    returned_units = graphene.Int(description="How many of the units came back; null where it is not known.")

    @staticmethod
    def resolve_gross_minor(root: Total, info: Any) -> str | None:
        return None if root.gross_minor is None else str(root.gross_minor)


class SaleImpact(graphene.ObjectType):
    """A product that is sold in a market no more, or again."""

    product_id = graphene.ID(required=True, description="As Saleor's own API names it.")
    product_slug = graphene.String(required=True)
    market = graphene.String(required=True)
    channels = graphene.NonNull(graphene.List(graphene.NonNull(graphene.String)))
    countries = graphene.NonNull(graphene.List(graphene.NonNull(graphene.String)))
    at = graphene.DateTime(required=True)
    reasons = graphene.NonNull(graphene.List(graphene.NonNull(Reason)))
    sold = graphene.NonNull(graphene.List(graphene.NonNull(SoldTotal)))

    @staticmethod
    def resolve_product_id(root: Impact, info: Any) -> str:
        return product_global_id(root.change.product.pk)

    @staticmethod
    def resolve_product_slug(root: Impact, info: Any) -> str:
        return root.change.product.slug

    @staticmethod
    def resolve_market(root: Impact, info: Any) -> str:
        return root.change.market

    @staticmethod
    def resolve_at(root: Impact, info: Any) -> datetime.datetime:
        return root.change.at

    @staticmethod
    def resolve_reasons(root: Impact, info: Any) -> Any:
        return root.change.reasons


class SaleSimulation(graphene.ObjectType):
    """What sells most comes first; the counts are of all, the lists hold the first ones."""

    since = graphene.DateTime(required=True)
    until = graphene.DateTime(required=True)
    offline_count = graphene.Int(required=True)
    online_count = graphene.Int(required=True)
    offline = graphene.Field(
        graphene.NonNull(graphene.List(graphene.NonNull(SaleImpact))), first=graphene.Int(default_value=50)
    )
    online = graphene.Field(
        graphene.NonNull(graphene.List(graphene.NonNull(SaleImpact))), first=graphene.Int(default_value=50)
    )
    totals = graphene.NonNull(graphene.List(graphene.NonNull(SoldTotal)))

    @staticmethod
    def resolve_offline_count(root: Simulation, info: Any) -> int:
        return len(root.offline)

    @staticmethod
    def resolve_online_count(root: Simulation, info: Any) -> int:
        return len(root.online)

    @staticmethod
    def resolve_offline(root: Simulation, info: Any, first: int) -> tuple[Impact, ...]:
        return root.offline[: max(0, min(first, MAX_IMPACTS))]

    @staticmethod
    def resolve_online(root: Simulation, info: Any, first: int) -> tuple[Impact, ...]:
        return root.online[: max(0, min(first, MAX_IMPACTS))]


class SimulationQuery(graphene.ObjectType):
    simulation_of_day = graphene.Field(
        graphene.NonNull(SaleSimulation),
        on=graphene.Date(required=True),
        description="What is sold now and not at the end of that day, and the other way round.",
    )
    simulation_of_fall = graphene.Field(
        graphene.NonNull(SaleSimulation),
        scheme=graphene.String(required=True),
        number=graphene.String(required=True),
        issuing_body=graphene.String(description="Needed where several bodies issued the number."),
        kind=CertificateFall(default_value=EventKind.WITHDRAWN.value),
        at=graphene.DateTime(description="When it falls; without, now."),
        description="What is sold no more if the certificate falls.",
    )

    @staticmethod
    def resolve_simulation_of_day(root: None, info: Any, on: datetime.date) -> Simulation:
        requester = requester_of(info.context)
        require_reader(requester)
        return simulate_day(on, timezone.now(), channels=requester.channels)

    @staticmethod
    def resolve_simulation_of_fall(
        root: None,
        info: Any,
        scheme: str,
        number: str,
        kind: str,
        issuing_body: str = "",
        at: datetime.datetime | None = None,
    ) -> Simulation:
        requester = requester_of(info.context)
        require_reader(requester)
        if at is not None and at.tzinfo is None:
            raise InvalidDates("A moment carries its zone.", field="at")
        found = find_certificates(scheme, number, issuing_body)
        if not found:
            raise UnknownCertificate("There is no such certificate.", field="number")
        if len(found) > 1:
            bodies = [each.issuing_body.code for each in found]
            raise InvalidCertificate(
                "Several bodies have issued this number.", field="issuingBody", params={"issuing_bodies": bodies}
            )
        now = timezone.now()
        return simulate_fall(found[0].pk, EventKind(kind), at or now, now=now, channels=requester.channels)
