"""The villages of `payouts_world`, rolled back after the test or in a database of the test's own."""

import pytest
from payouts_world import build_registry, build_rules


@pytest.fixture
def world(db: None) -> None:
    build_registry()
    build_rules()


@pytest.fixture
def committed_world(committed_database: str) -> str:
    """For deferred triggers and several connections; the database's URL."""
    build_registry()
    build_rules()
    return committed_database
