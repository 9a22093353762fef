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

from tests.benchmarks.saleor_side import AT, make_products, say, tell

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
    make_registry(count)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM (ANALYZE)")
    say({"result": measure()})


def make_registry(count: int) -> None:
    from saleor.product.models import Product, ProductType

    from ovop_certification import models
    from ovop_origin.models import Maker, Place, Producer, ProductOrigin
    from ovop_origin.records import PlaceRow
    from ovop_origin.services import place_save

    tell("the registry")
    pks = list(Product.objects.order_by("pk").values_list("pk", flat=True))
    other = ProductType.objects.create(name="Other", slug="bench-other", has_variants=False)
    Product.objects.filter(pk__in=pks[9::10]).update(product_type=other)
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
    village = Place.objects.get(code="bench-village")
    producers = Producer.objects.bulk_create(
        Producer(code=f"maker-{number}", kind="person", place=village, language="ky") for number in range(MAKERS)
    )
    made = [pk for at, pk in enumerate(pks) if at % 10 in (7, 8)]
    origins = ProductOrigin.objects.bulk_create(
        (ProductOrigin(product_pk=pk, village=village) for pk in made), batch_size=5_000
    )
    Maker.objects.bulk_create(
        (Maker(origin=origin, producer=producers[at % MAKERS], share=10_000) for at, origin in enumerate(origins)),
        batch_size=5_000,
    )
    from_on, until_on = datetime.date(2024, 1, 1), datetime.date(2036, 1, 1)
    holders = [("product", str(pk)) for at, pk in enumerate(pks) if at % 10 < 7]
    holders += [("producer", producer.code) for producer in producers]
    certificates = models.Certificate.objects.bulk_create(
        (
            models.Certificate(
                scheme=scheme,
                issuing_body=body,
                number=f"EAC-{number}",
                holder_kind=kind,
                holder_ref=ref,
                valid_from_on=from_on,
                valid_until_on=until_on,
            )
            for number, (kind, ref) in enumerate(holders)
        ),
        batch_size=5_000,
    )
    at = datetime.datetime(2024, 1, 1, tzinfo=datetime.UTC)
    models.CertificateEvent.objects.bulk_create(
        (
            models.CertificateEvent(certificate=each, position=1, kind="issued", at=at, actor="bench")
            for each in certificates
        ),
        batch_size=5_000,
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
        started_at = time.perf_counter()
        changes = work()
        result[f"{name}_seconds"] = time.perf_counter() - started_at
        return changes

    first = timed("first", lambda: sweep_all(timezone.now()))
    result["first_verdicts"] = first.verdicts
    nothing = timed("nothing", lambda: sweep_all(timezone.now()))
    if nothing.verdicts or nothing.product_pks:
        raise SystemExit(f"A second pass wrote {nothing}.")
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


def _memory_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    sys.exit(main())
