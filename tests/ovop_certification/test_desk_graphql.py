"""The desk over GraphQL: every question and every change, for everyone who may ask; broken rules as typed errors."""

import json
from typing import Any

import pytest
from certification_world import JUICE
from desk_world import applied, filed, issued, kinds, verified
from test_desk_pages import AIDA, BAKYT, READER, REQUESTERS, client_for, gate_rows

from ovop_certification.models import Certificate, OrderFlag, RecordedChange, Requirement
from ovop_certification.schema.desk import DeskQuery
from ovop_certification.schema.desk_mutations import DeskMutation
from ovop_shared.product_ids import product_global_id
from ovop_shared.requester import Requester

pytestmark = pytest.mark.usefixtures("registry")

CERTIFICATE = """{scheme: "eac", issuingBody: "body", number: "NEW", holderKind: PRODUCT, holderRef: "2",
  validFromOn: "2025-01-01", validUntilOn: "2030-01-01", markets: ["kg"], productIds: ["2", "3"]}"""
REQUIREMENT = '{market: "kg", scheme: "brand", productType: "ovop-felt", fromOn: "2099-01-01", effect: BLOCK}'

# field -> what to ask, whether it is for managers alone
QUESTIONS: dict[str, tuple[str, bool]] = {
    "staffCertificates": ("staffCertificates { totalCount }", False),
    "staffCertificate": ('staffCertificate(id: "1") { register_: registerUrl }', False),
    "requirements": ("requirements { totalCount }", False),
    "markets": ("markets { code }", False),
    "closures": ("closures { totalCount }", False),
    "heldOrders": ("heldOrders { totalCount }", False),
    "flaggedLines": ("flaggedLines { totalCount }", False),
    "strandedPayments": ("strandedPayments { totalCount }", False),
    "requirementAddPreview": (f"requirementAddPreview(input: {REQUIREMENT}) {{ closesCount }}", True),
    "requirementChangePreview": (
        'requirementChangePreview(input: {id: "PK", effect: WARN}) { opensCount }',
        True,
    ),
    "requirementEndPreview": ('requirementEndPreview(id: "PK", lastOn: "2099-01-01") { opensCount }', True),
}
CHANGES: dict[str, str] = {
    "certificateApply": f"certificateApply(input: {CERTIFICATE}) {{ errors {{ code }} }}",
    "certificateChange": 'certificateChange(id: "0", input: {validFromOn: "2025-01-01"}) { errors { code } }',
    "surveillanceRecord": 'surveillanceRecord(id: "0") { errors { code } }',
    "certificateVerify": 'certificateVerify(id: "0", reason: "x") { errors { code } }',
    "certificateIssue": 'certificateIssue(id: "0") { errors { code } }',
    "certificateSuspend": 'certificateSuspend(id: "0", reason: "x") { errors { code } }',
    "certificateReinstate": 'certificateReinstate(id: "0", reason: "x") { errors { code } }',
    "certificateWithdraw": 'certificateWithdraw(id: "0", reason: "x") { errors { code } }',
    "requirementAdd": f"requirementAdd(input: {REQUIREMENT}) {{ errors {{ code }} }}",
    "requirementChange": 'requirementChange(input: {id: "0", effect: WARN}) { errors { code } }',
    "requirementEnd": 'requirementEnd(id: "0", lastOn: "2099-01-01") { errors { code } }',
    "marketPolicySet": (
        'marketPolicySet(code: "kg", onUncertified: HIDE, onLapsed: HOLD, onBypassed: HOLD, graceDays: 3)'
        " { errors { code } }"
    ),
    "marketPlacesSet": 'marketPlacesSet(code: "kg", channels: ["kgs"], countries: []) { errors { code } }',
    "closureWantsSet": 'closureWantsSet(productId: "2", channel: "kgs", published: true) { errors { code } }',
    "orderHoldRelease": 'orderHoldRelease(orderId: "x", reason: "x") { errors { code } }',
    "orderFlagResolve": 'orderFlagResolve(id: "0", outcome: HONOURED, reason: "x") { errors { code } }',
}


def answer(requester: Requester, query: str) -> dict[str, Any]:
    response = client_for(requester).post(
        "/plugins/ovop.certification/graphql/", json.dumps({"query": query}), content_type="application/json"
    )
    found: dict[str, Any] = response.json()
    return found


def codes(found: dict[str, Any]) -> list[str]:
    return [each.get("extensions", each)["code"] for each in found.get("errors", ())]


def ask(query: str, requester: Requester = READER) -> Any:
    found = answer(requester, "{ " + query + " }")
    assert "errors" not in found, found
    return next(iter(found["data"].values()))


def change(mutation: str, requester: Requester = AIDA) -> Any:
    found = answer(requester, "mutation { " + mutation + " }")
    assert "errors" not in found, found
    return next(iter(found["data"].values()))


def test_the_tables_hold_every_question_and_every_change() -> None:
    assert {name.lower() for name in QUESTIONS} == {name.replace("_", "") for name in DeskQuery._meta.fields}
    assert {name.lower() for name in CHANGES} == {name.replace("_", "") for name in DeskMutation._meta.fields}


@pytest.mark.parametrize("who", REQUESTERS)
@pytest.mark.parametrize("field", QUESTIONS)
def test_who_may_ask(field: str, who: str) -> None:
    requester, reads, decides = REQUESTERS[who]
    question, is_for_managers = QUESTIONS[field]
    pk = str(Requirement.objects.order_by("pk")[0].pk)
    allowed = decides if is_for_managers else reads

    found = codes(answer(requester, "{ " + question.replace("PK", pk) + " }"))

    assert found == {200: [], 401: ["authentication_required"], 403: ["permission_denied"]}[allowed]


@pytest.mark.parametrize("who", REQUESTERS)
@pytest.mark.parametrize("field", CHANGES)
def test_who_may_change(field: str, who: str) -> None:
    requester, _, decides = REQUESTERS[who]

    found = codes(answer(requester, "mutation { " + CHANGES[field] + " }"))

    assert found == {200: [], 401: ["authentication_required"], 403: ["permission_denied"]}[decides]
    if decides != 200:
        assert (Certificate.objects.count(), Requirement.objects.count(), RecordedChange.objects.count()) == (2, 3, 0)


def test_a_certificate_goes_through_its_life() -> None:
    whole = "certificate { certificate { id status isVerified holderRef } productIds markets } errors { code field }"
    made = change(f"certificateApply(input: {CERTIFICATE}) {{ {whole} }}")
    again = change(f"certificateApply(input: {CERTIFICATE}) {{ {whole} }}")
    pk = made["certificate"]["certificate"]["id"]
    certificate = Certificate.objects.get(pk=pk)
    assert (
        made
        == again
        == {
            "certificate": {
                "certificate": {"id": pk, "status": "APPLIED", "isVerified": False, "holderRef": str(JUICE)},
                "productIds": [product_global_id(2), product_global_id(3)],
                "markets": ["kg"],
            },
            "errors": [],
        }
    )
    assert change(f'certificateVerify(id: "{pk}", reason: "seen") {{ errors {{ code field }} }}')["errors"] == [
        {"code": "evidence_required", "field": "document"}
    ]
    filed(certificate)
    step = "{ certificate { certificate { status isVerified } } errors { code } }"
    assert change(f'certificateVerify(id: "{pk}", reason: "seen") {step}')["certificate"]["certificate"] == {
        "status": "APPLIED",
        "isVerified": True,
    }
    assert change(f'certificateIssue(id: "{pk}") {step}') == {
        "certificate": None,
        "errors": [{"code": "four_eyes_required"}],
    }
    assert change(f'certificateIssue(id: "{pk}") {step}', BAKYT)["certificate"]["certificate"]["status"] == "VALID"
    assert change(f'certificateSuspend(id: "{pk}", reason: " ") {step}')["errors"] == [{"code": "reason_required"}]
    assert change(f'certificateSuspend(id: "{pk}", reason: "x") {step}')["errors"] == []
    assert change(f'certificateReinstate(id: "{pk}", reason: "x") {step}')["errors"] == []
    assert change(f'surveillanceRecord(id: "{pk}", nextOn: "2026-01-01") {step}')["errors"] == []
    assert change(f'certificateWithdraw(id: "{pk}", reason: "x", happenedAt: "2999-01-01T00:00:00") {step}')[
        "errors"
    ] == [{"code": "event_out_of_order"}]
    assert change(f'certificateWithdraw(id: "{pk}", reason: "x") {step}')["errors"] == []

    assert kinds(certificate) == ["applied", "verified", "issued", "suspended", "reinstated", "withdrawn"]
    history = ask(f'staffCertificate(id: "{pk}") {{ history {{ kind actor reason }} evidence {{ name sha256 }} }}')
    assert [step["kind"] for step in history["history"]] == [
        "WITHDRAWN", "CHANGED", "REINSTATED", "SUSPENDED", "ISSUED", "VERIFIED", "APPLIED", "FILED",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("field", "value", "code", "at"),
    [
        ('number: "NEW"', 'number: ""', "invalid_certificate", "number"),
        ('holderRef: "2"', 'holderRef: "999"', "unknown_holder", "holderRef"),
        ('holderRef: "2"', 'holderRef: "x"', "unknown_product", "holderRef"),
        ('"2", "3"', '"999"', "unknown_product", "productIds"),
        ('validUntilOn: "2030', 'validUntilOn: "2020', "invalid_dates", "validUntilOn"),
        ('scheme: "eac"', 'scheme: "x"', "unknown_scheme", "scheme"),
    ],
)
def test_a_broken_rule_is_a_typed_error_at_its_field(field: str, value: str, code: str, at: str) -> None:
    found = change(
        f"certificateApply(input: {CERTIFICATE.replace(field, value)})"
        " { certificate { registerUrl } errors { code field } }"
    )

    assert found == {"certificate": None, "errors": [{"code": code, "field": at}]}
    assert Certificate.objects.count() == 2


def test_the_list_is_read_page_by_page_and_filtered() -> None:
    issued(number="A")
    verified(number="B")
    applied(number="C")
    page = "{ edges { node { number status isReplaced } } pageInfo { hasNextPage endCursor } totalCount }"

    first = ask(f"staffCertificates(first: 3) {page}")
    second = ask(f'staffCertificates(first: 3, after: "{first["pageInfo"]["endCursor"]}") {page}')

    numbers = [each["node"]["number"] for each in (*first["edges"], *second["edges"])]
    assert numbers == ["EAC-1", "A", "B", "C", "EAC/2"]
    assert (first["pageInfo"]["hasNextPage"], second["pageInfo"]["hasNextPage"], second["totalCount"]) == (
        True,
        False,
        5,
    )
    for filters, expected in {
        "status: VERIFIED": ["B"],
        "status: APPLIED": ["C"],
        "status: EXPIRED": ["EAC-1"],
        'text: "eac/"': ["EAC/2"],
        "expiringDays: 5": [],
        "holderKind: LOT": [],
        'scheme: "brand"': [],
    }.items():
        found = ask(f"staffCertificates({filters}) {page}")
        assert [each["node"]["number"] for each in found["edges"]] == expected


@pytest.mark.parametrize("paging", ["first: 0", "first: 101", 'after: "x"', 'after: "cDEyMzQ1Njc4OTAxMg=="'])
def test_a_page_that_cannot_be_is_refused(paging: str) -> None:
    assert codes(answer(READER, f"{{ staffCertificates({paging}) {{ totalCount }} }}")) == ["invalid_page"]


def test_the_matrix_is_previewed_changed_and_told() -> None:
    honeys = (
        f"requirementAddPreview(input: {REQUIREMENT}) {{ closesCount closes {{ productSlug channel country codes }} }}"
    )
    assert ask(honeys, AIDA) == {
        "closesCount": 1,
        "closes": [{"productSlug": "felt-slippers", "channel": "kgs", "country": None, "codes": ["missing"]}],
    }
    assert Requirement.objects.count() == 3

    made = change(
        f'requirementAdd(input: {REQUIREMENT}, reason: "law") {{ requirements {{ id fromOn effect }} errors {{ code }} }}'
    )
    twice = change(f"requirementAdd(input: {REQUIREMENT}) {{ requirements {{ id }} errors {{ code field }} }}")
    pk = made["requirements"][0]["id"]
    changed = change(
        f'requirementChange(input: {{id: "{pk}", effect: WARN, graceDays: 4}}) {{ requirements {{ effect graceDays }} }}'
    )
    ended = change(f'requirementEnd(id: "{pk}", lastOn: "2001-01-01") {{ requirements {{ id }} errors {{ code }} }}')

    assert (made["errors"], twice) == (
        [],
        {"requirements": None, "errors": [{"code": "requirement_exists", "field": "fromOn"}]},
    )
    assert changed["requirements"] == [{"effect": "WARN", "graceDays": 4}]
    assert ended == {"requirements": [], "errors": []}
    assert RecordedChange.objects.count() == 3
    found = ask('requirements(market: "jp") { edges { node { market scheme productType } } }')
    assert [each["node"] for each in found["edges"]] == [
        {"market": "jp", "scheme": "import", "productType": "ovop-food"}
    ]


def test_markets_are_told_and_set() -> None:
    found = change(
        'marketPolicySet(code: "jp", onUncertified: HIDE, onLapsed: HONOUR, onBypassed: FLAG, graceDays: 7)'
        " { market { code onUncertified onLapsed onBypassed graceDays countries names { language text } } errors { code } }"
    )
    refused = change(
        'marketPlacesSet(code: "jp", channels: ["kgs"], countries: ["JP"]) { market { code } errors { code field } }'
    )

    assert found["market"] == {
        "code": "jp",
        "onUncertified": "HIDE",
        "onLapsed": "HONOUR",
        "onBypassed": "FLAG",
        "graceDays": 7,
        "countries": ["JP"],
        "names": [{"language": "en", "text": "Japan"}],
    }
    assert refused == {"market": None, "errors": [{"code": "channel_in_two_markets", "field": "channels"}]}
    assert [each["channels"] for each in ask("markets { channels }")] == [[], ["kgs"]]


def test_what_the_gate_did_is_told_and_decided() -> None:
    gate_rows()
    reasons = "reasons { code scheme certificate }"
    told = [{"code": "missing", "scheme": "eac", "certificate": None}]

    (closure,) = ask(f"closures {{ edges {{ node {{ productId channel wantsPublished {reasons} }} }} }}")["edges"]
    (hold,) = ask("heldOrders { edges { node { orderId cause releasedAt } } }")["edges"]
    (flag,) = ask(f"flaggedLines {{ edges {{ node {{ id orderId resolution {{ outcome }} {reasons} }} }} }}")["edges"]
    (money,) = ask("strandedPayments { edges { node { checkout amountMinor currency outcome } } }")["edges"]

    assert closure["node"] == {
        "productId": product_global_id(JUICE),
        "channel": "kgs",
        "wantsPublished": True,
        "reasons": told,
    }
    assert hold["node"] == {"orderId": "o-1", "cause": "bypassed", "releasedAt": None}
    assert flag["node"] == {
        "id": str(OrderFlag.objects.get().pk),
        "orderId": "o-1",
        "resolution": None,
        "reasons": told,
    }
    assert money["node"] == {"checkout": "c-1", "amountMinor": "12345", "currency": "KGS", "outcome": "WAITING"}
    resolved = change(
        f'orderFlagResolve(id: "{flag["node"]["id"]}", outcome: CANCELLED, reason: "x")'
        " { flag { resolution { outcome actor reason } } errors { code } }"
    )
    assert resolved["flag"]["resolution"] == {"outcome": "CANCELLED", "actor": AIDA.name, "reason": "x"}
    released = change(
        'orderHoldRelease(orderId: "o-1", reason: "x") { hold { releasedBy releaseReason } errors { code } }'
    )
    assert released["hold"] == {"releasedBy": AIDA.name, "releaseReason": "x"}
    wanted = change(
        'closureWantsSet(productId: "2", channel: "kgs", published: false)'
        " { closure { wantsPublished wantsAvailableAt } errors { code } }"
    )
    assert wanted["closure"] == {"wantsPublished": False, "wantsAvailableAt": None}
    assert ask("heldOrders { totalCount }")["totalCount"] == 0
    assert ask("flaggedLines(isResolved: true) { totalCount }")["totalCount"] == 1


def test_an_answer_that_would_be_huge_is_refused_before_it_is_made() -> None:
    node = "certificate: node { a0: number b0: scheme } " + " ".join(
        f"n{i}: node {{ number scheme status holderRef }}" for i in range(80)
    )
    found = answer(READER, f"{{ staffCertificates(first: 100) {{ edges {{ {node} }} }} }}")

    assert codes(found) == ["query_too_complex"]
