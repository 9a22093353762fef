"""The queue of applications, and one application: its steps, what sittings made of it, its recipes."""

import difflib
from collections.abc import Sequence
from itertools import zip_longest

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from ovop_certification.access import require_manager
from ovop_certification.errors import InvalidStage, UnknownProducer
from ovop_certification.models import Scheme, SchemeKind, Stage, StepKind
from ovop_certification.selectors import committee as selectors
from ovop_certification.selectors.committee import ApplicationFacts, QueuedApplication, RecipeFacts
from ovop_certification.services import committee
from ovop_certification.staff_views.committee.frame import (
    STAGE_TEXTS,
    STEP_TEXTS,
    VERDICT_TEXTS,
    Form,
    done_text,
    empty_form,
    is_done,
    may_decide,
    name_of,
    producer_names,
    product_names,
    stars_text,
    typed_form,
    whole_number,
)
from ovop_certification.staff_views.frame import for_product_staff
from ovop_origin.selectors import makers_of
from ovop_shared.catalogue import UnknownProduct, host_catalogue
from ovop_shared.errors import NotFound
from ovop_shared.pages import request_language
from ovop_shared.requester import requester_of
from ovop_shared.staff_frame import PAGE_SIZE, back_to, page_number, pages_of, staff_frame
from ovop_shared.translations import translate

ACTIONS = ("enter", "back", "close", "reopen")


@require_safe
@for_product_staff
def application_list(request: HttpRequest) -> HttpResponse:
    return _list(request, empty_form(request))


@require_POST
@for_product_staff
def application_open(request: HttpRequest) -> HttpResponse:
    require_manager(requester_of(request))
    form = typed_form(request)
    opened: list[int] = []

    def write() -> None:
        slug = form["product"].strip()
        product = host_catalogue().by_slug([slug]).get(slug)
        if product is None:
            raise UnknownProduct("The shop has no such product.", field="product", params={"product": slug})
        producer = form["producer"].strip()
        if not producer:
            makers = makers_of([product.pk]).get(product.pk, frozenset())
            if len(makers) != 1:
                raise UnknownProducer("Say which producer applies.", field="producer")
            producer = next(iter(makers))
        actor = committee.actor_of(requester_of(request))
        made = committee.application_open(form["scheme"], product.pk, producer, actor=actor.name, at=timezone.now())
        opened.append(made.number)

    if not is_done(form, write, ("product", "producer", "scheme")):
        return _list(request, form, status=400)
    return back_to(request, "ovop_certification:staff-application", "opened", number=opened[0])


@require_safe
@for_product_staff
def application(request: HttpRequest, number: int) -> HttpResponse:
    return _page(request, number, empty_form(request))


@require_POST
@for_product_staff
def application_step(request: HttpRequest, number: int) -> HttpResponse:
    require_manager(requester_of(request))
    form = typed_form(request)
    actor = committee.actor_of(requester_of(request)).name
    at = timezone.now()

    def write() -> None:
        if form["action"] not in ACTIONS:
            raise InvalidStage("There is no such step.")
        if form["action"] == "close":
            committee.application_close(number, actor=actor, at=at, reason=form["reason"])
            return
        if form["stage"] not in Stage.values:
            raise InvalidStage("There is no such stage.", field="stage")
        stage = Stage(form["stage"])
        if form["action"] == "reopen":
            committee.application_reopen(number, stage, actor=actor, at=at, reason=form["reason"])
        else:
            committee.application_enter(number, stage, actor=actor, at=at, reason=form["reason"])

    if not is_done(form, write, ("reason", "stage")):
        return _page(request, number, form, status=400)
    return back_to(request, "ovop_certification:staff-application", "step", number=number)


@require_POST
@for_product_staff
def recipe_save(request: HttpRequest, number: int) -> HttpResponse:
    require_manager(requester_of(request))
    form = typed_form(request)
    at = timezone.now()
    facts = _facts(number)
    made: list[object] = []

    def write() -> None:
        actor = committee.actor_of(requester_of(request)).name
        made.append(committee.recipe_record(facts.queued.product_pk, form["text"], actor=actor, at=at))

    if not is_done(form, write, ("text",)):
        return _page(request, number, form, status=400)
    return back_to(
        request, "ovop_certification:staff-application", "recipe" if made[0] else "recipe_same", number=number
    )


def _list(request: HttpRequest, form: Form, *, status: int = 200) -> HttpResponse:
    language = request_language(request)
    number = page_number(request)
    stage, scheme = request.GET.get("stage", ""), request.GET.get("scheme", "")
    waiting = whole_number(request.GET.get("waiting", ""), 36_500) or 0
    is_closed = request.GET.get("state") == "closed"
    found = selectors.application_queue(
        at=timezone.now(),
        stage=stage if stage in Stage.values else "",
        scheme=scheme.replace("\0", ""),
        waiting_days=waiting,
        is_open=not is_closed,
        offset=(number - 1) * PAGE_SIZE,
        limit=PAGE_SIZE,
    )
    context = {
        "queue": shown_queue(found.applications, language),
        "overdue": found.overdue,
        "pages": pages_of(request, number, len(found.applications), found.total),
        "stages": STAGE_TEXTS.items(),
        "schemes": _schemes(language),
        "asked": {"stage": stage, "scheme": scheme, "waiting": waiting or "", "is_closed": is_closed},
        "may_decide": may_decide(request),
        "form": form,
        "done": done_text(request),
    }
    title = translate("Applications for a label", language)
    return staff_frame(request, "ovop_certification/committee/applications.html", title, context, status=status)


def shown_queue(queue: Sequence[QueuedApplication], language: str) -> list[dict[str, object]]:
    """Applications of a list with the names of product, producer and label."""
    products = product_names([each.product_pk for each in queue], language)
    makers = producer_names([each.producer for each in queue], language)
    return [
        {
            "facts": each,
            "product": products[each.product_pk],
            "producer": makers[each.producer],
            "label": name_of(each.scheme_names, language, each.scheme),
            "stage": STAGE_TEXTS[each.stage],
            "is_reopened": each.kind == "reopened",
        }
        for each in queue
    ]


def _page(request: HttpRequest, number: int, form: Form, *, status: int = 200) -> HttpResponse:
    language = request_language(request)
    facts = _facts(number)
    queued = facts.queued
    at = committee.STAGES.index(queued.stage)
    following = committee.STAGES[at + 1] if queued.is_open and at + 1 < len(committee.STAGES) else None
    if following is Stage.MARKETS and (queued.kind == StepKind.REOPENED or not queued.is_label_good):
        following = None
    context = {
        "application": shown_queue([queued], language)[0],
        "steps": [
            {"facts": each, "kind": STEP_TEXTS[each.kind], "stage": STAGE_TEXTS[each.stage]}
            for each in reversed(facts.steps)
        ],
        "assessments": [
            {
                "facts": each,
                "verdict": VERDICT_TEXTS.get(each.verdict, "Not decided yet"),
                "stars": stars_text(each.stars),
            }
            for each in facts.assessments
        ],
        "recipes": [
            {"facts": each, "lines": _differences(each, older)}
            for each, older in zip_longest(facts.recipes, facts.recipes[1:])
        ],
        "recipe_text": form["text"] or (facts.recipes[0].text if facts.recipes else ""),
        "next_stage": following,
        "next_stage_text": STAGE_TEXTS[following] if following else "",
        "earlier": [(each, STAGE_TEXTS[each]) for each in committee.STAGES[:at]],
        "reopenable": [(each, STAGE_TEXTS[each]) for each in committee.STAGES[: at + 1]],
        "may_decide": may_decide(request),
        "form": form,
        "done": done_text(request),
    }
    title = translate("Application {number}", language).format(number=number)
    return staff_frame(request, "ovop_certification/committee/application.html", title, context, status=status)


def _facts(number: int) -> ApplicationFacts:
    facts = selectors.application(number, timezone.now())
    if facts is None:
        raise NotFound("There is no such application.", params={"application": number})
    return facts


def _schemes(language: str) -> list[tuple[str, str]]:
    rows = Scheme.objects.filter(kind=SchemeKind.BRAND_LABEL).order_by("code")
    return [(row.code, name_of(row.names, language, row.code)) for row in rows]


def _differences(recipe: RecipeFacts, older: RecipeFacts | None) -> list[tuple[str, str]]:
    """The lines of a recipe, each with what became of it since the older one: ` ` kept, `+` new, `-` gone."""
    if older is None:
        return [(" ", line) for line in recipe.text.split("\n")]
    compared = difflib.ndiff(older.text.split("\n"), recipe.text.split("\n"))
    return [(line[0], line[2:]) for line in compared if not line.startswith("?")]
