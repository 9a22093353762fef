"""The host's catalogue for pages that staff look through: searched, page by page, with or without certain products.

Apart from `catalogue`, which tasks and public pages use. Each host sets its own once, at start.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from django.db.models import QuerySet

from ovop_shared.records import ProductRecord

ProductKeys = QuerySet[Any, Any]
"""A query of one column, the shop's product keys: it becomes a part of the host's own query."""


@dataclass(frozen=True, slots=True)
class ProductPage:
    """Some products and how many there are in all."""

    products: tuple[ProductRecord, ...]
    total: int


@dataclass(frozen=True, slots=True)
class CategoryCount:
    """How many products a category has itself; `slug` and `name` are empty for those in none."""

    slug: str
    name: str
    products: int


@dataclass(frozen=True, slots=True)
class CatalogueKinds:
    """What a shop's products may be told apart by, each as (slug, name), and where they are sold. A host without a shop
    knows no channels."""

    product_types: tuple[tuple[str, str], ...] = ()
    categories: tuple[tuple[str, str], ...] = ()
    channels: tuple[tuple[str, str], ...] = ()


class CatalogueBrowser(Protocol):
    """Every call takes a constant number of queries."""

    def search(
        self,
        text: str,
        *,
        only: ProductKeys | None = None,
        without: ProductKeys | None = None,
        category: str | None = None,
        offset: int,
        limit: int,
    ) -> ProductPage:
        """Products whose name or slug holds `text`, ordered by name and key.

        `category` is a slug, empty for products in no category.
        """

    def categories(self, *, without: ProductKeys) -> Sequence[CategoryCount]:
        """The categories with products that are not among `without`, the largest number first."""

    def kinds(self) -> CatalogueKinds:
        """Every product type, category and channel there is, by slug."""


_host: list[CatalogueBrowser] = []


def set_browser(browser: CatalogueBrowser) -> None:
    _host[:] = [browser]


def catalogue_browser() -> CatalogueBrowser:
    """The browser the host set. A host that set none is misconfigured."""
    if not _host:
        raise RuntimeError("the host has set no catalogue browser")
    return _host[0]
