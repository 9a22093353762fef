"""Saleor's product listings in line with the decisions: shut while a product may not be sold in the channel's market,
and otherwise what staff want them to be.

Level-triggered: the listing, what is remembered of it and the decision are read, and the difference is written. The
listings are locked first, by pk, and the decision is made under the lock: of two processes that look at the same listing
the later one knows everything that was committed before it looked.

A listing's two fields alone are written. Saleor keeps nothing derived from them (3.22, 3.23): discounted prices, the
search index and promotions do not depend on whether a product may be bought; who listens to `product_updated` is told.
"""

import datetime
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.db import DatabaseError, connection, transaction
from django.db.models import Exists, OuterRef, Q
from saleor.plugins.models import PluginConfiguration
from saleor.product.models import ProductChannelListing

from ovop_certification import selectors
from ovop_certification.adapter.listing_facts import product_facts
from ovop_certification.adapter.settings import PLUGIN_ID
from ovop_certification.locks import lock_open_closures
from ovop_certification.models import Closure, MarketChannel, OnUncertified
from ovop_certification.rules import Rulebook
from ovop_certification.services.closures import (
    ListingState,
    Settled,
    Shown,
    Shut,
    closure_differs,
    closure_memory,
    closures_write,
    open_closures_of,
    reason_rows,
    settle,
    wanted,
)
from ovop_certification.services.decisions import ListingVerdict, known_verdicts, verdicts_forget, verdicts_keep
from ovop_certification.switches import switches
from ovop_shared.shop_time import shop_zone
from ovop_shared.statements import in_keys

PRODUCTS_PER_TRANSACTION = 500
FEW_PRODUCTS = 50


@dataclass(frozen=True, slots=True)
class Looked:
    """One listing as it is and as it has to be. `keeps` is the verdict to be written down, if another one is known;
    `forgets` that one is known of a channel that belongs to no market."""

    settled: Settled
    closure: Closure | None
    verdict: ListingVerdict | None
    keeps: bool
    forgets: bool

    @property
    def differs(self) -> bool:
        return (
            self.keeps or self.forgets or self.settled.has_to_be_written or closure_differs(self.settled, self.closure)
        )


@dataclass(frozen=True, slots=True)
class Changes:
    """What was written. `product_pks` are those whose listings look otherwise now."""

    closed: int = 0
    opened: int = 0
    verdicts: int = 0
    product_pks: frozenset[int] = frozenset()

    def __add__(self, other: "Changes") -> "Changes":
        return Changes(
            self.closed + other.closed,
            self.opened + other.opened,
            self.verdicts + other.verdicts,
            self.product_pks | other.product_pks,
        )


def bring_in_line(product_pks: Collection[int], at: datetime.datetime) -> Changes:
    """Look at every listing of these products, and write what differs. A short transaction for every so many."""
    pks = sorted(product_pks)
    changes = Changes()
    for first in range(0, len(pks), PRODUCTS_PER_TRANSACTION):
        with transaction.atomic():
            changes += _write(look(pks[first : first + PRODUCTS_PER_TRANSACTION], at, locks=True), at)
    return changes


def look(
    product_pks: Collection[int], at: datetime.datetime, *, locks: bool, books: Mapping[str, Rulebook] | None = None
) -> list[Looked]:
    """Each listing of these products that is in a market, or shut (its channel may have left the market).

    With `locks` nobody changes them until the transaction ends. `books` are the markets' rulebooks if they are known;
    without them the number of queries is constant but for as many as the products have markets.
    """
    markets = channel_markets()
    is_shut = Q(Exists(Closure.objects.filter(listing_pk=OuterRef("pk"), ended_at=None)))
    listings = _listings(product_pks, Q(channel__slug__in=list(markets)) | is_shut, locks=locks)
    pks = [each.listing_pk for each in listings]
    closures = lock_open_closures(pks) if locks else open_closures_of(pks)
    known = known_verdicts(product_pks)
    verdicts = _verdicts([each for each in listings if each.channel in markets], markets, books, at)
    closes = closes_listings()
    looked = []
    for listing in listings:
        key = (listing.product_pk, listing.channel)
        closure = closures.get(listing.listing_pk)
        verdict = verdicts.get(key)
        if verdict is None and listing.channel in markets:
            continue  # the product was deleted a moment ago, and its listings with it
        shut = None
        if closes and verdict is not None and not verdict.decision.allowed:
            shut = Shut(verdict.market, reason_rows(verdict.decision.reasons), markets[listing.channel].hides)
        looked.append(
            Looked(
                settle(listing, closure_memory(closure), shut),
                closure,
                verdict,
                keeps=verdict is not None and known.get(key) != verdict.says(),
                forgets=verdict is None and key in known,
            )
        )
    return looked


def closes_listings() -> bool:
    """Not while staff have switched it off, or the whole plugin: then everything is to be as they want it."""
    if not switches().closes_listings:
        return False
    active = PluginConfiguration.objects.filter(identifier=PLUGIN_ID, channel=None).values_list("active", flat=True)
    return all(active)


@contextmanager
def listings_open_for(product_pks: Collection[int], channel: str) -> Iterator[frozenset[int]]:
    """Inside a transaction of the caller's, the shut listings of these products are what staff want them to be; at the
    end they are shut as before. Until the transaction ends they are locked, and nobody else sees them open.

    Gives the products whose listings were opened. Raises RuntimeError outside a transaction.
    """
    if not connection.in_atomic_block:
        raise RuntimeError("listings are opened inside a transaction only: nobody else may see them open")
    listings = _listings(product_pks, Q(channel__slug=channel), locks=True)
    closures = lock_open_closures([each.listing_pk for each in listings])
    opened = [
        (listing, wants)
        for listing in listings
        if (memory := closure_memory(closures.get(listing.listing_pk))) is not None
        and (wants := wanted(listing, memory)) != listing.shown
    ]
    _show({listing.listing_pk: wants for listing, wants in opened})
    try:
        yield frozenset(listing.product_pk for listing, _ in opened)
    except BaseException:
        try:
            _show({listing.listing_pk: listing.shown for listing, _ in opened})
        except DatabaseError:
            transaction.set_rollback(True)  # it was broken before: nothing of it is committed
        raise
    _show({listing.listing_pk: listing.shown for listing, _ in opened})


def _write(looked: Collection[Looked], at: datetime.datetime) -> Changes:
    settled = [each.settled for each in looked]
    written = [each for each in settled if each.has_to_be_written]
    _show({each.listing.listing_pk: each.shows for each in written})
    closures_write(settled, {each.closure.listing_pk: each.closure for each in looked if each.closure}, at=at)
    kept = [each.verdict for each in looked if each.keeps and each.verdict is not None]
    verdicts_keep(kept, at=at)
    verdicts_forget((each.settled.listing.product_pk, each.settled.listing.channel) for each in looked if each.forgets)
    return Changes(
        closed=sum(each.memory is not None for each in written),
        opened=sum(each.memory is None for each in written),
        verdicts=len(kept),
        product_pks=frozenset(each.listing.product_pk for each in written),
    )


def _show(shown: Mapping[int, Shown]) -> None:
    """Write the two fields of listings that the caller has locked. One query whatever the number."""
    if not shown:
        return
    table = connection.ops.quote_name(ProductChannelListing._meta.db_table)
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {table} AS listing SET is_published = wanted.is_published,"  # noqa: S608 - the model's own name
            " available_for_purchase_at = wanted.available_at"
            " FROM unnest(%s::bigint[], %s::boolean[], %s::timestamptz[]) AS wanted (pk, is_published, available_at)"
            " WHERE listing.id = wanted.pk",
            [
                list(shown),
                [each.is_published for each in shown.values()],
                [each.available_for_purchase_at for each in shown.values()],
            ],
        )


def _listings(product_pks: Collection[int], which: Q, *, locks: bool) -> list[ListingState]:
    rows: Any = ProductChannelListing.objects.filter(which, in_keys("product_id", product_pks)).order_by("pk")
    if locks:
        rows = rows.select_for_update(of=("self",))
    fields = (
        "pk",
        "product_id",
        "channel__slug",
        "is_published",
        "available_for_purchase_at",
        "published_at",
    )
    return [ListingState(*row) for row in rows.values_list(*fields)]


@dataclass(frozen=True, slots=True)
class ListingMarket:
    code: str
    hides: bool


def channel_markets() -> dict[str, ListingMarket]:
    """The market of each channel, and what it does to listings there."""
    rows = MarketChannel.objects.values_list("channel", "market__code", "market__on_uncertified")
    return {channel: ListingMarket(code, policy == OnUncertified.HIDE) for channel, code, policy in rows}


def _verdicts(
    listings: Collection[ListingState],
    markets: Mapping[str, ListingMarket],
    books: Mapping[str, Rulebook] | None,
    at: datetime.datetime,
) -> dict[tuple[int, str], ListingVerdict]:
    """A listing is judged by its channel's own market; where the goods are sent is the veto's business."""
    of_market: dict[str, set[int]] = {}
    for each in listings:
        of_market.setdefault(markets[each.channel].code, set()).add(each.product_pk)
    if not of_market:
        return {}
    if books is None:
        books = _books({markets[each.channel].code: each.channel for each in listings}, of_market)
    products = product_facts({each.product_pk for each in listings}, books.values())
    zone = shop_zone()
    decisions = {
        code: books[code].decide_many((products[pk] for pk in pks if pk in products), at=at, zone=zone)
        for code, pks in of_market.items()
        if code in books
    }
    found = {}
    for each in listings:
        code = markets[each.channel].code
        decision = decisions.get(code, {}).get(each.product_pk)
        if decision is not None:
            found[each.product_pk, each.channel] = ListingVerdict(each.product_pk, each.channel, code, decision)
    return found


def _books(channels: Mapping[str, str], of_market: Mapping[str, set[int]]) -> Mapping[str, Rulebook]:
    """For a few products one query for each market is less than all that a sweep reads."""
    pks = set().union(*of_market.values())
    if len(pks) > FEW_PRODUCTS:
        return selectors.market_rulebooks(pks)
    return {code: selectors.rulebook(channel, None, of_market[code]) for code, channel in channels.items()}
