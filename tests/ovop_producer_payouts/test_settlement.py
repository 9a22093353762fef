"""Settling orders: what is posted, what is frozen, and how little it costs."""

import datetime
from collections.abc import Callable
from dataclasses import replace

import auditor
import pytest
from django.db import connection, transaction
from payouts_world import (
    AT,
    DAY,
    FELT,
    HONEY,
    JAM,
    STANDARD_STEPS,
    STRANGE,
    Shop,
    frozen_terms,
    line,
    order,
    posted,
    save_rule,
    settle,
    standing,
    stored_rows,
)

from ovop_origin.records import ProducerRow
from ovop_origin.services import producer_save, product_origin_set
from ovop_producer_payouts.errors import InvalidSnapshot
from ovop_producer_payouts.models import Entry, SettledLine, SettledOrder
from ovop_producer_payouts.services.settlement import orders_settle
from ovop_producer_payouts.snapshot import OrderSnapshot, OrderState
from ovop_producer_payouts.split import MakerShare

pytestmark = pytest.mark.usefixtures("world")

A_SALE = {
    ("psp:clearing", "", "payment"): 11_760,
    ("tax:KG", "l1", "tax"): -1_200,
    ("outlet:karakol:commission", "l1", "outlet-commission"): -1_500,
    ("association:fee", "l1", "association-fee"): -850,
    ("village:KG-Y-barskoon:fund", "l1", "village-fund"): -500,
    ("producer:aigerim:payable", "l1", "makers"): -2_384,
    ("producer:ak-kiyiz:payable", "l1", "makers"): -2_383,
    ("producer:chiy:payable", "l1", "makers"): -2_383,
    ("shipping", "", "shipping"): -500,
    ("tax:KG", "", "tax"): -60,
}


def a_sale(**changes: object) -> OrderSnapshot:
    sold = order(line(gross_minor=11_200, net_minor=10_000), shipping_gross_minor=560, shipping_net_minor=500)
    return replace(sold, **changes)  # type: ignore[arg-type]


def kinds() -> list[str]:
    return list(Entry.objects.order_by("pk").values_list("kind", flat=True))


def test_a_paid_order_is_split_by_the_rule_among_the_makers_of_its_products() -> None:
    (settlement,) = settle(a_sale())

    assert posted("o1") == A_SALE
    assert settlement.order_id == "o1"
    assert {(key.account, key.line_id, key.step): amount for key, amount in settlement.posted.items()} == A_SALE
    assert settlement.unresolved_lines == ()
    assert kinds() == ["sale"]


def test_settling_again_posts_nothing_and_changes_no_row() -> None:
    settle(a_sale())
    before = stored_rows()

    (settlement,) = settle(a_sale(), at=AT + DAY)

    assert settlement.posted == {}
    assert stored_rows() == before


def test_a_snapshot_changed_in_something_that_is_no_money_posts_nothing_but_is_taken_over() -> None:
    settle(a_sale())

    (settlement,) = settle(a_sale(fulfilled_at=AT, number="1001-b", changed_at=AT + DAY), hold_days=3)

    assert settlement.posted == {}
    row = SettledOrder.objects.get()
    assert (row.number, row.payable_at, row.changed_at) == ("1001-b", AT + 3 * DAY, AT + DAY)
    assert kinds() == ["sale"]


def test_an_order_nobody_paid_is_known_and_has_no_entry() -> None:
    (settlement,) = settle(a_sale(held_minor=0))

    assert settlement.posted == {}
    assert not Entry.objects.exists()
    assert SettledOrder.objects.get().snapshot["held_minor"] == 0


def test_a_refund_is_a_new_entry_and_the_old_one_stays() -> None:
    settle(a_sale())
    first = list(Entry.objects.values())

    settle(a_sale(held_minor=5_880), at=AT + DAY)

    assert list(Entry.objects.order_by("pk").values())[:1] == first
    assert kinds() == ["sale", "refund"]
    assert posted("o1") == {key: amount // 2 for key, amount in A_SALE.items()} | {
        # half a unit each: the earlier maker's is rounded up
        ("producer:ak-kiyiz:payable", "l1", "makers"): -1_192,
        ("producer:chiy:payable", "l1", "makers"): -1_191,
    }


def test_a_full_refund_brings_everything_back_to_zero() -> None:
    settle(a_sale())

    settle(a_sale(held_minor=0), at=AT + DAY)

    assert posted("o1") == {}
    assert standing() == {}
    assert kinds() == ["sale", "refund"]


def test_a_cancelled_order_owes_its_money_to_the_customer_until_it_is_given_back() -> None:
    settle(a_sale())

    settle(a_sale(state=OrderState.CANCELLED), at=AT + DAY)
    assert standing() == {"psp:clearing": 11_760, "customer:prepaid": -11_760}

    settle(a_sale(state=OrderState.CANCELLED, held_minor=0), at=AT + 2 * DAY)
    assert standing() == {}
    assert kinds() == ["sale", "adjustment", "refund"]


def test_a_reopened_order_is_split_as_before() -> None:
    settle(a_sale())
    settle(a_sale(state=OrderState.CANCELLED), at=AT + DAY)

    settle(a_sale(), at=AT + 2 * DAY)

    assert posted("o1") == A_SALE


def test_money_for_an_unconfirmed_order_is_the_customers_and_freezes_nothing() -> None:
    settle(a_sale(state=OrderState.UNCONFIRMED))

    assert standing() == {"psp:clearing": 11_760, "customer:prepaid": -11_760}
    assert not SettledLine.objects.exists()


def test_a_line_deleted_from_the_order_gives_its_money_back_to_the_others_and_the_customer() -> None:
    jam = line("l2", 5_000, product_pk=JAM, product_name="Jam")
    settle(order(line(), jam))

    settle(order(jam, held_minor=15_000), at=AT + DAY)

    assert not any(line_id == "l1" for _, line_id, _ in posted("o1"))
    assert standing()["customer:prepaid"] == -10_000
    assert posted("o1") == auditor.figures(order(jam, held_minor=15_000), frozen_terms("o1"))


def test_a_chargeback_below_zero_is_owed_by_the_customer() -> None:
    settle(a_sale())

    settle(a_sale(held_minor=-100), at=AT + DAY)

    assert standing() == {"psp:clearing": -100, "customer:prepaid": 100}


def test_two_currencies_never_meet() -> None:
    in_yen = replace(a_sale(), order_id="o2", currency="JPY", channel="japan-jpy", country="JP")

    settle(a_sale(), in_yen)

    assert standing("KGS")["psp:clearing"] == standing("JPY")["psp:clearing"] == 11_760
    assert standing("JPY")["costs:packaging"] == -120
    assert standing("JPY")["tax:JP"] == -1_260
    assert "costs:packaging" not in standing("KGS")


def test_an_order_the_shop_no_longer_has_keeps_its_postings() -> None:
    settle(a_sale(), replace(a_sale(), order_id="o2"))
    before = stored_rows()

    settlements = orders_settle(["o1", "o2"], Shop(replace(a_sale(), order_id="o2")).read, at=AT + DAY)

    assert [each.order_id for each in settlements] == ["o2"]
    assert stored_rows() == before


def test_settling_no_orders_reads_nothing() -> None:
    shop = Shop()

    assert orders_settle([], shop.read, at=AT) == []
    assert shop.reads == 0


def test_an_order_named_twice_is_settled_once() -> None:
    settlements = orders_settle(["o1", "o1"], Shop(a_sale()).read, at=AT)

    assert len(settlements) == 1
    assert posted("o1") == A_SALE


def test_a_rule_made_after_the_sale_changes_no_line_that_was_sold_but_a_line_added_later() -> None:
    settle(a_sale())
    before = frozen_terms("o1")
    dearer = [{**STANDARD_STEPS[0], "rate_bp": 5_000}]
    save_rule("standard", "", dearer, version=2, valid_from_on=AT.date())

    settle(a_sale(held_minor=11_759), at=AT + DAY)
    settle(a_sale(), at=AT + 2 * DAY)

    assert frozen_terms("o1") == before
    assert posted("o1") == A_SALE

    settle(replace(a_sale(), order_id="o2"), at=AT + 2 * DAY)
    assert posted("o2")["outlet:karakol:commission", "l1", "outlet-commission"] == -5_000


def test_makers_and_village_changed_after_the_sale_change_nothing_of_it() -> None:
    settle(a_sale())
    product_origin_set(FELT, "UZ-QR-chimbay", {"boyan": 10_000}, at=AT)

    settle(a_sale(held_minor=0), at=AT + DAY)
    settle(a_sale(outlet="osh"), at=AT + 2 * DAY)

    assert posted("o1") == A_SALE
    assert [maker.producer_code for maker in frozen_terms("o1")["l1"].makers] == ["aigerim", "ak-kiyiz", "chiy"]


def test_names_are_frozen_with_the_sale() -> None:
    settle(a_sale())
    before = SettledLine.objects.get().facts
    producer_save(
        ProducerRow(code="chiy", kind="group", village="KG-Y-barskoon", language="ky", names={"ky": "Жаңы ат"}), at=AT
    )

    settle(a_sale(held_minor=5_000), at=AT + DAY)

    after = SettledLine.objects.get().facts
    assert after == before
    assert after["makers"] == {
        "aigerim": {"ru": "Айгерим"},
        "ak-kiyiz": {"ky": "Ак кийиз", "en": "Ak Kiyiz"},
        "chiy": {"ky": "Чий"},
    }
    assert after["village"] == {"code": "KG-Y-barskoon", "names": {"en": "Barskoon", "ky": "Барскоон"}}
    assert after["region"]["code"] == "KG-Y"
    assert (after["channel"], after["outlet"], after["country"]) == ("issyk-kul-kgs", "karakol", "KG")


def test_a_line_of_unknown_makers_learns_them_once() -> None:
    unknown = order(line(product_pk=STRANGE))
    (settlement,) = settle(unknown)
    assert settlement.unresolved_lines == ("l1",)
    assert posted("o1")["association:unassigned", "l1", "unassigned"] == -7_650
    assert ("village:KG-Y-barskoon:fund", "l1", "village-fund") not in posted("o1")

    product_origin_set(STRANGE, "KG-Y-barskoon", {"chiy": 10_000}, at=AT)
    (settlement,) = settle(unknown, at=AT + DAY)

    assert settlement.unresolved_lines == ()
    assert "association:unassigned" not in standing()
    assert posted("o1")["producer:chiy:payable", "l1", "makers"] == -7_150
    assert posted("o1")["village:KG-Y-barskoon:fund", "l1", "village-fund"] == -500
    assert kinds() == ["sale", "adjustment"]

    product_origin_set(STRANGE, "UZ-QR-chimbay", {"boyan": 10_000}, at=AT)
    before = stored_rows()
    settle(unknown, at=AT + 2 * DAY)
    assert stored_rows() == before


def test_a_line_the_shop_has_forgotten_the_product_of_waits_unassigned() -> None:
    (settlement,) = settle(order(line(product_pk=None)))

    assert settlement.unresolved_lines == ("l1",)
    assert standing()["association:unassigned"] == -7_650


def test_a_forgotten_product_takes_nothing_from_the_makers_it_was_sold_for() -> None:
    settle(a_sale())

    settle(a_sale(lines=(replace(a_sale().lines[0], product_pk=None),), held_minor=11_759), at=AT + DAY)
    settle(a_sale(), at=AT + 2 * DAY)

    assert posted("o1") == A_SALE


def test_an_order_placed_before_any_rule_waits_unassigned_until_there_is_one_for_its_day() -> None:
    early = a_sale(placed_at=datetime.datetime(2024, 6, 1, tzinfo=datetime.UTC))
    (settlement,) = settle(early)
    assert settlement.unresolved_lines == ("l1",)
    assert standing()["association:unassigned"] == -10_000

    save_rule("standard", "", STANDARD_STEPS, version=2, valid_from_on=datetime.date(2024, 1, 1))
    (settlement,) = settle(early, at=AT + DAY)

    assert settlement.unresolved_lines == ()
    assert posted("o1") == A_SALE


def test_the_day_of_the_sale_is_the_shops_day() -> None:
    """19:00 UTC on the last day of May is one o'clock on the first of June in Bishkek."""
    free = [{**STANDARD_STEPS[0], "rate_bp": 1}]
    save_rule("june", "", free, valid_from_on=datetime.date(2025, 6, 1))

    settle(a_sale(placed_at=datetime.datetime(2025, 5, 31, 17, 59, tzinfo=datetime.UTC)))
    settle(a_sale(order_id="o2", placed_at=datetime.datetime(2025, 5, 31, 18, tzinfo=datetime.UTC)))

    assert frozen_terms("o1")["l1"].rule_code == "standard"
    assert frozen_terms("o2")["l1"].rule_code == "june"


def test_the_makers_of_a_line_stand_in_the_order_of_their_codes() -> None:
    settle(a_sale())

    assert frozen_terms("o1")["l1"].makers == (
        MakerShare("aigerim", 3334),
        MakerShare("ak-kiyiz", 3333),
        MakerShare("chiy", 3333),
    )


@pytest.mark.parametrize("hold_days", [0, 14])
def test_an_order_is_payable_when_fulfilled_and_held_for_its_days(hold_days: int) -> None:
    settle(a_sale(fulfilled_at=AT), hold_days=hold_days)

    assert SettledOrder.objects.get().payable_at == AT + hold_days * DAY


@pytest.mark.parametrize(("days_later", "payable_at"), [(13, None), (14, AT + 14 * DAY), (99, AT + 14 * DAY)])
def test_an_order_taken_back_is_payable_no_longer_unless_it_was_already(
    days_later: int, payable_at: datetime.datetime | None
) -> None:
    settle(a_sale(fulfilled_at=AT), hold_days=14)

    settle(a_sale(fulfilled_at=None), hold_days=14, at=AT + days_later * DAY)

    assert SettledOrder.objects.get().payable_at == payable_at


def many_lines(count: int, order_id: str = "o1", placed_at: datetime.datetime = AT) -> OrderSnapshot:
    products = (FELT, JAM, HONEY, STRANGE)
    lines = [line(f"l{number}", 1_000 + number, product_pk=products[number % 4]) for number in range(count)]
    return order(*lines, order_id=order_id, placed_at=placed_at)


FIRST_SETTLEMENT_QUERIES = 20
REPEATED_SETTLEMENT_QUERIES = 5


@pytest.mark.parametrize("count", [4, 60])
def test_the_number_of_queries_does_not_depend_on_the_number_of_lines(
    count: int, django_assert_num_queries: Callable[..., object]
) -> None:
    sold = many_lines(count)
    with django_assert_num_queries(FIRST_SETTLEMENT_QUERIES):
        settle(sold)
    resolved = replace(sold, lines=tuple(each for each in sold.lines if each.product_pk != STRANGE))
    settle(resolved, at=AT + DAY)
    with django_assert_num_queries(REPEATED_SETTLEMENT_QUERIES):
        settle(resolved, at=AT + DAY)


@pytest.mark.parametrize("count", [1, 12])
def test_the_number_of_queries_does_not_depend_on_the_number_of_orders(
    count: int, django_assert_num_queries: Callable[..., object]
) -> None:
    sold = [many_lines(4, f"o{number}", AT + number * DAY) for number in range(count)]

    with django_assert_num_queries(FIRST_SETTLEMENT_QUERIES):
        settle(*sold)


def test_what_cannot_be_read_leaves_nothing_behind() -> None:
    before = stored_rows()

    def unreadable(order_ids: object) -> dict[str, OrderSnapshot]:
        raise ConnectionError("the shop does not answer")

    with pytest.raises(ConnectionError), transaction.atomic():
        orders_settle(["o1"], unreadable, at=AT)

    assert stored_rows() == before


def test_a_crash_in_the_middle_leaves_nothing_half_written() -> None:
    """The second order's account is refused by PostgreSQL after the first order's rows were written."""
    settle(a_sale(held_minor=5_000))
    before = stored_rows()
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE FUNCTION broken() RETURNS trigger LANGUAGE plpgsql AS"
            " $$ BEGIN RAISE EXCEPTION 'the disk is gone'; END $$;"
            "CREATE TRIGGER broken BEFORE UPDATE ON ovop_producer_payouts_settledorder"
            " FOR EACH ROW WHEN (NEW.order_id = 'o2') EXECUTE FUNCTION broken()"
        )

    with pytest.raises(Exception, match="the disk is gone"), transaction.atomic():
        settle(a_sale(), a_sale(order_id="o2"), at=AT + DAY)

    assert stored_rows() == before


@pytest.mark.parametrize("outlet", ["каракол", "-karakol", "k" * 255])
def test_an_outlet_of_any_slug_that_saleor_takes_is_settled(outlet: str) -> None:
    settle(a_sale(outlet=outlet))

    assert posted("o1")[f"outlet:{outlet}:commission", "l1", "outlet-commission"] == -1_500


def test_an_order_that_changes_its_currency_is_refused_and_nothing_is_posted() -> None:
    settle(a_sale(held_minor=11_760))
    before = stored_rows()

    with pytest.raises(InvalidSnapshot) as refusal:
        settle(a_sale(held_minor=11_760, currency="USD"))

    assert (refusal.value.field, stored_rows()) == ("currency", before)
