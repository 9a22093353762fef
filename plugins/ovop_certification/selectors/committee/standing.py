"""How an application before a sitting stands: who sits, what was given, what is missing, the total so far."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from django.db.models import Max

from ovop_certification.grading import (
    BandRule,
    CriterionRule,
    Grade,
    Points,
    allowed_verdicts,
    grade_of,
    missing_scores,
    total_of,
)
from ovop_certification.models import (
    Assessment,
    ConflictOfInterest,
    CriteriaSet,
    ProductRecipe,
    Score,
    SittingMember,
    Verdict,
)


@dataclass(frozen=True, slots=True)
class SeatFacts:
    """Somebody who sits. `conflict` is the reason for which they do not score this application, empty without one."""

    code: str
    name: str
    user_id: str
    is_chair: bool
    conflict: str = ""


@dataclass(frozen=True, slots=True)
class CriterionFacts:
    code: str
    names: Mapping[str, str]
    weight: int
    max_points: int


@dataclass(frozen=True, slots=True)
class Standing:
    """How an application before a sitting stands. Points are by member; `outdated` of them were given for an older
    recipe and do not count. Without a total, because something is `missing`, it can only be deferred."""

    criteria: tuple[CriterionFacts, ...]
    bands: tuple[BandRule, ...]
    seats: tuple[SeatFacts, ...]
    points: Mapping[str, Points]
    outdated: Mapping[str, Points]
    missing: Mapping[str, tuple[str, ...]]
    recipe_version: int | None
    total: int | None
    grade: Grade | None

    @property
    def verdicts(self) -> tuple[Verdict, ...]:
        return allowed_verdicts(self.grade)

    @property
    def scorers(self) -> tuple[SeatFacts, ...]:
        """Who may score: everybody who sits and has no conflict."""
        return tuple(seat for seat in self.seats if not seat.conflict)


def recipe_versions(product_pks: Collection[int]) -> dict[int, int]:
    """The newest version of each product's recipe; products without one are left out. One query."""
    rows = ProductRecipe.objects.filter(product_pk__in=product_pks).values("product_pk").annotate(last=Max("version"))
    return dict(rows.values_list("product_pk", "last"))


def standings(assessments: Collection[Assessment]) -> dict[int, Standing]:
    """How these assessments stand, by pk. Of a closed one, the scores are those it was closed with. Six queries."""
    by_pk = {each.pk: each for each in assessments}
    products = dict(Assessment.objects.filter(pk__in=by_pk).values_list("pk", "application__product_pk"))
    recipes = recipe_versions(set(products.values()))
    sets = {
        each.pk: each
        for each in CriteriaSet.objects.filter(
            pk__in={each.criteria_set_id for each in by_pk.values()}
        ).prefetch_related("criteria", "bands")
    }
    seats: dict[int, list[SittingMember]] = {}
    rows = SittingMember.objects.filter(sitting__in={each.sitting_id for each in by_pk.values()})
    for seat in rows.select_related("member").order_by("-is_chair", "member__name", "member__code"):
        seats.setdefault(seat.sitting_id, []).append(seat)
    conflicts = {
        (row.assessment_id, row.member_id): row.reason
        for row in ConflictOfInterest.objects.filter(assessment__in=by_pk)
    }
    scores: dict[int, list[Score]] = {}
    for score in Score.objects.filter(assessment__in=by_pk).select_related("member", "criterion"):
        scores.setdefault(score.assessment_id, []).append(score)
    return {
        pk: _standing(
            each,
            sets[each.criteria_set_id],
            [
                SeatFacts(
                    seat.member.code,
                    seat.member.name,
                    seat.member.user_id,
                    seat.is_chair,
                    conflicts.get((pk, seat.member_id), ""),
                )
                for seat in seats.get(each.sitting_id, ())
            ],
            scores.get(pk, []),
            each.recipe_version if each.closed_at else recipes.get(products[pk]),
        )
        for pk, each in by_pk.items()
    }


def _standing(
    assessment: Assessment,
    criteria_set: CriteriaSet,
    seats: list[SeatFacts],
    scores: list[Score],
    recipe_version: int | None,
) -> Standing:
    criteria = tuple(
        CriterionFacts(each.code, each.names, each.weight, each.max_points)
        for each in sorted(criteria_set.criteria.all(), key=lambda each: each.position)
    )
    rules = [CriterionRule(each.code, each.weight, each.max_points) for each in criteria]
    bands = tuple(
        BandRule(each.stars, each.min_total, each.is_positive)
        for each in sorted(criteria_set.bands.all(), key=lambda each: each.min_total)
    )
    points: dict[str, dict[str, int]] = {}
    outdated: dict[str, dict[str, int]] = {}
    for score in scores:
        kept = points if score.recipe_version == recipe_version else outdated
        kept.setdefault(score.member.code, {})[score.criterion.code] = score.points
    free = [seat.code for seat in seats if not seat.conflict]
    missing = missing_scores(rules, free, points)
    total = None
    if assessment.closed_at:
        total = assessment.total
    elif free and not missing:
        total = total_of(rules, points, {seat.code for seat in seats if seat.conflict})
    return Standing(
        criteria=criteria,
        bands=bands,
        seats=tuple(seats),
        points=points,
        outdated=outdated,
        missing=missing,
        recipe_version=recipe_version,
        total=total,
        grade=None if total is None else grade_of(bands, total),
    )
