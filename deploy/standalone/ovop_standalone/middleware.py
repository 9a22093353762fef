"""The address asked at, who asks (a token in a header or a cookie), whether a form is ours (CSRF), and refusals as answers."""

import logging
import os
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseForbidden
from django.middleware.csrf import CsrfViewMiddleware
from django.utils import timezone

from ovop_shared.endpoint import InternalError, refuse
from ovop_shared.errors import InvalidToken, OvopError
from ovop_shared.requester import attach_requester
from ovop_standalone.tokens import read_token

logger = logging.getLogger(__name__)

COOKIE = "ovop_token"
SIGN_IN_PATH = "/sign-in/"
_GetResponse = Callable[[HttpRequest], HttpResponseBase]


_request_address: ContextVar[str] = ContextVar("request_address", default="")


def public_address() -> str:
    """`OVOP_PUBLIC_URL`, else where the request being answered came in, else the demo's own address."""
    return os.environ.get("OVOP_PUBLIC_URL") or _request_address.get() or "http://localhost:8000"


class PublicAddressMiddleware:
    """Remembers, for as long as a request is answered, the address it came in at (one of ALLOWED_HOSTS)."""

    def __init__(self, get_response: _GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        token = _request_address.set(f"{request.scheme}://{request.get_host()}")
        try:
            return self.get_response(request)
        finally:
            _request_address.reset(token)


class RequesterMiddleware:
    """`Authorization: Bearer …`, else the cookie. A bad token is refused, never taken for nobody's."""

    def __init__(self, get_response: _GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        header = request.headers.get("Authorization")
        try:
            token = _bearer_token(header) if header is not None else _cookie_token(request)
            if token is not None:
                attach_requester(request, read_token(token, at=timezone.now()))
        except InvalidToken as error:
            response = refuse(request, error)
            if header is None and isinstance(response, HttpResponse):
                response.delete_cookie(COOKIE, samesite="Lax")
            return response
        return self.get_response(request)


class CookieCsrfMiddleware(CsrfViewMiddleware):
    """Django's check, made exact: a token in a header needs none, a cookie needs it even on exempt views."""

    def process_view(
        self,
        request: HttpRequest,
        callback: Callable[..., HttpResponseBase] | None,
        callback_args: tuple[Any, ...],
        callback_kwargs: dict[str, Any],
    ) -> HttpResponseForbidden | None:
        if "Authorization" in request.headers:
            return None
        view: Any = _never_exempt if request.COOKIES.get(COOKIE) else callback
        return super().process_view(request, view, callback_args, callback_kwargs)


class RefusalMiddleware:
    """An OvopError raised by a view becomes its answer; anything else is logged and told without its cause."""

    def __init__(self, get_response: _GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponseBase:
        if isinstance(exception, OvopError):
            return refuse(request, exception)
        logger.error("%s failed", request.path, exc_info=exception)
        return refuse(request, InternalError("Something went wrong on our side."))


def _bearer_token(header: str) -> str:
    scheme, _, token = header.partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise InvalidToken("The Authorization header must be: Bearer <token>.")
    return token.strip()


def _cookie_token(request: HttpRequest) -> str | None:
    """None where the visitor is about to replace the cookie: an expired one must not lock them out."""
    return None if request.path == SIGN_IN_PATH else request.COOKIES.get(COOKIE) or None


def _never_exempt(request: HttpRequest) -> HttpResponseBase:
    """Stands in for a view that is exempt from the CSRF check; it is looked at, never called."""
    raise AssertionError(request.path)
