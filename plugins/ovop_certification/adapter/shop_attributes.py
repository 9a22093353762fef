"""What Saleor needs before it can show certificates: attributes of products, on every product type.

| slug | Saleor's kind | values |
|---|---|---|
| `ovop-certified-for` | multiselect | the slugs of the channels whose market's requirements the product meets |
| `ovop-certificates` | multiselect | the codes of the schemes of which it holds a valid certificate |
| `ovop-grade` | dropdown | `1` to `5`: the stars of its valid label |
| `ovop-intended-use` | multiselect | what it is meant for; staff choose, and may add values |

The first three follow the registry (shopper_facts.py). Their values are slugs a storefront may build filters of.
"""

from collections.abc import Collection, Mapping

from django.db import transaction
from django.db.models import Count, Q
from saleor.attribute import AttributeInputType
from saleor.attribute.models import Attribute, AttributeValue, AttributeValueTranslation
from saleor.product.models import ProductType

from ovop_certification.locks import lock_shopper_facts
from ovop_shared.adapter.attributes import (
    ChoiceAttribute,
    attach_to_product_types,
    create_choice_attributes,
    found_attributes,
)
from ovop_shared.adapter.catalogue import INTENDED_USE
from ovop_shared.adapter.saleor_languages import saleor_codes
from ovop_shared.languages import DEFAULT_LANGUAGE, LANGUAGE_TAGS
from ovop_shared.setup_steps import SetupStep, register_setup_step
from ovop_shared.translations import translate

CERTIFIED_FOR = "ovop-certified-for"
CERTIFICATES = "ovop-certificates"
GRADE = "ovop-grade"

ATTRIBUTE_TEXTS = {
    CERTIFIED_FOR: "Certified for",
    CERTIFICATES: "Certificates",
    GRADE: "Grade",
    INTENDED_USE: "Intended use",
}
ATTRIBUTES = {
    slug: ChoiceAttribute(name, AttributeInputType.DROPDOWN if slug == GRADE else AttributeInputType.MULTISELECT)
    for slug, name in ATTRIBUTE_TEXTS.items()
}

# What staff begin with. They rename, add and remove as the shop's markets need; the slugs are what requirements name.
INTENDED_USE_TEXTS = {
    "food": "Food",
    "cosmetic": "Cosmetic",
    "household": "For the home",
    "clothing": "Clothing",
    "children": "Children",
    "gift": "Gift",
}


def attributes() -> dict[str, Attribute]:
    """The plugin's attributes by slug. Raises SetupMissing."""
    return found_attributes(tuple(ATTRIBUTES))


@transaction.atomic
def create_attributes() -> int:
    """Raises SlugTaken when one of the slugs names an attribute of another kind."""
    lock_shopper_facts()
    new, changes = create_choice_attributes(ATTRIBUTES)
    return changes + (_begin_intended_uses(attributes()[INTENDED_USE]) if INTENDED_USE in new else 0)


@transaction.atomic
def attach_attributes() -> int:
    """New product types get them with the sweep."""
    lock_shopper_facts()
    return attach_to_product_types(attributes())


def lacks_attributes(product_pks: Collection[int], ours: Mapping[str, Attribute]) -> bool:
    """Whether the type of one of these products lacks one of our attributes, as a new one does. One query."""
    types = ProductType.objects.filter(products__in=product_pks).distinct()
    links = Count("attributeproduct", filter=Q(attributeproduct__attribute__in=list(ours.values())))
    return any(count < len(ours) for count in types.annotate(links=links).values_list("links", flat=True))


def _begin_intended_uses(attribute: Attribute) -> int:
    """Only when the attribute is new: a value that staff deleted is not to come back."""
    values = AttributeValue.objects.bulk_create(
        AttributeValue(attribute=attribute, slug=slug, name=name, sort_order=order)
        for order, (slug, name) in enumerate(INTENDED_USE_TEXTS.items())
    )
    Attribute.objects.filter(pk=attribute.pk).update(max_sort_order=len(values) - 1)
    translations = [
        AttributeValueTranslation(
            attribute_value=value, language_code=code, name=translate(INTENDED_USE_TEXTS[value.slug], tag)
        )
        for value in values
        for tag in LANGUAGE_TAGS
        for code in saleor_codes(tag)
        if tag != DEFAULT_LANGUAGE and translate(INTENDED_USE_TEXTS[value.slug], tag) != value.name
    ]
    AttributeValueTranslation.objects.bulk_create(translations)
    return len(values) + len(translations)


register_setup_step(SetupStep(20, "Certification: attributes", create_attributes))
register_setup_step(SetupStep(21, "Certification: attributes on product types", attach_attributes))
