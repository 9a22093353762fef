"""Products as staff see them: which have an origin, and everything the registry knows of one."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from ovop_origin import selectors
from ovop_origin.models import SHARE_WHOLE
from ovop_origin.selectors import LotFacts, OriginFacts, ProductDetails, best_language, best_name
from ovop_origin.staff_views.frame import PAGE_SIZE, for_product_staff, page_number, pages_of, staff_frame
from ovop_origin.staff_views.producers import ListedProducer, listed
from ovop_origin.texts import KIND_TEXTS
from ovop_shared.browsing import ProductKeys, catalogue_browser
from ovop_shared.catalogue import host_catalogue
from ovop_shared.errors import NotFound
from ovop_shared.pages import request_language
from ovop_shared.records import ProductRecord, product_name
from ovop_shared.translations import translate

ORIGIN_CHOICES_TEXTS = {"": "All", "with": "With an origin", "without": "Without an origin"}
NO_CATEGORY = "-"


@dataclass(frozen=True, slots=True)
class ListedProduct:
    """A product in a list; `village` is empty where no origin is known."""

    pk: int
    name: str
    slug: str
    village: str
    village_language: str
    makers: int


@dataclass(frozen=True, slots=True)
class ShownPart:
    """A producer's part in a product (`share` as per cent) or in a lot (`quantity`)."""

    producer: ListedProducer
    share: str = ""
    quantity: int = 0


@dataclass(frozen=True, slots=True)
class ShownLot:
    code: str
    lot: LotFacts
    village: str
    parts: Sequence[ShownPart]


@dataclass(frozen=True, slots=True)
class ShownMaterial:
    name: str
    code: str
    share: str
    place: str


@require_safe
@for_product_staff
def product_list(request: HttpRequest) -> HttpResponse:
    """All products of the shop, or those with or without an origin, searched by name."""
    text = request.GET.get("q", "").strip()
    wanted = request.GET.get("origin", "")
    category = request.GET.get("category")
    number = page_number(request)
    language = request_language(request)
    keys: ProductKeys = selectors.product_keys_with_origin()
    found = catalogue_browser().search(
        text,
        only=keys if wanted == "with" else None,
        without=keys if wanted == "without" else None,
        category=None if category is None else category.removeprefix(NO_CATEGORY),
        offset=(number - 1) * PAGE_SIZE,
        limit=PAGE_SIZE,
    )
    origins = selectors.product_origins([each.pk for each in found.products])
    context = {
        "q": text,
        "origin": wanted,
        "category": category,
        "choices": ORIGIN_CHOICES_TEXTS.items(),
        "products": [_listed_product(each, origins.get(each.pk), language) for each in found.products],
        "pages": pages_of(request, number, len(found.products), found.total),
    }
    return staff_frame(request, "ovop_origin/staff_products.html", translate("Products", language), context)


@require_safe
@for_product_staff
def product(request: HttpRequest, product_pk: int) -> HttpResponse:
    return product_page(request, product_pk)


def product_page(request: HttpRequest, product_pk: int) -> HttpResponse:
    """Everything the registry knows of a product that the shop has."""
    record = host_catalogue().by_pk([product_pk]).get(product_pk)
    if record is None:
        raise NotFound("There is no such product.", params={"product": product_pk})
    language = request_language(request)
    origin = selectors.product_origins([product_pk]).get(product_pk)
    details = selectors.product_details([product_pk]).get(product_pk)
    lots = selectors.lots_of([product_pk]).get(product_pk, ())
    context = {
        "product": record,
        "name": product_name(record, language),
        "has_origin": origin is not None,
        "places": _places(origin, language),
        "makers": _makers(origin, language),
        "details": details,
        "materials": _materials(details, language),
        "lots": _lots(lots, language),
    }
    return staff_frame(request, "ovop_origin/staff_product.html", product_name(record, language), context)


def per_cent(share: int) -> str:
    """A part of SHARE_WHOLE as per cent without needless zeros: 3333 -> "33.33", 5000 -> "50"."""
    text = f"{Decimal(share) * 100 / SHARE_WHOLE:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _listed_product(record: ProductRecord, origin: OriginFacts | None, language: str) -> ListedProduct:
    names = origin.village_names if origin else {}
    return ListedProduct(
        pk=record.pk,
        name=product_name(record, language),
        slug=record.slug,
        village=best_name(names, language),
        village_language=best_language(names, language) or language,
        makers=len(origin.makers) if origin else 0,
    )


def _places(origin: OriginFacts | None, language: str) -> list[tuple[str, str, str]]:
    if origin is None:
        return []
    return [
        (KIND_TEXTS[place.kind], best_name(place.names, language), place.code)
        for place in selectors.place_with_parents(origin.village_code)
    ]


def _makers(origin: OriginFacts | None, language: str) -> list[ShownPart]:
    if origin is None:
        return []
    found = selectors.producers([maker.producer_code for maker in origin.makers])
    by_share = sorted(origin.makers, key=lambda maker: (-maker.share, maker.producer_code))
    return [ShownPart(listed(found[each.producer_code], language), per_cent(each.share)) for each in by_share]


def _materials(details: ProductDetails | None, language: str) -> list[ShownMaterial]:
    if details is None:
        return []
    found = selectors.places([each.place_code for each in details.materials if each.place_code])
    return [
        ShownMaterial(
            name=best_name(each.names, language),
            code=each.code,
            share=per_cent(each.share),
            place=best_name(found[each.place_code].names, language) if each.place_code in found else "",
        )
        for each in details.materials
    ]


def _lots(lots: Sequence[LotFacts], language: str) -> list[ShownLot]:
    villages = selectors.places({lot.village_code for lot in lots})
    codes = {part.producer_code for lot in lots for part in lot.contributions}
    found = {code: listed(each, language) for code, each in selectors.producers(codes).items()}
    return [
        ShownLot(
            code=lot.code,
            lot=lot,
            village=best_name(villages[lot.village_code].names, language),
            parts=[ShownPart(found[each.producer_code], quantity=each.quantity) for each in lot.contributions],
        )
        for lot in lots
    ]
