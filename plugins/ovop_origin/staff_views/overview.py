"""The entrance from the dashboard, and what there is at a glance."""

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from ovop_origin import selectors
from ovop_origin.staff_views.frame import for_product_staff, staff_frame
from ovop_shared.browsing import catalogue_browser
from ovop_shared.mounting import page_url
from ovop_shared.pages import request_language
from ovop_shared.staff_pages import entrance
from ovop_shared.translations import translate

enter = entrance(lambda: page_url("ovop_origin:staff-overview"))


@require_safe
@for_product_staff
def overview(request: HttpRequest) -> HttpResponse:
    """How much the registry holds, and the categories of goods that it knows no origin of."""
    categories = catalogue_browser().categories(without=selectors.product_keys_with_origin())
    return staff_frame(
        request,
        "ovop_origin/staff_overview.html",
        translate("Villages and producers", request_language(request)),
        {
            "counts": selectors.registry_counts(),
            "categories": categories,
            "products_without_origin": sum(category.products for category in categories),
        },
    )
