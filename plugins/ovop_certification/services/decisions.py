"""What was decided last about each listing, and when to ask again: a memory for the sweep, never a reason to sell."""

import datetime
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from ovop_certification.models import ListingDecision
from ovop_certification.rules import Decision
from ovop_certification.services.closures import reason_rows
from ovop_shared.statements import in_keys


@dataclass(frozen=True, slots=True)
class ListingVerdict:
    """What a product's own market says of its listing in that channel. Two verdicts that say the same are equal."""

    product_pk: int
    channel: str
    market: str
    decision: Decision

    def says(self) -> tuple[object, ...]:
        """As `known_verdicts` reads what is kept."""
        reasons = reason_rows(self.decision.reasons, with_warnings=True)
        return self.market, self.decision.allowed, reasons, self.decision.next_change_at


def known_verdicts(product_pks: Collection[int]) -> dict[tuple[int, str], tuple[object, ...]]:
    """What is kept of these products, by product and channel. One query."""
    rows = ListingDecision.objects.filter(in_keys("product_pk", product_pks))
    fields = ("product_pk", "channel", "market", "allowed", "reasons", "next_change_at")
    return {(pk, channel): tuple(said) for pk, channel, *said in rows.values_list(*fields)}


def verdicts_keep(verdicts: Iterable[ListingVerdict], *, at: datetime.datetime) -> None:
    """Write these down, over what was kept before. One query for thousands."""
    rows = [
        ListingDecision(
            product_pk=each.product_pk,
            channel=each.channel,
            market=each.market,
            allowed=each.decision.allowed,
            reasons=reason_rows(each.decision.reasons, with_warnings=True),
            next_change_at=each.decision.next_change_at,
            decided_at=at,
        )
        for each in verdicts
    ]
    if rows:
        ListingDecision.objects.bulk_create(
            rows,
            update_conflicts=True,
            unique_fields=["product_pk", "channel"],
            update_fields=["market", "allowed", "reasons", "next_change_at", "decided_at"],
        )


def verdicts_forget(keys: Iterable[tuple[int, str]]) -> None:
    """Of listings that are in no market any more."""
    by_channel: dict[str, list[int]] = {}
    for product_pk, channel in keys:
        by_channel.setdefault(channel, []).append(product_pk)
    for channel, product_pks in by_channel.items():
        ListingDecision.objects.filter(channel=channel, product_pk__in=product_pks).delete()
