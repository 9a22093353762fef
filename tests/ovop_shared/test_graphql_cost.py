"""What an answer may cost is known before anything of it runs; reading the schema stays possible."""

import json
from typing import Any

import graphene
import pytest
from django.test import RequestFactory
from graphene import relay
from graphql import introspection_query, parse
from graphql.language import ast

from ovop_shared.graphql_cost import DEFAULT_PAGE, LIST_SIZE, MAX_PAGE, query_cost
from ovop_shared.graphql_endpoint import MAX_COST, graphql_view

ran: list[str] = []


class Item(graphene.ObjectType):  # type: ignore[misc]
    class Meta:
        interfaces = (relay.Node,)

    name = graphene.String()
    below = graphene.Field(lambda: Item)
    tags = graphene.List(graphene.String)
    children = graphene.List(lambda: Item)


class Items(relay.Connection):  # type: ignore[misc]
    class Meta:
        node = Item

    total_count = graphene.Int()


PAGED = {"first": graphene.Int(), "last": graphene.Int(), "after": graphene.String()}


class Query(graphene.ObjectType):  # type: ignore[misc]
    node = relay.Node.Field()
    item = graphene.Field(Item, tags=graphene.List(graphene.String))
    items = graphene.NonNull(Items, **PAGED)
    fifty = graphene.List(Item, first=graphene.Int(default_value=50))
    by_ids = graphene.NonNull(graphene.List(graphene.NonNull(Item)), ids=graphene.List(graphene.NonNull(graphene.ID)))

    @staticmethod
    def resolve_item(root: Any, info: Any, tags: Any = None) -> dict[str, str]:
        ran.append("item")
        return {"name": "one"}


class Rename(graphene.Mutation):  # type: ignore[misc]
    name = graphene.String()

    @staticmethod
    def mutate(root: Any, info: Any) -> dict[str, str]:
        ran.append("rename")
        return {"name": "renamed"}


class Mutation(graphene.ObjectType):  # type: ignore[misc]
    rename = Rename.Field()


SCHEMA = graphene.Schema(query=Query, mutation=Mutation)
VIEW = graphql_view(SCHEMA)


@pytest.fixture(autouse=True)
def nothing_ran() -> None:
    ran.clear()


def cost(query: str, **variables: object) -> int:
    document = parse(query)
    fragments = {each.name.value: each for each in document.definitions if isinstance(each, ast.FragmentDefinition)}
    (operation,) = (each for each in document.definitions if isinstance(each, ast.OperationDefinition))
    return query_cost(SCHEMA, operation, fragments, variables)


def ask(query: str, headers: dict[str, str] | None = None, **variables: object) -> tuple[int, dict[str, Any]]:
    body = json.dumps({"query": query, "variables": variables})
    response = VIEW(RequestFactory().post("/graphql/", body, content_type="application/json", headers=headers))
    answer: dict[str, Any] = json.loads(response.content)
    return response.status_code, answer


PAGE = "{ edges { node { name } } }"


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("{ item { name } }", 2),
        ("{ item { name below { name } } }", 4),
        # a list that does not say how long it is
        ("{ item { tags children { name } } }", 1 + 1 + 1 + LIST_SIZE),
        # a page is as large as it says, whatever stands beside it is there once
        (f"{{ items {PAGE} }}", 2 + DEFAULT_PAGE * 2),
        (
            "{ items(first: 7) { totalCount pageInfo { endCursor } edges { cursor node { name } } } }",
            1 + 1 + 2 + 1 + 21,
        ),
        (f"{{ items(last: 9) {PAGE} }}", 2 + 9 * 2),
        (f"{{ items(first: 3, last: 9) {PAGE} }}", 2 + 9 * 2),
        ("{ items(first: 3) { edges { node { children { name } } } } }", 2 + 3 * (1 + 1 + LIST_SIZE)),
        ("{ fifty { name } }", 1 + 50),
        ("{ fifty(first: 2) { name } }", 1 + 2),
        # as many things as ids; a list for a single thing multiplies nothing
        ('{ byIds(ids: ["a", "b", "c"]) { name } }', 1 + 3),
        ('{ byIds(ids: "a") { name } }', 1 + 1),
        ('{ item(tags: ["a", "b", "c"]) { name } }', 2),
        # nobody makes a page cheaper than it is
        (f"{{ items(first: 0) {PAGE} }}", 2 + 2),
        (f"{{ items(first: -1000) {PAGE} }}", 2 + 2),
        (f'{{ items(first: "x") {PAGE} }}', 2 + MAX_PAGE * 2),
        # fragments, inline or named, at their own type
        ("{ items(first: 3) { ... { edges { ... on ItemEdge { node { name } } } } } }", 2 + 3 * 2),
        ("{ items(first: 3) { ...f ...f } } fragment f on ItemsConnection { edges { node { name } } }", 1 + 2 * 7),
        ('{ node(id: "x") { ... on Item { children { name } } } }', 1 + 1 + LIST_SIZE),
        # what the schema does not have is for the validation
        ("{ nothing(first: 100) { nobody } }", 2),
    ],
)
def test_what_a_query_costs(query: str, expected: int) -> None:
    assert cost(query) == expected


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({}, 2 + 4 * 2),
        ({"n": 6}, 2 + 6 * 2),
        ({"n": 6.0}, 2 + 6 * 2),
        ({"n": None}, 2 + DEFAULT_PAGE * 2),
        ({"n": "many"}, 2 + MAX_PAGE * 2),
        ({"n": float("inf")}, 2 + MAX_PAGE * 2),
    ],
)
def test_variables_count_with_their_values_or_defaults(variables: dict[str, object], expected: int) -> None:
    assert cost(f"query ($n: Int = 4) {{ items(first: $n) {PAGE} }}", **variables) == expected


def test_a_list_of_ids_in_a_variable_counts_each() -> None:
    query = "query ($ids: [ID!]) { byIds(ids: $ids) { name } }"

    assert cost(query, ids=list(range(40))) == 1 + 40
    assert cost(query) == 1 + LIST_SIZE


def nested(names: int) -> str:
    """A query whose every additional name costs the same."""
    page = " ".join(f"n{number}: name" for number in range(names))
    return f"{{ item {{ name }} items(first: 100) {{ edges {{ node {{ children {{ {page} }} }} }} }} }}"


def test_the_most_expensive_query_that_is_served_and_one_that_is_not() -> None:
    # given: 4 for the fields around the page, 200 for the nodes and their lists, 500 for each name
    most = (MAX_COST - 204) // 500
    assert cost(nested(most)) == 204 + most * 500

    assert ask(nested(most))[0] == 200
    assert ran == ["item"]

    status, answer = ask(nested(most + 1))
    (error,) = answer["errors"]
    assert (status, error["extensions"]["code"]) == (400, "query_too_complex")
    assert error["extensions"]["params"] == {"limit": MAX_COST, "cost": 204 + (most + 1) * 500}
    assert ran == ["item"]


def test_the_costs_of_all_parts_of_a_document_add_up() -> None:
    page = "edges { node { children { name } } }"
    parts = " ".join(f"p{number}: items(first: 100) {{ {page} }}" for number in range(50))

    assert cost(f"{{ {parts} }}") == 50 * 702
    assert ask(f"{{ {parts} }}")[0] == 400


def test_fragments_in_fragments_without_end_are_refused() -> None:
    fragments = " ".join(f"fragment f{number} on Item {{ ...f{number + 1} }}" for number in range(500))

    status, answer = ask(f"{{ item {{ ...f0 }} }} {fragments} fragment f500 on Item {{ name }}")

    assert (status, answer["errors"][0]["extensions"]["code"]) == (400, "query_too_complex")
    assert ran == []


# Reading the schema


def tools_introspection(of_types: int = 9) -> str:
    """The question that tools of today ask: nine types inside each other, and everything of every type."""
    kind = "kind name " + "ofType { kind name " * of_types + "}" * of_types
    value = f"name description type {{ {kind} }} defaultValue"
    return f"""{{ __schema {{
        queryType {{ name }} mutationType {{ name }} subscriptionType {{ name }}
        types {{
            kind name description
            fields(includeDeprecated: true) {{
                name description args {{ {value} }} type {{ {kind} }} isDeprecated deprecationReason
            }}
            inputFields {{ {value} }} interfaces {{ {kind} }}
            enumValues(includeDeprecated: true) {{ name description isDeprecated deprecationReason }}
            possibleTypes {{ {kind} }}
        }}
        directives {{ name description locations args {{ {value} }} }}
    }} }}"""


@pytest.mark.parametrize("query", [introspection_query, tools_introspection()])
def test_tools_may_read_the_schema(query: str) -> None:
    status, answer = ask(query)

    assert status == 200
    assert "Item" in {each["name"] for each in answer["data"]["__schema"]["types"]}


@pytest.mark.parametrize(
    "query",
    [
        "{ __schema { types { fields { type { fields { type { fields { type { fields { name } } } } } } } } } }",
        '{ __type(name: "Item") { interfaces { possibleTypes { interfaces { possibleTypes { interfaces { name } } } } } } }',
        "{ __schema { types { ...f } } } "
        "fragment f on __Type { fields { type { ...g } } } "
        "fragment g on __Type { fields { type { fields { type { fields { name } } } } } }",
        tools_introspection(of_types=13),
    ],
)
def test_the_schema_inside_the_schema_is_refused(query: str) -> None:
    status, answer = ask(query)

    assert (status, answer["errors"][0]["extensions"]["code"]) == (400, "query_too_complex")


# Changes


@pytest.mark.parametrize("headers", [{}, {"cookie": "ovop_token=valid"}, {"authorization": ""}])
@pytest.mark.parametrize(
    "query", ["mutation { rename { name } }", "query q { item { name } } mutation m { rename { name } }"]
)
def test_a_change_without_a_token_in_a_header_is_refused(headers: dict[str, str], query: str) -> None:
    status, answer = ask(query, headers)

    assert (status, answer["errors"][0]["extensions"]["code"]) == (401, "authentication_required")
    assert ran == []


@pytest.mark.parametrize("name", ["authorization", "authorization-bearer"])
def test_a_change_with_a_token_in_a_header_runs(name: str) -> None:
    assert ask("mutation { rename { name } }", {name: "Bearer x"}) == (200, {"data": {"rename": {"name": "renamed"}}})


def test_a_change_by_get_is_refused() -> None:
    response = VIEW(
        RequestFactory().get(
            "/graphql/", {"query": "mutation { rename { name } }"}, headers={"authorization": "Bearer x"}
        )
    )

    assert response.status_code == 405
    assert ran == []
