"""The small registry of `certification_world`, loaded."""

import pytest
from certification_world import AT, PRODUCTS, registry_document
from committee_world import build_committee

from ovop_certification.services import registry_load
from ovop_shared.catalogue import host_catalogue
from ovop_standalone.catalogue import known_products_store


@pytest.fixture
def shop(db: None) -> None:
    known_products_store(PRODUCTS)


@pytest.fixture
def registry(shop: None) -> None:
    registry_load(registry_document(), catalogue=host_catalogue(), at=AT)


@pytest.fixture
def committee_world(db: None) -> None:
    build_committee()


@pytest.fixture
def committed_committee(committed_database: str) -> str:
    """For several connections; the database's URL."""
    build_committee()
    return committed_database
