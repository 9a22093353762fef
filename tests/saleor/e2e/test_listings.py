"""Listings are shut and re-opened in a whole shop: over HTTP, by the worker, and by the beat when a date passes."""

import datetime
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from deploy.saleor.interpreter import ROOT
from deploy.saleor.running_shop import RunningShop
from tests.saleor.e2e import scenarios
from tests.saleor.e2e.driver import wait_until
from tests.saleor.e2e.scenarios import People
from tests.saleor.e2e.shop_builder import Sample

KGS, UZS = "issyk-kul-kgs", "nukus-uzs"
# Of a product type that only these tests make, so that no other test finds its products shut.
SCHEME, NUMBER, KIND = "listings-test", "LISTINGS-1", "listings-test"
BEAT_SECONDS = 75

LISTINGS = "channelListings { channel { slug } isPublished publishedAt availableForPurchaseAt visibleInListings }"
READ = f"query($id: ID!) {{ product(id: $id) {{ {LISTINGS} }} }}"
SET = f"""mutation($id: ID!, $input: ProductChannelListingUpdateInput!) {{
  productChannelListingUpdate(id: $id, input: $input) {{ product {{ {LISTINGS} }} errors {{ field code message }} }} }}"""
CREATE = f"""mutation($products: [ProductBulkCreateInput!]!) {{ productBulkCreate(products: $products) {{
  results {{ product {{ id slug {LISTINGS} variants {{ id }} }} errors {{ path code message }} }}
  errors {{ path code message }} }} }}"""
ADD = """mutation($input: CheckoutCreateInput!) { checkoutCreate(input: $input) {
  checkout { id } errors { field code message } } }"""


class World:
    """Products made in bulk, a requirement for their type in the Kyrgyz market, and a register file that grows."""

    def __init__(self, shop: RunningShop, people: People, sample: Sample, folder: Path) -> None:
        self.shop, self.people, self.sample = shop, people, sample
        self.path = folder / "listings.json"
        self.events: dict[str, list[dict[str, str]]] = {}
        self.kind = people.staff.mutate(
            """mutation($name: String!, $slug: String!) { productTypeCreate(input: {
              name: $name, slug: $slug, kind: NORMAL, hasVariants: false, isShippingRequired: false}) {
              productType { id } errors { field code message } } }""",
            name="Test of listings",
            slug=KIND,
        )["productType"]["id"]

    def make(self, name: str, **listing: Any) -> dict[str, Any]:
        channel = self.sample.channels[KGS].id
        input_ = {
            "productType": self.kind,
            "category": next(iter(self.sample.categories.values())),
            "name": name,
            "slug": name,
            "attributes": [],
            "channelListings": [{"channelId": channel, "isPublished": True, "isAvailableForPurchase": True} | listing],
            "variants": [
                {"attributes": [], "sku": name, "channelListings": [{"channelId": channel, "price": 100}]},
            ],
        }
        answer = self.people.staff.query(CREATE, products=[input_])["productBulkCreate"]
        assert not answer["errors"], answer
        (result,) = answer["results"]
        made: dict[str, Any] = result["product"]
        return made

    def tell(self, slug: str, kind: str) -> None:
        """One more event in the certificate of that product, and the register file is loaded."""
        at = (
            datetime.datetime.now(datetime.UTC)
            if self.events.get(slug)
            else datetime.datetime(2025, 1, 1, tzinfo=datetime.UTC)
        )
        self.events.setdefault(slug, []).append(
            {"kind": kind, "at": at.isoformat(), "actor": "Test desk", "reason": "a test"}
        )
        self.load()

    def load(self) -> None:
        sample = json.loads((ROOT / "storefront-config" / "sample" / "certification.json").read_text(encoding="utf-8"))
        document = {
            "version": 1,
            "schemes": [{"code": SCHEME, "kind": "conformity", "names": {"en": "Test of listings"}}],
            "issuing_bodies": sample["issuing_bodies"][:1],
            "markets": sample["markets"],
            "requirements": [
                {
                    "market": "kyrgyzstan",
                    "scheme": SCHEME,
                    "product_type": KIND,
                    "from_on": "2020-01-01",
                    "effect": "block",
                }
            ],
            "certificates": [
                {
                    "scheme": SCHEME,
                    "issuing_body": sample["issuing_bodies"][0]["code"],
                    "number": f"{NUMBER}-{slug}",
                    "holder": {"product": slug},
                    "valid_from_on": "2025-01-01",
                    "events": events,
                }
                for slug, events in self.events.items()
            ],
        }
        self.path.write_text(json.dumps(document), encoding="utf-8")
        self.shop.manage("ovop_certification_load", str(self.path))

    def listing(self, product: dict[str, Any]) -> dict[str, Any]:
        return listing_of(self.people.staff.query(READ, id=product["id"])["product"])

    def set(self, product: dict[str, Any], **fields: Any) -> dict[str, Any]:
        change = {"channelId": self.sample.channels[KGS].id} | fields
        payload = self.people.staff.mutate(SET, id=product["id"], input={"updateChannels": [change]})
        return listing_of(payload["product"])

    def add(self, product: dict[str, Any]) -> list[str]:
        """The codes with which a shopper's cart is refused."""
        input_ = {"channel": KGS, "lines": [{"variantId": product["variants"][0]["id"], "quantity": 1}]}
        _, refusals = self.people.shopper.try_mutate(ADD, input=input_)
        return [each.code for each in refusals]

    def waits_until_shut(self, product: dict[str, Any], seconds: float = 60) -> dict[str, Any]:
        return wait_until(
            "the listing is shut", lambda: (is_shut(found := self.listing(product)) and found) or None, seconds=seconds
        )

    def waits_until_open(self, product: dict[str, Any]) -> dict[str, Any]:
        return wait_until(
            "the listing is open", lambda: (not is_shut(found := self.listing(product)) and found) or None, seconds=60
        )


def listing_of(product: dict[str, Any]) -> dict[str, Any]:
    (found,) = (each for each in product["channelListings"] if each["channel"]["slug"] == KGS)
    return dict(found)


def is_shut(listing: dict[str, Any]) -> bool:
    return listing["availableForPurchaseAt"] is None


@pytest.fixture(scope="module")
def world(
    shop: RunningShop, people: People, sample: Sample, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[World]:
    world = World(shop, people, sample, tmp_path_factory.mktemp("listings"))
    world.load()
    yield world
    shop.manage(
        "shell",
        "-c",
        f"from ovop_certification.models import Requirement as R; R.objects.filter(scheme__code={SCHEME!r}).delete()",
    )


def test_made_in_bulk_without_a_certificate_it_is_shut_before_anybody_can_add_it(world: World) -> None:
    made = world.make("bulk-jam")

    assert is_shut(listing_of(made)), "the mutation's own answer shows it shut"
    assert is_shut(world.listing(made))
    assert world.add(made) == ["PRODUCT_UNAVAILABLE_FOR_PURCHASE"]


def test_it_is_shut_with_the_withdrawal_met_when_staff_reopen_it_and_restored_as_they_last_set_it(world: World) -> None:
    since = "2024-03-01T08:30:00+00:00"
    made = world.make("felt-jam", availableForPurchaseAt=since, visibleInListings=True)
    world.tell("felt-jam", "issued")
    before = world.waits_until_open(made)
    assert before["availableForPurchaseAt"] == since
    assert "PRODUCT_UNAVAILABLE_FOR_PURCHASE" not in world.add(made)

    world.tell("felt-jam", "suspended")
    assert world.waits_until_shut(made) == before | {"availableForPurchaseAt": None}
    assert world.add(made) == ["PRODUCT_UNAVAILABLE_FOR_PURCHASE"]

    world.tell("felt-jam", "reinstated")
    assert world.waits_until_open(made) == before

    world.tell("felt-jam", "suspended")
    world.waits_until_shut(made)
    wish = "2025-02-03T04:05:06+00:00"
    answer = world.set(made, isAvailableForPurchase=True, availableForPurchaseAt=wish, visibleInListings=False)
    assert is_shut(answer), "what staff re-open is shut in the same answer"
    assert is_shut(world.listing(made))
    world.tell("felt-jam", "reinstated")
    assert world.waits_until_open(made) == before | {"availableForPurchaseAt": wish, "visibleInListings": False}


def test_an_import_past_the_api_is_found_by_the_whole_pass(world: World) -> None:
    made = world.make("imported-jam")
    world.shop.manage(
        "shell",
        "-c",
        "from saleor.product.models import ProductChannelListing as L; from django.utils import timezone as t;"
        "L.objects.filter(product__slug='imported-jam').update(available_for_purchase_at=t.now())",
    )
    assert not is_shut(world.listing(made))

    told = world.shop.manage("ovop_certification_listings", "--dry-run")
    assert "imported-jam" in told
    assert not is_shut(world.listing(made))
    world.shop.manage("ovop_certification_listings")

    assert is_shut(world.listing(made))
    assert "Nothing" in world.shop.manage("ovop_certification_listings", "--dry-run")


def test_a_moment_that_passes_shuts_the_listing_by_the_beat_alone(world: World) -> None:
    made = world.make("timed-jam")
    world.tell("timed-jam", "issued")
    world.waits_until_open(made)
    # Recorded ahead of time, and told to nobody: only the date itself can shut the listing.
    world.shop.manage(
        "shell",
        "-c",
        "import datetime; from django.utils import timezone as t; from ovop_certification.models import *;"
        f"c = Certificate.objects.get(number='{NUMBER}-timed-jam');"
        "p = int(c.holder_ref);"
        "CertificateEvent.objects.create(certificate=c, position=2, kind='suspended', actor='x', reason='x',"
        " at=t.now() + datetime.timedelta(seconds=15));"
        "from ovop_certification.adapter.listings import bring_in_line; bring_in_line([p], t.now());"
        "print(ListingDecision.objects.get(product_pk=p).next_change_at)",
    )
    assert not is_shut(world.listing(made))

    world.waits_until_shut(made, seconds=BEAT_SECONDS + 15)
    assert world.add(made) == ["PRODUCT_UNAVAILABLE_FOR_PURCHASE"]


def test_other_markets_and_other_products_are_left_alone(world: World) -> None:
    entries = scenarios.browse(world.people.shopper, UZS)
    assert entries
    assert any(entry.is_available_for_purchase for entry in entries)
