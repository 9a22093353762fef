"""An order that the shop holds after it was settled: its money is the customer's until it goes on; what has become payable
stays payable; and at no moment is the ledger off."""

import datetime
from dataclasses import replace

import pytest
from payouts_world import AT, DAY, line, order, posted, settle

from ovop_producer_payouts.audit import ledger_findings
from ovop_producer_payouts.models import SettledOrder
from ovop_producer_payouts.snapshot import OrderSnapshot, OrderState

pytestmark = pytest.mark.usefixtures("world")


def a_sale(**changes: object) -> OrderSnapshot:
    sold = order(line(gross_minor=11_200, net_minor=10_000), shipping_gross_minor=560, shipping_net_minor=500)
    return replace(sold, **changes)  # type: ignore[arg-type]


def sums(order_id: str = "o1") -> dict[str, int]:
    accounts: dict[str, int] = {}
    for (account, _, _), amount in posted(order_id).items():
        accounts[account] = accounts.get(account, 0) + amount
    return {account: amount for account, amount in accounts.items() if amount}


def test_a_held_orders_money_is_the_customers_and_goes_back_to_the_makers_with_its_release() -> None:
    settle(a_sale())
    split = posted("o1")

    settle(a_sale(state=OrderState.UNCONFIRMED))
    assert sums() == {"psp:clearing": 11_760, "customer:prepaid": -11_760}
    assert ledger_findings() == []

    # Given back in part while it is held: what is posted is what is still there.
    settle(a_sale(state=OrderState.UNCONFIRMED, held_minor=11_000))
    assert sums() == {"psp:clearing": 11_000, "customer:prepaid": -11_000}

    settle(a_sale())
    assert posted("o1") == split
    assert ledger_findings() == []


@pytest.mark.parametrize(("days_later", "stays"), [(13, False), (14, True), (99, True)])
def test_what_has_become_payable_stays_the_makers_though_the_order_is_held(days_later: int, stays: bool) -> None:
    settle(a_sale(fulfilled_at=AT), hold_days=14)
    split = posted("o1")
    later = AT + days_later * DAY

    # The fulfilment was cancelled, and then the order held.
    settle(a_sale(fulfilled_at=None, state=OrderState.UNCONFIRMED), hold_days=14, at=later)

    assert (posted("o1") == split) is stays
    assert (SettledOrder.objects.get().payable_at is not None) is stays
    assert sum(sums().values()) == 0
    assert sums()["psp:clearing"] == 11_760
    assert ledger_findings() == []

    settle(a_sale(fulfilled_at=None), hold_days=14, at=later + datetime.timedelta(hours=1))
    assert posted("o1") == split
