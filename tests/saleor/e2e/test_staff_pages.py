"""The registry's staff pages on a whole shop, over HTTP: in from the dashboard's entry, an import, out by a lost right."""

import io
import re
import zipfile
from typing import Any

import pytest
import requests

from deploy.saleor.running_shop import RunningShop
from tests.saleor.e2e import driver
from tests.saleor.e2e.driver import Client
from tests.saleor.e2e.scenarios import People
from tests.saleor.e2e.shop_builder import Sample

STAFF = "/plugins/ovop.origin/staff/"
TIMEOUT = 60

ENTRY = """{ appExtensions(first: 20) { edges { node {
  label url mountName targetName settings accessToken permissions { code } } } } }"""

PLACES = """kind,code,parent,code_scheme,name:en
country,TJ,,iso3166-1,Tajikistan
region,TJ-SU,TJ,iso3166-2,Sughd
district,TJ-SU-staff-test,TJ-SU,ovop,Staff test district
village,TJ-SU-staff-village,TJ-SU-staff-test,ovop,Staff test village
"""


class Browser:
    """A browser as far as forms need one: cookies, and where a form comes from."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.session = requests.Session()
        self.session.headers["Accept"] = "text/html"

    def get(self, path: str) -> requests.Response:
        return self.session.get(self.url + path, timeout=TIMEOUT)

    def post(self, path: str, data: dict[str, str], **parts: Any) -> requests.Response:
        headers = {"Origin": self.url}
        return self.session.post(
            self.url + path, data=data, headers=headers, timeout=TIMEOUT, allow_redirects=False, **parts
        )


def entry(client: Client) -> dict[str, Any]:
    nodes = [each["node"] for each in client.query(ENTRY)["appExtensions"]["edges"]]
    (ours,) = [node for node in nodes if node["url"].endswith(f"{STAFF}enter/")]
    return ours


@pytest.fixture
def manager(shop: RunningShop, people: People, sample: Sample) -> tuple[Client, str, str]:
    """A staff member who manages products by membership of one group: the client, the user's and the group's id."""
    email, password = "goods@example.com", "a long password of goods"
    group = people.staff.mutate(
        """mutation { permissionGroupCreate(input: {name: "Goods of the villages", addPermissions: [MANAGE_PRODUCTS]}) {
          group { id } errors { field code message } } }"""
    )["group"]["id"]
    user = people.staff.mutate(
        """mutation($email: String!, $group: ID!) { staffCreate(input: {email: $email, addGroups: [$group], isActive: true}) {
          user { id } errors { field code message } } }""",
        email=email,
        group=group,
    )["user"]["id"]
    shop.manage(
        "shell",
        "-c",
        "from saleor.account.models import User; from saleor.core.db.connection import allow_writer; "
        f"user = User.objects.get(email={email!r}); user.set_password({password!r}); user.save()",
    )
    return driver.person(shop.graphql_url, email, password), user, group


def field(page: str, name: str) -> str:
    found = re.search(f'name="{name}" value="([^"]+)"', page)
    assert found is not None, page
    return found[1]


def test_staff_come_from_the_dashboard_import_a_file_and_lose_the_right(
    shop: RunningShop, people: People, manager: tuple[Client, str, str]
) -> None:
    client, user, group = manager
    # given what the stock dashboard asks for and posts to a new tab
    node = entry(client)
    assert (node["mountName"], node["targetName"], node["settings"]) == (
        "NAVIGATION_CATALOG",
        "NEW_TAB",
        {"newTabTarget": {"method": "POST"}},
    )
    assert [each["code"] for each in node["permissions"]] == ["MANAGE_PRODUCTS"]
    browser = Browser(shop.url)
    assert browser.get(STAFF).status_code == 401
    response = requests.post(
        node["url"],
        data={"accessToken": node["accessToken"], "appId": "x", "saleorApiUrl": shop.graphql_url},
        headers={"Origin": "https://dashboard.example"},
        allow_redirects=False,
        timeout=TIMEOUT,
    )
    assert (response.status_code, response.headers["Location"]) == (303, STAFF)
    cookie = response.headers["Set-Cookie"]
    assert all(part in cookie for part in ("HttpOnly", "SameSite=Lax", "Path=/plugins/"))
    browser.session.cookies.update(response.cookies)

    # when a file is looked at
    page = browser.get(f"{STAFF}files/").text
    review = browser.post(
        f"{STAFF}files/",
        {"form_token": field(page, "form_token")},
        files={"files": ("places.csv", PLACES.encode())},
    )
    assert review.status_code == 303, review.text
    address = review.headers["Location"].partition("?")[0]
    page = browser.get(address).text

    # then nothing is there yet, and a form of no page of ours loads nothing
    assert "TJ-SU-staff-village" in page
    assert not is_village(shop)
    button = {name: field(page, name) for name in ("sha256", "outcome")}
    refused = browser.post(f"{address}load/", button)
    assert (refused.status_code, "form_token_invalid" in refused.text) == (403, True)
    assert not is_village(shop)

    # and the button loads it
    loaded = browser.post(f"{address}load/", button | {"form_token": field(page, "form_token")})
    assert loaded.status_code == 303, loaded.text
    assert is_village(shop)
    changes = browser.get(f"{STAFF}export/registry.zip")
    assert changes.headers["Content-Disposition"].startswith("attachment")
    with zipfile.ZipFile(io.BytesIO(changes.content)) as archive:
        assert "TJ-SU-staff-village" in archive.read("places.csv").decode()

    # when the right is taken away, the next request is refused; given back, it works again; deactivated, it ends
    group_update = """mutation($id: ID!, $add: [PermissionEnum!], $remove: [PermissionEnum!]) {
      permissionGroupUpdate(id: $id, input: {addPermissions: $add, removePermissions: $remove}) {
        group { id } errors { field code message } } }"""
    people.staff.mutate(group_update, id=group, add=[], remove=["MANAGE_PRODUCTS"])
    assert browser.get(STAFF).status_code == 403
    assert entry(client)["accessToken"] is None
    people.staff.mutate(group_update, id=group, add=["MANAGE_PRODUCTS"], remove=[])
    assert browser.get(STAFF).status_code == 200
    people.staff.mutate(
        """mutation($id: ID!) { staffUpdate(id: $id, input: {isActive: false}) { user { id } errors { field code message } } }""",
        id=user,
    )
    ended = browser.get(STAFF)
    assert (ended.status_code, "session_ended" in ended.text) == (401, True)


def is_village(shop: RunningShop) -> bool:
    return (
        requests.get(f"{shop.url}/plugins/ovop.origin/villages/TJ-SU-staff-village/", timeout=TIMEOUT).status_code
        == 200
    )
