"""Products: what each should show, compared with what it does, and put right; and what staff picked, taken.

Worked through in batches. A batch is looked at without a lock first; most of the time nothing differs and that is
all. What differs is locked, looked at again, and written in one short transaction.
"""

import logging
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from saleor.attribute.models import AssignedProductAttributeValue, Attribute
from saleor.page.models import Page
from saleor.product.models import Product

from ovop_origin import selectors
from ovop_origin.adapter.announce import announce_products
from ovop_origin.adapter.choices import Choices, remove_strays, remove_unheld
from ovop_origin.adapter.pages import CODE_KEY, pages_by_code
from ovop_origin.adapter.picks import (
    NO_VILLAGE,
    Answer,
    Pick,
    Verdict,
    remember_shown,
    shown_villages,
    take,
    takes_makers,
    village_verdict,
)
from ovop_origin.adapter.product_metadata import METADATA_KEYS, product_metadata, set_metadata
from ovop_origin.adapter.search_words import search_words
from ovop_origin.adapter.setup import (
    PRODUCER,
    PRODUCT_ATTRIBUTES,
    REGION,
    SEARCH_WORDS,
    VILLAGE,
    attributes,
    choice_ids,
)
from ovop_origin.models import PlaceKind, ProductOrigin, ShownVillage
from ovop_origin.provenance import Provenance, provenances
from ovop_origin.selectors import best_name
from ovop_origin.shop_check import Difference
from ovop_shared.adapter.assignments import Assignments, WantedValue, product_values
from ovop_shared.adapter.product_rows import store_products
from ovop_shared.languages import DEFAULT_LANGUAGE

logger = logging.getLogger(__name__)

BATCH = 500
# Staff may pick again while a pick is being taken; what they pick after that has an event of its own.
ROUNDS = 3


@dataclass(frozen=True, slots=True)
class Settled:
    """How many products changed and picks were taken, the products whose conflict was decided, and what is missing.

    `villages` and `producers` are the codes of pages that products need and the shop does not have yet.
    """

    changed: int = 0
    taken: int = 0
    conflicts: tuple[int, ...] = ()
    villages: frozenset[str] = frozenset()
    producers: frozenset[str] = frozenset()
    is_complete: bool = True

    def __add__(self, other: "Settled") -> "Settled":
        return Settled(
            self.changed + other.changed,
            self.taken + other.taken,
            self.conflicts + other.conflicts,
            self.villages | other.villages,
            self.producers | other.producers,
            self.is_complete and other.is_complete,
        )


@dataclass(slots=True)
class _Batch:
    """What some products show, what they should, and the difference."""

    products: dict[int, Product]
    provenances: Mapping[int, Provenance]
    ours: Mapping[str, Attribute]
    shown: Mapping[int, str]
    values: Assignments
    metadata: dict[int, dict[str, str]] = field(default_factory=dict)
    given: dict[int, str] = field(default_factory=dict)
    verdicts: dict[int, Verdict] = field(default_factory=dict)
    shop_villages: dict[int, str | None] = field(default_factory=dict)
    picks: dict[int, Pick] = field(default_factory=dict)
    missing_villages: set[str] = field(default_factory=set)
    missing_producers: set[str] = field(default_factory=set)
    is_complete: bool = True

    def metadata_differs(self, pk: int) -> bool:
        wanted = self.metadata[pk]
        return any(self.products[pk].metadata.get(key) != wanted.get(key) for key in METADATA_KEYS)

    @property
    def changed(self) -> set[int]:
        return self.values.changed | {pk for pk in self.products if self.metadata_differs(pk)}

    @property
    def unsettled(self) -> set[int]:
        forgotten = {pk for pk, code in self.given.items() if self.shown.get(pk, "") != code}
        return self.changed | forgotten

    def registry_village(self, pk: int) -> str:
        known = self.provenances.get(pk)
        return known.places[0].code if known else ""


def settle_products(product_pks: Collection[int], choices: Choices) -> Settled:
    """Take what staff picked for these products, then bring them in line with the registry. Raises SetupMissing."""
    taken = 0
    refused: set[int] = set()
    pks = set(product_pks)
    settled = Settled()
    if not ShownVillage.objects.filter(product_pk__in=pks).exists():
        # Nothing was ever given to them: all of it differs, and looking would be done twice.
        settled, pks = _write(pks, refused, choices)
        if not pks:
            return settled
    for _ in range(ROUNDS):
        looked = _compare(_read(pks), choices)
        for pk, pick in looked.picks.items():
            if pk not in refused:
                answer = take(pick, shown=looked.shown.get(pk, ""))
                taken += answer is Answer.TAKEN
                refused |= {pk} if answer is Answer.REFUSED else set()
        unsettled = looked.unsettled | looked.picks.keys()
        _forget_products(pks - looked.products.keys())
        if not unsettled:
            return settled + Settled(taken=taken)
        written, left = _write(unsettled, refused, choices)
        settled += written
        _remove_replaced({pk: looked.shown[pk] for pk in unsettled if pk in looked.shown}, looked)
        if not left:
            break
        pks = left
    return settled + Settled(taken=taken)


def batches() -> Iterator[tuple[int, ...]]:
    """All products that have an origin, or show one without, or were given one; in batches."""
    batch = selectors.products_with_origin(limit=BATCH)
    while batch:
        yield batch
        batch = selectors.products_with_origin(after=batch[-1], limit=BATCH)
    last = 0
    while stray := _products_without_origin(last):
        yield stray
        last = stray[-1]


def needs_a_look(product_pk: int) -> bool:
    """Whether the registry knows this product or it shows something of ours. One query: most shops sell other things."""
    products = Product.objects.filter(pk=product_pk)
    return products.filter(_shows_ours() | Q(Exists(_origin_of()))).exists()


def product_differences(choices: Choices) -> Iterator[Difference]:
    """What `settle_products` would change or take, over all of `batches`."""
    for pks in batches():
        batch = _compare(_read(pks), choices)
        yield from _differences(batch)
        for pk in sorted(set(pks) - batch.products.keys()):
            yield Difference("origin", str(pk), "product", "", "", "gone")


def _products_without_origin(after: int) -> tuple[int, ...]:
    given = ShownVillage.objects.filter(product_pk__gt=after).exclude(
        product_pk__in=ProductOrigin.objects.values("product_pk")
    )
    pks = set(given.order_by("product_pk").values_list("product_pk", flat=True)[:BATCH])
    shows = Product.objects.filter(_shows_ours(), pk__gt=after).exclude(Exists(_origin_of()))
    pks |= set(shows.order_by("pk").values_list("pk", flat=True)[:BATCH])
    return tuple(sorted(pks)[:BATCH])


def _shows_ours() -> Q:
    values = AssignedProductAttributeValue.objects.filter(
        product=OuterRef("pk"), value__attribute__slug__in=PRODUCT_ATTRIBUTES
    )
    return Q(Exists(values)) | Q(metadata__has_any_keys=METADATA_KEYS)


def _origin_of() -> Any:
    return ProductOrigin.objects.filter(product_pk=OuterRef("pk"))


def _remove_replaced(shown: Mapping[int, str], looked: _Batch) -> None:
    """Where staff picked another village, the reference to the one that was shown is left behind."""
    replaced = {pk: code for pk, code in shown.items() if looked.shop_villages[pk] != code}
    pages = pages_by_code(VILLAGE, set(replaced.values()))
    slugs = [f"{pk}_{pages[code].pk}" for pk, code in replaced.items() if code in pages]
    if slugs:
        remove_unheld(looked.ours[VILLAGE], slugs)


def _forget_products(pks: Collection[int]) -> None:
    """Of products that are gone nothing was given to any more."""
    if pks:
        ShownVillage.objects.filter(product_pk__in=pks).delete()


def _read(pks: Collection[int]) -> dict[int, Product]:
    """As much as comparing needs."""
    products = Product.objects.filter(pk__in=pks).only("pk", "slug", "name", "metadata").order_by("pk")
    return {product.pk: product for product in products}


def _compare(products: dict[int, Product], choices: Choices, refused: Collection[int] = ()) -> _Batch:
    """What differs, and which of it staff picked; the picks of `refused` products are not taken."""
    ours = attributes()
    batch = _Batch(
        products,
        provenances(products),
        ours,
        shown_villages(products),
        product_values(products, [attribute.pk for attribute in ours.values()]),
    )
    makers = selectors.makers_of(products)
    held = _HeldPages.of(batch)
    wanted_villages = {known.places[0].code for known in batch.provenances.values()}
    wanted_producers = {maker.code for known in batch.provenances.values() for maker in known.makers if maker.code}
    pages = (pages_by_code(VILLAGE, wanted_villages), pages_by_code(PRODUCER, wanted_producers))
    batch.missing_villages = wanted_villages - pages[0].keys()
    batch.missing_producers = wanted_producers - pages[1].keys()
    wanted = {}
    for pk, product in products.items():
        known = batch.provenances.get(pk)
        shown, registry = batch.shown.get(pk, ""), batch.registry_village(pk)
        batch.shop_villages[pk] = shop = held.village(pk)
        verdict = village_verdict(shop, shown, registry)
        if pk in refused and verdict is Verdict.TAKE:
            verdict = Verdict.PROJECT
        batch.verdicts[pk] = verdict
        village = shop if verdict is Verdict.TAKE and shop else registry
        picked = held.producers(pk)
        has_picked = takes_makers(picked, pk in makers, shown, product.metadata) and pk not in refused
        if village and (verdict is Verdict.TAKE or (has_picked and verdict is not Verdict.CONFLICT)):
            batch.picks[pk] = Pick(pk, village, picked if has_picked else ())
        values, is_complete = _wanted_values(pk, known, ours, pages, choices)
        wanted[pk] = values
        batch.is_complete = batch.is_complete and is_complete
        batch.metadata[pk] = product_metadata(known, product.name) if known else {}
        batch.given[pk] = registry if not known or registry in pages[0] else ""
    batch.values.compare(wanted)
    return batch


@dataclass(frozen=True, slots=True)
class _HeldPages:
    """The pages that products name in the shop, whoever chose them."""

    references: Mapping[tuple[int, int], tuple[Any, ...]]
    pages: Mapping[int, Any]
    villages: Collection[str]
    named: Collection[str]
    ours: Mapping[str, Attribute]

    @classmethod
    def of(cls, batch: _Batch) -> "_HeldPages":
        references: dict[tuple[int, int], tuple[Any, ...]] = {}
        for pk, rows in batch.values.rows.items():
            for row in rows:
                if row.reference_page_id:
                    key = (pk, row.attribute_id)
                    references[key] = (*references.get(key, ()), row.reference_page_id)
        page_pks = {pk for each in references.values() for pk in each}
        pages = Page.objects.filter(pk__in=page_pks).values_list("pk", "page_type__slug", f"metadata__{CODE_KEY}")
        found = {pk: (page_type, code) for pk, page_type, code in pages if isinstance(code, str)}
        # What the products' own provenances name is known; only what somebody else chose is asked for.
        villages = {known.places[0].code for known in batch.provenances.values()}
        named = {maker.code for known in batch.provenances.values() for maker in known.makers if maker.code}
        if others := {code for page_type, code in found.values() if page_type == VILLAGE} - villages:
            places = selectors.places(others)
            villages |= {code for code, place in places.items() if place.kind == PlaceKind.VILLAGE}
        if others := {code for page_type, code in found.values() if page_type == PRODUCER} - named:
            producers = selectors.producers(others)
            named |= {code for code, producer in producers.items() if producer.is_name_public}
        return cls(references, found, villages, named, batch.ours)

    def village(self, pk: int) -> str | None:
        held = self.references.get((pk, self.ours[VILLAGE].pk), ())
        if not held:
            return ""
        page_type, code = self.pages.get(held[0], ("", ""))
        return code if len(held) == 1 and page_type == VILLAGE and code in self.villages else NO_VILLAGE

    def producers(self, pk: int) -> tuple[str, ...]:
        """Empty when one of them is none of the registry's: then nothing is taken."""
        held = self.references.get((pk, self.ours[PRODUCER].pk), ())
        codes = [code for page_type, code in (self.pages.get(each, ("", "")) for each in held) if page_type == PRODUCER]
        return tuple(sorted(set(codes))) if len(codes) == len(held) and set(codes) <= set(self.named) else ()


def _wanted_values(
    pk: int,
    known: Provenance | None,
    ours: Mapping[str, Attribute],
    pages: tuple[Mapping[str, Page], Mapping[str, Page]],
    choices: Choices,
) -> tuple[list[WantedValue], bool]:
    """The values, and whether every page and choice for them is there."""
    if known is None:
        return [], True
    villages, producers = pages
    named = [maker.code for maker in known.makers if maker.code]
    references = [(VILLAGE, villages.get(known.places[0].code))]
    references += [(PRODUCER, producers.get(code)) for code in named]
    values = [
        WantedValue(ours[slug].pk, f"{pk}_{page.pk}", page.title, reference_page_id=page.pk)
        for slug, page in references
        if page is not None
    ]
    region = next(place for place in known.places if place.kind == PlaceKind.REGION)
    choice = choices.find(REGION, region.code)
    if choice is not None:
        values.append(WantedValue(ours[REGION].pk, choice.slug, choice.name, value_id=choice.value_id))
    words = ours[SEARCH_WORDS].pk
    name = best_name(known.places[0].names, DEFAULT_LANGUAGE)
    # The slug that Saleor itself would give the text (3.22, 3.23).
    values.append(WantedValue(words, f"product-{pk}_{words}", name, plain_text=search_words(known)))
    is_complete = choice is not None and all(page is not None for _, page in references)
    return values, is_complete


def _write(pks: Collection[int], refused: Collection[int], choices: Choices) -> tuple[Settled, set[int]]:
    """Write what differs now; the products for which staff picked again meanwhile are left, by key."""
    with transaction.atomic():
        # The products are locked before the registry is read: whoever comes second has read the newer state.
        locked = Product.objects.select_for_update(no_key=True).filter(pk__in=pks).order_by("pk")
        products = {product.pk: product for product in locked}
        batch = _compare(products, choices, refused)
        left = {pk for pk in batch.picks if pk not in refused}
        if left:
            batch = _compare({pk: product for pk, product in products.items() if pk not in left}, choices, refused)
        conflicts = tuple(pk for pk, verdict in batch.verdicts.items() if verdict is Verdict.CONFLICT)
        for pk in conflicts:
            logger.warning(
                "product %s: staff picked %s and the registry was changed to %s since %s was shown; the registry's stays",
                pk,
                batch.shop_villages[pk],
                batch.registry_village(pk),
                batch.shown.get(pk) or "nothing",
            )
        changed = sorted(batch.changed)
        typed = [row.value_id for row in batch.values.unwanted if row.attribute_id == batch.ours[REGION].pk]
        batch.values.write(choice_ids(batch.ours))
        remember_shown(batch.given, batch.shown)
        if changed:
            rows = [batch.products[pk] for pk in changed]
            for product in rows:
                set_metadata(product, batch.metadata[product.pk])
            store_products(rows, dirty=batch.values.changed)
            announce_products(rows)
    if typed:
        remove_strays(typed)
    settled = Settled(
        changed=len(changed),
        conflicts=conflicts,
        villages=frozenset(batch.missing_villages),
        producers=frozenset(batch.missing_producers),
        is_complete=batch.is_complete,
    )
    return settled, left


def _differences(batch: _Batch) -> Iterator[Difference]:
    names = {attribute.pk: slug for slug, attribute in batch.ours.items()}
    for change in batch.values.changes:
        pk = change.owner_id
        kind = "differs"
        if names[change.attribute_id] == VILLAGE and batch.verdicts[pk] is Verdict.CONFLICT:
            kind = "conflict"
        elif pk in batch.picks and names[change.attribute_id] in (VILLAGE, PRODUCER, REGION):
            kind = "pick"
        yield Difference(
            "product",
            batch.products[pk].slug,
            names[change.attribute_id],
            ", ".join(change.shown),
            ", ".join(change.wanted),
            kind,
        )
    for pk, product in batch.products.items():
        for key in METADATA_KEYS:
            shown, wanted = str(product.metadata.get(key, "")), batch.metadata[pk].get(key, "")
            if shown != wanted:
                yield Difference("product", product.slug, f"metadata {key}", shown, wanted)
