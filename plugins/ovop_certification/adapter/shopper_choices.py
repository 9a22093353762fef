"""The values of the attributes that follow the registry: channels, schemes and stars, named in every language."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import Exists, Max, OuterRef, Q
from saleor.attribute.models import (
    AssignedProductAttributeValue,
    Attribute,
    AttributeValue,
    AttributeValueTranslation,
)
from saleor.channel.models import Channel

from ovop_certification.adapter.shop_attributes import CERTIFICATES, CERTIFIED_FOR, GRADE
from ovop_certification.locks import lock_shopper_facts
from ovop_certification.models import Market, Scheme
from ovop_certification.texts import GRADE_TEXTS
from ovop_origin.selectors import best_name
from ovop_shared.adapter.saleor_languages import saleor_translations
from ovop_shared.adapter.translations import Translations, compare_translations
from ovop_shared.languages import DEFAULT_LANGUAGE, LANGUAGE_TAGS
from ovop_shared.translations import translate

FOLLOWING = (CERTIFIED_FOR, CERTIFICATES, GRADE)
"""The attributes whose values nobody but the registry says."""

Key = tuple[str, str]
"""An attribute's slug and a value's."""


@dataclass(frozen=True, slots=True)
class Choices:
    """The values that the shop has, by attribute and slug, with their keys and names."""

    there: Mapping[Key, tuple[int, str]]


def read_choices(ours: Mapping[str, Attribute]) -> Choices:
    """One query; what staff typed beside ours is not in it."""
    names = {attribute.pk: slug for slug, attribute in ours.items() if slug in FOLLOWING}
    rows = AttributeValue.objects.filter(attribute__in=names).values_list("attribute_id", "slug", "pk", "name")
    return Choices({(names[attribute], slug): (pk, name) for attribute, slug, pk, name in rows})


def project_choices(ours: Mapping[str, Attribute]) -> int:
    """Make the values that are missing, put names and translations right, and delete what stands for nothing and no
    product holds; how many changed."""
    wanted = dict(_wanted())
    if not (_differs(ours, wanted) or _strays(ours, wanted).exists()):
        return 0
    with transaction.atomic():
        lock_shopper_facts()
        wanted = dict(_wanted())
        stored = _stored(ours)
        new = [key for key in wanted if key not in stored]
        _make(ours, {key: best_name(wanted[key], DEFAULT_LANGUAGE) or key[1] for key in new})
        stored = _stored(ours)
        renamed = []
        for key, names in wanted.items():
            name = best_name(names, DEFAULT_LANGUAGE) or key[1]
            if stored[key].name != name:
                stored[key].name = name
                renamed.append(stored[key])
        AttributeValue.objects.bulk_update(renamed, ["name"])
        translations = _translations(stored, wanted)
        translations.write()
        gone, _ = _strays(ours, wanted).delete()
    return len(new) + len(renamed) + len(translations.changes) + gone


def _wanted() -> Iterator[tuple[Key, Mapping[str, str]]]:
    """Every value with its names. A channel is called by its market, and by its own name where the market has several."""
    channels = dict(Channel.objects.values_list("slug", "name"))
    for market in Market.objects.prefetch_related("channels").order_by("code"):
        of_market = sorted(each.channel for each in market.channels.all() if each.channel in channels)
        for slug in of_market:
            names = market.names or {DEFAULT_LANGUAGE: market.code}
            if len(of_market) > 1:
                names = {tag: f"{name} ({channels[slug]})" for tag, name in names.items()}
            yield (CERTIFIED_FOR, slug), names
    for code, names in Scheme.objects.order_by("code").values_list("code", "names"):
        yield (CERTIFICATES, code), names or {DEFAULT_LANGUAGE: code}
    for stars, text in GRADE_TEXTS.items():
        told = {tag: translate(GRADE_TEXTS[stars], tag) for tag in LANGUAGE_TAGS}
        yield (
            (GRADE, str(stars)),
            {tag: each for tag, each in told.items() if tag == DEFAULT_LANGUAGE or each != text},
        )


def _stored(ours: Mapping[str, Attribute]) -> dict[Key, Any]:
    names = {attribute.pk: slug for slug, attribute in ours.items() if slug in FOLLOWING}
    values = AttributeValue.objects.filter(attribute__in=names)
    return {(names[value.attribute_id], value.slug): value for value in values}


def _differs(ours: Mapping[str, Attribute], wanted: Mapping[Key, Mapping[str, str]]) -> bool:
    stored = _stored(ours)
    for key, names in wanted.items():
        if key not in stored or stored[key].name != (best_name(names, DEFAULT_LANGUAGE) or key[1]):
            return True
    return bool(_translations(stored, wanted).changes)


def _translations(stored: Mapping[Key, Any], wanted: Mapping[Key, Mapping[str, str]]) -> Translations:
    texts = {stored[key].pk: saleor_translations(names) for key, names in wanted.items() if key in stored}
    return compare_translations(AttributeValueTranslation, "attribute_value_id", "name", texts)


def _make(ours: Mapping[str, Attribute], new: Mapping[Key, str]) -> None:
    """Behind the values that are there, in their order: the dashboard shows them so."""
    for attribute_slug in dict.fromkeys(key[0] for key in new):
        attribute = ours[attribute_slug]
        last = AttributeValue.objects.filter(attribute=attribute).aggregate(last=Max("sort_order"))["last"]
        values = [
            AttributeValue(attribute=attribute, slug=slug, name=name, sort_order=order)
            for order, (slug, name) in enumerate(
                ((key[1], name) for key, name in new.items() if key[0] == attribute_slug),
                start=0 if last is None else last + 1,
            )
        ]
        # Somebody may be typing the same in the dashboard right now.
        AttributeValue.objects.bulk_create(
            values, update_conflicts=True, unique_fields=["slug", "attribute"], update_fields=["name"]
        )
        Attribute.objects.filter(pk=attribute.pk).update(max_sort_order=values[-1].sort_order)


def _strays(ours: Mapping[str, Attribute], wanted: Mapping[Key, Mapping[str, str]]) -> Any:
    """Values of ours that stand for nothing and that no product holds any more."""
    condition = Q(pk__in=())
    for attribute in FOLLOWING:
        known = [key[1] for key in wanted if key[0] == attribute]
        condition |= Q(attribute=ours[attribute]) & ~Q(slug__in=known)
    is_held = Exists(AssignedProductAttributeValue.objects.filter(value=OuterRef("pk")))
    return AttributeValue.objects.filter(condition, ~is_held)
