"""GraphQL of the money, read-only. Amounts are strings of minor units: GraphQL's Int ends at 2^31."""

from typing import Any

import graphene

from ovop_producer_payouts import access, selectors
from ovop_producer_payouts.accounts import producer_payable
from ovop_producer_payouts.models import SettledOrder, Statement
from ovop_producer_payouts.order_page import order_sections
from ovop_producer_payouts.statement_links import statement_token
from ovop_shared.mounting import page_url
from ovop_shared.pages import request_language
from ovop_shared.requester import requester_of


class AmountType(graphene.ObjectType):  # type: ignore[misc]
    class Meta:
        name = "OvopAmount"
        description = "Minor units of an ISO 4217 currency."

    minor = graphene.String(required=True)
    currency = graphene.String(required=True)


class BalanceType(graphene.ObjectType):  # type: ignore[misc]
    class Meta:
        name = "OvopBalance"
        description = "What an account stands at: positive when it holds, negative when it owes."

    account = graphene.String(required=True)
    amount = graphene.Field(AmountType, required=True)


class PartType(graphene.ObjectType):  # type: ignore[misc]
    class Meta:
        name = "OvopSplitPart"

    name = graphene.String(required=True)
    account = graphene.String(required=True)
    amount = graphene.Field(AmountType, required=True)


class SectionType(graphene.ObjectType):  # type: ignore[misc]
    class Meta:
        name = "OvopSplitSection"
        description = "One order line, or the order itself: where its money went."

    title = graphene.String(required=True)
    rule = graphene.String(required=True, description="Code and version of the split rule, empty when none applied.")
    is_resolved = graphene.Boolean(required=True, description="False while the makers or the rule are not known.")
    parts = graphene.List(graphene.NonNull(PartType), required=True)


class PostingType(graphene.ObjectType):  # type: ignore[misc]
    class Meta:
        name = "OvopPosting"

    entry = graphene.String(required=True)
    kind = graphene.String(required=True)
    posted_at = graphene.DateTime(required=True)
    account = graphene.String(required=True)
    line_id = graphene.String(required=True)
    step = graphene.String(required=True)
    amount = graphene.Field(AmountType, required=True)


class SplitType(graphene.ObjectType):  # type: ignore[misc]
    class Meta:
        name = "OvopOrderSplit"

    order_id = graphene.ID(required=True)
    number = graphene.String(required=True)
    channel = graphene.String(required=True)
    currency = graphene.String(required=True)
    sections = graphene.List(graphene.NonNull(SectionType), required=True)
    postings = graphene.List(graphene.NonNull(PostingType), required=True)

    @staticmethod
    def resolve_sections(root: SettledOrder, info: Any) -> list[dict[str, Any]]:
        return [
            {
                "title": section.title,
                "rule": section.rule,
                "is_resolved": section.is_resolved,
                "parts": [
                    {"name": part.name, "account": part.account, "amount": _amount(part.amount_minor, root.currency)}
                    for part in section.parts
                ],
            }
            for section in order_sections(root, request_language(info.context))
        ]

    @staticmethod
    def resolve_postings(root: SettledOrder, info: Any) -> list[dict[str, Any]]:
        return [
            {
                "entry": row.entry_reference,
                "kind": row.kind,
                "posted_at": row.posted_at,
                "account": row.account,
                "line_id": row.line_id,
                "step": row.step,
                "amount": _amount(row.amount_minor, row.currency),
            }
            for row in selectors.order_postings(root.order_id)
        ]


class StatementType(graphene.ObjectType):  # type: ignore[misc]
    class Meta:
        name = "OvopStatement"

    number = graphene.Int(required=True)
    currency = graphene.String(required=True)
    period_from_on = graphene.Date(required=True)
    period_until_on = graphene.Date(required=True)
    opening = graphene.Field(AmountType, required=True)
    closing = graphene.Field(AmountType, required=True)
    sha256 = graphene.String(required=True, description="Of the content as JSON with sorted keys.")
    link = graphene.String(required=True, description="A signed path that opens the statement without an account.")

    @staticmethod
    def resolve_opening(root: Statement, info: Any) -> dict[str, str]:
        return _amount(root.content["opening_minor"], root.currency)

    @staticmethod
    def resolve_closing(root: Statement, info: Any) -> dict[str, str]:
        return _amount(root.content["closing_minor"], root.currency)

    @staticmethod
    def resolve_sha256(root: Statement, info: Any) -> str:
        return root.content_sha256

    @staticmethod
    def resolve_link(root: Statement, info: Any) -> str:
        return page_url("ovop_producer_payouts:statement-link", token=statement_token(root.number))


class ProducerAccountType(graphene.ObjectType):  # type: ignore[misc]
    class Meta:
        name = "OvopProducerAccount"
        description = "What a producer is owed, per currency, and its statements."

    code = graphene.String(required=True)
    balances = graphene.List(graphene.NonNull(BalanceType), required=True)
    statements = graphene.List(graphene.NonNull(StatementType), required=True)

    @staticmethod
    def resolve_balances(root: dict[str, str], info: Any) -> list[dict[str, Any]]:
        path = producer_payable(root["code"])
        return [_balance(each) for each in selectors.balances(prefix=path) if each.account == path]

    @staticmethod
    def resolve_statements(root: dict[str, str], info: Any) -> list[Statement]:
        return list(Statement.objects.filter(producer_code=root["code"]).order_by("number"))


class Query(graphene.ObjectType):  # type: ignore[misc]
    balances = graphene.List(
        graphene.NonNull(BalanceType), required=True, prefix=graphene.String(), currency=graphene.String()
    )
    order_split = graphene.Field(SplitType, order_id=graphene.ID(required=True))
    producer_account = graphene.Field(ProducerAccountType, code=graphene.String(required=True))

    @staticmethod
    def resolve_balances(root: None, info: Any, prefix: str = "", currency: str | None = None) -> list[dict[str, Any]]:
        access.require_money(requester_of(info.context))
        return [_balance(each) for each in selectors.balances(prefix=prefix, currency=currency)]

    @staticmethod
    def resolve_order_split(root: None, info: Any, order_id: str) -> SettledOrder | None:
        requester = requester_of(info.context)
        access.require_money(requester)
        found = SettledOrder.objects.filter(order_id=order_id).exclude(snapshot=None).first()
        if found is not None:
            access.require_order(requester, found)
        return found

    @staticmethod
    def resolve_producer_account(root: None, info: Any, code: str) -> dict[str, str]:
        access.require_producer(requester_of(info.context), code)
        return {"code": code}


def _amount(minor: int, currency: str) -> dict[str, str]:
    return {"minor": str(minor), "currency": currency}


def _balance(balance: selectors.Balance) -> dict[str, Any]:
    return {"account": balance.account, "amount": _amount(balance.amount_minor, balance.currency)}


schema = graphene.Schema(query=Query)
