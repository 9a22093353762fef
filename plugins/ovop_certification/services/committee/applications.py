"""Applications for a label, on their way through the five stages. Their steps are the record: added, never changed."""

import datetime

from django.db import IntegrityError, transaction

from ovop_certification.errors import (
    ApplicationClosed,
    ApplicationExists,
    InvalidStage,
    ReasonRequired,
    UnknownApplication,
    UnknownProducer,
    UnknownScheme,
)
from ovop_certification.locks import lock_application, lock_committee_numbers
from ovop_certification.models import Application, ApplicationStep, Scheme, SchemeKind, Stage, StepKind
from ovop_certification.services.committee.labels import has_label
from ovop_certification.services.committee.texts import typed_text
from ovop_origin.selectors import producers
from ovop_shared.catalogue import UnknownProduct, host_catalogue
from ovop_shared.shop_time import shop_day

STAGES = tuple(Stage)


@transaction.atomic
def application_open(scheme: str, product_pk: int, producer: str, *, actor: str, at: datetime.datetime) -> Application:
    """Begin at the first stage. Raises UnknownScheme (a label of the brand), UnknownProduct, UnknownProducer, and
    ApplicationExists while the product has an open one for that label."""
    label = Scheme.objects.filter(code=scheme, kind=SchemeKind.BRAND_LABEL).first()
    if label is None:
        raise UnknownScheme(f"There is no label {scheme!r}.", field="scheme")
    if product_pk not in host_catalogue().by_pk([product_pk]):
        raise UnknownProduct("The shop has no such product.", field="product", params={"product": product_pk})
    if producer not in producers([producer]):
        raise UnknownProducer(f"There is no producer {producer!r}.", field="producer", params={"producer": producer})
    lock_committee_numbers()
    last = Application.objects.order_by("-number").values_list("number", flat=True).first() or 0
    try:
        with transaction.atomic():
            application = Application.objects.create(
                number=last + 1, scheme=label, product_pk=product_pk, producer=producer, opened_at=at
            )
    except IntegrityError as error:
        raise _exists() from error
    _add_step(application, None, StepKind.ENTERED, Stage.MOBILISATION, actor=actor, at=at, reason="")
    return application


@transaction.atomic
def application_enter(
    number: int, stage: Stage, *, actor: str, at: datetime.datetime, reason: str = ""
) -> ApplicationStep:
    """To the next stage, or back to an earlier one with the reason. Entering the stage it is at changes nothing.

    To the markets by hand only with a label that counts, and not while that is in question: a verdict leads there.
    Raises UnknownApplication, ApplicationClosed, InvalidStage when stages would be left out, ReasonRequired.
    """
    application, last = _open_application(number)
    ahead = STAGES.index(stage) - STAGES.index(Stage(last.stage))
    if ahead == 0:
        return last
    if ahead > 1:
        raise InvalidStage("Stages are entered one by one.", field="stage", params={"at": last.stage, "to": stage})
    if stage is Stage.MARKETS and (last.kind == StepKind.REOPENED or not has_label(application, shop_day(at))):
        raise InvalidStage(
            "To the markets leads the committee's verdict.", field="stage", params={"at": last.stage, "to": stage}
        )
    reason = typed_text(reason, ReasonRequired, "reason")
    if ahead < 0 and not reason:
        raise ReasonRequired("To go back needs a reason.", field="reason")
    return _add_step(application, last, StepKind.ENTERED, stage, actor=actor, at=at, reason=reason)


@transaction.atomic
def application_close(number: int, *, actor: str, at: datetime.datetime, reason: str) -> ApplicationStep:
    """It goes no further. Closing it again changes nothing. Raises UnknownApplication, ReasonRequired, and InvalidStage
    while it is before a sitting."""
    application = _locked(number)
    last = last_step(application)
    if not application.is_open:
        return last
    if application.assessments.filter(closed_at=None).exists():
        raise InvalidStage("It is before a sitting, which decides.", params={"at": last.stage})
    return step_close(application, actor=actor, at=at, reason=_reason(reason))


@transaction.atomic
def application_reopen(number: int, stage: Stage, *, actor: str, at: datetime.datetime, reason: str) -> ApplicationStep:
    """What was decided holds no longer: begin again at that stage, the one it is at or an earlier one.

    Raises UnknownApplication, ReasonRequired, InvalidStage, and ApplicationExists while another one is open.
    """
    application = _locked(number)
    last = last_step(application)
    if STAGES.index(stage) > STAGES.index(Stage(last.stage)):
        raise InvalidStage("Stages are entered one by one.", field="stage", params={"at": last.stage, "to": stage})
    return step_reopen(application, stage, actor=actor, at=at, reason=_reason(reason))


def step_enter(application: Application, stage: Stage, *, actor: str, at: datetime.datetime, reason: str) -> None:
    """Enter a stage on behalf of a decision. The application is locked."""
    last = last_step(application)
    if last.stage != stage:
        _add_step(application, last, StepKind.ENTERED, stage, actor=actor, at=at, reason=reason)


def step_close(application: Application, *, actor: str, at: datetime.datetime, reason: str) -> ApplicationStep:
    """The application is locked and open."""
    last = last_step(application)
    application.is_open = False
    application.save(update_fields=["is_open"])
    return _add_step(application, last, StepKind.CLOSED, Stage(last.stage), actor=actor, at=at, reason=reason)


def step_reopen(
    application: Application, stage: Stage, *, actor: str, at: datetime.datetime, reason: str
) -> ApplicationStep:
    """The application is locked. Raises ApplicationExists."""
    if not application.is_open:
        application.is_open = True
        try:
            with transaction.atomic():
                application.save(update_fields=["is_open"])
        except IntegrityError as error:
            raise _exists() from error
    last = last_step(application)
    return _add_step(application, last, StepKind.REOPENED, stage, actor=actor, at=at, reason=reason)


def last_step(application: Application) -> ApplicationStep:
    return application.steps.order_by("-position")[0]


def _locked(number: int) -> Application:
    application = lock_application(number)
    if application is None:
        raise UnknownApplication("There is no such application.", params={"application": number})
    return application


def _open_application(number: int) -> tuple[Application, ApplicationStep]:
    application = _locked(number)
    if not application.is_open:
        raise ApplicationClosed("The application is closed: reopen it first.", params={"application": number})
    return application, last_step(application)


def _reason(text: str) -> str:
    reason = typed_text(text, ReasonRequired, "reason")
    if not reason:
        raise ReasonRequired("This needs a reason.", field="reason")
    return reason


def _add_step(
    application: Application,
    last: ApplicationStep | None,
    kind: StepKind,
    stage: Stage,
    *,
    actor: str,
    at: datetime.datetime,
    reason: str,
) -> ApplicationStep:
    return ApplicationStep.objects.create(
        application=application,
        position=last.position + 1 if last else 1,
        kind=kind,
        stage=stage,
        at=at,
        actor=actor,
        reason=reason,
    )


def _exists() -> ApplicationExists:
    return ApplicationExists("The product has an open application for that label.", field="product")
