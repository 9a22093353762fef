"""The list of certificates: searched, by their state of today, the expired first."""

from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from ovop_certification.access import is_manager
from ovop_certification.models import EventKind, HolderKind
from ovop_certification.rules import Status
from ovop_certification.selectors.desk import DeskFilter, desk_certificates, markets, schemes
from ovop_certification.staff_views.frame import for_product_staff
from ovop_certification.staff_views.shown_certificates import HOLDER_KIND_TEXTS, VERIFIED_TEXTS, shown_certificates
from ovop_certification.texts import STATUS_TEXTS
from ovop_origin.selectors import best_name
from ovop_shared.browsing import catalogue_browser
from ovop_shared.pages import request_language
from ovop_shared.plain_text import is_storable
from ovop_shared.requester import requester_of
from ovop_shared.shop_time import shop_day
from ovop_shared.staff_frame import PAGE_SIZE, page_number, pages_of, staff_frame
from ovop_shared.translations import translate

EXPIRING_DAYS = (7, 30, 90, 180)
_PRODUCTS_NAMED_SO = 200


@require_safe
@for_product_staff
def certificate_list(request: HttpRequest) -> HttpResponse:
    language = request_language(request)
    at = timezone.now()
    wanted = _wanted(request)
    number = page_number(request)
    found = desk_certificates(wanted, at, offset=(number - 1) * PAGE_SIZE, limit=PAGE_SIZE)
    statuses = [(status.value, STATUS_TEXTS[status]) for status in Status]
    context = {
        "q": wanted.text,
        "wanted": wanted,
        "certificates": shown_certificates(found.certificates, language, shop_day(at)),
        "pages": pages_of(request, number, len(found.certificates), found.total),
        "statuses": [*statuses, (EventKind.VERIFIED.value, VERIFIED_TEXTS[True])],
        "schemes": [(each.code, best_name(each.names, language)) for each in schemes()],
        "markets": [(each.code, best_name(each.names, language)) for each in markets()],
        "holder_kinds": [(kind.value, HOLDER_KIND_TEXTS[kind]) for kind in HolderKind],
        "expiring": EXPIRING_DAYS,
        "query": urlencode({name: value for name, value in request.GET.dict().items() if name != "page"}),
        "may_decide": is_manager(requester_of(request)),
    }
    return staff_frame(
        request, "ovop_certification/staff_certificates.html", translate("Certificates", language), context
    )


def _wanted(request: HttpRequest) -> DeskFilter:
    """What the address asks for; what it cannot mean is not asked for."""
    asked = {name: value.strip() if is_storable(value) else "" for name, value in request.GET.dict().items()}
    text = asked.get("q", "")[:200]
    days = asked.get("expiring", "")
    pks: tuple[int, ...] = ()
    if text:
        named = catalogue_browser().search(text, offset=0, limit=_PRODUCTS_NAMED_SO)
        pks = tuple(product.pk for product in named.products)
    status = asked.get("status", "")
    kind = asked.get("holder", "")
    return DeskFilter(
        text=text,
        status=status if status in {*Status, EventKind.VERIFIED.value} else "",
        scheme=asked.get("scheme", "")[:64],
        holder_kind=kind if kind in HolderKind.values else "",
        market=asked.get("market", "")[:64],
        expiring_days=int(days) if days.isascii() and days.isdecimal() and len(days) < 5 else None,
        product_pks=pks,
    )
