"""The host's own pages: the index, signing in and out, and its refusals."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from ovop_shared.endpoint import refuse
from ovop_shared.errors import InvalidToken, NotFound, OvopError
from ovop_shared.mounting import mount_path
from ovop_shared.requester import requester_of
from ovop_standalone.middleware import COOKIE
from ovop_standalone.tokens import DEFAULT_LIFETIME, read_token


class CsrfFailed(OvopError):
    """A form came without the token of a page of ours."""

    code = "csrf_failed"
    status = 403


@require_GET
def index(request: HttpRequest) -> HttpResponse:
    plugins = {app: mount_path(app) for app in settings.PLUGINS}
    context = {"plugins": plugins, "requester": requester_of(request)}
    response = render(request, "ovop_standalone/index.html", context)
    response["Content-Security-Policy"] = (
        "default-src 'none'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )
    response["Cache-Control"] = "private, no-store"
    response["X-Robots-Tag"] = "noindex, nofollow"
    return response


@require_GET
def sign_in(request: HttpRequest) -> HttpResponse:
    """`/sign-in/?token=…`: the browser keeps the token in a cookie that no script and no other site's form uses."""
    token = request.GET.get("token", "")
    if not token:
        raise InvalidToken("The address must carry a token.", field="token")
    read_token(token, at=timezone.now())
    response = HttpResponseRedirect("/")
    response.set_cookie(
        COOKIE, token, max_age=DEFAULT_LIFETIME, httponly=True, samesite="Lax", secure=request.is_secure()
    )
    response["Referrer-Policy"] = "no-referrer"
    response["Cache-Control"] = "no-store"
    return response


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    response = HttpResponseRedirect("/")
    response.delete_cookie(COOKIE, samesite="Lax")
    return response


def not_found(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    return refuse(request, NotFound("There is no such page."))


def csrf_refused(request: HttpRequest, reason: str = "") -> HttpResponseBase:
    return refuse(request, CsrfFailed("This form is out of date. Open the page again and repeat."))
