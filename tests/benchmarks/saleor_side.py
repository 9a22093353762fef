"""The part of the Saleor benches that runs inside Saleor's interpreter, on a database of its own.

Prints one JSON object a line: `{"tell": text}` on the way, and `{"result": {…}}` at the end.
"""

import argparse
import datetime
import gc
import json
import resource
import statistics
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import django

AT = datetime.datetime(2026, 6, 1, 12, tzinfo=datetime.UTC)
REGIONS = 9
DISTRICTS_PER_REGION = 12
PAGE = 100
REQUESTS_PER_ROUND = 3

QUERY = """
query ($channel: String!, $after: String) { products(first: 100, channel: $channel, after: $after) { edges { node {
  id slug name
  region: assignedAttribute(slug: "ovop-region") { attribute { name translation(languageCode: KY) { name } }
    ... on AssignedSingleChoiceAttribute { value { slug name translation(languageCode: KY) } } }
  village: assignedAttribute(slug: "ovop-village") { attribute { name translation(languageCode: KY) { name } }
    ... on AssignedSinglePageReferenceAttribute { value { slug title ky: translation(languageCode: KY) { title }
      ru: translation(languageCode: RU) { title } latitude: metafield(key: "ovop:latitude") } } }
  producers: assignedAttribute(slug: "ovop-producer") { attribute { name translation(languageCode: KY) { name } }
    ... on AssignedMultiPageReferenceAttribute { value { slug title translation(languageCode: KY) { title } } } }
  villageCode: metafield(key: "ovop:village") country: metafield(key: "ovop:country")
  named: metafield(key: "ovop:producers") jsonld: metafield(key: "ovop:jsonld")
} } } }
"""


def say(what: dict[str, object]) -> None:
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


def tell(what: str) -> None:
    say({"tell": what})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("villages", "producers", "products", "rounds"):
        parser.add_argument(name, type=int)
    sizes = parser.parse_args()
    django.setup()
    from django.conf import settings
    from django.core.management import call_command

    # Saleor starts without keys of its own only so; from here on it works as in production.
    settings.DEBUG = False
    call_command("ovop_setup", stdout=sys.stderr)
    tell(f"a shop of {sizes.products:,} products")
    make_products(sizes.products)
    tell(f"a registry of {sizes.villages:,} villages and {sizes.producers:,} producers")
    load_registry(sizes)
    tell("the projection")
    result = project()
    tell(f"products(first:{PAGE}), plugins on and off")
    result |= ask_for_products(sizes.rounds)
    say({"result": result})


def make_products(count: int) -> None:
    from saleor.channel.models import Channel
    from saleor.product.models import (
        Category,
        Product,
        ProductChannelListing,
        ProductType,
        ProductVariant,
        ProductVariantChannelListing,
    )

    channel = Channel.objects.create(
        name="Bench", slug="bench", currency_code="USD", default_country="US", is_active=True
    )
    category = Category.objects.create(name="Crafts", slug="bench-crafts")
    kind = ProductType.objects.create(name="Craft", slug="bench-craft", has_variants=False)
    products = Product.objects.bulk_create(
        (
            Product(
                name=f"Product {number}",
                slug=f"bench-{number}",
                product_type=kind,
                category=category,
                description_plaintext="A thing that was made by hand in a village. " * 8,
            )
            for number in range(count)
        ),
        batch_size=1_000,
    )
    now = datetime.datetime.now(datetime.UTC)
    ProductChannelListing.objects.bulk_create(
        (
            ProductChannelListing(
                product=product,
                channel=channel,
                is_published=True,
                published_at=now,
                visible_in_listings=True,
                available_for_purchase_at=now,
                currency="USD",
            )
            for product in products
        ),
        batch_size=1_000,
    )
    variants = ProductVariant.objects.bulk_create(
        (ProductVariant(product=product, sku=product.slug) for product in products), batch_size=1_000
    )
    ProductVariantChannelListing.objects.bulk_create(
        (
            ProductVariantChannelListing(
                variant=variant, channel=channel, currency="USD", price_amount=10, discounted_price_amount=10
            )
            for variant in variants
        ),
        batch_size=1_000,
    )


def load_registry(sizes: argparse.Namespace) -> None:
    from ovop_origin.adapter.announce import announcing
    from ovop_origin.services import registry_apply
    from ovop_shared.catalogue import host_catalogue

    # Nobody projects it on the way: that is what is measured after.
    with announcing():
        registry_apply(registry_rows(sizes), catalogue=host_catalogue(), at=AT)


def registry_rows(sizes: argparse.Namespace) -> Iterator[Any]:
    from ovop_origin.records import MakerRow, PlaceRow, ProducerRow, ProductRow
    from ovop_origin.regions import iso_regions

    regions = [region.code for region in iso_regions("KG")][:REGIONS]
    districts = [f"{region}-d{number:02}" for region in regions for number in range(DISTRICTS_PER_REGION)]
    villages = sorted(f"{districts[number % len(districts)]}-v{number:05}" for number in range(sizes.villages))
    yield PlaceRow("country", "KG", {}, code_scheme="iso3166-1")
    for region in sorted(regions):
        yield PlaceRow("region", region, names(f"Region {region}", "Область"), code_scheme="iso3166-2", parent="KG")
    for code in sorted(districts):
        yield PlaceRow("district", code, names(f"District {code}", "Район"), parent=code.rpartition("-")[0])
    for code in villages:
        yield PlaceRow("village", code, names(f"Village {code}", "Айыл"), parent=code.rpartition("-")[0])
    kinds = ("person", "household", "group", "cooperative", "enterprise", "workshop")
    for number in range(sizes.producers):
        yield ProducerRow(
            f"producer-{number:05}",
            kinds[number % len(kinds)],
            villages[number % len(villages)],
            "ky",
            names(f"Producer {number}", "Чарба"),
            is_name_public=number % 10 != 0,
        )
    for slug, number in sorted((f"bench-{number}", number) for number in range(sizes.products)):
        makers = {f"producer-{(number * 3 + place) % sizes.producers:05}" for place in range(1 + number % 3)}
        share = 10_000 // len(makers)
        shares = dict.fromkeys(makers, share) | {min(makers): 10_000 - share * (len(makers) - 1)}
        rows = tuple(MakerRow(code, part) for code, part in sorted(shares.items()))
        yield ProductRow(slug, villages[number % len(villages)], rows)


def names(english: str, word: str) -> dict[str, str]:
    number = english.rpartition(" ")[2]
    return {"en": english, "ru": f"{word} {number}", "ky": f"{word} {number} (ky)", "uz-Latn": f"{english} (uz)"}


def project() -> dict[str, float]:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    from ovop_origin.adapter.projection import project_all

    before, rows_before = _memory_mb(), count_rows()
    started_at = time.perf_counter()
    first = project_all()
    seconds = time.perf_counter() - started_at
    memory_mb = _memory_mb() - before
    rows = {table: count - rows_before[table] for table, count in count_rows().items()}
    with connection.cursor() as cursor:
        cursor.execute("VACUUM (ANALYZE)")
    tell("the second projection")
    gc.collect()
    started_at = time.perf_counter()
    again = project_all()
    second_seconds = time.perf_counter() - started_at
    if again.has_written:
        raise SystemExit(f"The second projection wrote {again}.")
    with CaptureQueriesContext(connection) as queries:
        project_all()
    written = [each["sql"] for each in queries.captured_queries if not each["sql"].startswith(READING)]
    if written:
        raise SystemExit(f"The second projection wrote: {written[0][:200]}")
    tell("COPY of the same rows")
    return {
        "projection_seconds": seconds,
        "second_seconds": second_seconds,
        "second_queries": len(queries),
        "rows": sum(rows.values()),
        "pages": first.pages,
        "products": first.products,
        "memory_mb": memory_mb,
        "copy_seconds": copy_seconds(rows),
    }


READING = ("SELECT", "BEGIN", "COMMIT", "SAVEPOINT", "RELEASE", "DECLARE", "FETCH", "CLOSE")

TABLES = (
    "page_page",
    "page_pagetranslation",
    "attribute_attributevalue",
    "attribute_attributevaluetranslation",
    "attribute_assignedpageattributevalue",
    "attribute_assignedproductattributevalue",
    "ovop_origin_shownvillage",
)


def count_rows() -> dict[str, int]:
    from django.db import connection

    with connection.cursor() as cursor:
        counts = {}
        for table in TABLES:
            cursor.execute(f"SELECT count(*) FROM {table}")
            counts[table] = int(cursor.fetchone()[0])
        return counts


def copy_seconds(rows: dict[str, int]) -> float:
    """COPY the rows that were written, and the products that were changed, into tables with the same indexes."""
    from django.db import connection

    seconds = 0.0
    with connection.cursor() as cursor:
        for table in (*rows, "product_product"):
            cursor.execute(f"CREATE TABLE bench_{table} (LIKE {table} INCLUDING ALL)")
            cursor.execute(
                "SELECT string_agg(quote_ident(column_name), ', ') FROM information_schema.columns"
                " WHERE table_name = %s AND is_generated = 'NEVER'",
                [table],
            )
            columns = cursor.fetchone()[0]
            with cursor.copy(f"COPY (SELECT {columns} FROM {table}) TO STDOUT") as out:
                content = b"".join(bytes(block) for block in out)
            started_at = time.perf_counter()
            with cursor.copy(f"COPY bench_{table} ({columns}) FROM STDIN") as copy:
                copy.write(content)
            seconds += time.perf_counter() - started_at
            cursor.execute(f"DROP TABLE bench_{table}")
    return seconds


def _memory_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def ask_for_products(rounds: int) -> dict[str, Any]:
    """Each round asks with the plugins and without, one after the other; the first warms up and does not count."""
    from django.conf import settings

    plugins = list(settings.PLUGINS)
    without = [name for name in plugins if not name.startswith("ovop_")]
    if len(without) == len(plugins):
        raise SystemExit("The plugins are not installed in this Saleor.")
    on: list[float] = []
    off: list[float] = []
    counts = {}
    answers = {}
    for number in range(rounds + 1):
        seconds = {}
        for name, active in (("on", plugins), ("off", without)):
            settings.PLUGINS = active
            seconds[name], counts[name], answers[name] = _ask()
        if number:
            on.append(seconds["on"])
            off.append(seconds["off"])
        tell(f"products(first:{PAGE}), round {number} of {rounds}")
    settings.PLUGINS = plugins
    if answers["on"] != answers["off"]:
        raise SystemExit("The plugins changed what Saleor answers.")
    ratios = [ours / theirs for ours, theirs in zip(on, off, strict=True)]
    return {
        "query_seconds_on": statistics.median(on),
        "query_seconds_off": statistics.median(off),
        "query_ratios": ratios,
        "queries_on": counts["on"],
        "queries_off": counts["off"],
    }


def _ask() -> tuple[float, int, Any]:
    """Seconds of one request, its queries, and what was answered."""
    from django.db import connections
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    client = Client()
    variables = {"channel": "bench", "after": None}
    body = json.dumps({"query": QUERY, "variables": variables})

    def post() -> Any:
        return client.post("/graphql/", body, content_type="application/json").json()

    with ExitStack() as stack:
        captured = [stack.enter_context(CaptureQueriesContext(connection)) for connection in connections.all()]
        answer = post()
    queries = sum(len(each) for each in captured)
    products = answer["data"]["products"]["edges"]
    if len(products) != PAGE or not all(edge["node"]["village"]["value"]["title"] for edge in products):
        raise SystemExit(f"Saleor answered {json.dumps(answer)[:500]}")
    gc.collect()
    started_at = time.perf_counter()
    for _ in range(REQUESTS_PER_ROUND):
        post()
    return (time.perf_counter() - started_at) / REQUESTS_PER_ROUND, queries, products


if __name__ == "__main__":
    main()
