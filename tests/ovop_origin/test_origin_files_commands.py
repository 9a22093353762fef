"""The commands that import and export table files, and the curated places, as they are called."""

import csv
import io
from pathlib import Path

import psycopg
import pytest
from django.core.management import CommandError, call_command
from origin_files_world import FULL, as_file, csv_files, do_import, everything, table_rows
from origin_world import AT

from ovop_origin import services
from ovop_origin.management.file_console import SHOWN_ROWS
from ovop_origin.models import Place, PlaceName
from ovop_origin.records import PlaceRow
from ovop_origin.regions import iso_regions
from ovop_origin.services.curated import CURATED, curated_places_load
from ovop_origin.tables import TABLES
from ovop_shared.catalogue import host_catalogue
from ovop_shared.records import ProductRecord
from ovop_shared.snapshot import one_snapshot
from ovop_standalone.catalogue import known_products_store

CHANGED = "code,kind,parent,name:en\nKG-Y-tamga,village,KG-Y-jeti-oguz,Tamga [new]\nKG-Y-ton,district,KG-Y,Ton\n"


@pytest.fixture
def full(shop: None) -> None:
    do_import(csv_files(**FULL))


@pytest.fixture
def folder(shop: None, tmp_path: Path) -> Path:
    for name, text in FULL.items():
        (tmp_path / f"{name}.csv").write_text(text, encoding="utf-8")
    return tmp_path


def run(command: str, *arguments: object, **options: object) -> str:
    """What the command says."""
    out = io.StringIO()
    call_command(command, *map(str, arguments), stdout=out, **options)
    return out.getvalue()


def run_refused(command: str, *arguments: object) -> tuple[str, str]:
    """What a refused command shows, and the error it ends with. It changes nothing."""
    before, shown = everything(), io.StringIO()
    with pytest.raises(CommandError) as refusal:
        call_command(command, *map(str, arguments), stdout=io.StringIO(), stderr=shown)
    assert everything() == before
    return shown.getvalue(), str(refusal.value)


def lines_of(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.reader(file))


def cells_of(shown: str) -> list[list[str]]:
    """The rows of a table on the terminal."""
    return [[cell.strip() for cell in line.strip("│┃").replace("┃", "│").split("│")] for line in shown.splitlines()]


def test_files_are_imported_and_imported_again(folder: Path) -> None:
    files = sorted(folder.glob("*.csv"))

    first, second = run("ovop_origin_import", *files), run("ovop_origin_import", *files)

    assert first.splitlines() == [
        "places: 5 created, 0 changed, 0 unchanged",
        "producers: 3 created, 0 changed, 0 unchanged",
        "memberships: 2 created, 0 changed, 0 unchanged",
        "materials: 2 created, 0 changed, 0 unchanged",
        "products: 2 created, 0 changed, 0 unchanged",
        "lots: 2 created, 0 changed, 0 unchanged",
    ]
    assert second.splitlines()[0] == "places: 0 created, 0 changed, 5 unchanged"
    assert second.splitlines()[-1] == "Nothing was written: the registry holds all of this already."


def test_a_dry_run_shows_a_table_of_differences_and_writes_nothing(full: None, tmp_path: Path) -> None:
    before = everything()
    file, differences = tmp_path / "places.csv", tmp_path / "differences.csv"
    file.write_text(CHANGED, encoding="utf-8")

    shown = run("ovop_origin_import", file, "--dry-run", "--differences", differences)

    cells = cells_of(shown)
    assert ["table", "key", "field", "before", "after"] in cells
    assert ["places", "KG-Y-tamga", "name:en", "Tamga", "Tamga [new]"] in cells
    assert ["places", "KG-Y-ton", "", "", "new"] in cells
    assert shown.splitlines()[-2:] == [
        "places: 1 created, 1 changed, 0 unchanged",
        "This was a dry run: nothing was written.",
    ]
    assert lines_of(differences) == [
        ["table", "key", "field", "before", "after"],
        ["places", "KG-Y-ton", "", "", "new"],
        ["places", "KG-Y-tamga", "name:en", "Tamga", "Tamga [new]"],
    ]
    assert everything() == before


def test_a_refused_import_reports_every_problem(full: None, tmp_path: Path) -> None:
    file, report = tmp_path / "places.csv", tmp_path / "report.csv"
    rows = "".join(f"=v{number},village,KG-Y-jeti-oguz,V\n" for number in range(SHOWN_ROWS + 1))
    file.write_text(f"code,kind,parent,name:en\n{rows}KG-Y-ton,district,,Ton\n", encoding="utf-8")

    shown, error = run_refused("ovop_origin_import", file, "--report", report)

    assert error == f"Nothing was written: {SHOWN_ROWS + 2} problems."
    assert "… and 2 more" in shown.splitlines()
    reported = lines_of(report)
    assert reported[0] == ["file", "table", "row", "column", "code", "value", "message"]
    assert len(reported) == SHOWN_ROWS + 3
    found = {row[2]: row[:6] for row in reported[1:]}
    # neutralised, as every text of a CSV file that the plugin writes
    assert found["2"] == ["places.csv", "places", "2", "code", "invalid_code", "'=v0"]
    assert found["203"] == ["places.csv", "places", "203", "parent", "wrong_parent", ""]


def test_a_file_that_is_not_there_is_refused(shop: None, tmp_path: Path) -> None:
    _, error = run_refused("ovop_origin_import", tmp_path / "places.csv")

    assert "cannot be read" in error


@pytest.mark.parametrize("target", ["out", "out/registry.zip", "out/registry.xlsx"])
def test_an_export_is_imported_again_without_a_change(full: None, tmp_path: Path, target: str) -> None:
    (tmp_path / "out").mkdir()
    before = everything()

    said = run("ovop_origin_export", tmp_path / target)

    assert said == f"23 rows written to {tmp_path / target}\n"
    files = sorted((tmp_path / "out").iterdir())
    assert [file.name for file in files] == (
        sorted(f"{name}.csv" for name in TABLES) if target == "out" else [Path(target).name]
    )
    assert {file.stat().st_mode & 0o777 for file in files} == {0o600}
    assert run("ovop_origin_import", *files).splitlines()[-1].startswith("Nothing was written")
    assert everything() == before


def test_only_the_tables_that_are_asked_for_are_exported(full: None, tmp_path: Path) -> None:
    said = run("ovop_origin_export", tmp_path, "--format", "csv", "--table", "makers", "--table", "materials")

    assert said == f"5 rows written to {tmp_path}\n"
    assert lines_of(tmp_path / "makers.csv") == [
        ["product", "producer", "share"],
        ["felt-slippers", "ak-kiyiz", "6667"],
        ["felt-slippers", "m3", "3333"],
        ["wild-berry-jam", "m4", "10000"],
    ]
    assert sorted(file.name for file in tmp_path.iterdir()) == ["makers.csv", "materials.csv"]


def test_a_format_that_is_not_the_targets_is_refused(shop: None, tmp_path: Path) -> None:
    for target, format_ in (("registry.xlsx", "csv"), ("registry", "xlsx")):
        _, error = run_refused("ovop_origin_export", tmp_path / target, "--format", format_)
        assert "xlsx goes to an .xlsx file" in error
    assert list(tmp_path.iterdir()) == []


def test_the_curated_places_are_loaded_and_loaded_again(shop: None) -> None:
    first, second = run("ovop_origin_places"), run("ovop_origin_places")

    codes = {region.code for country in ("KG", "KZ", "TJ", "UZ") for region in iso_regions(country)}
    assert set(Place.objects.filter(kind="country").values_list("code", flat=True)) == {"KG", "KZ", "TJ", "UZ"}
    assert set(Place.objects.filter(kind="region").values_list("code", flat=True)) == codes
    curated = list(csv.DictReader(io.StringIO(CURATED.read_text(encoding="utf-8"))))
    assert {row["code"] for row in curated} <= set(Place.objects.values_list("code", flat=True))
    names = {row["name:ru"] for row in curated if row["code"] == "UZ-QR"}
    assert names == set(PlaceName.objects.filter(place__code="UZ-QR", language="ru").values_list("text", flat=True))
    total = Place.objects.count()
    assert first.splitlines() == [f"places: {total} created, 0 changed, 0 unchanged"]
    assert second.splitlines() == [
        f"places: 0 created, 0 changed, {total} unchanged",
        "Nothing was written: the registry holds all of this already.",
    ]


def test_what_staff_changed_stays_when_the_curated_places_are_loaded_again(shop: None) -> None:
    # given: staff gave a country one name of their own, and took another away
    run("ovop_origin_places")
    english = PlaceName.objects.get(place__code="KG", language="en").text
    services.place_save(PlaceRow("country", "KG", {"en": "The Kyrgyz Republic"}, code_scheme="iso3166-1"), at=AT)

    # when
    run("ovop_origin_places")

    # then: theirs stays, what is missing is filled in
    names = dict(PlaceName.objects.filter(place__code="KG").values_list("language", "text"))
    assert names["en"] == "The Kyrgyz Republic"
    assert names["ky"] == "Кыргызстан"
    assert PlaceName.objects.get(place__code="KG", language="ky").is_official

    run("ovop_origin_places", "--overwrite")
    assert PlaceName.objects.get(place__code="KG", language="en").text == english


def test_a_dry_run_of_the_curated_places_shows_what_is_new(shop: None) -> None:
    shown = run("ovop_origin_places", "--dry-run")

    assert ["places", "KG", "", "", "new"] in cells_of(shown)
    assert Place.objects.count() == 0


def test_the_curated_file_is_a_file_for_the_import(shop: None, tmp_path: Path) -> None:
    curated_places_load(catalogue=host_catalogue(), at=AT)
    before = table_rows("places")

    do_import([as_file("places.csv", CURATED.read_bytes())])

    assert table_rows("places") == before


def test_an_export_is_the_registry_at_one_moment(committed_database: str) -> None:
    # given
    known_products_store([ProductRecord(11, "felt-slippers", "S", "t"), ProductRecord(12, "wild-berry-jam", "J", "t")])
    do_import(csv_files(**FULL))

    # when: somebody writes after the first table was read
    with one_snapshot():
        before = table_rows("places")
        with psycopg.connect(committed_database) as other:
            other.execute("UPDATE ovop_origin_placename SET text = 'other'")
            other.execute("UPDATE ovop_origin_producer SET status = 'left'")
        inside = table_rows("places"), {row["status"] for row in table_rows("producers")}

    # then
    assert inside == (before, {"active", "paused"})
    assert {row["status"] for row in table_rows("producers")} == {"left"}
