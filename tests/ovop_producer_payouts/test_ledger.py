"""What the ledger refuses: in the service, and in PostgreSQL when somebody goes past the service."""

import datetime
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import psycopg
import pytest
from django.core.management import call_command
from django.db import DatabaseError, IntegrityError, connection, transaction
from hypothesis import given
from hypothesis import strategies as st
from payouts_world import AT, DAY, at_once, line, order, settle, standing, stored_rows

from ovop_producer_payouts.accounts import checked_path, producer_of
from ovop_producer_payouts.audit import ledger_findings
from ovop_producer_payouts.errors import EntryUnbalanced, InvalidAccount, ReferenceTaken
from ovop_producer_payouts.models import Account, Entry, EntryKind, Posting
from ovop_producer_payouts.selectors import balances, currency_totals
from ovop_producer_payouts.services import batches
from ovop_producer_payouts.services.ledger import EntryDraft, PostingDraft, entries_post
from ovop_producer_payouts.services.statements import statement_issue
from ovop_shared.money import UnsupportedCurrency

PREFIX = "ovop_producer_payouts_"
APPEND_ONLY = ("account", "entry", "posting", "splitruleversion", "payoutevent", "statement", "statementposting")
GOOD_PATHS = [
    "psp:clearing",
    "shipping",
    "association:fee",
    "association:unassigned",
    "customer:prepaid",
    "tax:KG",
    "costs:packaging-and-transport",
    "outlet:karakol:cash",
    "outlet:каракол:cash",
    "outlet:-karakol:cash",
    "outlet:karakol:commission",
    "village:KG-Y-barskoon:fund",
    "producer:ak-kiyiz:payable",
    "producer:ak-kiyiz:in_transit",
    "producer:ak-kiyiz:advance",
]
BAD_PATHS = [
    "",
    "psp",
    "psp:clearing ",
    "psp:clearing\n",
    "PSP:clearing",
    "tax:kg",
    "tax:KGZ",
    "outlet::cash",
    "outlet:{outlet}:cash",
    "outlet:" + "k" * 300 + ":cash",
    "outlet:karakol:owed",
    "producer:ak-kiyiz",
    "producer:ak:kiyiz:payable",
    "village:KG-Y barskoon:fund",
    "costs:",
]


def sale(reference: str = "sale-1", amount_minor: int = 100, **changes: object) -> EntryDraft:
    plain = EntryDraft(
        reference=reference,
        kind=EntryKind.SALE,
        posted_at=AT,
        postings=(
            PostingDraft("psp:clearing", "KGS", amount_minor, step="payment"),
            PostingDraft("association:fee", "KGS", -amount_minor, "l1", "fee"),
        ),
    )
    return replace(plain, **changes)  # type: ignore[arg-type]


def insert_entry(cursor: Any) -> int:
    """Past the service."""
    cursor.execute(
        f"INSERT INTO {PREFIX}entry (reference, kind, order_id, reason, content_sha256, posted_at)"
        " VALUES ('by hand', 'sale', '', '', '', now()) RETURNING id"
    )
    return int(cursor.fetchone()[0])


def insert_account(cursor: Any, path: str, currency: str) -> int:
    cursor.execute(f"INSERT INTO {PREFIX}account (path, currency) VALUES (%s, %s) RETURNING id", [path, currency])
    return int(cursor.fetchone()[0])


def insert_posting(cursor: Any, entry: int, account: int, currency: str, amount_minor: int) -> None:
    cursor.execute(
        f"INSERT INTO {PREFIX}posting (entry_id, account_id, currency, amount_minor, line_id, step)"
        " VALUES (%s, %s, %s, %s, '', '')",
        [entry, account, currency, amount_minor],
    )


def test_an_entry_is_posted_once_and_its_accounts_stand_where_it_says(db: None) -> None:
    assert entries_post([sale()]) == 1

    assert standing() == {"psp:clearing": 100, "association:fee": -100}
    assert [(each.currency, each.entries, each.postings, each.sum_minor) for each in currency_totals()] == [
        ("KGS", 1, 2, 0)
    ]
    assert ledger_findings() == []


def test_the_same_entry_again_is_passed_over(db: None) -> None:
    entries_post([sale()])
    before = stored_rows()

    assert entries_post([sale(posted_at=AT + DAY)]) == 0

    assert stored_rows() == before


@pytest.mark.parametrize(
    "changes",
    [
        {"amount_minor": 101},
        {"kind": EntryKind.REFUND},
        {"order_id": "o1"},
        {"reason": "by hand"},
        {"postings": (PostingDraft("psp:clearing", "KGS", 100), PostingDraft("shipping", "KGS", -100))},
        {"postings": (PostingDraft("psp:clearing", "USD", 100), PostingDraft("association:fee", "USD", -100))},
    ],
)
def test_a_used_reference_with_other_content_is_refused_and_nothing_is_written(
    db: None, changes: dict[str, object]
) -> None:
    entries_post([sale()])
    before = stored_rows()

    with pytest.raises(ReferenceTaken) as refusal, transaction.atomic():
        entries_post([sale("sale-2"), sale(**changes)])  # type: ignore[arg-type]

    assert (refusal.value.code, refusal.value.field, refusal.value.status) == ("reference_taken", "reference", 409)
    assert refusal.value.params == {"reference": "sale-1"}
    assert stored_rows() == before


def test_an_entry_given_twice_in_one_call_is_posted_once(db: None) -> None:
    assert entries_post([sale(), sale()]) == 1

    assert standing() == {"psp:clearing": 100, "association:fee": -100}


def test_two_contents_of_one_reference_in_one_call_are_refused(db: None) -> None:
    with pytest.raises(ReferenceTaken), transaction.atomic():
        entries_post([sale(), sale(amount_minor=101)])

    assert not Entry.objects.exists()


@pytest.mark.parametrize(
    "postings",
    [
        (),
        (PostingDraft("psp:clearing", "KGS", 100),),
        (PostingDraft("psp:clearing", "KGS", 100), PostingDraft("shipping", "KGS", -99)),
        (PostingDraft("psp:clearing", "KGS", 100), PostingDraft("shipping", "USD", -100)),
        (PostingDraft("psp:clearing", "KGS", 0), PostingDraft("shipping", "KGS", 0)),
    ],
)
def test_an_entry_that_does_not_sum_to_zero_in_every_currency_is_refused(
    db: None, postings: tuple[PostingDraft, ...]
) -> None:
    with pytest.raises(EntryUnbalanced) as refusal:
        entries_post([sale(), sale("sale-2", postings=postings)])

    assert (refusal.value.code, refusal.value.field) == ("entry_unbalanced", "postings")
    assert not Entry.objects.exists()
    assert not Account.objects.exists()


def test_a_currency_of_unknown_minor_units_is_refused(db: None) -> None:
    with pytest.raises(UnsupportedCurrency):
        entries_post([sale(postings=(PostingDraft("psp:clearing", "XAU", 1), PostingDraft("shipping", "XAU", -1)))])

    assert not Entry.objects.exists()


@pytest.mark.parametrize("count", [1, 40])
def test_posting_takes_the_same_queries_whatever_the_number_of_entries(
    db: None, django_assert_num_queries: Callable[..., object], count: int
) -> None:
    entries_post([sale()])

    with django_assert_num_queries(3):  # the entries, their accounts, COPY
        entries_post([sale(f"more-{number}") for number in range(count)])


@given(st.dictionaries(st.sampled_from(GOOD_PATHS), st.integers(-(10**12), 10**12), min_size=1))
def test_a_drafts_content_does_not_depend_on_the_order_of_its_postings(amounts: dict[str, int]) -> None:
    legs = tuple(PostingDraft(path, "KGS", amount) for path, amount in amounts.items())

    assert sale(postings=legs).content_sha256() == sale(postings=legs[::-1]).content_sha256()


@pytest.mark.parametrize("path", GOOD_PATHS)
def test_the_ledgers_accounts_are_known(db: None, path: str) -> None:
    assert checked_path(path) == path
    Account.objects.create(path=path, currency="KGS")


@pytest.mark.parametrize("path", BAD_PATHS)
def test_what_is_no_account_is_refused_by_the_service_and_by_the_database(db: None, path: str) -> None:
    with pytest.raises(InvalidAccount) as refusal:
        entries_post([sale(postings=(PostingDraft(path, "KGS", 1), PostingDraft("shipping", "KGS", -1)))])
    assert (refusal.value.code, refusal.value.field) == ("invalid_account", "account")

    with pytest.raises(DatabaseError, match=r"ovop_account_path_known|value too long"), transaction.atomic():
        Account.objects.create(path=path, currency="KGS")
    assert not Account.objects.exists()


def test_a_producers_accounts_name_it() -> None:
    assert producer_of("producer:ak-kiyiz:in_transit") == "ak-kiyiz"
    assert producer_of("village:ak-kiyiz:fund") is None


def test_balances_at_a_moment_leave_out_what_was_posted_later(db: None) -> None:
    entries_post([sale(), sale("sale-2", posted_at=AT + DAY)])

    assert {each.account: each.amount_minor for each in balances(until=AT)} == {
        "association:fee": -100,
        "psp:clearing": 100,
    }
    assert [each.amount_minor for each in balances(prefix="psp:", until=AT + DAY)] == [200]
    assert balances(currency="USD") == []
    assert balances(until=AT - DAY) == []


def test_postgresql_refuses_at_commit_what_does_not_sum_to_zero(committed_database: str) -> None:
    books = {
        "off by one": [("psp:clearing", "KGS", 100), ("shipping", "KGS", -99)],
        "balanced only over its currencies": [("psp:clearing", "KGS", 100), ("psp:clearing", "USD", -100)],
        "one leg": [("psp:clearing", "KGS", 100)],
        "no legs": [],
    }
    with psycopg.connect(committed_database) as connection, connection.cursor() as cursor:
        for legs in books.values():
            entry = insert_entry(cursor)
            for path, currency, amount_minor in legs:
                insert_posting(cursor, entry, insert_account(cursor, path, currency), currency, amount_minor)
            with pytest.raises(psycopg.errors.CheckViolation, match="entry_unbalanced"):
                connection.commit()

    assert not Entry.objects.exists()
    assert not Posting.objects.exists()
    assert not Account.objects.exists()


def test_postgresql_refuses_later_postings_into_a_posted_entry_even_balanced_ones(committed_database: str) -> None:
    entries_post([sale()])
    before = stored_rows()
    entry = Entry.objects.get().pk
    here, there = Account.objects.order_by("pk").values_list("pk", flat=True)

    with (
        psycopg.connect(committed_database) as connection,
        pytest.raises(psycopg.errors.RestrictViolation, match="append_only"),
    ):
        connection.execute(
            f"INSERT INTO {PREFIX}posting (entry_id, account_id, currency, amount_minor, line_id, step)"
            " VALUES (%(entry)s, %(here)s, 'KGS', 5, '', ''), (%(entry)s, %(there)s, 'KGS', -5, '', '')",
            {"entry": entry, "here": here, "there": there},
        )

    assert stored_rows() == before


@pytest.mark.parametrize(
    ("currency", "amount_minor", "broken"),
    [("USD", 100, "ovop_posting_account_currency"), ("KGS", 0, "ovop_posting_not_zero")],
)
def test_postgresql_refuses_a_posting_in_another_currency_than_its_accounts_or_of_nothing(
    db: None, currency: str, amount_minor: int, broken: str
) -> None:
    def post_by_hand() -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            account = insert_account(cursor, "psp:clearing", "KGS")
            insert_posting(cursor, insert_entry(cursor), account, currency, amount_minor)

    with pytest.raises(IntegrityError, match=broken):
        post_by_hand()


@pytest.fixture
def full_ledger(world: None) -> None:
    """A row in every table that may not change."""
    settle(order(line(), fulfilled_at=AT), hold_days=0)
    batches.batch_draft(reference="b1", currency="KGS", payable_until=AT, by="maker", at=AT)
    statement_issue(
        producer_code="ak-kiyiz",
        currency="KGS",
        period_from_on=datetime.date(2025, 6, 1),
        period_until_on=datetime.date(2025, 6, 30),
        at=AT + 60 * DAY,
    )
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


@pytest.mark.parametrize("table", APPEND_ONLY)
def test_postgresql_changes_deletes_and_empties_no_append_only_table(full_ledger: None, table: str) -> None:
    before = stored_rows()

    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {PREFIX}{table}")
        assert cursor.fetchone()[0] > 0
        for statement in (
            f"UPDATE {PREFIX}{table} SET id = id",
            f"UPDATE {PREFIX}{table} SET id = id WHERE false",
            f"DELETE FROM {PREFIX}{table}",
            f"TRUNCATE {PREFIX}{table} CASCADE",
        ):
            with pytest.raises(DatabaseError, match="append_only"), transaction.atomic():
                cursor.execute(statement)

    assert stored_rows() == before


@pytest.mark.parametrize(
    "statement",
    [
        f"UPDATE {PREFIX}settledline SET terms = '{{}}'",
        f"UPDATE {PREFIX}settledline SET facts = '{{}}'",
        f"DELETE FROM {PREFIX}settledline",
        f"TRUNCATE {PREFIX}settledline",
    ],
)
def test_postgresql_changes_no_frozen_terms(full_ledger: None, statement: str) -> None:
    before = stored_rows()

    with (
        pytest.raises(DatabaseError, match="append_only"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)

    assert stored_rows() == before


def test_the_migrations_of_a_ledger_that_holds_entries_do_not_go_back(committed_database: str) -> None:
    entries_post([sale()])
    before = stored_rows()

    with pytest.raises(RuntimeError, match="empty ledger only"):
        call_command("migrate", "ovop_producer_payouts", "zero", verbosity=0)

    assert stored_rows() == before
    with pytest.raises(DatabaseError, match="append_only"), connection.cursor() as cursor:
        cursor.execute(f"DELETE FROM {PREFIX}posting")


def test_the_migrations_of_an_empty_ledger_go_back_and_forth(committed_database: str) -> None:
    call_command("migrate", "ovop_producer_payouts", "zero", verbosity=0)
    call_command("migrate", "ovop_producer_payouts", verbosity=0)

    assert entries_post([sale()]) == 1


def test_one_entry_posted_by_many_at_once_is_posted_once(committed_database: str) -> None:
    results = at_once(16, lambda number: entries_post([sale(posted_at=AT + number * DAY)]))

    assert sorted(results) == [0] * 15 + [1]  # type: ignore[type-var]
    assert standing() == {"psp:clearing": 100, "association:fee": -100}


def test_of_many_contents_of_one_reference_at_once_one_is_posted_whole(committed_database: str) -> None:
    results = at_once(8, lambda number: entries_post([sale(amount_minor=100 + number)]))

    winners = [number for number, result in enumerate(results) if result == 1]
    assert len(winners) == 1
    assert all(isinstance(result, ReferenceTaken) for number, result in enumerate(results) if number not in winners)
    assert standing() == {"psp:clearing": 100 + winners[0], "association:fee": -100 - winners[0]}
