"""The calendar: expired first, then what ends next; and the same as a file for a spreadsheet."""

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import BinaryIO

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from ovop_certification.calendar.books import MarketPlace
from ovop_certification.calendar.coverage import Holder, held_product
from ovop_certification.calendar.endings import Ending
from ovop_certification.calendar.listing import (
    CalendarFilter,
    CalendarRow,
    ReminderFacts,
    calendar_page,
    scheme_choices,
    surveillance_page,
    surveillance_total,
)
from ovop_certification.models import ReminderState
from ovop_certification.staff_views.frame import for_product_staff
from ovop_certification.texts import STATUS_TEXTS
from ovop_origin.selectors import best_name
from ovop_shared.downloads import download
from ovop_shared.mail import host_mailer
from ovop_shared.pages import request_language
from ovop_shared.records import product_name
from ovop_shared.shop_time import shop_day
from ovop_shared.staff_frame import PAGE_SIZE, page_number, pages_of, staff_frame
from ovop_shared.translations import translate

WITHIN_CHOICES = (30, 90, 180, 365)
DEFAULT_WITHIN = 180
PRODUCTS_SHOWN = 5

REMINDER_TEXTS = {
    "sent": "Sent",
    "failed": "Not sent",
    "sending": "Being sent",
    "unknown": "Not known whether it was sent",
}
DAYS_TEXTS = {"left": "in {count} days", "over": "{count} days ago", "today": "today"}


@dataclass(frozen=True, slots=True)
class ShownMarket:
    """Products that one market stops selling on a day."""

    name: str
    from_on: object
    products: list[str]
    more: int


@dataclass(frozen=True, slots=True)
class ShownRow:
    """A certificate in the list; texts are in the page's language."""

    certificate: Ending
    scheme: str
    status: str
    is_over: bool
    days: str
    holder: str
    products: list[str]
    more: int
    markets: list[ShownMarket]
    reminders: list[tuple[ReminderFacts, str, bool]]
    has_recipient: bool


@require_safe
@for_product_staff
def calendar(request: HttpRequest) -> HttpResponse:
    language = request_language(request)
    at = timezone.now()
    wanted = read_filter(request)
    number = page_number(request)
    found = calendar_page(wanted, at, offset=(number - 1) * PAGE_SIZE, limit=PAGE_SIZE)
    inspections = surveillance_page(wanted, at, limit=PAGE_SIZE)
    context = {
        "today": shop_day(at),
        "rows": [_shown(row, found.places, language) for row in found.rows],
        "expired": found.expired,
        "pages": pages_of(request, number, len(found.rows), found.total),
        "inspections": [_inspection(each, holder, language) for each, holder in inspections],
        "inspections_more": max(0, surveillance_total(wanted, at) - len(inspections)),
        "wanted": wanted,
        "within": WITHIN_CHOICES,
        "schemes": [(code, best_name(names, language) or code) for code, names in scheme_choices()],
        "markets": [(place.code, best_name(place.names, language) or place.code) for place in found.places.values()],
        "query": request.GET.urlencode(),
        "mail_problem": host_mailer().problem(),
    }
    title = translate("Calendar", language)
    return staff_frame(request, "ovop_certification/staff_calendar.html", title, context)


@require_safe
@for_product_staff
def calendar_file(request: HttpRequest) -> StreamingHttpResponse:
    """All that the filter finds, as CSV in UTF-8 with a mark, which spreadsheets need to read other letters."""
    language = request_language(request)
    at = timezone.now()
    wanted = read_filter(request)

    def write(file: BinaryIO) -> None:
        text = io.TextIOWrapper(file, encoding="utf-8-sig", newline="")
        rows = csv.writer(text)
        rows.writerow([translate(CSV_HEAD_TEXTS[column], language) for column in range(len(CSV_HEAD_TEXTS))])
        offset = 0
        while True:
            found = calendar_page(wanted, at, offset=offset, limit=CSV_CHUNK)
            for row in found.rows:
                rows.writerow([safe_cell(cell) for cell in _cells(row, found.places, language)])
            offset += CSV_CHUNK
            if len(found.rows) < CSV_CHUNK:
                break
        for each, holder in surveillance_page(wanted, at, limit=None):
            shown = _inspection(each, holder, language)
            kind = translate("Inspection", language)
            cells = [kind, each.surveillance_next_on, shown[2], shown[1], each.number, each.issuing_body, shown[3]]
            rows.writerow([safe_cell(cell) for cell in cells])
        text.detach()

    return download(request, write, name=f"certificates-{shop_day(at)}.csv", content_type="text/csv; charset=utf-8")


CSV_CHUNK = 500
CSV_HEAD_TEXTS = (
    "What",
    "Day",
    "Days left",
    "Certificate",
    "Number",
    "Issued by",
    "Holder",
    "State",
    "Products",
    "Cannot be sold",
    "Reminders",
)


def read_filter(request: HttpRequest) -> CalendarFilter:
    """What of the address can be understood; the rest asks for everything."""
    within = request.GET.get("within", str(DEFAULT_WITHIN))
    return CalendarFilter(
        scheme=_code(request, "scheme"),
        market=_code(request, "market"),
        producer=_code(request, "producer"),
        within_days=int(within) if within.isascii() and within.isdecimal() and len(within) < 6 else None,
    )


def safe_cell(value: object) -> str:
    """A cell that no spreadsheet takes for a formula (OWASP, CSV injection)."""
    text = "" if value is None else str(value)
    is_number = text.lstrip("-").isdecimal()
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") and not is_number else text


def _code(request: HttpRequest, name: str) -> str:
    return request.GET.get(name, "").replace("\0", "").strip()[:64]


def _shown(row: CalendarRow, places: Mapping[str, MarketPlace], language: str) -> ShownRow:
    certificate = row.certificate
    own = held_product(certificate)
    names = [product_name(each, language) for each in row.products if each.pk != own]
    markets = []
    for (from_on, code), group in groupby(row.blocked, key=lambda each: (each.from_on, each.market)):
        blocked = [product_name(each.product, language) for each in group]
        name = best_name(places[code].names, language) or code
        markets.append(ShownMarket(name, from_on, blocked[:PRODUCTS_SHOWN], max(0, len(blocked) - PRODUCTS_SHOWN)))
    return ShownRow(
        certificate=certificate,
        scheme=best_name(certificate.scheme_names, language) or certificate.scheme,
        status=translate(STATUS_TEXTS[certificate.status], language),
        is_over=certificate.days_left < 0,
        days=_days(certificate.days_left, language),
        holder=row.holder.name(language),
        products=names[:PRODUCTS_SHOWN],
        more=max(0, len(names) - PRODUCTS_SHOWN),
        markets=markets,
        reminders=[(each, *_state(each, language)) for each in row.reminders],
        has_recipient=row.has_recipient,
    )


def _inspection(certificate: Ending, holder: Holder, language: str) -> tuple[Ending, str, int, str, str]:
    assert certificate.surveillance_next_on is not None
    left = certificate.days_left - (certificate.last_on - certificate.surveillance_next_on).days
    scheme = best_name(certificate.scheme_names, language) or certificate.scheme
    return certificate, scheme, left, holder.name(language), _days(left, language)


def _days(left: int, language: str) -> str:
    if left == 0:
        return translate(DAYS_TEXTS["today"], language)
    return translate(DAYS_TEXTS["left" if left > 0 else "over"], language).format(count=abs(left))


def _state(reminder: ReminderFacts, language: str) -> tuple[str, bool]:
    """What became of it, and whether that is good."""
    if reminder.state is ReminderState.SENT:
        return translate(REMINDER_TEXTS["sent"], language), True
    if reminder.state is ReminderState.FAILED:
        return translate(REMINDER_TEXTS["failed"], language), False
    known = "unknown" if reminder.is_unknown else "sending"
    return translate(REMINDER_TEXTS[known], language), not reminder.is_unknown


def _cells(row: CalendarRow, places: Mapping[str, MarketPlace], language: str) -> list[object]:
    certificate = row.certificate
    blocked = [
        f"{best_name(places[each.market].names, language) or each.market} {each.from_on}: "
        f"{product_name(each.product, language)}"
        for each in row.blocked
    ]
    reminders = [f"{each.days_before}: {each.recipient} {_state(each, language)[0]}" for each in row.reminders]
    return [
        translate("Last day", language),
        certificate.last_on,
        certificate.days_left,
        best_name(certificate.scheme_names, language) or certificate.scheme,
        certificate.number,
        certificate.issuing_body,
        row.holder.name(language),
        translate(STATUS_TEXTS[certificate.status], language),
        "; ".join(product_name(each, language) for each in row.products),
        "; ".join(blocked),
        "; ".join(reminders),
    ]
