"""Criteria sets and their versions, and who is in the committee."""

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from ovop_certification.access import require_manager
from ovop_certification.errors import InvalidCriteria
from ovop_certification.grading import BandRule
from ovop_certification.models import MAX_STARS, IssuingBody, Scheme, SchemeKind
from ovop_certification.selectors import committee as selectors
from ovop_certification.selectors.committee import CriteriaFacts
from ovop_certification.services import committee
from ovop_certification.services.committee import CriteriaDraft, CriterionDraft
from ovop_certification.staff_views.committee.frame import (
    Form,
    done_text,
    empty_form,
    is_done,
    may_decide,
    name_of,
    stars_text,
    typed_form,
    whole_number,
)
from ovop_certification.staff_views.frame import for_product_staff
from ovop_shared.errors import NotFound
from ovop_shared.languages import LANGUAGE_TAGS
from ovop_shared.pages import request_language
from ovop_shared.requester import requester_of
from ovop_shared.staff_frame import back_to, staff_frame
from ovop_shared.translations import translate

_EMPTY_LINES = 3
_MAX_LINES = 50
_FIELDS = ("code", "scheme", "issuing_body", "names", "valid_months", "criteria", "bands")


@require_safe
@for_product_staff
def criteria_list(request: HttpRequest) -> HttpResponse:
    language = request_language(request)
    context = {
        "sets": [_shown(each, language) for each in selectors.criteria_sets()],
        "may_decide": may_decide(request),
        "done": done_text(request),
    }
    title = translate("Criteria", language)
    return staff_frame(request, "ovop_certification/committee/criteria_list.html", title, context)


@require_safe
@for_product_staff
def criteria(request: HttpRequest, code: str, version: int) -> HttpResponse:
    return _page(request, code, version, empty_form(request))


@require_safe
@for_product_staff
def criteria_draft(request: HttpRequest) -> HttpResponse:
    """An empty draft, or the next version of the code that is asked for."""
    require_manager(requester_of(request))
    code = request.GET.get("from", "").replace("\0", "")
    found = selectors.criteria_sets(code) if code else ()
    return _draft_page(request, empty_form(request, **(_typed(found[0]) if found else {})))


@require_POST
@for_product_staff
def criteria_save(request: HttpRequest) -> HttpResponse:
    require_manager(requester_of(request))
    form = typed_form(request)
    form.values |= _listed(request)
    made: list[tuple[str, int]] = []

    def write() -> None:
        saved = committee.criteria_draft_save(_draft(form))
        made.append((saved.code, saved.version))

    if not is_done(form, write, _FIELDS):
        return _draft_page(request, form, status=400)
    code, version = made[0]
    return back_to(request, "ovop_certification:staff-criteria", "draft", code=code, version=version)


@require_POST
@for_product_staff
def criteria_publish(request: HttpRequest, code: str, version: int) -> HttpResponse:
    require_manager(requester_of(request))
    form = typed_form(request)
    if not is_done(form, lambda: committee.criteria_publish(code, version, at=timezone.now())):
        return _page(request, code, version, form, status=400)
    return back_to(request, "ovop_certification:staff-criteria", "published", code=code, version=version)


@require_POST
@for_product_staff
def criteria_remove(request: HttpRequest, code: str, version: int) -> HttpResponse:
    require_manager(requester_of(request))
    form = typed_form(request)
    if not is_done(form, lambda: committee.criteria_draft_remove(code, version)):
        return _page(request, code, version, form, status=400)
    return back_to(request, "ovop_certification:staff-criteria-list", "removed")


@require_safe
@for_product_staff
def member_list(request: HttpRequest) -> HttpResponse:
    return _members(request, empty_form(request))


@require_POST
@for_product_staff
def member_save(request: HttpRequest) -> HttpResponse:
    require_manager(requester_of(request))
    form = typed_form(request)

    def write() -> None:
        committee.member_save(
            form["code"].strip(),
            form["name"],
            user_id=form["user_id"].strip(),
            is_active="is_active" in form.values,
        )

    if not is_done(form, write, ("code", "name", "user_id")):
        return _members(request, form, status=400)
    return back_to(request, "ovop_certification:staff-members", "member")


def _members(request: HttpRequest, form: Form, *, status: int = 200) -> HttpResponse:
    language = request_language(request)
    context = {
        "members": selectors.committee_members(),
        "own_account": requester_of(request).user_id,
        "may_decide": may_decide(request),
        "form": form,
        "done": done_text(request),
    }
    title = translate("Members of the committee", language)
    return staff_frame(request, "ovop_certification/committee/members.html", title, context, status=status)


def _page(request: HttpRequest, code: str, version: int, form: Form, *, status: int = 200) -> HttpResponse:
    language = request_language(request)
    found = selectors.criteria_sets(code, version)
    if not found:
        raise NotFound("There is no such version of criteria.", params={"code": code, "version": version})
    context = {
        **_shown(found[0], language),
        "may_decide": may_decide(request),
        "form": form,
        "done": done_text(request),
    }
    title = name_of(found[0].names, language, code)
    return staff_frame(request, "ovop_certification/committee/criteria.html", title, context, status=status)


def _draft_page(request: HttpRequest, form: Form, *, status: int = 200) -> HttpResponse:
    language = request_language(request)
    lines = [
        {name: form[f"{name}-{number}"] for name in ("criterion", "weight", "points", "criterion_names")}
        for number in range(_MAX_LINES)
    ]
    filled = [line for line in lines if any(line.values())]
    context = {
        "form": form,
        "lines": [*filled, *[dict.fromkeys(("criterion", "weight", "points", "criterion_names"), "")] * _EMPTY_LINES],
        "bands": [
            {
                "stars": stars,
                "text": stars_text(stars),
                "from": form[f"band-{stars}"],
                "grants": f"grants-{stars}" in form.values,
            }
            for stars in range(MAX_STARS, 0, -1)
        ],
        "schemes": [
            (row.code, name_of(row.names, language, row.code))
            for row in Scheme.objects.filter(kind=SchemeKind.BRAND_LABEL).order_by("code")
        ],
        "bodies": list(IssuingBody.objects.order_by("code").values_list("code", "name")),
    }
    title = translate("Draft of criteria", language)
    return staff_frame(request, "ovop_certification/committee/criteria_draft.html", title, context, status=status)


def _shown(each: CriteriaFacts, language: str) -> dict[str, object]:
    weights = sum(criterion.weight for criterion in each.criteria)
    return {
        "facts": each,
        "name": name_of(each.names, language, each.code),
        "label": name_of(each.scheme_names, language, each.scheme),
        "criteria": [
            {"facts": criterion, "name": name_of(criterion.names, language, criterion.code), "weights": weights}
            for criterion in each.criteria
        ],
        "bands": [{"facts": band, "stars": stars_text(band.stars)} for band in reversed(each.bands)],
    }


def _typed(each: CriteriaFacts) -> dict[str, str]:
    """A version as the form would have been filled in."""
    values = {
        "code": each.code,
        "scheme": each.scheme,
        "issuing_body": each.issuing_body,
        "names": _names_text(each.names),
        "valid_months": str(each.valid_months),
    }
    for number, criterion in enumerate(each.criteria):
        values |= {
            f"criterion-{number}": criterion.code,
            f"weight-{number}": str(criterion.weight),
            f"points-{number}": str(criterion.max_points),
            f"criterion_names-{number}": _names_text(criterion.names),
        }
    for band in each.bands:
        values[f"band-{band.stars}"] = f"{Decimal(band.min_total) / 100:f}".removesuffix(".00")
        if band.is_positive:
            values[f"grants-{band.stars}"] = "1"
    return values


def _listed(request: HttpRequest) -> dict[str, str]:
    """Lines come as lists of equal length; here they get numbers."""
    values = {}
    for name in ("criterion", "weight", "points", "criterion_names"):
        for number, text in enumerate(request.POST.getlist(name)[:_MAX_LINES]):
            values[f"{name}-{number}"] = text.strip()
    return values


def _draft(form: Form) -> CriteriaDraft:
    """Raises InvalidCriteria."""
    criteria = []
    for number in range(_MAX_LINES):
        code = form[f"criterion-{number}"]
        if not any(form[f"{name}-{number}"] for name in ("criterion", "weight", "points", "criterion_names")):
            continue
        weight, points = whole_number(form[f"weight-{number}"]), whole_number(form[f"points-{number}"])
        if weight is None or points is None:
            raise InvalidCriteria("Weights and points are whole numbers.", field="criteria")
        criteria.append(CriterionDraft(code, _names(form[f"criterion_names-{number}"], "criteria"), weight, points))
    months = whole_number(form["valid_months"])
    return CriteriaDraft(
        code=form["code"].strip(),
        scheme=form["scheme"],
        issuing_body=form["issuing_body"],
        names=_names(form["names"], "names"),
        valid_months=months or 0,
        criteria=tuple(criteria),
        bands=tuple(
            BandRule(stars, _hundredths(form[f"band-{stars}"]), f"grants-{stars}" in form.values)
            for stars in range(1, MAX_STARS + 1)
            if form[f"band-{stars}"].strip()
        ),
    )


def _names(text: str, field: str) -> dict[str, str]:
    """Lines of `ru: Вкус`; a line without a tag is English. Raises InvalidCriteria."""
    names: dict[str, str] = {}
    for line in filter(None, (line.strip() for line in text.splitlines())):
        tag, colon, name = line.partition(":")
        tag, name = (tag.strip(), name.strip()) if colon and tag.strip() in LANGUAGE_TAGS else ("en", line)
        if not name or tag in names:
            raise InvalidCriteria("Write each name on a line of its own, as en: Taste.", field=field)
        names[tag] = name
    return names


def _names_text(names: Mapping[str, str]) -> str:
    return "\n".join(f"{tag}: {text}" for tag, text in sorted(names.items()))


def _hundredths(text: str) -> int:
    """Per cent with at most two decimals, as hundredths. Raises InvalidCriteria."""
    try:
        hundredths = Decimal(text.strip().replace(",", ".")) * 100
    except InvalidOperation:
        hundredths = Decimal("NaN")
    if not hundredths.is_finite() or hundredths != hundredths.to_integral_value() or not 0 <= hundredths <= 10_000:
        raise InvalidCriteria("A band begins at 0 to 100 %, with two decimals at most.", field="bands")
    return int(hundredths)
