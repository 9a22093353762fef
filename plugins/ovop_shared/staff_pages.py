"""Pages for staff on either host: who is signed in, forms that only our own pages can send, how to come back.

A host sets its `StaffDoor` once, at start. Views say `@staff_page(permission)`, or `@with_staff_session` where they
decide themselves; templates say `{% form_token %}` inside every form that posts.
"""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, Protocol

from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from ovop_shared.endpoint import refuse
from ovop_shared.errors import AuthenticationRequired, OvopError
from ovop_shared.pages import render_page, request_language
from ovop_shared.requester import RequesterKind, attach_requester, requester_of
from ovop_shared.staff_session import (
    FORM_FIELD,
    FormTokenInvalid,
    SessionEnded,
    StaffSession,
    StaffSessions,
    make_form_token,
)
from ovop_shared.translations import translate

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponseBase]

_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_TOKEN_HEADERS = ("Authorization", "Authorization-Bearer")
_SESSION = "ovop_staff_session"


class SeeOther(HttpResponseRedirect):
    """To another page, by GET: what a browser does after a form, and what makes "back" and "reload" harmless."""

    status_code = 303


class StaffDoor(Protocol):
    """How staff come in on a host and what their forms carry."""

    @property
    def sign_in_text(self) -> str:
        """A page text: how somebody who is not signed in gets in."""

    def enter(self, request: HttpRequest, home: str) -> HttpResponseBase:
        """Let the browser in that posts a token of the host, and send it to `home`. Raises NotFound where none do."""

    def leave(self, response: HttpResponseBase) -> None:
        """Take the sign-in out of the browser."""

    def recognise(self, request: HttpRequest) -> None:
        """Attach the browser's requester, and check its form. Raises SessionEnded and FormTokenInvalid."""

    def form_field(self, request: HttpRequest) -> tuple[str, str] | None:
        """Name and value that a form of this page has to carry; None where it needs none."""


_door: list[StaffDoor] = []


def set_staff_door(door: StaffDoor) -> None:
    _door[:] = [door]


def staff_door() -> StaffDoor:
    """The door the host set. A host that set none is misconfigured."""
    if not _door:
        raise RuntimeError("the host has set no staff door")
    return _door[0]


class SessionDoor:
    """The door of a host whose staff come from a dashboard: it posts a token, the browser gets a session."""

    def __init__(self, sessions: StaffSessions, sign_in_text: str) -> None:
        self._sessions = sessions
        self._sign_in_text = sign_in_text

    @property
    def sign_in_text(self) -> str:
        return self._sign_in_text

    def enter(self, request: HttpRequest, home: str) -> HttpResponseBase:
        token = request.POST.get("accessToken", "")
        if not token:
            # The dashboard leaves the field out when its user lacks the right that the page needs.
            raise AuthenticationRequired(
                "The dashboard sent no token: your account may not open this page.", field="accessToken"
            )
        session = self._sessions.open(request, token, at=timezone.now())
        response = SeeOther(home)
        self._sessions.keep(request, response, session)
        return response

    def leave(self, response: HttpResponseBase) -> None:
        self._sessions.end(response)

    def recognise(self, request: HttpRequest) -> None:
        found = self._sessions.find(request, at=timezone.now())
        if found is None:
            return
        session, requester = found
        if request.method not in _SAFE_METHODS:
            self._sessions.check_form(request, session)
        setattr(request, _SESSION, session)
        attach_requester(request, requester)

    def form_field(self, request: HttpRequest) -> tuple[str, str] | None:
        session = getattr(request, _SESSION, None)
        return (FORM_FIELD, make_form_token(session)) if isinstance(session, StaffSession) else None


def allow_forms(response: HttpResponseBase) -> None:
    """For a page with a form: under "no-referrer" a browser gives a form's origin as "null" (Fetch, 3.2.6)."""
    response["Referrer-Policy"] = "same-origin"


def with_staff_session(view: View[P]) -> View[P]:
    """Let the view see the requester of a staff session where no token was sent in a header."""

    @wraps(view)
    def recognised(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        if not any(name in request.headers for name in _TOKEN_HEADERS):
            try:
                staff_door().recognise(request)
            except SessionEnded as ended:
                response = refuse(request, ended)
                staff_door().leave(response)
                return response
            except FormTokenInvalid as refusal:
                return refuse(request, refusal)
        response = view(request, *args, **kwargs)
        allow_forms(response)
        return response

    return recognised


def staff_page(permission: str) -> Callable[[View[P]], View[P]]:
    """A page for those who hold `permission`: others are told how to sign in, or refused."""

    def decorate(view: View[P]) -> View[P]:
        @wraps(view)
        def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            requester = requester_of(request)
            if requester.kind is RequesterKind.ANONYMOUS:
                raise AuthenticationRequired(staff_door().sign_in_text, params={"permission": permission})
            requester.require(permission)
            return view(request, *args, **kwargs)

        return with_staff_session(guarded)

    return decorate


def entrance(home: Callable[[], str]) -> Callable[[HttpRequest], HttpResponseBase]:
    """The view to which the host's dashboard posts; `home` gives the page that is opened then."""

    @csrf_exempt
    @require_POST
    def enter(request: HttpRequest) -> HttpResponseBase:
        return staff_door().enter(request, home())

    return enter


@require_POST
def leave(request: HttpRequest) -> HttpResponseBase:
    """Sign out. A session that has ended already is signed out all the same."""
    try:
        staff_door().recognise(request)
    except SessionEnded:
        pass
    except OvopError as refusal:
        return refuse(request, refusal)
    language = request_language(request)
    response: HttpResponse = render_page(
        request,
        "ovop_shared/signed_out.html",
        {"title": translate("Signed out", language), "sign_in_text": staff_door().sign_in_text},
        language=language,
    )
    staff_door().leave(response)
    return response
