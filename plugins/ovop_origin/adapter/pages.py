"""A page for every village and for every producer who agreed to be named, with their facts and their place.

The address (slug) and whether a page is published are set once and then the staff's; title, translations, the values
of our attributes and our keys of the metadata follow the registry. A producer who no longer agrees loses the page.
Worked through in batches by code, each in a short transaction of its own, and only where something differs.
"""

import hashlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone
from saleor.attribute.models import Attribute, AttributeValue
from saleor.page.models import Page, PageTranslation

from ovop_origin import selectors
from ovop_origin.adapter.announce import announce_pages
from ovop_origin.adapter.choices import Choices
from ovop_origin.adapter.setup import (
    PAGE_COUNTRY,
    PAGE_DISTRICT,
    PAGE_KIND,
    PAGE_REGION,
    PAGE_VILLAGE,
    PRODUCER,
    VILLAGE,
    choice_ids,
    page_attributes,
    page_types,
)
from ovop_origin.locks import projection_lock
from ovop_origin.models import PlaceKind
from ovop_origin.selectors import PlaceFacts, ProducerFacts, best_name, public_names
from ovop_origin.shop_check import Difference
from ovop_shared.adapter.assignments import Assignments, WantedValue, page_values
from ovop_shared.adapter.saleor_languages import saleor_translations
from ovop_shared.adapter.translations import Translations, compare_translations
from ovop_shared.languages import DEFAULT_LANGUAGE

BATCH = 500

CODE_KEY = "ovop:code"
PAGE_METADATA_KEYS = frozenset(
    {
        CODE_KEY,
        "ovop:country",
        "ovop:region",
        "ovop:district",
        "ovop:village",
        "ovop:latitude",
        "ovop:longitude",
    }
)

# Saleor 3.23 indexes pages for its search too; 3.22 does not.
_HAS_SEARCH_INDEX = any(each.name == "search_index_dirty" for each in Page._meta.get_fields())


@dataclass(frozen=True, slots=True)
class _WantedPage:
    """`choices` are codes by attribute; `village` is the code of the village page that a producer's page names."""

    code: str
    names: Mapping[str, str]
    metadata: Mapping[str, str]
    choices: Mapping[str, str]
    village: str = ""

    @property
    def title(self) -> str:
        return best_name(self.names, DEFAULT_LANGUAGE)


@dataclass(slots=True)
class _Batch:
    """Pages of one type: what is wanted, what is there, and the difference. `attributes` are slugs by key."""

    page_type: str
    wanted: Mapping[str, _WantedPage]
    stored: dict[str, Page]
    values: Assignments
    translations: Translations
    attributes: Mapping[int, str]

    @property
    def missing(self) -> list[str]:
        return [code for code in self.wanted if code not in self.stored]

    def differences(self) -> Iterator[Difference]:
        for code, wanted in self.wanted.items():
            if code not in self.stored:
                yield Difference(self._subject, code, "page", "", wanted.title)
                continue
            page = self.stored[code]
            if page.title != wanted.title:
                yield Difference(self._subject, code, "title", page.title, wanted.title)
            for key in sorted(PAGE_METADATA_KEYS):
                shown, should = str(page.metadata.get(key, "")), wanted.metadata.get(key, "")
                if shown != should:
                    yield Difference(self._subject, code, f"metadata {key}", shown, should)
        codes = {page.pk: code for code, page in self.stored.items()}
        for change in self.values.changes:
            yield Difference(
                self._subject,
                codes[change.owner_id],
                self.attributes[change.attribute_id],
                ", ".join(change.shown),
                ", ".join(change.wanted),
            )
        for each in self.translations.changes:
            yield Difference(self._subject, codes[each.owner_id], f"title in {each.language}", each.shown, each.wanted)

    @property
    def _subject(self) -> str:
        return self.page_type.removeprefix("ovop-")


def pages_by_code(page_type: str, codes: Collection[str]) -> dict[str, Page]:
    """The pages of these villages or producers by code; those without one are left out. At most two queries.

    A page is found by its address, which the registry gave it; one that staff gave another address by the code in its
    metadata; and one whose metadata somebody wiped is taken by its address again.
    """
    if not codes:
        return {}
    pages = Page.objects.filter(page_type__slug=page_type).only("slug", "title", "metadata").order_by("-pk")
    slugs = {_slug(code): code for code in codes}
    addressed = {page.slug: page for page in pages.filter(slug__in=slugs)}
    found = {
        code: addressed[slug]
        for slug, code in slugs.items()
        if slug in addressed and addressed[slug].metadata.get(CODE_KEY) == code
    }
    if rest := [code for code in codes if code not in found]:
        for page in pages.filter(**{f"metadata__{CODE_KEY}__in": rest}):
            found[page.metadata[CODE_KEY]] = page
        for code in rest:
            page = addressed.get(_slug(code))
            if code not in found and page is not None and CODE_KEY not in page.metadata:
                found[code] = page
    return found


def project_pages(choices: Choices) -> int:
    """Bring all pages in line with the registry; how many were made, changed or deleted. Raises SetupMissing."""
    changed = 0
    for page_type, codes in _batches():
        changed += _project(page_type, codes, choices)
    return changed + _remove_pages_of_the_unnamed()


def project_pages_of(villages: Collection[str], producers: Collection[str], choices: Choices) -> int:
    """The same for these villages and producers, and the producers' villages; nothing is deleted."""
    worked_in = {each.village_code for each in selectors.producers(producers).values()}
    changed = _project(VILLAGE, sorted({*villages, *worked_in}), choices)
    return changed + _project(PRODUCER, sorted(producers), choices)


def page_differences(choices: Choices) -> Iterator[Difference]:
    """What `project_pages` would change, in batches."""
    for page_type, codes in _batches():
        yield from _compare(page_type, _wanted(page_type, codes, choices), choices).differences()
    for batch in _unnamed():
        for page in batch:
            yield Difference("producer", str(page.metadata[CODE_KEY]), "page", page.title, "")


def hidden_pages() -> Iterator[Difference]:
    """The pages that staff do not publish: Saleor shows shoppers no product's reference to them (3.22, 3.23)."""
    pages = Page.objects.filter(page_type__slug__in=(VILLAGE, PRODUCER), metadata__has_key=CODE_KEY, is_published=False)
    rows = pages.order_by("page_type__slug", "slug").values_list("page_type__slug", f"metadata__{CODE_KEY}")
    for page_type, code in rows:
        yield Difference("village" if page_type == VILLAGE else "producer", code, "published", "no", "yes", "hidden")


def _batches() -> Iterator[tuple[str, list[str]]]:
    """Villages first: producers' pages refer to theirs."""
    places: Sequence[PlaceFacts] = selectors.places_of(PlaceKind.VILLAGE, limit=BATCH)
    while places:
        yield VILLAGE, [place.code for place in places]
        places = selectors.places_of(PlaceKind.VILLAGE, after=places[-1].code, limit=BATCH)
    producers = selectors.producers_of(only_public=True, limit=BATCH)
    while producers:
        yield PRODUCER, [producer.code for producer in producers]
        producers = selectors.producers_of(only_public=True, after=producers[-1].code, limit=BATCH)


def _project(page_type: str, codes: Collection[str], choices: Choices) -> int:
    """Look first, without a lock: most of the time nothing differs. Then look again at what does, and write it."""
    different = set(codes)
    if pages_by_code(page_type, codes):
        looked = _compare(page_type, _wanted(page_type, codes, choices), choices)
        different = {each.key for each in looked.differences()}
    if not different:
        return 0
    with transaction.atomic():
        projection_lock()
        batch = _compare(page_type, _wanted(page_type, different, choices), choices)
        return _write(batch, choices)


def _wanted(page_type: str, codes: Collection[str], choices: Choices) -> dict[str, _WantedPage]:
    if page_type == VILLAGE:
        return {code: _village(place, choices) for code, place in selectors.places(codes).items()}
    producers = selectors.producers(codes)
    return {code: _producer(producer) for code, producer in producers.items() if producer.is_name_public}


def _village(place: PlaceFacts, choices: Choices) -> _WantedPage:
    region = choices.region_of.get(place.parent_code, "")
    metadata = {
        CODE_KEY: place.code,
        "ovop:country": place.country_code,
        "ovop:region": region,
        "ovop:district": place.parent_code,
    }
    if place.latitude is not None and place.longitude is not None:
        metadata |= {"ovop:latitude": f"{place.latitude:f}", "ovop:longitude": f"{place.longitude:f}"}
    codes = {PAGE_COUNTRY: place.country_code, PAGE_REGION: region, PAGE_DISTRICT: place.parent_code}
    return _WantedPage(place.code, place.names, metadata, codes)


def _producer(producer: ProducerFacts) -> _WantedPage:
    country = producer.region_code.partition("-")[0]  # ISO 3166-2: the country, a dash, the region
    return _WantedPage(
        producer.code,
        public_names(producer),
        {CODE_KEY: producer.code, "ovop:village": producer.village_code, "ovop:region": producer.region_code},
        {PAGE_COUNTRY: country, PAGE_REGION: producer.region_code, PAGE_KIND: producer.kind},
        producer.village_code,
    )


def _compare(page_type: str, wanted: Mapping[str, _WantedPage], choices: Choices) -> _Batch:
    stored = pages_by_code(page_type, wanted)
    codes = {page.pk: code for code, page in stored.items()}
    ours = page_attributes()
    return _Batch(
        page_type,
        wanted,
        stored,
        _compare_values(wanted, codes, choices, ours),
        compare_translations(PageTranslation, "page_id", "title", _texts(wanted, codes)),
        {attribute.pk: slug for slug, attribute in ours.items()},
    )


def _compare_values(
    wanted: Mapping[str, _WantedPage], codes: Mapping[int, str], choices: Choices, ours: Mapping[str, Attribute]
) -> Assignments:
    """`codes` by the pages' keys. A choice or page that is not there yet is left out; it comes with the next look."""
    villages = pages_by_code(VILLAGE, {each.village for each in wanted.values() if each.village})
    values: dict[int, list[WantedValue]] = {}
    for pk, code in codes.items():
        values[pk] = [
            WantedValue(ours[attribute].pk, choice.slug, choice.name, value_id=choice.value_id)
            for attribute, choice_code in wanted[code].choices.items()
            if (choice := choices.find(attribute, choice_code))
        ]
        if village := villages.get(wanted[code].village):
            reference = WantedValue(
                ours[PAGE_VILLAGE].pk, f"{pk}_{village.pk}", village.title, reference_page_id=village.pk
            )
            values[pk].append(reference)
    assignments = page_values(codes, [attribute.pk for attribute in ours.values()])
    assignments.compare(values)
    return assignments


def _texts(wanted: Mapping[str, _WantedPage], codes: Mapping[int, str]) -> dict[int, dict[str, str]]:
    return {pk: saleor_translations(wanted[code].names) for pk, code in codes.items()}


def _write(batch: _Batch, choices: Choices) -> int:
    ours = page_attributes()
    shared = choice_ids(ours)
    changed = {each.key for each in batch.differences()}
    new = _make(batch)
    if new:
        codes = {page.pk: code for code, page in new.items()}
        _compare_values(batch.wanted, codes, choices, ours).write(shared)
        compare_translations(PageTranslation, "page_id", "title", _texts(batch.wanted, codes), is_new=True).write()
    updated = _change({batch.stored[code].pk: batch.wanted[code] for code in changed if code in batch.stored})
    batch.values.write(shared)
    batch.translations.write()
    announce_pages(list(new.values()), updated, [])
    return len(new) + len(updated)


def _make(batch: _Batch) -> dict[str, Page]:
    if not batch.missing:
        return {}
    page_type = page_types()[batch.page_type]
    slugs = {code: _slug(code) for code in batch.missing}
    taken = set(Page.objects.filter(slug__in=set(slugs.values())).values_list("slug", flat=True))
    new = {}
    for code, slug in slugs.items():
        if slug in taken:
            slug = f"{slug}-{hashlib.sha256(f'{batch.page_type}/{code}'.encode()).hexdigest()[:8]}"
        taken.add(slug)
        new[code] = Page(
            slug=slug,
            title=batch.wanted[code].title,
            page_type=page_type,
            is_published=True,
            published_at=timezone.now(),
            metadata=dict(batch.wanted[code].metadata),
        )
    Page.objects.bulk_create(new.values())
    return new


def _change(wanted: Mapping[int, _WantedPage]) -> list[Page]:
    """Read again under lock, so that metadata somebody else writes meanwhile stays."""
    if not wanted:
        return []
    pages = list(Page.objects.select_for_update(no_key=True, of=("self",)).filter(pk__in=wanted).order_by("pk"))
    for page in pages:
        page.title = wanted[page.pk].title
        others = {key: value for key, value in page.metadata.items() if key not in PAGE_METADATA_KEYS}
        page.metadata = others | dict(wanted[page.pk].metadata)
        if _HAS_SEARCH_INDEX:
            page.search_index_dirty = True
    Page.objects.bulk_update(pages, ["title", "metadata", *(["search_index_dirty"] if _HAS_SEARCH_INDEX else [])])
    return pages


def _unnamed() -> Iterator[list[Page]]:
    """Our pages of producers who do not agree to be named, or are none of the registry's."""
    pages = (
        Page.objects.filter(page_type__slug=PRODUCER, metadata__has_key=CODE_KEY)
        .only("title", "metadata")
        .order_by("pk")
    )
    batch = list(pages[:BATCH])
    while batch:
        known = selectors.producers([str(page.metadata[CODE_KEY]) for page in batch])
        named = {code for code, producer in known.items() if producer.is_name_public}
        yield [page for page in batch if page.metadata[CODE_KEY] not in named]
        batch = list(pages.filter(pk__gt=batch[-1].pk)[:BATCH])


def _remove_pages_of_the_unnamed() -> int:
    removed = 0
    village = page_attributes()[PAGE_VILLAGE]
    for batch in _unnamed():
        if batch:
            with transaction.atomic():
                projection_lock()
                pks = [page.pk for page in batch]
                AttributeValue.objects.filter(pagevalueassignment__page__in=pks, attribute=village).delete()
                Page.objects.filter(pk__in=pks).delete()
                announce_pages([], [], batch)
                removed += len(batch)
    return removed


def _slug(code: str) -> str:
    """Codes hold letters, digits, dashes, underscores and dots; an address all but the dots."""
    return code.lower().replace(".", "-")
