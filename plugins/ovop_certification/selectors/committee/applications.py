"""Applications: the queue of those that wait, and all that is known of one."""

import datetime
from collections.abc import Mapping
from dataclasses import dataclass

from django.db.models import CharField, F, OuterRef, QuerySet, Subquery
from django.db.models.functions import Cast

from ovop_certification.grading import OVERDUE_DAYS, REGRADE_DAYS
from ovop_certification.models import (
    Application,
    ApplicationStep,
    Assessment,
    Certificate,
    CertificateEvent,
    EventKind,
    HolderKind,
    ProductRecipe,
    Stage,
)
from ovop_shared.shop_time import shop_day

COUNTS = (EventKind.ISSUED, EventKind.REINSTATED)


@dataclass(frozen=True, slots=True)
class QueuedApplication:
    """An application in the queue. `waiting_days` since it came to its stage, or since its label may be graded again;
    None while it waits for nothing. `label_until` is the last day of its product's newest label, which `is_label_good`
    says to count today."""

    number: int
    scheme: str
    scheme_names: Mapping[str, str]
    product_pk: int
    producer: str
    is_open: bool
    stage: Stage
    kind: str
    since: datetime.datetime
    sitting: int | None
    label_number: str
    label_until: datetime.date | None
    is_label_good: bool
    waiting_days: int | None
    is_overdue: bool


@dataclass(frozen=True, slots=True)
class Queue:
    applications: tuple[QueuedApplication, ...]
    total: int
    overdue: int


@dataclass(frozen=True, slots=True)
class StepFacts:
    kind: str
    stage: Stage
    at: datetime.datetime
    actor: str
    reason: str


@dataclass(frozen=True, slots=True)
class AssessmentFacts:
    """What a sitting made of the application; without a verdict it is still before it."""

    sitting: int
    held_on: datetime.date
    criteria: str
    criteria_version: int
    recipe_version: int | None
    total: int | None
    stars: int | None
    verdict: str
    conditions: str
    closed_by: str
    certificate_number: str


@dataclass(frozen=True, slots=True)
class RecipeFacts:
    version: int
    text: str
    at: datetime.datetime
    actor: str


@dataclass(frozen=True, slots=True)
class ApplicationFacts:
    """Everything of an application, steps and assessments oldest first, the newest recipe first."""

    queued: QueuedApplication
    steps: tuple[StepFacts, ...]
    assessments: tuple[AssessmentFacts, ...]
    recipes: tuple[RecipeFacts, ...]


def application_queue(
    *,
    at: datetime.datetime,
    stage: str = "",
    scheme: str = "",
    waiting_days: int = 0,
    is_open: bool = True,
    offset: int = 0,
    limit: int | None = None,
) -> Queue:
    """The applications of that stage and label that have waited so many days, the overdue first and then those that wait
    longest. One query."""
    rows = Application.objects.filter(is_open=is_open)
    if scheme:
        rows = rows.filter(scheme__code=scheme)
    queued = [_queued(row, at) for row in _annotated(rows)]
    if stage:
        queued = [each for each in queued if each.stage == stage]
    if waiting_days:
        queued = [each for each in queued if (each.waiting_days or 0) >= waiting_days]
    queued.sort(key=_urgency)
    shown = queued[offset:] if limit is None else queued[offset : offset + limit]
    return Queue(tuple(shown), len(queued), sum(each.is_overdue for each in queued))


def application(number: int, at: datetime.datetime) -> ApplicationFacts | None:
    """Four queries."""
    row = _annotated(Application.objects.filter(number=number)).first()
    if row is None:
        return None
    return ApplicationFacts(
        queued=_queued(row, at),
        steps=tuple(
            StepFacts(step.kind, Stage(step.stage), step.at, step.actor, step.reason)
            for step in row.steps.order_by("position")
        ),
        assessments=tuple(
            AssessmentFacts(
                sitting=each.sitting.number,
                held_on=each.sitting.held_on,
                criteria=each.criteria_set.code,
                criteria_version=each.criteria_set.version,
                recipe_version=each.recipe_version,
                total=each.total,
                stars=each.stars,
                verdict=each.verdict,
                conditions=each.conditions,
                closed_by=each.closed_by,
                certificate_number=each.certificate.number if each.certificate else "",
            )
            for each in row.assessments.select_related("sitting", "criteria_set", "certificate").order_by(
                "sitting__held_on", "sitting__number"
            )
        ),
        recipes=recipes_of(row.product_pk),
    )


def recipes_of(product_pk: int) -> tuple[RecipeFacts, ...]:
    """All versions, the newest first. One query."""
    rows = ProductRecipe.objects.filter(product_pk=product_pk).order_by("-version")
    return tuple(RecipeFacts(row.version, row.text, row.at, row.actor) for row in rows)


def _annotated(applications: QuerySet[Application]) -> QuerySet[Application]:
    last = ApplicationStep.objects.filter(application=OuterRef("pk")).order_by("-position")
    labels = Certificate.objects.filter(
        scheme=OuterRef("scheme"), holder_kind=HolderKind.PRODUCT, holder_ref=OuterRef("product_ref")
    ).order_by("-valid_from_on", "-pk")
    events = CertificateEvent.objects.filter(certificate=OuterRef("label_pk")).order_by("-position")
    before = Assessment.objects.filter(application=OuterRef("pk"), closed_at=None)
    return applications.select_related("scheme").annotate(
        product_ref=Cast("product_pk", CharField()),
        last_stage=Subquery(last.values("stage")[:1]),
        last_kind=Subquery(last.values("kind")[:1]),
        since=Subquery(last.values("at")[:1]),
        label_pk=Subquery(labels.values("pk")[:1]),
        label_number=Subquery(labels.values("number")[:1]),
        label_until=Subquery(labels.values("valid_until_on")[:1]),
        label_kind=Subquery(events.values("kind")[:1]),
        sitting_number=Subquery(before.annotate(of=F("sitting__number")).values("of")[:1]),
    )


def _queued(row: Application, at: datetime.datetime) -> QueuedApplication:
    today = shop_day(at)
    given = vars(row)
    stage, since, until = Stage(given["last_stage"]), given["since"], given["label_until"]
    has_label = given["label_pk"] is not None and given["label_kind"] in (*COUNTS, EventKind.SUSPENDED)
    is_good = given["label_kind"] in COUNTS and (until is None or until >= today)
    waiting_days: int | None = (today - shop_day(since)).days
    is_overdue = waiting_days is not None and waiting_days > OVERDUE_DAYS
    if stage is Stage.MARKETS and is_good:
        due_on = None if until is None else until - datetime.timedelta(days=REGRADE_DAYS)
        waiting_days = (today - due_on).days if due_on is not None and due_on <= today else None
        is_overdue = False
    elif has_label and not is_good:
        is_overdue = True
    if not row.is_open:
        waiting_days, is_overdue = None, False
    return QueuedApplication(
        number=row.number,
        scheme=row.scheme.code,
        scheme_names=row.scheme.names,
        product_pk=row.product_pk,
        producer=row.producer,
        is_open=row.is_open,
        stage=stage,
        kind=given["last_kind"],
        since=since,
        sitting=given["sitting_number"],
        label_number=given["label_number"] or "",
        label_until=until,
        is_label_good=is_good,
        waiting_days=waiting_days,
        is_overdue=is_overdue,
    )


def _urgency(each: QueuedApplication) -> tuple[bool, bool, int, int]:
    return not each.is_overdue, each.waiting_days is None, -(each.waiting_days or 0), each.number
