"""What managers change over GraphQL. A broken rule is told in the `errors` of the change, and nothing is written then."""

import datetime
from collections.abc import Callable, Mapping
from typing import Any

import graphene
from django.utils import timezone

from ovop_certification import services
from ovop_certification.records import CertificateRow
from ovop_certification.schema.desk import (
    RequirementChangeInput,
    RequirementInput,
    key,
    requirement_change,
    requirement_row,
)
from ovop_certification.schema.desk_changes import Change
from ovop_certification.schema.desk_gate_mutations import (
    ClosureWantsSet,
    MarketPlacesSet,
    MarketPolicySet,
    OrderFlagResolve,
    OrderHoldRelease,
)
from ovop_certification.schema.desk_types import (
    CertificateHolderKind,
    DeskCertificateDetails,
    MarketRequirement,
)
from ovop_certification.selectors.desk import desk_certificate
from ovop_certification.services.certificate_terms import CertificateTerms
from ovop_certification.services.requirements import RequirementAdd, RequirementEdit, RequirementEnd
from ovop_shared.product_ids import product_pk


class CertificateTermsInput(graphene.InputObjectType):
    """What a certificate says besides who holds it; what is left out is empty."""

    valid_from_on = graphene.Date(required=True)
    valid_until_on = graphene.Date()
    markets = graphene.List(graphene.NonNull(graphene.String))
    product_ids = graphene.List(graphene.NonNull(graphene.ID))
    product_types = graphene.List(graphene.NonNull(graphene.String))
    areas = graphene.List(graphene.NonNull(graphene.String))
    register_url = graphene.String()
    surveillance_last_on = graphene.Date()
    surveillance_next_on = graphene.Date()


class CertificateInput(CertificateTermsInput):
    """An application. A product is named by its number or global id, a lot by `<product>/<lot>`, others by code."""

    scheme = graphene.String(required=True)
    issuing_body = graphene.String(required=True)
    number = graphene.String(required=True)
    holder_kind = CertificateHolderKind(required=True)
    holder_ref = graphene.String(required=True)
    replaces = graphene.String()


class _CertificateChange(Change):
    class Meta:
        abstract = True

    certificate = graphene.Field(DeskCertificateDetails, description="As it is now; null when a rule is broken.")

    @classmethod
    def changed(cls, info: Any, pk: int, write: Callable[[str, datetime.datetime], object]) -> Any:
        def written(actor: str, at: datetime.datetime) -> dict[str, Any]:
            write(actor, at)
            return {"certificate": desk_certificate(pk, timezone.now())}

        return cls.done(info, written)


class CertificateApply(_CertificateChange):
    """Register an application. The same one again changes nothing."""

    class Arguments:
        wanted = CertificateInput(name="input", required=True)
        reason = graphene.String()

    @classmethod
    def mutate(cls, root: None, info: Any, wanted: Any, reason: str | None = None) -> Any:
        def write(actor: str, at: datetime.datetime) -> dict[str, Any]:
            terms = _terms(wanted)
            ref = wanted["holder_ref"]
            if wanted["holder_kind"] in ("product", "lot"):
                product, slash, lot = ref.partition("/")
                ref = f"{product_pk(product, 'holderRef')}{slash}{lot}"
            row = CertificateRow(
                scheme=wanted["scheme"],
                issuing_body=wanted["issuing_body"],
                number=wanted["number"],
                holder_kind=wanted["holder_kind"],
                holder_ref=ref,
                valid_from_on=terms.valid_from_on,
                valid_until_on=terms.valid_until_on,
                products=frozenset(str(pk) for pk in terms.products),
                product_types=terms.product_types,
                areas=terms.areas,
                markets=terms.markets,
                replaces=wanted.get("replaces") or "",
                register_url=terms.register_url,
                surveillance_last_on=terms.surveillance_last_on,
                surveillance_next_on=terms.surveillance_next_on,
            )
            certificate, _ = services.certificate_apply(row, actor=actor, at=at, reason=reason or "")
            return {"certificate": desk_certificate(certificate.pk, timezone.now())}

        return cls.done(info, write)


class CertificateChange(_CertificateChange):
    """Correct what a certificate says: all of it before it is issued, surveillance and register afterwards."""

    class Arguments:
        pk = graphene.ID(name="id", required=True)
        wanted = CertificateTermsInput(name="input", required=True)
        reason = graphene.String()

    @classmethod
    def mutate(cls, root: None, info: Any, pk: str, wanted: Any, reason: str | None = None) -> Any:
        return cls.changed(
            info,
            key(pk),
            lambda actor, at: services.certificate_change(
                key(pk), _terms(wanted), actor=actor, at=at, reason=reason or ""
            ),
        )


class SurveillanceRecord(_CertificateChange):
    """Write down when the issuing body looked last and looks next."""

    class Arguments:
        pk = graphene.ID(name="id", required=True)
        last_on = graphene.Date()
        next_on = graphene.Date()
        reason = graphene.String()

    @classmethod
    def mutate(cls, root: None, info: Any, pk: str, reason: str | None = None, **days: datetime.date | None) -> Any:
        return cls.changed(
            info,
            key(pk),
            lambda actor, at: services.surveillance_record(
                key(pk),
                last_on=days.get("last_on"),
                next_on=days.get("next_on"),
                actor=actor,
                at=at,
                reason=reason or "",
            ),
        )


class CertificateVerify(_CertificateChange):
    """Somebody has seen that the paper is real. A document has to be on file, the reason says where it was looked up."""

    class Arguments:
        pk = graphene.ID(name="id", required=True)
        reason = graphene.String(required=True)

    @classmethod
    def mutate(cls, root: None, info: Any, pk: str, reason: str) -> Any:
        return _step(cls, info, services.certificate_verify, pk, reason)


class CertificateIssue(_CertificateChange):
    """From now on it counts: said by somebody else than who verified it."""

    class Arguments:
        pk = graphene.ID(name="id", required=True)
        reason = graphene.String()

    @classmethod
    def mutate(cls, root: None, info: Any, pk: str, reason: str | None = None) -> Any:
        return _step(cls, info, services.certificate_issue, pk, reason or "")


class _DatedStep(_CertificateChange):
    class Meta:
        abstract = True

    class Arguments:
        pk = graphene.ID(name="id", required=True)
        reason = graphene.String(required=True)
        happened_at = graphene.DateTime(description="A moment in the past; now when not given.")


class CertificateSuspend(_DatedStep):
    """It does not count until it is reinstated."""

    @classmethod
    def mutate(cls, root: None, info: Any, pk: str, reason: str, happened_at: datetime.datetime | None = None) -> Any:
        return _step(cls, info, services.certificate_suspend, pk, reason, happened_at)


class CertificateReinstate(_DatedStep):
    """A suspended one counts again."""

    @classmethod
    def mutate(cls, root: None, info: Any, pk: str, reason: str, happened_at: datetime.datetime | None = None) -> Any:
        return _step(cls, info, services.certificate_reinstate, pk, reason, happened_at)


class CertificateWithdraw(_DatedStep):
    """The end of a certificate, or of an application."""

    @classmethod
    def mutate(cls, root: None, info: Any, pk: str, reason: str, happened_at: datetime.datetime | None = None) -> Any:
        return _step(cls, info, services.certificate_withdraw, pk, reason, happened_at)


class _MatrixChange(Change):
    class Meta:
        abstract = True

    requirements = graphene.List(
        graphene.NonNull(MarketRequirement), description="Those written; null when a rule is broken."
    )

    @classmethod
    def edited(cls, info: Any, edit: Callable[[], RequirementEdit], reason: str | None) -> Any:
        return cls.done(
            info,
            lambda actor, at: {
                "requirements": services.requirement_edit([edit()], actor=actor, at=at, reason=reason or "")
            },
        )


class RequirementAddMutation(_MatrixChange):
    """Ask something new, from today or later."""

    class Meta:
        name = "RequirementAdd"

    class Arguments:
        wanted = RequirementInput(name="input", required=True)
        reason = graphene.String()

    @classmethod
    def mutate(cls, root: None, info: Any, wanted: Any, reason: str | None = None) -> Any:
        return cls.edited(info, lambda: RequirementAdd(requirement_row(wanted)), reason)


class RequirementChangeMutation(_MatrixChange):
    """Other days, grace or effect, from today on: one that has begun ends with yesterday and a new one begins."""

    class Meta:
        name = "RequirementChange"

    class Arguments:
        wanted = RequirementChangeInput(name="input", required=True)
        reason = graphene.String()

    @classmethod
    def mutate(cls, root: None, info: Any, wanted: Any, reason: str | None = None) -> Any:
        return cls.edited(info, lambda: requirement_change(wanted), reason)


class RequirementEndMutation(_MatrixChange):
    """Ask no more after a day: yesterday or later."""

    class Meta:
        name = "RequirementEnd"

    class Arguments:
        pk = graphene.ID(name="id", required=True)
        last_on = graphene.Date(required=True)
        reason = graphene.String()

    @classmethod
    def mutate(cls, root: None, info: Any, pk: str, last_on: datetime.date, reason: str | None = None) -> Any:
        return cls.edited(info, lambda: RequirementEnd(key(pk), last_on), reason)


class DeskMutation(graphene.ObjectType):
    """For managers."""

    certificate_apply = CertificateApply.Field(description=CertificateApply.__doc__)
    certificate_change = CertificateChange.Field(description=CertificateChange.__doc__)
    surveillance_record = SurveillanceRecord.Field(description=SurveillanceRecord.__doc__)
    certificate_verify = CertificateVerify.Field(description=CertificateVerify.__doc__)
    certificate_issue = CertificateIssue.Field(description=CertificateIssue.__doc__)
    certificate_suspend = CertificateSuspend.Field(description=CertificateSuspend.__doc__)
    certificate_reinstate = CertificateReinstate.Field(description=CertificateReinstate.__doc__)
    certificate_withdraw = CertificateWithdraw.Field(description=CertificateWithdraw.__doc__)
    requirement_add = RequirementAddMutation.Field(description=RequirementAddMutation.__doc__)
    requirement_change = RequirementChangeMutation.Field(description=RequirementChangeMutation.__doc__)
    requirement_end = RequirementEndMutation.Field(description=RequirementEndMutation.__doc__)
    market_policy_set = MarketPolicySet.Field(description=MarketPolicySet.__doc__)
    market_places_set = MarketPlacesSet.Field(description=MarketPlacesSet.__doc__)
    closure_wants_set = ClosureWantsSet.Field(description=ClosureWantsSet.__doc__)
    order_hold_release = OrderHoldRelease.Field(description=OrderHoldRelease.__doc__)
    order_flag_resolve = OrderFlagResolve.Field(description=OrderFlagResolve.__doc__)


def _step(
    cls: Any,
    info: Any,
    service: Callable[..., object],
    pk: str,
    reason: str,
    happened_at: datetime.datetime | None = None,
) -> Any:
    if happened_at is not None and happened_at.tzinfo is None:
        happened_at = timezone.make_aware(happened_at)
    return cls.changed(
        info,
        key(pk),
        lambda actor, at: service(key(pk), actor=actor, at=at, reason=reason, happened_at=happened_at),
    )


def _terms(given: Mapping[str, Any]) -> CertificateTerms:
    return CertificateTerms(
        valid_from_on=given["valid_from_on"],
        valid_until_on=given.get("valid_until_on"),
        markets=frozenset(given.get("markets") or ()),
        products=frozenset(product_pk(each, "productIds") for each in given.get("product_ids") or ()),
        product_types=frozenset(given.get("product_types") or ()),
        areas=frozenset(given.get("areas") or ()),
        register_url=given.get("register_url") or "",
        surveillance_last_on=given.get("surveillance_last_on"),
        surveillance_next_on=given.get("surveillance_next_on"),
    )
