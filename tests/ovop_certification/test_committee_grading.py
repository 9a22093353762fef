"""Totals and grades as members' points make them: exact, whatever the order, and rounded down once."""

import datetime
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ovop_certification.errors import InvalidCriteria, InvalidScore, ScoresMissing
from ovop_certification.grading import (
    BandRule,
    CriterionRule,
    Grade,
    allowed_verdicts,
    criteria_check,
    exact_total,
    grade_of,
    last_day_of,
    missing_scores,
    total_of,
)
from ovop_certification.models import FULL_TOTAL, Verdict

CRITERIA = [CriterionRule("taste", 3, 10), CriterionRule("story", 1, 5)]
BANDS = [BandRule(3, 5_000, False), BandRule(4, 7_000, True), BandRule(5, 9_000, True)]


@st.composite
def panels(draw: st.DrawFn) -> tuple[list[CriterionRule], dict[str, dict[str, int]]]:
    """Criteria, and what one to six members gave."""
    criteria = [
        CriterionRule(f"c{number}", draw(st.integers(1, 10_000)), draw(st.integers(1, 1_000)))
        for number in range(draw(st.integers(1, 6)))
    ]
    members = [f"m{number}" for number in range(draw(st.integers(1, 6)))]
    points = {member: {each.code: draw(st.integers(0, each.max_points)) for each in criteria} for member in members}
    return criteria, points


def plain_total(criteria: list[CriterionRule], points: dict[str, dict[str, int]]) -> Fraction:
    """Written another way: each member's own per cent first, then the mean of the members."""
    weights = sum(each.weight for each in criteria)
    own = [
        sum(Fraction(each.weight, weights) * Fraction(given[each.code], each.max_points) for each in criteria)
        for given in points.values()
    ]
    return sum(own, Fraction(0)) / len(own) * 10_000


def test_the_total_is_the_weighted_mean_of_the_members() -> None:
    points = {"a": {"taste": 10, "story": 5}, "b": {"taste": 7, "story": 0}}

    # taste (10 + 7)/20 = 85 %, story 5/10 = 50 %: (3 x 85 + 1 x 50) / 4 = 76.25 %
    assert total_of(CRITERIA, points) == 7_625


def test_the_total_is_rounded_down_so_that_a_grade_has_to_be_reached() -> None:
    thirds = [CriterionRule("only", 1, 3)]

    assert total_of(thirds, {"a": {"only": 2}}) == 6_666
    assert grade_of([BandRule(1, 6_667, True)], 6_666) == Grade(0, False)


@given(panels())
def test_the_total_is_exact_and_within_bounds(panel: tuple[list[CriterionRule], dict[str, dict[str, int]]]) -> None:
    criteria, points = panel
    total, exact = total_of(criteria, points), plain_total(criteria, points)

    assert exact_total(criteria, points) == exact
    assert 0 <= total <= FULL_TOTAL
    assert total <= exact < total + 1


@given(panels(), st.randoms(use_true_random=False))
def test_the_order_of_members_and_criteria_is_irrelevant(
    panel: tuple[list[CriterionRule], dict[str, dict[str, int]]], random: object
) -> None:
    criteria, points = panel
    shuffled, members = list(criteria), list(points.items())
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    random.shuffle(members)  # type: ignore[attr-defined]

    assert total_of(shuffled, dict(members)) == total_of(criteria, points)


@given(panels(), st.data())
def test_one_point_more_never_lowers_the_total(
    panel: tuple[list[CriterionRule], dict[str, dict[str, int]]], data: st.DataObject
) -> None:
    criteria, points = panel
    member = data.draw(st.sampled_from(sorted(points)))
    criterion = data.draw(st.sampled_from(criteria))
    if points[member][criterion.code] == criterion.max_points:
        return
    more = points | {member: points[member] | {criterion.code: points[member][criterion.code] + 1}}

    assert total_of(criteria, more) >= total_of(criteria, points)
    assert exact_total(criteria, more) > exact_total(criteria, points)


@given(panels(), st.data())
def test_a_member_left_out_is_as_one_who_never_scored(
    panel: tuple[list[CriterionRule], dict[str, dict[str, int]]], data: st.DataObject
) -> None:
    criteria, points = panel
    if len(points) == 1:
        return
    left_out = data.draw(st.sampled_from(sorted(points)))
    others = {member: given for member, given in points.items() if member != left_out}

    assert total_of(criteria, points, {left_out}) == total_of(criteria, others)


@given(st.integers(0, FULL_TOTAL - 1))
def test_more_per_cent_never_give_a_worse_grade(total: int) -> None:
    lower, higher = grade_of(BANDS, total), grade_of(BANDS, total + 1)

    assert lower.stars <= higher.stars
    assert lower.is_positive <= higher.is_positive


def test_nothing_and_everything_reach_the_bounds() -> None:
    assert total_of(CRITERIA, {"a": {"taste": 0, "story": 0}}) == 0
    assert total_of(CRITERIA, {"a": {"taste": 10, "story": 5}, "b": {"taste": 10, "story": 5}}) == FULL_TOTAL


def test_a_total_needs_somebody_and_everything_of_everybody() -> None:
    half = {"a": {"taste": 1, "story": 1}, "b": {"taste": 1}}

    assert missing_scores(CRITERIA, ["a", "b", "c"], half) == {"b": ("story",), "c": ("taste", "story")}
    for points, left_out in (({}, set()), (half, set()), (half, {"a", "b"})):
        with pytest.raises(ScoresMissing):
            total_of(CRITERIA, points, left_out)
    assert total_of(CRITERIA, half, {"b"}) == 1_250


@pytest.mark.parametrize("taste", [-1, 11])
def test_points_stay_within_their_criterion(taste: int) -> None:
    with pytest.raises(InvalidScore) as refusal:
        total_of(CRITERIA, {"a": {"taste": taste, "story": 1}})
    assert refusal.value.params["max_points"] == 10


@pytest.mark.parametrize(
    ("total", "grade"),
    [
        (0, Grade(0, False)),
        (4_999, Grade(0, False)),
        (5_000, Grade(3, False)),
        (7_000, Grade(4, True)),
        (10_000, Grade(5, True)),
    ],
)
def test_a_band_begins_at_its_total(total: int, grade: Grade) -> None:
    assert grade_of(BANDS, total) == grade


def test_a_grade_allows_these_verdicts() -> None:
    assert set(allowed_verdicts(Grade(4, True))) == {Verdict.GRANTED, Verdict.CONDITIONAL, Verdict.DEFERRED}
    assert set(allowed_verdicts(Grade(3, False))) == {Verdict.REFUSED, Verdict.DEFERRED}
    assert allowed_verdicts(None) == (Verdict.DEFERRED,)


@pytest.mark.parametrize(
    ("criteria", "bands"),
    [
        ([], BANDS),
        ([CRITERIA[0], CRITERIA[0]], BANDS),
        ([CriterionRule("taste", 0, 10)], BANDS),
        ([CriterionRule("taste", 1, 0)], BANDS),
        (CRITERIA, []),
        (CRITERIA, [BandRule(3, 5_000, False)]),
        (CRITERIA, [BandRule(3, 5_000, True), BandRule(2, 6_000, True)]),
        (CRITERIA, [BandRule(3, 5_000, True), BandRule(4, 5_000, True)]),
        (CRITERIA, [BandRule(3, 5_000, True), BandRule(4, 6_000, False)]),
        (CRITERIA, [BandRule(6, 5_000, True)]),
        (CRITERIA, [BandRule(5, 10_001, True)]),
    ],
)
def test_criteria_by_which_nothing_can_be_graded_are_refused(
    criteria: list[CriterionRule], bands: list[BandRule]
) -> None:
    with pytest.raises(InvalidCriteria):
        criteria_check(criteria, bands)


@pytest.mark.parametrize(
    ("first", "months", "last"),
    [
        ("2025-06-10", 24, "2027-06-09"),
        ("2025-01-01", 12, "2025-12-31"),
        ("2025-01-31", 1, "2025-02-28"),
        ("2024-02-29", 12, "2025-02-28"),
        ("2024-02-29", 48, "2028-02-28"),
        ("2025-12-15", 1, "2026-01-14"),
    ],
)
def test_a_labels_last_day(first: str, months: int, last: str) -> None:
    assert last_day_of(datetime.date.fromisoformat(first), months) == datetime.date.fromisoformat(last)
