"""What a checkout pays for the gate: the decision about a cart, in round trips to the database and by itself."""

from random import Random

from django.db import connection
from django.test.utils import CaptureQueriesContext

from ovop_certification.rules import Rulebook
from ovop_certification.selectors import decide, market_rulebooks, rulebook
from ovop_shared.records import ProductRecord
from ovop_shared.shop_time import shop_zone
from tests.benchmarks.harness import Bench, BenchBroken, Clock, Round, Row, row_of
from tests.benchmarks.world import AT, CHANNELS, products

CART_PRODUCTS = 5
CHANNEL = CHANNELS[0]
ROUND_TRIPS = 1_000
ROUND_TRIP = "SELECT code FROM ovop_certification_market WHERE id = %s"


def gate_decision(bench: Bench) -> list[Row]:
    """First the selector for a whole cart, then the rules alone for one product."""
    carts = _carts(30 if bench.is_quick else 100)
    market_pk = _market_pk()
    with CaptureQueriesContext(connection) as captured:
        _check_both_answers(carts)
    queries = len(captured) / len(carts)
    if queries != 1:
        raise BenchBroken(f"A cart's decision takes {queries} queries.")
    books = [(rulebook(CHANNEL.slug, CHANNEL.country, [each.pk for each in cart]), cart) for cart in carts]
    what = f"a cart of {CART_PRODUCTS} products of {len(products(CHANNEL))}, {_certificates():,} certificates"
    return [
        row_of(
            "gate_decision",
            "checkouts/s",
            bench.play(lambda _: _selector_round(bench, carts, market_pk)),
            f"certification's selector decide for {what}; {queries:.3g} queries. Ratio: how many round trips of one "
            "SELECT by primary key on the same connection a checkout's decision takes. Less is better",
        ),
        row_of(
            "gate_decision_pure",
            "decisions/s",
            bench.play(lambda _: _pure_round(bench, books, market_pk)),
            f"Rulebook.decide for one product, the rulebook of {what} in memory. Ratio: how many of the same round "
            "trips one decision takes. Less is better",
        ),
        row_of(
            "gate_decide_many",
            "decisions/s",
            bench.play(lambda _: _many_round(bench)),
            f"Rulebook.decide_many for {len(products(CHANNEL))} products of one market, {_certificates():,} "
            "certificates in memory, against finding each product's certificates by reading all of them. More is better",
        ),
    ]


def _many_round(bench: Bench) -> Round:
    """A new rulebook each time: its index is part of the work, as in a sweep."""
    shop = products(CHANNEL)
    zone = shop_zone()
    book = market_rulebooks(None)[CHANNEL.country.lower()]
    bench.tell("decide_many")
    clock = Clock()
    with clock.running():
        decisions = book.decide_many(shop, at=AT, zone=zone)
    bench.tell("reading all certificates")
    peer = Clock()
    certificates = book.holdings.certificates
    with peer.running():
        known = sum(
            each.status(AT, zone) is not None
            for product in shop
            for each in certificates
            if product.pk in each.products or each.holder_ref == str(product.pk)
        )
    if not known or {each.allowed for each in decisions.values()} != {True, False}:
        raise BenchBroken("The products have no certificates, or all get the same answer.")
    return Round(ours=len(shop) / clock.seconds, reference=len(shop) / peer.seconds)


def _selector_round(bench: Bench, carts: list[list[ProductRecord]], market_pk: int) -> Round:
    bench.tell("decide")
    clock = Clock()
    with clock.running():
        for cart in carts:
            decide(cart, channel_slug=CHANNEL.slug, country_code=CHANNEL.country, at=AT)
    return _in_round_trips(bench, len(carts) / clock.seconds, market_pk)


def _pure_round(bench: Bench, books: list[tuple[Rulebook, list[ProductRecord]]], market_pk: int) -> Round:
    bench.tell("the rules alone")
    zone = shop_zone()
    clock = Clock()
    with clock.running():
        for book, cart in books:
            for product in cart:
                book.decide(product, at=AT, zone=zone)
    return _in_round_trips(bench, len(books) * CART_PRODUCTS / clock.seconds, market_pk)


def _in_round_trips(bench: Bench, per_second: float, market_pk: int) -> Round:
    """The round whose ratio is the time of one of ours in round trips."""
    bench.tell("round trips")
    clock = Clock()
    with clock.running(), connection.cursor() as cursor:
        for _ in range(ROUND_TRIPS):
            cursor.execute(ROUND_TRIP, [market_pk])
            cursor.fetchone()
    return Round(ours=per_second, reference=ROUND_TRIPS / clock.seconds, is_cost=True)


def _carts(count: int) -> list[list[ProductRecord]]:
    random = Random("carts")
    return [random.sample(products(CHANNEL), CART_PRODUCTS) for _ in range(count)]


def _check_both_answers(carts: list[list[ProductRecord]]) -> None:
    """A gate that says the same of everything would be measured for nothing."""
    answers = {
        decision.allowed
        for cart in carts
        for decision in decide(cart, channel_slug=CHANNEL.slug, country_code=CHANNEL.country, at=AT).values()
    }
    if answers != {True, False}:
        raise BenchBroken(f"The gate says {answers} of every product.")


def _market_pk() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT min(id) FROM ovop_certification_market")
        return int(cursor.fetchone()[0])


def _certificates() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM ovop_certification_certificate")
        return int(cursor.fetchone()[0])
