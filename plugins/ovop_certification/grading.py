"""From the points of several members to a total, a grade in stars, and the verdicts it allows: pure, and exact.

Every member counts alike, every criterion with its weight of the sum of all weights. The total is the mean in
hundredths of a per cent of what could be reached (FULL_TOTAL), computed with fractions and rounded DOWN once at the
end: a grade has to be reached, and 79.996 % is never 80 %. So the rounded total reaches a band exactly when the exact
one does.
"""

import calendar
import datetime
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

from ovop_certification.errors import InvalidCriteria, InvalidScore, ScoresMissing
from ovop_certification.models import FULL_TOTAL, MAX_STARS, Verdict

# Points by criterion, of one member.
Points = Mapping[str, int]

# So long before its last day a label may come before the committee again (comparable schemes take half a year), and so
# long an application may wait at a stage before it is overdue.
REGRADE_DAYS = 180
OVERDUE_DAYS = 60

MAX_CRITERIA = 50
MAX_WEIGHT = 10_000
MAX_POINTS = 1_000


@dataclass(frozen=True, slots=True)
class CriterionRule:
    """Scored from 0 to `max_points`; counts `weight` of the sum of all weights."""

    code: str
    weight: int
    max_points: int


@dataclass(frozen=True, slots=True)
class BandRule:
    """From `min_total` on there are so many stars; `is_positive` says whether they are enough for the label."""

    stars: int
    min_total: int
    is_positive: bool


@dataclass(frozen=True, slots=True)
class Grade:
    """`stars` is 0 below the lowest band."""

    stars: int
    is_positive: bool


def score_check(criterion: CriterionRule, points: int) -> None:
    """Raises InvalidScore."""
    if not 0 <= points <= criterion.max_points:
        raise InvalidScore(
            f"{criterion.code} is scored from 0 to {criterion.max_points}.",
            field=criterion.code,
            params={"criterion": criterion.code, "max_points": criterion.max_points},
        )


def criteria_check(criteria: Sequence[CriterionRule], bands: Sequence[BandRule]) -> None:
    """Whether something can be graded by them. Raises InvalidCriteria."""
    if not criteria or len(criteria) > MAX_CRITERIA:
        raise InvalidCriteria(f"There are from 1 to {MAX_CRITERIA} criteria.", field="criteria")
    if len({each.code for each in criteria}) < len(criteria):
        raise InvalidCriteria("Two criteria have the same code.", field="criteria")
    if not all(1 <= each.weight <= MAX_WEIGHT for each in criteria):
        raise InvalidCriteria(f"A weight is from 1 to {MAX_WEIGHT}.", field="criteria")
    if not all(1 <= each.max_points <= MAX_POINTS for each in criteria):
        raise InvalidCriteria(f"The most points are from 1 to {MAX_POINTS}.", field="criteria")
    if not all(1 <= band.stars <= MAX_STARS and 0 <= band.min_total <= FULL_TOTAL for band in bands):
        raise InvalidCriteria(f"A band gives 1 to {MAX_STARS} stars from 0 to 100 % on.", field="bands")
    ordered = sorted(bands, key=lambda band: band.min_total)
    if any(
        lower.stars >= upper.stars or lower.min_total == upper.min_total or lower.is_positive > upper.is_positive
        for lower, upper in pairwise(ordered)
    ):
        raise InvalidCriteria("More per cent give more stars, and never less of a verdict.", field="bands")
    if not any(band.is_positive for band in bands):
        raise InvalidCriteria("No band grants the label.", field="bands")


def missing_scores(
    criteria: Sequence[CriterionRule], members: Collection[str], points: Mapping[str, Points]
) -> dict[str, tuple[str, ...]]:
    """What is still to be scored, by member; members who have scored everything are left out."""
    missing = {
        member: tuple(each.code for each in criteria if each.code not in points.get(member, {})) for member in members
    }
    return {member: codes for member, codes in missing.items() if codes}


def exact_total(
    criteria: Sequence[CriterionRule], points: Mapping[str, Points], left_out: Collection[str] = frozenset()
) -> Fraction:
    """The total in hundredths of a per cent before it is rounded; from 0 to FULL_TOTAL.

    `points` are by member; those `left_out`, who have a conflict of interest, do not count whatever they gave.
    Raises ScoresMissing unless at least one member counts and each of them scored every criterion; InvalidScore.
    """
    counted = {member: given for member, given in points.items() if member not in left_out}
    if not counted:
        raise ScoresMissing("Nobody has scored.")
    missing = missing_scores(criteria, counted.keys(), counted)
    if missing:
        raise ScoresMissing(f"Not everything was scored by {', '.join(sorted(missing))}.", params={"missing": missing})
    reached = Fraction(0)
    for criterion in criteria:
        for given in counted.values():
            score_check(criterion, given[criterion.code])
        mean = Fraction(sum(given[criterion.code] for given in counted.values()), len(counted))
        reached += criterion.weight * mean / criterion.max_points
    return reached / sum(criterion.weight for criterion in criteria) * FULL_TOTAL


def total_of(
    criteria: Sequence[CriterionRule], points: Mapping[str, Points], left_out: Collection[str] = frozenset()
) -> int:
    """As exact_total, rounded down to a whole hundredth of a per cent."""
    exact = exact_total(criteria, points, left_out)
    return exact.numerator // exact.denominator


def grade_of(bands: Iterable[BandRule], total: int) -> Grade:
    """The highest band that the total reaches."""
    reached = [band for band in bands if band.min_total <= total]
    if not reached:
        return Grade(0, False)
    best = max(reached, key=lambda band: band.min_total)
    return Grade(best.stars, best.is_positive)


def allowed_verdicts(grade: Grade | None) -> tuple[Verdict, ...]:
    """What the committee may decide: only a positive grade gets the label, and only one that is not is refused it.

    Another sitting may be asked for always; without a grade (None), because scores are missing, nothing else is left.
    """
    if grade is None:
        return (Verdict.DEFERRED,)
    if grade.is_positive:
        return (Verdict.GRANTED, Verdict.CONDITIONAL, Verdict.DEFERRED)
    return (Verdict.REFUSED, Verdict.DEFERRED)


def is_positive(verdict: str) -> bool:
    """Whether the verdict grants the label."""
    return verdict in (Verdict.GRANTED, Verdict.CONDITIONAL)


def last_day_of(first_on: datetime.date, months: int) -> datetime.date:
    """The last day, included, of a label that begins on `first_on`: the day before the same day so many months later,
    or the end of a month that is too short to have it."""
    year, month = divmod(first_on.year * 12 + first_on.month - 1 + months, 12)
    days = calendar.monthrange(year, month + 1)[1]
    if first_on.day > days:
        return datetime.date(year, month + 1, days)
    return datetime.date(year, month + 1, first_on.day) - datetime.timedelta(days=1)
