"""What may be asked of certification, and its public facts."""

import datetime
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import graphene
from django.utils import timezone

from ovop_certification import selectors
from ovop_certification.badges import DEFAULT_SIZE, SIZES, PublicCertificate, PublicMarket, certificates_about
from ovop_certification.errors import TooManyProducts
from ovop_certification.rules import Decision as ProductDecision
from ovop_certification.rules import Reason as RuleReason
from ovop_certification.rules import ReasonCode as ReasonCodes
from ovop_certification.rules import Rulebook
from ovop_certification.rules import Status as Statuses
from ovop_certification.texts import refusal_message
from ovop_origin.selectors import best_name
from ovop_shared.catalogue import host_catalogue
from ovop_shared.languages import DEFAULT_LANGUAGE, page_language
from ovop_shared.mounting import absolute_url, page_url
from ovop_shared.product_ids import product_pk, unknown_product
from ovop_shared.records import ProductRecord, product_name
from ovop_shared.shop_time import shop_zone

MAX_PRODUCTS = 100

ReasonCode = graphene.Enum("ReasonCode", [(code.name, code.value) for code in ReasonCodes])
BadgeSize = graphene.Enum("BadgeSize", [(name.upper(), name) for name in SIZES])
CertificateStatus = graphene.Enum("CertificateStatus", [(status.name, status.value) for status in Statuses])


@dataclass(frozen=True, slots=True)
class _CertificatesOf:
    product_pk: int
    facts: tuple[PublicCertificate, ...]


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


@dataclass(frozen=True, slots=True)
class _Answer:
    product: ProductRecord
    rulebook: Rulebook
    decision: ProductDecision


class Decision(graphene.ObjectType):
    """Whether a product may be sold at this moment, and when the answer next changes as far as is known."""

    allowed = graphene.Boolean(required=True)
    reasons = graphene.NonNull(graphene.List(graphene.NonNull(Reason)))
    next_change_at = graphene.DateTime()
    message = graphene.String(
        language=graphene.String(description="A BCP 47 tag or one of Saleor's language codes; English without one."),
        description="Why it may not be sold, as the checkout says it: product, market and every reason. Null when it may.",
    )

    @staticmethod
    def resolve_allowed(root: _Answer, info: Any) -> bool:
        return root.decision.allowed

    @staticmethod
    def resolve_reasons(root: _Answer, info: Any) -> tuple[RuleReason, ...]:
        return root.decision.reasons

    @staticmethod
    def resolve_next_change_at(root: _Answer, info: Any) -> datetime.datetime | None:
        return root.decision.next_change_at

    @staticmethod
    def resolve_message(root: _Answer, info: Any, language: str = DEFAULT_LANGUAGE) -> str | None:
        if root.decision.allowed:
            return None
        tag = page_language(language)
        return refusal_message(product_name(root.product, tag), root.decision.reasons, root.rulebook, tag)


class SchemeName(graphene.ObjectType):
    """A scheme's name in one language and script."""

    language = graphene.String(required=True, description="BCP 47, e.g. ky, uz-Latn.")
    text = graphene.String(required=True)


class CertificateMarket(graphene.ObjectType):
    """A market that a certificate is valid in."""

    code = graphene.String(required=True)
    name = graphene.String(
        required=True,
        language=graphene.String(default_value=DEFAULT_LANGUAGE),
        description="In that language, or the next best that was recorded.",
    )
    countries = graphene.NonNull(
        graphene.List(graphene.NonNull(graphene.String)), description="ISO 3166-1; empty when it is none of countries."
    )

    @staticmethod
    def resolve_name(root: PublicMarket, info: Any, language: str) -> str:
        return best_name(root.names, language) or root.code


class Certificate(graphene.ObjectType):
    """The public facts of a certificate at this moment.

    For a storefront: `{ certificates(productIds: [$id]) { certificates { scheme name(language: "ky") status stars
    badgeUrl(size: MEDIUM, language: "ky") verificationUrl markets { name(language: "ky") } replacedBy } } }`.
    """

    scheme = graphene.String(required=True)
    number = graphene.String(required=True)
    issuing_body = graphene.String(required=True)
    valid_from_on = graphene.Date(required=True)
    valid_until_on = graphene.Date(description="The last day; null when there is none.")
    status = CertificateStatus(required=True)
    name = graphene.String(
        required=True,
        language=graphene.String(default_value=DEFAULT_LANGUAGE, description="BCP 47, e.g. ky or uz-Latn."),
        description="The scheme's name in that language, or the next best that was recorded.",
    )
    names = graphene.NonNull(
        graphene.List(graphene.NonNull(SchemeName)),
        language=graphene.String(description="Only the name in this language and script."),
        description="The scheme's names as they were recorded.",
    )
    stars = graphene.Int(description="The grade of a label, 1 to 5; null without one.")
    markets = graphene.NonNull(
        graphene.List(graphene.NonNull(CertificateMarket)), description="Where it is valid; empty when everywhere."
    )
    replaced_by = graphene.NonNull(
        graphene.List(graphene.NonNull(graphene.String)),
        description="The numbers of granted certificates of the same scheme that took its place.",
    )
    verification_url = graphene.String(required=True, description="The page that tells what is true of it today.")
    badge_url = graphene.String(
        required=True,
        size=graphene.Argument(BadgeSize, default_value=DEFAULT_SIZE),
        language=graphene.String(default_value=DEFAULT_LANGUAGE, description="BCP 47, e.g. ky or uz-Latn."),
        description="A PNG of its state today. It is kept for minutes, never past the day its state changes.",
    )

    @staticmethod
    def resolve_issuing_body(root: PublicCertificate, info: Any) -> str:
        return root.body_name

    @staticmethod
    def resolve_status(root: PublicCertificate, info: Any) -> str:
        return root.status.value

    @staticmethod
    def resolve_name(root: PublicCertificate, info: Any, language: str) -> str:
        return best_name(root.scheme_names, language) or root.scheme

    @staticmethod
    def resolve_names(root: PublicCertificate, info: Any, language: str | None = None) -> list[SchemeName]:
        return [
            SchemeName(language=tag, text=text)
            for tag, text in sorted(root.scheme_names.items())
            if language is None or tag.lower() == language.lower()
        ]

    @staticmethod
    def resolve_verification_url(root: PublicCertificate, info: Any) -> str:
        return absolute_url(page_url("ovop_certification:certificate", scheme=root.scheme, number=root.number))

    @staticmethod
    def resolve_badge_url(root: PublicCertificate, info: Any, size: str, language: str) -> str:
        path = page_url("ovop_certification:certificate-badge", scheme=root.scheme, number=root.number)
        return absolute_url(f"{path}?{urlencode({'body': root.body, 'size': size, 'lang': language})}")


class ProductCertificates(graphene.ObjectType):
    product_id = graphene.Int(required=True, description="The shop's own number of the product.")
    certificates = graphene.NonNull(graphene.List(graphene.NonNull(Certificate)))

    @staticmethod
    def resolve_product_id(root: _CertificatesOf, info: Any) -> int:
        return root.product_pk

    @staticmethod
    def resolve_certificates(root: _CertificatesOf, info: Any) -> tuple[PublicCertificate, ...]:
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
    def resolve_decision(root: None, info: Any, product_id: str, channel: str, country: str | None = None) -> _Answer:
        pk = product_pk(product_id, "productId")
        product = host_catalogue().by_pk([pk]).get(pk)
        if product is None:
            raise unknown_product(product_id, "productId")
        rulebook = selectors.rulebook(channel, country, [pk])
        return _Answer(product, rulebook, rulebook.decide(product, at=_now(), zone=shop_zone()))

    @staticmethod
    def resolve_certificates(root: None, info: Any, product_ids: list[str]) -> list[_CertificatesOf]:
        if len(product_ids) > MAX_PRODUCTS:
            raise TooManyProducts(
                f"One call answers for {MAX_PRODUCTS} products.", field="productIds", params={"limit": MAX_PRODUCTS}
            )
        pks = list(dict.fromkeys(product_pk(product_id, "productIds") for product_id in product_ids))
        found = certificates_about(pks, _now())
        return [_CertificatesOf(pk, found.get(pk, ())) for pk in pks]


def _now() -> datetime.datetime:
    return timezone.now()
