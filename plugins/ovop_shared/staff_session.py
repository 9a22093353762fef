"""A staff member's visit to the plugins' pages in a browser: a signed cookie, forms bound to it, rights read anew.

The cookie says who may be there until when and holds no rights of its own: each request asks the host for the account
as it is now, so that whoever is deactivated, loses the right or changes the password is out at once. Nothing is kept
on the server; signing out takes the cookie away, and four hours later it is worth nothing.

Session cookies are honoured only by views that ask for them (`staff_pages`): GraphQL never does.
"""

import datetime
import hmac
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import urlsplit

from django.core import signing
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.utils.crypto import salted_hmac

from ovop_shared.errors import OvopError
from ovop_shared.requester import Requester

COOKIE = "ovop_staff"
COOKIE_PATH = "/plugins/"
FORM_FIELD = "form_token"
LIFETIME = datetime.timedelta(hours=4)

_COOKIE_SALT = "ovop_shared.staff_session"
_FORM_SALT = "ovop_shared.staff_session.form"
_NONCE_CHARACTERS = 16


class SessionEnded(OvopError):
    """The cookie has expired, is not ours, or its account was deactivated, changed or lost its rights since."""

    code = "session_ended"
    status = 401


class FormTokenInvalid(OvopError):
    """A form came from another site, from another session, or without the token of a page of ours."""

    code = "form_token_invalid"
    status = 403


class OriginRefused(OvopError):
    """A staff session was to be opened from an address that is not one of the shop's dashboards."""

    code = "origin_refused"
    status = 403


@dataclass(frozen=True, slots=True)
class Admission:
    """Who is let in: the account's id and its fingerprint.

    The fingerprint changes with whatever has to end all sessions of an account (its password, its token key).
    """

    user_id: str
    fingerprint: str


@dataclass(frozen=True, slots=True)
class StaffSession:
    """One visit. `key` is random; the forms of the visit are bound to it."""

    key: str
    admission: Admission
    expires_at: datetime.datetime


class StaffAccounts(Protocol):
    """The host's staff, as far as sessions need them."""

    def admit(self, request: HttpRequest, token: str) -> Admission:
        """Whom a token of the host's dashboard names. Raises InvalidToken and PermissionDenied."""

    def requester(self, admission: Admission) -> Requester | None:
        """The account with the rights it holds now; None when the session has to end."""

    def own_origins(self, request: HttpRequest) -> Collection[str]:
        """The origins (`https://shop.example`) under which this host is reached."""

    def may_enter_from(self, origin: str) -> bool:
        """Whether the page that posts a token may have this origin."""

    def is_always_https(self) -> bool:
        """Whether browsers reach this host by https only, even where a proxy hides that from us."""


@dataclass(frozen=True, slots=True)
class StaffSessions:
    """Sessions over one host's accounts."""

    accounts: StaffAccounts

    def open(self, request: HttpRequest, token: str, *, at: datetime.datetime) -> StaffSession:
        """A new session for whom the token names. Raises OriginRefused, InvalidToken, PermissionDenied."""
        origin = request.headers.get("Origin")
        if (
            origin is not None
            and origin not in self.accounts.own_origins(request)
            and not self.accounts.may_enter_from(origin)
        ):
            raise OriginRefused("Open this page from the shop's own dashboard.", params={"origin": origin})
        return StaffSession(secrets.token_urlsafe(18), self.accounts.admit(request, token), at + LIFETIME)

    def keep(self, request: HttpRequest, response: HttpResponseBase, session: StaffSession) -> None:
        """Give the browser the session's cookie: for our pages only, for no script, for no other site's requests."""
        response.set_cookie(
            COOKIE,
            _written(session),
            max_age=int(LIFETIME.total_seconds()),
            path=COOKIE_PATH,
            httponly=True,
            samesite="Lax",
            secure=request.is_secure() or self.accounts.is_always_https(),
        )

    def end(self, response: HttpResponseBase) -> None:
        response.delete_cookie(COOKIE, path=COOKIE_PATH, samesite="Lax")

    def find(self, request: HttpRequest, *, at: datetime.datetime) -> tuple[StaffSession, Requester] | None:
        """The session of the request's cookie and its account as it is now; None without a cookie.

        Raises SessionEnded.
        """
        cookie = request.COOKIES.get(COOKIE)
        if not cookie:
            return None
        session = _read(cookie)
        if session is None or session.expires_at <= at:
            raise SessionEnded("Your session has ended. Open this page again from the dashboard.")
        requester = self.accounts.requester(session.admission)
        if requester is None:
            raise SessionEnded("Your session has ended. Open this page again from the dashboard.")
        return session, requester

    def check_form(self, request: HttpRequest, session: StaffSession) -> None:
        """Raises FormTokenInvalid unless the form is of a page of ours in this session."""
        source = request.headers.get("Origin") or _origin_of(request.headers.get("Referer", ""))
        if source and source not in self.accounts.own_origins(request):
            raise FormTokenInvalid("This form came from another site.", params={"origin": source})
        if not is_form_token(session, request.POST.get(FORM_FIELD, "")):
            raise FormTokenInvalid("This form is out of date. Open the page again and repeat.")


def make_form_token(session: StaffSession) -> str:
    """Proof for a form that its page was made in this session; another text each time, so that compression tells nothing."""
    nonce = secrets.token_hex(_NONCE_CHARACTERS // 2)
    return nonce + _form_mac(session, nonce)


def is_form_token(session: StaffSession, token: str) -> bool:
    nonce, mac = token[:_NONCE_CHARACTERS], token[_NONCE_CHARACTERS:]
    return hmac.compare_digest(_form_mac(session, nonce).encode(), mac.encode())


def fingerprint(*secret_parts: str) -> str:
    """A text that changes when one of the parts does and tells nothing about them."""
    return salted_hmac(_COOKIE_SALT, "\n".join(secret_parts), algorithm="sha256").hexdigest()


def _form_mac(session: StaffSession, nonce: str) -> str:
    return salted_hmac(_FORM_SALT, f"{session.key}:{nonce}", algorithm="sha256").hexdigest()


def _written(session: StaffSession) -> str:
    parts = {
        "key": session.key,
        "user": session.admission.user_id,
        "fingerprint": session.admission.fingerprint,
        "expires_at": int(session.expires_at.timestamp()),
    }
    return signing.dumps(parts, salt=_COOKIE_SALT, compress=True)


def _read(cookie: str) -> StaffSession | None:
    try:
        parts: dict[str, Any] = signing.loads(cookie, salt=_COOKIE_SALT)
    except signing.BadSignature:
        return None
    return StaffSession(
        key=parts["key"],
        admission=Admission(parts["user"], parts["fingerprint"]),
        expires_at=datetime.datetime.fromtimestamp(parts["expires_at"], tz=timezone.get_current_timezone()),
    )


def _origin_of(address: str) -> str:
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}" if parts.netloc else ""
