"""The entrance from the dashboard, and what needs somebody's attention."""

from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from ovop_certification.access import is_manager
from ovop_certification.models import Application, EventKind
from ovop_certification.rules import Status
from ovop_certification.selectors.desk import DeskFilter, desk_count, markets
from ovop_certification.selectors.desk_gate import gate_counts
from ovop_certification.staff_views.frame import for_product_staff
from ovop_shared.browsing import catalogue_browser
from ovop_shared.mounting import page_url
from ovop_shared.pages import request_language
from ovop_shared.requester import requester_of
from ovop_shared.staff_frame import staff_frame
from ovop_shared.staff_pages import entrance
from ovop_shared.translations import translate

SOON_DAYS = 90
ATTENTION_TEXTS = {
    "expired": "Expired and not replaced",
    "expiring": "End within 90 days",
    "verify": "Wait to be verified",
    "issue": "Verified, wait to be issued",
    "suspended": "Suspended",
    "applications": "Applications for a label",
    "closures": "Closed listings",
    "holds": "Held orders",
    "flags": "Sold although it was not allowed",
    "stranded": "Money without an order",
    "channels": "Channels that belong to no market",
}

enter = entrance(lambda: page_url("ovop_certification:staff-overview"))


@dataclass(frozen=True, slots=True)
class Attention:
    """A number that leads to what it counts; `text` is a page text, `is_bad` when it should be nothing."""

    text: str
    count: int
    address: str
    is_bad: bool


@require_safe
@for_product_staff
def overview(request: HttpRequest) -> HttpResponse:
    """How many of each wait for somebody. Some twelve queries."""
    language = request_language(request)
    at = timezone.now()
    gate = gate_counts()
    taken = {each.channel for market in markets() for each in market.channels.all()}
    outside = sum(slug not in taken for slug, _ in catalogue_browser().kinds().channels)

    def certificates(name: str, wanted: DeskFilter, query: str, is_bad: bool = False) -> Attention:
        address = f"{page_url('ovop_certification:staff-certificates')}?{query}&lang={language}"
        return Attention(ATTENTION_TEXTS[name], desk_count(wanted, at), address, is_bad)

    def other(name: str, count: int, view: str, anchor: str = "", is_bad: bool = False) -> Attention:
        return Attention(
            ATTENTION_TEXTS[name], count, f"{page_url(f'ovop_certification:{view}')}?lang={language}{anchor}", is_bad
        )

    context = {
        "certificates": [
            certificates("expired", DeskFilter(status=Status.EXPIRED), "status=expired", is_bad=True),
            certificates("expiring", DeskFilter(expiring_days=SOON_DAYS), f"expiring={SOON_DAYS}"),
            certificates("verify", DeskFilter(status=EventKind.APPLIED), "status=applied"),
            certificates("issue", DeskFilter(status=EventKind.VERIFIED), "status=verified"),
            certificates("suspended", DeskFilter(status=Status.SUSPENDED), "status=suspended"),
        ],
        "gate": [
            other("closures", gate.closures, "staff-closures"),
            other("holds", gate.holds, "staff-orders", "#holds", is_bad=True),
            other("flags", gate.flags, "staff-orders", "#flags", is_bad=True),
            other("stranded", gate.stranded, "staff-orders", "#stranded", is_bad=True),
            other("channels", outside, "staff-markets", is_bad=True),
        ],
        "applications_text": ATTENTION_TEXTS["applications"],
        "applications": Application.objects.filter(is_open=True).count(),
        "may_decide": is_manager(requester_of(request)),
    }
    return staff_frame(request, "ovop_certification/staff_overview.html", translate("Certificates", language), context)
