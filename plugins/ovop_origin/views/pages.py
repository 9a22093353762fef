"""The pages for people: products, lots, villages, producers, and an index of the places."""

from collections.abc import Mapping

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.safestring import mark_safe
from django.views.decorators.http import require_safe

from ovop_origin import selectors
from ovop_origin.certificates import certificates_of
from ovop_origin.jsonld import product_jsonld, script_safe_json
from ovop_origin.models import PlaceKind
from ovop_origin.provenance import LotProvenance, Provenance, lot_provenance, provenances
from ovop_origin.selectors import MembershipFacts, PlaceFacts, best_name
from ovop_origin.texts import KIND_TEXTS
from ovop_origin.views.shown import (
    ShownName,
    is_shown,
    shown_certificates,
    shown_makers,
    shown_materials,
    shown_name,
    shown_places,
    shown_producers,
    shown_product_name,
    shown_products,
    shown_regions,
)
from ovop_shared.catalogue import host_catalogue
from ovop_shared.errors import NotFound
from ovop_shared.mounting import absolute_url, page_url
from ovop_shared.pages import render_page, request_language
from ovop_shared.shop_time import shop_day
from ovop_shared.translations import translate

CACHE_SECONDS = 300
LOTS_ON_A_PAGE = 10
VILLAGES_ON_A_PAGE = 300


@require_safe
def places(request: HttpRequest, code: str = "") -> HttpResponse:
    """Every village that has published products, by country and region; within a place if its code is given.

    A shop of very many villages gets the regions alone, each with a page of its own.
    """
    if code and not selectors.places([code]):
        raise NotFound("There is no such place.", params={"code": code})
    language = request_language(request)
    villages = selectors.villages_with_products(code or None)
    published = host_catalogue().published([pk for village in villages for pk in village.product_pks])
    counts = {village.village_code: len(published & set(village.product_pks)) for village in villages}
    regions = shown_regions(
        [village for village in villages if counts[village.village_code]],
        counts,
        language,
        with_villages=bool(code) or sum(map(bool, counts.values())) <= VILLAGES_ON_A_PAGE,
    )
    context = {"title": translate("Villages and their products", language), "regions": regions}
    return _page(request, "ovop_origin/places.html", context, language)


@require_safe
def village(request: HttpRequest, code: str) -> HttpResponse:
    places = selectors.place_with_parents(code)
    if not places or places[0].kind != PlaceKind.VILLAGE:
        raise NotFound("There is no such village.", params={"code": code})
    language = request_language(request)
    place = places[0]
    context = {
        "title": best_name(place.names, language),
        "name": shown_name(place.names, language),
        "place": place,
        "point": _point(place),
        "places": shown_places(places[1:], language),
        "names": _distinct_names(place.names),
        "producers": shown_producers(selectors.producers_of_village(code), language),
        "products": shown_products(selectors.products_of_village(code), language),
    }
    return _page(request, "ovop_origin/village.html", context, language)


@require_safe
def producer(request: HttpRequest, code: str) -> HttpResponse:
    found = selectors.producers([code]).get(code)
    if found is None or not found.is_name_public:
        raise NotFound("There is no such producer.", params={"code": code})
    language = request_language(request)
    today = shop_day(timezone.now())

    def is_now(membership: MembershipFacts) -> bool:
        return (membership.since or today) <= today <= (membership.until or today)

    members = [each.member_code for each in selectors.members_of([code]).get(code, ()) if is_now(each)]
    groups = [each.group_code for each in selectors.groups_of([code]).get(code, ()) if is_now(each)]
    others = selectors.producers([*members, *groups])
    named = [others[each] for each in members if others[each].is_name_public]
    context = {
        "title": best_name(found.names, language),
        "name": shown_name(found.names, language),
        "kind": KIND_TEXTS[found.kind],
        "places": shown_places(selectors.place_with_parents(found.village_code), language),
        "members": shown_producers(named, language),
        "unnamed_members": len(members) - len(named),
        "groups": shown_producers((others[each] for each in groups), language),
        "products": shown_products(selectors.products_of_producer(code), language),
    }
    return _page(request, "ovop_origin/producer.html", context, language)


@require_safe
def product(request: HttpRequest, product_pk: int) -> HttpResponse:
    origin = provenances([product_pk]).get(product_pk)
    record = host_catalogue().by_pk([product_pk]).get(product_pk)
    if origin is None or not is_shown(record, product_pk):
        raise NotFound("Nothing is known about the origin of this product.", params={"product": product_pk})
    language = request_language(request)
    context = {
        **_provenance(origin, shown_product_name(record, language), language),
        "lots": selectors.newest_lots(product_pk, LOTS_ON_A_PAGE),
    }
    is_indexed = record is not None and record.is_published
    return _page(request, "ovop_origin/product.html", context, language, is_indexed=is_indexed)


@require_safe
def lot(request: HttpRequest, product_pk: int, lot_code: str) -> HttpResponse:
    """Also of a product that the shop hides again or has deleted: what was sold of it still carries its code."""
    found = lot_provenance(product_pk, lot_code)
    origin = provenances([product_pk]).get(product_pk)
    record = host_catalogue().by_pk([product_pk]).get(product_pk)
    if found is None or origin is None or not is_shown(record, product_pk):
        raise NotFound("There is no such lot.", params={"product": product_pk, "lot": lot_code})
    language = request_language(request)
    context = _provenance(origin, shown_product_name(record, language), language, found)
    return _page(request, "ovop_origin/lot.html", context, language, is_indexed=False)


def _distinct_names(names: Mapping[str, str]) -> list[ShownName]:
    """A name that is the same in several languages once, as the first of them."""
    first: dict[str, str] = {}
    for tag in sorted(names):
        first.setdefault(names[tag], tag)
    return [ShownName(text, tag) for text, tag in first.items()]


def _point(place: PlaceFacts) -> tuple[str, str] | None:
    """Latitude and longitude in degrees, without zeros that claim more than is known."""
    if place.latitude is None or place.longitude is None:
        return None
    return f"{place.latitude.normalize():f}", f"{place.longitude.normalize():f}"


def _provenance(origin: Provenance, name: str, language: str, found: LotProvenance | None = None) -> dict[str, object]:
    """What the pages of a product and of a lot have in common."""
    certificates = certificates_of([origin.product_pk], timezone.now()).get(origin.product_pk, ())
    address = (
        page_url("ovop_origin:lot", product_pk=origin.product_pk, lot_code=found.code)
        if found
        else page_url("ovop_origin:product", product_pk=origin.product_pk)
    )
    data = product_jsonld(
        origin, language=language, name=name, url=absolute_url(address), certificates=certificates, lot=found
    )
    return {
        "title": f"{name}, {found.code}" if found else name,
        "product_name": name,
        "product_pk": origin.product_pk,
        "lot": found,
        "places": shown_places((found or origin).places, language),
        "makers": shown_makers(found.contributors if found and found.contributors else origin.makers, language),
        "materials": shown_materials(origin.materials, language),
        "story": shown_name(origin.stories, language) if origin.stories else None,
        "gtins": origin.gtins,
        "certificates": shown_certificates(certificates, language),
        "jsonld": mark_safe(script_safe_json(data)),  # noqa: S308 - nothing in it can end the script
    }


def _page(
    request: HttpRequest, template: str, context: Mapping[str, object], language: str, *, is_indexed: bool = True
) -> HttpResponse:
    return render_page(
        request, template, context, language=language, is_indexed=is_indexed, cache_seconds=CACHE_SECONDS
    )
