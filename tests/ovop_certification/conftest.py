"""The small registry of `certification_world`, loaded."""

import pytest
from certification_world import AT, PRODUCTS, registry_document

from ovop_certification.services import registry_load
from ovop_shared.catalogue import host_catalogue
from ovop_standalone.catalogue import known_products_store


@pytest.fixture
def shop(db: None) -> None:
    known_products_store(PRODUCTS)


@pytest.fixture
def registry(shop: None) -> None:
    registry_load(registry_document(), catalogue=host_catalogue(), at=AT)
