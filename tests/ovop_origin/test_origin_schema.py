"""The schema as its readers see it. A change of it is a change of a contract: whoever makes one renews the snapshot.

To renew it: `OVOP_RENEW_SNAPSHOTS=1 .venv/bin/python -m pytest tests/ovop_origin/test_origin_schema.py`, and read the
difference.
"""

import os
from pathlib import Path

from ovop_origin.schema import schema

SNAPSHOT = Path(__file__).parent / "origin_schema.graphql"


def test_the_schema_is_the_reviewed_one() -> None:
    printed = str(schema)
    if os.environ.get("OVOP_RENEW_SNAPSHOTS"):
        SNAPSHOT.write_text(printed, encoding="utf-8")

    assert printed == SNAPSHOT.read_text(encoding="utf-8")


def test_everything_in_the_schema_is_described() -> None:
    undescribed = []
    for name, kind in schema.get_type_map().items():
        if name.startswith("__"):
            continue
        if not kind.description:
            undescribed.append(name)
        for field, definition in getattr(kind, "fields", {}).items():
            if not definition.description:
                undescribed.append(f"{name}.{field}")
            undescribed += [
                f"{name}.{field}({argument})"
                for argument, of_argument in getattr(definition, "args", {}).items()
                if not of_argument.description
            ]
        undescribed += [f"{name}.{value.name}" for value in getattr(kind, "values", ()) if not value.description]

    assert undescribed == []
