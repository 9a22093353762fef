"""Settling orders: from what the shop says now to what the ledger says, by posting the difference.

Level-triggered: it does not matter which event called, how often, or in which order. Each order is one locked row;
the snapshot is read AFTER the lock is held, so that of two workers the later one never posts an older truth.
"""

import datetime
import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

from django.db import connection, transaction

from ovop_certification.selectors import CertificateFacts, certificates_of_sales
from ovop_origin.selectors import OriginFacts, product_origins
from ovop_producer_payouts import accounts
from ovop_producer_payouts.errors import InvalidSnapshot
from ovop_producer_payouts.locks import lock_orders
from ovop_producer_payouts.models import EntryKind, SettledLine, SettledOrder, SplitRuleVersion
from ovop_producer_payouts.selectors import posted_parts, rule_versions
from ovop_producer_payouts.services.ledger import EntryDraft, PostingDraft, entries_post
from ovop_producer_payouts.snapshot import LineSnapshot, OrderSnapshot, OrderState, snapshot_as_json
from ovop_producer_payouts.split import (
    PAYMENT,
    LineTerms,
    MakerShare,
    Parts,
    PostingKey,
    Step,
    difference,
    order_targets,
)
from ovop_producer_payouts.split_rules import steps_from_document, terms_as_document, terms_from_document
from ovop_shared.shop_time import shop_day

SnapshotReader = Callable[[Collection[str]], Mapping[str, OrderSnapshot]]

HOLD_DAYS = 14


@dataclass(frozen=True, slots=True)
class Settlement:
    """What settling an order came to: `posted` is empty when the ledger was right already."""

    order_id: str
    posted: Parts
    unresolved_lines: tuple[str, ...]


def orders_settle(
    order_ids: Collection[str], read_snapshots: SnapshotReader, *, at: datetime.datetime, hold_days: int = HOLD_DAYS
) -> list[Settlement]:
    """Bring the ledger of these orders to what `read_snapshots` says of them now; all of them or none.

    `read_snapshots` is called once, inside the transaction and after every order is locked. An order it leaves out
    is one the shop no longer has: its postings stay. A second call without a change posts nothing. The number of
    queries does not depend on the number of orders or lines.
    """
    wanted = sorted(set(order_ids))
    if not wanted:
        return []
    with transaction.atomic():
        orders = _locked_orders(wanted)
        told = read_snapshots(wanted)
        snapshots = {each: _as_sale(snapshot, orders[each], at) for each, snapshot in told.items()}
        terms = _terms(orders, snapshots)
        posted = posted_parts(wanted)
        settlements: list[Settlement] = []
        drafts: list[EntryDraft] = []
        changed: list[SettledOrder] = []
        for order_id, snapshot in sorted(snapshots.items()):
            order_terms = terms[order_id]
            delta = difference(order_targets(snapshot, order_terms), posted.get(order_id, {}))
            unresolved = tuple(sorted(line for line, each in order_terms.items() if not each.is_resolved))
            settlements.append(Settlement(order_id, delta, unresolved))
            order = orders[order_id]
            if _note(order, told[order_id], hold_days, at) or delta:
                changed.append(order)
            if delta:
                order.settlements += 1
                drafts.append(_draft(order, snapshot, delta, is_first=not posted.get(order_id), at=at))
        entries_post(drafts)
        _save(changed)
    return settlements


def _locked_orders(order_ids: Collection[str]) -> dict[str, SettledOrder]:
    """Every order's row under lock, made first where this is the order's first settlement."""
    orders = {order.order_id: order for order in lock_orders(order_ids)}
    missing = [order_id for order_id in order_ids if order_id not in orders]
    if missing:
        SettledOrder.objects.bulk_create([SettledOrder(order_id=each) for each in missing], ignore_conflicts=True)
        orders |= {order.order_id: order for order in lock_orders(missing)}
    return orders


def _save(orders: Collection[SettledOrder]) -> None:
    """One statement for any number of rows."""
    if not orders:
        return
    rows = [
        {
            "id": order.pk,
            "number": order.number,
            "channel": order.channel,
            "currency": order.currency,
            "outlet": order.outlet,
            "placed_at": order.placed_at,
            "changed_at": order.changed_at,
            "payable_at": order.payable_at,
            "settlements": order.settlements,
            "snapshot": order.snapshot,
        }
        for order in orders
    ]
    with connection.cursor() as cursor:
        # One JSON document, not an array per column: quoting JSON inside an array costs more than all the rest.
        cursor.execute(
            """
            UPDATE ovop_producer_payouts_settledorder AS o
            SET number = v.number, channel = v.channel, currency = v.currency, outlet = v.outlet,
                placed_at = v.placed_at, changed_at = v.changed_at, payable_at = v.payable_at,
                settlements = v.settlements, snapshot = v.snapshot
            FROM jsonb_to_recordset(%s::jsonb)
                AS v (id bigint, number text, channel text, currency text, outlet text, placed_at timestamptz,
                      changed_at timestamptz, payable_at timestamptz, settlements integer, snapshot jsonb)
            WHERE o.id = v.id
            """,
            [json.dumps(rows, ensure_ascii=False, default=_moment)],
        )


def _moment(value: object) -> str:
    assert isinstance(value, datetime.datetime)
    return value.isoformat()


def _as_sale(snapshot: OrderSnapshot, order: SettledOrder, at: datetime.datetime) -> OrderSnapshot:
    """An order that became payable goes on being a sale even where the shop holds it again, as unconfirmed, after its
    fulfilment was taken back: its makers may have been paid. Otherwise a held order's money is the customer's."""
    has_been_payable = order.payable_at is not None and order.payable_at <= at
    if snapshot.state is OrderState.UNCONFIRMED and has_been_payable:
        return replace(snapshot, state=OrderState.OPEN)
    return snapshot


def _note(order: SettledOrder, snapshot: OrderSnapshot, hold_days: int, at: datetime.datetime) -> bool:
    """Take over what the shop says; True when it differs from what the row said.

    What has become payable stays payable, even if goods come back later: it may have been paid out, and would turn
    into a debt that nobody has. What is really taken back from a maker is a refund, and that is posted. Raises
    InvalidSnapshot when the order is in another currency than before.
    """
    if order.currency not in ("", snapshot.currency):
        raise InvalidSnapshot(
            f"Order {snapshot.order_id} was settled in {order.currency} and is now in {snapshot.currency}.",
            field="currency",
            params={"order_id": snapshot.order_id},
        )
    before = (order.snapshot, order.payable_at)
    order.number = snapshot.number
    order.channel = snapshot.channel
    order.currency = snapshot.currency
    order.outlet = snapshot.outlet
    order.placed_at = snapshot.placed_at
    order.changed_at = snapshot.changed_at
    if order.payable_at is None or order.payable_at > at:
        fulfilled_at = snapshot.fulfilled_at
        order.payable_at = fulfilled_at + datetime.timedelta(days=hold_days) if fulfilled_at else None
    order.snapshot = snapshot_as_json(snapshot)
    return before != (order.snapshot, order.payable_at)


def _draft(
    order: SettledOrder, snapshot: OrderSnapshot, delta: Parts, *, is_first: bool, at: datetime.datetime
) -> EntryDraft:
    money_moved = delta.get(PostingKey(accounts.PSP_CLEARING, "", PAYMENT), 0)
    if is_first:
        kind = EntryKind.SALE
    elif money_moved < 0:
        kind = EntryKind.REFUND
    else:
        kind = EntryKind.ADJUSTMENT
    return EntryDraft(
        reference=f"settle:{snapshot.order_id}:{order.settlements}",
        kind=kind,
        posted_at=at,
        order_id=snapshot.order_id,
        quantities={line.line_id: line.quantity for line in snapshot.lines},
        postings=tuple(
            PostingDraft(key.account, snapshot.currency, amount_minor, key.line_id, key.step)
            for key, amount_minor in delta.items()
        ),
    )


def _terms(
    orders: Mapping[str, SettledOrder], snapshots: Mapping[str, OrderSnapshot]
) -> dict[str, dict[str, LineTerms]]:
    """Order id -> line id -> terms: the frozen ones; for lines of a sale seen first, or still unresolved, today's.

    An order that is not a sale yet freezes nothing: its lines may still be edited.
    """
    frozen: dict[tuple[str, str], SettledLine] = {}
    for row in SettledLine.objects.filter(order__in=orders.values()).select_related("order"):
        frozen[row.order.order_id, row.line_id] = row
    open_lines = [
        (snapshot, line)
        for snapshot in snapshots.values()
        for line in snapshot.lines
        if snapshot.state is OrderState.OPEN
        if (snapshot.order_id, line.line_id) not in frozen or not frozen[snapshot.order_id, line.line_id].is_resolved
    ]
    fresh = _freeze(orders, frozen, open_lines)
    return {
        snapshot.order_id: {
            line.line_id: fresh.get((snapshot.order_id, line.line_id))
            or terms_from_document(frozen[snapshot.order_id, line.line_id].terms)
            for line in snapshot.lines
            if (snapshot.order_id, line.line_id) in frozen
        }
        for snapshot in snapshots.values()
    }


def _freeze(
    orders: Mapping[str, SettledOrder],
    frozen: dict[tuple[str, str], SettledLine],
    open_lines: list[tuple[OrderSnapshot, LineSnapshot]],
) -> dict[tuple[str, str], LineTerms]:
    """Freeze today's terms for these lines, into `frozen` and the table; the terms that are new."""
    fresh: dict[tuple[str, str], LineTerms] = {}
    if not open_lines:
        return fresh
    product_pks = {line.product_pk for _, line in open_lines if line.product_pk is not None}
    origins = product_origins(product_pks)
    rules = rule_versions(
        {snapshot.order_id: (snapshot.channel, shop_day(snapshot.placed_at)) for snapshot, _ in open_lines}
    )
    certificates = certificates_of_sales(
        {(line.product_pk, snapshot.placed_at) for snapshot, line in open_lines if line.product_pk is not None}
    )
    steps: dict[int, tuple[Step, ...]] = {}
    rendered: dict[tuple[int, int | None, str], tuple[LineTerms, dict[str, Any]]] = {}
    created: list[SettledLine] = []
    learned: list[SettledLine] = []
    for snapshot, line in open_lines:
        origin = origins.get(line.product_pk) if line.product_pk is not None else None
        rule = rules.get(snapshot.order_id)
        if rule is not None and rule.pk not in steps:
            steps[rule.pk] = steps_from_document(rule.document)
        same = (rule.pk if rule else 0, line.product_pk, snapshot.outlet)
        if same not in rendered:
            today = _today(snapshot, origin, rule, steps[rule.pk] if rule else ())
            rendered[same] = (today, terms_as_document(today))
        terms, document = rendered[same]
        key = (snapshot.order_id, line.line_id)
        row = frozen.get(key)
        if row is not None and not terms.is_resolved:
            continue
        if row is None:
            row = SettledLine(order=orders[snapshot.order_id], line_id=line.line_id)
            created.append(row)
        else:
            learned.append(row)
        row.product_pk = line.product_pk
        row.product_name = line.product_name
        row.is_resolved = terms.is_resolved
        row.terms = document
        fresh[key] = terms
        sale = (line.product_pk or 0, snapshot.placed_at)
        row.facts = _facts(snapshot, line, origin, certificates.get(sale, ()))
        frozen[key] = row
    _copy_lines(created)
    if learned:
        SettledLine.objects.bulk_update(learned, ["product_pk", "product_name", "is_resolved", "terms", "facts"])
    return fresh


def _copy_lines(lines: Collection[SettledLine]) -> None:
    if not lines:
        return
    with (
        connection.cursor() as cursor,
        cursor.copy(
            "COPY ovop_producer_payouts_settledline"
            " (order_id, line_id, product_pk, product_name, is_resolved, terms, facts) FROM STDIN"
        ) as copy,
    ):
        for line in lines:
            copy.write_row(
                (
                    line.order_id,
                    line.line_id,
                    line.product_pk,
                    line.product_name,
                    line.is_resolved,
                    json.dumps(line.terms, ensure_ascii=False),
                    json.dumps(line.facts, ensure_ascii=False),
                )
            )


def _today(
    snapshot: OrderSnapshot, origin: OriginFacts | None, rule: SplitRuleVersion | None, steps: tuple[Step, ...]
) -> LineTerms:
    return LineTerms(
        rule_code=rule.code if rule else "",
        rule_version=rule.version if rule else 0,
        steps=steps,
        makers=tuple(MakerShare(maker.producer_code, maker.share) for maker in origin.makers) if origin else (),
        village_code=origin.village_code if origin else "",
        outlet=snapshot.outlet,
    )


def _facts(
    snapshot: OrderSnapshot,
    line: LineSnapshot,
    origin: OriginFacts | None,
    certificates: tuple[CertificateFacts, ...],
) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "product_names": dict(line.product_names),
        "channel": snapshot.channel,
        "outlet": snapshot.outlet,
        "country": snapshot.country,
        "certificates": [
            {
                "scheme": each.scheme_code,
                "number": each.number,
                "issuing_body": each.issuing_body,
                "status": each.status.value,
            }
            for each in certificates
        ],
    }
    if origin is not None:
        facts |= {
            "village": {"code": origin.village_code, "names": dict(origin.village_names)},
            "region": {"code": origin.region_code, "names": dict(origin.region_names)},
            "makers": {maker.producer_code: dict(maker.names) for maker in origin.makers},
        }
    return facts
