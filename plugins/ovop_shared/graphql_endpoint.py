"""GraphQL over HTTP for a plugin's schema: limits on depth and size, errors with stable codes, no internals."""

import logging
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from graphene import Schema
from graphene_django.views import GraphQLView, HttpError
from graphql import GraphQLError, parse
from graphql.language import ast

from ovop_shared.errors import OvopError

logger = logging.getLogger(__name__)

MAX_QUERY_CHARACTERS = 20_000
MAX_DEPTH = 12
MAX_FIELDS = 400


class QueryTooComplex(OvopError):
    """The document is longer, deeper or wider than the endpoint serves."""

    code = "query_too_complex"


class PluginGraphQLView(GraphQLView):  # type: ignore[misc]
    """graphene-django's view with limits; no batching, no console page."""

    def parse_body(self, request: HttpRequest) -> Any:
        body = super().parse_body(request)
        if not isinstance(body, dict) and not hasattr(body, "get"):
            raise HttpError(HttpResponse("A GraphQL request is one JSON object.", status=400))
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
        refusal = _limit(query) if isinstance(query, str) else None
        if refusal is not None:
            error = HttpError(HttpResponse(status=400), refusal.message)
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


def _limit(query: str) -> OvopError | None:
    if len(query) > MAX_QUERY_CHARACTERS:
        return QueryTooComplex(
            f"The query is longer than {MAX_QUERY_CHARACTERS} characters.", params={"limit": MAX_QUERY_CHARACTERS}
        )
    try:
        document = parse(query)
    except (GraphQLError, RecursionError):
        return None  # the view itself reports what it cannot parse
    fragments = {
        definition.name.value: definition
        for definition in document.definitions
        if isinstance(definition, ast.FragmentDefinition)
    }
    measured: dict[str, tuple[int, int]] = {}
    for definition in document.definitions:
        if not isinstance(definition, ast.OperationDefinition):
            continue
        fields, depth = _measure(definition.selection_set, fragments, measured)
        if depth > MAX_DEPTH:
            return QueryTooComplex(f"The query is deeper than {MAX_DEPTH} levels.", params={"limit": MAX_DEPTH})
        if fields > MAX_FIELDS:
            return QueryTooComplex(f"The query asks for more than {MAX_FIELDS} fields.", params={"limit": MAX_FIELDS})
    return None


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
        fields += below
        deepest = max(deepest, depth)
    return fields, deepest
