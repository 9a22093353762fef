"""The entrance from the dashboard, and what needs somebody's attention."""

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from ovop_certification.staff_views.frame import for_product_staff
from ovop_shared.mounting import page_url
from ovop_shared.pages import request_language
from ovop_shared.staff_frame import staff_frame
from ovop_shared.staff_pages import entrance
from ovop_shared.translations import translate

enter = entrance(lambda: page_url("ovop_certification:staff-overview"))


@require_safe
@for_product_staff
def overview(request: HttpRequest) -> HttpResponse:
    return staff_frame(
        request,
        "ovop_certification/staff_overview.html",
        translate("Certificates", request_language(request)),
        {},
    )
