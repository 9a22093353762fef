"""What an edit of the matrix would close and open in the shop, before anything is written.

The edit's plan is laid over the rules as they are, and both are asked about the same products at the same moment: the
first at which the edit makes a difference. What closes by then for other reasons is in both answers and not told.
"""

import datetime
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from ovop_certification.models import Effect, Market, MarketChannel, MarketCountry, Requirement
from ovop_certification.records import RequirementRow
from ovop_certification.rules import Reason, RequirementRule, Rulebook, is_allowed
from ovop_certification.selectors import market_rulebooks
from ovop_certification.services.requirements import RequirementEdit, RequirementPlan, requirement_plan, row_of
from ovop_shared.catalogue import Catalogue
from ovop_shared.records import ProductRecord
from ovop_shared.shop_time import shop_day, shop_zone

SHOWN_LINES = 200
_READ_ALL_ABOVE = 5_000
_ONE_DAY = datetime.timedelta(days=1)


@dataclass(frozen=True, slots=True)
class PreviewLine:
    """A product that would be shut, or open again, in a channel; or for a destination, in a market without channels.
    `reasons` are those for which it is refused."""

    product: ProductRecord
    market: str
    place: str
    is_destination: bool
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class RequirementPreview:
    """`at` is the moment that was looked at. The counts are whole, the lists end after SHOWN_LINES."""

    at: datetime.datetime
    looked_at: int
    closes_count: int
    opens_count: int
    closes: tuple[PreviewLine, ...]
    opens: tuple[PreviewLine, ...]
    rulebooks: dict[str, Rulebook]


def requirement_preview(
    edits: Sequence[RequirementEdit], *, catalogue: Catalogue, at: datetime.datetime
) -> RequirementPreview:
    """Which products in which channels the edits, made now, would close and open. Writes nothing.

    Raises as requirement_edit. Reads the whole catalogue in chunks.
    """
    today = shop_day(at)
    plans = [requirement_plan(edit, on=today) for edit in edits]
    before = {row.pk: row_of(row) for row in Requirement.objects.filter(pk__in=_touched(plans))}
    day = min((day for plan in plans for day in _days_of(plan, before)), default=today)
    moment = at if day <= today else datetime.datetime.combine(day, datetime.time.min, tzinfo=shop_zone())
    rows = [row for plan in plans for row in (*plan.rewritten.values(), *plan.added)] + list(before.values())
    codes = {row.market for row in rows}
    graces = dict(Market.objects.filter(code__in=codes).values_list("code", "grace_days"))
    concerning = [_rule(row, 0, graces[row.market]) for row in rows]
    products = [
        product
        for chunk in catalogue.all_products()
        for product in chunk
        if any(rule.concerns(product) for rule in concerning)
    ]
    few = [product.pk for product in products] if len(products) <= _READ_ALL_ABOVE else None
    rulebooks = {code: book for code, book in market_rulebooks(few).items() if code in codes}
    closes: list[PreviewLine] = []
    opens: list[PreviewLine] = []
    for code, current in sorted(rulebooks.items()):
        wanted = _edited(current, plans, graces)
        for product, refusing, is_closed in _differences(products, current, wanted, moment):
            (closes if is_closed else opens).append(PreviewLine(product, code, "", False, refusing))
    closes, opens = _in_places(closes, catalogue), _in_places(opens, catalogue)
    return RequirementPreview(
        at=moment,
        looked_at=len(products),
        closes_count=len(closes),
        opens_count=len(opens),
        closes=tuple(closes[:SHOWN_LINES]),
        opens=tuple(opens[:SHOWN_LINES]),
        rulebooks=rulebooks,
    )


def _differences(
    products: Iterable[ProductRecord], current: Rulebook, wanted: Rulebook, at: datetime.datetime
) -> list[tuple[ProductRecord, tuple[Reason, ...], bool]]:
    """Products whose answer differs, the reasons of the refusal, and whether it is the new answer that refuses."""
    zone = shop_zone()
    found = []
    for product in products:
        before = current.reasons(product, at=at, zone=zone)
        after = wanted.reasons(product, at=at, zone=zone)
        if is_allowed(before) != is_allowed(after):
            is_closed = is_allowed(before)
            blocking = (reason for reason in (after if is_closed else before) if reason.effect is Effect.BLOCK)
            found.append((product, tuple(blocking), is_closed))
    return found


def _in_places(lines: Sequence[PreviewLine], catalogue: Catalogue) -> list[PreviewLine]:
    """Each line once for every channel of its market that lists the product; of a market without channels, for every
    country."""
    found: list[PreviewLine] = []
    for code in sorted({line.market for line in lines}):
        of_market = [line for line in lines if line.market == code]
        channels = list(
            MarketChannel.objects.filter(market__code=code).order_by("channel").values_list("channel", flat=True)
        )
        for channel in channels:
            listed = catalogue.listed(channel, [line.product.pk for line in of_market])
            found += [replace(line, place=channel) for line in of_market if line.product.pk in listed]
        if not channels:
            countries = MarketCountry.objects.filter(market__code=code).order_by("country")
            for country in countries.values_list("country", flat=True):
                found += [replace(line, place=country, is_destination=True) for line in of_market]
    return sorted(found, key=lambda line: (line.market, line.place, line.product.name, line.product.pk))


def _touched(plans: Iterable[RequirementPlan]) -> set[int]:
    return {pk for plan in plans for pk in (*plan.rewritten, *plan.removed)}


def _days_of(plan: RequirementPlan, before: dict[int, RequirementRow]) -> list[datetime.date]:
    """The first day on which each part of the plan makes a difference."""
    days = [row.from_on for row in plan.added] + [before[pk].from_on for pk in plan.removed]
    for pk, row in plan.rewritten.items():
        old = before[pk]
        if (old.grace_days, old.effect) != (row.grace_days, row.effect):
            days.append(row.from_on)
        else:
            ends = [end for end in (old.until_on, row.until_on) if end is not None]
            days += [min(ends) + _ONE_DAY] if ends and old.until_on != row.until_on else []
    return days


def _edited(current: Rulebook, plans: Iterable[RequirementPlan], graces: dict[str, int]) -> Rulebook:
    rules = {rule.id: rule for rule in current.requirements}
    for plan in plans:
        for pk in plan.removed:
            rules.pop(pk, None)
        for pk, row in plan.rewritten.items():
            if pk in rules:
                rules[pk] = _rule(row, pk, graces[row.market])
        for row in plan.added:
            if row.market == current.market:
                number = -len(rules) - 1
                rules[number] = _rule(row, number, graces[row.market])
    return replace(current, requirements=tuple(rules.values()))


def _rule(row: RequirementRow, pk: int, grace_days: int) -> RequirementRule:
    return RequirementRule(
        id=pk,
        scheme=row.scheme,
        product_type=row.product_type,
        category=row.category,
        from_on=row.from_on,
        until_on=row.until_on,
        grace_days=grace_days if row.grace_days is None else row.grace_days,
        effect=Effect(row.effect),
        intended_use=row.intended_use,
    )
