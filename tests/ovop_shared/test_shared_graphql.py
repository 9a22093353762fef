"""GraphQL over HTTP: what is too much is refused before it runs, and no answer tells what broke inside."""

import json
from typing import Any

import graphene
import pytest
from django.test import RequestFactory

from ovop_shared.errors import NotFound
from ovop_shared.graphql_endpoint import MAX_DEPTH, MAX_FIELDS, MAX_QUERY_CHARACTERS, graphql_view


class Node(graphene.ObjectType):  # type: ignore[misc]
    name = graphene.String()
    below = graphene.Field(lambda: Node)

    @staticmethod
    def resolve_name(root: Any, info: Any) -> str:
        return "a village"

    @staticmethod
    def resolve_below(root: Any, info: Any) -> dict[str, str]:
        return {}


class Query(graphene.ObjectType):  # type: ignore[misc]
    node = graphene.Field(Node)
    refused = graphene.String()
    broken = graphene.String()

    @staticmethod
    def resolve_node(root: Any, info: Any) -> dict[str, str]:
        return {}

    @staticmethod
    def resolve_refused(root: Any, info: Any) -> str:
        raise NotFound("There is no such village.", field="code", params={"village": "x"})

    @staticmethod
    def resolve_broken(root: Any, info: Any) -> str:
        raise RuntimeError("password=secret")


VIEW = graphql_view(graphene.Schema(query=Query))


def ask(query: Any, **more: Any) -> tuple[int, dict[str, Any]]:
    return ask_with(json.dumps({"query": query, **more}))


def ask_with(body: str, content_type: str = "application/json") -> tuple[int, dict[str, Any]]:
    response = VIEW(RequestFactory().post("/graphql/", body, content_type=content_type))
    answer: dict[str, Any] = json.loads(response.content)
    return response.status_code, answer


def code_of(answer: dict[str, Any]) -> str:
    (error,) = answer["errors"]
    code: str = error["extensions"]["code"]
    return code


def nested(levels: int) -> str:
    """A query `levels` fields deep."""
    return "{ node " + "{ below " * (levels - 2) + "{ name }" + " }" * (levels - 1)


def test_a_query_is_answered() -> None:
    assert ask("{ node { name } }") == (200, {"data": {"node": {"name": "a village"}}})


def test_the_deepest_query_that_is_served() -> None:
    assert ask(nested(MAX_DEPTH))[0] == 200


def test_one_level_more_is_refused() -> None:
    status, answer = ask(nested(MAX_DEPTH + 1))

    assert (status, code_of(answer)) == (400, "query_too_complex")
    assert answer["errors"][0]["extensions"]["params"] == {"limit": MAX_DEPTH}


def test_the_widest_query_that_is_served_and_one_field_more() -> None:
    fields = [f"n{number}: name" for number in range(MAX_FIELDS - 1)]
    assert ask(f"{{ node {{ {' '.join(fields)} }} }}")[0] == 200

    status, answer = ask(f"{{ node {{ {' '.join([*fields, 'name'])} }} }}")
    assert (status, code_of(answer)) == (400, "query_too_complex")
    assert answer["errors"][0]["extensions"]["params"] == {"limit": MAX_FIELDS}


def test_fields_hidden_in_fragments_count_every_time_they_are_spread() -> None:
    names = " ".join(f"n{number}: name" for number in range(50))
    spreads = " ".join(f"a{number}: node {{ ...names }}" for number in range(10))

    status, answer = ask(f"{{ {spreads} }} fragment names on Node {{ {names} }}")

    assert (status, code_of(answer)) == (400, "query_too_complex")


def test_depth_hidden_in_fragments_counts() -> None:
    fragments = " ".join(
        f"fragment f{number} on Node {{ below {{ ...f{number + 1} }} }}" for number in range(MAX_DEPTH)
    )

    status, answer = ask(f"{{ node {{ ...f0 }} }} {fragments} fragment f{MAX_DEPTH} on Node {{ name }}")

    assert (status, code_of(answer)) == (400, "query_too_complex")


def test_a_fragment_that_holds_itself_ends() -> None:
    status, answer = ask("{ node { ...f } } fragment f on Node { name below { ...f } }")

    assert (status, code_of(answer)) == (400, "graphql_invalid")


@pytest.mark.parametrize("doublings", [20, 60])
def test_fragments_that_double_each_other_are_refused_at_once(doublings: int) -> None:
    fragments = " ".join(
        f"fragment f{number} on Node {{ a: below {{ ...f{number + 1} }} b: below {{ ...f{number + 1} }} }}"
        for number in range(doublings)
    )

    status, answer = ask(f"{{ node {{ ...f0 }} }} {fragments} fragment f{doublings} on Node {{ name }}")

    assert (status, code_of(answer)) == (400, "query_too_complex")


@pytest.mark.parametrize("doublings", [20, 60])
def test_fragments_that_double_each_other_without_any_field_are_refused_at_once(doublings: int) -> None:
    fragments = " ".join(
        f"fragment f{number} on Node {{ ...f{number + 1} ...f{number + 1} }}" for number in range(doublings)
    )

    status, answer = ask(f"{{ node {{ ...f0 }} }} {fragments} fragment f{doublings} on Node {{ name }}")

    assert (status, code_of(answer)) == (400, "query_too_complex")


def test_a_query_that_is_too_long_is_refused_unread() -> None:
    status, answer = ask("{ node { name } }" + " " * MAX_QUERY_CHARACTERS)

    assert (status, code_of(answer)) == (400, "query_too_complex")
    assert answer["errors"][0]["extensions"]["params"] == {"limit": MAX_QUERY_CHARACTERS}


@pytest.mark.parametrize("query", ["{ node { nothing } }", "{ node", "", "{ " * 3_000])
def test_what_is_no_query_of_this_schema_is_refused(query: str) -> None:
    status, answer = ask(query)

    assert (status, code_of(answer)) == (400, "graphql_invalid")


@pytest.mark.parametrize("body", ["", "[]", "null", "5", '"text"', "{", '{"query": 5}', '{"query": ["{ node }"]}'])
def test_a_body_that_is_no_request_is_refused(body: str) -> None:
    status, _ = ask_with(body)

    assert status == 400


def test_several_requests_in_one_body_are_refused() -> None:
    body = json.dumps([{"query": "{ node { name } }"}] * 2)

    response = VIEW(RequestFactory().post("/graphql/", body, content_type="application/json"))

    assert response.status_code == 400


def test_a_refusal_carries_its_code_and_field_and_path() -> None:
    status, answer = ask("{ refused node { name } }")

    assert status == 200
    assert answer["data"] == {"refused": None, "node": {"name": "a village"}}
    (error,) = answer["errors"]
    assert error == {
        "message": "There is no such village.",
        "extensions": {"code": "not_found", "field": "code", "params": {"village": "x"}},
        "path": ["refused"],
    }


def test_what_breaks_inside_is_logged_and_not_told(caplog: pytest.LogCaptureFixture) -> None:
    _, answer = ask("{ broken }")

    assert code_of(answer) == "internal_error"
    assert "secret" not in json.dumps(answer)
    assert "password=secret" in caplog.text


def test_there_is_no_console_page_and_no_change_by_get() -> None:
    response = VIEW(RequestFactory().get("/graphql/", headers={"accept": "text/html"}))

    assert response.status_code == 400
    assert b"graphiql" not in response.content.lower()


@pytest.mark.parametrize("body", ['{"query": 5}', '{"query": ["{ node { name } }"]}', "[" * 50_000])
def test_a_body_that_is_no_request_is_refused_as_one(body: str) -> None:
    status, answer = ask_with(body)

    assert (status, code_of(answer)) == (400, "graphql_invalid")


def test_an_answer_sets_no_cookie_and_does_not_depend_on_one() -> None:
    response = VIEW(RequestFactory().get("/graphql/", {"query": "{ node { name } }"}))

    assert json.loads(response.content) == {"data": {"node": {"name": "a village"}}}
    assert not response.cookies
    assert "Cookie" not in response.headers.get("Vary", "")
