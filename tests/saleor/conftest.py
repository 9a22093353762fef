"""Tests inside a real Saleor. What Saleor's own root conftest does has to be done here, because it is not loaded.

Without a Saleor nothing in this folder is collected: the standalone suite runs elsewhere.
"""

import ast
import importlib.metadata
import importlib.util
from pathlib import Path
from typing import Any

if importlib.util.find_spec("saleor") is None:
    collect_ignore_glob = ["*"]
else:
    import django.test
    import pytest
    import saleor
    from saleor.settings import DATABASE_CONNECTION_DEFAULT_NAME, DATABASE_CONNECTION_REPLICA_NAME
    from saleor.tests.utils import prepare_test_db_connections

    BOTH_DATABASES = {DATABASE_CONNECTION_DEFAULT_NAME, DATABASE_CONNECTION_REPLICA_NAME}
    django.test.TransactionTestCase.databases = BOTH_DATABASES
    django.test.TestCase.databases = BOTH_DATABASES
    prepare_test_db_connections()

    def saleor_fixture_modules() -> list[str]:
        """The list in the installed Saleor's own conftest: it differs between versions."""
        conftest = Path(saleor.__path__[0]).parent / "conftest.py"
        for statement in ast.parse(conftest.read_text()).body:
            if isinstance(statement, ast.Assign) and ast.unparse(statement.targets[0]) == "pytest_plugins":
                modules: list[str] = ast.literal_eval(statement.value)
                return modules
        raise LookupError(f"{conftest} names no pytest_plugins")

    pytest_plugins = [*saleor_fixture_modules(), "tests.saleor.origin_world", "tests.saleor.gate_world"]

    def ovop_plugin_paths() -> list[str]:
        """The plugins' classes as the installed distribution's entry points name them."""
        found = importlib.metadata.entry_points(group="saleor.plugins")
        return [f"{entry.module}.{entry.attr}" for entry in found if entry.name.startswith("ovop_")]

    @pytest.fixture(autouse=True)
    def _ovop_plugins(settings: Any, setup_dummy_gateways: object) -> None:
        """Saleor resets PLUGINS for every test in `setup_dummy_gateways`; ours come after that."""
        settings.PLUGINS = [*settings.PLUGINS, *ovop_plugin_paths()]
