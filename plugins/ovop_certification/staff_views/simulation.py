"""What would go offline: until the end of a day, or if a certificate falls; with what it sold."""

import csv
import datetime
import io
from dataclasses import dataclass, field
from typing import BinaryIO

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils import timezone
from django.views.decorators.http import require_safe

from ovop_certification.calendar.listing import scheme_choices
from ovop_certification.calendar.simulation import (
    SALES_DAYS,
    Impact,
    Simulation,
    Total,
    find_certificates,
    simulate_day,
    simulate_fall,
)
from ovop_certification.errors import InvalidDates, UnknownCertificate
from ovop_certification.models import Certificate, EventKind
from ovop_certification.rules import Rulebook
from ovop_certification.staff_views.calendar import safe_cell
from ovop_certification.staff_views.frame import for_product_staff, form_problems
from ovop_certification.texts import reason_text
from ovop_origin.selectors import best_name
from ovop_shared.downloads import download
from ovop_shared.errors import OvopError
from ovop_shared.money import MINOR_DIGITS, format_minor, to_decimal
from ovop_shared.pages import request_language
from ovop_shared.records import product_name
from ovop_shared.requester import requester_of
from ovop_shared.shop_time import shop_day, shop_zone
from ovop_shared.staff_frame import FormProblems, staff_frame
from ovop_shared.translations import translate

ROWS_SHOWN = 200
FALL_TEXTS = {"withdrawn": "is withdrawn", "suspended": "is suspended"}
CSV_HEAD_TEXTS = (
    "What happens",
    "Product",
    "Product's number in the shop",
    "Market",
    "Channels",
    "Destination countries",
    "From",
    "Because",
    "Currency",
    "Units sold",
    "Units returned",
    "Sales",
)
CHANGE_TEXTS = {"offline": "goes offline", "online": "comes online"}


@dataclass(frozen=True, slots=True)
class ShownImpact:
    """One product in one market; texts are in the page's language."""

    pk: int
    product: str
    market: str
    channels: tuple[str, ...]
    countries: tuple[str, ...]
    at: datetime.datetime
    reasons: list[str]
    sold: list[tuple[int, str, int | None]]


@dataclass(slots=True)
class Question:
    """What the address asks. `certificates` are those that its scheme and number mean."""

    on: str
    certificate: Certificate | None
    certificates: list[Certificate]
    scheme: str
    number: str
    kind: EventKind
    day: str
    problems: FormProblems
    errors: list[OvopError] = field(default_factory=list)
    answer: Simulation | None = None


@require_safe
@for_product_staff
def simulation(request: HttpRequest) -> HttpResponse:
    language = request_language(request)
    at = timezone.now()
    question = _ask(request, at)
    found = question.answer
    context = {
        "question": question,
        "today": shop_day(at),
        "schemes": [(code, best_name(names, language) or code) for code, names in scheme_choices()],
        "kinds": [(kind, FALL_TEXTS[kind]) for kind in FALL_TEXTS],
        "sales_days": SALES_DAYS,
        "found": found,
        "offline": [_shown(each, found, language) for each in found.offline[:ROWS_SHOWN]] if found else [],
        "offline_more": max(0, len(found.offline) - ROWS_SHOWN) if found else 0,
        "online": [_shown(each, found, language) for each in found.online[:ROWS_SHOWN]] if found else [],
        "online_more": max(0, len(found.online) - ROWS_SHOWN) if found else 0,
        "totals": _sold(found.totals, language) if found else [],
        "query": request.GET.urlencode(),
    }
    return staff_frame(
        request,
        "ovop_certification/staff_simulation.html",
        translate("What would go offline", language),
        context,
        status=question.errors[0].status if question.errors else 200,
    )


@require_safe
@for_product_staff
def simulation_file(request: HttpRequest) -> HttpResponseBase:
    """Everything the page would show, as CSV; one row per product, market and currency."""
    language = request_language(request)
    question = _ask(request, timezone.now())
    found = question.answer
    if found is None:
        raise (
            question.errors[0] if question.errors else InvalidDates("Say which day, or which certificate.", field="on")
        )

    def write(file: BinaryIO) -> None:
        text = io.TextIOWrapper(file, encoding="utf-8-sig", newline="")
        rows = csv.writer(text)
        rows.writerow([translate(CSV_HEAD_TEXTS[column], language) for column in range(len(CSV_HEAD_TEXTS))])
        for each in (*found.offline, *found.online):
            shown = _shown(each, found, language)
            for total in each.sold or (Total("", 0, None, None),):
                cells: list[object] = [
                    translate(CHANGE_TEXTS["online" if each.change.is_allowed else "offline"], language),
                    shown.product,
                    shown.pk,
                    shown.market,
                    " ".join(shown.channels),
                    " ".join(shown.countries),
                    shown.at.astimezone(shop_zone()).strftime("%Y-%m-%d %H:%M"),
                    "; ".join(shown.reasons),
                    total.currency,
                    total.units if found.has_sales else None,
                    total.returned_units,
                    None if total.gross_minor is None else to_decimal(total.gross_minor, total.currency),
                ]
                rows.writerow([safe_cell(cell) for cell in cells])
        text.detach()

    return download(request, write, name=f"offline-{shop_day(found.until)}.csv", content_type="text/csv; charset=utf-8")


def _ask(request: HttpRequest, at: datetime.datetime) -> Question:
    """The question of the address and its answer. A refusal stands beside its field."""
    parameters = {name: value.replace("\0", "").strip() for name, value in request.GET.dict().items()}
    kind = parameters.get("kind", "")
    question = Question(
        on=parameters.get("on", ""),
        certificate=None,
        certificates=[],
        scheme=parameters.get("scheme", "")[:64],
        number=parameters.get("number", "")[:120],
        kind=EventKind(kind) if kind in FALL_TEXTS else EventKind.WITHDRAWN,
        day=parameters.get("day", ""),
        problems=form_problems(request_language(request)),
    )
    key = parameters.get("certificate", "")
    channels = requester_of(request).channels
    try:
        if question.on:
            question.answer = simulate_day(_day(question.on, "on"), at, channels=channels)
        elif question.number or key:
            _choose(question, key)
            if question.certificate is not None:
                question.answer = simulate_fall(
                    question.certificate.pk, question.kind, _moment(question.day, at), now=at, channels=channels
                )
    except OvopError as refusal:
        question.problems.add(refusal.field or "form", refusal)
        question.errors.append(refusal)
    return question


def _choose(question: Question, key: str) -> None:
    """By its key (a link), or by scheme and number (a form): several bodies may have issued the same number."""
    if key:
        is_key = key.isascii() and key.isdecimal() and len(key) < 19
        found = Certificate.objects.filter(pk=int(key)) if is_key else Certificate.objects.none()
        question.certificates = list(found.select_related("scheme", "issuing_body"))
    else:
        question.certificates = find_certificates(question.scheme, question.number)
    if not question.certificates:
        raise UnknownCertificate("There is no such certificate.", field="certificate")
    if len(question.certificates) == 1:
        question.certificate = question.certificates[0]
        question.scheme, question.number = question.certificate.scheme.code, question.certificate.number


def _day(text: str, field: str) -> datetime.date:
    try:
        return datetime.date.fromisoformat(text)
    except ValueError:
        raise InvalidDates("A day is written 2026-12-31.", field=field) from None


def _moment(text: str, now: datetime.datetime) -> datetime.datetime:
    """The first moment of a day to come; without one, or today, now."""
    if not text:
        return now
    day = _day(text, "at")
    if day <= shop_day(now):
        return now
    return datetime.datetime.combine(day, datetime.time.min, tzinfo=shop_zone())


def _shown(impact: Impact, found: Simulation, language: str) -> ShownImpact:
    change = impact.change
    names = Rulebook(scheme_names=found.scheme_names)
    return ShownImpact(
        pk=change.product.pk,
        product=product_name(change.product, language),
        market=best_name(found.places[change.market].names, language) or change.market,
        channels=impact.channels,
        countries=impact.countries,
        at=change.at,
        reasons=list(dict.fromkeys(reason_text(each, names, language) for each in change.reasons)),
        sold=_sold(impact.sold, language),
    )


def _sold(totals: tuple[Total, ...], language: str) -> list[tuple[int, str, int | None]]:
    """Units, money as people write it (the currency alone where its minor unit is not known), and units returned."""
    return [
        (
            each.units,
            each.currency
            if each.gross_minor is None or each.currency not in MINOR_DIGITS
            else format_minor(each.gross_minor, each.currency, language),
            each.returned_units,
        )
        for each in totals
    ]
