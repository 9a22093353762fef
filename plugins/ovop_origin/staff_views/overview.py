"""The entrance from the dashboard, what there is at a glance, and where shop and registry differ."""

from itertools import islice

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from ovop_origin import selectors
from ovop_origin.shop_check import shop_check
from ovop_origin.staff_views.frame import for_product_staff
from ovop_shared.browsing import catalogue_browser
from ovop_shared.errors import NotFound
from ovop_shared.mounting import page_url
from ovop_shared.pages import request_language
from ovop_shared.staff_frame import staff_frame
from ovop_shared.staff_pages import entrance
from ovop_shared.translations import translate

SHOWN_DIFFERENCES = 200

SUBJECT_TEXTS = {
    "product": "Product",
    "village": "Village",
    "producer": "Producer",
    "choice": "Choice of an attribute",
    "origin": "Origin",
    "product_type": "Product type",
    "page_type": "Page type",
}
DIFFERENCE_TEXTS = {
    "differs": "The shop will be put right.",
    "pick": "Picked in the shop: the registry will follow.",
    "conflict": "Changed in both: the registry's will stay.",
    "stray": "Belongs to nothing in the registry: it will be removed.",
    "hidden": "Staff keep it from shoppers.",
    "gone": "The shop no longer has this product.",
}

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
            "has_shop": shop_check() is not None,
            "products_without_origin": sum(category.products for category in categories),
        },
    )


@require_safe
@for_product_staff
def differences(request: HttpRequest) -> HttpResponse:
    """What the shop shows otherwise than the registry holds it; a page of its own, because all products are compared."""
    check = shop_check()
    if check is None:
        raise NotFound("There is no such page.")
    found = list(islice(check.differences(), SHOWN_DIFFERENCES + 1))
    return staff_frame(
        request,
        "ovop_origin/staff_differences.html",
        translate("Shop and registry", request_language(request)),
        {
            "differences": [
                (each, SUBJECT_TEXTS[each.subject], DIFFERENCE_TEXTS[each.kind]) for each in found[:SHOWN_DIFFERENCES]
            ],
            "has_more": len(found) > SHOWN_DIFFERENCES,
        },
    )
