"""Two villages, their producers and rules, and orders as a shop would tell of them."""

import datetime
import threading
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from typing import Any

from django.db import connection
from django.test import Client
from django.utils import timezone
from hypothesis import settings

from ovop_origin.services import product_origin_set, registry_load
from ovop_producer_payouts.models import (
    Account,
    Entry,
    Payout,
    PayoutBatch,
    PayoutEvent,
    Posting,
    SettledLine,
    SettledOrder,
    SplitRuleVersion,
    Statement,
    StatementCounter,
    StatementPosting,
)
from ovop_producer_payouts.selectors import balances, order_postings
from ovop_producer_payouts.services.rules import split_rule_save
from ovop_producer_payouts.services.settlement import Settlement, orders_settle
from ovop_producer_payouts.snapshot import LineSnapshot, OrderSnapshot, OrderState
from ovop_producer_payouts.split import LineTerms, MakerShare, Step
from ovop_producer_payouts.split_rules import terms_from_document
from ovop_shared.catalogue import host_catalogue
from ovop_shared.requester import ANONYMOUS, Requester
from ovop_standalone.tokens import make_token

AT = datetime.datetime(2025, 6, 2, 9, tzinfo=datetime.UTC)
DAY = datetime.timedelta(days=1)
FELT, JAM, HONEY, STRANGE = 11, 12, 13, 99
TABLES = (
    Account,
    Entry,
    Payout,
    PayoutBatch,
    PayoutEvent,
    Posting,
    SettledLine,
    SettledOrder,
    SplitRuleVersion,
    Statement,
    StatementCounter,
    StatementPosting,
)
STANDARD_STEPS: list[dict[str, Any]] = [
    {
        "code": "outlet-commission",
        "names": {"en": "Outlet commission", "ky": "Сатуу түйүнүнүн комиссиясы"},
        "account": "outlet:{outlet}:commission",
        "base": "net",
        "rate_bp": 1500,
    },
    {
        "code": "association-fee",
        "names": {"en": "Association fee", "ky": "Ассоциациянын төлөмү"},
        "account": "association:fee",
        "base": "rest",
        "rate_bp": 1000,
    },
    {
        "code": "village-fund",
        "names": {"en": "Village fund", "ky": "Айыл фонду"},
        "account": "village:{village}:fund",
        "base": "net",
        "rate_bp": 500,
    },
]
PACKAGING: dict[str, Any] = {
    "code": "packaging",
    "names": {"en": "Packaging"},
    "account": "costs:packaging",
    "per_unit_minor": 120,
}


def examples(count: int) -> settings:
    """`count` examples in the default profile, and as many more as a deeper profile asks for."""
    return settings(max_examples=max(1, count * settings().max_examples // 100))


def build_registry() -> None:
    """Barskoon and Chimbay; felt is made by three, jam by one, licorice honey by one in the other country."""
    registry_load(
        {
            "version": 1,
            "places": [
                {"kind": "country", "code": "KG", "names": {"en": "Kyrgyzstan"}},
                {
                    "kind": "region",
                    "code": "KG-Y",
                    "parent": "KG",
                    "names": {"en": "Issyk-Kul", "ky": "Ысык-Көл облусу"},
                },
                {"kind": "district", "code": "KG-Y-jeti-oguz", "parent": "KG-Y", "names": {"en": "Jeti-Oguz"}},
                {
                    "kind": "village",
                    "code": "KG-Y-barskoon",
                    "parent": "KG-Y-jeti-oguz",
                    "names": {"en": "Barskoon", "ky": "Барскоон"},
                },
                {"kind": "country", "code": "UZ", "names": {"en": "Uzbekistan"}},
                {"kind": "region", "code": "UZ-QR", "parent": "UZ", "names": {"en": "Karakalpakstan"}},
                {"kind": "district", "code": "UZ-QR-chimbay-district", "parent": "UZ-QR", "names": {"en": "Chimbay"}},
                {
                    "kind": "village",
                    "code": "UZ-QR-chimbay",
                    "parent": "UZ-QR-chimbay-district",
                    "names": {"en": "Chimbay"},
                },
            ],
            "producers": [
                _producer("ak-kiyiz", "KG-Y-barskoon", "ky", {"ky": "Ак кийиз", "en": "Ak Kiyiz"}, "5"),
                _producer("aigerim", "KG-Y-barskoon", "ru", {"ru": "Айгерим"}, "6"),
                _producer("chiy", "KG-Y-barskoon", "ky", {"ky": "Чий"}),
                _producer("boyan", "UZ-QR-chimbay", "kaa-Latn", {"kaa-Latn": "Boyan"}),
            ],
        },
        catalogue=host_catalogue(),
        at=AT,
    )
    product_origin_set(FELT, "KG-Y-barskoon", {"aigerim": 3334, "ak-kiyiz": 3333, "chiy": 3333}, at=AT)
    product_origin_set(JAM, "KG-Y-barskoon", {"ak-kiyiz": 10_000}, at=AT)
    product_origin_set(HONEY, "UZ-QR-chimbay", {"boyan": 10_000}, at=AT)


def _producer(code: str, village: str, language: str, names: dict[str, str], user_id: str = "") -> dict[str, Any]:
    return {
        "code": code,
        "kind": "group",
        "village": village,
        "language": language,
        "names": names,
        "saleor_user_id": user_id,
    }


def build_rules() -> None:
    """The general rule, and one with packaging for the channel in yen."""
    save_rule("standard", "", STANDARD_STEPS)
    save_rule("japan", "japan-jpy", [STANDARD_STEPS[0], PACKAGING, *STANDARD_STEPS[1:]])


def save_rule(
    code: str,
    channel: str,
    steps: list[dict[str, Any]],
    *,
    version: int = 1,
    valid_from_on: datetime.date = datetime.date(2025, 1, 1),
) -> bool:
    return split_rule_save(
        code=code,
        version=version,
        channel=channel,
        valid_from_on=valid_from_on,
        document={"steps": steps},
        by="staff@example.com",
        at=AT,
    )


def line(line_id: str = "l1", gross_minor: int = 10_000, net_minor: int | None = None, **changes: Any) -> LineSnapshot:
    """One felt product without tax, unless told otherwise."""
    plain = LineSnapshot(
        line_id=line_id,
        product_pk=FELT,
        product_name="Felt slippers",
        sku="felt-1",
        quantity=1,
        gross_minor=gross_minor,
        net_minor=gross_minor if net_minor is None else net_minor,
    )
    return replace(plain, **changes)


def order(*lines: LineSnapshot, held_minor: int | None = None, **changes: Any) -> OrderSnapshot:
    """An open order in som that was paid in full, unless told otherwise."""
    shipping_minor = changes.get("shipping_gross_minor", 0)
    plain = OrderSnapshot(
        order_id="o1",
        number="1001",
        channel="issyk-kul-kgs",
        currency="KGS",
        state=OrderState.OPEN,
        country="KG",
        outlet="karakol",
        placed_at=AT,
        changed_at=AT,
        fulfilled_at=None,
        held_minor=sum(each.gross_minor for each in lines) + shipping_minor if held_minor is None else held_minor,
        gift_card_minor=0,
        shipping_gross_minor=shipping_minor,
        shipping_net_minor=changes.pop("shipping_net_minor", shipping_minor),
        shipping_refunded_minor=0,
        lines=lines,
    )
    return replace(plain, **changes)


def terms(*steps: Step, makers: Mapping[str, int] | None = None, **changes: Any) -> LineTerms:
    """Terms of the standard rule for one maker in Barskoon, sold at Karakol, unless told otherwise."""
    shares = {"ak-kiyiz": 1} if makers is None else makers
    plain = LineTerms(
        rule_code="standard",
        rule_version=1,
        steps=steps,
        makers=tuple(MakerShare(code, share) for code, share in shares.items()),
        village_code="KG-Y-barskoon",
        outlet="karakol",
    )
    return replace(plain, **changes)


class Shop:
    """The shop's present truth, as settlement reads it; `reads` counts how often it was asked."""

    def __init__(self, *orders: OrderSnapshot) -> None:
        self.orders = {each.order_id: each for each in orders}
        self.reads = 0

    def read(self, order_ids: Collection[str]) -> dict[str, OrderSnapshot]:
        self.reads += 1
        return {order_id: self.orders[order_id] for order_id in order_ids if order_id in self.orders}


def settle(*orders: OrderSnapshot, at: datetime.datetime = AT, **options: Any) -> list[Settlement]:
    return orders_settle([each.order_id for each in orders], Shop(*orders).read, at=at, **options)


def frozen_terms(order_id: str) -> dict[str, LineTerms]:
    rows = SettledLine.objects.filter(order__order_id=order_id)
    return {row.line_id: terms_from_document(row.terms) for row in rows}


def posted(order_id: str) -> dict[tuple[str, str, str], int]:
    """(account, line id, step) -> what the order's entries sum up to, from the rows; zeros left out."""
    sums: dict[tuple[str, str, str], int] = {}
    for row in order_postings(order_id):
        key = (row.account, row.line_id, row.step)
        sums[key] = sums.get(key, 0) + row.amount_minor
    return {key: amount for key, amount in sums.items() if amount}


def standing(currency: str = "KGS") -> dict[str, int]:
    return {each.account: each.amount_minor for each in balances(currency=currency)}


def stored_rows() -> list[list[dict[str, Any]]]:
    """Every row of the payouts, to see that nothing changed."""
    return [list(table.objects.order_by("pk").values()) for table in TABLES]


def at_once(count: int, work: Callable[[int], object]) -> list[object]:
    """What `work(0)` … `work(count - 1)` return or raise, each in a thread and on a connection of its own."""
    results: list[object] = [None] * count
    start = threading.Barrier(count)

    def run(number: int) -> None:
        try:
            start.wait()
            results[number] = work(number)
        except Exception as error:  # noqa: BLE001 - handed to the test, which says what it expects
            results[number] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def client_for(requester: Requester) -> Client:
    """An HTTP client that speaks for the requester."""
    if requester == ANONYMOUS:
        return Client()
    return Client(headers={"authorization": f"Bearer {make_token(requester, at=timezone.now())}"})
