"""The whole schema as its readers see it. A change of it is a change of a contract: whoever makes one renews the snapshot.

To renew it: `OVOP_RENEW_SNAPSHOTS=1 .venv/bin/python -m pytest tests/ovop_certification/test_certification_schema.py`, and
read the difference.
"""

import os
from pathlib import Path

from ovop_certification.schema import schema

SNAPSHOT = Path(__file__).parent / "certification_schema.graphql"


def test_the_schema_is_the_reviewed_one() -> None:
    printed = str(schema)
    if os.environ.get("OVOP_RENEW_SNAPSHOTS"):
        SNAPSHOT.write_text(printed, encoding="utf-8")

    assert printed == SNAPSHOT.read_text(encoding="utf-8")
