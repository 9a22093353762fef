"""Attributes of products that a plugin brings into Saleor: created once, translated, and on every product type.

What staff can change without harm (names, visibility, order) is set once and then theirs.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Max
from saleor.attribute import AttributeType
from saleor.attribute.models import Attribute, AttributeProduct, AttributeTranslation
from saleor.product.models import ProductType

from ovop_shared.adapter.saleor_languages import saleor_codes
from ovop_shared.errors import OvopError
from ovop_shared.languages import DEFAULT_LANGUAGE, LANGUAGE_TAGS
from ovop_shared.translations import translate


class SetupMissing(OvopError):
    """A page type or attribute is not there: `ovop_setup` has not run, or somebody deleted it."""

    code = "setup_missing"
    status = 409


class SlugTaken(OvopError):
    """An attribute of that slug is there already and is of another kind: it is somebody else's."""

    code = "slug_taken"
    status = 409


@dataclass(frozen=True, slots=True)
class ChoiceAttribute:
    """An attribute of products with a choice of values; `name` is a page text, `input_type` Saleor's word."""

    name: str
    input_type: str


def create_choice_attributes(wanted: Mapping[str, ChoiceAttribute]) -> tuple[set[str], int]:
    """Create what is missing of these attributes (slug -> attribute); the slugs of the new ones, and how many rows were written.

    The caller holds a lock. Raises SlugTaken when one of the slugs names an attribute of another kind.
    """
    there = {attribute.slug: attribute for attribute in Attribute.objects.filter(slug__in=wanted)}
    new = set(wanted) - there.keys()
    for slug, each in wanted.items():
        attribute = there.get(slug)
        if attribute is None:
            there[slug] = Attribute.objects.create(
                slug=slug,
                name=each.name,
                type=AttributeType.PRODUCT_TYPE,
                input_type=each.input_type,
                visible_in_storefront=True,
                filterable_in_storefront=True,
                filterable_in_dashboard=True,
                available_in_grid=True,
            )
        elif (attribute.type, attribute.input_type) != (AttributeType.PRODUCT_TYPE, each.input_type):
            raise SlugTaken(
                f"There is another attribute {slug!r}: it should be of product types and the type {each.input_type}.",
                params={"slug": slug},
            )
    names = {attribute.pk: (attribute, wanted[slug].name) for slug, attribute in there.items()}
    return new, len(new) + translate_attributes(names.values())


def translate_attributes(named: Iterable[tuple[Attribute, str]]) -> int:
    """Give each attribute its page text in every language that Saleor knows; how many were missing.

    Only what is missing: a translation that staff made is theirs.
    """
    texts = {attribute.pk: text for attribute, text in named}
    done = set(AttributeTranslation.objects.filter(attribute__in=texts).values_list("attribute_id", "language_code"))
    new = [
        AttributeTranslation(attribute_id=pk, language_code=code, name=translate(text, tag))
        for pk, text in texts.items()
        for tag in LANGUAGE_TAGS
        for code in saleor_codes(tag)
        if tag != DEFAULT_LANGUAGE and (pk, code) not in done
        if translate(text, tag) != text
    ]
    AttributeTranslation.objects.bulk_create(new)
    return len(new)


def found_attributes(slugs: Collection[str]) -> dict[str, Attribute]:
    """These attributes by slug, in the order asked for. Raises SetupMissing."""
    return all_or_missing(slugs, Attribute.objects.filter(slug__in=slugs))


def all_or_missing(wanted: Iterable[str], rows: Iterable[Any]) -> dict[str, Any]:
    """The rows by slug, in the order asked for: attached in it, the dashboard shows them so. Raises SetupMissing."""
    slugs = list(wanted)
    found = {row.slug: row for row in rows}
    missing = sorted(set(slugs) - set(found))
    if missing:
        raise SetupMissing(f"{', '.join(missing)} is missing: run ovop_setup.", params={"slugs": missing})
    return {slug: found[slug] for slug in slugs}


def attach_to_product_types(ours: Mapping[str, Attribute]) -> int:
    """Give every product type these attributes: without, Saleor's API neither shows nor filters by them. The caller
    holds a lock; how many rows were written."""
    types = ProductType.objects.all()
    every = {(attribute.pk, pk) for attribute in ours.values() for pk in types.values_list("pk", flat=True)}
    return attach(AttributeProduct, "product_type_id", ours, every, types)


def attach(model: Any, owner: str, ours: Mapping[str, Attribute], wanted: set[tuple[int, int]], owners: Any) -> int:
    """Add the missing ones of the wanted (attribute, owner) pairs, behind what an owner has; how many."""
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
