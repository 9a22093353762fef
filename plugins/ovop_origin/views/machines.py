"""The addresses for machines: villages on a map, a product's JSON-LD, and the links that GS1 codes carry."""

import json
import re
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils import timezone
from django.views.decorators.http import require_safe

from ovop_origin import selectors
from ovop_origin.certificates import certificates_of
from ovop_origin.digital_link import gtin_of_link
from ovop_origin.geo import box_of_text, feature_collection, point_feature
from ovop_origin.jsonld import product_jsonld
from ovop_origin.models import CODE_PATTERN
from ovop_origin.provenance import provenances
from ovop_origin.selectors import best_language, best_name
from ovop_origin.views.pages import CACHE_SECONDS
from ovop_origin.views.shown import is_shown, shown_product_name
from ovop_shared.catalogue import host_catalogue
from ovop_shared.errors import NotFound
from ovop_shared.mounting import absolute_url, page_url
from ovop_shared.pages import cacheable, request_language


@require_safe
def villages_geojson(request: HttpRequest) -> HttpResponse:
    """The villages whose coordinates are known, as GeoJSON: all, those `within` a place, those in a `bbox`."""
    language = request_language(request)
    within, asked = request.GET.get("within"), request.GET.get("bbox")
    box = box_of_text(asked) if asked is not None else None
    if within is not None and not (re.match(CODE_PATTERN, within) and selectors.places([within])):
        raise NotFound("There is no such place.", params={"code": within})
    villages = [
        (place, float(place.latitude), float(place.longitude))
        for place in selectors.villages_on_map(within)
        if place.latitude is not None and place.longitude is not None
    ]
    if box is not None:
        villages = [each for each in villages if box.holds(each[1], each[2])]
    parents = selectors.places_with_parents({place.parent_code for place, _, _ in villages})
    products = selectors.products_of_villages([place.code for place, _, _ in villages])
    published = host_catalogue().published([pk for product_pks in products.values() for pk in product_pks])
    producers = selectors.named_producer_counts()
    features = []
    for place, latitude, longitude in villages:
        region, country = parents[place.parent_code][-2:]
        properties = {
            "code": place.code,
            "name": best_name(place.names, language),
            "language": best_language(place.names, language),
            "names": dict(place.names),
            "region": region.code,
            "region_name": best_name(region.names, language),
            "country": country.code,
            "country_name": best_name(country.names, language),
            "products": len(published & set(products.get(place.code, ()))),
            "producers": producers.get(place.code, 0),
            "url": absolute_url(page_url("ovop_origin:village", code=place.code)),
        }
        features.append(point_feature(place.code, latitude, longitude, properties))
    return _json(request, feature_collection(features), "application/geo+json", language)


@require_safe
def product_as_jsonld(request: HttpRequest, product_pk: int) -> HttpResponse:
    """What the product's page carries, by itself."""
    origin = provenances([product_pk]).get(product_pk)
    record = host_catalogue().by_pk([product_pk]).get(product_pk)
    if origin is None or not is_shown(record, product_pk):
        raise NotFound("Nothing is known about the origin of this product.", params={"product": product_pk})
    language = request_language(request)
    data = product_jsonld(
        origin,
        language=language,
        name=shown_product_name(record, language),
        url=absolute_url(page_url("ovop_origin:product", product_pk=product_pk)),
        certificates=certificates_of([product_pk], timezone.now()).get(product_pk, ()),
    )
    return _json(request, data, "application/ld+json", language)


@require_safe
def digital_link(request: HttpRequest, gtin: str, lot_code: str = "") -> HttpResponse:
    """From a GS1 Digital Link to the page of the lot, or of the product. Raises InvalidGtin, NotFound."""
    product_pk = selectors.product_of_gtin(gtin_of_link(gtin))
    if product_pk is None or not is_shown(host_catalogue().by_pk([product_pk]).get(product_pk), product_pk):
        raise NotFound("Nothing is known about the origin of this product.", params={"gtin": gtin})
    if not lot_code:
        address = page_url("ovop_origin:product", product_pk=product_pk)
    elif selectors.lot(product_pk, lot_code) is None:
        raise NotFound("There is no such lot.", params={"gtin": gtin, "lot": lot_code})
    else:
        address = page_url("ovop_origin:lot", product_pk=product_pk, lot_code=lot_code)
    query = request.GET.urlencode()
    response = HttpResponseRedirect(f"{address}?{query}" if query else address)
    response["Cache-Control"] = f"public, max-age={CACHE_SECONDS}"
    return response


def _json(request: HttpRequest, data: dict[str, Any], content_type: str, language: str) -> HttpResponse:
    body = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    response = HttpResponse(body.encode(), content_type=content_type)
    response["Content-Language"] = language
    response["Vary"] = "Accept-Language"
    response["X-Content-Type-Options"] = "nosniff"
    return cacheable(request, response, CACHE_SECONDS)
