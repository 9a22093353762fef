"""Imports of table files into a real PostgreSQL: all rows or none, whatever the files leave out or get wrong."""

import io
from collections.abc import Callable, Iterable, Sequence

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl import Workbook
from origin_files_world import (
    FULL,
    as_file,
    changes_of,
    csv_files,
    do_import,
    everything,
    exported,
    table_rows,
    where,
)
from origin_world import AT

from ovop_origin.models import Maker, Place, PlaceName, Producer
from ovop_origin.records import (
    MakerRow,
    MaterialRow,
    PlaceRow,
    ProducerRow,
    ProductRow,
)
from ovop_origin.services import LoadResult, Tally, registry_apply
from ovop_origin.table_files import TableFile, write_xlsx, write_zip
from ovop_shared.catalogue import host_catalogue
from ovop_shared.errors import OvopError, RegistryRefused
from ovop_shared.languages import NAME_TAGS

pytestmark = pytest.mark.usefixtures("shop")

PLACES = "code,kind,parent,name:en\nKG,country,,Kyrgyzstan\nKG-Y,region,KG,Issyk-Kul\n"


@pytest.fixture
def full(shop: None) -> None:
    do_import(csv_files(**FULL))


def refused(files: Sequence[TableFile], **options: object) -> list[tuple[object, ...]]:
    """The problems of an import that is refused and changes nothing."""
    before = everything()
    with pytest.raises(RegistryRefused) as refusal:
        do_import(files, **options)
    assert everything() == before
    assert refusal.value.count == len(refusal.value.problems)
    return [where(problem) for problem in refusal.value.problems]


def workbook(**sheets: Iterable[Sequence[object]]) -> TableFile:
    book = Workbook()
    book.remove(book.worksheets[0])
    for title, rows in sheets.items():
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(list(row))
    stream = io.BytesIO()
    book.save(stream)
    return as_file("registry.xlsx", stream.getvalue())


def test_a_whole_registry_is_imported_whatever_the_order_of_its_files() -> None:
    result = do_import(list(reversed(csv_files(**FULL))))

    assert result == LoadResult(*(Tally(created=count) for count in (5, 3, 2, 2, 2, 2)))
    assert table_rows("places") == [
        {"code": "KG", "kind": "country", "code_scheme": "iso3166-1", "name:en": "Kyrgyzstan", "name:ky": "Кыргызстан"},
        {
            "code": "KG-Y",
            "kind": "region",
            "parent": "KG",
            "code_scheme": "iso3166-2",
            "name:en": "Issyk-Kul",
            "name:ky": "Ысык-Көл облусу",
        },
        {"code": "KG-Y-jeti-oguz", "kind": "district", "parent": "KG-Y", "code_scheme": "ovop", "name:en": "Jeti-Oguz"},
        {
            "code": "KG-Y-barskoon",
            "kind": "village",
            "parent": "KG-Y-jeti-oguz",
            "code_scheme": "ovop",
            "classifier_scheme": "soate",
            "classifier_code": "41702",
            "latitude": "42.16",
            "longitude": "77.61",
            "valid_from": "1920-01-01",
            "official": "ky",
            "name:en": "Barskoon",
            "name:ky": "Барскоон",
        },
        {
            "code": "KG-Y-tamga",
            "kind": "village",
            "parent": "KG-Y-jeti-oguz",
            "code_scheme": "ovop",
            "name:en": "Tamga",
        },
    ]
    assert table_rows("producers")[0] == {
        "code": "ak-kiyiz",
        "kind": "cooperative",
        "village": "KG-Y-barskoon",
        "language": "ky",
        "status": "active",
        "stage": "markets",
        "is_name_public": "yes",
        "phone": "+996 555 000001",
        "is_women_led": "yes",
        "flags_consented_on": "2024-02-01",
        "name:ky": "Ак кийиз",
    }
    assert table_rows("memberships") == [
        {"group": "ak-kiyiz", "member": "m3", "since": "2020-01-01"},
        {"group": "ak-kiyiz", "member": "m4", "until": "2024-12-31"},
    ]
    assert table_rows("materials") == [
        {"code": "dye", "name:en": "Yarrow"},
        {"code": "wool", "place": "KG-Y", "name:en": "Wool"},
    ]
    assert table_rows("products") == [
        {
            "product": "felt-slippers",
            "village": "KG-Y-barskoon",
            "gtins": "00000096385074 04006381333931",
            "story:en": 'Felted by two.\n\nDyed with "yarrow".',
            "story:ky": "Экөө баскан.",
        },
        {"product": "wild-berry-jam", "village": "KG-Y-tamga"},
    ]
    assert table_rows("makers") == [
        {"product": "felt-slippers", "producer": "ak-kiyiz", "share": "6667"},
        {"product": "felt-slippers", "producer": "m3", "share": "3333"},
        {"product": "wild-berry-jam", "producer": "m4", "share": "10000"},
    ]
    assert table_rows("product_materials") == [
        {"product": "felt-slippers", "material": "dye", "share": "1000"},
        {"product": "felt-slippers", "material": "wool", "share": "9000"},
    ]
    assert table_rows("lots") == [
        {"product": "felt-slippers", "lot": "L1", "made_on": "2025-05-01", "village": "KG-Y-tamga"},
        {"product": "felt-slippers", "lot": "L2", "made_on": "2025-05-02", "village": "KG-Y-barskoon"},
    ]
    assert table_rows("lot_contributions") == [
        {"product": "felt-slippers", "lot": "L1", "producer": "ak-kiyiz", "quantity": "10"},
        {"product": "felt-slippers", "lot": "L1", "producer": "m3", "quantity": "30"},
    ]


def test_a_second_import_of_the_same_files_changes_nothing(full: None) -> None:
    before = everything()

    result = do_import(csv_files(**FULL))

    assert (result.has_written, result.places, result.lots) == (False, Tally(unchanged=5), Tally(unchanged=2))
    assert everything() == before


@pytest.mark.parametrize(("name", "write"), [("all.zip", write_zip), ("all.xlsx", write_xlsx)])
def test_an_export_imported_again_changes_nothing(full: None, name: str, write: Callable[..., int]) -> None:
    content, before = exported(write), everything()

    assert changes_of([as_file(name, content)], is_dry_run=False) == []

    assert everything() == before


@pytest.mark.parametrize(("name", "write"), [("all.zip", write_zip), ("all.xlsx", write_xlsx)])
def test_an_export_brings_back_what_was_changed_since(full: None, name: str, write: Callable[..., int]) -> None:
    content, before = exported(write), table_rows("places")
    do_import(csv_files(places="code,latitude,longitude,official,name:ky\nKG-Y-barskoon,,,,\nKG-Y-tamga,1,1,,Тамга\n"))
    assert table_rows("places") != before

    do_import([as_file(name, content)])

    assert table_rows("places") == before


NASTY = st.text(
    st.one_of(
        st.sampled_from("=+-@\t\r\n'\"`,; ＝＋_x000D_\\<&\x01\x0b\x7f\u2028\ufeff😀Көл"),
        st.characters(exclude_categories=["Cs"], exclude_characters="\0"),
    ),
    max_size=30,
)
# A name is one line in which something can be seen; the registry's own tests say what is refused.
NAME = (
    st.text(
        st.one_of(
            st.sampled_from("=+-@'\"`,; ＝＋_x000D_\\<&\ufeff\u200d😀Көл"),
            st.characters(exclude_categories=["Cs", "Cc", "Cf", "Zl", "Zp"]),
        ),
        max_size=30,
    )
    .filter(str.strip)
    .map(lambda text: text + "л")
)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    names=st.lists(NAME, min_size=4, max_size=4),
    stories=st.dictionaries(st.sampled_from(sorted(NAME_TAGS)), NASTY, max_size=3),
    guard=st.sampled_from(["", "=", "'=", "''", "-", "@"]),
)
def test_an_export_of_nasty_texts_imported_again_changes_nothing(
    full: None, names: list[str], stories: dict[str, str], guard: str
) -> None:
    # given
    place, producer, material, _ = (guard + name for name in names)
    told = {tag: guard + text for tag, text in stories.items()}
    rows = [
        PlaceRow("village", "KG-Y-tamga", {"ky": place, "ja": names[3]}, parent="KG-Y-jeti-oguz", official=("ky",)),
        ProducerRow("m4", "person", "KG-Y-tamga", "ru", {"ru": producer}, saleor_user_id="-5"),
        MaterialRow("dye", {"kaa-Cyrl": material}),
        ProductRow("wild-berry-jam", "KG-Y-tamga", (MakerRow("m4", 10_000),), told),
    ]
    registry_apply(rows, catalogue=host_catalogue(), at=AT)
    before = everything()

    # when
    files = [("all.zip", write_zip), ("all.xlsx", write_xlsx)]
    changes = [changes_of([as_file(name, exported(write))], is_dry_run=False) for name, write in files]

    # then
    assert changes == [[], []]
    assert everything() == before


def test_a_dry_run_tells_the_differences_and_changes_nothing(full: None) -> None:
    before = everything()
    files = csv_files(
        places="code,kind,parent,latitude,longitude,name:en\nKG-Y-barskoon,village,KG-Y-jeti-oguz,42.17,77.61,\n"
        "KG-Y-ton,district,KG-Y,,,Ton\n",
        makers="product,producer,share\nfelt-slippers,m3,10000\n",
        lot_contributions="product,lot,producer,quantity\nfelt-slippers,L2,m3,7\n",
    )

    changes = changes_of(files)

    assert sorted(changes) == [
        ("lots", "felt-slippers/L2", "contribution:m3", "", "7"),
        ("places", "KG-Y-barskoon", "latitude", "42.16", "42.17"),
        ("places", "KG-Y-barskoon", "name:en", "Barskoon", ""),
        ("places", "KG-Y-ton", "", "", "new"),
        ("products", "felt-slippers", "maker:ak-kiyiz", "6667", ""),
        ("products", "felt-slippers", "maker:m3", "3333", "10000"),
    ]
    assert everything() == before


def test_missing_columns_keep_what_is_stored(full: None) -> None:
    # a translator's file: codes and one language
    files = csv_files(
        places="code,name:ja\nKG,キルギス\nKG-Y-barskoon,バルスコーン\n",
        producers="code,phone\nm3,+996555000002\n",
        products="product,story:en,story:kaa-latn\nwild-berry-jam,Boiled.,Qaynaǵan.\n",
        lots="product,lot,made_on\nfelt-slippers,L1,2025-05-03\n",
    )

    assert sorted(changes_of(files, is_dry_run=False)) == [
        ("lots", "felt-slippers/L1", "made_on", "2025-05-01", "2025-05-03"),
        ("places", "KG", "name:ja", "", "キルギス"),
        ("places", "KG-Y-barskoon", "name:ja", "", "バルスコーン"),
        ("producers", "m3", "phone", "", "+996555000002"),
        ("products", "wild-berry-jam", "story:en", "", "Boiled."),
        ("products", "wild-berry-jam", "story:kaa-Latn", "", "Qaynaǵan."),
    ]


def test_places_without_their_kinds_are_put_into_their_order(full: None) -> None:
    # a village whose code stands before that of its district, and that of the country
    files = csv_files(places="code,name:ja\nKG-Y-barskoon,バルスコーン\nKG-Y-jeti-oguz,ジェティ・オグズ\nKG,キルギス\n")

    changes = [key for _, key, *_ in changes_of(files)]

    assert changes == ["KG", "KG-Y-jeti-oguz", "KG-Y-barskoon"]


def test_an_empty_cell_clears_the_value_and_removes_the_name(full: None) -> None:
    files = csv_files(
        places="code,latitude,longitude,classifier_scheme,classifier_code,name:ky\nKG-Y-barskoon,,,,,\n",
        producers="code,stage,is_name_public,is_women_led,flags_consented_on\nak-kiyiz,,,,\n",
        materials="code,place\nwool,\n",
        products="product,gtins,story:en,story:ky\nfelt-slippers,,,\n",
    )

    do_import(files)

    assert table_rows("places")[3] == {
        "code": "KG-Y-barskoon",
        "kind": "village",
        "parent": "KG-Y-jeti-oguz",
        "code_scheme": "ovop",
        "valid_from": "1920-01-01",
        "name:en": "Barskoon",
    }
    assert table_rows("producers")[0] == {
        "code": "ak-kiyiz",
        "kind": "cooperative",
        "village": "KG-Y-barskoon",
        "language": "ky",
        "status": "active",
        "is_name_public": "no",
        "phone": "+996 555 000001",
        "name:ky": "Ак кийиз",
    }
    assert table_rows("materials")[1] == {"code": "wool", "name:en": "Wool"}
    assert table_rows("products")[0] == {"product": "felt-slippers", "village": "KG-Y-barskoon"}


def test_makers_are_replaced_as_a_whole_and_all_else_of_the_product_stays(full: None) -> None:
    products, materials = table_rows("products"), table_rows("product_materials")

    do_import(csv_files(makers="product,producer,share\nfelt-slippers,m4,10000\n"))

    assert table_rows("makers") == [
        {"product": "felt-slippers", "producer": "m4", "share": "10000"},
        {"product": "wild-berry-jam", "producer": "m4", "share": "10000"},
    ]
    assert (table_rows("products"), table_rows("product_materials")) == (products, materials)


def test_a_row_without_a_maker_says_that_there_are_none(full: None) -> None:
    do_import(
        csv_files(
            makers="product,producer,share\nfelt-slippers,,\n",
            product_materials="product,material,share\nfelt-slippers,,\n",
            lot_contributions="product,lot,producer,quantity\nfelt-slippers,L1,,\n",
        )
    )

    assert table_rows("makers") == [{"product": "wild-berry-jam", "producer": "m4", "share": "10000"}]
    assert (table_rows("product_materials"), table_rows("lot_contributions")) == ([], [])


def test_every_bad_row_is_told_with_its_row_column_code_and_value(full: None) -> None:
    files = csv_files(
        places="code,kind,parent,latitude,longitude,name:en,name:ru\n"
        "KG-Y-ton,district,KG-Y,,,Ton,\n"
        "KG-Y-bad 1,district,KG-Y,,,Bad,\n"
        "KG-Y-b2,district,KG-Z,,,Bad,\n"
        "\n"
        "KG-Y-b3,village,KG-Y-ton,north,77,Bad,\n"
        "KG-Y-b4,village,KG-Y-ton,91,77,Bad,\n"
        f"KG-Y-b5,village,KG-Y-ton,,,Bad,{'x' * 201}\n"
        "KG-Y-b6,village,KG-Y-ton,,,,\n"
        "KG-Y-b7,hamlet,KG-Y-ton,,,Bad,\n"
        "KG-Y-b8,,KG-Y-ton,,,Bad,\n"
        "KG-Y-ton,district,KG-Y,,,Twice,\n"
        "KG-Y-b9,village,KG-Y-ton,,,Bad,,more\n",
        producers="code,kind,village,language,is_name_public,flags_consented_on,name:ru\n"
        "p1,person,KG-Y,ru,yes,,П\n"
        "p2,person,KG-Y-tamga,xx,yes,,П\n"
        "p3,person,KG-Y-tamga,ru,maybe,2025-02-30,П\n",
        products="product,village,gtins\nlicorice-honey,KG-Y-tamga,4006381333932\nno-such,KG-Y-tamga,\n",
        makers="product,producer,share\nwild-berry-jam,m3,5000\nwild-berry-jam,m4,4999\nfelt-slippers,nobody,10000\n",
        lots="product,lot,made_on\nfelt-slippers,L3,2025-06-02\nlicorice-honey,L1,\n",
    )

    problems = refused(files)

    assert sorted(problems, key=lambda problem: (str(problem[0]), problem[1] or 0, str(problem[2]))) == [
        ("lots.csv", 2, "made_on", "made_in_the_future", "2025-06-02"),
        ("lots.csv", 3, "made_on", "value_missing", ""),
        ("makers.csv", 2, "share", "shares_do_not_add_up", "5000"),
        ("makers.csv", 4, "producer", "unknown_producer", "nobody"),
        ("places.csv", 3, "code", "invalid_code", "KG-Y-bad 1"),
        ("places.csv", 4, "parent", "unknown_place", "KG-Z"),
        ("places.csv", 6, "latitude", "invalid_number", "north"),
        ("places.csv", 7, "latitude", "coordinates_off_map", "91"),
        ("places.csv", 8, "name:ru", "text_too_long", "x" * 201),
        ("places.csv", 9, "name:en", "name_missing", ""),
        ("places.csv", 10, "kind", "invalid_choice", "hamlet"),
        ("places.csv", 11, "kind", "value_missing", ""),
        ("places.csv", 12, "code", "duplicate_row", "KG-Y-ton"),
        ("places.csv", 13, "#8", "too_many_cells", "more"),
        ("producers.csv", 2, "village", "not_a_village", "KG-Y"),
        ("producers.csv", 3, "language", "unknown_language", "xx"),
        ("producers.csv", 4, "flags_consented_on", "invalid_date", "2025-02-30"),
        ("producers.csv", 4, "is_name_public", "invalid_boolean", "maybe"),
        ("products.csv", 2, "gtins", "invalid_gtin", "4006381333932"),
        ("products.csv", 3, "product", "unknown_product", "no-such"),
    ]


def test_a_row_that_names_a_refused_one_is_no_problem_of_its_own() -> None:
    files = csv_files(
        places=f"{PLACES}KG-Y-a,district,KG-Y,\nKG-Y-b,village,KG-Y-a,B\n".replace("Issyk-Kul", "x" * 201),
        producers="code,kind,village,language,name:en\nm1,person,KG-Y-b,en,M\nm2,nobody,KG-Y-b,en,M\n",
        products="product,village\nlicorice-honey,KG-Y-b\n",
        makers="product,producer,share\nlicorice-honey,m1,10000\nwild-berry-jam,m1,none\n",
        lots="product,lot,made_on\nlicorice-honey,L1,2025-01-01\nwild-berry-jam,L1,2025-01-01\n",
    )

    problems = refused(files)

    assert problems == [
        ("places.csv", 3, "name:en", "text_too_long", "x" * 201),
        ("makers.csv", 3, "share", "invalid_number", "none"),
        ("places.csv", 4, "name:en", "name_missing", ""),
        ("producers.csv", 3, "kind", "invalid_choice", "nobody"),
    ]


def test_parts_of_nothing_are_refused(full: None) -> None:
    files = csv_files(
        makers="product,producer,share\nlicorice-honey,m3,10000\nno-such,m3,10000\n",
        lot_contributions="product,lot,producer,quantity\nfelt-slippers,L9,m3,1\n",
    )

    assert refused(files) == [
        ("makers.csv", 2, "product", "origin_missing", "licorice-honey"),
        ("lot_contributions.csv", 2, "lot", "unknown_lot", "L9"),
        ("makers.csv", 3, "product", "unknown_product", "no-such"),
    ]


def test_a_part_that_stands_there_twice_is_refused(full: None) -> None:
    files = csv_files(makers="product,producer,share\nfelt-slippers,m3,5000\nfelt-slippers,m3,5000\n")

    assert refused(files) == [("makers.csv", 3, "producer", "duplicate_row", "m3")]


def test_a_share_is_kept_where_the_file_has_no_column_for_it(full: None) -> None:
    assert changes_of(csv_files(makers="product,producer\nfelt-slippers,m3\nfelt-slippers,ak-kiyiz\n")) == []
    assert refused(csv_files(makers="product,producer\nfelt-slippers,m4\n")) == [
        ("makers.csv", 2, "share", "value_missing", "")
    ]


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("villages.csv", b"code\nKG\n", (None, None, "unknown_table", "villages")),
        ("places.csv", b"", (None, None, "empty_file", "")),
        ("places.csv", b"\n \n", (None, None, "empty_file", "")),
        ("places.csv", b"code,kind,colour\nKG,country,red\n", (1, "colour", "unknown_column", "colour")),
        ("places.csv", b"code,kind,code\nKG,country,KG\n", (1, "code", "duplicate_column", "code")),
        ("places.csv", b"kind\ncountry\n", (1, "code", "missing_column", "")),
        ("places.csv", b"code,name:uz\nKG,x\n", (1, "name:uz", "unknown_language", "name:uz")),
        ("places.csv", b"code\nKG\n\xff\n", (3, None, "not_utf_8", "")),
        ("places.xlsx", b"PK", (None, None, "unreadable_file", "")),
        ("places.pdf", b"", (None, None, "unreadable_file", "")),
    ],
)
def test_a_file_that_is_no_table_is_refused(full: None, name: str, content: bytes, problem: tuple[object, ...]) -> None:
    assert refused([as_file(name, content)]) == [(name, *problem)]


def test_a_header_only_is_an_import_of_nothing() -> None:
    assert do_import(csv_files(places="code,kind\n")) == LoadResult()


def test_numbers_days_and_truth_values_of_excel_are_imported_exactly(full: None) -> None:
    file = workbook(
        places=[["code", "latitude", "longitude", "valid_from"], ["KG-Y-tamga", 42.160000000000004, -77, AT.date()]],
        producers=[["code", "is_name_public"], ["m3", True]],
        makers=[["product", "producer", "share"], ["wild-berry-jam", "m3", 2500.0], ["wild-berry-jam", "m4", 7500]],
        products=[["product", "gtins"], ["wild-berry-jam", 4006381333948]],
    )

    assert sorted(changes_of([file])) == [
        ("places", "KG-Y-tamga", "latitude", "", "42.16"),
        ("places", "KG-Y-tamga", "longitude", "", "-77"),
        ("places", "KG-Y-tamga", "valid_from", "", "2025-06-01"),
        ("producers", "m3", "is_name_public", "false", "true"),
        ("products", "wild-berry-jam", "gtins", "", "04006381333948"),
        ("products", "wild-berry-jam", "maker:m3", "", "2500"),
        ("products", "wild-berry-jam", "maker:m4", "10000", "7500"),
    ]


def test_formulas_and_errors_of_excel_are_refused_never_computed(full: None) -> None:
    file = workbook(
        places=[["code", "name:en", "latitude"], ["KG-Y-tamga", '="Tam"&"ga"', 1], ["KG-Y", "#REF!", AT.date()]]
    )

    assert refused([file]) == [
        ("registry.xlsx", 2, "name:en", "formula_in_cell", '="Tam"&"ga"'),
        ("registry.xlsx", 3, "name:en", "unreadable_cell", "#REF!"),
        ("registry.xlsx", 3, "latitude", "wrong_cell_type", "2025-06-01 00:00:00"),
    ]


def test_the_same_table_in_two_files_is_one_table() -> None:
    more = workbook(places=[["code", "kind", "parent", "name:en"], ["UZ", "country", None, "Uzbekistan"]])
    assert do_import([*csv_files(places=PLACES), more]).places == Tally(created=3)

    assert refused([*csv_files(places=PLACES), *csv_files(places="code,name:ky\nKG,Кыргызстан\n")]) == [
        ("places.csv", 2, "code", "duplicate_row", "KG")
    ]


def test_rows_beyond_one_chunk_take_the_same_queries_each(
    shop: None, django_assert_max_num_queries: Callable[..., object]
) -> None:
    do_import(csv_files(**FULL))
    villages = "".join(f"v{number},village,KG-Y-jeti-oguz,V{number}\n" for number in range(2_500))
    producers = "".join(f"p{number},person,v{number},ru,П{number}\n" for number in range(2_500))
    files = csv_files(
        places=f"code,kind,parent,name:en\n{villages}",
        producers=f"code,kind,village,language,name:ru\n{producers}",
    )

    with django_assert_max_num_queries(150):
        result = do_import(files)

    assert (result.places, result.producers) == (Tally(created=2_500), Tally(created=2_500))
    assert (Place.objects.count(), Producer.objects.count()) == (2_505, 2_503)


def test_progress_is_told_for_reading_and_for_writing(full: None) -> None:
    told: list[tuple[str, int, int | None]] = []

    do_import(csv_files(**FULL), on_progress=lambda *progress: told.append(progress))

    assert [each for each in told if each[0] == "read"][-1] == ("read", 23, None)
    assert told[-1] == ("write", 16, 16)


def test_an_import_that_is_stopped_has_written_nothing_and_can_be_run_again() -> None:
    before = everything()

    def stop(phase: str, done: int, total: int | None) -> None:
        if phase == "write" and done > 5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        do_import(csv_files(**FULL), on_progress=stop)

    assert everything() == before
    assert do_import(csv_files(**FULL)).places == Tally(created=5)


def test_problems_are_told_one_by_one_and_not_kept(full: None) -> None:
    problems: list[OvopError] = []
    rows = "".join(f"{number},village,nowhere,V\n" for number in range(1_500))

    with pytest.raises(RegistryRefused) as refusal:
        do_import(csv_files(places=f"code,kind,parent,name:en\n{rows}"), on_problem=problems.append)

    assert (refusal.value.count, refusal.value.problems) == (1_500, ())
    assert sorted(problem.row or 0 for problem in problems) == list(range(2, 1_502))
    assert {where(problem)[2:] for problem in problems} == {("parent", "unknown_place", "nowhere")}


def test_an_additive_import_fills_in_only_what_is_not_there(full: None) -> None:
    files = csv_files(
        places="code,kind,parent,latitude,longitude,official,name:en,name:ky,name:ru\n"
        "KG-Y-barskoon,village,KG-Y,1,1,ky ru,Other,Башка,Барскоон\n"
        "KG-Y-tamga,village,KG-Y-jeti-oguz,42.1,77.5,,Other,Тамга,\n"
        "KG-Y-ton,district,KG-Y,,,,Ton,,\n"
    )

    assert sorted(changes_of(files, is_additive=True, is_dry_run=False)) == [
        ("places", "KG-Y-barskoon", "name:ru", "", "Барскоон"),
        ("places", "KG-Y-barskoon", "official", "ky", "ky ru"),
        ("places", "KG-Y-tamga", "latitude", "", "42.1"),
        ("places", "KG-Y-tamga", "longitude", "", "77.5"),
        ("places", "KG-Y-tamga", "name:ky", "", "Тамга"),
        ("places", "KG-Y-ton", "", "", "new"),
    ]
    assert set(PlaceName.objects.filter(is_official=True).values_list("place__code", "language")) == {
        ("KG-Y-barskoon", "ky"),
        ("KG-Y-barskoon", "ru"),
    }


def test_a_maker_is_never_lost_by_an_import_of_other_tables(full: None) -> None:
    do_import(csv_files(products="product,village,story:en,story:ru,gtins\nfelt-slippers,KG-Y-tamga,,Сваляны.,\n"))

    assert Maker.objects.count() == 3
