"""The committee's pages as staff use them: forms without JavaScript, rights, and who sees which points."""

import csv
import io
import re
from typing import Any

import pytest
from certification_world import HONEY, JAM, JUICE
from committee_world import (
    APP,
    CHAIR,
    LABEL,
    MANAGER,
    NAMES,
    NOON,
    READER,
    SECOND,
    THIRD,
    application,
    close,
    granted,
    member_requester,
    score,
    score_all,
    sitting,
)
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from ovop_certification.models import (
    Application,
    Assessment,
    Certificate,
    CommitteeMember,
    CriteriaSet,
    ProductRecipe,
    Score,
    Sitting,
    Stage,
    Verdict,
)
from ovop_certification.services import committee
from ovop_shared.requester import Requester, RequesterKind
from ovop_standalone.tokens import make_token

pytestmark = pytest.mark.usefixtures("committee_world")

BASE = "/plugins/ovop.certification/staff/"
CUSTOMER = Requester(RequesterKind.CUSTOMER, "customer@example.com", "7")
STAFF_WITHOUT = Requester(RequesterKind.STAFF, "staff@example.com", "8", frozenset({"manage_orders"}))


def client(requester: Requester | None = MANAGER) -> Client:
    headers = {"Accept": "text/html"}
    if requester is not None:
        headers["Authorization"] = f"Bearer {make_token(requester, at=timezone.now())}"
    return Client(headers=headers)


def get(path: str, requester: Requester | None = MANAGER, **query: str) -> str:
    response = client(requester).get(BASE + path, query)
    assert response.status_code == 200, response.content.decode()[:2000]
    return response.content.decode()


def table(path: str, requester: Requester | None = MANAGER) -> list[dict[str, str]]:
    response = client(requester).get(BASE + path)
    assert "attachment" in response["Content-Disposition"]
    content = b"".join(response.streaming_content).decode("utf-8-sig")  # type: ignore[attr-defined]
    return list(csv.DictReader(io.StringIO(content)))


def post(path: str, requester: Requester | None = MANAGER, **data: Any) -> HttpResponse:
    response = client(requester).post(BASE + path, data)
    assert isinstance(response, HttpResponse)
    return response


def done(response: HttpResponse) -> str:
    assert response.status_code == 303, re.findall(r'role="alert">([^<]*)', response.content.decode())
    return re.search(r"done=(\w+)", response["Location"])[1]  # type: ignore[index]


def refused(response: HttpResponse) -> list[str]:
    assert response.status_code == 400
    return re.findall(r'role="alert">.*? <code>(\w+)</code>', response.content.decode())


READS = [
    "applications/",
    "applications/1/",
    "sittings/",
    "sittings/1/",
    "sittings/1/live/",
    "sittings/1/1/",
    "sittings/1/minutes/",
    "criteria/",
    "criteria/food/1/",
    "committee/",
]
DECIDES = [
    "applications/open/",
    "applications/1/step/",
    "applications/1/recipe/",
    "sittings/open/",
    "sittings/1/change/",
    "sittings/1/seats/",
    "sittings/1/agenda/",
    "sittings/1/close/",
    "sittings/1/1/verdict/",
    "criteria/save/",
    "criteria/food/1/publish/",
    "criteria/food/1/remove/",
    "committee/save/",
]
MEMBERS = ["sittings/1/1/score/", "sittings/1/1/conflict/"]


@pytest.mark.parametrize("path", [*READS, "sittings/1/minutes.csv"])
@pytest.mark.parametrize(
    ("requester", "status"),
    [
        (None, 401),
        (CUSTOMER, 403),
        (STAFF_WITHOUT, 403),
        (READER, 200),
        (MANAGER, 200),
        (member_requester(CHAIR), 200),
        (APP, 200),
    ],
    ids=["anonymous", "customer", "staff without", "reader", "manager", "member", "app"],
)
def test_who_reads(path: str, requester: Requester | None, status: int) -> None:
    sitting(application())
    response = client(requester).get(BASE + path)
    assert response.status_code == status
    if response.streaming:
        b"".join(response.streaming_content)  # type: ignore[attr-defined]


@pytest.mark.parametrize("path", [*DECIDES, *MEMBERS])
@pytest.mark.parametrize(
    ("requester", "status"),
    [(None, 401), (CUSTOMER, 403), (STAFF_WITHOUT, 403), (READER, 403)],
    ids=["anonymous", "customer", "staff without", "reader"],
)
def test_who_writes_nothing(path: str, requester: Requester | None, status: int) -> None:
    sitting(application())
    before = [list(model.objects.values()) for model in (Application, Sitting, Assessment, Score, CriteriaSet)]
    response = client(requester).post(BASE + path, {"member": CHAIR, "reason": "x"})
    # Only members have points to give: to others there is no such form.
    assert response.status_code == (404 if requester is READER and path.endswith("/score/") else status)
    assert before == [list(model.objects.values()) for model in (Application, Sitting, Assessment, Score, CriteriaSet)]


@pytest.mark.parametrize("path", [path for path in DECIDES if not path.endswith(("1/close/", "verdict/"))])
def test_a_member_who_is_no_manager_decides_nothing_but_verdicts(path: str) -> None:
    sitting(application())
    assert post(path, member_requester(CHAIR)).status_code == 403


def test_a_form_from_another_site_is_refused() -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.cookies["ovop_token"] = make_token(MANAGER, at=timezone.now())
    response = browser.post(BASE + "sittings/open/", {"held_on": "2025-06-10"})
    assert response.status_code in (401, 403)
    assert not Sitting.objects.exists()


def test_an_application_is_opened_and_taken_forward_back_and_closed() -> None:
    assert refused(post("applications/open/", product="none", scheme=LABEL, producer="maker")) == ["unknown_product"]
    assert refused(post("applications/open/", product="mountain-honey", scheme=LABEL)) == ["unknown_producer"]
    assert done(post("applications/open/", product="mountain-honey", scheme=LABEL, producer="maker")) == "opened"
    assert refused(post("applications/open/", product="mountain-honey", scheme=LABEL, producer="maker")) == [
        "application_exists"
    ]

    assert done(post("applications/1/step/", action="enter", stage="development")) == "step"
    assert refused(post("applications/1/step/", action="enter", stage="markets")) == ["invalid_stage"]
    assert refused(post("applications/1/step/", action="back", stage="mobilisation")) == ["reason_required"]
    assert done(post("applications/1/step/", action="back", stage="mobilisation", reason="a new lid")) == "step"
    assert done(post("applications/1/step/", action="close", reason="moved away")) == "step"
    assert refused(post("applications/1/step/", action="nonsense")) == ["invalid_stage"]
    assert done(post("applications/1/step/", action="reopen", stage="mobilisation", reason="back")) == "step"

    text = get("applications/1/")
    for shown in ("Mountain honey", "Sample maker", "a new lid", "moved away", MANAGER.name):
        assert shown in text


def test_a_recipe_is_kept_in_versions_with_their_differences() -> None:
    granted()
    assert done(post("applications/1/recipe/", text="honey\nnuts")) == "recipe"
    assert done(post("applications/1/recipe/", text="honey\r\nnuts ")) == "recipe_same"
    assert done(post("applications/1/recipe/", text="honey\n<b>sugar</b>")) == "recipe"
    assert refused(post("applications/1/recipe/", text=" ")) == ["invalid_recipe"]

    text = get("applications/1/")
    assert "<ins>&lt;b&gt;sugar&lt;/b&gt;</ins>" in text
    assert "<del>nuts</del>" in text
    assert "does not count" in text
    assert ProductRecipe.objects.count() == 2


def test_the_queue_is_filtered_and_the_overdue_come_first() -> None:
    now = timezone.now()
    fresh = application(HONEY, at=now)
    old = application(JUICE, Stage.WORKSHOP, at=now.replace(year=now.year - 1))
    application(JAM, Stage.MOBILISATION, at=now)

    text = get("applications/")
    assert text.index("Sea buckthorn juice") < text.index("Mountain honey")
    assert text.count("Overdue") == 1
    assert "Mountain honey" not in get("applications/", stage="workshop")
    assert "Sea buckthorn juice" in get("applications/", stage="workshop")
    waiting = get("applications/", waiting="30")
    assert ("Sea buckthorn juice" in waiting, "Wild-berry jam" in waiting) == (True, False)
    assert "Nothing was found" in get("applications/", state="closed")
    assert "Nothing was found" in get("applications/", scheme="none\0")
    assert get("applications/", stage="x", waiting="-1", page="zz")
    assert (fresh, old) == (1, 2)


def test_a_sitting_from_its_preparation_to_its_end() -> None:
    application()
    assert refused(post("sittings/open/", held_on="soon")) == ["invalid_sitting"]
    assert done(post("sittings/open/", held_on="2025-06-10", place="Karakol", remarks="bring spoons")) == "sitting"
    for position, code in enumerate((CHAIR, SECOND, THIRD)):
        data = {"member": code} | ({"is_chair": "1"} if position == 0 else {})
        assert done(post("sittings/1/seats/", **data)) == "seats"
    assert refused(post("sittings/1/seats/", member="nobody")) == ["unknown_committee_member"]
    assert refused(post("sittings/1/agenda/", application="9")) == ["unknown_application"]
    assert refused(post("sittings/1/agenda/", application="1", criteria="food/7")) == ["unknown_criteria"]
    assert done(post("sittings/1/agenda/", application="1", criteria="food/1")) == "agenda"
    assert done(post("sittings/1/change/", held_on="2025-06-11", place="Osh")) == "changed"
    assert refused(post("sittings/1/close/")) == ["sitting_unfinished"]
    assert "0 of 3 have scored" in get("sittings/1/")

    for code in (CHAIR, SECOND, THIRD):
        saved = post("sittings/1/1/score/", member_requester(code), **{"points-taste": "9", "points-story": "4"})
        assert done(saved) == "scored"
    assert "3 of 3 have scored" in get("sittings/1/")
    assert get("sittings/1/live/").count("✓") == 3

    assert refused(post("sittings/1/1/verdict/", verdict="maybe")) == ["invalid_verdict"]
    assert refused(post("sittings/1/1/verdict/", verdict="conditional")) == ["invalid_verdict"]
    assert done(post("sittings/1/1/verdict/", verdict="conditional", conditions="a better lid")) == "decided"
    assert done(post("sittings/1/close/", member_requester(CHAIR))) == "sitting_closed"
    assert refused(post("sittings/1/agenda/", application="1")) == ["sitting_closed"]

    label = Certificate.objects.get()
    assert (label.number, Sitting.objects.get().closed_by) == ("OVOP-2025-001-0001", NAMES[CHAIR])
    assert "OVOP-2025-001-0001" in get("sittings/1/")


def test_the_chair_records_a_verdict_and_an_ordinary_member_does_not() -> None:
    number = application()
    at = sitting(number)
    score_all(at, number)
    path = f"sittings/{at}/{number}/verdict/"

    assert post(path, member_requester(SECOND), verdict="granted").status_code == 403
    assert "Record the verdict" not in get(f"sittings/{at}/{number}/", member_requester(SECOND))
    assert "87.5%" in get(f"sittings/{at}/{number}/", member_requester(CHAIR))
    assert done(post(path, member_requester(CHAIR), verdict="granted")) == "decided"
    assert Assessment.objects.get().closed_by == NAMES[CHAIR]


def test_a_member_sees_only_his_own_points_until_the_verdict() -> None:
    number = application()
    at = sitting(number)
    score(at, number, CHAIR, taste=7, story=3)
    score(at, number, SECOND, taste=2, story=1)
    path = f"sittings/{at}/{number}/"

    own = get(path, member_requester(CHAIR))
    assert re.findall(r'name="points-(\w+)" value="(\d*)"', own) == [("taste", "7"), ("story", "3")]
    assert re.findall(r'name="points-(\w+)" value="(\d*)"', get(path, member_requester(THIRD))) == [
        ("taste", ""),
        ("story", ""),
    ]
    for reader in (MANAGER, READER, member_requester(CHAIR)):
        for page in (path, f"sittings/{at}/", f"sittings/{at}/live/", f"sittings/{at}/minutes/"):
            text = get(page, reader)
            assert '<td class="number">2 ' not in text
            assert "Points</h2>" not in text.replace("Your points</h2>", "")
        assert all(row["points"] == "" for row in table(f"sittings/{at}/minutes.csv", reader))
    score(at, number, THIRD)
    close(at, number, Verdict.REFUSED)
    assert '<td class="number">2 ' in get(path, member_requester(CHAIR))


def test_points_that_are_no_points_are_refused_beside_their_field() -> None:
    number = application()
    at = sitting(number)
    path = f"sittings/{at}/{number}/score/"

    for typed in ("11", "-1", "2.5", "many", "9" * 30):
        response = post(path, member_requester(CHAIR), **{"points-taste": typed, "points-story": "1"})
        assert refused(response) == ["invalid_score"]
        assert f'name="points-taste" value="{typed}"' in response.content.decode()
    assert not Score.objects.exists()
    assert done(post(path, member_requester(CHAIR), **{"points-taste": "9", "points-story": ""})) == "scored"
    assert Score.objects.count() == 1


def test_a_member_declares_a_conflict_for_himself_and_the_chair_for_others() -> None:
    number = application()
    at = sitting(number)
    path = f"sittings/{at}/{number}/conflict/"

    assert post(path, member_requester(SECOND), member=THIRD, reason="his cousin").status_code == 403
    assert refused(post(path, member_requester(SECOND), member=SECOND)) == ["reason_required"]
    assert done(post(path, member_requester(SECOND), member=SECOND, reason="my own honey")) == "conflict"
    assert done(post(path, member_requester(CHAIR), member=THIRD, reason="left early")) == "conflict"
    page = get(f"sittings/{at}/{number}/", member_requester(SECOND))
    assert "You have a conflict of interest" in page
    assert "Save your points" not in page
    assert refused(post(f"sittings/{at}/{number}/score/", member_requester(SECOND), **{"points-taste": "1"})) == [
        "conflicted_member"
    ]


def test_points_for_an_older_recipe_are_looked_at_again() -> None:
    committee.recipe_record(HONEY, "honey", actor="Desk", at=NOON)
    number = application()
    at = sitting(number)
    score_all(at, number, recipe=1)
    committee.recipe_record(HONEY, "sugar", actor="Desk", at=NOON)
    path = f"sittings/{at}/{number}/"

    assert "The recipe was changed since you scored" in get(path, member_requester(CHAIR))
    stale = post(path + "score/", member_requester(CHAIR), recipe="1", **{"points-taste": "9", "points-story": "4"})
    assert refused(stale) == ["recipe_changed"]
    fresh = post(path + "score/", member_requester(CHAIR), recipe="2", **{"points-taste": "9", "points-story": "4"})
    assert done(fresh) == "scored"


def test_minutes_tell_everything_and_are_a_draft_until_the_sitting_is_closed() -> None:
    number, other = application(), application(JUICE)
    at = sitting(number, other)
    score(at, number, CHAIR, taste=9, story=4)
    score(at, number, SECOND, taste=8, story=3)
    committee.conflict_declare(at, number, THIRD, "her <sister>", actor="x", at=NOON)
    close(at, number, Verdict.CONDITIONAL, conditions="=a better lid")
    close(at, other, Verdict.DEFERRED, conditions="no sample came")
    assert "these minutes are a draft" in get(f"sittings/{at}/minutes/")
    committee.sitting_close(at, by=committee.Actor("Secretary"), at=NOON)

    text = get(f"sittings/{at}/minutes/")

    assert "draft" not in text
    for shown in (
        *NAMES.values(),
        "Mountain honey",
        "her &lt;sister&gt;",
        "81.25%",
        "★★★★☆",
        "=a better lid",
        "no sample",
    ):
        assert shown in text
    assert text.count(NAMES[CHAIR]) >= 3
    assert "@media print" in text
    rows = table(f"sittings/{at}/minutes.csv")
    assert [(row["member"], row["criterion"], row["points"], row["conflict"]) for row in rows] == [
        (NAMES[CHAIR], "Taste", "9", ""),
        (NAMES[CHAIR], "Story", "4", ""),
        (NAMES[SECOND], "Taste", "8", ""),
        (NAMES[SECOND], "Story", "3", ""),
        (NAMES[THIRD], "", "", "her <sister>"),
        ("", "", "", ""),
    ]
    assert {row["conditions"] for row in rows} == {"'=a better lid", "no sample came"}
    assert (rows[0]["total_percent"], rows[0]["stars"], rows[0]["certificate"]) == ("81.25", "4", "OVOP-2025-001-0001")


def criteria_form(**changes: Any) -> dict[str, Any]:
    return {
        "code": "felt",
        "scheme": LABEL,
        "issuing_body": "committee",
        "names": "en: Felt\nru: Войлок",
        "valid_months": "36",
        "criterion": ["wool", "dye", ""],
        "weight": ["2", "1", ""],
        "points": ["10", "5", ""],
        "criterion_names": ["Wool", "en: Dye", ""],
        "band-3": "50",
        "band-4": "66,67",
        "grants-4": "1",
    } | changes


def test_criteria_are_written_published_and_followed_by_a_next_version() -> None:
    assert done(post("criteria/save/", **criteria_form())) == "draft"
    stored = CriteriaSet.objects.get(code="felt")
    assert (stored.names, stored.valid_months) == ({"en": "Felt", "ru": "Войлок"}, 36)
    assert list(stored.criteria.values_list("code", "weight", "max_points", "names")) == [
        ("wool", 2, 10, {"en": "Wool"}),
        ("dye", 1, 5, {"en": "Dye"}),
    ]
    assert list(stored.bands.order_by("stars").values_list("stars", "min_total", "is_positive")) == [
        (3, 5_000, False),
        (4, 6_667, True),
    ]
    assert done(post("criteria/felt/1/publish/")) == "published"
    draft = get("criteria/draft/", **{"from": "felt"})
    assert 'value="66.67"' in draft
    assert 'name="grants-4" value="1" checked' in draft
    assert done(post("criteria/save/", **criteria_form(valid_months="12"))) == "draft"
    assert done(post("criteria/felt/2/remove/")) == "removed"
    assert refused(post("criteria/felt/1/remove/")) == ["criteria_published"]
    assert client().get(BASE + "criteria/felt/3/").status_code == 404


@pytest.mark.parametrize(
    "changes",
    [
        {"code": "Felt!"},
        {"names": ""},
        {"names": "en: a\nen: b"},
        {"valid_months": "many"},
        {"weight": ["x", "1", ""]},
        {"criterion": ["", "dye", ""]},
        {"band-4": "101"},
        {"band-4": "66.666"},
        {"band-4": ""},
    ],
)
def test_a_draft_that_makes_no_sense_is_shown_again_with_what_is_wrong(changes: dict[str, Any]) -> None:
    response = post("criteria/save/", **criteria_form(**changes))
    assert refused(response) == ["invalid_criteria"]
    assert "Wool" in response.content.decode()
    assert not CriteriaSet.objects.filter(code="felt").exists()


def test_members_are_added_and_changed() -> None:
    assert done(post("committee/save/", code="new", name="New Sample", user_id="55", is_active="1")) == "member"
    assert refused(post("committee/save/", code="other", name="Other", user_id="55")) == ["member_exists"]
    assert done(post("committee/save/", code="new", name="New Sample")) == "member"
    member = CommitteeMember.objects.get(code="new")
    assert (member.user_id, member.is_active) == ("", False)


@pytest.mark.parametrize(
    "path", ["applications/9/", "sittings/9/", "sittings/1/9/", "sittings/9/minutes/", "criteria/x/1/"]
)
def test_what_is_not_there_has_no_page(path: str) -> None:
    sitting(application())
    assert client().get(BASE + path).status_code == 404
    assert client().get(BASE + path.replace("9", "9" * 30)).status_code == 404


@pytest.mark.parametrize("path", READS)
def test_pages_are_in_every_language_and_take_few_queries(path: str, django_assert_max_num_queries: Any) -> None:
    number, other = application(), application(JUICE)
    at = sitting(number, other)
    score_all(at, number)
    close(at, number)
    for language in ("ky", "ja", "kaa-Cyrl"):
        assert "<html lang" in get(path, lang=language)
    with django_assert_max_num_queries(24):
        client().get(BASE + path)
