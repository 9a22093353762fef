"""The desk on a whole shop, over HTTP: its settings are checked, a huge file is not read, the matrix is for managers."""

import http.client
from urllib.parse import urlsplit

import pytest
import requests

from deploy.saleor.running_shop import RunningShop
from tests.saleor.e2e import driver
from tests.saleor.e2e.driver import Client
from tests.saleor.e2e.scenarios import People

STAFF = "/plugins/ovop.certification/staff/"
TIMEOUT = 60
SETTINGS = """mutation($configuration: [ConfigurationItemInput!]!) {
  pluginUpdate(id: "ovop.certification", input: {configuration: $configuration}) {
    plugin { globalConfiguration { active configuration { name value } } } errors { field code message } } }"""
POLICY = """mutation { marketPolicySet(code: "none", onUncertified: HIDE, onLapsed: HOLD, onBypassed: HOLD, graceDays: 3) {
  errors { code field } } }"""


@pytest.fixture
def login(shop: RunningShop) -> driver.Login:
    return driver.Login(shop.graphql_url, shop.staff.email, shop.staff.password)


def test_a_wrong_setting_is_told_at_its_field_and_the_plugin_stays_on(shop: RunningShop, people: People) -> None:
    wrong = {"evidence_max_mb": "26", "reminder_days": "soon", "staff_mail": "nobody"}

    _, refusals = people.staff.try_mutate(SETTINGS, configuration=[{"name": n, "value": v} for n, v in wrong.items()])
    saved = people.staff.mutate(SETTINGS, configuration=[{"name": "evidence_max_mb", "value": "12"}])

    assert {(each.field, each.code) for each in refusals} == {
        ("evidenceMaxMb", "INVALID"),
        ("reminderDays", "INVALID"),
        ("staffMail", "INVALID"),
    }
    found = saved["plugin"]["globalConfiguration"]
    values = {each["name"]: each["value"] for each in found["configuration"]}
    assert (found["active"], values["evidence_max_mb"], values["reminder_days"]) == (True, "12", "180, 90, 30, 7")
    people.staff.mutate(SETTINGS, configuration=[{"name": "evidence_max_mb", "value": "10"}])


def test_a_body_that_says_to_be_huge_is_refused(shop: RunningShop, login: driver.Login) -> None:
    address = urlsplit(shop.url)
    connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=TIMEOUT)
    body = b'--x\r\nContent-Disposition: form-data; name="document"; filename="a.pdf"\r\n\r\n' + b" " * 11_000_000
    connection.request(
        "POST",
        f"{STAFF}certificates/1/evidence/",
        body + b"\r\n--x--\r\n",
        {"Content-Type": "multipart/form-data; boundary=x", "Authorization": f"Bearer {login()}"},
    )

    answer = connection.getresponse()

    assert (answer.status, b"body_too_large" in answer.read()) == (413, True)


def test_the_desk_knows_who_asks(shop: RunningShop, login: driver.Login) -> None:
    graphql = f"{shop.url}/plugins/ovop.certification/graphql/"
    headers = {"Authorization": f"Bearer {login()}", "Accept": "text/html"}

    pages = [
        requests.get(f"{shop.url}{STAFF}{page}", headers=headers, timeout=TIMEOUT).status_code
        for page in ("", "certificates/", "requirements/", "markets/", "closures/", "orders/", "certificates/new/")
    ]
    _, refusals = Client(graphql, login).try_mutate(POLICY)

    assert pages == [200] * 7
    assert [each.code for each in refusals] == ["unknown_market"]
    with pytest.raises(driver.GraphQLFailed, match="authentication_required"):
        Client(graphql).mutate(POLICY)
    assert requests.get(f"{shop.url}{STAFF}", timeout=TIMEOUT).status_code == 401
