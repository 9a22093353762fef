"""The sweeps over listings: those whose date has come, and all of them.

The whole pass looks without locks first, at thousands of products at a time; only what differs is then locked, looked at
again and written (listings.py). In a shop where nothing has changed it writes nothing and locks nothing.
"""

import datetime
from collections.abc import Callable, Collection, Iterator

from django.db.models import Exists, OuterRef
from saleor.product.models import Product, ProductChannelListing

from ovop_certification.adapter.closing import close_and_open
from ovop_certification.adapter.listing_suspects import suspects
from ovop_certification.adapter.listings import Changes, Looked, closes_listings, look
from ovop_certification.models import Closure, ListingDecision
from ovop_certification.selectors import market_rulebooks
from ovop_certification.services.closures import closures_end

PRODUCTS_PER_LOOK = 10_000
PRODUCTS_PER_CHUNK = 2_000
PRODUCTS_PER_BATCH = 500

Progress = Callable[[int], None]
"""Told after every chunk how many products it held."""
Tell = Callable[[Changes], None]
"""Told of every chunk's changes, committed: a sweep that dies halfway has told of what it has done."""


def sweep_due(at: datetime.datetime, *, tell: Tell = lambda changes: None) -> Changes:
    """The listings whose answer was to change by now, so many at a time: after a night off it may be many."""
    changes = Changes()
    last = 0
    while pks := _due(at, after=last):
        done = close_and_open(pks, at)
        tell(done)
        changes += done
        last = pks[-1]
    return changes


def sweep_all(
    at: datetime.datetime, *, progress: Progress = lambda products: None, tell: Tell = lambda changes: None
) -> Changes:
    """Every listing of the shop, and what is remembered of listings that are gone."""
    changes = Changes()
    books = market_rulebooks(None)
    closes = closes_listings()
    for pks in product_chunks(PRODUCTS_PER_LOOK):
        done = close_and_open(suspects(pks[0], pks[-1], books, closes=closes, at=at), at)
        tell(done)
        changes += done
        progress(len(pks))
    forget_what_is_gone(at)
    return changes


def would_change(at: datetime.datetime, *, progress: Progress = lambda products: None) -> Iterator[Looked]:
    """What sweep_all would write, without writing it."""
    books = market_rulebooks(None)
    closes = closes_listings()
    for pks in product_chunks(PRODUCTS_PER_LOOK):
        worth = suspects(pks[0], pks[-1], books, closes=closes, at=at)
        yield from (each for each in look(worth, at, locks=False) if each.differs)
        progress(len(pks))


def count_products() -> int:
    return int(Product.objects.count())


def product_chunks(size: int = PRODUCTS_PER_CHUNK) -> Iterator[list[int]]:
    """The keys of all products in order, so many at a time."""
    last = 0
    while pks := list(Product.objects.filter(pk__gt=last).order_by("pk").values_list("pk", flat=True)[:size]):
        yield pks
        last = pks[-1]


def forget_what_is_gone(at: datetime.datetime) -> None:
    """Closures and verdicts of listings that do not exist any more: the product, its listing or the channel was deleted."""
    itself = ProductChannelListing.objects.filter(pk=OuterRef("listing_pk"))
    gone = Closure.objects.filter(~Exists(itself), ended_at=None).values_list("pk", flat=True)
    closures_end(list(gone), at=at)
    same = ProductChannelListing.objects.filter(product=OuterRef("product_pk"), channel__slug=OuterRef("channel"))
    ListingDecision.objects.filter(~Exists(same)).delete()


def forget_products(product_pks: Collection[int], at: datetime.datetime) -> None:
    """Of products that were deleted."""
    open_ = Closure.objects.filter(product_pk__in=product_pks, ended_at=None)
    closures_end(list(open_.values_list("pk", flat=True)), at=at)
    ListingDecision.objects.filter(product_pk__in=product_pks).delete()


def _due(at: datetime.datetime, *, after: int) -> list[int]:
    rows = ListingDecision.objects.filter(next_change_at__lte=at, product_pk__gt=after)
    return list(rows.order_by("product_pk").values_list("product_pk", flat=True).distinct()[:PRODUCTS_PER_BATCH])
