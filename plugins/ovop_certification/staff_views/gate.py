"""What the gate did: shut listings, held orders, flagged lines, money without an order; and what staff do about it."""

import datetime
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from ovop_certification.access import is_manager, require_manager
from ovop_certification.errors import InvalidText
from ovop_certification.models import FlagOutcome, HoldCause, Scheme, StrandedOutcome
from ovop_certification.rules import ReasonCode
from ovop_certification.selectors.desk import markets
from ovop_certification.selectors.desk_gate import flags, held_orders, open_closures, stranded_payments
from ovop_certification.services import order_flag_resolve, order_hold_release
from ovop_certification.services.closures import closure_wants_set
from ovop_certification.staff_views.frame import for_product_staff, form_problems
from ovop_certification.staff_views.typed import typed, typed_moment
from ovop_certification.texts import REASON_TEXTS
from ovop_origin.selectors import best_name
from ovop_shared.catalogue import host_catalogue
from ovop_shared.errors import OvopError
from ovop_shared.order_numbers import order_numbers
from ovop_shared.pages import request_language
from ovop_shared.records import product_name
from ovop_shared.requester import requester_of
from ovop_shared.shop_time import shop_zone
from ovop_shared.staff_frame import PAGE_SIZE, FormProblems, back_to, page_number, pages_of, staff_frame
from ovop_shared.translations import translate

CAUSE_TEXTS = {
    HoldCause.BYPASSED: "It came past the check",
    HoldCause.LAPSED: "The certificate ended after the order was paid for",
}
OUTCOME_TEXTS = {
    FlagOutcome.HONOURED: "Honoured",
    FlagOutcome.CANCELLED: "Cancelled",
    FlagOutcome.REPLACED: "Replaced by something else",
}
STRANDED_TEXTS = {
    StrandedOutcome.WAITING: "Waits for a decision",
    StrandedOutcome.ORDERED: "Became an order",
    StrandedOutcome.RETURNED: "Was given back",
}
DONE_TEXTS = {
    "released": "The order is released.",
    "resolved": "The decision is saved.",
    "wanted": "It is saved what the listing will be when it may be sold again.",
}


@dataclass(frozen=True, slots=True)
class Shown:
    """A row with the names that a reader knows; `reasons` are sentences."""

    row: Any
    product: str
    market: str
    reasons: tuple[str, ...]
    opens_at: datetime.datetime | None = None
    text: str = ""

    @property
    def opens_typed(self) -> str:
        """As the form's field has it. A template would turn the moment into Django's zone, which is UTC on Saleor."""
        return self.opens_at.strftime("%Y-%m-%dT%H:%M") if self.opens_at else ""


@require_safe
@for_product_staff
def closures(request: HttpRequest) -> HttpResponse:
    return _closures_page(request, form_problems(request_language(request)))


@require_POST
@for_product_staff
def closure_save(request: HttpRequest) -> HttpResponse:
    """What a shut listing is to be when it may be sold again."""
    requester = requester_of(request)
    require_manager(requester)
    problems = form_problems(request_language(request))
    available_at = typed_moment(request.POST, "available_at", problems)
    product = typed(request.POST, "product")
    if not problems:
        try:
            closure_wants_set(
                int(product) if product.isascii() and product.isdecimal() and len(product) < 19 else 0,
                typed(request.POST, "channel").replace("\0", "")[:255],
                published=typed(request.POST, "published") == "1",
                available_at=available_at if typed(request.POST, "available") == "1" else None,
                actor=requester.name,
            )
        except OvopError as error:
            problems.add("form", error)
        else:
            return back_to(request, "ovop_certification:staff-closures", "wanted")
    return _closures_page(request, problems, status=409)


@require_safe
@for_product_staff
def orders(request: HttpRequest) -> HttpResponse:
    return _orders_page(request, form_problems(request_language(request)))


@require_POST
@for_product_staff
def hold_release(request: HttpRequest) -> HttpResponse:
    """Let a held order go on."""
    requester = requester_of(request)
    require_manager(requester)
    problems = form_problems(request_language(request))
    order_id = typed(request.POST, "order").replace("\0", "")[:64]
    try:
        order_hold_release(
            order_id, actor=requester.name, reason=typed(request.POST, "reason").replace("\0", ""), at=timezone.now()
        )
    except OvopError as error:
        problems.add("form", error)
        return _orders_page(request, problems, status=error.status)
    return back_to(request, "ovop_certification:staff-orders", "released")


@require_POST
@for_product_staff
def flag_resolve(request: HttpRequest, pk: int) -> HttpResponse:
    """Say what was done about a sold line that was not allowed."""
    requester = requester_of(request)
    require_manager(requester)
    problems = form_problems(request_language(request))
    outcome = typed(request.POST, "outcome")
    try:
        if outcome not in FlagOutcome.values:
            raise InvalidText("Choose what was done.", field="outcome")
        order_flag_resolve(
            pk if pk < 2**63 else 0,
            FlagOutcome(outcome),
            actor=requester.name,
            reason=typed(request.POST, "reason").replace("\0", ""),
            at=timezone.now(),
        )
    except OvopError as error:
        problems.add("form", error)
        return _orders_page(request, problems, status=error.status)
    return back_to(request, "ovop_certification:staff-orders", "resolved")


def _closures_page(request: HttpRequest, problems: FormProblems, *, status: int = 200) -> HttpResponse:
    language = request_language(request)
    channel = request.GET.get("channel", "").replace("\0", "")[:255]
    found = open_closures(channel=channel)
    number, rows = _page_of(request, found)
    context = {
        "done": DONE_TEXTS.get(request.GET.get("done", "")) if status == 200 else None,
        "problems": problems,
        "channel": channel,
        "closures": _shown(rows, language),
        "pages": pages_of(request, number, len(rows), found.count()),
        "may_decide": is_manager(requester_of(request)),
    }
    title = translate("Closed listings", language)
    return staff_frame(request, "ovop_certification/staff_closures.html", title, context, status=status)


def _orders_page(request: HttpRequest, problems: FormProblems, *, status: int = 200) -> HttpResponse:
    language = request_language(request)
    number, open_flags = _page_of(request, flags())
    names = _market_names(language)
    holds = list(held_orders()[:PAGE_SIZE])
    resolved = list(flags(is_resolved=True)[:PAGE_SIZE])
    stranded = [payment for outcome in StrandedOutcome for payment in stranded_payments(outcome)[:PAGE_SIZE]]
    context = {
        "numbers": order_numbers({row.order_id for row in (*holds, *open_flags, *resolved, *stranded) if row.order_id}),
        "done": DONE_TEXTS.get(request.GET.get("done", "")) if status == 200 else None,
        "problems": problems,
        "holds": [(hold, CAUSE_TEXTS[HoldCause(hold.cause)], names.get(hold.market, hold.market)) for hold in holds],
        "flags": _shown(open_flags, language),
        "pages": pages_of(request, number, len(open_flags), flags().count()),
        "resolved": _shown(
            resolved,
            language,
            lambda row: OUTCOME_TEXTS[FlagOutcome(row.resolution.outcome)],
        ),
        "stranded": [
            (payment, STRANDED_TEXTS[StrandedOutcome(payment.outcome)], names.get(payment.market, payment.market))
            for payment in stranded
        ],
        "outcomes": [(outcome.value, OUTCOME_TEXTS[outcome]) for outcome in FlagOutcome],
        "may_decide": is_manager(requester_of(request)),
    }
    title = translate("Orders and payments", language)
    return staff_frame(request, "ovop_certification/staff_orders.html", title, context, status=status)


def _page_of(request: HttpRequest, found: "QuerySet[Any]") -> tuple[int, list[Any]]:
    number = page_number(request)
    return number, list(found[(number - 1) * PAGE_SIZE : number * PAGE_SIZE])


def _shown(rows: Iterable[Model], language: str, text: Any = lambda row: "") -> list[Shown]:
    found: list[Any] = list(rows)
    products = host_catalogue().by_pk({row.product_pk for row in found})
    names = _market_names(language)
    schemes = dict(Scheme.objects.values_list("code", "names"))
    zone = shop_zone()
    return [
        Shown(
            row=row,
            product=product_name(products[row.product_pk], language)
            if row.product_pk in products
            else str(row.product_pk),
            market=names.get(row.market, row.market),
            reasons=tuple(dict.fromkeys(_reason(each, schemes, language) for each in row.reasons)),
            opens_at=wanted.astimezone(zone) if (wanted := getattr(row, "wants_available_at", None)) else None,
            text=text(row),
        )
        for row in found
    ]


def _market_names(language: str) -> dict[str, str]:
    return {market.code: best_name(market.names, language) or market.code for market in markets()}


def _reason(kept: Mapping[str, Any], schemes: Mapping[str, Mapping[str, str]], language: str) -> str:
    """A kept reason as a sentence; a code that this release does not know stays a code."""
    code, scheme = str(kept.get("code", "")), str(kept.get("scheme", ""))
    if code not in set(ReasonCode):
        return code
    name = best_name(schemes.get(scheme, {}), language) or scheme
    return translate(REASON_TEXTS[ReasonCode(code)], language).format(scheme=name, number=kept.get("certificate") or "")
