"""One product's way through a real shop: from its village to its makers' statement, over HTTP, with a worker at work."""

import base64
import datetime
import html
import json
import re
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import requests

from deploy.saleor.interpreter import ROOT
from deploy.saleor.running_shop import RunningShop
from tests.saleor.e2e import driver, scenarios
from tests.saleor.e2e.driver import Client, wait_until
from tests.saleor.e2e.payment_app import PaymentApp
from tests.saleor.e2e.scenarios import Order, People
from tests.saleor.e2e.shop_builder import Sample

KGS, UZS = "issyk-kul-kgs", "nukus-uzs"
REGISTRIES = {"ovop_origin_load": "origin", "ovop_certification_load": "certification", "ovop_payouts_load": "payouts"}

SPLIT = """query($id: ID!) { orderSplit(orderId: $id) { currency
  sections { title rule isResolved parts { account amount { minor } } }
  postings { entry kind account lineId step amount { minor currency } } } }"""


@pytest.fixture(scope="session")
def registry(shop: RunningShop, sample: Sample) -> None:
    """The sample registry, loaded twice: the second time changes nothing."""
    for command, name in REGISTRIES.items():
        path = str(ROOT / "storefront-config" / "sample" / f"{name}.json")
        shop.manage(command, path)
        shop.manage(command, path)
    shop.manage("ovop_origin_project")


@pytest.fixture
def ledger(shop: RunningShop, people: People) -> Client:
    """The payouts' own GraphQL, as staff."""
    login = driver.Login(shop.graphql_url, shop.staff.email, shop.staff.password)
    return Client(f"{shop.url}/plugins/ovop.producer_payouts/graphql/", login)


def key(order: Order) -> str:
    return base64.b64decode(order.id).decode().partition(":")[2]


def postings(ledger: Client, order: Order) -> list[dict[str, Any]]:
    split = ledger.query(SPLIT, id=key(order))["orderSplit"]
    return split["postings"] if split else []


def sums(rows: list[dict[str, Any]]) -> dict[str, int]:
    """Account -> minor units posted so far; zeros left out."""
    accounts: dict[str, int] = {}
    for row in rows:
        accounts[row["account"]] = accounts.get(row["account"], 0) + int(row["amount"]["minor"])
    return {account: amount for account, amount in sorted(accounts.items()) if amount}


def settled(ledger: Client, order: Order, held_minor: int) -> dict[str, int]:
    """What is posted, once the worker has seen that the shop holds `held_minor` for the order."""

    def look() -> dict[str, int] | None:
        found = sums(postings(ledger, order))
        return found if found.get("psp:clearing", 0) == held_minor and postings(ledger, order) else None

    return wait_until(f"the ledger holds {held_minor}", look, seconds=60)


def producers_part(accounts: dict[str, int]) -> dict[str, int]:
    return {path: amount for path, amount in accounts.items() if path.startswith("producer:")}


def test_a_shopper_sees_and_filters_where_a_product_comes_from(registry: None, people: People, sample: Sample) -> None:
    document = """query($where: ProductWhereInput) { products(channel: "issyk-kul-kgs", first: 100, where: $where) {
      edges { node { slug metafield(key: "ovop:village")
        region: assignedAttribute(slug: "ovop-region") {
          ... on AssignedSingleChoiceAttribute { value { slug name translation(languageCode: RU) } } }
        village: assignedAttribute(slug: "ovop-village") {
          ... on AssignedSinglePageReferenceAttribute { value { slug title } } } } } } }"""
    everything = {edge["node"]["slug"]: edge["node"] for edge in people.shopper.query(document)["products"]["edges"]}
    slippers = everything["felt-slippers"]
    assert slippers["metafield"]
    assert slippers["village"]["value"]["title"]
    region = slippers["region"]["value"]["slug"]

    where = {"attributes": [{"slug": "ovop-region", "value": {"slug": {"oneOf": [region]}}}]}
    found = {edge["node"]["slug"] for edge in people.shopper.query(document, where=where)["products"]["edges"]}

    same_region = {
        slug for slug, node in everything.items() if node["region"] and node["region"]["value"]["slug"] == region
    }
    assert found == same_region
    assert "felt-slippers" in found
    assert found < set(everything)


ORIGIN = """query($slug: String!, $where: ProductWhereInput) {
  product(slug: $slug, channel: "issyk-kul-kgs") {
    id
    jsonld: metafield(key: "ovop:jsonld")
    country: metafield(key: "ovop:country")
    region: assignedAttribute(slug: "ovop-region") {
      ... on AssignedSingleChoiceAttribute { value { slug translation(languageCode: KY) } } }
    village: assignedAttribute(slug: "ovop-village") {
      ... on AssignedSinglePageReferenceAttribute { value { slug translation(languageCode: RU) { title } } } } }
  products(channel: "issyk-kul-kgs", first: 100, where: $where) { edges { node { slug } } } }"""


def test_a_village_picked_in_the_dashboard_reaches_registry_and_shopper(
    registry: None, shop: RunningShop, people: People, sample: Sample
) -> None:
    slug = "mountain-honey"
    where = {"attributes": [{"slug": "ovop-region", "value": {"slug": {"oneOf": ["uz-qr"]}}}]}
    before = people.shopper.query(ORIGIN, slug=slug, where=where)
    assert before["product"]["village"]["value"]["slug"] == "kg-y-kyzyl-suu"
    assert slug not in [edge["node"]["slug"] for edge in before["products"]["edges"]]
    ids = people.staff.query("""{ page(slug: "uz-qr-chimbay") { id } attribute(slug: "ovop-village") { id } }""")

    people.staff.mutate(
        """mutation($id: ID!, $attributes: [AttributeValueInput!]) {
          productUpdate(id: $id, input: {attributes: $attributes}) { errors { field code message } } }""",
        id=before["product"]["id"],
        attributes=[{"id": ids["attribute"]["id"], "reference": ids["page"]["id"]}],
    )

    def settled() -> dict[str, Any] | None:
        now = people.shopper.query(ORIGIN, slug=slug, where=where)
        return now if now["product"]["country"] == "UZ" else None

    after = wait_until("the worker has taken the village", settled, seconds=60)
    assert slug in [edge["node"]["slug"] for edge in after["products"]["edges"]]
    assert after["product"]["region"]["value"] == {"slug": "uz-qr", "translation": "Каракалпакстан"}
    assert after["product"]["village"]["value"]["translation"] == {"title": "Чимбай"}
    jsonld = json.loads(after["product"]["jsonld"])
    assert jsonld["countryOfOrigin"]["identifier"] == "UZ"
    # its maker is who it was, and works where it did: only the product's village was picked
    assert jsonld["manufacturer"]["identifier"] == "kyzyl-suu-bal"
    assert jsonld["manufacturer"]["location"]["identifier"] == "KG-Y-kyzyl-suu"
    assert "Nothing differs" in shop.manage("ovop_origin_check")


def test_an_uncertified_product_is_refused_and_sold_once_it_is_certified(
    registry: None, shop: RunningShop, people: People, sample: Sample, tmp_path: Path
) -> None:
    """Its listing is shut, so that it does not even come into a cart (test_gate_routes.py: carts that were there)."""
    wanted = {"SEA-BUCKTHORN-JUICE-500": 2}

    def codes() -> list[str]:
        return [each.code for each in scenarios.create_checkout(people.shopper, sample, KGS, wanted)[1]]

    wait_until("the listing is shut", lambda: codes() == ["PRODUCT_UNAVAILABLE_FOR_PURCHASE"])

    certify(shop, "sea-buckthorn-juice", tmp_path)
    wait_until("the listing is open", lambda: codes() == [])
    checkout = scenarios.fill_checkout(people.shopper, sample, KGS, wanted)
    scenarios.pay(people.payment_app, checkout.id, checkout.total_gross, checkout.currency)
    sold = scenarios.complete(people, checkout).placed()
    assert (sold.charge_status, sold.charged) == ("FULL", checkout.total_gross)


def certify(shop: RunningShop, slug: str, folder: Path) -> None:
    """Another certificate in the registry: the sample's first one, for this product."""
    document = json.loads((ROOT / "storefront-config" / "sample" / "certification.json").read_text(encoding="utf-8"))
    certificate = document["certificates"][0] | {"number": f"TEST-{slug}", "holder": {"product": slug}}
    path = folder / "certification.json"
    path.write_text(json.dumps(document | {"certificates": [certificate]}), encoding="utf-8")
    shop.manage("ovop_certification_load", str(path))


def test_a_paid_order_is_split_to_the_minor_unit_and_a_refund_takes_back_from_everyone(
    registry: None, people: People, sample: Sample, ledger: Client
) -> None:
    order = scenarios.buy(people, sample, KGS, {"FELT-SLIPPERS-38": 1}).placed()

    # 1,250.00 with 12 % tax inside: 1,116.07 net. Of the net 10 % to the outlet, 15.00 packaging, 5 % to the
    # association; of the rest 3 % to the village; 905.65 to three makers 3334 : 3333 : 3333.
    accounts = settled(ledger, order, 140_000)
    shares = producers_part(accounts)
    assert {path: amount for path, amount in accounts.items() if path not in shares} == {
        "association:fee": -5_580,
        "costs:packaging-and-transport": -1_500,
        "outlet:outlet-karakol:commission": -11_161,
        "psp:clearing": 140_000,
        "shipping": -13_393,
        "tax:KG": -15_000,
        "village:KG-Y-barskoon:fund": -2_801,
    }
    assert sorted(shares.values()) == [-30_195, -30_185, -30_185]
    assert sum(accounts.values()) == 0

    scenarios.refund_without_lines(people.payment_app, order, Decimal("400.01"))

    after = settled(ledger, order, 99_999)
    assert sum(after.values()) == 0
    for path, amount in accounts.items():
        exact = Decimal(amount) * 99_999 / 140_000
        assert abs(after[path] - exact) <= 2, path
    kinds = [row["kind"] for row in postings(ledger, order)]
    assert set(kinds) == {"sale", "refund"}


def test_a_line_given_back_by_grant_comes_off_its_own_makers_only(
    registry: None, people: People, sample: Sample, ledger: Client, provider: PaymentApp
) -> None:
    order = scenarios.buy(people, sample, UZS, {"SESAME-OIL-250": 3, "DRIED-JIDA-400": 1}).placed()
    before = settled(ledger, order, minor(order.charged))
    untouched = line_sums(ledger, order, "DRIED-JIDA-400")

    granted = scenarios.grant_refund(people.staff, order, {"SESAME-OIL-250": 1})
    scenarios.request_granted_refund(people.staff, order, granted)

    after = settled(ledger, order, minor(order.charged - Decimal("61500")))
    assert line_sums(ledger, order, "DRIED-JIDA-400") == untouched
    assert sum(producers_part(after).values()) > sum(producers_part(before).values())
    assert sum(line_sums(ledger, order, "SESAME-OIL-250").values()) == -minor(Decimal("123000"))


def line_sums(ledger: Client, order: Order, sku: str) -> dict[str, int]:
    line_id = base64.b64decode(order.line(sku).id).decode().partition(":")[2]
    return sums([row for row in postings(ledger, order) if row["lineId"] == line_id])


def minor(amount: Decimal) -> int:
    return int(amount * 100)


def test_what_the_worker_missed_the_sweep_finds(
    registry: None, shop: RunningShop, people: People, sample: Sample, ledger: Client
) -> None:
    order = scenarios.buy(people, sample, KGS, {"FELT-ORNAMENT": 1}).placed()
    settled(ledger, order, minor(order.charged))
    silent = replace(order)
    shop.manage("shell", "-c", FORGET.format(key=key(order)))

    shop.manage("ovop_settle_orders")

    assert settled(ledger, silent, minor(order.charged))


FORGET = """
from ovop_producer_payouts.models import SettledOrder
SettledOrder.objects.filter(order_id="{key}").update(changed_at="2000-01-01T00:00:00Z")
"""


def test_the_makers_are_paid_and_read_it_on_a_statement(
    registry: None, shop: RunningShop, people: People, sample: Sample, ledger: Client
) -> None:
    order = scenarios.buy(people, sample, KGS, {"WILD-BERRY-JAM-350": 2}).placed()
    accounts = settled(ledger, order, minor(order.charged))
    scenarios.fulfil(people.staff, sample, order)
    producer = next(path.split(":")[1] for path in producers_part(accounts))
    today = datetime.datetime.now(ZoneInfo("Asia/Bishkek")).date().isoformat()

    printed = shop.manage("ovop_statement_issue", producer, "KGS", "2020-01-01", today, "--language", "en")
    again = shop.manage("ovop_statement_issue", producer, "KGS", "2020-01-01", today, "--language", "en")

    numbers = [re.search(r"statement (\d+): (\S+)", text) for text in (printed, again)]
    assert numbers[0] is not None
    assert numbers[1] is not None
    assert numbers[0][1] == numbers[1][1]
    page = requests.get(f"{shop.url}{numbers[0][2]}", headers={"Accept": "text/html"}, timeout=30)
    assert (page.status_code, page.headers["X-Robots-Tag"]) == (200, "noindex, nofollow")
    assert producer in page.text
    text = html.unescape(page.text).replace("\N{NO-BREAK SPACE}", " ")
    for told in ("Wild-berry jam", "Outlet commission", "Village fund", "Closing balance", f"Order {order.number}"):
        assert told in text
    forged = requests.get(f"{shop.url}/plugins/ovop.producer_payouts/s/forged/", timeout=30)
    assert (forged.status_code, forged.json()["errors"][0]["code"]) == (401, "invalid_token")


def test_the_ledger_is_clean_after_all_of_it(registry: None, shop: RunningShop) -> None:
    assert "nothing is wrong" in shop.manage("ovop_check_ledger")
