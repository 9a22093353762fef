"""The audit finds each kind of damage by name. The rows are broken as only a superuser can who turns the guards off."""

from collections.abc import Callable

import pytest
from batch_steps import sold, taken_to
from django.core.management import CommandError, call_command
from django.db import connection
from payouts_world import line, order, settle
from test_statements import issue

from ovop_producer_payouts.audit import Finding, ledger_findings

PREFIX = "ovop_producer_payouts_"

Break = Callable[..., None]


@pytest.fixture
def damage(world: None) -> Break:
    """A sound ledger with a sale, a refund, a payout in transit and two statements; then whatever SQL is given."""
    settle(sold(), order(line(), order_id="o2", number="1002"))
    settle(sold(held_minor=5_000))
    issue()
    issue(producer="aigerim")
    taken_to("approved")
    assert ledger_findings() == []

    def run(sql: str, *parameters: object) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute("SET LOCAL session_replication_role = replica")
            cursor.execute(sql, parameters)
            assert cursor.rowcount == 1, "the test breaks exactly one row"
            cursor.execute("SET LOCAL session_replication_role = origin")

    return run


POSTING_OF = (
    f"SELECT p.id FROM {PREFIX}posting p JOIN {PREFIX}entry e ON e.id = p.entry_id"
    f" JOIN {PREFIX}account a ON a.id = p.account_id WHERE e.reference = 'settle:o2:1' AND a.path = 'association:fee'"
)


def test_a_sound_ledger_has_no_findings(damage: Break) -> None:
    call_command("ovop_check_ledger")


def test_a_changed_amount_is_found_in_its_entry(damage: Break) -> None:
    damage(f"UPDATE {PREFIX}posting SET amount_minor = amount_minor - 1 WHERE id = ({POSTING_OF})")

    assert ledger_findings() == [Finding("entry_unbalanced", "entry settle:o2:1 is off by -1 KGS")]
    with pytest.raises(CommandError):
        call_command("ovop_check_ledger")


def test_a_deleted_posting_is_found_in_its_entry(damage: Break) -> None:
    damage(f"DELETE FROM {PREFIX}posting WHERE id = ({POSTING_OF})")

    assert ledger_findings() == [Finding("entry_unbalanced", "entry settle:o2:1 is off by 850 KGS")]


def test_an_entry_without_postings_is_found(damage: Break) -> None:
    damage(
        f"INSERT INTO {PREFIX}entry (reference, kind, order_id, reason, content_sha256, posted_at)"
        " VALUES ('by hand', 'sale', '', '', '', now())"
    )

    assert ledger_findings() == [Finding("entry_empty", "entry by hand has no postings")]


def test_a_posting_in_another_currency_than_its_accounts_is_found(damage: Break) -> None:
    damage(f"UPDATE {PREFIX}posting SET currency = 'USD' WHERE id = ({POSTING_OF})")

    findings = ledger_findings()

    assert [finding.code for finding in findings] == [
        "entry_unbalanced",
        "entry_unbalanced",
        "currency_mismatch",
        "order_currency_mixed",
    ]
    assert findings[2].what.endswith(" is in USD on an account in KGS")
    assert findings[3].what == "order 1002 is in KGS and has postings in USD"


def test_an_order_that_holds_other_than_the_shop_said_is_found(damage: Break) -> None:
    damage(
        f"UPDATE {PREFIX}settledorder SET snapshot = jsonb_set(snapshot, '{{held_minor}}', '9999') WHERE order_id = 'o2'"
    )

    assert ledger_findings() == [
        Finding("order_unequal_to_snapshot", "order 1002 holds 10000 but the shop held 9999"),
    ]


def test_an_order_whose_payment_was_never_posted_is_found(damage: Break) -> None:
    damage(
        f"INSERT INTO {PREFIX}settledorder (order_id, number, channel, currency, outlet, settlements, snapshot)"
        """ VALUES ('o9', '1009', '', 'KGS', '', 0, '{"held_minor": 5}')"""
    )

    assert ledger_findings() == [Finding("order_unequal_to_snapshot", "order 1009 holds 0 but the shop held 5")]


def test_an_order_in_another_currency_than_its_postings_is_found(damage: Break) -> None:
    damage(f"UPDATE {PREFIX}settledorder SET currency = 'USD' WHERE order_id = 'o2'")

    assert ledger_findings() == [Finding("order_currency_mixed", "order 1002 is in USD and has postings in KGS")]


def test_a_payout_of_another_amount_than_is_in_transit_is_found(damage: Break) -> None:
    damage(f"UPDATE {PREFIX}payout SET amount_minor = amount_minor + 1 WHERE producer_code = 'ak-kiyiz'")

    (finding,) = ledger_findings()
    assert finding.code == "in_transit_unequal_to_payouts"
    assert finding.what.startswith("in transit to ak-kiyiz: ")


def test_a_payout_said_to_be_completed_while_its_money_is_in_transit_is_found(damage: Break) -> None:
    damage(f"UPDATE {PREFIX}payout SET status = 'completed' WHERE producer_code = 'ak-kiyiz'")

    (finding,) = ledger_findings()
    assert finding.code == "in_transit_unequal_to_payouts"
    assert finding.what.endswith(" in the ledger, 0 in payouts")


def test_a_payout_without_a_claim_is_found(damage: Break) -> None:
    damage(
        f"INSERT INTO {PREFIX}payout (batch_id, producer_code, currency, amount_minor, status, payment_reference)"
        f" SELECT id, 'boyan', 'KGS', 7, 'submitted', '' FROM {PREFIX}payoutbatch"
    )

    assert ledger_findings() == [
        Finding("in_transit_unequal_to_payouts", "in transit to boyan: 0 KGS in the ledger, 7 in payouts")
    ]


def test_a_gap_in_the_statement_numbers_is_found(damage: Break) -> None:
    damage(f"UPDATE {PREFIX}statement SET number = 3 WHERE number = 2")

    assert ledger_findings() == [Finding("statement_number_gap", "statement numbers run from 1 to 3 but there are 2")]


def test_a_statement_that_lost_a_posting_is_found(damage: Break) -> None:
    damage(
        f"DELETE FROM {PREFIX}statementposting WHERE statement_id ="
        f" (SELECT id FROM {PREFIX}statement WHERE producer_code = 'aigerim')"
    )

    (finding,) = ledger_findings()
    assert finding.code == "statement_unequal_to_postings"
    assert finding.what.startswith("statement 2 closes at ")


def test_a_statement_with_another_closing_balance_is_found(damage: Break) -> None:
    damage(
        f"UPDATE {PREFIX}statement SET content = jsonb_set(content, '{{closing_minor}}', '1') WHERE number = 1",
    )

    (finding,) = ledger_findings()
    assert finding.code == "statement_unequal_to_postings"
    assert finding.what.startswith("statement 1 closes at 1 ")
