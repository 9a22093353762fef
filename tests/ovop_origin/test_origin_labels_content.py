"""What a label says: recorded names only, consented producers only, the lot, and the right link; and the command."""

import datetime
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import zxingcpp
from django.core.management import CommandError, call_command
from origin_world import AT, HONEY, JAM, SLIPPERS, registry_document
from PIL import Image

from ovop_origin import services
from ovop_origin.errors import GtinAmbiguous, GtinNotOfProduct, InvalidGtin, OriginMissing, TooManyLanguages, UnknownLot
from ovop_origin.labels import label_content, render_png
from ovop_origin.records import ContributionRow, LotRow
from ovop_shared.catalogue import UnknownProduct, host_catalogue
from ovop_shared.languages import UnknownLanguage
from ovop_shared.records import ProductRecord
from ovop_standalone.catalogue import known_products_store

GTIN = "04870012345675"
OTHER_GTIN = "04870012345682"
ADDRESS = "https://shop.example"
MADE_ON = datetime.date(2025, 5, 20)


@pytest.fixture(autouse=True)
def public_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OVOP_PUBLIC_URL", ADDRESS)


def lot_saved(product_pk: int, slug: str, code: str, *producers: str) -> None:
    contributions = tuple(ContributionRow(producer, 10) for producer in producers)
    services.lot_save(product_pk, LotRow(slug, code, MADE_ON, contributions=contributions), at=AT)


def gtins_set(*gtins: str) -> None:
    services.product_origin_set(HONEY, "UZ-QR-chimbay", {"boyan": 10_000}, gtins=gtins, at=AT)


def test_a_label_says_the_product_in_two_languages_its_village_region_and_link(registry: None) -> None:
    content = label_content(SLIPPERS, languages=("en", "ky"))

    assert content.product_name == "Felt slippers"
    assert content.second_name == "Кийиз тапичке"
    assert (content.village, content.region) == ("Barskoon", "Issyk-Kul")
    assert (content.lot, content.made_on, content.gtin) == ("", None, "")
    assert content.link == f"{ADDRESS}/plugins/ovop.origin/products/{SLIPPERS}/"
    assert content.language == "en"
    assert content.mark_seed == "KG-Y-barskoon"
    assert content.story == "Felted by two.\n\nDyed with <yarrow>."


def test_names_are_the_recorded_ones_in_the_first_language(registry: None) -> None:
    content = label_content(SLIPPERS, languages=("ky",))

    assert (content.product_name, content.second_name) == ("Кийиз тапичке", "")
    assert (content.village, content.region) == ("Барскоон", "Ысык-Көл облусу")
    assert content.producer == "Ак кийиз\u00a0+1"


def test_only_producers_who_agreed_are_named_and_the_others_counted(registry: None) -> None:
    services.registry_load(_without_consent(), catalogue=host_catalogue(), at=AT)

    assert label_content(SLIPPERS, languages=("en",)).producer == ""
    assert label_content(HONEY, languages=("kaa-Latn",)).producer == "Boyan"


def _without_consent() -> dict[str, Any]:
    document = registry_document()
    for producer in document["producers"]:
        producer["is_name_public"] = producer["code"] == "boyan"
    return document


def test_a_second_name_that_nobody_recorded_is_left_out(registry: None) -> None:
    assert label_content(SLIPPERS, languages=("en", "ja")).second_name == ""
    assert label_content(SLIPPERS, languages=("en", "")).second_name == ""
    services.product_origin_set(JAM, "KG-Y-barskoon", {}, at=AT)
    assert label_content(JAM, languages=("en", "ky")).second_name == ""


def test_a_name_is_not_shown_as_one_of_another_script(registry: None) -> None:
    known_products_store(
        [ProductRecord(HONEY, "licorice-honey", "Licorice honey", "ovop-food", names={"uz": "Qizilmiya asali"})]
    )
    assert label_content(HONEY, languages=("en", "uz-Latn")).second_name == "Qizilmiya asali"
    assert label_content(HONEY, languages=("en", "uz-Cyrl")).second_name == ""

    known_products_store(
        [
            ProductRecord(
                HONEY, "licorice-honey", "Licorice honey", "ovop-food", names={"kaa-latn": "Boyan", "kaa-cyrl": "Боян"}
            )
        ]
    )
    both = label_content(HONEY, languages=("kaa-Cyrl", "kaa-Latn"))
    assert (both.product_name, both.second_name) == ("Боян", "Boyan")
    assert both.village == "Шымбай"
    # The pages have no Cyrillic Karakalpak; the label's words are in what its readers read.
    assert both.language == "kaa-Latn"


def test_the_same_name_is_not_printed_twice(registry: None) -> None:
    known_products_store([ProductRecord(HONEY, "licorice-honey", "Honey", "ovop-food", names={"ru": "Honey"})])
    assert label_content(HONEY, languages=("en", "ru")).second_name == ""


def test_a_lot_has_its_day_its_makers_and_its_own_page(registry: None) -> None:
    lot_saved(SLIPPERS, "felt-slippers", "BK-14", "m3")

    content = label_content(SLIPPERS, "BK-14", languages=("en",))

    assert (content.lot, content.made_on) == ("BK-14", MADE_ON)
    assert content.producer == ""
    assert content.link == f"{ADDRESS}/plugins/ovop.origin/lots/{SLIPPERS}/BK-14/"


def test_a_lot_without_contributions_is_by_the_products_makers(registry: None) -> None:
    lot_saved(SLIPPERS, "felt-slippers", "BK-15")

    assert label_content(SLIPPERS, "BK-15", languages=("en",)).producer == "Ak Kiyiz\u00a0+1"


def test_a_product_with_a_gtin_has_a_digital_link(registry: None) -> None:
    gtins_set(GTIN)
    lot_saved(HONEY, "licorice-honey", "L-1")

    plain = label_content(HONEY, languages=("en",))
    of_lot = label_content(HONEY, "L-1", languages=("en",))

    assert plain.gtin == GTIN
    assert plain.link == f"{ADDRESS}/plugins/ovop.origin/01/{GTIN}"
    assert of_lot.link == f"{ADDRESS}/plugins/ovop.origin/01/{GTIN}/10/L-1"


def test_one_of_several_gtins_is_chosen_by_whoever_packs(registry: None) -> None:
    gtins_set(GTIN, OTHER_GTIN)

    assert label_content(HONEY, languages=("en",), gtin=OTHER_GTIN[1:]).gtin == OTHER_GTIN
    with pytest.raises(GtinAmbiguous) as ambiguous:
        label_content(HONEY, languages=("en",))
    with pytest.raises(InvalidGtin):
        label_content(HONEY, languages=("en",), gtin=GTIN[:-1])
    with pytest.raises(GtinNotOfProduct) as foreign:
        label_content(HONEY, languages=("en",), gtin="04870012345699")

    assert ambiguous.value.code == "gtin_ambiguous"
    assert ambiguous.value.params == {"gtins": [GTIN, OTHER_GTIN]}
    assert foreign.value.code == "gtin_not_of_product"


def test_what_is_not_known_is_refused_with_a_code(registry: None) -> None:
    with pytest.raises(UnknownProduct):
        label_content(99, languages=("en",))
    with pytest.raises(OriginMissing):
        label_content(JAM, languages=("en",))
    with pytest.raises(UnknownLot) as lot:
        label_content(HONEY, "L-9", languages=("en",))
    with pytest.raises(UnknownLanguage):
        label_content(HONEY, languages=("uz",))
    with pytest.raises(UnknownLanguage):
        label_content(HONEY, languages=("",))
    with pytest.raises(TooManyLanguages) as refused:
        label_content(HONEY, languages=("en", "ru", "ja"))
    assert refused.value.as_dict()["params"] == {"limit": 2}
    assert lot.value.params == {"product": "licorice-honey", "lot": "L-9"}


def test_a_gathered_label_is_printed_and_its_code_says_the_link(registry: None, tmp_path: Path) -> None:
    content = label_content(SLIPPERS, languages=("en", "ky"))
    path = tmp_path / "label.png"

    path.write_bytes(render_png(replace(content, second_name="フェルトのスリッパ"), "58x40"))

    assert codes_in(path) == [content.link]


def codes_in(path: Path) -> list[str]:
    with Image.open(path) as picture:
        return [found.text for found in zxingcpp.read_barcodes(picture.convert("L"))]


# The command


def test_the_command_prints_one_label_as_png(
    registry: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "slippers.png"

    call_command(
        "ovop_origin_labels", "felt-slippers", "--languages", "ky,en", "--size", "70x50", "--output", str(path)
    )

    link = f"{ADDRESS}/plugins/ovop.origin/products/{SLIPPERS}/"
    assert capsys.readouterr().out == f"{path}: 1 label of 70x50\n  {link}\n"
    assert codes_in(path) == [link]


def test_the_command_prints_all_lots_of_a_product_on_a_sheet(registry: None, tmp_path: Path) -> None:
    for number in range(3):
        lot_saved(HONEY, "licorice-honey", f"L-{number}")
    path = tmp_path / "honey.pdf"

    call_command(
        "ovop_origin_labels", "licorice-honey", "--all-lots", "--size", "L7163", "--copies", "2", "--start", "10",
        "--output", str(path),
    )  # fmt: skip

    content = path.read_bytes()
    assert content.startswith(b"%PDF-1.4")
    # Labels 10 to 14 of the first sheet and one of the second, of three pictures.
    assert content.count(b"/Type /Page ") == 2
    assert content.count(b"/Subtype /Image") == 3


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["no-such-product"], "unknown_product: "),
        (["wild-berry-jam"], "origin_missing: "),
        (["felt-slippers", "--lot", "X"], "unknown_lot: "),
        (["felt-slippers", "--gtin", GTIN], "gtin_not_of_product: "),
        (["felt-slippers", "--size", "1x1"], "unknown_label_size: "),
        (["felt-slippers", "--languages", "xx"], "unknown_language: "),
        (["felt-slippers", "--languages", "en,xx"], "unknown_language: "),
        (["felt-slippers", "--languages", "en,xx,ja"], "unknown_language: "),
        (["felt-slippers", "--languages", "en,"], "unknown_language: "),
        (["felt-slippers", "--languages", ""], "unknown_language: "),
        (["felt-slippers", "--languages", "en,ru,ja"], "too_many_languages: "),
        (["felt-slippers", "--start", "99"], "invalid_label_count: "),
        (["felt-slippers", "--all-lots"], "felt-slippers has no lots."),
    ],
)
def test_the_command_refuses_with_the_code_and_writes_no_file(
    registry: None, tmp_path: Path, arguments: list[str], problem: str
) -> None:
    path = tmp_path / "labels.pdf"

    with pytest.raises(CommandError, match=problem):
        call_command("ovop_origin_labels", *arguments, "--output", str(path))

    assert not path.exists()


def test_the_command_writes_several_labels_only_as_pdf(registry: None, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="A PNG holds one label"):
        call_command("ovop_origin_labels", "felt-slippers", "--copies", "2", "--output", str(tmp_path / "labels.png"))
    with pytest.raises(CommandError, match="end in"):
        call_command("ovop_origin_labels", "felt-slippers", "--output", str(tmp_path / "labels.gif"))
    with pytest.raises(CommandError, match="cannot be written"):
        call_command("ovop_origin_labels", "felt-slippers", "--output", str(tmp_path / "no" / "labels.png"))
