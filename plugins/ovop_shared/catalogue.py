"""The host's catalogue, as far as the plugins look into it. Each host sets its own once, at start.

On Saleor the adapter reads Saleor's tables; the standalone host keeps the records it was given.
"""

from collections.abc import Collection, Mapping, Set
from typing import Protocol

from ovop_shared.errors import OvopError
from ovop_shared.records import ProductRecord


class UnknownProduct(OvopError):
    """The host's shop holds no product of that slug or key."""

    code = "unknown_product"


class Catalogue(Protocol):
    """Each call takes a constant number of queries and leaves out what does not exist."""

    def by_slug(self, slugs: Collection[str]) -> Mapping[str, ProductRecord]: ...

    def by_pk(self, pks: Collection[int]) -> Mapping[int, ProductRecord]: ...

    def published(self, pks: Collection[int]) -> Set[int]:
        """Those of these products that are published, as ProductRecord says it: for counting thousands."""
        ...


_host: list[Catalogue] = []


def set_catalogue(catalogue: Catalogue) -> None:
    _host[:] = [catalogue]


def host_catalogue() -> Catalogue:
    """The catalogue the host set. A host that set none is misconfigured: that is a bug, not an empty shop."""
    if not _host:
        raise RuntimeError("the host has set no catalogue")
    return _host[0]
