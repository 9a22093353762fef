"""Everybody writes at a listing at once, over HTTP: certificates fall and come back, staff set the listing in that very
moment, and two passes over the whole shop never stop. What staff said last is what stands in the end, and nothing is
remembered twice."""

import base64
import datetime
import json
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from deploy.saleor.interpreter import ROOT
from deploy.saleor.running_shop import RunningShop
from tests.saleor.e2e import driver
from tests.saleor.e2e.driver import Client, wait_until
from tests.saleor.e2e.scenarios import People
from tests.saleor.e2e.shop_builder import Sample

KGS = "issyk-kul-kgs"
# Of a product type that only this test makes, so that no other test finds its products shut.
SCHEME, KIND, PRODUCTS = "listings-race", "listings-race", 3
ROUNDS = 6
PASSES = 2
SETTLES_SECONDS = 30

LISTINGS = "channelListings { channel { slug } isPublished availableForPurchaseAt }"
READ = f"query($id: ID!) {{ product(id: $id) {{ {LISTINGS} }} }}"
SET = """mutation($id: ID!, $input: ProductChannelListingUpdateInput!) {
  productChannelListingUpdate(id: $id, input: $input) { errors { field code message } } }"""
MAKE_KIND = """mutation($name: String!, $slug: String!) { productTypeCreate(input: {
  name: $name, slug: $slug, kind: NORMAL, hasVariants: false, isShippingRequired: false}) {
  productType { id } errors { field code message } } }"""
MAKE = """mutation($products: [ProductBulkCreateInput!]!) { productBulkCreate(products: $products) {
  results { product { id slug } errors { path code message } } errors { path code message } } }"""
STEP = 'mutation($id: ID!) { %s(id: $id, reason: "a race") { errors { field code } } }'
TURN_ON = """mutation { pluginUpdate(id: "ovop.certification", input: {active: true, configuration: [
  {name: "closes_listings", value: "true"}]}) { errors { field code message } } }"""

PASS_AFTER_PASS = """
import pathlib
from django.db.models import Count
from ovop_certification.adapter.listing_tasks import sweep_by_hand
from ovop_certification.models import Closure
passes, most, written = 0, 0, 0
pathlib.Path({ready!r}).touch()
while not pathlib.Path({stop!r}).exists():
    changes = sweep_by_hand(progress=lambda products: None)
    passes, written = passes + 1, written + changes.closed + changes.opened
    counts = Closure.objects.filter(ended_at=None).values_list("listing_pk").annotate(n=Count("pk")).order_by()
    most = max([most, *(n for _, n in counts)])
say({{"passes": passes, "most": most, "written": written}})
"""
CLOSURES = """
from ovop_certification.models import Closure
rows = Closure.objects.filter(product_pk__in={pks!r}, ended_at=None)
say([[row.product_pk, row.channel, row.wants_published, row.wants_available_at.isoformat()] for row in rows])
"""


@dataclass(frozen=True, slots=True)
class Good:
    """A product by its global id and its key, and the key of its certificate."""

    product: str
    pk: int
    certificate: int


@dataclass(frozen=True, slots=True)
class Wish:
    """What staff set a listing to: a moment that nobody else would write."""

    is_published: bool
    available_at: str


class Race:
    def __init__(self, shop: RunningShop, people: People, sample: Sample, folder: Path) -> None:
        self.shop, self.people, self.folder = shop, people, folder
        self.channel = sample.channels[KGS].id
        self._login = driver.Login(shop.graphql_url, shop.staff.email, shop.staff.password)
        self._login()  # once, before all threads: Saleor slows down who logs in many times at once
        people.staff.mutate(TURN_ON)
        kind = people.staff.mutate(MAKE_KIND, name="Race of listings", slug=KIND)["productType"]["id"]
        answer = people.staff.query(
            MAKE,
            products=[
                {
                    "productType": kind,
                    "category": next(iter(sample.categories.values())),
                    "name": f"Raced {number}",
                    "slug": f"raced-{number}",
                    "attributes": [],
                    "channelListings": [
                        {"channelId": self.channel, "isPublished": True, "isAvailableForPurchase": True}
                    ],
                    "variants": [
                        {
                            "attributes": [],
                            "sku": f"raced-{number}",
                            "channelListings": [{"channelId": self.channel, "price": 100}],
                        }
                    ],
                }
                for number in range(PRODUCTS)
            ],
        )["productBulkCreate"]
        assert not answer["errors"], answer
        made = {each["product"]["slug"]: each["product"]["id"] for each in answer["results"]}
        self._load(list(made))
        certificates = self.shop.run(
            "from ovop_certification.models import Certificate as C;"
            f"say(dict(C.objects.filter(scheme__code={SCHEME!r}).values_list('number', 'pk')))"
        )
        self.goods = [
            Good(id_, int(base64.b64decode(id_).decode().partition(":")[2]), certificates[f"RACE-{slug}"])
            for slug, id_ in made.items()
        ]

    def _load(self, slugs: list[str]) -> None:
        sample = json.loads((ROOT / "storefront-config" / "sample" / "certification.json").read_text(encoding="utf-8"))
        issued = {"kind": "issued", "at": "2025-01-01T00:00:00+00:00", "actor": "Test desk"}
        document = {
            "version": 1,
            "schemes": [{"code": SCHEME, "kind": "conformity", "names": {"en": "Race of listings"}}],
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
                    "number": f"RACE-{slug}",
                    "holder": {"product": slug},
                    "valid_from_on": "2025-01-01",
                    "events": [issued],
                }
                for slug in slugs
            ],
        }
        path = self.folder / "race.json"
        path.write_text(json.dumps(document), encoding="utf-8")
        self.shop.manage("ovop_certification_load", str(path))

    def staff(self) -> Client:
        """For one thread."""
        return Client(self.shop.graphql_url, self._login)

    def desk(self) -> Client:
        return Client(f"{self.shop.url}/plugins/ovop.certification/graphql/", self._login)

    def listing(self, staff: Client, good: Good) -> Wish | None:
        """What it shows; None while it is shut."""
        listings = staff.query(READ, id=good.product)["product"]["channelListings"]
        (found,) = (each for each in listings if each["channel"]["slug"] == KGS)
        if found["availableForPurchaseAt"] is None:
            return None
        return Wish(found["isPublished"], found["availableForPurchaseAt"])

    def set(self, staff: Client, good: Good, wish: Wish) -> None:
        change = {
            "channelId": self.channel,
            "isPublished": wish.is_published,
            "isAvailableForPurchase": True,
            "availableForPurchaseAt": wish.available_at,
        }
        staff.mutate(SET, id=good.product, input={"updateChannels": [change]})

    def rounds(self, good: Good) -> Wish:
        """Suspended and reinstated again and again, while staff write; what staff wrote last."""
        staff, other, desk = self.staff(), self.staff(), self.desk()
        wish = None
        with ThreadPoolExecutor(2) as pool:
            for number in range(ROUNDS):
                falls = number % 2 == 0
                # Of four rounds the last has no wish of its own: the one of the round before has to come through.
                says = wish_of(good, number) if number % 4 != 3 or wish is None else None
                step = STEP % ("certificateSuspend" if falls else "certificateReinstate")
                together(
                    pool,
                    lambda step=step: desk.mutate(step, id=good.certificate),
                    *([] if says is None else [lambda says=says: self.set(other, good, says)]),
                )
                wish = says or wish
                expected = None if falls else wish
                wait_until(
                    f"round {number} of {good.pk} shows {expected}",
                    lambda expected=expected: self.listing(staff, good) == expected,
                    seconds=SETTLES_SECONDS,
                )
        assert wish is not None
        return wish


def wish_of(good: Good, number: int) -> Wish:
    moment = datetime.datetime(2021, 1, 1, good.pk % 24, number, tzinfo=datetime.UTC)
    return Wish(number % 3 != 0, (moment + datetime.timedelta(days=number)).isoformat())


def together(pool: ThreadPoolExecutor, *works: Callable[[], Any]) -> None:
    start = threading.Barrier(len(works))

    def run(work: Callable[[], Any]) -> None:
        start.wait()
        work()

    for each in [pool.submit(run, work) for work in works]:
        each.result()


@pytest.fixture(scope="module")
def race(shop: RunningShop, people: People, sample: Sample, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Race]:
    yield Race(shop, people, sample, tmp_path_factory.mktemp("race"))
    shop.run(
        f"from ovop_certification.models import Requirement as R; R.objects.filter(scheme__code={SCHEME!r}).delete()"
    )


def test_whoever_writes_at_once_the_listing_ends_as_staff_set_it_last(race: Race, tmp_path: Path) -> None:
    stop = tmp_path / "stop"
    with ThreadPoolExecutor(PASSES + PRODUCTS) as pool:
        passes: list[Future[Any]] = []
        ready = [tmp_path / f"ready-{number}" for number in range(PASSES)]
        try:
            for path in ready:
                passes.append(pool.submit(race.shop.run, PASS_AFTER_PASS.format(ready=str(path), stop=str(stop))))
            wait_until("both passes run", lambda: all(path.exists() for path in ready), seconds=60)
            wishes = list(pool.map(race.rounds, race.goods))
        finally:
            stop.touch()
        told = [each.result() for each in passes]

    staff, desk = race.staff(), race.desk()
    pks = [good.pk for good in race.goods]
    assert [race.listing(staff, good) for good in race.goods] == wishes
    assert race.shop.run(CLOSURES.format(pks=pks)) == [], "all may be sold, so nothing is remembered of any"
    assert all(each["passes"] > 1 for each in told), told
    assert max(each["most"] for each in told) == 1, "a listing is never remembered twice"

    for good in race.goods:
        desk.mutate(STEP % "certificateSuspend", id=good.certificate)
    for good in race.goods:
        wait_until("it is shut", lambda good=good: race.listing(staff, good) is None, seconds=SETTLES_SECONDS)
    assert sorted(race.shop.run(CLOSURES.format(pks=pks))) == sorted(
        [good.pk, KGS, wish.is_published, wish.available_at] for good, wish in zip(race.goods, wishes, strict=True)
    )
