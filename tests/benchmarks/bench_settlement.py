"""Bulk settlement in legs per second: against django-hordak, and against what COPY makes of the same rows."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.db import transaction

from ovop_producer_payouts.services.settlement import orders_settle
from ovop_producer_payouts.snapshot import OrderSnapshot
from tests.benchmarks import peer_hordak, tables
from tests.benchmarks.harness import Bench, BenchBroken, Clock, Round, Row, row_of
from tests.benchmarks.orders import refunded_orders, sold_orders
from tests.benchmarks.world import AT

# As many as the Celery task takes into one transaction.
CHUNK_ORDERS = 100
FEWEST_ORDERS = 100
MOST_ORDERS = 3_000
ROUND_SECONDS = 3

WORK = (
    f"orders_settle in transactions of {CHUNK_ORDERS} orders: orders of 1 to 5 lines and 1 to 3 makers each under the "
    "sample rules, sold first, then a third of them refunded"
)


def settle_vs_hordak(bench: Bench) -> list[Row]:
    count = 50 if bench.is_quick else 200
    accounts = peer_hordak.Accounts()

    def play(number: int) -> Round:
        bench.tell(f"settling {count} orders")
        settled = _settle(f"hordak-{number}", count)
        bookings = peer_hordak.bookings(tables.legs_by_entry(settled.after_entry_pk), accounts, AT.date())
        bench.tell(f"django-hordak books {settled.legs:,} legs")
        booked_before = peer_hordak.count_legs()
        clock = Clock()
        with clock.running():
            peer_hordak.book(bookings)
        _check_same(settled.legs, peer_hordak.count_legs() - booked_before)
        return settled.against(clock)

    return [
        row_of(
            "settle_vs_hordak",
            "legs/s",
            bench.play(play),
            f"{WORK}; peer: django-hordak books the same postings, Transaction.objects.create and Leg.objects.create, "
            "one transaction per entry, accounts and amounts looked up before the clock runs. More is better",
        )
    ]


def settle_vs_copy(bench: Bench) -> list[Row]:
    tables.make_copies()
    count = FEWEST_ORDERS

    def play(number: int) -> Round:
        nonlocal count
        bench.tell(f"settling {count} orders")
        settled = _settle(f"copy-{number}", count)
        after = settled.after_entry_pk
        entries = tables.copied_out(tables.ENTRY, tables.ENTRY_COLUMNS, "id", after)
        postings = tables.copied_out(tables.POSTING, tables.POSTING_COLUMNS, "entry_id", after)
        bench.tell(f"COPY of {settled.legs:,} postings")
        clock = Clock()
        with clock.running(), transaction.atomic():
            tables.copy_in(tables.ENTRY_COPY, tables.ENTRY_COLUMNS, entries)
            tables.copy_in(tables.POSTING_COPY, tables.POSTING_COLUMNS, postings)
        _check_same(settled.legs, tables.count_postings(tables.POSTING_COPY, after))
        if number == 0 and not bench.is_quick:
            # The faster settling is, the more of it: a short round says little.
            count = min(max(count, int(count * ROUND_SECONDS / settled.seconds)), MOST_ORDERS)
        return settled.against(clock)

    return [
        row_of(
            "settle_vs_copy",
            "legs/s",
            bench.play(play),
            f"{WORK}; limit: COPY FROM STDIN of the same entries and postings, rendered before the clock runs, one "
            "transaction, into tables with the ledger's columns, defaults, checks, indexes and foreign keys but none of "
            "its triggers; entries cost time there and count on neither side. More is better, 1 is the limit",
        )
    ]


@dataclass(frozen=True, slots=True)
class _Settled:
    after_entry_pk: int
    sold_legs: int
    legs: int
    sold_seconds: float
    refunded_seconds: float

    @property
    def seconds(self) -> float:
        return self.sold_seconds + self.refunded_seconds

    def against(self, reference: Clock) -> Round:
        return Round(
            ours=self.legs / self.seconds,
            reference=self.legs / reference.seconds,
            parts={
                "legs": self.legs,
                "sold": self.sold_legs / self.sold_seconds,
                "refunded": (self.legs - self.sold_legs) / self.refunded_seconds,
            },
        )


def _settle(batch: str, count: int) -> _Settled:
    orders = sold_orders(batch, count)
    refunds = refunded_orders(orders, batch)
    after = tables.last_entry_pk()
    sold, refunded = Clock(), Clock()
    with sold.running():
        settle_in_chunks(orders)
    sold_legs = tables.count_postings(tables.POSTING, after)
    with refunded.running():
        settle_in_chunks(refunds)
    legs = tables.count_postings(tables.POSTING, after)
    return _Settled(after, sold_legs, legs, sold.seconds, refunded.seconds)


def settle_in_chunks(orders: Mapping[str, OrderSnapshot]) -> None:
    order_ids = list(orders)
    for start in range(0, len(order_ids), CHUNK_ORDERS):
        orders_settle(
            order_ids[start : start + CHUNK_ORDERS],
            lambda wanted: {order_id: orders[order_id] for order_id in wanted},
            at=AT,
        )


def _check_same(ours: int, theirs: int) -> None:
    if ours != theirs or not ours:
        raise BenchBroken(f"{ours} postings on our side, {theirs} on the other.")
