"""`make record`: play the sample stories on a real Saleor and write down what it said.

The file, `deploy/standalone/recordings/saleor-<version>.json`, is what `make demo` and the tests of the standalone
host replay. Run it once for each Saleor release that is supported: SALEOR_PYTHON chooses.
"""

import base64
import datetime
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # for a start by path, as make does

from deploy.saleor.databases import Server, checkout_digest
from deploy.saleor.interpreter import ROOT, SaleorUnavailable, find_saleor, installed_plugins
from deploy.saleor.running_shop import DEFAULT_BROKER, RunningShop, ShopFailed
from tests.saleor.e2e import driver, scenarios
from tests.saleor.e2e.payment_app import PaymentApp
from tests.saleor.e2e.scenarios import Order, People
from tests.saleor.e2e.shop_builder import Sample, build_shop, issue_app_token

FOLDER = ROOT / "deploy" / "standalone" / "recordings"
SAMPLE = ROOT / "storefront-config" / "sample"
KGS, UZS = "issyk-kul-kgs", "nukus-uzs"

PRODUCTS = """query($channel: String!) { products(channel: $channel, first: 100, sortBy: {field: NAME, direction: ASC}) {
  edges { node { id slug name productType { slug }
    category { slug ancestors(first: 20) { edges { node { slug } } } }
    en: translation(languageCode: EN) { name } ru: translation(languageCode: RU) { name }
    ky: translation(languageCode: KY) { name }
    uses: assignedAttribute(slug: "ovop-intended-use") { ... on AssignedMultiChoiceAttribute { value { slug } } }
  } } } }"""


@dataclass
class Recorder:
    """Plays stories in a shop and notes each order's snapshot after every event."""

    shop: RunningShop
    people: People
    sample: Sample
    orders: list[dict[str, Any]] = field(default_factory=list)
    refusals: list[dict[str, Any]] = field(default_factory=list)

    def story(self, name: str) -> "Story":
        found: dict[str, Any] = {"story": name, "moments": []}
        self.orders.append(found)
        return Story(self, found["moments"])

    def refuse(self, name: str, channel: str, country: str, quantities: dict[str, int]) -> None:
        """A paid checkout that must not become an order. AssertionError when it does."""
        answer = scenarios.buy(self.people, self.sample, channel, quantities)
        assert answer.order is None, f"{name} was sold"
        self.refusals.append(
            {
                "story": name,
                "channel": channel,
                "country": country,
                "at": datetime.datetime.now(datetime.UTC).isoformat(),
                "product_slugs": sorted({self.sample.variants[sku].product_slug for sku in quantities}),
                "errors": [
                    {"field": error.field, "code": error.code, "message": error.message} for error in answer.refusals
                ],
            }
        )

    def products(self) -> list[dict[str, Any]]:
        """Every product of the shop as a ProductRecord."""
        edges = self.people.shopper.query(PRODUCTS, channel=KGS)["products"]["edges"]
        return [_product(edge["node"]) for edge in edges]


@dataclass
class Story:
    """What happens to one order."""

    recorder: Recorder
    moments: list[dict[str, Any]]

    def note(self, what: str, order: Order) -> Order:
        """Write down the order as it is now. AssertionError when Saleor's own moment did not move on."""
        (snapshot,) = json.loads(self.recorder.shop.manage("ovop_order_snapshots", _key(order.id)))
        if self.moments:
            assert snapshot["changed_at"] > self.moments[-1]["snapshot"]["changed_at"], f"{what}: not changed"
        self.moments.append({"what": what, "snapshot": snapshot})
        return scenarios.read_order(self.recorder.people.staff, order.id)

    def buy(self, channel: str, quantities: dict[str, int]) -> Order:
        order = scenarios.buy(self.recorder.people, self.recorder.sample, channel, quantities).placed()
        return self.note("paid", order)

    def fulfil(self, order: Order) -> Order:
        return self.note("fulfilled", scenarios.fulfil(self.recorder.people.staff, self.recorder.sample, order))

    def refund(self, order: Order, amount: Any = None) -> Order:
        scenarios.refund_without_lines(self.recorder.people.payment_app, order, amount)
        return self.note("refunded without lines", order)

    def refund_lines(self, order: Order, quantities: dict[str, int]) -> Order:
        staff = self.recorder.people.staff
        granted = scenarios.grant_refund(staff, order, quantities)
        scenarios.request_granted_refund(staff, order, granted)
        driver.wait_until(
            "the granted refund succeeds",
            lambda: (
                all(each.status == "SUCCESS" for each in scenarios.read_order(staff, order.id).granted_refunds) or None
            ),
        )
        return self.note("refunded by lines", order)


def play(recorder: Recorder) -> None:
    """The stories. A new one is added at the end; the demo and its tests take whatever is here."""
    people = recorder.people

    story = recorder.story("paid and delivered, one line with three makers")
    story.fulfil(story.buy(KGS, {"LICORICE-HONEY-250": 2, "FELT-SLIPPERS-38": 3}))

    story = recorder.story("partly refunded without lines after delivery")
    order = story.fulfil(story.buy(KGS, {"WILD-BERRY-JAM-350": 2, "FELT-ORNAMENT": 3}))
    story.refund(order, "333.33")

    story = recorder.story("one of three refunded by lines")
    order = story.fulfil(story.buy(UZS, {"SESAME-OIL-250": 3, "DRIED-JIDA-400": 1}))
    story.refund_lines(order, {"SESAME-OIL-250": 1})

    story = recorder.story("paid and delivered in the second currency")
    story.fulfil(story.buy(UZS, {"SESAME-COOKIES-300": 4, "FELT-SLIPPERS-38": 1}))

    story = recorder.story("cancelled, then given back")
    order = story.buy(KGS, {"FELT-ORNAMENT": 1})
    order = story.note("cancelled", scenarios.cancel(people.staff, order))
    story.refund(order)

    story = recorder.story("fully refunded after delivery")
    order = story.fulfil(story.buy(KGS, {"CAPER-BUDS-200": 2}))
    story.refund(order)

    story = recorder.story("paid twice")
    order = story.buy(KGS, {"GRANOLA-TWELVE-400": 1})
    scenarios.pay(people.payment_app, order.id, order.total_gross, order.currency)
    story.note("paid again", order)

    recorder.refuse("no certificate at all", KGS, "KG", {"SEA-BUCKTHORN-JUICE-500": 1})
    recorder.refuse("the certificate has expired", KGS, "KG", {"MOUNTAIN-HONEY-500": 1})


def _product(node: dict[str, Any]) -> dict[str, Any]:
    category = node["category"]
    ancestors = [edge["node"]["slug"] for edge in category["ancestors"]["edges"]] if category else []
    names = {tag: node[tag]["name"] for tag in ("en", "ru", "ky") if node[tag] and node[tag]["name"]}
    return {
        "pk": int(_key(node["id"])),
        "slug": node["slug"],
        "name": node["name"],
        "product_type": node["productType"]["slug"],
        "categories": [category["slug"], *reversed(ancestors)] if category else [],
        "names": names,
        "intended_uses": sorted(value["slug"] for value in (node["uses"] or {"value": ()})["value"]),
    }


def _key(global_id: str) -> str:
    return base64.b64decode(global_id).decode().partition(":")[2]


def record(shop: RunningShop, version: str) -> dict[str, Any]:
    staff = driver.person(shop.graphql_url, shop.staff.email, shop.staff.password)
    sample = build_shop(staff)
    for command, name in (
        ("ovop_origin_load", "origin"),
        ("ovop_certification_load", "certification"),
        ("ovop_payouts_load", "payouts"),
    ):
        shop.manage(command, str(SAMPLE / f"{name}.json"))
    people = People(
        shopper=driver.anonymous(shop.graphql_url),
        customer=driver.person(shop.graphql_url, sample.customer_email, sample.customer_password),
        staff=staff,
        payment_app=driver.app(shop.graphql_url, issue_app_token(staff, sample.payment_app)),
    )
    recorder = Recorder(shop, people, sample)
    with PaymentApp() as provider:
        provider.register(staff, sample.payment_app)
        play(recorder)
    return {
        "saleor_version": version,
        "recorded_at": datetime.datetime.now(datetime.UTC).isoformat(),
        "products": recorder.products(),
        "orders": recorder.orders,
        "refusals": recorder.refusals,
    }


def main() -> int:
    echo: Callable[[str], None] = print
    try:
        with installed_plugins(find_saleor()) as saleor:
            server = Server.of(saleor)
            database = f"ovop_record_{saleor.slug}_{checkout_digest()}"
            server.clone(server.plugins_template(echo), database)
            shop = RunningShop(
                saleor,
                server.address(database),
                name=database,
                state=ROOT / ".ovop" / "record" / saleor.slug,
                broker_url=DEFAULT_BROKER,
            )
            echo(f"Recording on Saleor {saleor.version} ...")
            with shop:
                document = record(shop, saleor.version)
            server.drop(database)
    except (SaleorUnavailable, ShopFailed) as problem:
        print(problem, file=sys.stderr)
        return 1
    path = FOLDER / f"saleor-{document['saleor_version']}.json"
    path.write_text(json.dumps(document, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    moments = sum(len(order["moments"]) for order in document["orders"])
    echo(f"{path.relative_to(ROOT)}: {len(document['orders'])} orders at {moments} moments, "
         f"{len(document['refusals'])} refusals")  # fmt: skip
    return 0


if __name__ == "__main__":
    sys.exit(main())
