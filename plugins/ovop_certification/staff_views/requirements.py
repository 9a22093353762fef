"""The matrix: what each market asks of which products. Every edit is looked at in its effect before it is saved."""

import datetime
from collections.abc import Mapping
from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse, QueryDict
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from ovop_certification.access import is_manager, require_manager
from ovop_certification.models import ChangeSubject, Effect, Requirement
from ovop_certification.records import RequirementRow
from ovop_certification.selectors.desk import changes_of, markets, requirements, schemes
from ovop_certification.services import requirement_edit
from ovop_certification.services.requirement_preview import PreviewLine, RequirementPreview, requirement_preview
from ovop_certification.services.requirements import (
    RequirementAdd,
    RequirementChange,
    RequirementEdit,
    RequirementEnd,
)
from ovop_certification.staff_views.frame import for_product_staff, form_problems
from ovop_certification.staff_views.typed import typed, typed_day, typed_number
from ovop_certification.texts import reason_text
from ovop_origin.selectors import best_name
from ovop_shared.browsing import catalogue_browser
from ovop_shared.catalogue import host_catalogue
from ovop_shared.errors import NotFound, OvopError
from ovop_shared.pages import request_language
from ovop_shared.records import product_name
from ovop_shared.requester import requester_of
from ovop_shared.shop_time import shop_day
from ovop_shared.staff_frame import FormProblems, back_to, staff_frame
from ovop_shared.translations import translate

EFFECT_TEXTS = {Effect.BLOCK: "No sale without it", Effect.WARN: "Only a warning"}
DONE_TEXTS = {"saved": "The requirements are saved.", "same": "Nothing was changed: it is so already."}
REQUIREMENT_FACT_TEXTS = {
    "market": "Market",
    "scheme": "Scheme",
    "product_type": "Product type",
    "category": "Category",
    "intended_use": "Intended use",
    "from_on": "From",
    "until_on": "Last day",
    "grace_days": "Days of grace",
    "effect": "Effect",
}
FIELDS = (
    "action",
    "pk",
    "market",
    "scheme",
    "product_type",
    "category",
    "intended_use",
    "from_on",
    "until_on",
    "grace_days",
    "effect",
    "last_on",
    "reason",
)


@dataclass(slots=True)
class RequirementForm:
    """As it was typed; `action` is add, change or end."""

    values: dict[str, str]
    problems: FormProblems

    def __getitem__(self, name: str) -> str:
        """For templates: they look for a key before they look for an attribute."""
        if name not in FIELDS:
            raise KeyError(name)
        return self.values.get(name, "")


@dataclass(frozen=True, slots=True)
class Cell:
    """A requirement in its market's column. `effect` is a page text."""

    pk: int
    scheme: str
    effect: str
    from_on: datetime.date
    until_on: datetime.date | None
    is_blocking: bool
    is_over: bool
    is_coming: bool


@dataclass(frozen=True, slots=True)
class Target:
    """Of what something is asked: all three empty is everything."""

    product_type: str
    category: str
    intended_use: str


@dataclass(frozen=True, slots=True)
class ShownLine:
    product: str
    place: str
    is_destination: bool
    reasons: str


@require_safe
@for_product_staff
def matrix(request: HttpRequest) -> HttpResponse:
    """Rows are what is asked of, columns are markets. What is over is shown on request."""
    language = request_language(request)
    today = shop_day(timezone.now())
    with_past = request.GET.get("past") == "1"
    columns = [(market.code, best_name(market.names, language) or market.code) for market in markets()]
    cells: dict[Target, dict[str, list[Cell]]] = {}
    for row in requirements():
        is_over = row.until_on is not None and row.until_on < today
        if is_over and not with_past:
            continue
        target = Target(row.product_type, row.category, row.intended_use)
        cells.setdefault(target, {}).setdefault(row.market.code, []).append(_cell(row, language, today))
    kinds = catalogue_browser().kinds()
    names = {("type", slug): name for slug, name in kinds.product_types}
    names |= {("category", slug): name for slug, name in kinds.categories}
    rows = [
        (
            target,
            names.get(("type", target.product_type)) or names.get(("category", target.category), ""),
            [found.get(code, []) for code, _ in columns],
        )
        for target, found in sorted(cells.items(), key=lambda each: _order(each[0]))
    ]
    context = {
        "done": DONE_TEXTS.get(request.GET.get("done", "")),
        "columns": columns,
        "rows": rows,
        "with_past": with_past,
        "may_decide": is_manager(requester_of(request)),
    }
    return staff_frame(
        request, "ovop_certification/staff_matrix.html", translate("What markets require", language), context
    )


@require_safe
@for_product_staff
def requirement_new(request: HttpRequest) -> HttpResponse:
    require_manager(requester_of(request))
    language = request_language(request)
    form = _typed(request.GET, language)
    form.values |= {"action": "add", "from_on": form["from_on"] or shop_day(timezone.now()).isoformat()}
    return _form_page(request, form)


@require_safe
@for_product_staff
def requirement(request: HttpRequest, pk: int) -> HttpResponse:
    """One requirement with who changed it, and for managers the forms that change and end it."""
    language = request_language(request)
    row = _stored(pk)
    form = RequirementForm(
        {
            "until_on": row.until_on.isoformat() if row.until_on else "",
            "grace_days": "" if row.grace_days is None else str(row.grace_days),
            "effect": row.effect,
        },
        form_problems(language),
    )
    return _requirement_page(request, row, form)


@require_safe
@for_product_staff
def preview(request: HttpRequest) -> HttpResponse:
    """What the edit would close and open; nothing is written before it is saved."""
    require_manager(requester_of(request))
    language = request_language(request)
    form = _typed(request.GET, language)
    edit = _edit(form, request.GET)
    if edit is None:
        return _again(request, form, 400)
    try:
        found = requirement_preview([edit], catalogue=host_catalogue(), at=timezone.now())
    except OvopError as error:
        form.problems.add(error.field or "form", error)
        return _again(request, form, error.status)
    context = {
        "form": form,
        "fields": [(name, form[name]) for name in FIELDS if form[name]],
        "preview": found,
        "closes": _lines(found, found.closes, language),
        "opens": _lines(found, found.opens, language),
        "is_later": shop_day(found.at) > shop_day(timezone.now()),
    }
    title = translate("What this would change in the shop", language)
    return staff_frame(request, "ovop_certification/staff_matrix_preview.html", title, context)


@require_POST
@for_product_staff
def save(request: HttpRequest) -> HttpResponse:
    requester = requester_of(request)
    require_manager(requester)
    form = _typed(request.POST, request_language(request))
    edit = _edit(form, request.POST)
    if edit is None:
        return _again(request, form, 400)
    try:
        written = requirement_edit([edit], actor=requester.name, at=timezone.now(), reason=form["reason"])
    except OvopError as error:
        form.problems.add(error.field or "form", error)
        return _again(request, form, error.status)
    is_saved = bool(written) or isinstance(edit, RequirementEnd)
    return back_to(request, "ovop_certification:staff-matrix", "saved" if is_saved else "same")


def _typed(data: QueryDict, language: str) -> RequirementForm:
    return RequirementForm({name: typed(data, name)[:2_000] for name in FIELDS}, form_problems(language))


def _edit(form: RequirementForm, data: QueryDict) -> RequirementEdit | None:
    """None when something is not understood: `form.problems` says what."""
    problems = form.problems
    if form["action"] == "end":
        last_on = typed_day(data, "last_on", problems, needed=True)
        return RequirementEnd(_key(form), last_on) if last_on else None
    until_on = typed_day(data, "until_on", problems)
    grace_days = typed_number(data, "grace_days", problems)
    if form["action"] == "change":
        return None if problems else RequirementChange(_key(form), until_on, grace_days, form["effect"])
    from_on = typed_day(data, "from_on", problems, needed=True)
    if problems or from_on is None:
        return None
    return RequirementAdd(
        RequirementRow(
            market=form["market"],
            scheme=form["scheme"],
            from_on=from_on,
            product_type=form["product_type"],
            category=form["category"],
            intended_use=form["intended_use"],
            until_on=until_on,
            grace_days=grace_days,
            effect=form["effect"],
        )
    )


def _key(form: RequirementForm) -> int:
    text = form["pk"]
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else 0


def _stored(pk: int) -> Requirement:
    row = next(iter(requirements(pk)), None) if pk < 2**63 else None
    if row is None:
        raise NotFound("There is no such requirement.", params={"requirement": pk})
    return row


def _again(request: HttpRequest, form: RequirementForm, status: int) -> HttpResponse:
    """The form it came from, with its problems."""
    if form["action"] in ("change", "end"):
        return _requirement_page(request, _stored(_key(form)), form, status=status)
    return _form_page(request, form, status=status)


def _requirement_page(
    request: HttpRequest, row: Requirement, form: RequirementForm, *, status: int = 200
) -> HttpResponse:
    language = request_language(request)
    today = shop_day(timezone.now())
    context = {
        "row": row,
        "market": best_name(row.market.names, language) or row.market.code,
        "scheme": best_name(row.scheme.names, language) or row.scheme.code,
        "effect": EFFECT_TEXTS[Effect(row.effect)],
        "form": form,
        "effects": [(effect.value, EFFECT_TEXTS[effect]) for effect in Effect],
        "is_over": row.until_on is not None and row.until_on < today,
        "has_begun": row.from_on < today,
        "history": [
            (change, [_fact(name, value) for name, value in change.facts.items()])
            for change in changes_of(ChangeSubject.REQUIREMENT, row.pk)
        ],
        "may_decide": is_manager(requester_of(request)),
    }
    title = f"{context['market']}: {context['scheme']}"
    return staff_frame(request, "ovop_certification/staff_requirement.html", title, context, status=status)


def _form_page(request: HttpRequest, form: RequirementForm, *, status: int = 200) -> HttpResponse:
    language = request_language(request)
    kinds = catalogue_browser().kinds()
    context = {
        "form": form,
        "markets": [(each.code, best_name(each.names, language) or each.code) for each in markets()],
        "schemes": [(each.code, best_name(each.names, language) or each.code) for each in schemes()],
        "product_types": kinds.product_types,
        "categories": kinds.categories,
        "uses": sorted({row.intended_use for row in requirements() if row.intended_use}),
        "effects": [(effect.value, EFFECT_TEXTS[effect]) for effect in Effect],
    }
    title = translate("Add a requirement", language)
    return staff_frame(request, "ovop_certification/staff_requirement_form.html", title, context, status=status)


def _cell(row: Requirement, language: str, today: datetime.date) -> Cell:
    effect = Effect(row.effect)
    return Cell(
        pk=row.pk,
        scheme=best_name(row.scheme.names, language) or row.scheme.code,
        effect=EFFECT_TEXTS[effect],
        from_on=row.from_on,
        until_on=row.until_on,
        is_blocking=effect is Effect.BLOCK,
        is_over=row.until_on is not None and row.until_on < today,
        is_coming=row.from_on > today,
    )


def _order(target: Target) -> tuple[int, str, str]:
    """Everything first, then types, then categories."""
    group = 1 if target.product_type else 2 if target.category else 0
    return group, target.product_type or target.category, target.intended_use


def _fact(name: str, value: Mapping[str, object]) -> tuple[str, str, str]:
    texts = ["–" if each in (None, "") else str(each) for each in (value["before"], value["after"])]
    return REQUIREMENT_FACT_TEXTS[name], texts[0], texts[1]


def _lines(found: RequirementPreview, lines: tuple[PreviewLine, ...], language: str) -> list[ShownLine]:
    return [
        ShownLine(
            product=product_name(line.product, language),
            place=line.place,
            is_destination=line.is_destination,
            reasons="; ".join(
                dict.fromkeys(reason_text(each, found.rulebooks[line.market], language) for each in line.reasons)
            ),
        )
        for line in lines
    ]
