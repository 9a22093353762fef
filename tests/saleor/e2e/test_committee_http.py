"""The Brand Committee on a whole shop, over HTTP: minutes of a sitting, and a recipe that staff change in the dashboard."""

import time

import pytest
import requests

from deploy.saleor.interpreter import ROOT
from deploy.saleor.running_shop import RunningShop
from tests.saleor.e2e import driver
from tests.saleor.e2e.driver import Client
from tests.saleor.e2e.scenarios import People
from tests.saleor.e2e.shop_builder import Sample

STAFF = "/plugins/ovop.certification/staff/"
SAMPLES = ROOT / "storefront-config" / "sample"
TIMEOUT = 60
WORKER_SECONDS = 60

FIND = """query { product(slug: "licorice-honey", channel: "issyk-kul-kgs") { id } attribute(slug: "ovop-recipe") { id
  visibleInStorefront } }"""
WRITE = """mutation($id: ID!, $attribute: ID!, $text: String!) {
  productUpdate(id: $id, input: { attributes: [{ id: $attribute, plainText: $text }] }) {
    product { id } errors { field code message } } }"""
STATE = """query { application(number: 1) { application { stage certificateNumber } recipes { version text actor }
  steps { kind stage actor } } }"""


@pytest.fixture
def login(shop: RunningShop, sample: Sample) -> driver.Login:
    for command in (
        "ovop_origin_load origin",
        "ovop_certification_load certification",
        "ovop_committee_load committee",
    ):
        name, _, file = command.partition(" ")
        shop.manage(name, str(SAMPLES / f"{file}.json"))
    return driver.Login(shop.graphql_url, shop.staff.email, shop.staff.password)


def test_minutes_are_read_by_staff_and_a_changed_recipe_reopens(
    shop: RunningShop, people: People, login: driver.Login
) -> None:
    headers = {"Authorization": f"Bearer {login()}", "Accept": "text/html"}
    minutes = requests.get(f"{shop.url}{STAFF}sittings/1/minutes/", {"lang": "en"}, headers=headers, timeout=TIMEOUT)
    assert minutes.status_code == 200
    assert "87.66%" in minutes.text
    assert "Sample Chair" in minutes.text
    for path in ("applications/", "sittings/", "sittings/1/minutes/", "sittings/1/minutes.csv", "criteria/"):
        assert requests.get(f"{shop.url}{STAFF}{path}", timeout=TIMEOUT).status_code == 401
        assert requests.get(f"{shop.url}{STAFF}{path}", headers=headers, timeout=TIMEOUT).status_code == 200

    committee = Client(f"{shop.url}/plugins/ovop.certification/graphql/", login)
    found = people.staff.query(FIND)
    assert found["attribute"]["visibleInStorefront"] is False
    before = committee.query(STATE)["application"]
    text = f"Honey\nLicorice root\nSugar {time.time()}"
    people.staff.mutate(WRITE, id=found["product"]["id"], attribute=found["attribute"]["id"], text=text)

    until = time.monotonic() + WORKER_SECONDS
    while (after := committee.query(STATE)["application"])["recipes"] == before["recipes"]:
        assert time.monotonic() < until, "the worker did not take the recipe"
        time.sleep(0.5)

    assert after["recipes"][0] == {"version": len(before["recipes"]) + 1, "text": text, "actor": "Dashboard"}
    assert after["application"]["stage"] == "CERTIFICATION"
    assert after["steps"][-1] == {"kind": "REOPENED", "stage": "CERTIFICATION", "actor": "Dashboard"}
    with pytest.raises(driver.GraphQLFailed, match="authentication_required"):
        Client(f"{shop.url}/plugins/ovop.certification/graphql/").query(STATE)
