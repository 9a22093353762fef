"""How many queries PostgreSQL is asked to settle one order: COPY counts as one, BEGIN and COMMIT do not."""

from dataclasses import replace
from random import Random

from django.db import connection
from django.test.utils import CaptureQueriesContext

from ovop_producer_payouts.services.settlement import orders_settle
from ovop_producer_payouts.snapshot import OrderSnapshot
from tests.benchmarks.harness import Bench, BenchBroken, Row
from tests.benchmarks.orders import sold_order
from tests.benchmarks.world import AT

LINE_COUNTS = (1, 100)
NOT_QUERIES = {"BEGIN", "COMMIT"}


def settle_order_queries(bench: Bench) -> list[Row]:
    """The value is the most that any case took; the ratio, 100 lines to 1, is 1 when lines cost no query."""
    counts: dict[str, int] = {}
    bench.expect(len(LINE_COUNTS))
    for lines in LINE_COUNTS:
        bench.tell(f"one order of {lines} lines")
        # An outlet nobody has sold at before: some of the order's accounts are not there yet.
        order_id = f"queries-{lines}"
        order = sold_order(order_id, Random(order_id), lines=lines, outlet=f"outlet-{order_id}")
        order = replace(order, held_minor=order.shipping_gross_minor + sum(line.gross_minor for line in order.lines))
        first = order.lines[0]
        returned = replace(
            order,
            held_minor=order.held_minor - first.gross_minor,
            lines=(replace(first, refunded_minor=first.gross_minor), *order.lines[1:]),
        )
        counts |= {
            f"new_order_lines_{lines}": _queries(order, posts=True),
            f"settled_unchanged_lines_{lines}": _queries(order, posts=False),
            f"settled_refunded_lines_{lines}": _queries(returned, posts=True),
        }
        bench.step()
    few, many = (
        max(count for case, count in counts.items() if case.endswith(f"_lines_{lines}")) for lines in LINE_COUNTS
    )
    cases = ", ".join(f"{case.replace('_', ' ')}: {count}" for case, count in counts.items())
    return [
        Row(
            name="settle_order_queries",
            value=max(few, many),
            unit="queries",
            ratio=many / few,
            reference=f"the most of these cases: {cases}. COPY counts, BEGIN and COMMIT do "
            "not; some accounts of a new order are new. Ratio: 100 lines to 1 line. Less is better",
            parts=counts,
        )
    ]


def _queries(order: OrderSnapshot, *, posts: bool) -> int:
    with CaptureQueriesContext(connection) as captured:
        settlements = orders_settle([order.order_id], lambda _: {order.order_id: order}, at=AT)
    if bool(settlements[0].posted) is not posts:
        raise BenchBroken(f"Settling {order.order_id} posted {settlements[0].posted}.")
    return sum(query["sql"] not in NOT_QUERIES for query in captured.captured_queries)
