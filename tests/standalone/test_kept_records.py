"""The product records of the standalone host."""

from typing import Any

import pytest

from ovop_shared.records import ProductRecord
from ovop_standalone.catalogue import KeptRecords, known_products_store

RECORDS = [ProductRecord(pk, f"p{pk}", f"Product {pk}", "ovop-food", intended_uses=("gift",)) for pk in (1, 2, 5, 8, 9)]


@pytest.mark.django_db
def test_all_products_come_in_chunks_by_their_keys(django_assert_num_queries: Any) -> None:
    known_products_store(reversed(RECORDS))

    with django_assert_num_queries(4):
        chunks = list(KeptRecords().all_products(chunk_products=2))

    assert chunks == [RECORDS[:2], RECORDS[2:4], RECORDS[4:]]


@pytest.mark.django_db
def test_a_host_without_listings_takes_every_product_it_knows_for_listed() -> None:
    known_products_store(RECORDS)

    assert KeptRecords().listed("kgs", [1, 9, 77]) == {1, 9}
