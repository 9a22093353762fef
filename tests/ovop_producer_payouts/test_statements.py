"""Statements: opening, every event once, closing, and the ledger's figure; numbered without gaps; never changed."""

import datetime
import json
import random
from itertools import pairwise
from typing import Any

import pytest
from batch_steps import CHECKER, JAM_MINOR, LATER, MAKER, complete, fail, sold, submit, taken_to
from django.core.management import CommandError, call_command
from django.db import DatabaseError, IntegrityError, transaction
from payouts_world import AT, DAY, FELT, HONEY, JAM, line, order, save_rule, settle, stored_rows

from ovop_origin.records import ProducerRow
from ovop_origin.services import producer_save, product_origin_set
from ovop_producer_payouts.audit import ledger_findings
from ovop_producer_payouts.errors import PeriodInFuture, StatementExists
from ovop_producer_payouts.models import Posting, SettledOrder, Statement, StatementCounter, StatementPosting
from ovop_producer_payouts.selectors import balances
from ovop_producer_payouts.services.batches import batch_approve, batch_close, batch_draft
from ovop_producer_payouts.services.statements import statement_issue
from ovop_producer_payouts.snapshot import OrderState
from ovop_producer_payouts.statement_content import content_sha256
from ovop_shared.errors import NotFound
from ovop_shared.languages import UnknownLanguage
from ovop_shared.money import UnsupportedCurrency

pytestmark = pytest.mark.usefixtures("world")

JUNE = (datetime.date(2025, 6, 1), datetime.date(2025, 6, 30))
JULY = (datetime.date(2025, 7, 1), datetime.date(2025, 7, 31))
AUGUST = (datetime.date(2025, 8, 1), datetime.date(2025, 8, 31))
IN_JULY, IN_AUGUST, IN_SEPTEMBER = AT + 30 * DAY, AT + 61 * DAY, AT + 92 * DAY


def issue(
    period: tuple[datetime.date, datetime.date] = JUNE,
    *,
    producer: str = "ak-kiyiz",
    at: datetime.datetime = IN_SEPTEMBER,
    currency: str = "KGS",
    language: str | None = None,
) -> Statement:
    return statement_issue(
        producer_code=producer,
        currency=currency,
        period_from_on=period[0],
        period_until_on=period[1],
        at=at,
        language=language,
    )


def owed(producer: str, until: datetime.datetime | None = None, currency: str = "KGS") -> int:
    """What the ledger says the house owes a producer, payable and in transit."""
    return -sum(
        each.amount_minor
        for kind in ("payable", "in_transit")
        for each in balances(prefix=f"producer:{producer}:{kind}", until=until, currency=currency)
    )


def end_of(day: datetime.date) -> datetime.datetime:
    """The last moment of a day in Bishkek, six hours ahead of UTC."""
    return datetime.datetime.combine(day, datetime.time(17, 59, 59, 999_999), tzinfo=datetime.UTC)


def events(statement: Statement) -> list[tuple[str, str, int]]:
    return [(each["kind"], each["order_number"], each["amount_minor"]) for each in statement.content["lines"]]


def test_a_statement_tells_a_sale_part_by_part() -> None:
    settle(order(line(gross_minor=11_200, net_minor=10_000, quantity=2), shipping_gross_minor=500))

    content = issue().content

    (told,) = content["lines"]
    assert sorted((part["code"], part["name"], part["amount_minor"]) for part in told["parts"]) == [
        ("association-fee", "Ассоциациянын төлөмү", 850),
        ("outlet-commission", "Сатуу түйүнүнүн комиссиясы", 1_500),
        ("tax", "Салык", 1_200),
        ("village-fund", "Айыл фонду", 500),
    ]
    assert told == {
        "on": "2025-06-02",
        "kind": "sale",
        "order_number": "1001",
        "outlet": "karakol",
        "product_name": "Felt slippers",
        "quantity": 2,
        "share": 3333,
        "shares": 10_000,
        "line_gross_minor": 11_200,
        "parts": told["parts"],
        "makers_minor": 7_150,
        "amount_minor": 2_383,
        "reference": "settle:o1:1",
    }
    assert {name: value for name, value in content.items() if name != "lines"} == {
        "number": 1,
        "producer": {
            "code": "ak-kiyiz",
            "name": "Ак кийиз",
            "village": "Барскоон",
            "region": "Ысык-Көл облусу",
        },
        "currency": "KGS",
        "period_from_on": "2025-06-01",
        "period_until_on": "2025-06-30",
        "language": "ky",
        "opening_minor": 0,
        "sales_minor": 2_383,
        "refunds_minor": 0,
        "payouts_minor": 0,
        "closing_minor": 2_383,
        "payable_minor": 0,
        "dispute_until_on": "2025-10-02",
    }


def test_sales_refunds_and_payouts_follow_each_other_to_the_closing_balance() -> None:
    settle(sold(), sold("o2", number="1002"))
    taken_to("completed")  # in July
    settle(sold(held_minor=0), at=IN_AUGUST)

    june, july, august = issue(JUNE), issue(JULY), issue(AUGUST)

    assert events(june) == [("sale", "1001", JAM_MINOR), ("sale", "1002", JAM_MINOR)]
    assert (june.content["opening_minor"], june.content["closing_minor"]) == (0, 2 * JAM_MINOR)
    assert events(july) == [("payout_completed", "", -2 * JAM_MINOR)]
    assert july.content["lines"][0]["reference"] == "bank-1"
    assert (july.content["opening_minor"], july.content["closing_minor"]) == (2 * JAM_MINOR, 0)
    assert events(august) == [("refund", "1001", -JAM_MINOR)]
    assert (august.content["opening_minor"], august.content["closing_minor"]) == (0, -JAM_MINOR)
    assert (august.content["refunds_minor"], august.content["payable_minor"]) == (-JAM_MINOR, -JAM_MINOR)


def test_money_in_transit_is_still_owed_and_a_refused_transfer_tells_nothing() -> None:
    settle(sold())
    taken_to("submitted")

    assert (events(issue(JUNE)), issue(JUNE).content["closing_minor"]) == ([("sale", "1001", JAM_MINOR)], JAM_MINOR)
    fail()
    july = issue(JULY)

    assert (events(july), july.content["closing_minor"]) == ([], JAM_MINOR)
    assert StatementPosting.objects.filter(statement=july).count() == 4


def test_a_statement_is_of_one_currency() -> None:
    settle(sold(), sold("o2", currency="USD", number="1002"))

    assert events(issue()) == [("sale", "1001", JAM_MINOR)]
    assert events(issue(currency="USD")) == [("sale", "1002", JAM_MINOR)]


def test_a_month_without_anything_has_a_statement_too() -> None:
    content = issue().content

    assert (content["lines"], content["opening_minor"], content["closing_minor"]) == ([], 0, 0)


def test_the_days_of_a_period_are_the_shops_days() -> None:
    """18:00 UTC is midnight in Bishkek."""
    midnight = datetime.datetime(2025, 6, 30, 18, tzinfo=datetime.UTC)
    settle(sold(number="in June"), at=midnight - datetime.timedelta(microseconds=1))
    settle(sold("o2", number="in July"), at=midnight)

    assert events(issue(JUNE)) == [("sale", "in June", JAM_MINOR)]
    july = issue(JULY)
    assert events(july) == [("sale", "in July", JAM_MINOR)]
    assert july.content["lines"][0]["on"] == "2025-07-01"


def test_a_posting_that_came_late_stands_on_the_next_statement() -> None:
    settle(sold())
    issue(JUNE, at=IN_JULY)
    settle(sold("o2", number="late"), at=AT)

    july = issue(JULY, at=IN_AUGUST)

    assert events(july) == [("sale", "late", JAM_MINOR)]
    assert (july.content["opening_minor"], july.content["closing_minor"]) == (JAM_MINOR, 2 * JAM_MINOR)


def test_the_same_request_again_returns_the_statement_as_it_was() -> None:
    settle(sold())
    first = issue(at=IN_JULY)
    settle(sold("o2"), at=AT)
    before = stored_rows()

    again = issue(at=IN_SEPTEMBER, language="ru")

    assert again.pk == first.pk
    assert stored_rows() == before


def test_a_content_carries_the_fingerprint_anybody_can_compute_again() -> None:
    settle(sold())

    statement = Statement.objects.get(pk=issue().pk)

    assert content_sha256(json.loads(json.dumps(statement.content))) == statement.content_sha256
    assert content_sha256(dict(reversed(statement.content.items()))) == statement.content_sha256


def test_an_issued_statement_does_not_change_with_names_rules_or_makers() -> None:
    settle(sold())
    before = Statement.objects.filter(pk=issue().pk).values().get()
    producer_save(
        ProducerRow(code="ak-kiyiz", kind="group", village="UZ-QR-chimbay", language="ru", names={"ru": "Другое имя"}),
        at=AT,
    )
    product_origin_set(JAM, "UZ-QR-chimbay", {"boyan": 10_000}, at=AT)
    save_rule("other", "issyk-kul-kgs", [])

    assert Statement.objects.filter(pk=issue().pk).values().get() == before


def test_a_later_statement_tells_an_old_sale_by_the_terms_it_was_sold_under() -> None:
    settle(sold())
    save_rule("other", "issyk-kul-kgs", [])
    settle(sold(held_minor=0), at=IN_JULY)

    issue(JUNE)
    (told,) = issue(JULY).content["lines"]

    assert {part["code"]: part["amount_minor"] for part in told["parts"]} == {
        "outlet-commission": -1_500,
        "association-fee": -850,
        "village-fund": -500,
    }
    assert (told["line_gross_minor"], told["makers_minor"], told["amount_minor"]) == (-10_000, -JAM_MINOR, -JAM_MINOR)


def test_the_database_changes_no_statement() -> None:
    statement = issue()

    for change in (
        lambda: Statement.objects.update(content={}),
        lambda: Statement.objects.all().delete(),
        lambda: StatementPosting.objects.update(statement=statement),
    ):
        with pytest.raises(DatabaseError, match="append_only"), transaction.atomic():
            change()
    assert Statement.objects.get().content == statement.content


def test_the_database_puts_no_posting_on_two_statements() -> None:
    settle(sold())
    june = issue(JUNE)
    july = issue(JULY)
    posting = StatementPosting.objects.filter(statement=june).values_list("posting", flat=True)[0]

    with pytest.raises(IntegrityError), transaction.atomic():
        StatementPosting.objects.create(statement=july, posting_id=posting)


@pytest.mark.parametrize(
    "period",
    [
        (datetime.date(2025, 7, 1), datetime.date(2025, 7, 30)),
        (datetime.date(2025, 7, 1), datetime.date(2025, 8, 1)),
        (datetime.date(2025, 7, 31), datetime.date(2025, 8, 31)),
        (datetime.date(2025, 6, 1), datetime.date(2025, 7, 1)),
        (datetime.date(2025, 7, 15), datetime.date(2025, 7, 15)),
        (datetime.date(2025, 6, 1), datetime.date(2025, 8, 15)),
        pytest.param(JUNE, id="before an issued one"),
    ],
)
def test_a_period_that_overlaps_an_issued_statements_is_refused(period: tuple[datetime.date, datetime.date]) -> None:
    issue(JULY)
    before = stored_rows()

    with pytest.raises(StatementExists) as refusal:
        issue(period)

    assert (refusal.value.code, refusal.value.field, refusal.value.status) == (
        "statement_exists",
        "period_from_on",
        409,
    )
    assert stored_rows() == before


@pytest.mark.parametrize(
    ("period", "at"),
    [
        (JUNE, AT),
        (JUNE, datetime.datetime(2025, 6, 29, 17, 59, tzinfo=datetime.UTC)),
        ((JUNE[1], JUNE[0]), IN_SEPTEMBER),
    ],
)
def test_a_period_that_ends_after_today_or_runs_backwards_is_refused(
    period: tuple[datetime.date, datetime.date], at: datetime.datetime
) -> None:
    with pytest.raises(PeriodInFuture) as refusal:
        issue(period, at=at)

    assert (refusal.value.code, refusal.value.field) == ("period_in_future", "period_until_on")
    assert not Statement.objects.exists()


def test_a_period_may_end_today_and_what_is_posted_later_today_is_on_the_next() -> None:
    morning = datetime.datetime(2025, 6, 29, 18, tzinfo=datetime.UTC)  # the 30th has just begun in Bishkek
    settle(sold(number="before"), at=morning)
    june = issue(JUNE, at=morning)
    settle(sold("o2", number="after"), at=morning + datetime.timedelta(hours=1))

    july = issue(JULY)

    assert events(june) == [("sale", "before", JAM_MINOR)]
    assert events(july) == [("sale", "after", JAM_MINOR)]
    assert june.content["closing_minor"] == july.content["opening_minor"] == JAM_MINOR


def test_an_unknown_producer_or_currency_is_refused() -> None:
    with pytest.raises(NotFound):
        issue(producer="nobody")
    with pytest.raises(UnsupportedCurrency):
        issue(currency="XAU")
    assert not Statement.objects.exists()
    assert not StatementCounter.objects.exists()


def test_numbers_run_on_over_producers_and_refusals_take_none() -> None:
    numbers = [issue(JUNE).number, issue(JUNE, producer="boyan").number]
    with pytest.raises(StatementExists):
        issue((JUNE[0], JULY[1]))
    numbers += [issue(JULY).number, issue(JUNE, currency="USD").number]

    assert numbers == [1, 2, 3, 4]
    assert StatementCounter.objects.get().last_number == 4


def test_a_number_is_given_back_when_issuing_fails() -> None:
    with transaction.atomic():
        issue(JUNE)
        transaction.set_rollback(True)

    assert issue(JUNE).number == 1


@pytest.mark.parametrize("seed", range(4))
def test_for_any_history_the_statements_chain_and_meet_the_ledger(seed: int) -> None:
    """Two producers, three months of sales, refunds, cancellations and payouts, settled in any order."""
    chance = random.Random(seed)
    issued: dict[str, list[Statement]] = {"ak-kiyiz": [], "aigerim": []}
    for month, period in enumerate((JUNE, JULY, AUGUST)):
        for number in range(8):
            at = AT + (30 * month + chance.randint(0, 26)) * DAY
            order_id = f"o{chance.randint(0, 6)}"
            settle(
                order(
                    line("l1", 10_000, product_pk=JAM, product_name="Jam"),
                    line("l2", 7_777, product_pk=FELT),
                    order_id=order_id,
                    number=order_id,
                    held_minor=chance.choice([17_777, 0, chance.randint(-50, 20_000)]),
                    state=chance.choice([OrderState.OPEN, OrderState.OPEN, OrderState.CANCELLED]),
                    fulfilled_at=AT,
                ),
                at=at,
                hold_days=0,
            )
            if number == 5 and month:
                reference = f"b{month}"
                try:
                    batch_draft(reference=reference, currency="KGS", payable_until=LATER, by=MAKER, at=at)
                except Exception:  # noqa: BLE001 - nobody may be owed anything
                    continue
                batch_approve(reference, by=CHECKER, at=at)
                submit(reference)
        end = end_of(period[1])
        for producer, statements in issued.items():
            statements.append(issue(period, producer=producer, at=end + datetime.timedelta(seconds=1)))
            content = statements[-1].content
            assert content["closing_minor"] == owed(producer, end)
            assert content["closing_minor"] == content["opening_minor"] + sum(
                each["amount_minor"] for each in content["lines"]
            )
            assert content["closing_minor"] == content["opening_minor"] + sum(
                content[name] for name in ("sales_minor", "refunds_minor", "payouts_minor")
            )
            for each in content["lines"]:
                if each["order_number"]:
                    parts = sum(part["amount_minor"] for part in each["parts"])
                    assert each["line_gross_minor"] == parts + each["makers_minor"]
    for producer, statements in issued.items():
        for earlier, later in pairwise(statements):
            assert later.content["opening_minor"] == earlier.content["closing_minor"]
        own = Posting.objects.filter(account__path__regex=f"^producer:{producer}:(payable|in_transit)$")
        stated = own.filter(statement_posting__statement__in=statements)
        assert set(own.values_list("pk", flat=True)) == set(stated.values_list("pk", flat=True))
    assert ledger_findings() == []


def test_a_language_in_which_no_statement_is_written_is_refused() -> None:
    with pytest.raises(UnknownLanguage):
        issue(language="kaa-Latn-UZ")

    assert not Statement.objects.exists()


def test_a_product_is_named_in_the_producers_language_as_it_was_called_when_it_was_sold() -> None:
    settle(order(line(product_name="Felt slippers", product_names={"ky": "Кийиз тапичке"})))
    settle(order(line(product_name="Slippers", product_names={"ky": "Башка"})), at=IN_JULY)

    statement = issue(language="ky")

    assert [each["product_name"] for each in statement.content["lines"]] == ["Кийиз тапичке"]


def test_the_quantity_of_a_sale_is_what_was_sold_then() -> None:
    """Two were sold and one of them was deleted from the order later: the sale was of two."""
    settle(order(line(quantity=2)))
    settle(order(line(quantity=1, gross_minor=5_000), held_minor=10_000), at=IN_JULY)

    sale, correction = (issue(period).content["lines"][0] for period in (JUNE, JULY))

    assert (sale["kind"], sale["quantity"]) == ("sale", 2)
    assert correction["kind"] == "adjustment"


def test_the_command_issues_a_statement_and_prints_its_link(capsys: Any) -> None:
    settle(sold(), sold("o2", product_pk=HONEY))
    arguments = ["ak-kiyiz", "KGS", "2025-06-01", "2025-06-30"]

    call_command("ovop_statement_issue", *arguments)
    first = capsys.readouterr().out
    call_command("ovop_statement_issue", *arguments)

    assert "/plugins/ovop.producer_payouts/s/" in first
    assert Statement.objects.count() == 1
    with pytest.raises(CommandError, match="not_found"):
        call_command("ovop_statement_issue", "nobody", *arguments[1:])


def test_closing_a_batch_moves_no_money() -> None:
    settle(sold())
    taken_to("submitted")
    complete()
    before = Posting.objects.count()

    batch_close("b1")

    assert Posting.objects.count() == before
    assert SettledOrder.objects.count() == 1
