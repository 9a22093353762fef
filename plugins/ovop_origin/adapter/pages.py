"""A page for every village and for every producer who agreed to be named.

The address (slug) and whether a page is published are set once and then the staff's; title, translations and the
code in the metadata follow the registry. A producer who no longer agrees loses the page.
"""

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone
from saleor.page.models import Page, PageTranslation

from ovop_origin import selectors
from ovop_origin.adapter.announce import announce_pages
from ovop_origin.adapter.saleor_languages import saleor_translations
from ovop_origin.adapter.setup import PRODUCER, VILLAGE, page_types
from ovop_origin.adapter.translations import sync_translations
from ovop_origin.locks import projection_lock
from ovop_origin.models import PlaceKind
from ovop_origin.selectors import best_name, public_names
from ovop_shared.languages import DEFAULT_LANGUAGE

CODE_KEY = "ovop:code"

# Saleor 3.23 indexes pages for its search too; 3.22 does not.
_HAS_SEARCH_INDEX = any(field.name == "search_index_dirty" for field in Page._meta.get_fields())


@dataclass(frozen=True, slots=True)
class _WantedPage:
    page_type: str
    names: Mapping[str, str]
    metadata: Mapping[str, str]

    @property
    def title(self) -> str:
        return best_name(self.names, DEFAULT_LANGUAGE)


def pages_by_code(page_type: str, codes: Collection[str]) -> dict[str, Page]:
    """The pages of these villages or producers by code; those without one are left out. At most one query."""
    if not codes:
        return {}
    pages = Page.objects.filter(page_type__slug=page_type, **{f"metadata__{CODE_KEY}__in": list(codes)}).order_by("-pk")
    return {page.metadata[CODE_KEY]: page for page in pages}


@transaction.atomic
def project_pages() -> int:
    """Bring the pages in line with the registry; how many were made, changed or deleted. Raises SetupMissing."""
    projection_lock()
    types = page_types()
    wanted = _wanted()
    pages = _stored(wanted)
    gone = list(
        Page.objects.filter(page_type=types[PRODUCER], metadata__has_key=CODE_KEY).exclude(
            **{f"metadata__{CODE_KEY}__in": [code for page_type, code in wanted if page_type == PRODUCER]}
        )
    )
    new = _new_pages({key: each for key, each in wanted.items() if key not in pages}, types)
    different = [page.pk for key, page in pages.items() if _differs(page, wanted[key])]
    changed = _change(different, {page.pk: wanted[key] for key, page in pages.items()})
    pages |= new
    translations = {page.pk: saleor_translations(wanted[key].names) for key, page in pages.items()}
    translated = sync_translations(PageTranslation, "page_id", "title", translations)
    by_pk = {page.pk: page for page in pages.values()} | changed
    created = {page.pk for page in new.values()}
    updated = (set(changed) | translated) - created
    Page.objects.filter(pk__in=[page.pk for page in gone]).delete()
    announce_pages(list(new.values()), [by_pk[pk] for pk in sorted(updated)], gone)
    return len(created) + len(updated) + len(gone)


def _wanted() -> dict[tuple[str, str], _WantedPage]:
    """By page type and code."""
    villages = {
        (VILLAGE, place.code): _WantedPage(
            VILLAGE, place.names, {CODE_KEY: place.code, "ovop:country": place.country_code}
        )
        for place in selectors.places_of(PlaceKind.VILLAGE, limit=None)
    }
    producers = {
        (PRODUCER, code): _WantedPage(
            PRODUCER,
            public_names(producer),
            {CODE_KEY: code, "ovop:village": producer.village_code, "ovop:region": producer.region_code},
        )
        for code, producer in selectors.consenting_producers().items()
    }
    return villages | producers


def _stored(wanted: Mapping[tuple[str, str], _WantedPage]) -> dict[tuple[str, str], Page]:
    """The pages of what is wanted: by the code in their metadata, or by their address where that was wiped."""
    pages = Page.objects.filter(page_type__slug__in=(VILLAGE, PRODUCER)).select_related("page_type").order_by("-pk")
    by_code: dict[tuple[str, str], Page] = {}
    by_slug: dict[tuple[str, str], Page] = {}
    for page in pages:
        if CODE_KEY in page.metadata:
            by_code[page.page_type.slug, page.metadata[CODE_KEY]] = page
        else:
            by_slug[page.page_type.slug, page.slug] = page
    found = {}
    for page_type, code in wanted:
        page = by_code.get((page_type, code)) or by_slug.get((page_type, _slug(code)))
        if page is not None:
            found[page_type, code] = page
    return found


def _new_pages(
    wanted: Mapping[tuple[str, str], _WantedPage], types: Mapping[str, object]
) -> dict[tuple[str, str], Page]:
    slugs = {key: _slug(key[1]) for key in wanted}
    taken = set(Page.objects.filter(slug__in=set(slugs.values())).values_list("slug", flat=True))
    new = {}
    for key, each in wanted.items():
        slug = slugs[key]
        if slug in taken:
            slug = f"{slug}-{hashlib.sha256('/'.join(key).encode()).hexdigest()[:8]}"
        taken.add(slug)
        new[key] = Page(
            slug=slug,
            title=each.title,
            page_type=types[each.page_type],
            is_published=True,
            published_at=timezone.now(),
            metadata=dict(each.metadata),
        )
    Page.objects.bulk_create(new.values())
    return new


def _differs(page: Page, wanted: _WantedPage) -> bool:
    return page.title != wanted.title or any(page.metadata.get(key) != value for key, value in wanted.metadata.items())


def _change(page_pks: Collection[int], wanted: Mapping[int, _WantedPage]) -> dict[int, Page]:
    """The changed pages by pk. Read again under lock, so that metadata somebody else writes meanwhile stays."""
    if not page_pks:
        return {}
    pages = list(Page.objects.select_for_update(no_key=True, of=("self",)).filter(pk__in=page_pks).order_by("pk"))
    for page in pages:
        page.title = wanted[page.pk].title
        page.metadata = {**page.metadata, **wanted[page.pk].metadata}
        if _HAS_SEARCH_INDEX:
            page.search_index_dirty = True
    Page.objects.bulk_update(pages, ["title", "metadata", *(["search_index_dirty"] if _HAS_SEARCH_INDEX else [])])
    return {page.pk: page for page in pages}


def _slug(code: str) -> str:
    """Codes hold letters, digits, dashes, underscores and dots; an address all but the dots."""
    return code.lower().replace(".", "-")
