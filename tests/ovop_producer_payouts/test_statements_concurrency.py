"""Statements issued by many at once: no number skipped, none given twice, no posting on two."""

import datetime

import pytest
from payouts_world import AT, DAY, at_once, line, order, settle

from ovop_producer_payouts.audit import ledger_findings
from ovop_producer_payouts.models import Statement, StatementPosting
from ovop_producer_payouts.services.statements import statement_issue

PRODUCERS = ("ak-kiyiz", "aigerim", "chiy", "boyan")


@pytest.mark.usefixtures("committed_world")
def test_many_issuers_at_once_leave_no_gap_and_issue_nothing_twice() -> None:
    settle(order(line()))

    def issue(number: int) -> int:
        statement = statement_issue(
            producer_code=PRODUCERS[number % 4],
            currency="KGS",
            period_from_on=datetime.date(2025, 6, 1),
            period_until_on=datetime.date(2025, 6, 30),
            at=AT + 60 * DAY,
        )
        return statement.number

    numbers = at_once(24, issue)

    assert set(numbers) == {1, 2, 3, 4}
    assert all(numbers.count(number) == 6 for number in (1, 2, 3, 4))
    assert sorted(Statement.objects.values_list("number", flat=True)) == [1, 2, 3, 4]
    assert StatementPosting.objects.count() == 3
    assert ledger_findings() == []
