"""Products as staff see them: which have an origin, and everything the registry knows of one."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from ovop_origin import selectors
from ovop_origin.errors import ChangedMeanwhile
from ovop_origin.labels import SHEETS, SIZES
from ovop_origin.selectors import LotFacts, OriginFacts, ProducerFacts, ProductDetails, best_language, best_name
from ovop_origin.staff_views.frame import for_product_staff
from ovop_origin.staff_views.label_form import (
    LABEL_TYPES,
    LabelForm,
    empty_label_form,
    make_labels,
    typed_label_form,
)
from ovop_origin.staff_views.producers import ListedProducer, listed
from ovop_origin.staff_views.product_forms import (
    LotForm,
    OriginForm,
    empty_lot_form,
    per_cent,
    remove_origin,
    save_lot,
    save_origin,
    stored_origin_form,
    typed_lot_form,
    typed_origin_form,
)
from ovop_origin.texts import KIND_TEXTS
from ovop_shared.browsing import ProductKeys, catalogue_browser
from ovop_shared.catalogue import host_catalogue
from ovop_shared.downloads import download
from ovop_shared.errors import NotFound
from ovop_shared.languages import NAME_TAGS
from ovop_shared.pages import request_language
from ovop_shared.records import ProductRecord, product_name
from ovop_shared.staff_frame import PAGE_SIZE, back_to, page_number, pages_of, staff_frame
from ovop_shared.translations import translate

OFFERED = 300
"""How many villages and producers a field offers; any other can be written by its code or name."""

DONE_TEXTS = {"origin": "The origin is saved.", "removed": "The origin is taken away.", "lot": "The lot is saved."}
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
    return _product_page(request, _known_product(product_pk))


@require_POST
@for_product_staff
def origin_set(request: HttpRequest, product_pk: int) -> HttpResponse:
    """Say which village a product comes from, who made it, its stories and its GTINs."""
    record = _known_product(product_pk)
    language = request_language(request)
    form = typed_origin_form(request.POST, product_pk, language)
    if save_origin(product_pk, form, at=timezone.now()):
        return back_to(request, "ovop_origin:staff-product", "origin", product_pk=product_pk)
    if any(problem.code == ChangedMeanwhile.code for problem in form.problems.at("form")):
        stored = stored_origin_form(product_pk, language)
        stored.problems = form.problems
        return _product_page(request, record, origin_form=stored, status=ChangedMeanwhile.status)
    return _product_page(request, record, origin_form=form, status=400)


@require_POST
@for_product_staff
def origin_remove(request: HttpRequest, product_pk: int) -> HttpResponse:
    """Take the origin of a product away, as long as no lots were made of it."""
    record = _known_product(product_pk)
    form = stored_origin_form(product_pk, request_language(request))
    seen, form.seen = form.seen, request.POST.get("seen", "")
    if remove_origin(product_pk, form):
        return back_to(request, "ovop_origin:staff-product", "removed", product_pk=product_pk)
    form.seen = seen
    return _product_page(request, record, origin_form=form, status=409)


@require_POST
@for_product_staff
def lot_add(request: HttpRequest, product_pk: int) -> HttpResponse:
    """Add a lot with what was accepted from each maker, or correct the one of that code."""
    record = _known_product(product_pk)
    form = typed_lot_form(request.POST, request_language(request))
    if save_lot(product_pk, form, at=timezone.now()):
        return back_to(request, "ovop_origin:staff-product", "lot", product_pk=product_pk)
    return _product_page(request, record, lot_form=form, status=400)


@require_safe
@for_product_staff
def labels(request: HttpRequest, product_pk: int) -> HttpResponseBase:
    """Labels of the product or of one of its lots, as PDF or as PNG."""
    record = _known_product(product_pk)
    form = typed_label_form(request.GET, request_language(request))
    file = make_labels(product_pk, form)
    if file is None:
        return _product_page(request, record, label_form=form, status=400)
    name = "-".join(part for part in (record.slug, form.lot, form.size) if part)
    return download(
        request,
        lambda stream: stream.write(file),
        name=f"{name}.{form.format}",
        content_type=LABEL_TYPES[form.format],
    )


def _known_product(product_pk: int) -> ProductRecord:
    record = host_catalogue().by_pk([product_pk]).get(product_pk)
    if record is None:
        raise NotFound("There is no such product.", params={"product": product_pk})
    return record


def _product_page(
    request: HttpRequest,
    record: ProductRecord,
    *,
    origin_form: OriginForm | None = None,
    lot_form: LotForm | None = None,
    label_form: LabelForm | None = None,
    status: int = 200,
) -> HttpResponse:
    """Everything the registry knows of a product that the shop has, and its forms."""
    language = request_language(request)
    origin = selectors.product_origins([record.pk]).get(record.pk)
    details = selectors.product_details([record.pk]).get(record.pk)
    lots = selectors.lots_of([record.pk]).get(record.pk, ())
    origin_form = origin_form or stored_origin_form(record.pk, language)
    context = {
        "product": record,
        "done": DONE_TEXTS.get(request.GET.get("done", "")) if status == 200 else None,
        "has_origin": origin is not None,
        "places": _places(origin, language),
        "makers": _makers(origin, language),
        "details": details,
        "materials": _materials(details, language),
        "lots": _lots(lots, language),
        "form": origin_form,
        "lot_form": lot_form or empty_lot_form(record.pk, language),
        "label_form": label_form or empty_label_form(language),
        "is_origin_open": bool(origin_form.problems) or origin is None,
        "villages": [
            (each.code, best_name(each.names, language)) for each in selectors.places_of("village", limit=OFFERED)
        ],
        "producers": [(each.code, best_name(each.names, language)) for each in _offered_producers(origin)],
        "sizes": list(SIZES),
        "sheets": list(SHEETS),
        "languages_of_names": sorted(NAME_TAGS),
    }
    return staff_frame(
        request, "ovop_origin/staff_product.html", product_name(record, language), context, status=status
    )


def _offered_producers(origin: OriginFacts | None) -> Sequence[ProducerFacts]:
    """Those of the product's village, or the first of all."""
    village = origin.village_code if origin else None
    return selectors.producers_of(village=village, only_public=False, limit=OFFERED)


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
