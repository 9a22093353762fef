"""Staff sessions on a host whose staff come from a dashboard: the cookie, the forms, and what ends a session."""

import datetime
import json
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field, replace

import pytest
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.template import Context, Engine
from django.test import RequestFactory
from django.utils import timezone

from ovop_shared import staff_pages
from ovop_shared.endpoint import refuse
from ovop_shared.errors import InvalidToken, OvopError
from ovop_shared.requester import MANAGE_PRODUCTS, Requester, RequesterKind, attach_requester, requester_of
from ovop_shared.staff_pages import SessionDoor, entrance, leave, set_staff_door, staff_door, staff_page
from ovop_shared.staff_session import COOKIE, LIFETIME, Admission, StaffSession, StaffSessions, is_form_token

HOST = "http://testserver"
PAGE = "/plugins/ovop.origin/staff/"
AIDA = Requester(
    RequesterKind.STAFF, name="aida@example.com", user_id="5", permissions=frozenset({MANAGE_PRODUCTS, "manage_orders"})
)


@dataclass
class Accounts:
    """A host's staff: tokens name accounts, and an account may change while a session runs."""

    by_token: dict[str, Requester] = field(default_factory=lambda: {"aida's token": AIDA})
    secret: str = "first password"
    is_active: bool = True
    is_always_https_: bool = False

    def admit(self, request: HttpRequest, token: str) -> Admission:
        if token not in self.by_token:
            raise InvalidToken("The token is not valid or has expired.")
        return Admission(self.by_token[token].user_id, self.secret)

    def requester(self, admission: Admission) -> Requester | None:
        account = next(each for each in self.by_token.values() if each.user_id == admission.user_id)
        if not self.is_active or admission.fingerprint != self.secret:
            return None
        return account

    def own_origins(self, request: HttpRequest) -> Collection[str]:
        return {f"{request.scheme}://{request.get_host()}"}

    def may_enter_from(self, origin: str) -> bool:
        return origin == "https://dashboard.example"

    def is_always_https(self) -> bool:
        return self.is_always_https_


@pytest.fixture
def accounts() -> Iterator[Accounts]:
    before = staff_door()
    made = Accounts()
    set_staff_door(SessionDoor(StaffSessions(made), "Open it from the dashboard."))
    yield made
    set_staff_door(before)


@staff_page(MANAGE_PRODUCTS)
def page(request: HttpRequest) -> HttpResponse:
    """Shows who is there and a form."""
    return HttpResponse(f"{requester_of(request).name} {render_field(request)}")


enter = entrance(lambda: PAGE)


def render_field(request: HttpRequest) -> str:
    engine = Engine(builtins=["ovop_shared.page_tags"])
    return engine.from_string("{% form_token %}").render(Context({"request": request, "language": "en"}))


def answer(view: object, request: HttpRequest) -> HttpResponseBase:
    """What the host answers: a refusal of the view becomes its page."""
    try:
        response: HttpResponseBase = view(request)  # type: ignore[operator]
    except OvopError as error:
        return refuse(request, error)
    return response


def entered(token: str = "aida's token", **headers: str) -> HttpResponseBase:
    return answer(enter, RequestFactory().post(PAGE + "enter/", {"accessToken": token}, headers=headers or None))


def visit(cookie: str, method: str = "get", data: dict[str, str] | None = None, **headers: str) -> HttpResponseBase:
    request = getattr(RequestFactory(), method)(
        PAGE, data, headers={name.replace("_", "-"): v for name, v in headers.items()}
    )
    request.COOKIES[COOKIE] = cookie
    return answer(page, request)


def code_of(response: HttpResponseBase) -> str:
    assert isinstance(response, HttpResponse)
    code: str = json.loads(response.content)["errors"][0]["code"]
    return code


def form_token(response: HttpResponseBase) -> str:
    assert isinstance(response, HttpResponse)
    match = re.search(r'name="form_token" value="([^"]+)"', response.text)
    assert match is not None
    return match[1]


def test_a_posted_token_becomes_a_cookie_for_our_pages_only(accounts: Accounts) -> None:
    response = entered()

    assert (response.status_code, response["Location"]) == (303, PAGE)
    cookie = response.cookies[COOKIE]
    assert (cookie["path"], cookie["httponly"], cookie["samesite"], cookie["secure"], cookie["max-age"]) == (
        "/plugins/",
        True,
        "Lax",
        "",
        4 * 60 * 60,
    )
    assert "aida" not in cookie.value
    shown = visit(cookie.value)
    assert isinstance(shown, HttpResponse)
    assert (shown.status_code, shown.text.partition(" ")[0]) == (200, "aida@example.com")
    assert shown["Referrer-Policy"] == "same-origin"


def test_the_cookie_is_for_https_only_where_browsers_come_by_https(accounts: Accounts) -> None:
    secure = answer(enter, RequestFactory().post(PAGE, {"accessToken": "aida's token"}, secure=True))
    accounts.is_always_https_ = True
    behind_proxy = entered()

    assert [each.cookies[COOKIE]["secure"] for each in (secure, behind_proxy)] == [True, True]


@pytest.mark.parametrize(
    ("token", "status", "code"),
    [("somebody's", 401, "invalid_token"), ("", 401, "authentication_required")],
)
def test_without_a_good_token_nobody_is_let_in(accounts: Accounts, token: str, status: int, code: str) -> None:
    response = entered(token)

    assert (response.status_code, code_of(response), dict(response.cookies)) == (status, code, {})


@pytest.mark.parametrize(
    ("origin", "status"),
    [("https://dashboard.example", 303), (HOST, 303), ("https://evil.example", 403), ("null", 403)],
)
def test_only_the_shops_dashboards_open_a_session(accounts: Accounts, origin: str, status: int) -> None:
    response = entered(origin=origin)

    assert (response.status_code, COOKIE in response.cookies) == (status, status == 303)


def test_entering_is_a_post(accounts: Accounts) -> None:
    assert answer(enter, RequestFactory().get(PAGE + "enter/?accessToken=x")).status_code == 405


def test_a_session_has_the_rights_that_the_account_holds_at_each_request(accounts: Accounts) -> None:
    cookie = entered().cookies[COOKIE].value
    assert visit(cookie).status_code == 200

    accounts.by_token["aida's token"] = replace(AIDA, permissions=frozenset({"manage_orders"}))
    lost = visit(cookie)
    accounts.by_token["aida's token"] = AIDA
    given_back = visit(cookie)

    assert (lost.status_code, code_of(lost), given_back.status_code) == (403, "permission_denied", 200)


@pytest.mark.parametrize("change", ["deactivated", "new password", "expired", "forged", "not a cookie of ours"])
def test_what_ends_a_session(accounts: Accounts, change: str, monkeypatch: pytest.MonkeyPatch) -> None:
    cookie = entered().cookies[COOKIE].value
    if change == "deactivated":
        accounts.is_active = False
    elif change == "new password":
        accounts.secret = "second password"
    elif change == "expired":
        later = timezone.now() + LIFETIME + datetime.timedelta(seconds=1)
        monkeypatch.setattr(staff_pages.timezone, "now", lambda: later)
    elif change == "forged":
        cookie = cookie[:-1] + ("A" if cookie[-1] != "A" else "B")
    else:
        cookie = "x"

    response = visit(cookie)

    assert (response.status_code, code_of(response)) == (401, "session_ended")
    assert response.cookies[COOKIE]["max-age"] == 0
    assert response.cookies[COOKIE]["path"] == "/plugins/"


def test_a_session_lasts_to_its_last_second(accounts: Accounts, monkeypatch: pytest.MonkeyPatch) -> None:
    cookie = entered().cookies[COOKIE].value
    later = timezone.now() + LIFETIME - datetime.timedelta(seconds=2)
    monkeypatch.setattr(staff_pages.timezone, "now", lambda: later)

    assert visit(cookie).status_code == 200


def test_nobody_is_told_how_to_sign_in(accounts: Accounts) -> None:
    response = answer(page, RequestFactory().get(PAGE, headers={"accept": "text/html"}))

    assert isinstance(response, HttpResponse)
    assert response.status_code == 401
    assert "Open it from the dashboard." in response.text


def test_a_form_of_our_page_is_taken(accounts: Accounts) -> None:
    cookie = entered().cookies[COOKIE].value
    shown = [form_token(visit(cookie)) for _ in range(2)]

    assert shown[0] != shown[1]
    assert [visit(cookie, "post", {"form_token": each}, origin=HOST).status_code for each in shown] == [200, 200]
    assert visit(cookie, "post", {"form_token": shown[0]}, referer=f"{HOST}{PAGE}").status_code == 200


def test_a_form_of_another_site_session_or_without_token_is_refused(accounts: Accounts) -> None:
    cookie = entered().cookies[COOKIE].value
    own = form_token(visit(cookie))
    others = form_token(visit(entered().cookies[COOKIE].value))

    refused = [
        visit(cookie, "post", {}, origin=HOST),
        visit(cookie, "post", {"form_token": others}, origin=HOST),
        visit(cookie, "post", {"form_token": own[:-1]}, origin=HOST),
        visit(cookie, "post", {"form_token": own}, origin="https://evil.example"),
        visit(cookie, "post", {"form_token": own}, origin="null"),
        visit(cookie, "post", {"form_token": own}, referer="https://evil.example/testserver/"),
        visit(cookie, "put", None),
        visit(cookie, "delete", None),
    ]

    assert [(each.status_code, code_of(each)) for each in refused] == [(403, "form_token_invalid")] * len(refused)


def test_a_form_token_is_bound_to_one_session() -> None:
    session = StaffSession("a", Admission("5", ""), timezone.now())

    assert not is_form_token(session, "")
    assert not is_form_token(session, "0" * 80)


@pytest.mark.parametrize("header", ["Authorization", "Authorization-Bearer"])
def test_a_token_in_a_header_leaves_the_cookie_aside(accounts: Accounts, header: str) -> None:
    cookie = entered().cookies[COOKIE].value
    request = RequestFactory().get(PAGE, headers={header: "Bearer x"})
    request.COOKIES[COOKIE] = cookie
    attach_requester(request, Requester(RequesterKind.CUSTOMER, name="customer@example.com"))

    response = answer(page, request)

    assert (response.status_code, code_of(response)) == (403, "permission_denied")


def test_an_app_with_a_token_needs_no_form_token(accounts: Accounts) -> None:
    request = RequestFactory().post(PAGE, headers={"authorization": "Bearer x"})
    attach_requester(request, Requester(RequesterKind.APP, name="app", permissions=frozenset({MANAGE_PRODUCTS})))

    response = answer(page, request)

    assert isinstance(response, HttpResponse)
    assert (response.status_code, response.text.strip()) == (200, "app")


def test_signing_out_takes_the_cookie_away_and_needs_a_form_of_ours(accounts: Accounts) -> None:
    cookie = entered().cookies[COOKIE].value
    token = form_token(visit(cookie))

    def signed_out(data: dict[str, str]) -> HttpResponseBase:
        request = RequestFactory().post(PAGE + "leave/", data, headers={"origin": HOST})
        request.COOKIES[COOKIE] = cookie
        return answer(leave, request)

    refused, left = signed_out({}), signed_out({"form_token": token})

    assert (refused.status_code, COOKIE in refused.cookies) == (403, False)
    assert (left.status_code, left.cookies[COOKIE]["max-age"]) == (200, 0)
    assert isinstance(left, HttpResponse)
    assert "Open it from the dashboard." in left.text


def test_the_page_of_a_session_that_ended_says_how_to_come_back(accounts: Accounts) -> None:
    response = visit("x", accept="text/html")

    assert isinstance(response, HttpResponse)
    assert "Open this page again from the dashboard." in response.text
