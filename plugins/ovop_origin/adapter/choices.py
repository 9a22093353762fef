"""The choices of our attributes: countries, regions, districts, and the kinds of producers, translated.

A choice that somebody typed by hand stands for nothing in the registry: it is a stray, and goes as soon as nothing
holds it.
"""

import hashlib
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import Count, Exists, Max, OuterRef, Q
from saleor.attribute.models import (
    AssignedPageAttributeValue,
    AssignedProductAttributeValue,
    Attribute,
    AttributeValue,
    AttributeValueTranslation,
)

from ovop_origin import selectors
from ovop_origin.adapter.setup import (
    PAGE_COUNTRY,
    PAGE_DISTRICT,
    PAGE_KIND,
    PAGE_REGION,
    REGION,
    attributes,
    choice_ids,
    page_attributes,
)
from ovop_origin.locks import projection_lock
from ovop_origin.models import PlaceKind, ProducerKind
from ovop_origin.selectors import best_name
from ovop_origin.shop_check import Difference
from ovop_origin.texts import KIND_TEXTS
from ovop_shared.adapter.saleor_languages import saleor_translations
from ovop_shared.adapter.translations import compare_translations
from ovop_shared.languages import DEFAULT_LANGUAGE, LANGUAGE_TAGS
from ovop_shared.translations import translate

Key = tuple[str, str]
"""An attribute's slug and the code of what a choice of it stands for."""

_PLACES = {
    REGION: PlaceKind.REGION,
    PAGE_COUNTRY: PlaceKind.COUNTRY,
    PAGE_REGION: PlaceKind.REGION,
    PAGE_DISTRICT: PlaceKind.DISTRICT,
}


@dataclass(frozen=True, slots=True)
class Choice:
    value_id: int
    slug: str
    name: str


@dataclass(frozen=True, slots=True)
class Choices:
    """The choices that the shop has, and the region that each district lies in."""

    there: Mapping[Key, Choice]
    region_of: Mapping[str, str]

    def find(self, attribute: str, code: str) -> Choice | None:
        return self.there.get((attribute, code))


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What the registry wants: the slug and the names of each choice."""

    slugs: Mapping[Key, str]
    names: Mapping[Key, Mapping[str, str]]
    region_of: Mapping[str, str]


def choices(*of: str) -> Choices:
    """What the shop has now, to be used for a whole run: places and kinds are some hundreds. Raises SetupMissing.

    Only those of the attributes `of`, if given.
    """
    wanted = _wanted(of)
    there = {key: Choice(value.pk, value.slug, value.name) for key, value in _stored(wanted).items()}
    return Choices(there, wanted.region_of)


def project_choices() -> int:
    """Make the choices that are missing and put the others right; how many changed. Raises SetupMissing."""
    if not any(True for _ in _name_differences(_wanted())):
        return 0
    with transaction.atomic():
        projection_lock()
        wanted = _wanted()
        changed = {each.key for each in _name_differences(wanted)}
        stored = _stored(wanted)
        _make({key: slug for key, slug in wanted.slugs.items() if key not in stored}, wanted)
        renamed = []
        for key, value in stored.items():
            if value.name != (name := best_name(wanted.names[key], DEFAULT_LANGUAGE)):
                value.name = name
                renamed.append(value)
        AttributeValue.objects.bulk_update(renamed, ["name"])
        _translations(_stored(wanted), wanted).write()
    return len(changed)


def choice_differences() -> Iterator[Difference]:
    """What `project_choices` and `remove_strays` would change."""
    yield from _name_differences(_wanted())
    for value in _strays().select_related("attribute").order_by("attribute__slug", "slug"):
        yield Difference("choice", f"{value.attribute.slug}/{value.slug}", "name", value.name, "", "stray")
    for slug, count in (
        _leftovers().values_list("attribute__slug").annotate(count=Count("pk")).order_by("attribute__slug")
    ):
        yield Difference("choice", slug, "of deleted products and pages", str(count), "", "stray")


def remove_strays(value_ids: Collection[int] | None = None) -> int:
    """Delete what stands for nothing in the registry and is held by nothing, and what deleted products left behind.

    How many were deleted; only among `value_ids` if given.
    """
    among = Q() if value_ids is None else Q(pk__in=list(value_ids))
    pks = [*_strays().filter(among, ~_is_held()).values_list("pk", flat=True)]
    if value_ids is None:
        pks += _leftovers().values_list("pk", flat=True)
    if not pks:
        return 0
    with transaction.atomic():
        projection_lock()
        gone = AttributeValue.objects.filter(~_is_held(), pk__in=pks)
        count = len(gone)
        gone.delete()
    return count


def remove_unheld(attribute: Attribute, slugs: Collection[str]) -> None:
    """Delete those references of this attribute that nothing holds: Saleor leaves one when staff pick another page."""
    AttributeValue.objects.filter(~_is_held(), attribute=attribute, slug__in=slugs).delete()


def _wanted(of: Collection[str] = ()) -> _Wanted:
    names: dict[Key, Mapping[str, str]] = {}
    slugs: dict[Key, str] = {}
    region_of = {}
    for kind in dict.fromkeys(kind for attribute, kind in _PLACES.items() if not of or attribute in of):
        places = selectors.places_of(kind, limit=None)
        by_code = _slugs([place.code for place in places])
        for attribute in (each for each, its_kind in _PLACES.items() if its_kind == kind):
            names |= {(attribute, place.code): place.names for place in places}
            slugs |= {(attribute, code): slug for code, slug in by_code.items()}
        if kind == PlaceKind.DISTRICT:
            region_of = {place.code: place.parent_code for place in places}
    for producer_kind in ProducerKind.values if not of or PAGE_KIND in of else ():
        text = KIND_TEXTS[producer_kind]
        told = {tag: translate(KIND_TEXTS[producer_kind], tag) for tag in LANGUAGE_TAGS}
        names[PAGE_KIND, producer_kind] = {
            tag: each for tag, each in told.items() if tag == DEFAULT_LANGUAGE or each != text
        }
        slugs[PAGE_KIND, producer_kind] = producer_kind
    return _Wanted(slugs, names, region_of)


def _slugs(codes: Collection[str]) -> dict[str, str]:
    """Codes that differ in nothing but case get an ending."""
    folded = Counter(code.lower() for code in codes)
    return {
        code: code.lower()
        if folded[code.lower()] == 1
        else f"{code.lower()}-{hashlib.sha256(code.encode()).hexdigest()[:8]}"
        for code in codes
    }


def _ours() -> dict[str, Attribute]:
    return attributes() | page_attributes()


def _stored(wanted: _Wanted) -> dict[Key, Any]:
    ours = _ours()
    keys = {(ours[key[0]].pk, slug): key for key, slug in wanted.slugs.items()}
    values = AttributeValue.objects.filter(attribute__in={pk for pk, _ in keys}, slug__in={slug for _, slug in keys})
    return {keys[value.attribute_id, value.slug]: value for value in values if (value.attribute_id, value.slug) in keys}


def _translations(stored: Mapping[Key, Any], wanted: _Wanted) -> Any:
    texts = {value.pk: saleor_translations(wanted.names[key]) for key, value in stored.items()}
    return compare_translations(AttributeValueTranslation, "attribute_value_id", "name", texts)


def _name_differences(wanted: _Wanted) -> Iterator[Difference]:
    stored = _stored(wanted)
    for key, names in wanted.names.items():
        name = best_name(names, DEFAULT_LANGUAGE)
        shown = stored[key].name if key in stored else ""
        if shown != name:
            yield Difference("choice", "/".join(key), "name", shown, name)
    keys = {value.pk: key for key, value in stored.items()}
    for change in _translations(stored, wanted).changes:
        yield Difference(
            "choice", "/".join(keys[change.owner_id]), f"name in {change.language}", change.shown, change.wanted
        )


def _make(new: Mapping[Key, str], wanted: _Wanted) -> None:
    """Behind the choices that are there, in the order of their names: the dashboard shows them so."""
    ours = _ours()
    for attribute_slug in dict.fromkeys(key[0] for key in new):
        attribute = ours[attribute_slug]
        names = {
            slug: best_name(wanted.names[key], DEFAULT_LANGUAGE)
            for key, slug in new.items()
            if key[0] == attribute_slug
        }
        last = AttributeValue.objects.filter(attribute=attribute).aggregate(last=Max("sort_order"))["last"]
        first = 0 if last is None else last + 1
        values = [
            AttributeValue(attribute=attribute, slug=slug, name=names[slug], sort_order=order)
            for order, slug in enumerate(sorted(names, key=lambda slug: (names[slug], slug)), start=first)
        ]
        # Somebody may be typing the same in the dashboard right now.
        AttributeValue.objects.bulk_create(
            values, update_conflicts=True, unique_fields=["slug", "attribute"], update_fields=["name"]
        )
        Attribute.objects.filter(pk=attribute.pk).update(max_sort_order=values[-1].sort_order)


def _strays() -> Any:
    """The choices of our attributes that stand for nothing in the registry, held or not."""
    ours, wanted = _ours(), _wanted()
    condition = Q(pk__in=())
    for attribute in (*_PLACES, PAGE_KIND):
        known = [slug for key, slug in wanted.slugs.items() if key[0] == attribute]
        condition |= Q(attribute=ours[attribute]) & ~Q(slug__in=known)
    return AttributeValue.objects.filter(condition)


def _leftovers() -> Any:
    """References and texts that no product and no page holds: Saleor leaves them when one is deleted past its API."""
    ours = _ours()
    own = {attribute.pk for attribute in ours.values()} - choice_ids(ours)
    return AttributeValue.objects.filter(~_is_held(), attribute__in=own)


def _is_held() -> Any:
    return Exists(AssignedProductAttributeValue.objects.filter(value=OuterRef("pk"))) | Exists(
        AssignedPageAttributeValue.objects.filter(value=OuterRef("pk"))
    )
