"""From the registry to what Saleor shows: village and producer pages, region values, and each product's origin.

Level-triggered: every function reads both sides and writes the difference, so a second run writes nothing, and
whatever was changed or lost on Saleor's side comes back. Products without an origin in the registry are left alone.
"""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.utils import timezone
from saleor.attribute.models import AssignedProductAttributeValue, Attribute, AttributeValue, AttributeValueTranslation
from saleor.page.models import Page
from saleor.product.models import Product

from ovop_origin import selectors
from ovop_origin.adapter.announce import announce_products
from ovop_origin.adapter.pages import pages_by_code, project_pages
from ovop_origin.adapter.saleor_languages import saleor_translations
from ovop_origin.adapter.setup import PRODUCER, REGION, VILLAGE, attach_to_product_types, attributes
from ovop_origin.adapter.translations import sync_translations
from ovop_origin.locks import projection_lock
from ovop_origin.models import PlaceKind
from ovop_origin.selectors import OriginFacts, ProducerFacts, best_name, public_names
from ovop_shared.languages import DEFAULT_LANGUAGE
from ovop_shared.setup_steps import SetupStep, register_setup_step

BATCH = 500

METADATA_KEYS = ("ovop:village", "ovop:region", "ovop:country", "ovop:producers")


@dataclass(frozen=True, slots=True)
class Projection:
    """How many pages, region values and products changed on Saleor's side."""

    pages: int
    regions: int
    products: int

    @property
    def has_written(self) -> bool:
        return bool(self.pages or self.regions or self.products)


def project_all() -> Projection:
    """Bring everything in line, products in batches of BATCH. Raises SetupMissing before anything is written."""
    attach_to_product_types()
    pages, regions, products = project_pages(), project_regions(), 0
    batch = selectors.products_with_origin(limit=BATCH)
    while batch:
        products += _project_batch(batch).changed
        batch = selectors.products_with_origin(after=batch[-1], limit=BATCH)
    return Projection(pages, regions, products)


def project_products(product_pks: Collection[int]) -> int:
    """Bring these products in line, and the pages too if one they need is missing; how many products changed."""
    batch = _project_batch(product_pks)
    if not batch.is_complete:
        project_pages()
        project_regions()
        return max(batch.changed, _project_batch(product_pks).changed)
    return batch.changed


@transaction.atomic
def project_regions() -> int:
    """A choice of the region attribute for each region of the registry; how many changed. Raises SetupMissing."""
    projection_lock()
    attribute = attributes()[REGION]
    regions = {_slug(region.code): region for region in selectors.places_of(PlaceKind.REGION, limit=None)}
    values = {value.slug: value for value in AttributeValue.objects.filter(attribute=attribute, slug__in=regions)}
    changed = set()
    for slug, region in regions.items():
        name = best_name(region.names, DEFAULT_LANGUAGE)
        value = values.get(slug) or AttributeValue(attribute=attribute, slug=slug)
        if value.name != name:
            value.name = name
            value.save()  # gives a new choice its place among the others
            values[slug] = value
            changed.add(value.pk)
    translations = {values[slug].pk: saleor_translations(region.names) for slug, region in regions.items()}
    changed |= sync_translations(AttributeValueTranslation, "attribute_value_id", "name", translations)
    return len(changed)


@dataclass(frozen=True, slots=True)
class _Batch:
    """`is_complete` is False when a page or region value that a product needs is not there yet."""

    changed: int
    is_complete: bool


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What one product should show: pages by attribute slug, the region's value, the metadata."""

    references: Mapping[str, tuple[Page, ...]]
    region: AttributeValue | None
    metadata: Mapping[str, str]


@transaction.atomic
def _project_batch(product_pks: Collection[int]) -> _Batch:
    # The products are locked before the registry is read: whoever comes second has read the newer state.
    locked = Product.objects.select_for_update(no_key=True).filter(pk__in=product_pks).order_by("pk")
    products = {product.pk: product for product in locked}
    origins = selectors.product_origins(products)
    makers = {maker.producer_code for origin in origins.values() for maker in origin.makers}
    named = {code: facts for code, facts in selectors.producers(makers).items() if facts.is_name_public}
    ours = attributes()
    villages = pages_by_code(VILLAGE, {origin.village_code for origin in origins.values()})
    producer_pages = pages_by_code(PRODUCER, named)
    slugs = {_slug(origin.region_code) for origin in origins.values()}
    regions = {value.slug: value for value in AttributeValue.objects.filter(attribute=ours[REGION], slug__in=slugs)}
    wanted = {}
    is_complete = True
    for pk, origin in origins.items():
        codes = [maker.producer_code for maker in origin.makers if maker.producer_code in named]
        village = (villages[origin.village_code],) if origin.village_code in villages else ()
        makers_pages = tuple(producer_pages[code] for code in codes if code in producer_pages)
        region = regions.get(_slug(origin.region_code))
        is_complete = is_complete and bool(village) and region is not None and len(makers_pages) == len(codes)
        metadata = _metadata(origin, [named[code] for code in codes])
        wanted[pk] = _Wanted({VILLAGE: village, PRODUCER: makers_pages}, region, metadata)
    values, renamed = _reference_values(wanted, ours)
    changed = renamed | _assign(wanted, values, ours)
    changed |= {pk for pk in wanted if _set_metadata(products[pk], wanted[pk].metadata)}
    if changed:
        rows = [products[pk] for pk in sorted(changed)]
        now = timezone.now()
        for product in rows:
            product.search_index_dirty = True
            product.updated_at = now
        Product.objects.bulk_update(rows, ["metadata", "search_index_dirty", "updated_at"])
        announce_products(rows)
    return _Batch(len(changed), is_complete)


def _metadata(origin: OriginFacts, named: list[ProducerFacts]) -> dict[str, str]:
    """Public: only codes, and the names of those who agreed, as JSON."""
    metadata = {
        "ovop:village": origin.village_code,
        "ovop:region": origin.region_code,
        "ovop:country": origin.country_code,
    }
    if named:
        producers = [{"code": producer.code, "names": dict(public_names(producer))} for producer in named]
        metadata["ovop:producers"] = json.dumps(producers, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    return metadata


def _set_metadata(product: Product, wanted: Mapping[str, str]) -> bool:
    metadata = {key: value for key, value in product.metadata.items() if key not in METADATA_KEYS} | dict(wanted)
    if metadata == product.metadata:
        return False
    product.metadata = metadata
    return True


def _reference_values(
    wanted: Mapping[int, _Wanted], ours: Mapping[str, Attribute]
) -> tuple[dict[tuple[int, str], AttributeValue], set[int]]:
    """The value of each product-page pair, made where missing, by (attribute, slug); and the products whose changed.

    Saleor keeps one value per pair, of the slug `<product>_<page>` (3.22, 3.23), named as the page.
    """
    pairs = {
        (ours[slug].pk, f"{pk}_{page.pk}"): (pk, page)
        for pk, each in wanted.items()
        for slug, pages in each.references.items()
        for page in pages
    }
    stored = AttributeValue.objects.filter(
        attribute__in=[ours[VILLAGE], ours[PRODUCER]], slug__in={slug for _, slug in pairs}
    )
    values = {(value.attribute_id, value.slug): value for value in stored}
    renamed = set()
    different = []
    for key, (pk, page) in pairs.items():
        value = values.get(key)
        if value is not None and (value.name, value.reference_page_id) != (page.title, page.pk):
            value.name, value.reference_page_id = page.title, page.pk
            different.append(value)
            renamed.add(pk)
    new = [
        AttributeValue(attribute_id=attribute, slug=slug, name=page.title, reference_page=page)
        for (attribute, slug), (_, page) in pairs.items()
        if (attribute, slug) not in values
    ]
    if different:
        AttributeValue.objects.bulk_update(different, ["name", "reference_page"])
    if new:
        # A dashboard user may be picking the same page right now.
        AttributeValue.objects.bulk_create(new, ignore_conflicts=True)
        values = {(value.attribute_id, value.slug): value for value in stored.all()}
    return {key: values[key] for key in pairs}, renamed


def _assign(
    wanted: Mapping[int, _Wanted], values: Mapping[tuple[int, str], AttributeValue], ours: Mapping[str, Attribute]
) -> set[int]:
    """Make the products' values of our attributes exactly the wanted ones, in order; the products that changed."""
    rows = AssignedProductAttributeValue.objects.filter(
        product__in=list(wanted), value__attribute__in=list(ours.values())
    ).select_related("value")
    stored: dict[int, dict[int, Any]] = {pk: {} for pk in wanted}
    for row in rows:
        stored[row.product_id][row.value_id] = row
    new: list[Any] = []
    moved: list[Any] = []
    unwanted: list[Any] = []
    changed: set[int] = set()
    for pk, each in wanted.items():
        there = stored[pk]
        orders = [
            (values[(ours[slug].pk, f"{pk}_{page.pk}")], order)
            for slug, pages in each.references.items()
            for order, page in enumerate(pages)
        ]
        if each.region is not None:
            orders.append((each.region, 0))
        for value, order in orders:
            row = there.pop(value.pk, None)
            if row is None:
                new.append(AssignedProductAttributeValue(product_id=pk, value=value, sort_order=order))
            elif row.sort_order != order:
                row.sort_order = order
                moved.append(row)
            else:
                continue
            changed.add(pk)
        unwanted += there.values()
        changed |= {pk} if there else set()
    if unwanted:
        # A reference's value belongs to its product alone and goes with the assignment; a choice stays for others.
        own = [row.value_id for row in unwanted if row.value.slug.startswith(f"{row.product_id}_")]
        AssignedProductAttributeValue.objects.filter(pk__in=[row.pk for row in unwanted]).delete()
        AttributeValue.objects.filter(pk__in=own).exclude(reference_page=None).delete()
    AssignedProductAttributeValue.objects.bulk_create(new, ignore_conflicts=True)
    if moved:
        AssignedProductAttributeValue.objects.bulk_update(moved, ["sort_order"])
    return changed


def _slug(code: str) -> str:
    return code.lower()


def _project_at_setup() -> int:
    projection = project_all()
    return projection.pages + projection.regions + projection.products


register_setup_step(SetupStep(13, "Origin: pages, regions and products", _project_at_setup))
