"""The minutes of a sitting: a page to print and sign, and a table as CSV."""

import csv
import io
import re
from collections.abc import Iterator, Sequence
from typing import BinaryIO

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.views.decorators.http import require_safe

from ovop_certification.selectors import committee as selectors
from ovop_certification.selectors.committee import AgendaItem, SittingFacts
from ovop_certification.staff_views.committee.frame import (
    VERDICT_TEXTS,
    name_of,
    producer_names,
    product_names,
)
from ovop_certification.staff_views.committee.scoring import score_table
from ovop_certification.staff_views.committee.sittings import shown_agenda, sitting_facts
from ovop_certification.staff_views.frame import for_product_staff
from ovop_shared.downloads import download
from ovop_shared.pages import request_language
from ovop_shared.staff_frame import staff_frame
from ovop_shared.translations import translate

COLUMNS = (
    "sitting",
    "held_on",
    "application",
    "product",
    "producer",
    "label",
    "criteria",
    "criteria_version",
    "recipe_version",
    "member",
    "conflict",
    "criterion",
    "weight",
    "points",
    "max_points",
    "total_percent",
    "stars",
    "verdict",
    "conditions",
    "certificate",
    "decided_by",
)
# A spreadsheet takes a text that begins so for a formula (OWASP, CSV injection).
_STARTS_FORMULA = re.compile(r"'*[=+\-@\t\r\n＝＋－＠]")


@require_safe
@for_product_staff
def minutes(request: HttpRequest, number: int) -> HttpResponse:
    language = request_language(request)
    sitting = sitting_facts(number)
    agenda = selectors.agenda(number)
    context = {
        "sitting": sitting,
        "seats": selectors.seats(number),
        "items": [
            {
                **shown,
                "table": score_table(item, language) if item.closed_at else None,
                "criteria_name": name_of(item.criteria_names, language, item.criteria),
            }
            for shown, item in zip(shown_agenda(agenda, language), agenda, strict=True)
        ],
    }
    title = translate("Minutes of sitting {number}", language).format(number=number)
    return staff_frame(request, "ovop_certification/committee/minutes.html", title, context)


@require_safe
@for_product_staff
def minutes_csv(request: HttpRequest, number: int) -> HttpResponseBase:
    """One row for each point that was given and each conflict; of what is not decided yet only its first columns."""
    language = request_language(request)
    sitting = sitting_facts(number)
    agenda = selectors.agenda(number)

    def write(file: BinaryIO) -> None:
        # The mark lets spreadsheets read it as UTF-8.
        text = io.TextIOWrapper(file, encoding="utf-8-sig", newline="", write_through=True)
        writer = csv.writer(text)
        writer.writerow(COLUMNS)
        writer.writerows(_rows(sitting, agenda, language))
        text.detach()

    return download(request, write, name=f"sitting-{number}.csv", content_type="text/csv; charset=utf-8")


def _rows(sitting: SittingFacts, agenda: Sequence[AgendaItem], language: str) -> Iterator[list[str]]:
    products = product_names([each.product_pk for each in agenda], language)
    makers = producer_names([each.producer for each in agenda], language)
    for item in agenda:
        first = [
            str(sitting.number),
            sitting.held_on.isoformat(),
            str(item.application),
            products[item.product_pk],
            makers[item.producer].name,
            name_of(item.scheme_names, language, item.scheme),
            item.criteria,
            str(item.criteria_version),
            _number(item.standing.recipe_version),
        ]
        last = [
            "" if item.total is None else f"{item.total // 100}.{item.total % 100:02}",
            _number(item.stars),
            translate(VERDICT_TEXTS[item.verdict], language) if item.verdict else "",
            item.conditions,
            item.certificate_number,
            item.closed_by,
        ]
        details = list(_details(item, language)) if item.closed_at else []
        for detail in details or [[""] * 6]:
            yield [_safe(cell) for cell in [*first, *detail, *last]]


def _details(item: AgendaItem, language: str) -> Iterator[list[str]]:
    """member, conflict, criterion, weight, points, most points."""
    for seat in item.standing.seats:
        if seat.conflict:
            yield [seat.name, seat.conflict, "", "", "", ""]
        given = item.standing.points.get(seat.code, {})
        for each in item.standing.criteria:
            if each.code in given:
                name = name_of(each.names, language, each.code)
                yield [seat.name, "", name, str(each.weight), str(given[each.code]), str(each.max_points)]


def _number(value: int | None) -> str:
    return "" if value is None else str(value)


def _safe(cell: str) -> str:
    return f"'{cell}" if _STARTS_FORMULA.match(cell) else cell
