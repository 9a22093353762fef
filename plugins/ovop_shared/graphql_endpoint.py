"""GraphQL over HTTP for a plugin's schema: limits on depth, size and cost, errors with stable codes, no internals.

A document is refused with `query_too_complex` before anything of it runs when it is longer than MAX_QUERY_CHARACTERS,
deeper than MAX_DEPTH, asks for more than MAX_FIELDS fields with its fragments spread out, or when its answer may hold
more than MAX_COST values; `ovop_shared.graphql_cost` says how they are counted. `params` name the limit, and the cost
where it is the cost that is too high. A tool may read the schema: below `__schema` and `__type` a document may be
INTROSPECTION_LEVELS deeper.

A mutation is accepted only with a token in a header, whoever the host takes the requester to be: a browser sends a
cookie by itself, also for another site's page, but never such a header.
"""

import logging
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from graphene import Schema
from graphene_django.views import GraphQLView, HttpError
from graphql import GraphQLError, parse
from graphql.language import ast

from ovop_shared.errors import AuthenticationRequired, OvopError
from ovop_shared.graphql_cost import INTROSPECTION, query_cost

logger = logging.getLogger(__name__)

MAX_QUERY_CHARACTERS = 20_000
MAX_DEPTH = 12
MAX_FIELDS = 400
MAX_COST = 30_000
INTROSPECTION_LEVELS = 6

# The second is Saleor's own, for hosts whose proxy keeps the first for itself.
TOKEN_HEADERS = ("Authorization", "Authorization-Bearer")


class QueryTooComplex(OvopError):
    """The document is longer, deeper, wider or more expensive to answer than the endpoint serves."""

    code = "query_too_complex"


class PluginGraphQLView(GraphQLView):  # type: ignore[misc]
    """graphene-django's view with limits; no batching, no console page, no cookie."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        # graphene-django gives everybody a CSRF cookie; nothing here looks at one, and no proxy could keep an answer.
        answer: HttpResponse = GraphQLView.dispatch.__wrapped__(self, request, *args, **kwargs)
        return answer

    def parse_body(self, request: HttpRequest) -> Any:
        try:
            body = super().parse_body(request)
        except RecursionError:
            body = None
        if not isinstance(body, dict) and not hasattr(body, "get"):
            raise HttpError(HttpResponse("A GraphQL request is one JSON object.", status=400))
        if not isinstance(body.get("query") or "", str):
            raise HttpError(HttpResponse("The query of a GraphQL request is a text.", status=400))
        return body

    def execute_graphql_request(
        self,
        request: HttpRequest,
        data: Any,
        query: Any,
        variables: Any,
        operation_name: Any,
        show_graphiql: bool = False,
    ) -> Any:
        refusal = _refusal(self.schema, request, query, variables) if isinstance(query, str) else None
        if refusal is not None:
            error = HttpError(HttpResponse(status=refusal.status), refusal.message)
            error.original_error = refusal  # the view writes the body anew, from format_error
            raise error
        return super().execute_graphql_request(request, data, query, variables, operation_name, show_graphiql)

    @staticmethod
    def format_error(error: Exception) -> dict[str, Any]:
        original = getattr(error, "original_error", None) or error
        if isinstance(original, OvopError):
            formatted = _formatted(original)
        elif isinstance(original, GraphQLError | HttpError):
            formatted = {"message": str(original), "extensions": {"code": "graphql_invalid"}}
        else:
            logger.error("a GraphQL resolver failed", exc_info=original)
            formatted = {"message": "Something went wrong on our side.", "extensions": {"code": "internal_error"}}
        if getattr(error, "path", None):
            formatted["path"] = error.path  # type: ignore[attr-defined]
        return formatted


def graphql_view(schema: Schema) -> Any:
    """The view to put into a plugin's `urls.py`. CSRF-exempt: it changes nothing on the strength of a cookie."""
    return csrf_exempt(PluginGraphQLView.as_view(schema=schema))


def _formatted(error: OvopError) -> dict[str, Any]:
    extensions = error.as_dict()
    message = extensions.pop("message")
    return {"message": message, "extensions": extensions}


def _refusal(schema: Schema, request: HttpRequest, query: str, variables: Any) -> OvopError | None:
    if len(query) > MAX_QUERY_CHARACTERS:
        return QueryTooComplex(
            f"The query is longer than {MAX_QUERY_CHARACTERS} characters.", params={"limit": MAX_QUERY_CHARACTERS}
        )
    try:
        document = parse(query)
    except (GraphQLError, RecursionError):
        return None  # the view itself reports what it cannot parse
    try:
        return _limit(schema, document, variables) or _without_token(request, document)
    except RecursionError:  # fragments in fragments in fragments, without a field between them
        return QueryTooComplex(f"The query is deeper than {MAX_DEPTH} levels.", params={"limit": MAX_DEPTH})


def _limit(schema: Schema, document: ast.Document, variables: Any) -> OvopError | None:
    fragments = {
        definition.name.value: definition
        for definition in document.definitions
        if isinstance(definition, ast.FragmentDefinition)
    }
    values = variables if isinstance(variables, dict) else {}
    measured: dict[str, tuple[int, int]] = {}
    for definition in document.definitions:
        if not isinstance(definition, ast.OperationDefinition):
            continue
        fields, depth = _measure(definition.selection_set, fragments, measured)
        if depth > MAX_DEPTH:
            return QueryTooComplex(f"The query is deeper than {MAX_DEPTH} levels.", params={"limit": MAX_DEPTH})
        if fields > MAX_FIELDS:
            return QueryTooComplex(f"The query asks for more than {MAX_FIELDS} fields.", params={"limit": MAX_FIELDS})
        cost = query_cost(schema, definition, fragments, values)
        if cost > MAX_COST:
            return QueryTooComplex(
                f"The answer may hold {cost} values, more than {MAX_COST}: ask for smaller pages.",
                params={"limit": MAX_COST, "cost": cost},
            )
    return None


def _without_token(request: HttpRequest, document: ast.Document) -> OvopError | None:
    if any(request.headers.get(name) for name in TOKEN_HEADERS):
        return None
    if all(getattr(definition, "operation", "") != "mutation" for definition in document.definitions):
        return None
    return AuthenticationRequired(
        "A change needs a token in the Authorization header; a cookie is not enough.",
        params={"header": TOKEN_HEADERS[0]},
    )


def _measure(selection_set: Any, fragments: dict[str, Any], measured: dict[str, tuple[int, int]]) -> tuple[int, int]:
    """(fields, depth) with fragments spread out. Each fragment is measured once: spreading one twice in another that
    is spread twice, and so on, would otherwise take for ever. A fragment inside itself counts nothing; the validation
    refuses it later."""
    fields = 0
    deepest = 0
    for selection in selection_set.selections if selection_set else ():
        if isinstance(selection, ast.FragmentSpread):
            name = selection.name.value
            if name not in measured:
                measured[name] = (0, 0)
                if name in fragments:
                    measured[name] = _measure(fragments[name].selection_set, fragments, measured)
            below, depth = measured[name]
        else:
            below, depth = _measure(selection.selection_set, fragments, measured)
            if isinstance(selection, ast.Field):
                below, depth = below + 1, depth + 1
                if selection.name.value in INTROSPECTION:
                    depth = max(1, depth - INTROSPECTION_LEVELS)
        fields += below
        deepest = max(deepest, depth)
    return fields, deepest
