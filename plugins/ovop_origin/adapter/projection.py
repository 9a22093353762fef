"""From the registry to what Saleor shows, and from what staff pick there to the registry: all of it, or some products.

Level-triggered: every step reads both sides and writes the difference, so a second run writes nothing, and whatever
was changed or lost on Saleor's side comes back.
"""

from collections.abc import Collection
from dataclasses import dataclass

from ovop_origin.adapter.choices import choices, project_choices, remove_strays
from ovop_origin.adapter.pages import project_pages, project_pages_of
from ovop_origin.adapter.products import Settled, batches, settle_products
from ovop_origin.adapter.setup import REGION, attach_attributes, lacks_attributes
from ovop_shared.setup_steps import SetupStep, register_setup_step


@dataclass(frozen=True, slots=True)
class Projection:
    """How many pages, values and products changed on Saleor's side, and how many picks of staff the registry took.

    `values` are choices, and what was left of things that are gone.

    `conflicts` are the keys of products whose village both sides had changed; the registry's stayed.
    """

    pages: int = 0
    values: int = 0
    products: int = 0
    taken: int = 0
    conflicts: tuple[int, ...] = ()

    @property
    def has_written(self) -> bool:
        return bool(self.pages or self.values or self.products or self.taken)


def project_all() -> Projection:
    """Bring everything in line, in batches. Raises SetupMissing before anything is written."""
    attach_attributes()
    changed_choices = project_choices()
    there = choices()
    pages = project_pages(there)
    settled = Settled()
    for batch in batches():
        settled += _settled_with_pages(batch)
    return Projection(pages, changed_choices + remove_strays(), settled.changed, settled.taken, settled.conflicts)


def project_products(product_pks: Collection[int]) -> Projection:
    """Bring these products in line, and the pages and choices that they need and that are missing."""
    settled = _settled_with_pages(product_pks)
    return Projection(products=settled.changed, taken=settled.taken, conflicts=settled.conflicts)


def _settled_with_pages(product_pks: Collection[int]) -> Settled:
    if lacks_attributes(product_pks):
        attach_attributes()
    settled = settle_products(product_pks, choices(REGION))
    if settled.is_complete:
        return settled
    project_choices()
    project_pages_of(settled.villages, settled.producers, choices())
    again = settle_products(product_pks, choices(REGION))
    return Settled(
        max(settled.changed, again.changed), settled.taken + again.taken, settled.conflicts + again.conflicts
    )


def _project_at_setup() -> int:
    projection = project_all()
    return projection.pages + projection.values + projection.products + projection.taken


register_setup_step(SetupStep(13, "Origin: pages, choices and products", _project_at_setup))
