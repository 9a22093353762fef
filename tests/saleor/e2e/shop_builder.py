"""Builds the sample shop of storefront-config/sample/shop.json over GraphQL, as staff. Running it again changes nothing."""

import json
import os
import sys
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from tests.saleor.e2e.driver import Client, Data, MutationRefused, anonymous, person, wait_until

ROOT = Path(__file__).resolve().parents[3]
SAMPLE = ROOT / "storefront-config" / "sample" / "shop.json"

ERRORS = "errors { field code message }"


@dataclass(frozen=True, slots=True)
class Variant:
    id: str
    sku: str
    product_slug: str


@dataclass(frozen=True, slots=True)
class Channel:
    id: str
    slug: str
    currency: str
    outlet: str
    shipping_method: str
    """The method's name in the file; its id belongs to a checkout and is asked for there."""
    address: dict[str, str]


@dataclass(frozen=True, slots=True)
class Sample:
    """The sample shop as it stands in one Saleor: global ids by slug (products, outlets, channels) or SKU (variants)."""

    channels: dict[str, Channel]
    outlets: dict[str, str]
    product_types: dict[str, str]
    categories: dict[str, str]
    products: dict[str, str]
    variants: dict[str, Variant]
    payment_app: str
    customer_email: str
    customer_password: str
    created: tuple[str, ...]
    """What this run had to create or change, in words; empty when everything was there."""


@dataclass
class _Build:
    """One run: the staff client, the file, and what was created."""

    staff: Client
    shop: dict[str, Any]
    created: list[str] = field(default_factory=list)

    def create(self, what: str, document: str, **variables: object) -> Data:
        payload = self.staff.mutate(document, **variables)
        self.created.append(what)
        return payload


def load_sample() -> dict[str, Any]:
    content: dict[str, Any] = json.loads(SAMPLE.read_text())
    return content


def build_shop(staff: Client) -> Sample:
    """Creates what is missing of the sample shop and returns all of it. `staff` needs every permission."""
    build = _Build(staff, load_sample())
    _settings(build)
    outlets = _outlets(build)
    channels = _channels(build, outlets)
    _shipping(build, channels, outlets)
    tax_class = _taxes(build, channels)
    product_types = {entry["slug"]: _product_type(build, entry, tax_class) for entry in build.shop["product_types"]}
    categories = {entry["slug"]: _category(build, entry) for entry in build.shop["categories"]}
    products: dict[str, str] = {}
    variants: dict[str, Variant] = {}
    for entry in build.shop["products"]:
        product, found = _product(build, entry, product_types, categories, channels, outlets)
        products[entry["slug"]] = product
        variants |= {variant.sku: variant for variant in found}
    payment_app = _payment_app(build)
    _customer(build)
    customer = build.shop["customer"]
    return Sample(
        channels=channels,
        outlets=outlets,
        product_types=product_types,
        categories=categories,
        products=products,
        variants=variants,
        payment_app=payment_app,
        customer_email=customer["email"],
        customer_password=customer["password"],
        created=tuple(build.created),
    )


def issue_app_token(staff: Client, app_id: str) -> str:
    """A new token of the app: Saleor shows a token only once, so every driver asks for its own."""
    document = (
        f'mutation($app: ID!) {{ appTokenCreate(input: {{app: $app, name: "driver"}}) {{ authToken {ERRORS} }} }}'
    )
    token: str = staff.mutate(document, app=app_id)["authToken"]
    return token


def _settings(build: _Build) -> None:
    shop = build.staff.query("{ shop { fulfillmentAutoApprove enableAccountConfirmationByEmail } }")["shop"]
    wanted = {"fulfillmentAutoApprove": True, "enableAccountConfirmationByEmail": False}
    if shop != wanted:
        document = f"mutation($input: ShopSettingsInput!) {{ shopSettingsUpdate(input: $input) {{ {ERRORS} }} }}"
        build.create("shop settings", document, input=wanted)


def _outlets(build: _Build) -> dict[str, str]:
    entries = build.shop["outlets"]
    document = (
        "query($slugs: [String!]) { warehouses(first: 100, filter: {slugs: $slugs}) { edges { node { id slug } } } }"
    )
    found = {
        edge["node"]["slug"]: edge["node"]["id"]
        for edge in build.staff.query(document, slugs=[entry["slug"] for entry in entries])["warehouses"]["edges"]
    }
    for entry in entries:
        if entry["slug"] not in found:
            payload = build.create(
                f"outlet {entry['slug']}",
                f"mutation($input: WarehouseCreateInput!) {{ createWarehouse(input: $input) {{ warehouse {{ id }} {ERRORS} }} }}",
                input={"slug": entry["slug"], "name": entry["name"], "address": entry["address"]},
            )
            found[entry["slug"]] = payload["warehouse"]["id"]
    return {entry["slug"]: found[entry["slug"]] for entry in entries}


def _channels(build: _Build, outlets: dict[str, str]) -> dict[str, Channel]:
    found = {
        entry["slug"]: entry for entry in build.staff.query("{ channels { id slug currencyCode } }")["channels"] or ()
    }
    channels: dict[str, Channel] = {}
    for entry in build.shop["channels"]:
        outlet = next(place["slug"] for place in build.shop["outlets"] if place["channel"] == entry["slug"])
        zone = next(zone for zone in build.shop["shipping_zones"] if zone["channel"] == entry["slug"])
        if entry["slug"] not in found:
            payload = build.create(
                f"channel {entry['slug']}",
                f"mutation($input: ChannelCreateInput!) {{ channelCreate(input: $input) {{ channel {{ id }} {ERRORS} }} }}",
                input={
                    "slug": entry["slug"],
                    "name": entry["name"],
                    "currencyCode": entry["currency"],
                    "defaultCountry": entry["country"],
                    "isActive": True,
                    "addWarehouses": [outlets[outlet]],
                    "orderSettings": {
                        "markAsPaidStrategy": "TRANSACTION_FLOW",
                        "automaticallyConfirmAllNewOrders": True,
                        "allowUnpaidOrders": False,
                    },
                },
            )
            channel_id = payload["channel"]["id"]
        else:
            channel_id = found[entry["slug"]]["id"]
        channels[entry["slug"]] = Channel(
            id=channel_id,
            slug=entry["slug"],
            currency=entry["currency"],
            outlet=outlet,
            shipping_method=zone["methods"][0]["name"],
            address=build.shop["customer"]["addresses"][entry["slug"]],
        )
    return channels


def _shipping(build: _Build, channels: dict[str, Channel], outlets: dict[str, str]) -> None:
    document = "{ shippingZones(first: 100) { edges { node { id name shippingMethods { id name } } } } }"
    zones = {edge["node"]["name"]: edge["node"] for edge in build.staff.query(document)["shippingZones"]["edges"]}
    for entry in build.shop["shipping_zones"]:
        channel = channels[entry["channel"]].id
        zone = zones.get(entry["name"])
        if zone is None:
            zone = build.create(
                f"shipping zone {entry['name']}",
                f"""mutation($input: ShippingZoneCreateInput!) {{ shippingZoneCreate(input: $input) {{
                  shippingZone {{ id shippingMethods {{ id name }} }} {ERRORS} }} }}""",
                input={
                    "name": entry["name"],
                    "countries": entry["countries"],
                    "addChannels": [channel],
                    "addWarehouses": [outlets[slug] for slug in entry["outlets"]],
                },
            )["shippingZone"]
        known = {method["name"] for method in zone["shippingMethods"] or ()}
        for method in entry["methods"]:
            if method["name"] not in known:
                _shipping_method(build, zone["id"], channel, method)


def _shipping_method(build: _Build, zone: str, channel: str, method: dict[str, str]) -> None:
    created = build.create(
        f"shipping method {method['name']}",
        f"""mutation($input: ShippingPriceInput!) {{ shippingPriceCreate(input: $input) {{
          shippingMethod {{ id }} {ERRORS} }} }}""",
        input={"name": method["name"], "shippingZone": zone, "type": "PRICE"},
    )
    build.create(
        f"price of {method['name']}",
        f"""mutation($id: ID!, $input: ShippingMethodChannelListingInput!) {{
          shippingMethodChannelListingUpdate(id: $id, input: $input) {{ {ERRORS} }} }}""",
        id=created["shippingMethod"]["id"],
        input={"addChannels": [{"channelId": channel, "price": method["price"]}]},
    )


def _taxes(build: _Build, channels: dict[str, Channel]) -> str:
    """Flat rates, prices entered with tax: the tax class for goods, and each country's default for shipping."""
    entry = build.shop["tax_class"]
    document = "{ taxClasses(first: 100) { edges { node { id name } } } }"
    classes = {edge["node"]["name"]: edge["node"]["id"] for edge in build.staff.query(document)["taxClasses"]["edges"]}
    if entry["name"] not in classes:
        rates = [{"countryCode": country, "rate": rate} for country, rate in entry["rates"].items()]
        payload = build.create(
            f"tax class {entry['name']}",
            f"mutation($input: TaxClassCreateInput!) {{ taxClassCreate(input: $input) {{ taxClass {{ id }} {ERRORS} }} }}",
            input={"name": entry["name"], "createCountryRates": rates},
        )
        classes[entry["name"]] = payload["taxClass"]["id"]
    for country, rate in entry["rates"].items():
        _default_rate(build, country, rate)
    for channel in channels.values():
        _tax_configuration(build, channel)
    return str(classes[entry["name"]])


def _default_rate(build: _Build, country: str, rate: int) -> None:
    document = """query($country: CountryCode!) { taxCountryConfiguration(countryCode: $country) {
      taxClassCountryRates { rate taxClass { id } } } }"""
    configuration = build.staff.query(document, country=country)["taxCountryConfiguration"]
    rates = configuration["taxClassCountryRates"] if configuration else ()
    if not any(row["taxClass"] is None and row["rate"] == rate for row in rates):
        build.create(
            f"default tax rate of {country}",
            """mutation($country: CountryCode!, $rates: [TaxClassRateInput!]!) {
              taxCountryConfigurationUpdate(countryCode: $country, updateTaxClassRates: $rates) {
                errors { field code message } } }""",
            country=country,
            rates=[{"rate": rate}],
        )


def _tax_configuration(build: _Build, channel: Channel) -> None:
    wanted = {
        "chargeTaxes": True,
        "taxCalculationStrategy": "FLAT_RATES",
        "displayGrossPrices": True,
        "pricesEnteredWithTax": True,
    }
    document = """query($slug: String!) { channel(slug: $slug) { taxConfiguration {
      id chargeTaxes taxCalculationStrategy displayGrossPrices pricesEnteredWithTax } } }"""
    present = build.staff.query(document, slug=channel.slug)["channel"]["taxConfiguration"]
    if {key: present[key] for key in wanted} != wanted:
        build.create(
            f"taxes in {channel.slug}",
            f"""mutation($id: ID!, $input: TaxConfigurationUpdateInput!) {{
              taxConfigurationUpdate(id: $id, input: $input) {{ {ERRORS} }} }}""",
            id=present["id"],
            input=wanted,
        )


def _product_type(build: _Build, entry: dict[str, str], tax_class: str) -> str:
    document = (
        """query($slug: String!) { productTypes(first: 1, filter: {slugs: [$slug]}) { edges { node { id } } } }"""
    )
    found = build.staff.query(document, slug=entry["slug"])["productTypes"]["edges"]
    if found:
        return str(found[0]["node"]["id"])
    payload = build.create(
        f"product type {entry['slug']}",
        f"mutation($input: ProductTypeInput!) {{ productTypeCreate(input: $input) {{ productType {{ id }} {ERRORS} }} }}",
        input={
            "slug": entry["slug"],
            "name": entry["name"],
            "kind": "NORMAL",
            "hasVariants": True,
            "isShippingRequired": True,
            "taxClass": tax_class,
        },
    )
    return str(payload["productType"]["id"])


def _category(build: _Build, entry: dict[str, str]) -> str:
    found = build.staff.query("query($slug: String!) { category(slug: $slug) { id } }", slug=entry["slug"])["category"]
    if found:
        return str(found["id"])
    payload = build.create(
        f"category {entry['slug']}",
        f"mutation($input: CategoryInput!) {{ categoryCreate(input: $input) {{ category {{ id }} {ERRORS} }} }}",
        input={"slug": entry["slug"], "name": entry["name"]},
    )
    return str(payload["category"]["id"])


def _product(
    build: _Build,
    entry: dict[str, Any],
    product_types: dict[str, str],
    categories: dict[str, str],
    channels: dict[str, Channel],
    outlets: dict[str, str],
) -> tuple[str, list[Variant]]:
    document = """query($slug: String!) { product(slug: $slug) { id channelListings { channel { slug } }
      ru: translation(languageCode: RU) { name } ky: translation(languageCode: KY) { name }
      variants { id sku channelListings { channel { slug } } } } }"""
    product = build.staff.query(document, slug=entry["slug"])["product"]
    if product is None:
        created = build.create(
            f"product {entry['slug']}",
            f"mutation($input: ProductCreateInput!) {{ productCreate(input: $input) {{ product {{ id }} {ERRORS} }} }}",
            input={
                "slug": entry["slug"],
                "name": entry["name"],
                "description": _rich_text(entry["description"]),
                "productType": product_types[entry["type"]],
                "category": categories[entry["category"]],
            },
        )
        product = {"id": created["product"]["id"], "channelListings": [], "variants": [], "ru": None, "ky": None}
    sold_in = sorted({slug for variant in entry["variants"] for slug in variant["prices"]})
    # A listing is made once and never re-opened here: closing it is the business of others.
    listed = {listing["channel"]["slug"] for listing in product["channelListings"] or ()}
    missing = [channels[slug].id for slug in sold_in if slug not in listed]
    if missing:
        listing = {"isPublished": True, "visibleInListings": True, "isAvailableForPurchase": True}
        build.create(
            f"listing of {entry['slug']}",
            """mutation($id: ID!, $input: ProductChannelListingUpdateInput!) {
              productChannelListingUpdate(id: $id, input: $input) { errors { field code message } } }""",
            id=product["id"],
            input={"updateChannels": [{"channelId": channel, **listing} for channel in missing]},
        )
    for language, name in entry["translations"].items():
        if not product[language.lower()]:
            _translate(build, product["id"], language, name)
    known = {variant["sku"]: variant for variant in product["variants"] or ()}
    variants = [
        Variant(_variant(build, product["id"], variant, known, channels, outlets), variant["sku"], entry["slug"])
        for variant in entry["variants"]
    ]
    return str(product["id"]), variants


def _translate(build: _Build, product: str, language: str, name: str) -> None:
    build.create(
        f"{language} name {name}",
        """mutation($id: ID!, $language: LanguageCodeEnum!, $input: TranslationInput!) {
          productTranslate(id: $id, languageCode: $language, input: $input) { errors { field code message } } }""",
        id=product,
        language=language,
        input={"name": name},
    )


def _variant(
    build: _Build,
    product: str,
    entry: dict[str, Any],
    known: dict[str, Data],
    channels: dict[str, Channel],
    outlets: dict[str, str],
) -> str:
    variant = known.get(entry["sku"])
    if variant is None:
        stocks = [{"warehouse": outlets[slug], "quantity": quantity} for slug, quantity in entry["stocks"].items()]
        created = build.create(
            f"variant {entry['sku']}",
            f"""mutation($input: ProductVariantCreateInput!) {{ productVariantCreate(input: $input) {{
              productVariant {{ id }} {ERRORS} }} }}""",
            input={"product": product, "sku": entry["sku"], "name": entry["name"], "attributes": [], "stocks": stocks},
        )
        variant = {"id": created["productVariant"]["id"], "channelListings": []}
    listed = {listing["channel"]["slug"] for listing in variant["channelListings"] or ()}
    prices = [
        {"channelId": channels[slug].id, "price": Decimal(price)}
        for slug, price in entry["prices"].items()
        if slug not in listed
    ]
    if prices:
        build.create(
            f"prices of {entry['sku']}",
            """mutation($id: ID!, $input: [ProductVariantChannelListingAddInput!]!) {
              productVariantChannelListingUpdate(id: $id, input: $input) { errors { field code message } } }""",
            id=variant["id"],
            input=prices,
        )
    return str(variant["id"])


def _payment_app(build: _Build) -> str:
    entry = build.shop["payment_app"]
    document = "query($name: String!) { apps(first: 10, filter: {search: $name}) { edges { node { id name } } } }"
    for edge in build.staff.query(document, name=entry["name"])["apps"]["edges"]:
        if edge["node"]["name"] == entry["name"]:
            return str(edge["node"]["id"])
    payload = build.create(
        f"app {entry['name']}",
        f"mutation($input: AppInput!) {{ appCreate(input: $input) {{ app {{ id }} {ERRORS} }} }}",
        input=entry,
    )
    return str(payload["app"]["id"])


def _customer(build: _Build) -> None:
    entry = build.shop["customer"]
    document = "query($email: String!) { user(email: $email) { id firstName } }"
    if build.staff.query(document, email=entry["email"])["user"]:
        return
    register = f"mutation($input: AccountRegisterInput!) {{ accountRegister(input: $input) {{ {ERRORS} }} }}"
    anonymous(build.staff.url).mutate(
        register,
        input={
            "email": entry["email"],
            "password": entry["password"],
            "firstName": entry["first_name"],
            "lastName": entry["last_name"],
            "channel": build.shop["channels"][0]["slug"],
        },
    )
    build.created.append(f"customer {entry['email']}")
    # A task of Saleor's finishes the account.
    wait_until(
        f"{entry['email']} exists", lambda: build.staff.query(document, email=entry["email"])["user"], seconds=60
    )


def _rich_text(text: str) -> str:
    return json.dumps({"blocks": [{"type": "paragraph", "data": {"text": text}}]})


def main() -> int:
    """shop_builder.py <GraphQL address> <staff e-mail>, the password in OVOP_STAFF_PASSWORD."""
    url, email = sys.argv[1:]
    try:
        sample = build_shop(person(url, email, os.environ["OVOP_STAFF_PASSWORD"]))
    except MutationRefused as refused:
        print(refused, file=sys.stderr)
        return 1
    print(
        f"Sample shop: {len(sample.products)} products in {len(sample.channels)} channels, {len(sample.created)} changes."
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
