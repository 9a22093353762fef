"""Many workers on the same orders, each on a connection of its own; real commits."""

import random
import threading
from collections.abc import Collection
from dataclasses import replace

import auditor
import pytest
from django.db import DatabaseError, connection
from payouts_world import AT, DAY, JAM, Shop, at_once, frozen_terms, line, order, posted, settle, stored_rows

from ovop_producer_payouts.audit import ledger_findings
from ovop_producer_payouts.models import Entry, SettledLine, SettledOrder
from ovop_producer_payouts.services.settlement import Settlement, orders_settle
from ovop_producer_payouts.snapshot import OrderSnapshot

pytestmark = pytest.mark.usefixtures("committed_world")

SOLD = order(line("l1", 11_200, 10_000), line("l2", 5_000, product_pk=JAM), shipping_gross_minor=560)


def test_many_settlers_of_one_new_order_come_to_one_result() -> None:
    results = at_once(24, lambda number: orders_settle(["o1"], Shop(SOLD).read, at=AT + number * DAY))

    assert all(isinstance(result, list) and isinstance(result[0], Settlement) for result in results), results
    assert sum(bool(result[0].posted) for result in results) == 1  # type: ignore[index]
    assert Entry.objects.count() == 1
    assert SettledLine.objects.count() == 2
    assert SettledOrder.objects.get().settlements == 1
    assert posted("o1") == auditor.figures(SOLD, frozen_terms("o1"))
    assert ledger_findings() == []

    refunded = replace(SOLD, held_minor=3_333)
    at_once(24, lambda number: orders_settle(["o1"], Shop(refunded).read, at=AT + number * DAY))

    assert Entry.objects.count() == 2
    assert posted("o1") == auditor.figures(refunded, frozen_terms("o1"))


def test_settlers_of_overlapping_orders_in_any_order_neither_lock_each_other_nor_post_twice() -> None:
    orders = {f"o{number}": replace(SOLD, order_id=f"o{number}") for number in range(12)}
    shop = Shop(*orders.values())

    def work(number: int) -> int:
        wanted = random.Random(number).sample(sorted(orders), 6)
        return len(orders_settle(wanted, shop.read, at=AT))

    assert at_once(20, work) == [6] * 20

    settled = set(SettledOrder.objects.values_list("order_id", flat=True))
    assert Entry.objects.count() == len(settled)
    for order_id in settled:
        assert posted(order_id) == auditor.figures(orders[order_id], frozen_terms(order_id))


@pytest.mark.parametrize("is_new", [True, False])
def test_a_worker_that_waited_reads_the_shop_only_after_it_holds_the_lock(is_new: bool) -> None:
    """So the one that posts later never posts what the shop said earlier."""
    if not is_new:
        settle(replace(SOLD, held_minor=1))
    now = replace(SOLD, held_minor=8_000)
    first_reads, second_reads, first_may_go = threading.Event(), threading.Event(), threading.Event()
    shop = Shop(SOLD)

    def slow(order_ids: Collection[str]) -> dict[str, OrderSnapshot]:
        seen = shop.read(order_ids)
        first_reads.set()
        assert first_may_go.wait(20)
        return seen

    def quick(order_ids: Collection[str]) -> dict[str, OrderSnapshot]:
        second_reads.set()
        return shop.read(order_ids)

    def work(number: int) -> bool:
        if number == 0:
            return bool(orders_settle(["o1"], slow, at=AT)[0].posted)
        if number == 1:
            assert first_reads.wait(20)
            return bool(orders_settle(["o1"], quick, at=AT)[0].posted)
        assert first_reads.wait(20)
        was_read = second_reads.wait(0.7)
        shop.orders["o1"] = now  # a refund, while the first still holds what it read before
        first_may_go.set()
        return was_read

    assert at_once(3, work) == [True, True, False]

    assert posted("o1") == auditor.figures(now, frozen_terms("o1"))
    assert SettledOrder.objects.get().snapshot["held_minor"] == 8_000


def test_a_worker_killed_in_the_middle_leaves_nothing_and_the_next_one_does_its_work() -> None:
    settle(replace(SOLD, held_minor=1))
    before = stored_rows()

    def killed(order_ids: Collection[str]) -> dict[str, OrderSnapshot]:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")
        return {"o1": SOLD}

    (error,) = at_once(1, lambda _: orders_settle(["o1", "o2"], killed, at=AT))
    assert isinstance(error, DatabaseError)
    assert stored_rows() == before

    settle(SOLD, replace(SOLD, order_id="o2"))
    assert posted("o1") == posted("o2") == auditor.figures(SOLD, frozen_terms("o1"))


def test_a_failed_commit_leaves_nothing() -> None:
    """PostgreSQL's last word is at commit: whatever it refuses there, no row of the settlement stays."""
    before = stored_rows()

    def other_entry(order_ids: Collection[str]) -> dict[str, OrderSnapshot]:
        Entry.objects.create(reference="without postings", kind="sale", content_sha256="", posted_at=AT)
        return {"o1": SOLD}

    with pytest.raises(DatabaseError, match="entry_unbalanced"):
        orders_settle(["o1"], other_entry, at=AT)

    assert stored_rows() == before
