"""What may be asked of certification, and its public facts."""

import datetime
from dataclasses import dataclass
from typing import Any

import graphene
from django.utils import timezone

from ovop_certification import selectors
from ovop_certification.errors import TooManyProducts
from ovop_certification.rules import Decision as ProductDecision
from ovop_certification.rules import Reason as RuleReason
from ovop_certification.rules import ReasonCode as ReasonCodes
from ovop_certification.rules import Status as Statuses
from ovop_certification.selectors import CertificateFacts
from ovop_shared.catalogue import host_catalogue
from ovop_shared.product_ids import product_pk, unknown_product

MAX_PRODUCTS = 100

ReasonCode = graphene.Enum("ReasonCode", [(code.name, code.value) for code in ReasonCodes])
CertificateStatus = graphene.Enum("CertificateStatus", [(status.name, status.value) for status in Statuses])


@dataclass(frozen=True, slots=True)
class _CertificatesOf:
    product_pk: int
    facts: tuple[CertificateFacts, ...]


class Reason(graphene.ObjectType):
    """One requirement that is not met. Only a blocking one forbids the sale."""

    code = ReasonCode(required=True)
    scheme = graphene.String(required=True)
    certificate_number = graphene.String(description="Null when there is no certificate to name.")
    is_blocking = graphene.Boolean(required=True)

    @staticmethod
    def resolve_code(root: RuleReason, info: Any) -> str:
        return root.code.value

    @staticmethod
    def resolve_is_blocking(root: RuleReason, info: Any) -> bool:
        return root.effect == "block"


class Decision(graphene.ObjectType):
    """Whether a product may be sold at this moment, and when the answer next changes as far as is known."""

    allowed = graphene.Boolean(required=True)
    reasons = graphene.NonNull(graphene.List(graphene.NonNull(Reason)))
    next_change_at = graphene.DateTime()


class Certificate(graphene.ObjectType):
    """The public facts of a certificate at this moment."""

    scheme = graphene.String(required=True)
    number = graphene.String(required=True)
    issuing_body = graphene.String(required=True)
    valid_from_on = graphene.Date(required=True)
    valid_until_on = graphene.Date(description="The last day; null when there is none.")
    status = CertificateStatus(required=True)

    @staticmethod
    def resolve_scheme(root: CertificateFacts, info: Any) -> str:
        return root.scheme_code

    @staticmethod
    def resolve_status(root: CertificateFacts, info: Any) -> str:
        return root.status.value


class ProductCertificates(graphene.ObjectType):
    product_id = graphene.Int(required=True, description="The shop's own number of the product.")
    certificates = graphene.NonNull(graphene.List(graphene.NonNull(Certificate)))

    @staticmethod
    def resolve_product_id(root: _CertificatesOf, info: Any) -> int:
        return root.product_pk

    @staticmethod
    def resolve_certificates(root: _CertificatesOf, info: Any) -> tuple[CertificateFacts, ...]:
        return root.facts


class Query(graphene.ObjectType):
    decision = graphene.Field(
        graphene.NonNull(Decision),
        product_id=graphene.ID(required=True, description="The shop's own number of the product, or its global id."),
        channel=graphene.String(required=True),
        country=graphene.String(description="Where it is sent to: ISO 3166-1, two letters."),
    )
    certificates = graphene.NonNull(
        graphene.List(graphene.NonNull(ProductCertificates)),
        product_ids=graphene.Argument(graphene.NonNull(graphene.List(graphene.NonNull(graphene.ID)))),
        description="In the order of the ids; products without a certificate have an empty list.",
    )

    @staticmethod
    def resolve_decision(
        root: None, info: Any, product_id: str, channel: str, country: str | None = None
    ) -> ProductDecision:
        pk = product_pk(product_id, "productId")
        product = host_catalogue().by_pk([pk]).get(pk)
        if product is None:
            raise unknown_product(product_id, "productId")
        return selectors.decide([product], channel_slug=channel, country_code=country, at=_now())[pk]

    @staticmethod
    def resolve_certificates(root: None, info: Any, product_ids: list[str]) -> list[_CertificatesOf]:
        if len(product_ids) > MAX_PRODUCTS:
            raise TooManyProducts(
                f"One call answers for {MAX_PRODUCTS} products.", field="productIds", params={"limit": MAX_PRODUCTS}
            )
        pks = list(dict.fromkeys(product_pk(product_id, "productIds") for product_id in product_ids))
        found = selectors.certificates_of_products(pks, _now())
        return [_CertificatesOf(pk, found.get(pk, ())) for pk in pks]


def _now() -> datetime.datetime:
    return timezone.now()
