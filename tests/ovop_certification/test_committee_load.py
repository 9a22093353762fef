"""A committee's earlier sittings come from a file, by the same rules, all or nothing and once."""

import json
from pathlib import Path
from typing import Any

import pytest
from committee_world import NOON
from django.core.management import CommandError, call_command

from ovop_certification.models import (
    Application,
    Assessment,
    Certificate,
    CommitteeMember,
    CriteriaSet,
    IssuingBody,
    ProductRecipe,
    Scheme,
    Score,
    Sitting,
)
from ovop_origin.services import registry_load as origin_load
from ovop_shared.catalogue import host_catalogue
from ovop_shared.records import ProductRecord
from ovop_standalone.catalogue import known_products_store

SAMPLE = Path(__file__).parents[2] / "storefront-config" / "sample"
TABLES = (CommitteeMember, CriteriaSet, Sitting, Application, Assessment, Score, ProductRecipe, Certificate)


@pytest.fixture
def shop_of_the_sample(db: None) -> None:
    origin = json.loads((SAMPLE / "origin.json").read_text(encoding="utf-8"))
    known_products_store(
        ProductRecord(number, each["slug"], each["slug"], "ovop-food")
        for number, each in enumerate(origin["products"], start=1)
    )

    origin_load(origin, catalogue=host_catalogue(), at=NOON)
    Scheme.objects.create(code="brand-label", kind="brand_label", names={"en": "Label"})
    IssuingBody.objects.create(code="sample-brand-committee", name="Sample brand committee")


def sample() -> dict[str, Any]:
    document: dict[str, Any] = json.loads((SAMPLE / "committee.json").read_text(encoding="utf-8"))
    return document


def load(document: dict[str, Any], folder: Path) -> None:
    file = folder / "committee.json"
    file.write_text(json.dumps(document), encoding="utf-8")
    call_command("ovop_committee_load", str(file))


def counts() -> list[int]:
    return [table.objects.count() for table in TABLES]


@pytest.mark.usefixtures("shop_of_the_sample")
def test_the_sample_is_a_closed_sitting_with_labels_and_loads_once(tmp_path: Path) -> None:
    load(sample(), tmp_path)

    verdicts = Assessment.objects.order_by("pk").values_list("verdict", "total", "stars")
    # taste 26/30 x 30 + material 29/30 x 25 + safety 25/30 x 25 + package 11/15 x 10 + story 14/15 x 10 = 87.666…
    assert list(verdicts) == [("granted", 8_766, 4), ("conditional", 6_625, 3), ("deferred", None, None)]
    assert Sitting.objects.get().closed_at is not None
    assert sorted(Certificate.objects.values_list("number", flat=True)) == [
        "OVOP-2025-001-0001",
        "OVOP-2025-001-0002",
    ]
    before = counts()
    load(sample(), tmp_path)
    assert counts() == before


@pytest.mark.usefixtures("shop_of_the_sample")
@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("sittings", 0, "agenda", 0, "product"), "no-such-product"),
        (("sittings", 0, "agenda", 0, "scores", "sample-chair", "taste"), 11),
        (("sittings", 0, "agenda", 0, "verdict"), "refused"),
        (("sittings", 0, "agenda", 0, "scores"), {}),
        (("sittings", 0, "agenda", 0, "conflicts"), {"nobody": "x"}),
        (("sittings", 0, "chair"), "nobody"),
        (("sittings", 0, "unknown"), 1),
        (("criteria_sets", 0, "bands"), []),
        (("members", 0, "name"), ""),
        (("version",), 2),
    ],
)
def test_a_file_that_breaks_a_rule_leaves_nothing(path: tuple[Any, ...], value: object, tmp_path: Path) -> None:
    document = sample()
    place = document
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value

    with pytest.raises(CommandError):
        load(document, tmp_path)

    assert counts() == [0] * len(TABLES)


@pytest.mark.usefixtures("db")
def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    with pytest.raises(CommandError):
        call_command("ovop_committee_load", str(tmp_path / "none.json"))
