"""Two goods alike but for their certificate, and everything that a refused sale must leave alone, read over HTTP."""

import base64
import json
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from deploy.saleor.interpreter import ROOT
from deploy.saleor.running_shop import RunningShop
from tests.saleor.e2e.driver import Client, Data, Refusal, wait_until
from tests.saleor.e2e.scenarios import CHECKOUT_ERRORS, ERRORS, People
from tests.saleor.e2e.shop_builder import Sample

CHANNEL = "issyk-kul-kgs"
TYPE = "gate-goods"
SCHEME = "gate-paper"
CODE = "UNAVAILABLE_VARIANT_IN_CHANNEL"
SAMPLE_REGISTRY = ROOT / "storefront-config" / "sample" / "certification.json"
PLUGIN = "ovop.certification"
NAMES = {"good": "Certified bowl", "bad": "Plain bowl"}
RUSSIAN = {"good": "Чаша со свидетельством", "bad": "Простая чаша"}


@dataclass(frozen=True, slots=True)
class Goods:
    """Global ids of one product and its variant."""

    slug: str
    product: str
    variant: str


@dataclass(frozen=True, slots=True)
class Cart:
    """A checkout that only has to be paid or completed, with what it uses up."""

    id: str
    total: Decimal
    voucher: str
    gift_card: str
    lines: dict[str, str]
    """The checkout line's id by the variant's."""


@dataclass
class GateShop:
    shop: RunningShop
    people: People
    sample: Sample
    goods: dict[str, Goods]

    @property
    def staff(self) -> Client:
        return self.people.staff

    @property
    def channel(self) -> str:
        return self.sample.channels[CHANNEL].id

    @property
    def outlet(self) -> str:
        return self.sample.outlets[self.sample.channels[CHANNEL].outlet]

    def address(self) -> dict[str, str]:
        return self.sample.channels[CHANNEL].address

    # Carts

    def cart(self, *kinds: str, language: str = "EN", extras: bool = True) -> Cart:
        """A checkout with one piece of each, a voucher of a single use and a gift card for a part."""
        document = f"""mutation($input: CheckoutCreateInput!) {{ checkoutCreate(input: $input) {{
          checkout {{ id lines {{ id variant {{ id }} }} }} {CHECKOUT_ERRORS} }} }}"""
        made = self.people.shopper.mutate(
            document,
            input={
                "channel": CHANNEL,
                "email": f"{uuid.uuid4().hex}@example.com",
                "languageCode": language,
                "lines": [{"variantId": self.goods[kind].variant, "quantity": 1} for kind in kinds],
                "shippingAddress": self.address(),
                "billingAddress": self.address(),
            },
        )["checkout"]
        voucher = gift_card = ""
        if extras:
            voucher, gift_card = self._voucher(), self._gift_card()
            for code in (self.code_of(voucher, "voucher"), self.code_of(gift_card, "giftCard")):
                self.people.shopper.mutate(
                    f"""mutation($id: ID!, $code: String!) {{ checkoutAddPromoCode(id: $id, promoCode: $code) {{
                      {CHECKOUT_ERRORS} }} }}""",
                    id=made["id"],
                    code=code,
                )
        total = self.people.shopper.query(
            "query($id: ID!) { checkout(id: $id) { totalPrice { gross { amount } } } }", id=made["id"]
        )["checkout"]["totalPrice"]["gross"]["amount"]
        return Cart(
            made["id"],
            Decimal(str(total)),
            voucher,
            gift_card,
            {line["variant"]["id"]: line["id"] for line in made["lines"]},
        )

    def code_of(self, key: str, kind: str) -> str:
        return self._codes[key] if kind else ""

    _codes: dict[str, str] = None  # type: ignore[assignment]

    def __post_init__(self) -> None:
        self._codes = {}

    def _voucher(self) -> str:
        code = f"V{uuid.uuid4().hex[:10]}"
        made = self.staff.mutate(
            f"mutation($input: VoucherInput!) {{ voucherCreate(input: $input) {{ voucher {{ id }} {ERRORS} }} }}",
            input={
                "name": code,
                "addCodes": [code],
                "type": "ENTIRE_ORDER",
                "discountValueType": "FIXED",
                "usageLimit": 1,
            },
        )["voucher"]["id"]
        self.staff.mutate(
            f"""mutation($id: ID!, $input: VoucherChannelListingInput!) {{
              voucherChannelListingUpdate(id: $id, input: $input) {{ {ERRORS} }} }}""",
            id=made,
            input={"addChannels": [{"channelId": self.channel, "discountValue": 5}]},
        )
        self._codes[made] = code
        return str(made)

    def _gift_card(self) -> str:
        made = self.staff.mutate(
            f"""mutation($input: GiftCardCreateInput!) {{ giftCardCreate(input: $input) {{
              giftCard {{ id code }} {ERRORS} }} }}""",
            input={"balance": {"amount": 7, "currency": "KGS"}, "isActive": True},
        )["giftCard"]
        self._codes[made["id"]] = made["code"]
        return str(made["id"])

    # What a refusal leaves alone

    def state(self, cart: Cart | None = None) -> Data:
        """Stock, allocations, orders and, of a cart, all that it holds, uses up and was paid with."""
        found: Data = {
            "stocks": {
                kind: self.staff.query(
                    """query($id: ID!) { productVariant(id: $id) { stocks { warehouse { slug } quantity
                      quantityAllocated quantityReserved } } }""",
                    id=goods.variant,
                )["productVariant"]["stocks"]
                for kind, goods in self.goods.items()
            },
            "orders": self.staff.query("{ orders(first: 1) { totalCount } }")["orders"]["totalCount"],
        }
        if cart is None:
            return found
        found["checkout"] = self.staff.query(
            """query($id: ID!) { checkout(id: $id) { id email voucherCode chargeStatus authorizeStatus languageCode
              giftCards { id } totalPrice { gross { amount } } totalBalance { amount } metadata { key value }
              lines { id quantity variant { id } unitPrice { gross { amount } } }
              transactions { id chargedAmount { amount } authorizedAmount { amount } refundedAmount { amount }
                canceledAmount { amount } events { id type } } } }""",
            id=cart.id,
        )["checkout"]
        found["payments"] = self.staff.query(
            """query($checkouts: [ID!]) { payments(first: 10, filter: {checkouts: $checkouts}) { edges { node {
              id isActive chargeStatus capturedAmount { amount } total { amount }
              transactions { id kind isSuccess } } } } }""",
            checkouts=[cart.id],
        )["payments"]
        if cart.voucher:
            found["voucher"] = self.staff.query(
                "query($id: ID!) { voucher(id: $id) { used codes(first: 5) { edges { node { used isActive } } } } }",
                id=cart.voucher,
            )["voucher"]
            found["gift card"] = self.staff.query(
                """query($id: ID!) { giftCard(id: $id) { isActive currentBalance { amount } usedByEmail
                  events { type } } }""",
                id=cart.gift_card,
            )["giftCard"]
        return found

    # Orders

    def order(self, order_id: str) -> Data:
        document = """query($id: ID!) { order(id: $id) { id status hold: privateMetafield(key: "ovop.hold")
          lines { id variant { id } quantity } events { type message } } }"""
        found: Data = self.staff.query(document, id=order_id)["order"]
        return found

    def held(self, order_id: str) -> Data:
        """The order once it is held. NotInTime when nobody holds it."""

        def look() -> Data | None:
            order = self.order(order_id)
            return order if order["hold"] and order["status"] == "UNCONFIRMED" else None

        return wait_until(f"{order_id} is held", look, seconds=30)

    def flags(self, *order_ids: str) -> dict[str, list[dict[str, Any]]]:
        """Order id -> its flags, from the plugin's own table."""
        keys = {key_of(order_id): order_id for order_id in order_ids}
        rows = self.ask(
            "from ovop_certification.models import OrderFlag as F\n"
            f"say([list(row) for row in F.objects.filter(order_id__in={list(keys)!r}).values_list("
            "'order_id', 'product_pk', 'reasons')])"
        )
        found: dict[str, list[dict[str, Any]]] = {order_id: [] for order_id in order_ids}
        for order_id, product_pk, reasons in rows:
            found[keys[order_id]].append({"product": product_pk, "codes": [each["code"] for each in reasons]})
        return found

    def ask(self, script: str) -> Any:
        """Runs a script in the shop's environment; what it says is JSON."""
        return self.shop.run(script)

    # Switches

    def closes_listings(self, closes: bool) -> None:
        self.staff.mutate(
            f"""mutation($id: ID!, $input: PluginUpdateInput!) {{ pluginUpdate(id: $id, input: $input) {{
              {ERRORS} }} }}""",
            id=PLUGIN,
            input={"active": True, "configuration": [{"name": "closes_listings", "value": str(closes).lower()}]},
        )

    @contextmanager
    def channel_settings(self, now: Data, afterwards: Data) -> Iterator[None]:
        document = f"""mutation($id: ID!, $input: ChannelUpdateInput!) {{ channelUpdate(id: $id, input: $input) {{
          {ERRORS} }} }}"""
        self.staff.mutate(document, id=self.channel, input=now)
        try:
            yield
        finally:
            self.staff.mutate(document, id=self.channel, input=afterwards)

    def waiting_orders(self) -> Any:
        """Within, a new order waits for staff to confirm it."""
        return self.channel_settings(
            {"orderSettings": {"automaticallyConfirmAllNewOrders": False}},
            {"orderSettings": {"automaticallyConfirmAllNewOrders": True}},
        )


def key_of(global_id: str) -> str:
    return base64.b64decode(global_id).decode().partition(":")[2]


def build_gate_shop(shop: RunningShop, people: People, sample: Sample, folder: Path) -> GateShop:
    """The goods, their kind's requirement in the channel's market, and a certificate for one of them."""
    staff = people.staff
    kind = staff.mutate(
        f"mutation($input: ProductTypeInput!) {{ productTypeCreate(input: $input) {{ productType {{ id }} {ERRORS} }} }}",
        input={"slug": TYPE, "name": "Gate goods", "kind": "NORMAL", "hasVariants": True, "isShippingRequired": False},
    )["productType"]["id"]
    goods = {each: add_goods(people, sample, kind, f"gate-{each}", NAMES[each], RUSSIAN[each]) for each in NAMES}
    gate = GateShop(shop, people, sample, goods)
    gate.closes_listings(False)
    load_registry(shop, folder, {"gate-good": "GATE-1"})
    return gate


def add_goods(people: People, sample: Sample, kind: str, slug: str, name: str, russian: str) -> Goods:
    staff = people.staff
    channel = sample.channels[CHANNEL]
    product = staff.mutate(
        f"mutation($input: ProductCreateInput!) {{ productCreate(input: $input) {{ product {{ id }} {ERRORS} }} }}",
        input={
            "slug": slug,
            "name": name,
            "productType": kind,
            "category": next(iter(sample.categories.values())),
        },
    )["product"]["id"]
    staff.mutate(
        """mutation($id: ID!, $input: ProductChannelListingUpdateInput!) {
          productChannelListingUpdate(id: $id, input: $input) { errors { field code message } } }""",
        id=product,
        input={"updateChannels": [{"channelId": channel.id, "isPublished": True, "isAvailableForPurchase": True}]},
    )
    staff.mutate(
        f"""mutation($id: ID!, $input: TranslationInput!) {{ productTranslate(id: $id, languageCode: RU, input: $input) {{
          {ERRORS} }} }}""",
        id=product,
        input={"name": russian},
    )
    variant = staff.mutate(
        f"""mutation($input: ProductVariantCreateInput!) {{ productVariantCreate(input: $input) {{
          productVariant {{ id }} {ERRORS} }} }}""",
        input={
            "product": product,
            "sku": slug.upper(),
            "name": slug,
            "attributes": [],
            "stocks": [{"warehouse": sample.outlets[channel.outlet], "quantity": 1000}],
        },
    )["productVariant"]["id"]
    staff.mutate(
        """mutation($id: ID!, $input: [ProductVariantChannelListingAddInput!]!) {
          productVariantChannelListingUpdate(id: $id, input: $input) { errors { field code message } } }""",
        id=variant,
        input=[{"channelId": channel.id, "price": 100}],
    )
    return Goods(slug, product, variant)


def load_registry(shop: RunningShop, folder: Path, numbers: dict[str, str]) -> None:
    """The sample's registry with one more requirement, and certificates: product slug -> number."""
    document = json.loads(SAMPLE_REGISTRY.read_text(encoding="utf-8"))
    issued = {"kind": "issued", "at": "2024-01-15T09:00:00+06:00", "actor": "Desk"}
    document["schemes"].append(
        {"code": SCHEME, "kind": "conformity", "names": {"en": "Gate paper", "ru": "Свидетельство"}}
    )
    document["requirements"].append(
        {"market": "kyrgyzstan", "scheme": SCHEME, "product_type": TYPE, "from_on": "2020-01-01", "effect": "block"}
    )
    document["certificates"] = [
        {
            "scheme": SCHEME,
            "issuing_body": "sample-conformity-body",
            "number": number,
            "holder": {"product": slug},
            "valid_from_on": "2024-01-15",
            "valid_until_on": None,
            "events": [issued],
        }
        for slug, number in numbers.items()
    ]
    path = folder / "gate-registry.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    shop.manage("ovop_certification_load", str(path))


def codes(refusals: tuple[Refusal, ...]) -> list[str]:
    return [refusal.code for refusal in refusals]
