"""The matrix: what a market asks of which products, from when to when."""

from django.db import transaction

from ovop_certification.errors import InvalidDates, InvalidRequirement, UnknownMarket, UnknownScheme
from ovop_certification.models import MAX_GRACE_DAYS, Effect, Market, Requirement, Scheme
from ovop_certification.records import RequirementRow


@transaction.atomic
def requirement_save(row: RequirementRow) -> Requirement:
    """Add a requirement, or change the one of the same market, scheme, target and first day.

    Raises UnknownMarket, UnknownScheme, InvalidRequirement, InvalidDates.
    """
    requirement_check(row)
    market = Market.objects.filter(code=row.market).first()
    if market is None:
        raise UnknownMarket(f"There is no market {row.market!r}.", field="market")
    scheme = Scheme.objects.filter(code=row.scheme).first()
    if scheme is None:
        raise UnknownScheme(f"There is no scheme {row.scheme!r}.", field="scheme")
    requirement, _ = Requirement.objects.update_or_create(
        market=market,
        scheme=scheme,
        product_type=row.product_type,
        category=row.category,
        from_on=row.from_on,
        defaults={"until_on": row.until_on, "grace_days": row.grace_days, "effect": row.effect},
    )
    return requirement


def requirement_check(row: RequirementRow) -> None:
    """Whether the row makes sense by itself. Raises InvalidRequirement, InvalidDates."""
    if row.product_type and row.category:
        raise InvalidRequirement("A requirement is about a product type or a category.", field="category", row=row.row)
    if row.grace_days is not None and not 0 <= row.grace_days <= MAX_GRACE_DAYS:
        raise InvalidRequirement(f"Grace is from 0 to {MAX_GRACE_DAYS} days.", field="grace_days", row=row.row)
    if row.effect not in Effect.values:
        raise InvalidRequirement("A requirement blocks or warns.", field="effect", row=row.row)
    if row.until_on is not None and row.until_on < row.from_on:
        raise InvalidDates("The last day lies before the first.", field="until_on", row=row.row)
