"""Which listings of a large shop are worth a closer look: one query for ten thousand products, no locks, no instances.

Whatever is left out here stays as it is until the next pass, so all that the closer look (listings.py) could change has
to be found; what it then finds in line does no harm. No date is read as such and no key is sent: either costs more than
the decision itself.
"""

import datetime
import json
from collections.abc import Mapping

from django.db import connection
from saleor.channel.models import Channel
from saleor.product.models import Product, ProductChannelListing, ProductType

from ovop_certification.adapter.listing_facts import category_paths, intended_uses_between
from ovop_certification.adapter.listings import channel_markets
from ovop_certification.models import Closure, ListingDecision
from ovop_certification.rules import Rulebook
from ovop_certification.services.closures import reason_rows
from ovop_shared.records import ProductRecord
from ovop_shared.shop_time import shop_zone

EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
MICROSECOND = datetime.timedelta(microseconds=1)

QUERY = """
SELECT listing.product_id, channel.slug, kind.slug, product.category_id,
    listing.available_for_purchase_at IS NOT NULL, listing.is_published,
    closure.is_hidden,
    closure.channel <> channel.slug
        OR closure.published_at IS DISTINCT FROM listing.published_at
        OR (NOT closure.is_hidden AND closure.wants_published <> listing.is_published),
    decision.market, decision.allowed, decision.reasons::text,
    (extract(epoch FROM decision.next_change_at) * 1000000)::bigint
FROM {listing} AS listing
JOIN {channel} AS channel ON channel.id = listing.channel_id
JOIN {product} AS product ON product.id = listing.product_id
JOIN {kind} AS kind ON kind.id = product.product_type_id
LEFT JOIN {closure} AS closure ON closure.listing_pk = listing.id AND closure.ended_at IS NULL
LEFT JOIN {decision} AS decision ON decision.product_pk = listing.product_id AND decision.channel = channel.slug
WHERE listing.product_id BETWEEN %s AND %s
    AND (channel.slug = ANY (%s) OR closure.id IS NOT NULL OR decision.id IS NOT NULL)
"""
TABLES = {
    "listing": ProductChannelListing,
    "channel": Channel,
    "product": Product,
    "kind": ProductType,
    "closure": Closure,
    "decision": ListingDecision,
}


def suspects(first: int, last: int, books: Mapping[str, Rulebook], *, closes: bool, at: datetime.datetime) -> set[int]:
    """The products from one key to another with a listing that may have to be written, or whose decision is not the one
    that is kept. One query, and two more where requirements name categories or intended uses."""
    markets = channel_markets()
    names = {name: connection.ops.quote_name(model._meta.db_table) for name, model in TABLES.items()}
    with connection.cursor() as cursor:
        cursor.execute(QUERY.format(**names), [first, last, list(markets)])
        rows = cursor.fetchall()
    rules = [rule for book in books.values() for rule in book.requirements]
    paths = category_paths() if any(rule.category for rule in rules) else {}
    uses = intended_uses_between(first, last) if any(rule.intended_use for rule in rules) else {}
    of_market: dict[str, dict[int, ProductRecord]] = {}
    for pk, slug, kind, category, *_ in rows:
        if slug in markets:
            record = ProductRecord(pk, "", "", kind, categories=paths.get(category, ()), intended_uses=uses.get(pk, ()))
            of_market.setdefault(markets[slug].code, {})[pk] = record
    zone = shop_zone()
    decisions = {
        code: books[code].decide_many(records.values(), at=at, zone=zone)
        for code, records in of_market.items()
        if code in books
    }
    found = set()
    moments: dict[datetime.datetime | None, int | None] = {None: None}
    for pk, slug, _, _, is_available, is_published, hidden, has_drifted, code, allowed, reasons, changes in rows:
        market = markets.get(slug)
        if market is None:
            found.add(pk)
            continue
        decision = decisions.get(market.code, {}).get(pk)
        if decision is None:
            continue  # the market came after the rulebooks were read
        moment = decision.next_change_at
        if moment not in moments:
            moments[moment] = (moment - EPOCH) // MICROSECOND if moment else None
        if (
            (code, allowed, changes) != (market.code, decision.allowed, moments[moment])
            or (reasons != "[]") != bool(decision.reasons)
            or (decision.reasons and json.loads(reasons) != reason_rows(decision.reasons, with_warnings=True))
        ):
            found.add(pk)
        elif decision.allowed or not closes:
            if hidden is not None:
                found.add(pk)
        elif (
            is_available
            or (market.hides and is_published)
            or (hidden is not None and (hidden != market.hides or has_drifted))
        ):
            found.add(pk)
    return found
