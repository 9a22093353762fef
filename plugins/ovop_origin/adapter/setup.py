"""What Saleor needs before it can show origins: page types, attributes, and the attributes on every product type.

What staff can change without harm (names, visibility, order) is set once and then theirs.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import Count, Max, Q
from saleor.attribute import AttributeEntityType, AttributeInputType, AttributeType
from saleor.attribute.models import Attribute, AttributePage, AttributeProduct, AttributeTranslation
from saleor.page.models import PageType
from saleor.product.models import ProductType

from ovop_origin.adapter.saleor_languages import saleor_codes
from ovop_origin.locks import projection_lock
from ovop_origin.shop_check import Difference
from ovop_shared.errors import OvopError
from ovop_shared.languages import DEFAULT_LANGUAGE, LANGUAGE_TAGS
from ovop_shared.setup_steps import SetupStep, register_setup_step
from ovop_shared.translations import translate

VILLAGE = "ovop-village"
REGION = "ovop-region"
PRODUCER = "ovop-producer"
SEARCH_WORDS = "ovop-search-words"

PAGE_COUNTRY = "ovop-page-country"
PAGE_REGION = "ovop-page-region"
PAGE_DISTRICT = "ovop-page-district"
PAGE_KIND = "ovop-page-kind"
PAGE_VILLAGE = "ovop-page-village"

PAGE_TYPES = {VILLAGE: "Village", PRODUCER: "Producer"}


class SetupMissing(OvopError):
    """A page type or attribute is not there: `ovop_setup` has not run, or somebody deleted it."""

    code = "setup_missing"
    status = 409


class SlugTaken(OvopError):
    """An attribute of that slug is there already and is of another kind: it is somebody else's."""

    code = "slug_taken"
    status = 409


@dataclass(frozen=True, slots=True)
class _Shape:
    """An attribute of products or pages; `page_type` is the slug of the only pages a reference may name.

    `on` are the slugs of the page types that have it; without any it is one of products. What is not `is_visible` is
    for Saleor's search alone.
    """

    name: str
    input_type: str
    page_type: str = ""
    on: tuple[str, ...] = ()
    is_visible: bool = True

    @property
    def is_choice(self) -> bool:
        return bool(self.input_type == AttributeInputType.DROPDOWN)

    @property
    def type(self) -> str:
        return str(AttributeType.PAGE_TYPE if self.on else AttributeType.PRODUCT_TYPE)


# One page per reference needs Saleor 3.22. Saleor lets only choices be filters in the dashboard and the grid.
ATTRIBUTES = {
    VILLAGE: _Shape("Village", AttributeInputType.SINGLE_REFERENCE, VILLAGE),
    REGION: _Shape("Region", AttributeInputType.DROPDOWN),
    PRODUCER: _Shape("Producer", AttributeInputType.REFERENCE, PRODUCER),
    SEARCH_WORDS: _Shape("Names for the search", AttributeInputType.PLAIN_TEXT, is_visible=False),
    PAGE_COUNTRY: _Shape("Country", AttributeInputType.DROPDOWN, on=(VILLAGE, PRODUCER)),
    PAGE_REGION: _Shape("Region", AttributeInputType.DROPDOWN, on=(VILLAGE, PRODUCER)),
    PAGE_DISTRICT: _Shape("District", AttributeInputType.DROPDOWN, on=(VILLAGE,)),
    PAGE_KIND: _Shape("Kind", AttributeInputType.DROPDOWN, on=(PRODUCER,)),
    PAGE_VILLAGE: _Shape("Village", AttributeInputType.SINGLE_REFERENCE, VILLAGE, on=(PRODUCER,)),
}
PRODUCT_ATTRIBUTES = tuple(slug for slug, shape in ATTRIBUTES.items() if not shape.on)
PAGE_ATTRIBUTES = tuple(slug for slug, shape in ATTRIBUTES.items() if shape.on)


def page_types() -> dict[str, PageType]:
    """The plugin's page types by slug. Raises SetupMissing."""
    return _all_or_missing(PAGE_TYPES, PageType.objects.filter(slug__in=PAGE_TYPES))


def attributes() -> dict[str, Attribute]:
    """The plugin's attributes of products by slug. Raises SetupMissing."""
    return _all_or_missing(PRODUCT_ATTRIBUTES, Attribute.objects.filter(slug__in=PRODUCT_ATTRIBUTES))


def page_attributes() -> dict[str, Attribute]:
    """The plugin's attributes of pages by slug. Raises SetupMissing."""
    return _all_or_missing(PAGE_ATTRIBUTES, Attribute.objects.filter(slug__in=PAGE_ATTRIBUTES))


def choice_ids(there: Mapping[str, Attribute]) -> set[int]:
    """The keys of those attributes whose values many products or pages share."""
    return {attribute.pk for slug, attribute in there.items() if ATTRIBUTES[slug].is_choice}


def _all_or_missing(wanted: Iterable[str], rows: Iterable[object]) -> dict[str, object]:
    found = {row.slug: row for row in rows}  # type: ignore[attr-defined]
    missing = sorted(set(wanted) - set(found))
    if missing:
        raise SetupMissing(f"{', '.join(missing)} is missing: run ovop_setup.", params={"slugs": missing})
    # In the order asked for: attached in it, the dashboard shows the village first.
    return {slug: found[slug] for slug in wanted}


@transaction.atomic
def create_page_types() -> int:
    projection_lock()
    there = set(PageType.objects.filter(slug__in=PAGE_TYPES).values_list("slug", flat=True))
    new = [PageType(slug=slug, name=name) for slug, name in PAGE_TYPES.items() if slug not in there]
    PageType.objects.bulk_create(new)
    return len(new)


@transaction.atomic
def create_attributes() -> int:
    """Raises SlugTaken when one of the slugs names an attribute of another kind."""
    projection_lock()
    types = page_types()
    there = {attribute.slug: attribute for attribute in Attribute.objects.filter(slug__in=ATTRIBUTES)}
    changes = 0
    for slug, shape in ATTRIBUTES.items():
        attribute = there.get(slug)
        entity_type = AttributeEntityType.PAGE if shape.page_type else None
        if attribute is None:
            there[slug] = attribute = Attribute.objects.create(
                slug=slug,
                name=shape.name,
                type=shape.type,
                input_type=shape.input_type,
                entity_type=entity_type,
                visible_in_storefront=shape.is_visible,
                filterable_in_storefront=shape.is_choice,
                filterable_in_dashboard=shape.is_choice,
                available_in_grid=shape.is_choice and not shape.on,
            )
            changes += 1
        elif (attribute.type, attribute.input_type, attribute.entity_type) != (
            shape.type,
            shape.input_type,
            entity_type,
        ):
            raise SlugTaken(
                f"There is another attribute {slug!r}: it should be of the {shape.type} and the type {shape.input_type}.",
                params={"slug": slug},
            )
        if shape.page_type and not attribute.reference_page_types.filter(slug=shape.page_type).exists():
            attribute.reference_page_types.add(types[shape.page_type])
            changes += 1
    return changes + _translate_attributes(there)


def _translate_attributes(there: dict[str, Attribute]) -> int:
    """Only what is missing: a translation that staff made is theirs."""
    done = set(
        AttributeTranslation.objects.filter(attribute__in=there.values()).values_list("attribute_id", "language_code")
    )
    new = [
        AttributeTranslation(attribute=attribute, language_code=code, name=translate(ATTRIBUTES[slug].name, tag))
        for slug, attribute in there.items()
        for tag in LANGUAGE_TAGS
        for code in saleor_codes(tag)
        if tag != DEFAULT_LANGUAGE and (attribute.pk, code) not in done
        if translate(ATTRIBUTES[slug].name, tag) != ATTRIBUTES[slug].name
    ]
    AttributeTranslation.objects.bulk_create(new)
    return len(new)


@transaction.atomic
def attach_attributes() -> int:
    """Give product types and our page types their attributes: without, Saleor's API neither shows nor filters by them.

    New product types get them with the sweep.
    """
    projection_lock()
    ours, types = page_attributes(), page_types()
    wanted = {(ours[slug].pk, types[page_type].pk) for slug in PAGE_ATTRIBUTES for page_type in ATTRIBUTES[slug].on}
    on_pages = _attach(AttributePage, "page_type_id", ours, wanted, PageType.objects.filter(slug__in=PAGE_TYPES))
    ours = attributes()
    every = {
        (attribute.pk, pk) for attribute in ours.values() for pk in ProductType.objects.values_list("pk", flat=True)
    }
    return on_pages + _attach(AttributeProduct, "product_type_id", ours, every, ProductType.objects.all())


def lacks_attributes(product_pks: Collection[int]) -> bool:
    """Whether the type of one of these products lacks one of our attributes, as a new one does. Two queries."""
    ours = attributes()
    types = ProductType.objects.filter(products__in=product_pks).distinct()
    links = Count("attributeproduct", filter=Q(attributeproduct__attribute__in=list(ours.values())))
    return any(count < len(ours) for count in types.annotate(links=links).values_list("links", flat=True))


def attachment_differences() -> Iterator[Difference]:
    """What `attach_attributes` would add, and the attributes that staff do not show to shoppers."""
    ours = attributes()
    there = set(AttributeProduct.objects.filter(attribute__in=ours.values()).values_list("attribute", "product_type"))
    for pk, type_slug in ProductType.objects.order_by("slug").values_list("pk", "slug"):
        for slug, attribute in ours.items():
            if (attribute.pk, pk) not in there:
                yield Difference("product_type", type_slug, slug, "", "attribute")
    pages, types = page_attributes(), page_types()
    there = set(AttributePage.objects.filter(attribute__in=pages.values()).values_list("attribute", "page_type"))
    for slug, attribute in pages.items():
        for page_type in ATTRIBUTES[slug].on:
            if (attribute.pk, types[page_type].pk) not in there:
                yield Difference("page_type", page_type, slug, "", "attribute")
    for slug, attribute in (ours | pages).items():
        if ATTRIBUTES[slug].is_visible and not attribute.visible_in_storefront:
            yield Difference("choice", slug, "visible", "no", "yes", "hidden")


def _attach(model: Any, owner: str, ours: Mapping[str, Attribute], wanted: set[tuple[int, int]], owners: Any) -> int:
    there = set(model.objects.filter(attribute__in=ours.values()).values_list("attribute_id", owner))
    missing = wanted - there
    if not missing:
        return 0
    last = owners.order_by("pk").annotate(last=Max(f"{model._meta.model_name}__sort_order"))
    new = [
        model(attribute=attribute, **{owner: pk}, sort_order=(-1 if last is None else last) + position)
        for pk, last in last.values_list("pk", "last")
        for position, attribute in enumerate(ours.values(), start=1)
        if (attribute.pk, pk) in missing
    ]
    model.objects.bulk_create(new, ignore_conflicts=True)
    return len(new)


register_setup_step(SetupStep(10, "Origin: page types", create_page_types))
register_setup_step(SetupStep(11, "Origin: attributes", create_attributes))
register_setup_step(SetupStep(12, "Origin: attributes on product and page types", attach_attributes))
