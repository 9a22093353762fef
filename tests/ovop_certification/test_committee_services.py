"""The Brand Committee at work: from an application to a label, and back when the recipe changes."""

import datetime

import pytest
from certification_world import HONEY, JUICE
from committee_world import (
    ACCOUNTS,
    CHAIR,
    HELD_ON,
    LABEL,
    NAMES,
    NOON,
    SECOND,
    SECRETARY,
    THIRD,
    application,
    close,
    criteria_draft,
    granted,
    member,
    score,
    score_all,
    sitting,
)

from ovop_certification import errors, selectors
from ovop_certification.models import (
    Application,
    Assessment,
    Certificate,
    CommitteeMember,
    CriteriaSet,
    ProductRecipe,
    Scheme,
    Score,
    Stage,
    Verdict,
)
from ovop_certification.rules import Status
from ovop_certification.services import committee
from ovop_certification.services.committee import Actor
from ovop_certification.signals import certification_changed

pytestmark = pytest.mark.usefixtures("committee_world")

LATER = NOON + datetime.timedelta(hours=1)


def steps_of(number: int) -> list[tuple[str, str]]:
    return [(step.kind, step.stage) for step in Application.objects.get(number=number).steps.order_by("position")]


def status_of(number: str, at: datetime.datetime = LATER) -> Status:
    return selectors.certificate_pages(LABEL, number, at)[0].facts.status


def recipe(text: str, at: datetime.datetime = LATER) -> ProductRecipe | None:
    return committee.recipe_record(HONEY, text, actor="Desk", at=at)


def test_a_granted_label_is_a_certificate_with_number_days_holder_and_history() -> None:
    number, _ = granted()

    label = Certificate.objects.get()
    assessment = Assessment.objects.get()
    assert (label.number, label.holder_kind, label.holder_ref) == ("OVOP-2025-001-0001", "product", str(HONEY))
    assert (label.valid_from_on, label.valid_until_on) == (HELD_ON, datetime.date(2027, 6, 9))
    assert (label.scheme.code, label.issuing_body.code, label.markets.count()) == (LABEL, "committee", 0)
    assert [(each.kind, each.actor) for each in label.events.order_by("position")] == [
        ("applied", "Desk"),
        ("verified", NAMES[CHAIR]),
        ("issued", "Secretary"),
    ]
    # taste 9/10, story 4/5: (3 x 90 + 80) / 4 = 87.5 %
    assert (assessment.total, assessment.stars, assessment.verdict) == (8_750, 4, "granted")
    assert (assessment.certificate, assessment.closed_by, assessment.recipe_version) == (label, "Secretary", None)
    assert steps_of(number)[-1] == ("entered", "markets")
    assert status_of(label.number) is Status.VALID


def test_a_decision_is_announced_after_commit(django_capture_on_commit_callbacks: object) -> None:
    heard: list[object] = []

    def hear(**told: object) -> None:
        heard.append(told["product_pks"] is None or HONEY in told["product_pks"])  # type: ignore[operator]

    number = application()
    at = sitting(number)
    score_all(at, number)
    certification_changed.connect(hear)
    try:
        with django_capture_on_commit_callbacks(execute=True):  # type: ignore[operator]
            close(at, number)
        assert heard
        assert all(heard)
        heard.clear()
        with django_capture_on_commit_callbacks(execute=True):  # type: ignore[operator]
            recipe("honey")
        assert not heard
        with django_capture_on_commit_callbacks(execute=True):  # type: ignore[operator]
            recipe("honey and sugar")
        assert heard
        assert all(heard)
    finally:
        certification_changed.disconnect(hear)


def test_stages_are_entered_one_by_one_and_back_with_a_reason() -> None:
    number = application(stage=Stage.DEVELOPMENT)

    with pytest.raises(errors.InvalidStage):
        committee.application_enter(number, Stage.CERTIFICATION, actor="Desk", at=NOON)
    with pytest.raises(errors.ReasonRequired):
        committee.application_enter(number, Stage.MOBILISATION, actor="Desk", at=NOON, reason="  ")
    assert steps_of(number) == [("entered", "mobilisation"), ("entered", "development")]

    committee.application_enter(number, Stage.MOBILISATION, actor="Desk", at=NOON, reason="the group split")
    committee.application_enter(number, Stage.MOBILISATION, actor="Desk", at=NOON)
    assert steps_of(number)[2:] == [("entered", "mobilisation")]


def test_to_the_markets_leads_a_verdict() -> None:
    number = application()
    with pytest.raises(errors.InvalidStage):
        committee.application_enter(number, Stage.MARKETS, actor="Desk", at=NOON)
    at = sitting(number)
    score_all(at, number)
    close(at, number)
    committee.application_enter(number, Stage.CERTIFICATION, actor="Desk", at=NOON, reason="a mistake")
    committee.application_enter(number, Stage.MARKETS, actor="Desk", at=NOON)
    committee.application_reopen(number, Stage.CERTIFICATION, actor="Desk", at=NOON, reason="another maker")
    with pytest.raises(errors.InvalidStage):
        committee.application_enter(number, Stage.MARKETS, actor="Desk", at=NOON)
    assert steps_of(number)[-1] == ("reopened", "certification")


def test_a_closed_application_is_reopened_and_one_product_has_one_open_application() -> None:
    number = application(stage=Stage.WORKSHOP)
    with pytest.raises(errors.ApplicationExists):
        application()
    committee.application_close(number, actor="Desk", at=NOON, reason="the maker left")
    committee.application_close(number, actor="Desk", at=NOON, reason="again")
    with pytest.raises(errors.ApplicationClosed):
        committee.application_enter(number, Stage.CERTIFICATION, actor="Desk", at=NOON)

    second = application()
    with pytest.raises(errors.ApplicationExists):
        committee.application_reopen(number, Stage.WORKSHOP, actor="Desk", at=NOON, reason="came back")
    committee.application_close(second, actor="Desk", at=NOON, reason="a duplicate")
    with pytest.raises(errors.InvalidStage):
        committee.application_reopen(number, Stage.MARKETS, actor="Desk", at=NOON, reason="too far")
    committee.application_reopen(number, Stage.DEVELOPMENT, actor="Desk", at=NOON, reason="came back")

    assert second == number + 1
    assert steps_of(number)[2:] == [
        ("entered", "workshop"),
        ("closed", "workshop"),
        ("reopened", "development"),
    ]


@pytest.mark.parametrize(
    ("scheme", "product", "producer", "error"),
    [
        ("none", HONEY, "maker", errors.UnknownScheme),
        (LABEL, 99, "maker", None),
        (LABEL, HONEY, "nobody", errors.UnknownProducer),
    ],
)
def test_an_application_names_a_label_a_product_and_a_producer_that_exist(
    scheme: str, product: int, producer: str, error: type[errors.OvopError] | None
) -> None:
    with pytest.raises(error or errors.OvopError):
        committee.application_open(scheme, product, producer, actor="Desk", at=NOON)
    assert not Application.objects.exists()


def test_criteria_are_a_draft_until_they_are_published_and_then_a_next_version() -> None:
    draft = committee.criteria_draft_save(criteria_draft(names={"en": "Food, stricter"}))
    again = committee.criteria_draft_save(criteria_draft(names={"en": "Food, stricter still"}))
    assert (draft.pk, again.version, again.criteria.count(), again.bands.count()) == (again.pk, 2, 2, 3)
    number = application()
    with pytest.raises(errors.CriteriaUnpublished):
        committee.assessment_add(sitting(), number, criteria=("food", 2))

    committee.criteria_publish("food", 2, at=NOON)
    committee.criteria_publish("food", 2, at=LATER)

    assert CriteriaSet.objects.get(version=2).published_at == NOON
    assert committee.assessment_add(sitting(), number).criteria_set == again
    with pytest.raises(errors.CriteriaPublished):
        committee.criteria_draft_remove("food", 2)


@pytest.mark.parametrize(
    "changes",
    [
        {"code": "Food"},
        {"names": {}},
        {"names": {"en": "x" * 201}},
        {"names": {"en": "a\0b"}},
        {"valid_months": 0},
        {"valid_months": 121},
        {"criteria": ()},
        {"bands": ()},
    ],
)
def test_a_draft_that_could_not_grade_is_refused(changes: dict[str, object]) -> None:
    with pytest.raises(errors.InvalidCriteria):
        committee.criteria_draft_save(criteria_draft(**changes))
    assert CriteriaSet.objects.count() == 1


def test_only_who_sits_scores_and_points_stay_within_bounds() -> None:
    number = application()
    at = sitting(number, members=(CHAIR, SECOND))

    with pytest.raises(errors.UnknownCommitteeMember):
        score(at, number, THIRD)
    with pytest.raises(errors.InvalidScore):
        score(at, number, CHAIR, taste=11)
    with pytest.raises(errors.UnknownCriteria):
        committee.scores_save(at, number, member(CHAIR), {"smell": 1}, recipe_version=None, at=NOON)
    with pytest.raises(errors.UnknownAssessment):
        score(at, number + 1, CHAIR)
    assert not Score.objects.exists()

    assert score(at, number, CHAIR) == 2
    assert score(at, number, CHAIR) == 0
    assert score(at, number, CHAIR, taste=8) == 1
    CommitteeMember.objects.filter(code=SECOND).update(is_active=False)
    with pytest.raises(errors.UnknownCommitteeMember):
        score(at, number, SECOND)


def test_a_conflict_takes_the_members_scores_away_and_lets_him_score_no_more() -> None:
    number = application()
    at = sitting(number)
    score(at, number, CHAIR, taste=6, story=3)
    score(at, number, SECOND, taste=8, story=4)
    score(at, number, THIRD, taste=10, story=5)

    with pytest.raises(errors.ReasonRequired):
        committee.conflict_declare(at, number, THIRD, " ", actor="x", at=NOON)
    declared = committee.conflict_declare(at, number, THIRD, "her brother makes it", actor="x", at=NOON)
    assert committee.conflict_declare(at, number, THIRD, "again", actor="x", at=NOON) == declared
    with pytest.raises(errors.ConflictedMember):
        score(at, number, THIRD)

    # taste 7/10, story 3.5/5: 70 %; with the third it would have been 80 %
    assert close(at, number).total == 7_000
    assert set(Score.objects.values_list("member__code", flat=True)) == {CHAIR, SECOND}


def test_without_all_scores_an_application_can_only_be_deferred() -> None:
    number = application()
    at = sitting(number)
    score(at, number, CHAIR)
    score(at, number, SECOND)
    with pytest.raises(errors.ScoresMissing) as refusal:
        close(at, number)
    assert refusal.value.params["missing"] == {THIRD: ["taste", "story"]}

    deferred = close(at, number, Verdict.DEFERRED, conditions="bring a sample")

    assert (deferred.total, deferred.stars, deferred.certificate) == (None, None, None)
    assert steps_of(number)[-1] == ("entered", "certification")
    next_sitting = sitting(number, held_on=HELD_ON + datetime.timedelta(days=30))
    assert Assessment.objects.filter(application__number=number).count() == 2
    assert next_sitting == at + 1


def test_the_grade_says_which_verdicts_there_are() -> None:
    good, poor = application(), application(JUICE)
    at = sitting(good, poor)
    score_all(at, good)
    score_all(at, poor, taste=5, story=2)

    for number, verdict, conditions in (
        (good, Verdict.REFUSED, ""),
        (good, Verdict.CONDITIONAL, ""),
        (good, Verdict.GRANTED, "but"),
        (poor, Verdict.GRANTED, ""),
        (poor, Verdict.CONDITIONAL, "more taste"),
    ):
        with pytest.raises(errors.InvalidVerdict):
            close(at, number, verdict, conditions=conditions)
    assert not Certificate.objects.exists()

    assert close(at, good, Verdict.CONDITIONAL, conditions="a better lid").certificate is not None
    refused = close(at, poor, Verdict.REFUSED)
    assert (refused.total, refused.stars, refused.certificate) == (4_750, 0, None)
    assert steps_of(poor)[-1] == ("closed", "certification")
    assert not Application.objects.get(number=poor).is_open


def test_who_records_the_verdict_is_not_the_only_one_who_scored() -> None:
    number = application()
    at = sitting(number, members=(CHAIR, SECOND))
    committee.conflict_declare(at, number, SECOND, "his own honey", actor="x", at=NOON)
    score(at, number, CHAIR)
    with pytest.raises(errors.FourEyesRequired):
        close(at, number, by=Actor(NAMES[CHAIR], member(CHAIR)))
    assert not Certificate.objects.exists()

    close(at, number)
    events = [(each.kind, each.actor) for each in Certificate.objects.get().events.order_by("position")]
    assert events[1:] == [("verified", NAMES[CHAIR]), ("issued", "Secretary")]


def test_where_the_chair_records_the_verdict_another_member_has_verified() -> None:
    number = application()
    at = sitting(number)
    score_all(at, number)

    close(at, number, by=Actor(NAMES[CHAIR], member(CHAIR)))

    events = [(each.kind, each.actor) for each in Certificate.objects.get().events.order_by("position")]
    assert events[1:] == [("verified", NAMES[SECOND]), ("issued", NAMES[CHAIR])]


def test_what_was_decided_is_not_decided_again() -> None:
    number, at = granted()

    assert close(at, number).certificate == Certificate.objects.get()
    with pytest.raises(errors.AssessmentClosed):
        close(at, number, Verdict.DEFERRED)
    with pytest.raises(errors.AssessmentClosed):
        score(at, number, CHAIR)
    with pytest.raises(errors.AssessmentClosed):
        committee.conflict_declare(at, number, CHAIR, "late", actor="x", at=LATER)
    assert Certificate.objects.count() == 1


def test_nothing_is_decided_before_the_day_of_the_sitting() -> None:
    number = application()
    at = sitting(number)
    score_all(at, number)
    with pytest.raises(errors.InvalidSitting):
        close(at, number, at=NOON - datetime.timedelta(days=1))


def test_a_sitting_is_closed_when_everything_is_decided_and_then_stays() -> None:
    number, other = application(), application(JUICE)
    at = sitting(number, other)
    score_all(at, number)
    close(at, number)
    with pytest.raises(errors.SittingUnfinished) as refusal:
        committee.sitting_close(at, by=SECRETARY, at=NOON)
    assert refusal.value.params == {"applications": [other]}
    close(at, other, Verdict.DEFERRED)

    committee.sitting_close(at, by=SECRETARY, at=NOON)
    assert committee.sitting_close(at, by=Actor("Another"), at=LATER).closed_by == "Secretary"

    for change in (
        lambda: committee.sitting_change(at, HELD_ON, place="Osh"),
        lambda: committee.sitting_member_set(at, THIRD, is_chair=True),
        lambda: committee.sitting_member_remove(at, THIRD),
        lambda: committee.assessment_add(at, other),
    ):
        with pytest.raises(errors.SittingClosed):
            change()


def test_a_sitting_needs_a_chair_and_an_agenda() -> None:
    empty = sitting()
    with pytest.raises(errors.SittingUnfinished):
        committee.sitting_close(empty, by=SECRETARY, at=NOON)
    number = committee.sitting_open(HELD_ON).number
    committee.sitting_member_set(number, CHAIR)
    with pytest.raises(errors.SittingUnfinished):
        committee.sitting_close(number, by=SECRETARY, at=NOON)


def test_another_chair_makes_room_and_who_has_scored_was_there() -> None:
    number = application()
    at = sitting(number)
    committee.sitting_member_set(at, SECOND, is_chair=True)
    assert list(
        Assessment.objects.get().sitting.members.filter(is_chair=True).values_list("member__code", flat=True)
    ) == [SECOND]
    score(at, number, CHAIR)
    with pytest.raises(errors.MemberHasScored):
        committee.sitting_member_remove(at, CHAIR)
    with pytest.raises(errors.MemberHasScored):
        committee.assessment_remove(at, number)
    committee.sitting_member_remove(at, THIRD)
    committee.sitting_member_remove(at, THIRD)
    assert Assessment.objects.get().sitting.members.count() == 2


def test_an_application_is_before_one_sitting_at_a_time_and_at_its_stage() -> None:
    number, early = application(), application(JUICE, Stage.WORKSHOP)
    at = sitting(number)
    assert committee.assessment_add(at, number) == Assessment.objects.get()
    other = sitting()
    with pytest.raises(errors.InAnotherSitting):
        committee.assessment_add(other, number)
    with pytest.raises(errors.InvalidStage):
        committee.assessment_add(other, early)
    with pytest.raises(errors.InvalidStage):
        committee.application_close(number, actor="Desk", at=NOON, reason="while it is scored")
    committee.assessment_remove(at, number)
    committee.assessment_add(other, number)


def test_a_label_comes_before_the_committee_again_when_it_nears_its_end() -> None:
    number, _ = granted()
    first = Certificate.objects.get()
    with pytest.raises(errors.InvalidStage):
        sitting(number, held_on=datetime.date(2026, 6, 1))

    held_on = datetime.date(2026, 12, 12)
    at = sitting(number, held_on=held_on)
    later = NOON.replace(year=2026, month=12, day=13)
    score_all(at, number, taste=10, story=5)
    second = close(at, number, at=later).certificate

    assert second is not None
    assert (second.number, second.replaces, second.valid_from_on) == ("OVOP-2026-003-0001", first, held_on)
    assert status_of(first.number, later) is Status.WITHDRAWN
    assert status_of(second.number, later) is Status.VALID
    assert first.events.order_by("-position")[0].reason == "Replaced by OVOP-2026-003-0001."


def test_the_same_recipe_is_no_new_version() -> None:
    first = recipe("honey\r\nnuts  ")
    assert first is not None
    assert (first.version, first.text) == (1, "honey\nnuts")
    assert recipe("honey\nnuts\n") is None
    from_shop = {"actor": "Saleor", "at": LATER, "is_from_shop": True}
    assert committee.recipe_record(HONEY, "honeynuts", **from_shop) is None  # the dashboard's field is one line
    second = recipe("honey")
    assert second is not None
    assert second.version == 2
    for text in ("", " \n", "x" * 20_001, "a\0"):
        with pytest.raises(errors.InvalidRecipe):
            recipe(text)
    assert ProductRecipe.objects.count() == 2


def test_a_changed_recipe_reopens_and_suspends_and_a_later_verdict_replaces() -> None:
    recipe("honey", NOON - datetime.timedelta(days=40))
    number = application()
    at = sitting(number)
    score_all(at, number, recipe=1)
    first = close(at, number).certificate
    assert first is not None

    recipe("honey and sugar")

    assert Assessment.objects.get().recipe_version == 1
    assert steps_of(number)[-1] == ("reopened", "certification")
    assert status_of(first.number) is Status.SUSPENDED
    assert first.events.order_by("-position")[0].reason == "The recipe was changed: version 2."
    recipe("honey, sugar, salt")
    assert len(steps_of(number)) == 6

    second_sitting = sitting(number, held_on=HELD_ON + datetime.timedelta(days=9))
    later = NOON + datetime.timedelta(days=9)
    score_all(second_sitting, number, recipe=3, at=later)
    second = close(second_sitting, number, at=later).certificate
    assert second is not None
    assert second.replaces == first
    assert (status_of(first.number, later), status_of(second.number, later)) == (Status.WITHDRAWN, Status.VALID)


def test_without_the_schemes_word_a_changed_recipe_suspends_nothing() -> None:
    Scheme.objects.update(suspends_on_recipe_change=False)
    recipe("honey")
    number, _ = granted_with_recipe()

    recipe("honey and sugar")

    assert steps_of(number)[-1] == ("reopened", "certification")
    assert status_of("OVOP-2025-001-0001") is Status.VALID


def granted_with_recipe() -> tuple[int, int]:
    number = application()
    at = sitting(number)
    score_all(at, number, recipe=1)
    close(at, number)
    return number, at


def test_scores_for_an_older_recipe_do_not_count() -> None:
    recipe("honey", NOON - datetime.timedelta(days=40))
    number = application()
    at = sitting(number)
    score_all(at, number, recipe=1)
    recipe("honey and sugar", NOON)

    with pytest.raises(errors.RecipeChanged):
        score(at, number, CHAIR, recipe=1)
    with pytest.raises(errors.ScoresMissing):
        close(at, number)

    score_all(at, number, recipe=2)
    assert close(at, number).recipe_version == 2


def test_a_first_recipe_reopens_nothing() -> None:
    number, _ = granted()
    recipe("honey")
    assert steps_of(number)[-1] == ("entered", "markets")
    assert status_of("OVOP-2025-001-0001") is Status.VALID


def test_a_refused_application_stays_closed_when_the_recipe_changes() -> None:
    recipe("honey")
    number = application()
    at = sitting(number)
    score_all(at, number, taste=1, story=1, recipe=1)
    close(at, number, Verdict.REFUSED)
    recipe("honey and sugar")
    assert steps_of(number)[-1] == ("closed", "certification")


def test_a_members_account_is_one_members() -> None:
    with pytest.raises(errors.MemberExists):
        committee.member_save("new", "New Sample", user_id=ACCOUNTS[CHAIR])
    with pytest.raises(errors.InvalidMember):
        committee.member_save("new", " ")
    with pytest.raises(errors.InvalidMember):
        committee.member_save("New", "New Sample")
    committee.member_save(THIRD, "Chynara New", is_active=False)
    assert not member(THIRD).is_active
    with pytest.raises(errors.InvalidMember):
        committee.sitting_member_set(sitting(members=(CHAIR,)), THIRD)


def test_a_number_that_a_register_uses_already_gets_an_ending() -> None:
    number, _ = granted()
    Certificate.objects.update(number="OVOP-2025-002-0002")
    other = application(JUICE)
    at = sitting(other)
    score_all(at, other)
    label = close(at, other).certificate
    assert (number, other, at) == (1, 2, 2)
    assert label is not None
    assert label.number == "OVOP-2025-002-0002-2"
