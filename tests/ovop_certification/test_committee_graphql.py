"""The committee over GraphQL: the same rights and rules as its pages, errors with stable codes."""

import json
from typing import Any

import pytest
from certification_world import HONEY
from committee_world import (
    APP,
    CHAIR,
    LABEL,
    MANAGER,
    NAMES,
    READER,
    SECOND,
    THIRD,
    application,
    granted,
    member_requester,
    score,
    sitting,
)
from django.test import Client
from django.utils import timezone

from ovop_certification.models import Application, Assessment, Certificate, ProductRecipe, Score, Sitting
from ovop_shared.product_ids import product_global_id
from ovop_shared.requester import Requester, RequesterKind
from ovop_standalone.tokens import make_token

pytestmark = pytest.mark.usefixtures("committee_world")

CUSTOMER = Requester(RequesterKind.CUSTOMER, "customer@example.com", "7")
STAFF_WITHOUT = Requester(RequesterKind.STAFF, "staff@example.com", "8", frozenset({"manage_orders"}))
OUTSIDERS = [
    pytest.param(None, "authentication_required", id="anonymous"),
    pytest.param(CUSTOMER, "permission_denied", id="customer"),
    pytest.param(STAFF_WITHOUT, "permission_denied", id="staff without"),
]
INSIDERS = [pytest.param(each, id=each.name) for each in (READER, MANAGER, APP)]

QUERIES = [
    "{ applications { total } }",
    "{ application(number: 1) { application { number } } }",
    "{ sittings { number } }",
    "{ sitting(number: 1) { sitting { number } } }",
    "{ labelCriteria { code } }",
    "{ committeeMembers { code } }",
]
MANAGERS_CHANGES = [
    f'applicationOpen(productId: "2", scheme: "{LABEL}", producer: "maker")',
    'applicationEnter(number: 1, stage: WORKSHOP, reason: "x")',
    'applicationReopen(number: 1, stage: WORKSHOP, reason: "x")',
    'applicationClose(number: 1, reason: "x")',
    'recipeRecord(productId: "1", text: "x")',
    'sittingOpen(heldOn: "2025-06-10")',
    'sittingMemberSet(number: 1, member: "aigul")',
    'sittingMemberRemove(number: 1, member: "aigul")',
    "assessmentAdd(number: 1, application: 1)",
    "assessmentRemove(number: 1, application: 1)",
    'criteriaPublish(code: "food", version: 1)',
]
CLOSERS_CHANGES = ["verdictRecord(number: 1, application: 1, verdict: DEFERRED)", "sittingClose(number: 1)"]
CONFLICT = 'conflictDeclare(number: 1, application: 1, member: "bakyt", reason: "x")'
SCORES = "scoresSave(number: 1, application: 1, points: [])"


def ask(query: str, requester: Requester | None = MANAGER) -> dict[str, Any]:
    headers = {"Authorization": f"Bearer {make_token(requester, at=timezone.now())}"} if requester else {}
    body = json.dumps({"query": query})
    response = Client().post(
        "/plugins/ovop.certification/graphql/", body, content_type="application/json", headers=headers
    )
    answer: dict[str, Any] = json.loads(response.content)
    return answer


def change(call: str, requester: Requester | None = MANAGER, what: str = "") -> Any:
    """The change's own answer; `what` besides its errors."""
    answer = ask(f"mutation {{ it: {call} {{ errors {{ code field params }} {what} }} }}", requester)
    assert "errors" not in answer, answer
    return answer["data"]["it"]


def refusal(query: str, requester: Requester | None) -> str:
    code: str = ask(query, requester)["errors"][0]["extensions"]["code"]
    return code


@pytest.mark.parametrize("query", QUERIES)
@pytest.mark.parametrize(("requester", "code"), OUTSIDERS)
def test_outsiders_ask_nothing(query: str, requester: Requester | None, code: str) -> None:
    assert refusal(query, requester) == code


@pytest.mark.parametrize("query", QUERIES)
@pytest.mark.parametrize("requester", INSIDERS)
def test_insiders_ask_everything(query: str, requester: Requester) -> None:
    sitting(application())
    assert "errors" not in ask(query, requester)


@pytest.mark.parametrize("call", [*MANAGERS_CHANGES, *CLOSERS_CHANGES, CONFLICT, SCORES])
@pytest.mark.parametrize(("requester", "code"), OUTSIDERS)
def test_outsiders_change_nothing(call: str, requester: Requester | None, code: str) -> None:
    sitting(application())
    assert refusal(f"mutation {{ it: {call} {{ errors {{ code }} }} }}", requester) == code
    assert (Application.objects.count(), Sitting.objects.count(), ProductRecipe.objects.count()) == (1, 1, 0)


@pytest.mark.parametrize("call", [*MANAGERS_CHANGES, *CLOSERS_CHANGES, CONFLICT])
def test_readers_decide_nothing(call: str) -> None:
    sitting(application())
    assert refusal(f"mutation {{ it: {call} {{ errors {{ code }} }} }}", READER) == "permission_denied"


@pytest.mark.parametrize("call", MANAGERS_CHANGES)
def test_managers_and_apps_prepare_and_members_do_not(call: str) -> None:
    sitting(application())
    query = f"mutation {{ it: {call} {{ errors {{ code }} }} }}"
    assert refusal(query, member_requester(CHAIR)) == "permission_denied"
    for requester in (MANAGER, APP):
        assert "errors" not in ask(query, requester)


def test_only_members_score_and_see_only_their_own_points_before_the_verdict() -> None:
    number = application()
    at = sitting(number)
    call = (
        f"scoresSave(number: {at}, application: {number}, "
        'points: [{criterion: "taste", points: 9}, {criterion: "story", points: 4}])'
    )
    assert change(call, READER)["errors"][0]["code"] == "unknown_committee_member"
    points = "sitting { agenda { scoredBy points { member criterion points } total } }"
    [entry] = change(call, member_requester(CHAIR), points)["sitting"]["agenda"]
    assert (entry["scoredBy"], entry["total"]) == ([CHAIR], None)
    assert {(each["member"], each["criterion"], each["points"]) for each in entry["points"]} == {
        (CHAIR, "taste", 9),
        (CHAIR, "story", 4),
    }
    others = ask(f"{{ sitting(number: {at}) {{ agenda {{ points {{ points }} }} }} }}", member_requester(SECOND))
    assert others["data"]["sitting"]["agenda"] == [{"points": []}]
    too_much = f'scoresSave(number: {at}, application: {number}, points: [{{criterion: "taste", points: 11}}])'
    assert change(too_much, member_requester(SECOND))["errors"] == [
        {"code": "invalid_score", "field": "taste", "params": {"criterion": "taste", "max_points": 10}}
    ]
    assert Score.objects.count() == 2


def test_an_application_goes_all_the_way_over_graphql() -> None:
    product = product_global_id(HONEY)
    opened = change(
        f'applicationOpen(productId: "{product}", scheme: "{LABEL}", producer: "maker")',
        what="application { application { number stage productId } }",
    )
    assert opened["application"]["application"] == {"number": 1, "stage": "MOBILISATION", "productId": product}
    for stage in ("DEVELOPMENT", "WORKSHOP", "CERTIFICATION"):
        assert change(f"applicationEnter(number: 1, stage: {stage})")["errors"] == []
    assert change('recipeRecord(productId: "1", text: "honey")', what="isNew")["isNew"] is True
    assert change('recipeRecord(productId: "1", text: "honey ")', what="isNew")["isNew"] is False
    assert change('sittingOpen(heldOn: "2025-06-10", place: "Karakol")', what="sitting { sitting { number } }")[
        "sitting"
    ] == {"sitting": {"number": 1}}
    for code in (CHAIR, SECOND, THIRD):
        is_chair = "true" if code == CHAIR else "false"
        assert change(f'sittingMemberSet(number: 1, member: "{code}", isChair: {is_chair})')["errors"] == []
    assert change("assessmentAdd(number: 1, application: 1)")["errors"] == []
    conflict = 'conflictDeclare(number: 1, application: 1, member: "%s", reason: "a cousin")'
    assert "errors" in ask(f"mutation {{ it: {conflict % SECOND} {{ errors {{ code }} }} }}", member_requester(THIRD))
    assert change(conflict % THIRD, member_requester(THIRD))["errors"] == []
    for code in (CHAIR, SECOND):
        points = 'points: [{criterion: "taste", points: 9}, {criterion: "story", points: 4}]'
        call = f"scoresSave(number: 1, application: 1, recipeVersion: 1, {points})"
        assert change(call, member_requester(code))["errors"] == []
    refused = change("verdictRecord(number: 1, application: 1, verdict: REFUSED)", member_requester(CHAIR))
    assert refused["errors"][0]["code"] == "invalid_verdict"
    assert refused["errors"][0]["params"] == {"allowed": ["granted", "conditional", "deferred"]}
    recorded = change(
        "verdictRecord(number: 1, application: 1, verdict: GRANTED)",
        member_requester(CHAIR),
        "sitting { agenda { verdict total stars certificateNumber closedBy points { points } "
        "seats { name conflict } } }",
    )
    assert recorded["sitting"]["agenda"] == [
        {
            "verdict": "GRANTED",
            "total": 8_750,
            "stars": 4,
            "certificateNumber": "OVOP-2025-001-0001",
            "closedBy": NAMES[CHAIR],
            "points": [{"points": 9}, {"points": 4}] * 2,
            "seats": [
                {"name": NAMES[CHAIR], "conflict": None},
                {"name": NAMES[SECOND], "conflict": None},
                {"name": NAMES[THIRD], "conflict": "a cousin"},
            ],
        }
    ]
    assert change("sittingClose(number: 1)", what="sitting { sitting { closedBy undecided } }")["sitting"] == {
        "sitting": {"closedBy": MANAGER.name, "undecided": 0}
    }
    assert change("assessmentAdd(number: 1, application: 1)")["errors"][0]["code"] == "sitting_closed"


def test_the_queue_and_an_application_are_told() -> None:
    granted()
    answer = ask(
        """{
          applications(stage: MARKETS) {
            total overdue applications { number stage certificateNumber certificateUntilOn isOverdue sitting }
          }
          closed: applications(isOpen: false, limit: 1000, offset: -3) { total }
          application(number: 1) {
            steps { kind stage actor } assessments { sitting verdict total stars criteria criteriaVersion }
            recipes { version }
          }
          none: application(number: 9) { steps { kind } }
          labelCriteria(code: "food") {
            version publishedAt bands { stars minTotal isPositive } criteria { code weight maxPoints }
          }
        }""",
        READER,
    )
    data = answer["data"]
    assert data["applications"]["applications"][0] | {"isOverdue": None} == {
        "number": 1,
        "stage": "MARKETS",
        "certificateNumber": "OVOP-2025-001-0001",
        "certificateUntilOn": "2027-06-09",
        "isOverdue": None,
        "sitting": None,
    }
    assert (data["closed"]["total"], data["none"]) == (0, None)
    assert [each["stage"] for each in data["application"]["steps"]][-1] == "MARKETS"
    assert data["application"]["assessments"] == [
        {"sitting": 1, "verdict": "GRANTED", "total": 8750, "stars": 4, "criteria": "food", "criteriaVersion": 1}
    ]
    assert [band["stars"] for band in data["labelCriteria"][0]["bands"]] == [3, 4, 5]


def test_a_change_that_breaks_a_rule_writes_nothing() -> None:
    number = application()
    at = sitting(number)
    score(at, number, CHAIR)
    answer = change(f"verdictRecord(number: {at}, application: {number}, verdict: GRANTED)")
    assert answer["errors"][0]["code"] == "scores_missing"
    assert set(answer["errors"][0]["params"]["missing"]) == {SECOND, THIRD}
    assert not Certificate.objects.exists()
    assert Assessment.objects.get().closed_at is None
    unknown = change('applicationOpen(productId: "99", scheme: "x", producer: "maker")')
    assert unknown["errors"][0]["code"] == "unknown_scheme"
