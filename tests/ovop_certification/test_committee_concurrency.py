"""The committee in many hands at once; real commits on connections of their own."""

import datetime
import threading
from collections.abc import Callable

import pytest
from committee_world import (
    CHAIR,
    HONEY,
    LABEL,
    NOON,
    SECOND,
    SECRETARY,
    THIRD,
    application,
    close,
    member,
    score,
    score_all,
    sitting,
)
from django.db import connection, transaction

from ovop_certification.errors import (
    ApplicationExists,
    AssessmentClosed,
    ConflictedMember,
    InAnotherSitting,
    RecipeChanged,
    ScoresMissing,
    SittingClosed,
    SittingUnfinished,
)
from ovop_certification.models import (
    Application,
    Assessment,
    Certificate,
    ConflictOfInterest,
    ProductRecipe,
    Score,
    Sitting,
    Verdict,
)
from ovop_certification.services import committee

pytestmark = pytest.mark.usefixtures("committed_committee")

LATER = NOON + datetime.timedelta(minutes=5)


def at_once(*works: Callable[[], object]) -> list[object]:
    """What each returns or raises, in a thread and on a connection of its own."""
    results: list[object] = [None] * len(works)
    start = threading.Barrier(len(works))

    def run(number: int) -> None:
        try:
            start.wait()
            results[number] = works[number]()
        except Exception as error:  # noqa: BLE001 - handed to the test, which says what it expects
            results[number] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(number,)) for number in range(len(works))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def second_waits(first: Callable[[], object], second: Callable[[], object]) -> list[object]:
    """`first` is done and holds its transaction open half a second longer; `second` begins meanwhile."""
    is_done, may_commit = threading.Event(), threading.Event()

    def hold() -> object:
        with transaction.atomic():
            result = first()
            is_done.set()
            assert may_commit.wait(20)
        return result

    def follow() -> object:
        assert is_done.wait(20)
        threading.Timer(0.5, may_commit.set).start()
        return second()

    return at_once(hold, follow)


def scored() -> tuple[int, int]:
    number = application()
    at = sitting(number)
    score_all(at, number)
    return number, at


def test_of_many_verdicts_at_once_there_is_one_and_one_certificate() -> None:
    number, at = scored()
    verdicts = [Verdict.GRANTED, Verdict.DEFERRED] * 4

    results = at_once(*(lambda verdict=verdict: close(at, number, verdict) for verdict in verdicts))

    decided = Assessment.objects.get()
    agreed = [result for result in results if isinstance(result, Assessment)]
    assert len(agreed) == 4
    assert {result.verdict for result in agreed} == {decided.verdict}
    assert sum(isinstance(result, AssessmentClosed) for result in results) == 4
    assert Certificate.objects.count() == (1 if decided.verdict == "granted" else 0)


def test_two_who_grant_at_once_issue_one_certificate() -> None:
    number, at = scored()

    results = at_once(*[lambda: close(at, number)] * 6)

    assert all(isinstance(result, Assessment) for result in results)
    label = Certificate.objects.get()
    assert label.events.count() == 3
    assert Application.objects.get().steps.order_by("-position")[0].position == 5


def test_a_score_waits_for_the_closing_and_comes_too_late() -> None:
    number, at = scored()

    results = second_waits(lambda: close(at, number), lambda: score(at, number, CHAIR, taste=0))

    assert isinstance(results[0], Assessment)
    assert isinstance(results[1], AssessmentClosed)
    assert Assessment.objects.get().total == 8_750
    assert Score.objects.get(member__code=CHAIR, criterion__code="taste").points == 9


def test_a_closing_waits_for_the_score_and_counts_it() -> None:
    number, at = scored()

    results = second_waits(lambda: score(at, number, CHAIR, taste=6), lambda: close(at, number))

    assert not [result for result in results if isinstance(result, Exception)]
    # taste (6 + 9 + 9)/30 = 80 %, story 80 %
    assert Assessment.objects.get().total == 8_000


def test_a_closing_waits_for_the_conflict_and_leaves_the_member_out() -> None:
    number = application()
    at = sitting(number)
    score_all(at, number)
    score(at, number, THIRD, taste=0, story=0)

    results = second_waits(
        lambda: committee.conflict_declare(at, number, THIRD, "a rival", actor="x", at=NOON), lambda: close(at, number)
    )

    assert not [result for result in results if isinstance(result, Exception)]
    assert Assessment.objects.get().total == 8_750
    assert not Score.objects.filter(member__code=THIRD).exists()


def test_a_conflict_after_the_closing_comes_too_late() -> None:
    number, at = scored()

    results = second_waits(
        lambda: close(at, number),
        lambda: committee.conflict_declare(at, number, THIRD, "a rival", actor="x", at=NOON),
    )

    assert isinstance(results[1], AssessmentClosed)
    assert not ConflictOfInterest.objects.exists()


def test_of_a_conflict_and_scores_at_once_no_score_is_left() -> None:
    number = application()
    at = sitting(number)

    def declare() -> object:
        return committee.conflict_declare(at, number, SECOND, "a cousin", actor="x", at=NOON)

    results = at_once(*[lambda: score(at, number, SECOND)] * 5, declare)

    assert all(isinstance(result, int | ConflictedMember) for result in results[:-1])
    assert not Score.objects.filter(member__code=SECOND).exists()
    assert ConflictOfInterest.objects.count() == 1


def test_a_raw_score_beside_an_uncommitted_conflict_is_refused() -> None:
    number = application()
    at = sitting(number)
    assessment = Assessment.objects.get()
    criterion = assessment.criteria_set.criteria.get(code="taste")

    results = second_waits(
        lambda: committee.conflict_declare(at, number, SECOND, "a cousin", actor="x", at=NOON),
        lambda: Score.objects.create(
            assessment=assessment, member=member(SECOND), criterion=criterion, points=1, at=NOON
        ),
    )

    assert "conflicted_member" in str(results[1])
    assert not Score.objects.exists()


def test_a_changed_recipe_and_a_verdict_at_once_never_leave_a_label_for_the_old_one() -> None:
    committee.recipe_record(HONEY, "honey", actor="Desk", at=NOON - datetime.timedelta(days=30))
    number = application()
    at = sitting(number)
    score_all(at, number, recipe=1)

    results = at_once(
        lambda: close(at, number), lambda: committee.recipe_record(HONEY, "sugar", actor="Desk", at=LATER)
    )

    assert isinstance(results[1], ProductRecipe)
    if isinstance(results[0], Assessment):
        assert Certificate.objects.get().events.order_by("-position")[0].kind == "suspended"
    else:
        assert isinstance(results[0], ScoresMissing)
        assert not Certificate.objects.exists()


def test_a_score_for_the_old_recipe_never_counts_for_the_new_one() -> None:
    committee.recipe_record(HONEY, "honey", actor="Desk", at=NOON - datetime.timedelta(days=30))
    number = application()
    at = sitting(number)
    score_all(at, number, recipe=1)

    results = at_once(
        *[lambda: score(at, number, CHAIR, taste=10, recipe=1)] * 3,
        lambda: committee.recipe_record(HONEY, "sugar", actor="Desk", at=LATER),
    )

    assert all(isinstance(result, int | RecipeChanged) for result in results[:-1])
    with pytest.raises(ScoresMissing):
        close(at, number)


def test_the_same_recipe_from_many_is_one_version() -> None:
    results = at_once(*[lambda: committee.recipe_record(HONEY, "honey", actor="Desk", at=NOON)] * 6)

    assert sum(isinstance(result, ProductRecipe) for result in results) == 1
    assert not [result for result in results if isinstance(result, Exception)]


def test_numbers_have_no_gaps_and_a_product_one_open_application() -> None:
    opened = at_once(
        *[lambda: committee.application_open(LABEL, HONEY, "maker", actor="Desk", at=NOON)] * 3,
        *[lambda: committee.application_open(LABEL, 2, "maker", actor="Desk", at=NOON)] * 3,
    )
    sittings = at_once(*[lambda: committee.sitting_open(NOON.date())] * 4)

    assert sum(isinstance(result, ApplicationExists) for result in opened) == 4
    assert sorted(Application.objects.values_list("number", flat=True)) == [1, 2]
    assert sorted(each.number for each in sittings if isinstance(each, Sitting)) == [1, 2, 3, 4]


def test_an_application_put_before_two_sittings_at_once_is_before_one() -> None:
    number = application()
    one, two = sitting(), sitting()

    results = at_once(lambda: committee.assessment_add(one, number), lambda: committee.assessment_add(two, number))

    assert sum(isinstance(result, InAnotherSitting) for result in results) == 1
    assert Assessment.objects.count() == 1


def test_nothing_is_added_to_a_sitting_that_is_being_closed() -> None:
    number, at = scored()
    close(at, number)
    other = application(2)

    results = at_once(
        lambda: committee.sitting_close(at, by=SECRETARY, at=NOON), lambda: committee.assessment_add(at, other)
    )

    is_closed = Sitting.objects.get().closed_at is not None
    assert is_closed is (Assessment.objects.filter(closed_at=None).count() == 0)
    assert isinstance(results[0], SittingUnfinished) is not is_closed
    assert isinstance(results[1], SittingClosed) is is_closed


def test_a_member_is_not_sent_away_while_he_scores() -> None:
    number = application()
    at = sitting(number)

    results = second_waits(lambda: score(at, number, THIRD), lambda: committee.sitting_member_remove(at, THIRD))

    assert getattr(results[1], "code", "") == "member_has_scored"
    assert Score.objects.filter(member__code=THIRD).count() == 2
