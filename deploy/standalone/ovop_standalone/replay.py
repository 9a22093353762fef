"""The demo's story: registry, refusals, orders, one payout batch per currency, statements.

Every step is safe to repeat and takes its moments from the recording, so that a run that was killed half-way and
run again ends in exactly the state of one that was not.
"""

import datetime
import json
from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from ovop_certification.models import CommitteeMember
from ovop_certification.selectors import decide
from ovop_certification.services.committee import committee_load, member_save
from ovop_certification.services.registry import registry_load as certification_load
from ovop_origin.services import registry_load as origin_load
from ovop_producer_payouts import selectors
from ovop_producer_payouts.models import Payout, PayoutBatch, SettledOrder, Statement
from ovop_producer_payouts.services.batches import (
    batch_approve,
    batch_close,
    batch_draft,
    batch_submit,
    payout_complete,
)
from ovop_producer_payouts.services.rules import split_rules_load
from ovop_producer_payouts.services.settlement import HOLD_DAYS, orders_settle
from ovop_producer_payouts.services.statements import statement_issue
from ovop_producer_payouts.snapshot import OrderSnapshot
from ovop_shared.catalogue import host_catalogue
from ovop_shared.shop_time import shop_day
from ovop_standalone.catalogue import known_products_store
from ovop_standalone.recordings import Recording

SAMPLE = Path(__file__).resolve().parents[3] / "storefront-config" / "sample"
CLERK, MANAGER = "demo clerk", "demo manager"
COMMITTEE_MEMBER, COMMITTEE_USER_ID = "sample-technologist", "4"

Step = Callable[[], None]


@dataclass(frozen=True, slots=True)
class Replay:
    """The steps of one recording; `advance` is called after each unit of work."""

    recording: Recording

    def load_registry(self) -> None:
        known_products_store(self.recording.products)
        at = min(moment.snapshot.placed_at for moment in self.recording.moments)
        origin_load(_sample("origin.json"), catalogue=host_catalogue(), at=at)
        certification_load(_sample("certification.json"), catalogue=host_catalogue(), at=at)
        committee_load(_sample("committee.json"), catalogue=host_catalogue())
        # So that the demo's member of the committee may score.
        member = CommitteeMember.objects.get(code=COMMITTEE_MEMBER)
        member_save(member.code, member.name, user_id=COMMITTEE_USER_ID)
        split_rules_load(_sample("payouts.json"), by=CLERK, at=at)

    def refusals(self) -> list[dict[str, Any]]:
        """What the shop refused, and what the gate says of the same products at the same moment here."""
        report = []
        for refusal in self.recording.refusals:
            products = host_catalogue().by_slug(refusal.product_slugs)
            decisions = decide(
                list(products.values()), channel_slug=refusal.channel, country_code=refusal.country, at=refusal.at
            )
            for slug in refusal.product_slugs:
                decision = decisions[products[slug].pk]
                report.append(
                    {
                        "story": refusal.story,
                        "channel": refusal.channel,
                        "product": slug,
                        "allowed": decision.allowed,
                        "codes": sorted({reason.code.value for reason in decision.reasons}),
                        "shop_codes": sorted({error["code"] for error in refusal.errors}),
                        "shop_messages": [error["message"] for error in refusal.errors],
                    }
                )
        return report

    def settle(self, advance: Step) -> None:
        """Each moment in its order; one that this ledger has seen, or passed, is not posted backwards."""
        for moment in self.recording.moments:
            snapshot = moment.snapshot
            settled = SettledOrder.objects.filter(order_id=snapshot.order_id).first()
            if settled is None or settled.changed_at is None or settled.changed_at < snapshot.changed_at:
                told = {snapshot.order_id: snapshot}
                orders_settle([snapshot.order_id], partial(_told, told), at=snapshot.changed_at)
            advance()

    def pay_out(self, advance: Step) -> None:
        """A batch per currency: drafted by one, approved by another, submitted, confirmed, closed."""
        for currency in self._currencies():
            at = self._pay_day()
            reference = f"demo-{currency}-{shop_day(at).isoformat()}"
            batch = batch_draft(reference=reference, currency=currency, payable_until=at, by=CLERK, at=at)
            batch_approve(reference, by=MANAGER, at=at)
            batch_submit(reference, by=CLERK, at=at)
            for payout in Payout.objects.filter(batch=batch).order_by("producer_code"):
                bank = f"BANK-{payout.producer_code}-{currency}"
                payout_complete(reference, payout.producer_code, payment_reference=bank, by=CLERK, at=at)
                advance()
            batch_close(reference)

    def issue_statements(self, advance: Step) -> None:
        first_on = shop_day(min(moment.snapshot.placed_at for moment in self.recording.moments))
        last_on = shop_day(self._pay_day())
        for code, currency in sorted(selectors.producers_with_postings()):
            statement_issue(
                producer_code=code,
                currency=currency,
                period_from_on=first_on,
                period_until_on=last_on,
                at=self._pay_day() + datetime.timedelta(days=1),
            )
            advance()

    def summary(self) -> dict[str, Any]:
        """What came of it, the same after every run: `.ovop/demo.json`."""
        stories = {moment.snapshot.order_id: moment.story for moment in self.recording.moments}
        return {
            "saleor_version": self.recording.saleor_version,
            "ledger": {
                total.currency: {
                    "entries": total.entries,
                    "postings": total.postings,
                    "sum_minor": total.sum_minor,
                    "accounts": {
                        balance.account: balance.amount_minor for balance in selectors.balances(currency=total.currency)
                    },
                }
                for total in selectors.currency_totals()
            },
            "orders": [
                {
                    "story": stories[order.order_id],
                    "order_id": order.order_id,
                    "number": order.number,
                    "channel": order.channel,
                    "currency": order.currency,
                    "held_minor": (order.snapshot or {})["held_minor"],
                    "settlements": order.settlements,
                }
                for order in selectors.latest_snapshots(stories).values()
            ],
            "refusals": self.refusals(),
            "payouts": [
                {
                    "batch": payout.batch.reference,
                    "producer": payout.producer_code,
                    "currency": payout.currency,
                    "amount_minor": payout.amount_minor,
                    "status": payout.status,
                }
                for payout in Payout.objects.select_related("batch").order_by("batch__reference", "producer_code")
            ],
            "statements": [
                {
                    "number": statement.number,
                    "producer": statement.producer_code,
                    "currency": statement.currency,
                    "closing_minor": statement.content["closing_minor"],
                    "sha256": statement.content_sha256,
                }
                for statement in Statement.objects.order_by("number")
            ],
        }

    def _currencies(self) -> list[str]:
        payable = {
            currency: selectors.payable_minor(currency, self._pay_day()) for currency in self._order_currencies()
        }
        known = set(PayoutBatch.objects.values_list("currency", flat=True))
        return sorted(
            code for code, owed in payable.items() if code in known or any(each > 0 for each in owed.values())
        )

    def _order_currencies(self) -> set[str]:
        return {moment.snapshot.currency for moment in self.recording.moments}

    def _pay_day(self) -> datetime.datetime:
        """When everything that was delivered is past its hold days."""
        last = max(moment.snapshot.changed_at for moment in self.recording.moments)
        return last + datetime.timedelta(days=HOLD_DAYS + 1)


def _told(snapshots: dict[str, OrderSnapshot], _: Collection[str]) -> dict[str, OrderSnapshot]:
    """A reader of snapshots that knows what it was told: here nothing changes between the lock and the reading."""
    return snapshots


def _sample(name: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((SAMPLE / name).read_text(encoding="utf-8"))
    return document
