"""What Saleor needs before it can show origins: page types, attributes, and the attributes on every product type.

What staff can change without harm (names, visibility, order) is set once and then theirs.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from django.db import transaction
from django.db.models import Count, Q
from saleor.attribute import AttributeEntityType, AttributeInputType, AttributeType
from saleor.attribute.models import Attribute, AttributePage, AttributeProduct
from saleor.page.models import PageType
from saleor.product.models import ProductType

from ovop_origin.locks import projection_lock
from ovop_origin.shop_check import Difference
from ovop_shared.adapter.attributes import (
    SlugTaken,
    all_or_missing,
    attach,
    attach_to_product_types,
    translate_attributes,
)
from ovop_shared.setup_steps import SetupStep, register_setup_step

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
    return all_or_missing(PAGE_TYPES, PageType.objects.filter(slug__in=PAGE_TYPES))


def attributes() -> dict[str, Attribute]:
    """The plugin's attributes of products by slug. Raises SetupMissing."""
    return all_or_missing(PRODUCT_ATTRIBUTES, Attribute.objects.filter(slug__in=PRODUCT_ATTRIBUTES))


def page_attributes() -> dict[str, Attribute]:
    """The plugin's attributes of pages by slug. Raises SetupMissing."""
    return all_or_missing(PAGE_ATTRIBUTES, Attribute.objects.filter(slug__in=PAGE_ATTRIBUTES))


def choice_ids(there: Mapping[str, Attribute]) -> set[int]:
    """The keys of those attributes whose values many products or pages share."""
    return {attribute.pk for slug, attribute in there.items() if ATTRIBUTES[slug].is_choice}


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
    named = [(attribute, ATTRIBUTES[slug].name) for slug, attribute in there.items()]
    return changes + translate_attributes(named)


@transaction.atomic
def attach_attributes() -> int:
    """Give product types and our page types their attributes: without, Saleor's API neither shows nor filters by them.

    New product types get them with the sweep.
    """
    projection_lock()
    ours, types = page_attributes(), page_types()
    wanted = {(ours[slug].pk, types[page_type].pk) for slug in PAGE_ATTRIBUTES for page_type in ATTRIBUTES[slug].on}
    on_pages = attach(AttributePage, "page_type_id", ours, wanted, PageType.objects.filter(slug__in=PAGE_TYPES))
    return on_pages + attach_to_product_types(attributes())


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


register_setup_step(SetupStep(10, "Origin: page types", create_page_types))
register_setup_step(SetupStep(11, "Origin: attributes", create_attributes))
register_setup_step(SetupStep(12, "Origin: attributes on product and page types", attach_attributes))
