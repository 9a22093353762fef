"""The host's catalogue, as far as the plugins look into it. Each host sets its own once, at start.

On Saleor the adapter reads Saleor's tables; the standalone host keeps the records it was given.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence, Set
from typing import Protocol

from ovop_shared.errors import OvopError
from ovop_shared.records import ProductRecord


class UnknownProduct(OvopError):
    """The host's shop holds no product of that slug or key."""

    code = "unknown_product"


CHUNK_PRODUCTS = 1_000


class Catalogue(Protocol):
    """Each call takes a constant number of queries and leaves out what does not exist."""

    def by_slug(self, slugs: Collection[str]) -> Mapping[str, ProductRecord]: ...

    def by_pk(self, pks: Collection[int]) -> Mapping[int, ProductRecord]: ...

    def published(self, pks: Collection[int]) -> Set[int]:
        """Those of these products that are published, as ProductRecord says it: for counting thousands."""
        ...

    def all_products(self, *, chunk_products: int = CHUNK_PRODUCTS) -> Iterator[Sequence[ProductRecord]]:
        """Every product of the shop by its key, so many at a time, each chunk in a constant number of queries.

        What is added behind the chunk just read is still found, what is deleted meanwhile is left out.
        """
        ...

    def listed(self, channel: str, pks: Collection[int]) -> Set[int]:
        """Those of these products that the channel (by its slug) has a listing of, open or shut. A host without a shop
        knows no listings: there it is every product it knows."""
        ...


_host: list[Catalogue] = []


def set_catalogue(catalogue: Catalogue) -> None:
    _host[:] = [catalogue]


def host_catalogue() -> Catalogue:
    """The catalogue the host set. A host that set none is misconfigured: that is a bug, not an empty shop."""
    if not _host:
        raise RuntimeError("the host has set no catalogue")
    return _host[0]
