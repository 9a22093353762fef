"""From a path below a plugin's address to its view. Saleor hands a plugin the rest of the path; its URLconf does the rest."""

import logging

from django.http import HttpRequest, HttpResponseBase, JsonResponse
from django.urls import Resolver404, get_resolver

from ovop_shared.errors import NotFound, OvopError
from ovop_shared.pages import error_page

logger = logging.getLogger(__name__)


class InternalError(OvopError):
    """Something broke on our side. The cause is in the log, never in the answer."""

    code = "internal_error"
    status = 500


def serve(request: HttpRequest, app: str, path: str) -> HttpResponseBase:
    """The response of the view at `path` in `<app>.urls`; never raises."""
    try:
        match = get_resolver(f"{app}.urls").resolve("/" + path.lstrip("/"))
    except Resolver404:
        return refuse(request, NotFound("There is no such page."))
    try:
        response: HttpResponseBase = match.func(request, *match.args, **match.kwargs)
    except OvopError as error:
        return refuse(request, error)
    except Exception:
        logger.exception("%s failed at %s", app, path)
        return refuse(request, InternalError("Something went wrong on our side."))
    return response


def refuse(request: HttpRequest, error: OvopError) -> HttpResponseBase:
    """The refusal as JSON for a program and as a page for a person."""
    if "text/html" in request.headers.get("Accept", ""):
        return error_page(request, error)
    return JsonResponse({"errors": [error.as_dict()]}, status=error.status)
