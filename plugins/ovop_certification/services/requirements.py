"""The matrix: what a market asks of which products, from when to when. What was asked on days gone by stays as it was.

An edit is planned first (`requirement_plan`): the preview and the saving look at the same plan.
"""

import datetime
from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace

from django.db import transaction

from ovop_certification.errors import (
    InvalidDates,
    InvalidRequirement,
    RequirementEnded,
    RequirementExists,
    UnknownMarket,
    UnknownRequirement,
    UnknownScheme,
)
from ovop_certification.locks import lock_registry
from ovop_certification.models import MAX_GRACE_DAYS, ChangeSubject, Effect, Market, Requirement, Scheme
from ovop_certification.records import RequirementRow
from ovop_certification.services.announce import announce
from ovop_certification.services.certificate_terms import text_check
from ovop_certification.services.changes import actor_check, change_record, facts_differ
from ovop_shared.browsing import catalogue_browser
from ovop_shared.shop_time import shop_day

_ONE_DAY = datetime.timedelta(days=1)
_SLUG_CHARACTERS = 255


@dataclass(frozen=True, slots=True)
class RequirementAdd:
    """Ask something new, from `row.from_on`: today or later."""

    row: RequirementRow


@dataclass(frozen=True, slots=True)
class RequirementChange:
    """Other days, grace or effect of a requirement, from today on."""

    pk: int
    until_on: datetime.date | None
    grace_days: int | None
    effect: str


@dataclass(frozen=True, slots=True)
class RequirementEnd:
    """Ask no more after `last_on`: yesterday or later. One that would never have begun is taken out."""

    pk: int
    last_on: datetime.date


RequirementEdit = RequirementAdd | RequirementChange | RequirementEnd


@dataclass(frozen=True, slots=True)
class RequirementPlan:
    """What an edit does to the table. `rewritten` maps a requirement's key to what it says afterwards."""

    rewritten: Mapping[int, RequirementRow] = field(default_factory=dict)
    added: tuple[RequirementRow, ...] = ()
    removed: frozenset[int] = frozenset()

    def __bool__(self) -> bool:
        return bool(self.rewritten or self.added or self.removed)


@transaction.atomic
def requirement_save(row: RequirementRow) -> Requirement:
    """Add a requirement, or change the one of the same market, scheme, target and first day, whatever its days: for
    registers that tell the past.

    Raises UnknownMarket, UnknownScheme, InvalidRequirement, InvalidDates.
    """
    requirement_check(row)
    market, scheme = _named(row)
    requirement, _ = Requirement.objects.update_or_create(
        market=market,
        scheme=scheme,
        product_type=row.product_type,
        category=row.category,
        intended_use=row.intended_use,
        from_on=row.from_on,
        defaults={"until_on": row.until_on, "grace_days": row.grace_days, "effect": row.effect},
    )
    announce(None)
    return requirement


@transaction.atomic
def requirement_edit(
    edits: Iterable[RequirementEdit], *, actor: str, at: datetime.datetime, reason: str = ""
) -> list[Requirement]:
    """Carry the edits out, all or none; the requirements that were written, those ended and those begun anew.

    Raises UnknownMarket, UnknownScheme, UnknownRequirement, InvalidRequirement, InvalidDates, RequirementExists,
    RequirementEnded, ReasonRequired (no actor).
    """
    actor_check(actor, reason)
    lock_registry()
    written: list[Requirement] = []
    for edit in edits:
        plan = requirement_plan(edit, on=shop_day(at))
        stored = {row.pk: row for row in Requirement.objects.filter(pk__in=[*plan.rewritten, *plan.removed])}
        for pk in plan.removed:
            facts = facts_differ(_facts(row_of(stored[pk])), {})
            change_record(ChangeSubject.REQUIREMENT, pk, facts, actor=actor, at=at, reason=reason)
            stored[pk].delete()
        for pk, row in plan.rewritten.items():
            requirement = stored[pk]
            facts = facts_differ(_facts(row_of(requirement)), _facts(row))
            requirement.until_on, requirement.grace_days, requirement.effect = row.until_on, row.grace_days, row.effect
            requirement.save()
            change_record(ChangeSubject.REQUIREMENT, pk, facts, actor=actor, at=at, reason=reason)
            written.append(requirement)
        for row in plan.added:
            market, scheme = _named(row)
            requirement = Requirement.objects.create(
                market=market,
                scheme=scheme,
                product_type=row.product_type,
                category=row.category,
                intended_use=row.intended_use,
                from_on=row.from_on,
                until_on=row.until_on,
                grace_days=row.grace_days,
                effect=row.effect,
            )
            facts = facts_differ({}, _facts(row))
            change_record(ChangeSubject.REQUIREMENT, requirement.pk, facts, actor=actor, at=at, reason=reason)
            written.append(requirement)
        if plan:
            announce(None)
    return written


def requirement_plan(edit: RequirementEdit, *, on: datetime.date) -> RequirementPlan:
    """What the edit does when it is made on that day; an empty plan when everything is so already.

    Raises as requirement_edit.
    """
    if isinstance(edit, RequirementAdd):
        return _plan_of_add(edit.row, on)
    requirement = (
        Requirement.objects.select_related("market", "scheme").filter(pk=edit.pk).first()
        if 0 < edit.pk < 2**63
        else None
    )
    if requirement is None:
        raise UnknownRequirement("There is no such requirement.", params={"requirement": edit.pk})
    before = row_of(requirement)
    if isinstance(edit, RequirementEnd):
        return _plan_of_end(requirement.pk, before, edit.last_on, on)
    after = replace(before, until_on=edit.until_on, grace_days=edit.grace_days, effect=edit.effect)
    if after == before:
        return RequirementPlan()
    requirement_check(after)
    _refuse_ended(before, on)
    plan = _plan_of_change(requirement.pk, before, after, on)
    _refuse_overlaps([*plan.rewritten.values(), *plan.added], {requirement.pk})
    return plan


def row_of(requirement: Requirement) -> RequirementRow:
    return RequirementRow(
        market=requirement.market.code,
        scheme=requirement.scheme.code,
        from_on=requirement.from_on,
        product_type=requirement.product_type,
        category=requirement.category,
        intended_use=requirement.intended_use,
        until_on=requirement.until_on,
        grace_days=requirement.grace_days,
        effect=requirement.effect,
    )


def requirement_check(row: RequirementRow) -> None:
    """Whether the row makes sense by itself. Raises InvalidRequirement, InvalidDates."""
    if row.product_type and row.category:
        raise InvalidRequirement("A requirement is about a product type or a category.", field="category", row=row.row)
    if row.grace_days is not None and not 0 <= row.grace_days <= MAX_GRACE_DAYS:
        raise InvalidRequirement(f"Grace is from 0 to {MAX_GRACE_DAYS} days.", field="grace_days", row=row.row)
    if row.effect not in Effect.values:
        raise InvalidRequirement("A requirement blocks or warns.", field="effect", row=row.row)
    if row.until_on is not None and row.until_on < row.from_on:
        raise InvalidDates("The last day is before the first.", field="until_on", row=row.row)


def _plan_of_add(row: RequirementRow, on: datetime.date) -> RequirementPlan:
    for name in ("market", "scheme", "product_type", "category", "intended_use"):
        text_check(getattr(row, name), name, _SLUG_CHARACTERS)
    requirement_check(row)
    _named(row)
    _known_to_the_shop(row)
    if row.from_on < on:
        raise InvalidDates("What is asked from now on begins today or later.", field="from_on")
    _refuse_overlaps([row], set())
    return RequirementPlan(added=(row,))


def _known_to_the_shop(row: RequirementRow) -> None:
    """A misspelt kind would ask nothing of anybody. A host without any kinds cannot tell."""
    kinds = catalogue_browser().kinds()
    for name, slug, known in (
        ("product_type", row.product_type, kinds.product_types),
        ("category", row.category, kinds.categories),
    ):
        if slug and known and slug not in dict(known):
            raise InvalidRequirement(f"The shop has no {name.replace('_', ' ')} {slug!r}.", field=name)


def _plan_of_change(pk: int, before: RequirementRow, after: RequirementRow, on: datetime.date) -> RequirementPlan:
    if before.from_on >= on:
        return RequirementPlan(rewritten={pk: after})
    yesterday = on - _ONE_DAY
    if after.until_on is not None and after.until_on < yesterday:
        raise InvalidDates("What was asked until yesterday stays.", field="until_on")
    ends_only = replace(before, until_on=after.until_on)
    if after == ends_only:
        return RequirementPlan(rewritten={pk: after})
    if after.until_on == yesterday:
        raise InvalidDates("The last day is before the first.", field="until_on")
    return RequirementPlan(rewritten={pk: replace(before, until_on=yesterday)}, added=(replace(after, from_on=on),))


def _plan_of_end(pk: int, before: RequirementRow, last_on: datetime.date, on: datetime.date) -> RequirementPlan:
    if before.until_on == last_on:
        return RequirementPlan()
    _refuse_ended(before, on)
    if before.until_on is not None and last_on > before.until_on:
        raise InvalidDates("It ends before that day already.", field="last_on")
    if last_on < before.from_on and before.from_on >= on:
        return RequirementPlan(removed=frozenset({pk}))
    if last_on < on - _ONE_DAY:
        raise InvalidDates("What was asked until yesterday stays.", field="last_on")
    return RequirementPlan(rewritten={pk: replace(before, until_on=last_on)})


def _refuse_ended(row: RequirementRow, on: datetime.date) -> None:
    if row.until_on is not None and row.until_on < on:
        raise RequirementEnded("It ended before today. Add a new requirement.", field="until_on")


def _refuse_overlaps(rows: Iterable[RequirementRow], besides: Collection[int]) -> None:
    """One scheme is asked of one target once a day: two answers for one day would depend on which is read."""
    for row in rows:
        others = Requirement.objects.filter(
            market__code=row.market,
            scheme__code=row.scheme,
            product_type=row.product_type,
            category=row.category,
            intended_use=row.intended_use,
        ).exclude(pk__in=besides)
        for other in others:
            begins_before_end = row.until_on is None or other.from_on <= row.until_on
            ends_after_begin = other.until_on is None or other.until_on >= row.from_on
            if begins_before_end and ends_after_begin:
                raise RequirementExists(
                    f"That is asked from {other.from_on} already.",
                    field="from_on",
                    params={"requirement": other.pk, "from_on": other.from_on.isoformat()},
                )


def _named(row: RequirementRow) -> tuple[Market, Scheme]:
    market = Market.objects.filter(code=row.market).first()
    if market is None:
        raise UnknownMarket(f"There is no market {row.market!r}.", field="market")
    scheme = Scheme.objects.filter(code=row.scheme).first()
    if scheme is None:
        raise UnknownScheme(f"There is no scheme {row.scheme!r}.", field="scheme")
    return market, scheme


def _facts(row: RequirementRow) -> dict[str, object]:
    return {name: value for name, value in asdict(row).items() if name != "row"}
