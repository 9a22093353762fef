"""What differs between the registry and what a shop shows, as records; the host's adapter says how it is found out."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that the shop shows otherwise than the registry holds it.

    `subject` is `product`, `village`, `producer`, `choice`, `origin`, or a `product_type` or `page_type` that lacks an
    attribute; `key` the product's or type's slug, the code, or the choice as `<attribute>/<value>`; `shop` and
    `registry` what each of them holds, empty for nothing. `kind` is

    - `differs`: the next projection puts the shop right,
    - `pick`: staff picked it in the shop; the next projection takes it into the registry,
    - `conflict`: staff picked one thing while the registry was changed to another; the registry's will stay,
    - `stray`: a value that belongs to nothing in the registry; the next projection removes it,
    - `hidden`: staff keep it from shoppers: a page not published, an attribute not shown. That is theirs to decide,
    - `gone`: the registry knows the origin of a product that the shop no longer has. Nothing is wrong with that.
    """

    subject: str
    key: str
    field: str
    shop: str
    registry: str
    kind: str = "differs"

    @property
    def is_open(self) -> bool:
        """Whether the two have to come together yet."""
        return self.kind not in ("gone", "hidden")


@dataclass(frozen=True, slots=True)
class UnplacedCategory:
    """A category with `products` that have no origin in the registry; `slug` is empty for products of no category."""

    slug: str
    name: str
    products: int


class ShopCheck(Protocol):
    """What a host with a shop offers. Both only read."""

    def differences(self) -> Iterator[Difference]:
        """Everything that differs, found as it is asked for. Raises SetupMissing where `ovop_setup` has not run."""
        ...

    def unplaced(self) -> tuple[UnplacedCategory, ...]:
        """The categories with products without an origin, those with most of them first."""
        ...


_check: ShopCheck | None = None


def set_shop_check(check: ShopCheck | None) -> None:
    """Called by the host's adapter when it is imported."""
    global _check
    _check = check


def shop_check() -> ShopCheck | None:
    """The host's check, None where there is no shop to compare with."""
    return _check
