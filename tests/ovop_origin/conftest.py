"""The small registry of `origin_world`, loaded."""

from collections.abc import Callable

import pytest
from origin_world import AT, HONEY, JAM, SLIPPERS, registry_document

from ovop_origin.services import LoadResult, registry_load
from ovop_shared.catalogue import host_catalogue
from ovop_shared.records import ProductRecord
from ovop_standalone.catalogue import known_products_store

Load = Callable[[object], LoadResult]


@pytest.fixture
def shop(db: None) -> None:
    known_products_store(
        [
            ProductRecord(SLIPPERS, "felt-slippers", "Felt slippers", "ovop-felt", names={"ky": "Кийиз тапичке"}),
            ProductRecord(JAM, "wild-berry-jam", "Wild-berry jam", "ovop-food"),
            ProductRecord(HONEY, "licorice-honey", "Licorice honey", "ovop-food"),
        ]
    )


@pytest.fixture
def load(shop: None) -> Load:
    return lambda document: registry_load(document, catalogue=host_catalogue(), at=AT)


@pytest.fixture
def registry(load: Load) -> None:
    load(registry_document())
