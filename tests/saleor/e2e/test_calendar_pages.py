"""The calendar on a whole shop, over HTTP: what would go offline with what it sold, and a reminder by the mail server
that staff filled in, in the dashboard."""

import csv
import datetime
import io
import json
from pathlib import Path

import pytest
import requests

from deploy.saleor.interpreter import ROOT
from deploy.saleor.running_shop import RunningShop
from tests.mail_server import running_post
from tests.saleor.e2e import driver, scenarios
from tests.saleor.e2e.driver import Client
from tests.saleor.e2e.scenarios import People
from tests.saleor.e2e.shop_builder import Sample

KGS = "issyk-kul-kgs"
STAFF = "/plugins/ovop.certification/staff/"
SAMPLES = ROOT / "storefront-config" / "sample"
TIMEOUT = 60

PLUGIN_UPDATE = """mutation($id: ID!, $input: PluginUpdateInput!) {
  pluginUpdate(id: $id, input: $input) { plugin { id } errors { field code message } } }"""
OF_FALL = """query($number: String!) { simulationOfFall(scheme: "eac-declaration", number: $number) {
  offlineCount offline { productSlug market channels reasons { code } sold { currency units grossMinor returnedUnits } } } }"""


@pytest.fixture
def login(shop: RunningShop) -> driver.Login:
    return driver.Login(shop.graphql_url, shop.staff.email, shop.staff.password)


@pytest.fixture
def ending(shop: RunningShop, sample: Sample, tmp_path: Path) -> datetime.date:
    """The sample registries, and a label of the honey that ends in twenty days."""
    last_on = datetime.datetime.now(datetime.UTC).date() + datetime.timedelta(days=20)
    shop.manage("ovop_origin_load", str(SAMPLES / "origin.json"))
    document = json.loads((SAMPLES / "certification.json").read_text(encoding="utf-8"))
    label = {
        "scheme": "brand-label",
        "issuing_body": next(
            each["issuing_body"] for each in document["certificates"] if each["scheme"] == "brand-label"
        ),
        "number": "CALENDAR-E2E",
        "holder": {"product": "licorice-honey"},
        "valid_from_on": "2024-01-01",
        "valid_until_on": last_on.isoformat(),
        "events": [{"kind": "issued", "at": "2024-01-01T00:00:00+06:00", "actor": "Desk"}],
    }
    path = tmp_path / "certification.json"
    path.write_text(json.dumps(document | {"certificates": [*document["certificates"], label]}), encoding="utf-8")
    shop.manage("ovop_certification_load", str(path))
    return last_on


def test_staff_see_what_a_fall_would_take_offline_and_what_it_sold(
    shop: RunningShop, people: People, sample: Sample, ending: datetime.date, login: driver.Login
) -> None:
    order = scenarios.buy(people, sample, KGS, {"WILD-BERRY-JAM-350": 2}).placed()
    gross_minor = int(order.line("WILD-BERRY-JAM-350").gross * 100)
    graphql = f"{shop.url}/plugins/ovop.certification/graphql/"

    (impact,) = Client(graphql, login).query(OF_FALL, number="SAMPLE-EAC/006")["simulationOfFall"]["offline"]

    assert (impact["productSlug"], impact["market"], impact["channels"]) == ("wild-berry-jam", "kyrgyzstan", [KGS])
    assert [each["code"] for each in impact["reasons"]] == ["WITHDRAWN"]
    (sold,) = impact["sold"]
    assert (sold["currency"], sold["units"] >= 2, int(sold["grossMinor"]) >= gross_minor) == ("KGS", True, True)
    with pytest.raises(driver.GraphQLFailed, match="authentication_required"):
        Client(graphql).query(OF_FALL, number="SAMPLE-EAC/006")

    address = f"{shop.url}{STAFF}simulation/"
    question = {"scheme": "eac-declaration", "number": "SAMPLE-EAC/006", "lang": "en"}
    headers = {"Authorization": f"Bearer {login()}", "Accept": "text/html"}
    page = requests.get(address, question, headers=headers, timeout=TIMEOUT)
    assert page.status_code == 200
    assert f"<code>{KGS}</code>" in page.text
    assert "has been withdrawn" in page.text
    file = requests.get(f"{address}offline.csv", question, headers=headers, timeout=TIMEOUT)
    (row,) = csv.DictReader(io.StringIO(file.content.decode("utf-8-sig")))
    assert (row["Currency"], row["Units sold"]) == ("KGS", str(sold["units"]))
    for path in ("calendar/", "simulation/", "calendar/certificates.csv", "simulation/offline.csv?on=2030-01-01"):
        assert requests.get(f"{shop.url}{STAFF}{path}", timeout=TIMEOUT).status_code == 401


def test_a_reminder_leaves_by_the_shops_mail_server_and_stands_in_the_calendar(
    shop: RunningShop, people: People, ending: datetime.date, login: driver.Login
) -> None:
    with running_post() as post:
        server = {
            "host": "127.0.0.1",
            "port": str(post.port),
            "sender_name": "Village shop",
            "sender_address": "shop@example.com",
        }
        configuration = [{"name": name, "value": value} for name, value in server.items()]
        people.staff.mutate(
            PLUGIN_UPDATE,
            id="mirumee.notifications.admin_email",
            input={"active": True, "configuration": configuration},
        )
        # As the dashboard does: Saleor's first change of a plugin's settings turns it off unless it says active.
        people.staff.mutate(
            PLUGIN_UPDATE,
            id="ovop.certification",
            input={"active": True, "configuration": [{"name": "staff_mail", "value": "calendar@example.com"}]},
        )
        try:
            shop.manage("ovop_certification_remind")
            shop.manage("ovop_certification_remind")
        finally:
            people.staff.mutate(
                PLUGIN_UPDATE,
                id="ovop.certification",
                input={"active": True, "configuration": [{"name": "staff_mail", "value": ""}]},
            )
            people.staff.mutate(PLUGIN_UPDATE, id="mirumee.notifications.admin_email", input={"active": False})

    told = [mail for mail in post.taken if "CALENDAR-E2E" in str(mail["Subject"])]
    assert "calendar@example.com" in {str(mail["To"]) for mail in told}
    assert len({str(mail["To"]) for mail in told}) == len(told)
    assert {str(mail["From"]) for mail in told} == {"Village shop <shop@example.com>"}
    body = next(mail for mail in told if mail["To"] == "calendar@example.com").get_body(("plain",))
    assert body is not None
    assert f"{shop.url}{STAFF}calendar/" in body.get_content()

    headers = {"Authorization": f"Bearer {login()}", "Accept": "text/html"}
    page = requests.get(f"{shop.url}{STAFF}calendar/?lang=en", headers=headers, timeout=TIMEOUT)
    assert page.status_code == 200
    assert page.text.index("SAMPLE-EAC/009") < page.text.index("CALENDAR-E2E")  # expired first
    assert "calendar@example.com" in page.text
