"""What a host has sold, summed up: what is at stake when a product goes offline. Each host sets its own book once."""

import datetime
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Sold:
    """The sales of one product in one channel (slug) to one country (ISO 3166-1, empty when not known) in a currency.

    `gross_minor` is what the lines cost with tax after every discount, in minor units; refunds are not taken off. None
    where the currency's minor unit is not known. `returned_units` are among the units; None when the host cannot tell.
    """

    product_pk: int
    channel: str
    country: str
    currency: str
    units: int
    gross_minor: int | None
    returned_units: int | None


class SalesBook(Protocol):
    def sold_since(self, product_pks: Collection[int], since: datetime.datetime) -> Sequence[Sold]:
        """Lines of orders that stand: no drafts, none that wait for confirmation, were cancelled or have expired.

        A constant number of queries, whatever the number of products.
        """
        ...


_host: list[SalesBook] = []


def set_sales_book(book: SalesBook) -> None:
    _host[:] = [book]


def host_sales() -> SalesBook | None:
    """The book the host set; None where it keeps none."""
    return _host[0] if _host else None
