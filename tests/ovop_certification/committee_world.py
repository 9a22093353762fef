"""Plain builders for the Brand Committee's tests: criteria, members, applications, sittings."""

import datetime
from typing import Any

from certification_world import HONEY, PRODUCTS, ZONE

from ovop_certification.grading import BandRule
from ovop_certification.models import (
    Assessment,
    CommitteeMember,
    IssuingBody,
    Scheme,
    SchemeKind,
    Stage,
    Verdict,
)
from ovop_certification.services import committee
from ovop_certification.services.committee import Actor, CriteriaDraft, CriterionDraft
from ovop_origin.services import registry_load as origin_load
from ovop_shared.catalogue import host_catalogue
from ovop_shared.requester import MANAGE_PRODUCT_TYPES, MANAGE_PRODUCTS, Requester, RequesterKind
from ovop_standalone.catalogue import known_products_store

LABEL = "ovop-label"
HELD_ON = datetime.date(2025, 6, 10)
NOON = datetime.datetime(2025, 6, 10, 12, tzinfo=ZONE)
SECRETARY = Actor("Secretary")
CHAIR, SECOND, THIRD = "aigul", "bakyt", "chynara"
ACCOUNTS = {CHAIR: "101", SECOND: "102", THIRD: "103"}
NAMES = {CHAIR: "Aigul Sample", SECOND: "Bakyt Sample", THIRD: "Chynara Sample"}

READER = Requester(RequesterKind.STAFF, "reader@example.com", "201", frozenset({MANAGE_PRODUCTS}))
MANAGER = Requester(
    RequesterKind.STAFF, "manager@example.com", "202", frozenset({MANAGE_PRODUCTS, MANAGE_PRODUCT_TYPES})
)
APP = Requester(RequesterKind.APP, "an app", permissions=frozenset({MANAGE_PRODUCTS, MANAGE_PRODUCT_TYPES}))


def member_requester(code: str) -> Requester:
    """A member's account: product rights, and nothing to decide."""
    return Requester(RequesterKind.STAFF, f"{code}@example.com", ACCOUNTS[code], frozenset({MANAGE_PRODUCTS}))


def criteria_draft(**changes: Any) -> CriteriaDraft:
    """Taste 3/4 of 10 points, story 1/4 of 5; from 50 % three stars without the label, from 70 % four with it."""
    given: dict[str, Any] = {
        "code": "food",
        "scheme": LABEL,
        "issuing_body": "committee",
        "names": {"en": "Food"},
        "valid_months": 24,
        "criteria": (
            CriterionDraft("taste", {"en": "Taste", "ru": "Вкус"}, 3, 10),
            CriterionDraft("story", {"en": "Story"}, 1, 5),
        ),
        "bands": (BandRule(3, 5_000, False), BandRule(4, 7_000, True), BandRule(5, 9_000, True)),
    }
    return CriteriaDraft(**given | changes)


def build_committee(*, is_strict: bool = True) -> None:
    """Products, two producers, a label whose recipe must stay, published criteria, three members."""
    known_products_store(PRODUCTS)
    origin_load(origin_document(), catalogue=host_catalogue(), at=NOON)
    Scheme.objects.create(
        code=LABEL, kind=SchemeKind.BRAND_LABEL, names={"en": "OVOP label"}, suspends_on_recipe_change=is_strict
    )
    IssuingBody.objects.create(code="committee", name="Sample brand committee")
    committee.criteria_draft_save(criteria_draft())
    committee.criteria_publish("food", 1, at=NOON - datetime.timedelta(days=30))
    for code, name in NAMES.items():
        committee.member_save(code, name, user_id=ACCOUNTS[code])


def origin_document() -> dict[str, Any]:
    return {
        "version": 1,
        "places": [
            {"kind": "country", "code": "KG", "names": {"en": "Kyrgyzstan"}},
            {"kind": "region", "code": "KG-Y", "parent": "KG", "names": {"en": "Issyk-Kul"}},
            {"kind": "district", "code": "KG-Y-jeti-oguz", "parent": "KG-Y", "names": {"en": "Jeti-Oguz"}},
            {
                "kind": "village",
                "code": "KG-Y-barskoon",
                "parent": "KG-Y-jeti-oguz",
                "latitude": "42.16",
                "longitude": "77.61",
                "names": {"en": "Barskoon"},
            },
        ],
        "producers": [
            {
                "code": "maker",
                "kind": "person",
                "village": "KG-Y-barskoon",
                "language": "ky",
                "names": {"en": "Sample maker"},
            }
        ],
    }


def application(
    product_pk: int = HONEY, stage: Stage = Stage.CERTIFICATION, *, at: datetime.datetime | None = None
) -> int:
    """An application taken to that stage; its number."""
    moment = at or NOON - datetime.timedelta(days=20)
    opened = committee.application_open(LABEL, product_pk, "maker", actor="Desk", at=moment)
    for each in committee.STAGES[1 : committee.STAGES.index(stage) + 1]:
        committee.application_enter(opened.number, each, actor="Desk", at=moment)
    return opened.number


def sitting(
    *applications: int, held_on: datetime.date = HELD_ON, members: tuple[str, ...] = (CHAIR, SECOND, THIRD)
) -> int:
    """A sitting with these members, the first in the chair, and these applications on its agenda; its number."""
    number = committee.sitting_open(held_on, place="Karakol").number
    for position, code in enumerate(members):
        committee.sitting_member_set(number, code, is_chair=position == 0)
    for each in applications:
        committee.assessment_add(number, each)
    return number


def member(code: str) -> CommitteeMember:
    return CommitteeMember.objects.get(code=code)


def score(
    number: int,
    application_number: int,
    code: str,
    taste: int = 9,
    story: int = 4,
    *,
    recipe: int | None = None,
    at: datetime.datetime = NOON,
) -> int:
    return committee.scores_save(
        number, application_number, member(code), {"taste": taste, "story": story}, recipe_version=recipe, at=at
    )


def score_all(number: int, application_number: int, **points: Any) -> None:
    for code in (CHAIR, SECOND, THIRD):
        score(number, application_number, code, **points)


def close(
    number: int,
    application_number: int,
    verdict: Verdict = Verdict.GRANTED,
    *,
    conditions: str = "",
    by: Actor = SECRETARY,
    at: datetime.datetime = NOON,
) -> Assessment:
    return committee.assessment_close(number, application_number, verdict, conditions=conditions, by=by, at=at)


def granted(product_pk: int = HONEY) -> tuple[int, int]:
    """An application that got the label; the numbers of the application and the sitting."""
    applied = application(product_pk)
    number = sitting(applied)
    score_all(number, applied)
    close(number, applied)
    return applied, number
