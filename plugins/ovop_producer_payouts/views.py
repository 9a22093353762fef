"""Pages: a statement for its producer, the ledger and an order's split for staff."""

from django.http import HttpRequest, HttpResponse

from ovop_producer_payouts import access, selectors
from ovop_producer_payouts.models import SettledOrder, Statement
from ovop_producer_payouts.order_page import order_sections
from ovop_producer_payouts.statement_links import statement_number
from ovop_shared.errors import NotFound
from ovop_shared.languages import page_language
from ovop_shared.pages import render_page, request_language
from ovop_shared.requester import requester_of
from ovop_shared.staff_pages import with_staff_session
from ovop_shared.translations import translate


def statement_link(request: HttpRequest, token: str) -> HttpResponse:
    """The statement a signed link opens, for whoever holds the link."""
    return _statement_page(request, _statement(statement_number(token)))


@with_staff_session
def statement(request: HttpRequest, number: int) -> HttpResponse:
    """A statement for the producer it is for, signed in, and for staff who handle payments."""
    requester = requester_of(request)
    found = Statement.objects.filter(number=number).first()
    if found is None:
        access.require_producer(requester, "")  # a free number answers like a statement of somebody else
        raise NotFound("There is no such statement.")
    access.require_statement(requester, found)
    return _statement_page(request, found)


@with_staff_session
def ledger(request: HttpRequest) -> HttpResponse:
    """Every account's balance, by currency; the sums are zero."""
    access.require_money(requester_of(request))
    language = request_language(request)
    return render_page(
        request,
        "ovop_producer_payouts/ledger.html",
        {
            "title": translate("Ledger", language),
            "totals": selectors.currency_totals(),
            "balances": selectors.balances(),
            "orders": list(selectors.latest_snapshots().values())[-100:],
            "statements": Statement.objects.order_by("-number")[:100],
        },
        language=language,
    )


@with_staff_session
def order(request: HttpRequest, order_id: str) -> HttpResponse:
    """What an order's money became, line by line and step by step, and the entries behind it."""
    requester = requester_of(request)
    access.require_money(requester)
    found = SettledOrder.objects.filter(order_id=order_id).exclude(snapshot=None).first()
    if found is None:
        raise NotFound("There is no such order.")
    access.require_order(requester, found)
    language = request_language(request)
    return render_page(
        request,
        "ovop_producer_payouts/order.html",
        {
            "title": f"{translate('Order', language)} {found.number}",
            "order": found,
            "sections": order_sections(found, language),
            "entries": selectors.order_postings(order_id),
        },
        language=language,
    )


def _statement(number: int) -> Statement:
    found = Statement.objects.filter(number=number).first()
    if found is None:
        raise NotFound("There is no such statement.")
    return found


def _statement_page(request: HttpRequest, found: Statement) -> HttpResponse:
    """In the statement's language unless the visitor asks for another; the product and rule names stay as issued."""
    language = page_language(request.GET.get("lang"), default=found.language)
    return render_page(
        request,
        "ovop_producer_payouts/statement.html",
        {
            "title": f"{translate('Statement', language)} {found.number}",
            "statement": found.content,
            "sha256": found.content_sha256,
            "issued_on": found.issued_at,
        },
        language=language,
    )
