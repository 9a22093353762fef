"""Saleor's staff for sessions that the dashboard opens, and the app in whose name it does.

The token of our own extension proves who it is, and no more: it names one right, that of the entry. What a visitor may
do is what the account holds at each request, so that one session serves readers, managers and who handles payments.

The dashboard posts `accessToken`, `appId`, `saleorApiUrl` and what page it was on as fields of a form to an extension
whose target is a new tab with the method POST (read in saleor-dashboard 3.22.44 and 3.23.27, new-tab-actions.ts).
"""

import copy
from collections.abc import Collection
from fnmatch import fnmatchcase

import graphene
import jwt
from django.conf import settings
from django.db.models import QuerySet
from django.http import HttpRequest
from saleor.account.models import User
from saleor.app.models import App
from saleor.core.jwt import APP_KEY_FIELD, JWT_THIRDPARTY_ACCESS_TYPE, jwt_decode
from saleor.core.utils import get_public_url

from ovop_shared.adapter.requester import SALEOR_PERMISSIONS, channels_of, saleor_requester
from ovop_shared.errors import InvalidToken, PermissionDenied
from ovop_shared.requester import Requester, RequesterKind
from ovop_shared.staff_pages import SessionDoor, set_staff_door
from ovop_shared.staff_session import Admission, StaffSessions, fingerprint

APP_IDENTIFIER = "saleor-ovop"

SIGN_IN_TEXTS = {"saleor": "Sign in to the shop's dashboard and open this page there, in the menu under Catalogue."}

# What Django and Saleor have found out about the request as it came, without the token.
_ANSWERS_ABOUT_THE_REQUEST = ("headers", "_cached_user", "app", "dataloaders", "decoded_auth_token", "user")
_TOKEN_HEADERS = ("HTTP_AUTHORIZATION", "HTTP_AUTHORIZATION_BEARER")


class SaleorStaff:
    """Implements ovop_shared.staff_session.StaffAccounts."""

    def admit(self, request: HttpRequest, token: str) -> Admission:
        """Only a token that Saleor made for our own extension opens a session.

        Another app's token is worth five minutes of what that app may do, and must not become hours here.
        """
        requester = saleor_requester(_with_token(request, token))
        try:
            claims = jwt_decode(token)
        except jwt.PyJWTError as error:  # an app's own token, which Saleor takes and which is no JWT
            raise InvalidToken("The token is not of this page's own extension.", field="accessToken") from error
        if claims.get("type") != JWT_THIRDPARTY_ACCESS_TYPE or not _is_our_app(claims.get(APP_KEY_FIELD)):
            raise InvalidToken("The token is not of this page's own extension.", field="accessToken")
        if requester.kind is not RequesterKind.STAFF or not requester.permissions:
            raise PermissionDenied("This needs a right you do not have.")
        user = User.objects.get(pk=requester.user_id)
        return Admission(requester.user_id, _fingerprint(user))

    def requester(self, admission: Admission) -> Requester | None:
        """Read from the writer: a replica may not know yet who was shut out a moment ago. Three or four queries.

        The user is a fresh row, on which no token has narrowed or widened `effective_permissions`; of a superuser they
        are all permissions there are (3.22, 3.23).
        """
        user = User.objects.filter(pk=admission.user_id, is_active=True, is_staff=True).first()
        if user is None or _fingerprint(user) != admission.fingerprint or not _our_app().exists():
            return None
        codenames = [full.partition(".")[2] for full in SALEOR_PERMISSIONS.values()]
        rows = user.effective_permissions.filter(codename__in=codenames)
        held = {f"{label}.{codename}" for label, codename in rows.values_list("content_type__app_label", "codename")}
        return Requester(
            RequesterKind.STAFF,
            name=user.email,
            user_id=str(user.pk),
            permissions=frozenset(name for name, full in SALEOR_PERMISSIONS.items() if full in held),
            channels=channels_of(user),
        )

    def own_origins(self, request: HttpRequest) -> Collection[str]:
        return {f"{request.scheme}://{request.get_host()}", get_public_url().rstrip("/")}

    def may_enter_from(self, origin: str) -> bool:
        """The dashboard's origin: it speaks to Saleor's API by CORS, so it is among those that Saleor allows."""
        return any(fnmatchcase(origin, allowed) for allowed in settings.ALLOWED_GRAPHQL_ORIGINS)

    def is_always_https(self) -> bool:
        return get_public_url().startswith("https:")


def _with_token(request: HttpRequest, token: str) -> HttpRequest:
    """The request as if the token had come in a header, where Saleor looks for it."""
    attempt = copy.copy(request)
    for answered in _ANSWERS_ABOUT_THE_REQUEST:
        attempt.__dict__.pop(answered, None)
    attempt.META = {name: value for name, value in request.META.items() if name not in _TOKEN_HEADERS}
    attempt.META["HTTP_AUTHORIZATION_BEARER"] = token
    return attempt


def _our_app() -> QuerySet[App]:
    return App.objects.filter(identifier=APP_IDENTIFIER, is_active=True, removed_at=None)


def _is_our_app(global_id: object) -> bool:
    wanted = {graphene.Node.to_global_id("App", pk) for pk in _our_app().values_list("pk", flat=True)}
    return global_id in wanted


def _fingerprint(user: User) -> str:
    """Changes with the password, and with what Saleor changes to make all of a user's tokens worthless."""
    return fingerprint(str(user.pk), user.password, user.jwt_token_key)


set_staff_door(SessionDoor(StaffSessions(SaleorStaff()), SIGN_IN_TEXTS["saleor"]))
