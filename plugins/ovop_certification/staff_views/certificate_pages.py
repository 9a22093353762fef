"""One certificate with all that happened to it, and the forms of what may happen next."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from ovop_certification import services
from ovop_certification.access import is_manager, require_manager
from ovop_certification.errors import UnknownCertificate
from ovop_certification.models import EventKind, HolderKind, SchemeKind
from ovop_certification.rules import is_allowed
from ovop_certification.selectors import market_rulebooks, products_of_certificate
from ovop_certification.selectors.desk import DeskDetails, desk_certificate, issuing_bodies, markets, schemes
from ovop_certification.services.certificate_terms import OPEN_TERMS, CertificateTerms
from ovop_certification.services.evidence import evidence_max_bytes
from ovop_certification.staff_views.certificate_forms import (
    CertificateForm,
    empty_certificate_form,
    form_row,
    form_terms,
    stored_certificate_form,
    typed_certificate_form,
)
from ovop_certification.staff_views.frame import for_product_staff, form_problems
from ovop_certification.staff_views.shown_certificates import (
    FACT_TEXTS,
    HOLDER_KIND_TEXTS,
    STEP_TEXTS,
    shown_certificates,
)
from ovop_certification.staff_views.typed import typed, typed_moment
from ovop_origin.selectors import best_name, places
from ovop_shared.catalogue import host_catalogue
from ovop_shared.errors import NotFound, OvopError
from ovop_shared.pages import request_language
from ovop_shared.records import product_name
from ovop_shared.requester import requester_of
from ovop_shared.shop_time import shop_day, shop_zone
from ovop_shared.staff_frame import FormProblems, back_to, staff_frame
from ovop_shared.translations import translate

SHOWN_PRODUCTS = 200
DONE_TEXTS = {
    "applied": "The application is registered.",
    "known": "This application was registered before.",
    "changed": "The change is saved.",
    "verified": "The certificate is verified. Somebody else may issue it now.",
    "issued": "The certificate is issued. It counts from its first day on.",
    "suspended": "The certificate is suspended.",
    "reinstated": "The certificate counts again.",
    "withdrawn": "The certificate is withdrawn.",
    "filed": "The document is on file.",
    "filed_before": "This document was on file before.",
}
# What the buttons say.
ACTION_TEXTS = {
    EventKind.VERIFIED: "Verify",
    EventKind.ISSUED: "Issue",
    EventKind.SUSPENDED: "Suspend",
    EventKind.REINSTATED: "Reinstate",
    EventKind.WITHDRAWN: "Withdraw",
}
_STEPS: Mapping[str, tuple[EventKind, Any]] = MappingProxyType(
    {
        "verify": (EventKind.VERIFIED, services.certificate_verify),
        "issue": (EventKind.ISSUED, services.certificate_issue),
        "suspend": (EventKind.SUSPENDED, services.certificate_suspend),
        "reinstate": (EventKind.REINSTATED, services.certificate_reinstate),
        "withdraw": (EventKind.WITHDRAWN, services.certificate_withdraw),
    }
)
_NEXT: Mapping[EventKind, tuple[str, ...]] = {
    EventKind.APPLIED: ("verify", "withdraw"),
    EventKind.VERIFIED: ("issue", "withdraw"),
    EventKind.ISSUED: ("suspend", "withdraw"),
    EventKind.REINSTATED: ("suspend", "withdraw"),
    EventKind.SUSPENDED: ("reinstate", "withdraw"),
    EventKind.WITHDRAWN: (),
}


@dataclass(frozen=True, slots=True)
class Action:
    """A step that this person may take; `text` is a page text. Without a reason only an issue is possible."""

    name: str
    text: str
    needs_reason: bool
    may_be_past: bool


@dataclass(frozen=True, slots=True)
class Dependent:
    """A product that could not be sold in the market any more without this certificate."""

    pk: int
    name: str
    market: str


@require_safe
@for_product_staff
def certificate(request: HttpRequest, pk: int) -> HttpResponse:
    return certificate_page(request, _details(pk))


@require_http_methods(["GET", "HEAD", "POST"])
@for_product_staff
def apply(request: HttpRequest) -> HttpResponse:
    """Register an application, or the application for the certificate that replaces an older one."""
    requester = requester_of(request)
    require_manager(requester)
    language = request_language(request)
    if request.method != "POST":
        given = {name: value[:200] for name, value in request.GET.dict().items() if "\0" not in value}
        return _form_page(request, empty_certificate_form(language, given))
    form = typed_certificate_form(request.POST, language)
    row = form_row(form, request.POST)
    if row is None:
        return _form_page(request, form, status=400)
    try:
        found, is_new = services.certificate_apply(row, actor=requester.name, at=timezone.now(), reason=form["reason"])
    except OvopError as error:
        form.problems.add(error.field or "form", error)
        return _form_page(request, form, status=error.status)
    return back_to(request, "ovop_certification:staff-certificate", "applied" if is_new else "known", pk=found.pk)


@require_http_methods(["GET", "HEAD", "POST"])
@for_product_staff
def change(request: HttpRequest, pk: int) -> HttpResponse:
    """Correct what a certificate says: all of it before it is issued, surveillance and register afterwards."""
    requester = requester_of(request)
    require_manager(requester)
    details = _details(pk)
    language = request_language(request)
    if request.method != "POST":
        return _form_page(request, stored_certificate_form(details, language), details)
    form = typed_certificate_form(request.POST, language)
    terms = form_terms(form, request.POST) if is_open(details) else _open_terms(form, request, details)
    if terms is None:
        return _form_page(request, form, details, status=400)
    try:
        services.certificate_change(pk, terms, actor=requester.name, at=timezone.now(), reason=form["reason"])
    except OvopError as error:
        form.problems.add(error.field or "form", error)
        return _form_page(request, form, details, status=error.status)
    return back_to(request, "ovop_certification:staff-certificate", "changed", pk=pk)


@require_POST
@for_product_staff
def step(request: HttpRequest, pk: int, to: str) -> HttpResponse:
    """Verify, issue, suspend, reinstate or withdraw."""
    requester = requester_of(request)
    require_manager(requester)
    if to not in _STEPS:
        raise NotFound("There is no such page.")
    kind, service = _STEPS[to]
    problems = form_problems(request_language(request))
    happened_at = typed_moment(request.POST, "happened_at", problems)
    reason = typed(request.POST, "reason")
    if not problems:
        try:
            service(pk, actor=requester.name, at=timezone.now(), reason=reason, happened_at=happened_at)
        except UnknownCertificate as error:
            raise NotFound("There is no such certificate.", params={"certificate": pk}) from error
        except OvopError as error:
            problems.add(to, error)
        else:
            return back_to(request, "ovop_certification:staff-certificate", kind.value, pk=pk)
    else:
        problems.by_field[to] = problems.by_field.pop("happened_at")
    return certificate_page(request, _details(pk), problems=problems, reason=reason, status=409)


def certificate_page(
    request: HttpRequest,
    details: DeskDetails,
    *,
    problems: FormProblems | None = None,
    reason: str = "",
    status: int = 200,
) -> HttpResponse:
    language = request_language(request)
    at = timezone.now()
    facts = details.certificate
    (shown,) = shown_certificates([facts], language, shop_day(at))
    requester = requester_of(request)
    may_decide = is_manager(requester)
    actions = _actions(details, requester.name) if may_decide else []
    problems = problems or form_problems(language)
    named = host_catalogue().by_pk(details.products)
    areas = places(details.areas)
    covered = host_catalogue().by_pk(products_of_certificate(facts.pk))
    context = {
        "done": DONE_TEXTS.get(request.GET.get("done", "")) if status == 200 else None,
        "details": details,
        "certificate": shown,
        "markets": [best_name(names, language) or code for code, names in details.markets.items()],
        "products": [(pk, product_name(named[pk], language) if pk in named else "") for pk in details.products],
        "areas": [(code, best_name(areas[code].names, language) if code in areas else "") for code in details.areas],
        "covered": sorted((product_name(each, language), each.pk) for each in covered.values())[:SHOWN_PRODUCTS],
        "covered_count": len(covered),
        "dependents": _dependents(details, language) if shown.facts.last_kind is not EventKind.WITHDRAWN else [],
        "history": [
            (
                STEP_TEXTS[step.kind],
                step,
                step.at,
                f"{step.at.astimezone(shop_zone()):%H:%M}",  # a template's would be in Django's zone
                [(FACT_TEXTS[name], _text(each["before"]), _text(each["after"])) for name, each in step.facts.items()]
                if step.facts
                else [],
            )
            for step in details.history
        ],
        "actions": actions,
        # Of a step that is not offered (any more): somebody was faster, or sent another form.
        "problems_of_others": [
            problem
            for name in _STEPS
            if name not in {action.name for action in actions}
            for problem in problems.at(name)
        ],
        "may_decide": may_decide,
        "is_open": is_open(details),
        "waits_for_another": may_decide and _is_same(details.verified_by, requester.name),
        "problems": problems,
        "reason": reason,
        "limit_mb": evidence_max_bytes() // (1024 * 1024),
    }
    title = f"{shown.scheme} {facts.number}"
    return staff_frame(request, "ovop_certification/staff_certificate.html", title, context, status=status)


def is_open(details: DeskDetails) -> bool:
    """Whether everything may still be corrected."""
    return details.certificate.last_kind in (EventKind.APPLIED, EventKind.VERIFIED)


def _details(pk: int) -> DeskDetails:
    details = desk_certificate(pk, timezone.now()) if pk < 2**63 else None
    if details is None:
        raise NotFound("There is no such certificate.", params={"certificate": pk})
    return details


def _actions(details: DeskDetails, name: str) -> list[Action]:
    """Verifying needs a document, issuing somebody else than who verified."""
    steps = []
    for step_name in _NEXT[details.certificate.last_kind]:
        if step_name == "verify" and not details.evidence:
            continue
        if step_name == "issue" and _is_same(details.verified_by, name):
            continue
        kind = _STEPS[step_name][0]
        steps.append(
            Action(
                step_name,
                ACTION_TEXTS[kind],
                needs_reason=kind is not EventKind.ISSUED,
                may_be_past=kind in (EventKind.SUSPENDED, EventKind.REINSTATED, EventKind.WITHDRAWN),
            )
        )
    return steps


def _is_same(one: str, other: str) -> bool:
    return bool(one) and one.strip().lower() == other.strip().lower()


def _dependents(details: DeskDetails, language: str) -> list[Dependent]:
    """What may be sold now and could not be without it, in each market."""
    at, zone = timezone.now(), shop_zone()
    pks = products_of_certificate(details.certificate.pk)
    products = host_catalogue().by_pk(pks)
    found = []
    for book in market_rulebooks(pks).values():
        without = book.without_certificates([details.certificate.pk])
        for product in products.values():
            if is_allowed(book.reasons(product, at=at, zone=zone)) and not is_allowed(
                without.reasons(product, at=at, zone=zone)
            ):
                market = best_name(book.market_names, language) or book.market or ""
                found.append(Dependent(product.pk, product_name(product, language), market))
    return sorted(found, key=lambda each: (each.market, each.name, each.pk))[:SHOWN_PRODUCTS]


def _open_terms(form: CertificateForm, request: HttpRequest, details: DeskDetails) -> CertificateTerms | None:
    """Of an issued certificate only the open terms are in the form; the others are as they are stored."""
    data = request.POST.copy()
    data["valid_from_on"] = details.certificate.valid_from_on.isoformat()
    typed_terms = form_terms(form, data)
    if typed_terms is None:
        return None
    return CertificateTerms(
        valid_from_on=details.certificate.valid_from_on,
        valid_until_on=details.certificate.valid_until_on,
        markets=frozenset(details.markets),
        products=frozenset(details.products),
        product_types=frozenset(details.product_types),
        areas=frozenset(details.areas),
        **{name: getattr(typed_terms, name) for name in OPEN_TERMS},
    )


def _form_page(
    request: HttpRequest, form: CertificateForm, details: DeskDetails | None = None, *, status: int = 200
) -> HttpResponse:
    language = request_language(request)
    known_schemes = schemes()
    context = {
        "form": form,
        "details": details,
        "is_open": details is None or is_open(details),
        "schemes": [(each.code, best_name(each.names, language) or each.code) for each in known_schemes],
        "has_geographical": any(each.kind == SchemeKind.GEOGRAPHICAL for each in known_schemes),
        "issuing_bodies": [(each.code, each.name) for each in issuing_bodies()],
        "holder_kinds": [(kind.value, HOLDER_KIND_TEXTS[kind]) for kind in HolderKind],
        "all_markets": [(each.code, best_name(each.names, language) or each.code) for each in markets()],
    }
    text = translate("Correct the certificate", language) if details else translate("Register a certificate", language)
    return staff_frame(request, "ovop_certification/staff_certificate_form.html", text, context, status=status)


def _text(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(str(each) for each in value) or "–"
    return str(value) if value not in (None, "") else "–"
