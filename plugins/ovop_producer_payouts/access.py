"""Who may see whose money."""

from collections.abc import Collection

from ovop_origin.selectors import producers
from ovop_producer_payouts.models import SettledOrder, Statement
from ovop_shared.errors import AuthenticationRequired, NotFound
from ovop_shared.requester import HANDLE_PAYMENTS, Requester, RequesterKind


def require_money(requester: Requester) -> None:
    """Staff and apps see balances and entries with Saleor's right to handle payments, nobody without it."""
    requester.require(HANDLE_PAYMENTS)


def require_order(requester: Requester, order: SettledOrder) -> None:
    """As require_money, and only orders of the channels the staff member works in."""
    require_money(requester)
    if requester.channels is not None and order.channel not in requester.channels:
        raise NotFound("There is no such order.")


def own_producers(requester: Requester, codes: Collection[str]) -> frozenset[str]:
    """Those of the producers that are the requester's own: the Saleor account in the registry is the requester's."""
    if requester.kind not in (RequesterKind.CUSTOMER, RequesterKind.STAFF) or not requester.user_id:
        return frozenset()
    facts = producers(codes)
    return frozenset(code for code, each in facts.items() if each.saleor_user_id == requester.user_id)


def require_producer(requester: Requester, producer_code: str) -> None:
    """The producer itself, or who may see all the money. To others another's account does not exist."""
    if requester.has(HANDLE_PAYMENTS) or producer_code in own_producers(requester, [producer_code]):
        return
    if requester.kind is RequesterKind.ANONYMOUS:
        raise AuthenticationRequired("Sign in to see this.")
    raise NotFound("There is no such account.")


def require_statement(requester: Requester, statement: Statement) -> None:
    require_producer(requester, statement.producer_code)
