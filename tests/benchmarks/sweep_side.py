"""The part of the sweep's bench that runs inside Saleor's interpreter, on a database of its own.

A shop of so many products in one channel: of ten, seven have a certificate of their own, two are made by a producer who
holds one, and one has none and is not asked for any. One in a hundred certificates falls before the measured pass.
"""

import argparse
import datetime
import resource
import sys
import time
from collections.abc import Callable
from typing import Any

import django

from tests.benchmarks.saleor_side import AT, say, tell

MAKERS = 500
FALLS_OF_100 = 1
DUE_OF_100 = 1


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("products", type=int)
    count = parser.parse_args().products
    django.setup()
    from django.conf import settings
    from django.db import connection

    settings.DEBUG = False
    settings.CELERY_TASK_ALWAYS_EAGER = False
    tell(f"a shop of {count:,} products")
    make_products(count)
    tell("the registry")
    make_registry()
    remember_verdicts()
    with connection.cursor() as cursor:
        cursor.execute("VACUUM (ANALYZE)")
    say({"result": measure()})


def make_products(count: int) -> None:
    """By SQL alone: what a sweep never reads (variants, prices, texts) is left out."""
    from django.db import connection
    from saleor.channel.models import Channel
    from saleor.product.models import Category, ProductType

    channel = Channel.objects.create(
        name="Bench", slug="bench", currency_code="USD", default_country="US", is_active=True
    )
    category = Category.objects.create(name="Crafts", slug="bench-crafts")
    kind = ProductType.objects.create(name="Craft", slug="bench-craft", has_variants=False)
    other = ProductType.objects.create(name="Other", slug="bench-other", has_variants=False)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO product_product (name, slug, description_plaintext, search_document, search_index_dirty,"
            " metadata, private_metadata, product_type_id, category_id, created_at, updated_at)"
            " SELECT 'Product ' || number, 'bench-' || number, '', '', false, '{}', '{}',"
            " CASE number %% 10 WHEN 9 THEN %s ELSE %s END, %s, now(), now()"
            " FROM generate_series(0, %s - 1) AS number",
            [other.pk, kind.pk, category.pk, count],
        )
        cursor.execute(
            "INSERT INTO product_productchannellisting (product_id, channel_id, is_published, published_at, currency,"
            " visible_in_listings, available_for_purchase_at, discounted_price_dirty)"
            " SELECT id, %s, true, now(), 'USD', true, now(), false FROM product_product",
            [channel.pk],
        )


def make_registry() -> None:
    from django.db import connection, transaction

    from ovop_certification import models
    from ovop_origin.models import Place
    from ovop_origin.records import PlaceRow
    from ovop_origin.services import place_save

    scheme = models.Scheme.objects.create(code="eac", kind="conformity", names={"en": "EAC"})
    body = models.IssuingBody.objects.create(code="body", name="Body")
    market = models.Market.objects.create(code="home", names={"en": "Home"}, on_uncertified="hide")
    models.MarketChannel.objects.create(market=market, channel="bench")
    models.Requirement.objects.create(
        market=market, scheme=scheme, product_type="bench-craft", from_on=datetime.date(2020, 1, 1), effect="block"
    )
    for row in (
        PlaceRow("country", "KG", {}, code_scheme="iso3166-1"),
        PlaceRow("region", "KG-Y", {"en": "Issyk-Kul"}, code_scheme="iso3166-2", parent="KG"),
        PlaceRow("district", "bench-district", {"en": "District"}, parent="KG-Y"),
        PlaceRow("village", "bench-village", {"en": "Village"}, parent="bench-district"),
    ):
        place_save(row, at=AT)
    values = {
        "scheme": scheme.pk,
        "body": body.pk,
        "village": Place.objects.get(code="bench-village").pk,
        "makers": MAKERS,
    }
    with transaction.atomic(), connection.cursor() as cursor:
        for statement in REGISTRY:
            cursor.execute(statement, values)


NUMBERED = "(SELECT id, row_number() OVER (ORDER BY id) - 1 AS number FROM product_product) AS product"
CERTIFICATE = """INSERT INTO ovop_certification_certificate
    (scheme_id, issuing_body_id, number, holder_kind, holder_ref, valid_from_on, valid_until_on, register_url)
    SELECT %(scheme)s, %(body)s,"""
REGISTRY = (
    """INSERT INTO ovop_origin_producer
    (code, kind, status, language, saleor_user_id, is_name_public, place_id, email, phone, stage)
    SELECT 'maker-' || number, 'person', 'active', 'ky', '', true, %(village)s, '', '', ''
    FROM generate_series(0, %(makers)s - 1) AS number""",
    "INSERT INTO ovop_origin_productorigin (product_pk, village_id)"
    f" SELECT id, %(village)s FROM {NUMBERED} WHERE number %% 10 IN (7, 8)",
    """INSERT INTO ovop_origin_maker (origin_id, producer_id, share)
    SELECT origin.id, producer.id, 10000 FROM ovop_origin_productorigin AS origin
    JOIN ovop_origin_producer AS producer ON producer.code = 'maker-' || origin.id %% %(makers)s""",
    f"{CERTIFICATE} 'EAC-' || id, 'product', id::text, '2024-01-01', '2036-01-01', ''"
    f" FROM {NUMBERED} WHERE number %% 10 < 7",
    f"{CERTIFICATE} 'EAC-' || code, 'producer', code, '2024-01-01', '2036-01-01', '' FROM ovop_origin_producer",
    """INSERT INTO ovop_certification_certificateevent (certificate_id, position, kind, at, actor, reason)
    SELECT id, 1, 'issued', '2024-01-01T00:00:00Z', 'bench', '' FROM ovop_certification_certificate""",
)


def remember_verdicts() -> None:
    """As a first pass would: ten products are looked at, and what is written down of them holds for all of their kind.
    The pass that has to find nothing proves it."""
    from django.db import connection
    from django.utils import timezone
    from saleor.product.models import Product

    from ovop_certification.adapter.listings import bring_in_line

    bring_in_line(list(Product.objects.order_by("pk").values_list("pk", flat=True)[:10]), timezone.now())
    with connection.cursor() as cursor:
        cursor.execute(
            f"WITH product AS (SELECT * FROM {NUMBERED})"
            " INSERT INTO ovop_certification_listingdecision"
            " (product_pk, channel, market, allowed, reasons, next_change_at, decided_at)"
            " SELECT product.id, known.channel, market, allowed, reasons, next_change_at, decided_at"
            " FROM ovop_certification_listingdecision AS known JOIN product AS like_it ON like_it.id = known.product_pk"
            " JOIN product ON product.number % 10 = like_it.number WHERE product.number >= 10"
        )


def fall(kind: str, at: datetime.datetime, *, first: int) -> int:
    """Certificates of products, one in a hundred from the first on, get this event."""
    from ovop_certification import models

    pks = list(models.Certificate.objects.filter(holder_kind="product").order_by("pk").values_list("pk", flat=True))[
        first::100
    ]
    models.CertificateEvent.objects.bulk_create(
        models.CertificateEvent(certificate_id=pk, position=2, kind=kind, at=at, actor="bench", reason="bench")
        for pk in pks
    )
    return len(pks)


def measure() -> dict[str, float]:
    from django.utils import timezone

    from ovop_certification.adapter.listing_sweep import sweep_all, sweep_due

    result: dict[str, float] = {}
    before = _memory_mb()

    def timed(name: str, work: Callable[[], Any]) -> Any:
        tell(name)
        started_at, cpu_at = time.perf_counter(), time.process_time()
        changes = work()
        result[f"{name}_seconds"] = time.perf_counter() - started_at
        result[f"{name}_cpu_seconds"] = time.process_time() - cpu_at
        return changes

    timed("floor", every_row)
    nothing = timed("nothing", lambda: sweep_all(timezone.now()))
    if nothing.verdicts or nothing.product_pks:
        raise SystemExit(f"A pass over what is in line wrote {nothing}.")
    fallen = fall("suspended", timezone.now(), first=0)
    changed = timed("changed", lambda: sweep_all(timezone.now()))
    result["closed"] = changed.closed
    soon = timezone.now() + datetime.timedelta(hours=1)
    due = fall("suspended", soon, first=50)
    sweep_all(timezone.now())
    closed = timed("due", lambda: sweep_due(soon + datetime.timedelta(seconds=1)))
    result["due_closed"] = closed.closed
    timed("none_due", lambda: sweep_due(soon + datetime.timedelta(seconds=1)))
    if (changed.closed, closed.closed) != (fallen, due):
        raise SystemExit(f"Closed {changed.closed} and {closed.closed} instead of {fallen} and {due}.")
    result["memory_mb"] = _memory_mb() - before
    return result


def every_row() -> int:
    """The machine's own limit: every listing with what is known of it fetched once, and every certificate with its
    history, and nothing done with any."""
    from django.db import connection

    count = 0
    with connection.cursor() as cursor:
        for statement in (
            "SELECT listing.product_id, listing.is_published, listing.available_for_purchase_at IS NULL, kind.slug,"
            " decision.allowed, decision.reasons::text, decision.next_change_at::text"
            " FROM product_productchannellisting AS listing JOIN product_product AS product"
            " ON product.id = listing.product_id JOIN product_producttype AS kind ON kind.id = product.product_type_id"
            " LEFT JOIN ovop_certification_listingdecision AS decision ON decision.product_pk = listing.product_id",
            "SELECT certificate.id, holder_kind, holder_ref, number, valid_until_on::text,"
            " string_agg(event.kind || ' ' || event.at, ',' ORDER BY position)"
            " FROM ovop_certification_certificate AS certificate JOIN ovop_certification_certificateevent AS event"
            " ON event.certificate_id = certificate.id GROUP BY certificate.id",
        ):
            cursor.execute(statement)
            count += len(cursor.fetchall())
    return count


def _memory_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    sys.exit(main())
