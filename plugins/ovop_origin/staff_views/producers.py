"""Producers as staff see them: with their contact data, who leads them and what they agreed to."""

from collections.abc import Collection
from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from ovop_origin import selectors
from ovop_origin.selectors import PlaceFacts, ProducerFacts, best_language, best_name
from ovop_origin.staff_views.frame import for_product_staff
from ovop_origin.texts import KIND_TEXTS
from ovop_shared.catalogue import host_catalogue
from ovop_shared.errors import NotFound
from ovop_shared.pages import request_language
from ovop_shared.records import product_name
from ovop_shared.staff_frame import PAGE_SIZE, page_number, pages_of, staff_frame
from ovop_shared.translations import translate

STATUS_TEXTS = {"active": "Active", "paused": "Paused", "left": "Has left"}
STAGE_TEXTS = {
    "": "Not in the programme",
    "mobilisation": "Mobilisation",
    "development": "Product development",
    "workshop": "Workshop and equipment",
    "certification": "Certification",
    "markets": "Domestic and international markets",
}
LED_BY_TEXTS = {
    "women": "Led by women",
    "youth": "Led by young people",
    "disability": "Led by people with a disability",
}
KNOWN_TEXTS = {None: "Not known", True: "Yes", False: "No"}


@dataclass(frozen=True, slots=True)
class ListedProducer:
    """A producer in a list: texts are page texts, names in the reader's language."""

    code: str
    name: str
    name_language: str
    kind: str
    village: str
    status: str
    is_name_public: bool


@require_safe
@for_product_staff
def producer_list(request: HttpRequest) -> HttpResponse:
    text = request.GET.get("q", "").strip()
    number = page_number(request)
    found = selectors.search_producers(text, offset=(number - 1) * PAGE_SIZE, limit=PAGE_SIZE)
    language = request_language(request)
    context = {
        "q": text,
        "producers": [listed(each, language) for each in found.producers],
        "pages": pages_of(request, number, len(found.producers), found.total),
    }
    return staff_frame(request, "ovop_origin/staff_producers.html", translate("Producers", language), context)


@require_safe
@for_product_staff
def producer(request: HttpRequest, code: str) -> HttpResponse:
    found = selectors.producers([code]).get(code)
    if found is None:
        raise NotFound("There is no such producer.", params={"code": code})
    language = request_language(request)
    private = selectors.producers_private([code])[code]
    members = selectors.members_of([code]).get(code, ())
    groups = selectors.groups_of([code]).get(code, ())
    others = selectors.producers({each.member_code for each in members} | {each.group_code for each in groups})
    context = {
        "producer": listed(found, language),
        "facts": found,
        "names": sorted(found.names.items()),
        "places": [_place(each, language) for each in selectors.place_with_parents(found.village_code)],
        "private": private,
        "stage": STAGE_TEXTS[private.stage],
        "flags": [
            (LED_BY_TEXTS["women"], KNOWN_TEXTS[private.is_women_led]),
            (LED_BY_TEXTS["youth"], KNOWN_TEXTS[private.is_youth_led]),
            (LED_BY_TEXTS["disability"], KNOWN_TEXTS[private.is_disability_led]),
        ],
        "members": [(listed(others[each.member_code], language), each) for each in members],
        "groups": [(listed(others[each.group_code], language), each) for each in groups],
        "products": shown_products(selectors.products_of_producer(code), language),
    }
    return staff_frame(request, "ovop_origin/staff_producer.html", best_name(found.names, language), context)


def listed(producer: ProducerFacts, language: str) -> ListedProducer:
    return ListedProducer(
        code=producer.code,
        name=best_name(producer.names, language),
        name_language=best_language(producer.names, language) or language,
        kind=KIND_TEXTS[producer.kind],
        village=best_name(producer.village_names, language),
        status=STATUS_TEXTS[producer.status],
        is_name_public=producer.is_name_public,
    )


def shown_products(product_pks: Collection[int], language: str) -> list[tuple[int, str]]:
    """Key and name of those that the shop still has."""
    found = host_catalogue().by_pk(product_pks)
    return [(pk, product_name(found[pk], language)) for pk in product_pks if pk in found]


def _place(place: PlaceFacts, language: str) -> tuple[str, str, str]:
    return KIND_TEXTS[place.kind], best_name(place.names, language), place.code
