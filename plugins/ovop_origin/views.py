"""The public pages: a village, a producer who agreed to be named, and where a product comes from.

They are the same for everybody, so anyone may cache them.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from ovop_origin import selectors
from ovop_origin.models import PlaceKind
from ovop_origin.selectors import PlaceFacts, ProducerFacts, best_language, best_name
from ovop_shared.catalogue import host_catalogue
from ovop_shared.errors import NotFound
from ovop_shared.pages import render_page, request_language
from ovop_shared.records import product_name

CACHE_SECONDS = 300

KIND_TEXTS: Mapping[str, str] = {
    "country": "Country",
    "region": "Region",
    "district": "District",
    "village": "Village",
    "person": "Person",
    "household": "Household",
    "group": "Group",
    "cooperative": "Co-operative",
    "enterprise": "Enterprise",
    "workshop": "Workshop",
}


@dataclass(frozen=True, slots=True)
class ShownName:
    """A name and the language it is in, which may not be the page's."""

    text: str
    language: str


@dataclass(frozen=True, slots=True)
class ShownPlace:
    """`kind` is a page text; `code` is empty where the place has no page of its own."""

    kind: str
    name: ShownName
    code: str


@dataclass(frozen=True, slots=True)
class ShownProducer:
    """`code` and `name` are None for a producer who has not agreed to be named."""

    kind: str
    name: ShownName | None
    code: str | None


@dataclass(frozen=True, slots=True)
class ShownProduct:
    pk: int
    name: str


@require_safe
def village(request: HttpRequest, code: str) -> HttpResponse:
    places = selectors.place_with_parents(code)
    if not places or places[0].kind != PlaceKind.VILLAGE:
        raise NotFound("There is no such village.", params={"code": code})
    language = request_language(request)
    place = places[0]
    context = {
        "title": best_name(place.names, language),
        "name": _shown(place.names, language),
        "place": place,
        "places": [_shown_place(each, language) for each in places[1:]],
        "names": [ShownName(text, tag) for tag, text in sorted(place.names.items())],
        "producers": [_shown_producer(each, language) for each in selectors.producers_of_village(code)],
        "products": _shown_products(selectors.products_of_village(code), language),
    }
    return _page(request, "ovop_origin/village.html", context, language)


@require_safe
def producer(request: HttpRequest, code: str) -> HttpResponse:
    found = selectors.producers([code]).get(code)
    if found is None or not found.is_name_public:
        raise NotFound("There is no such producer.", params={"code": code})
    language = request_language(request)
    context = {
        "title": best_name(found.names, language),
        "name": _shown(found.names, language),
        "kind": KIND_TEXTS[found.kind],
        "places": [_shown_place(each, language) for each in selectors.place_with_parents(found.village_code)],
        "products": _shown_products(selectors.products_of_producer(code), language),
    }
    return _page(request, "ovop_origin/producer.html", context, language)


@require_safe
def product(request: HttpRequest, product_pk: int) -> HttpResponse:
    origin = selectors.product_origins([product_pk]).get(product_pk)
    record = host_catalogue().by_pk([product_pk]).get(product_pk)
    if origin is None or record is None:
        raise NotFound("Nothing is known about the origin of this product.", params={"product": product_pk})
    language = request_language(request)
    makers = selectors.producers([maker.producer_code for maker in origin.makers])
    context = {
        "title": product_name(record, language),
        "places": [_shown_place(each, language) for each in selectors.place_with_parents(origin.village_code)],
        "makers": [_shown_producer(makers[maker.producer_code], language) for maker in origin.makers],
        "story": selectors.product_stories([product_pk]).get(product_pk, ""),
    }
    return _page(request, "ovop_origin/product.html", context, language)


def _page(request: HttpRequest, template: str, context: Mapping[str, object], language: str) -> HttpResponse:
    return render_page(request, template, context, language=language, is_indexed=True, cache_seconds=CACHE_SECONDS)


def _shown(names: Mapping[str, str], language: str) -> ShownName:
    return ShownName(best_name(names, language), best_language(names, language) or language)


def _shown_place(place: PlaceFacts, language: str) -> ShownPlace:
    code = place.code if place.kind == PlaceKind.VILLAGE else ""
    return ShownPlace(KIND_TEXTS[place.kind], _shown(place.names, language), code)


def _shown_producer(producer: ProducerFacts, language: str) -> ShownProducer:
    if not producer.is_name_public:
        return ShownProducer(KIND_TEXTS[producer.kind], None, None)
    return ShownProducer(KIND_TEXTS[producer.kind], _shown(producer.names, language), producer.code)


def _shown_products(product_pks: Collection[int], language: str) -> list[ShownProduct]:
    """Those that the shop still has, in the registry's order."""
    found = host_catalogue().by_pk(product_pks)
    return [ShownProduct(pk, product_name(found[pk], language)) for pk in product_pks if pk in found]
