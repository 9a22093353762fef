"""The reads of the money."""

import datetime
from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from django.db.models import Count, F, Q, Sum

from ovop_producer_payouts.accounts import producer_of
from ovop_producer_payouts.models import SETTLEMENT_KINDS, Posting, SettledOrder, SplitRuleVersion
from ovop_producer_payouts.split import Parts, PostingKey


@dataclass(frozen=True, slots=True)
class Balance:
    """What an account stands at, in minor units; positive when it holds, negative when it owes."""

    account: str
    currency: str
    amount_minor: int


def posted_parts(order_ids: Collection[str]) -> dict[str, Parts]:
    """What is posted for each order by settlement, summed by account, line and step. One query."""
    parts: dict[str, Parts] = defaultdict(dict)
    rows = (
        Posting.objects.filter(entry__order_id__in=order_ids, entry__kind__in=SETTLEMENT_KINDS)
        .values_list("entry__order_id", "account__path", "line_id", "step")
        .annotate(total=Sum("amount_minor"))
    )
    for order_id, path, line_id, step, total in rows:
        if total:
            parts[order_id][PostingKey(path, line_id, step)] = int(total)
    return dict(parts)


def balances(*, prefix: str = "", currency: str | None = None, until: datetime.datetime | None = None) -> list[Balance]:
    """Balances of the accounts whose path starts with `prefix`, as they stood at the end of `until`; zeros left out."""
    postings = Posting.objects.filter(account__path__startswith=prefix)
    if currency is not None:
        postings = postings.filter(currency=currency)
    if until is not None:
        postings = postings.filter(entry__posted_at__lte=until)
    rows = (
        postings.values_list("account__path", "currency")
        .annotate(total=Sum("amount_minor"))
        .order_by("currency", "account__path")
    )
    return [Balance(path, code, int(total)) for path, code, total in rows if total]


def payable_minor(currency: str, payable_until: datetime.datetime) -> dict[str, int]:
    """Producer code -> minor units that may be paid out, negative when the producer owes.

    Counts everything posted on `producer:…:payable` but the sales that are not payable by `payable_until`.
    """
    not_yet = SettledOrder.objects.filter(Q(payable_at=None) | Q(payable_at__gt=payable_until)).values("order_id")
    rows = (
        Posting.objects.filter(account__path__regex=r"^producer:.*:payable$", currency=currency)
        .exclude(~Q(entry__order_id=""), entry__order_id__in=not_yet)
        .values_list("account__path")
        .annotate(total=Sum("amount_minor"))
    )
    owed = {producer_of(path): -int(total) for path, total in rows}
    return {code: amount for code, amount in sorted(owed.items(), key=lambda item: item[0] or "") if code and amount}


def rule_versions(placed: Mapping[str, tuple[str, datetime.date]]) -> dict[str, SplitRuleVersion]:
    """Order id -> the rule version its sale falls under; `placed` gives each order's channel and day. One query.

    The channel's own rule goes before the general one; of those in force the youngest counts.
    """
    if not placed:
        return {}
    latest = max(day for _, day in placed.values())
    versions = list(
        SplitRuleVersion.objects.filter(
            channel__in={"", *(channel for channel, _ in placed.values())}, valid_from_on__lte=latest
        ).order_by("valid_from_on", "version")
    )
    chosen: dict[str, SplitRuleVersion] = {}
    for order_id, (channel, day) in placed.items():
        for version in versions:
            if version.valid_from_on > day or version.channel not in ("", channel):
                continue
            current = chosen.get(order_id)
            if current is None or version.channel or not current.channel:
                chosen[order_id] = version
    return chosen


def producers_with_postings() -> set[tuple[str, str]]:
    """(producer code, currency) of every producer's account that was ever posted to."""
    paths = Posting.objects.filter(account__path__startswith="producer:").values_list("account__path", "currency")
    return {(code, currency) for path, currency in paths.distinct() if (code := producer_of(path))}


@dataclass(frozen=True, slots=True)
class PostingRow:
    """A posting with what its entry says of it."""

    pk: int
    entry_reference: str
    kind: str
    posted_at: datetime.datetime
    order_id: str
    line_id: str
    step: str
    account: str
    currency: str
    amount_minor: int


def order_postings(order_id: str) -> list[PostingRow]:
    """Every posting of an order, oldest first."""
    return _rows(Q(entry__order_id=order_id))


def _rows(where: Q) -> list[PostingRow]:
    fields = Posting.objects.filter(where).order_by("entry__posted_at", "entry_id", "pk")
    return [
        PostingRow(*row)
        for row in fields.values_list(
            "pk",
            "entry__reference",
            "entry__kind",
            "entry__posted_at",
            "entry__order_id",
            "line_id",
            "step",
            "account__path",
            "currency",
            "amount_minor",
        )
    ]


@dataclass(frozen=True, slots=True)
class CurrencyTotal:
    """All that is posted in a currency; `sum_minor` is zero or the ledger is broken."""

    currency: str
    entries: int
    postings: int
    sum_minor: int


def currency_totals() -> list[CurrencyTotal]:
    rows = (
        Posting.objects.values_list("currency")
        .annotate(entries=Count("entry", distinct=True), postings=Count("pk"), total=Sum("amount_minor"))
        .order_by("currency")
    )
    return [CurrencyTotal(currency, entries, postings, int(total)) for currency, entries, postings, total in rows]


def latest_snapshots(order_ids: Collection[str] | None = None) -> dict[str, SettledOrder]:
    orders = SettledOrder.objects.exclude(snapshot=None).order_by(F("placed_at"), "pk")
    if order_ids is not None:
        orders = orders.filter(order_id__in=order_ids)
    return {order.order_id: order for order in orders}
