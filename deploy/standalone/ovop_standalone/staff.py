"""Staff on this host: the middleware has read the token of the cookie and checked the form by Django's own token."""

from django.http import HttpRequest, HttpResponseBase
from django.middleware.csrf import get_token

from ovop_shared.errors import NotFound
from ovop_standalone.middleware import COOKIE

SIGN_IN_TEXTS = {"standalone": "Sign in with the address that the command ovop_token prints."}


class CookieDoor:
    """Implements ovop_shared.staff_pages.StaffDoor."""

    sign_in_text = SIGN_IN_TEXTS["standalone"]

    def enter(self, request: HttpRequest, home: str) -> HttpResponseBase:
        raise NotFound("There is no such page.")

    def leave(self, response: HttpResponseBase) -> None:
        response.delete_cookie(COOKIE, samesite="Lax")

    def recognise(self, request: HttpRequest) -> None:
        """Nothing is left to do."""

    def form_field(self, request: HttpRequest) -> tuple[str, str] | None:
        return "csrfmiddlewaretoken", get_token(request)
