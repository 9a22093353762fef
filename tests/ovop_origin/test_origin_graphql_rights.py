"""Who may see and change what over GraphQL: every question, every change and every private field, for everyone."""

import json
from base64 import b64encode
from typing import Any

import pytest
from django.test import RequestFactory
from origin_graphql_world import HIDDEN, full_registry
from origin_world import ANONYMOUS, INSIDERS, OUTSIDERS, SLIPPERS, STAFF, client_for
from test_origin_graphql_changes import INPUTS, LOT, MATERIAL, MEMBERSHIP, ORIGIN, PLACE, PRODUCER, stored

from ovop_origin.schema import schema
from ovop_shared.requester import Requester, RequesterKind, attach_requester

EVERYBODY = [*OUTSIDERS, *INSIDERS]


@pytest.fixture
def full(registry: None) -> None:
    full_registry()


def answer_to(query: str, requester: Requester, **variables: object) -> tuple[Any, list[str]]:
    """The data of an answer and the codes of its errors."""
    response = client_for(requester).post(
        "/plugins/ovop.origin/graphql/",
        json.dumps({"query": query, "variables": variables}),
        content_type="application/json",
    )
    answer = response.json()
    return answer.get("data"), [error.get("extensions", error)["code"] for error in answer.get("errors", ())]


def is_insider(requester: Requester) -> bool:
    return requester in [each.values[0] for each in INSIDERS]  # type: ignore[attr-defined]


# Questions: field -> what to ask, the answer for outsiders, the answer for insiders

QUESTIONS: dict[str, tuple[str, Any, Any]] = {
    "node": ('node(id: "UHJvZHVjZXI6bTM=") { __typename }', None, {"__typename": "Producer"}),
    "place": ('place(code: "KG") { code }', {"code": "KG"}, {"code": "KG"}),
    "places": ("places { totalCount }", {"totalCount": 8}, {"totalCount": 8}),
    "villagesNear": (
        "villagesNear(latitude: 42.16, longitude: 77.61) { metres }",
        [{"metres": 0}],
        [{"metres": 0}],
    ),
    "producer": ('producer(code: "m3") { kind }', None, {"kind": "PERSON"}),
    "producers": ("producers { totalCount }", {"totalCount": 2}, {"totalCount": 3}),
    "origins": ("origins { totalCount }", {"totalCount": 2}, {"totalCount": 3}),
    "productOrigins": (
        f"productOrigins(productIds: [{HIDDEN}]) {{ productId }}",
        [],
        [{"productId": HIDDEN}],
    ),
    "productOrigin": (f"productOrigin(productId: {HIDDEN}) {{ productId }}", None, {"productId": HIDDEN}),
    "productByGtin": ('productByGtin(gtin: "04012345678918") { productId }', None, {"productId": HIDDEN}),
    "lot": (f'lot(productId: {HIDDEN}, code: "T1") {{ code }}', None, {"code": "T1"}),
    "material": ('material(code: "wool") { code }', {"code": "wool"}, {"code": "wool"}),
    "materials": ("materials { totalCount }", {"totalCount": 2}, {"totalCount": 2}),
}


def test_the_table_asks_every_question() -> None:
    assert set(QUESTIONS) == set(schema.get_query_type().fields)


@pytest.mark.parametrize("requester", EVERYBODY)
@pytest.mark.parametrize("field", QUESTIONS)
def test_everybody_may_ask_and_is_told_what_is_theirs_to_know(full: None, field: str, requester: Requester) -> None:
    question, public, private = QUESTIONS[field]

    data, codes = answer_to(f"{{ {question} }}", requester)

    assert codes == []
    assert data == {field: private if is_insider(requester) else public}


# Private fields of things that are public themselves: the way to the field, and its value for insiders

PRIVATE_FIELDS: dict[str, tuple[str, Any]] = {
    "Producer.private": ('producer(code: "ak-kiyiz") { private { __typename } }', {"__typename": "ProducerPrivate"}),
    "Maker.share": (f"productOrigin(productId: {SLIPPERS}) {{ makers {{ share }} }}", 6667),
    "Lot.quantity": (f'lot(productId: {SLIPPERS}, code: "L1") {{ quantity }}', 31),
    "Lot.contributions": (f'lot(productId: {SLIPPERS}, code: "L1") {{ contributions {{ quantity }} }}', 21),
    "Membership.since": ('producer(code: "ak-kiyiz") { members(first: 1) { edges { node { since } } } }', "2023-02-03"),
    "Membership.until": ('producer(code: "ak-kiyiz") { members(first: 1) { edges { node { until } } } }', "2025-01-01"),
}
# Without consent to be named
UNNAMED_FIELDS: dict[str, tuple[str, Any]] = {
    f"Producer.{field}": (f"productOrigin(productId: {SLIPPERS}) {{ makers {{ producer {{ {ask} }} }} }}", value)
    for field, ask, value in (
        ("code", "code", "m3"),
        ("name", "name", "Айгерим"),
        ("names", "names { text }", "Айгерим"),
        ("products", "products { edges { node { productId } } }", SLIPPERS),
        ("groups", "groups { edges { node { group { code } } } }", "ak-kiyiz"),
        ("members", "members { totalCount }", 0),
        ("memberCount", "memberCount", 0),
    )
}
PUBLIC_FIELDS = {
    "Producer": {"id", "kind", "village"},
    "Maker": {"producer"},
    "Lot": {"id", "productId", "code", "madeOn", "village", "makers", "origin"},
    "Membership": {"group", "member"},
}


def test_every_field_of_what_may_be_private_is_known_to_be_public_or_private() -> None:
    private = {*PRIVATE_FIELDS, *UNNAMED_FIELDS}

    for kind, public in PUBLIC_FIELDS.items():
        hidden = {name.partition(".")[2] for name in private if name.startswith(f"{kind}.")}
        assert set(schema.get_type(kind).fields) == public | hidden
        assert public & hidden == set()


def last_value(data: Any) -> Any:
    """The innermost value of an answer, by the last of each list."""
    while isinstance(data, dict | list):
        values = list(data.values()) if isinstance(data, dict) else data
        if not values:
            return None
        if isinstance(data, dict) and set(data) == {"__typename"}:
            return data
        data = values[-1]
    return data


@pytest.mark.parametrize("requester", EVERYBODY)
@pytest.mark.parametrize("field", PRIVATE_FIELDS)
def test_a_private_field_is_null_for_outsiders(full: None, field: str, requester: Requester) -> None:
    question, value = PRIVATE_FIELDS[field]

    data, codes = answer_to(f"{{ {question} }}", requester)

    if field == "Maker.share":  # the first of two makers
        data = data["productOrigin"]["makers"][0]
    if field == "Lot.contributions" and is_insider(requester):
        data = data["lot"]["contributions"][0]
    assert codes == []
    assert last_value(data) == (value if is_insider(requester) else None)


@pytest.mark.parametrize("requester", EVERYBODY)
@pytest.mark.parametrize("field", UNNAMED_FIELDS)
def test_a_producer_without_consent_is_nobody_to_outsiders(full: None, field: str, requester: Requester) -> None:
    question, value = UNNAMED_FIELDS[field]

    data, codes = answer_to(f"{{ {question} }}", requester)

    assert codes == []
    assert last_value(data) == (value if is_insider(requester) else 0 if field == "Producer.members" else None)


# Changes

REFUSALS = {
    RequesterKind.ANONYMOUS: "authentication_required",
    RequesterKind.CUSTOMER: "permission_denied",
    RequesterKind.STAFF: "permission_denied",
    RequesterKind.APP: "permission_denied",
}
CHANGES: dict[str, tuple[str, dict[str, Any]]] = {
    **{
        save[0]: (
            f"mutation ($input: {INPUTS[save[0]]}!) {{ {save[0]}(input: $input) {{ changed }} }}",
            {"input": save[1]},
        )
        for save in (PLACE, PRODUCER, MEMBERSHIP, MATERIAL, ORIGIN, LOT)
    },
    "productOriginRemove": ("mutation { productOriginRemove(productId: 13) { changed } }", {}),
}


def test_the_table_tries_every_change() -> None:
    assert set(CHANGES) == set(schema.get_mutation_type().fields)


@pytest.mark.parametrize("requester", OUTSIDERS)
@pytest.mark.parametrize("name", CHANGES)
def test_outsiders_change_nothing(full: None, name: str, requester: Requester) -> None:
    query, variables = CHANGES[name]
    before = stored()

    _, codes = answer_to(query, requester, **variables)

    assert codes == [REFUSALS[requester.kind]]
    assert stored() == before


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_without_rights_is_refused_whatever_the_header_says(full: None, name: str) -> None:
    # given a header, so that the endpoint lets the change through to the field that asks for the right
    query, variables = CHANGES[name]
    request = RequestFactory().post("/", headers={"authorization": "Bearer x"})
    attach_requester(request, ANONYMOUS)
    before = stored()

    result = schema.execute(query, context_value=request, variable_values=variables)

    assert [error.original_error.code for error in result.errors] == ["authentication_required"]
    assert stored() == before


@pytest.mark.parametrize("requester", INSIDERS)
@pytest.mark.parametrize("name", CHANGES)
def test_insiders_change(full: None, name: str, requester: Requester) -> None:
    query, variables = CHANGES[name]

    assert answer_to(query, requester, **variables) == ({name: {"changed": True}}, [])


# Whatever is asked

SECRETS = [
    *("+996555000001", "kiyiz@example.com", '"MARKETS"', "2025-01-02"),
    *(b64encode(b"Producer:m3").decode(), b64encode(b'["m3"]').decode()),
    *('"m3"', "Айгерим", "6667", "3333", "2024-05-01", "2023-02-03"),
    *("secret-tea", "Secret tea", "Not yet.", "04012345678918", '"T1"', f": {HIDDEN}}}", f": {HIDDEN},"),
]


def everything(kind: Any, depth: int) -> str:
    """A selection of every field of a type, that many levels deep."""
    while hasattr(kind, "of_type"):
        kind = kind.of_type
    if not hasattr(kind, "fields"):
        return ""
    if kind.name == "Node":
        return "{ id ... on Producer " + everything(schema.get_type("Producer"), depth) + " }"
    parts = []
    for name, field in kind.fields.items():
        below = everything(field.type, depth - 1) if depth else ""
        named = field.type
        while hasattr(named, "of_type"):
            named = named.of_type
        if below or not hasattr(named, "fields"):
            parts.append(f"{name} {below}")
    return "{ " + " ".join(parts) + " }" if parts else ""


@pytest.mark.parametrize("field", QUESTIONS)
def test_no_answer_to_an_outsider_holds_a_secret_however_deep_it_is_asked(full: None, field: str) -> None:
    question, _, _ = QUESTIONS[field]
    asked = question.partition("{")[0].replace(
        str(HIDDEN), f"{HIDDEN}, {SLIPPERS}" if "[" in question else str(SLIPPERS)
    )
    asked = asked.replace('"T1"', '"L1"').replace('"m3"', '"ak-kiyiz"').replace("04012345678918", "04012345678901")
    asked = asked.replace("UHJvZHVjZXI6bTM=", "UHJvZHVjZXI6YWsta2l5aXo=")
    query = f"{{ {asked} {everything(schema.get_query_type().fields[field].type, 5)} }}"

    def answer_for(requester: Requester) -> str:
        request = RequestFactory().post("/")
        attach_requester(request, requester)
        result = schema.execute(query, context_value=request)
        assert not result.errors
        return json.dumps(result.data, ensure_ascii=False)

    public, private = answer_for(ANONYMOUS), answer_for(STAFF)

    assert [secret for secret in SECRETS if secret in public] == []
    if field not in ("villagesNear", "material", "materials"):
        assert [secret for secret in SECRETS if secret in private] != []
