"""A product's story is told in several languages, each said to be what it is."""

from collections.abc import Mapping
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.migrations.executor import MigrationExecutor
from django.test import Client
from origin_files_world import FULL, csv_files, do_import, table_rows
from origin_world import AT, HONEY, JAM, SLIPPERS, registry_document, stored_rows

from ovop_origin import selectors, services
from ovop_origin.errors import InvalidText
from ovop_origin.jsonld import product_jsonld
from ovop_origin.labels import label_content
from ovop_origin.models import ProductOrigin, ProductStory
from ovop_origin.provenance import provenances
from ovop_origin.records import ProductRow, read_document
from ovop_origin.rules import STORY_LENGTH, check_product
from ovop_shared.catalogue import host_catalogue
from ovop_shared.errors import InvalidDocument, OvopError, RegistryRefused
from ovop_shared.languages import UnknownLanguage

ENGLISH = "Felted by two.\n\nDyed with <yarrow>."
KYRGYZ = "Экөө баскан."
PAGE = f"/plugins/ovop.origin/products/{SLIPPERS}/"


def set_stories(stories: Mapping[str, str], product_pk: int = SLIPPERS) -> bool:
    return services.product_origin_set(product_pk, "KG-Y-barskoon", {}, stories=stories, at=AT)


# Rules


@pytest.mark.parametrize(
    ("stories", "error", "tag"),
    [
        ({"uz": "x"}, UnknownLanguage, "uz"),
        ({"": "x"}, UnknownLanguage, ""),
        ({"en": "x", "ky": "x" * (STORY_LENGTH + 1)}, InvalidText, "ky"),
        ({"ja": "\0"}, InvalidText, "ja"),
        ({"ky": "x", "KY": "y"}, InvalidText, "ky"),
    ],
)
def test_a_refused_story_is_named_by_its_language(
    registry: None, stories: dict[str, str], error: type[OvopError], tag: str
) -> None:
    before = stored_rows()

    with pytest.raises(error) as refusal:
        set_stories(stories)

    assert (refusal.value.field, refusal.value.params["tag"]) == ("stories", tag)
    assert stored_rows() == before


def test_stories_are_kept_trimmed_under_the_usual_spelling_of_their_tags() -> None:
    longest = "x" * STORY_LENGTH
    row = ProductRow("p", "v", stories={"KAA-latn": f" {longest}\n", "ru": " \n", "EN": "Jam."})

    assert check_product(row).stories == {"kaa-Latn": longest, "en": "Jam."}


def test_stories_are_replaced_as_a_whole_and_the_village_alone_keeps_them(registry: None) -> None:
    assert set_stories({"ky": "Жаңы.", "ru": "Новая."})
    assert services.product_village_set(SLIPPERS, "UZ-QR-chimbay", at=AT)

    assert selectors.product_stories([SLIPPERS, HONEY]) == {SLIPPERS: {"ky": "Жаңы.", "ru": "Новая."}}
    assert selectors.product_details([SLIPPERS, HONEY])[HONEY].stories == {}


@pytest.mark.parametrize(("language", "text"), [("en", "Again."), ("ru", ""), ("Russian", "x"), ("uz-latn", "x")])
def test_the_database_refuses_what_is_no_story(registry: None, language: str, text: str) -> None:
    origin = ProductOrigin.objects.get(product_pk=SLIPPERS)

    with pytest.raises(IntegrityError), transaction.atomic():
        ProductStory.objects.create(origin=origin, language=language, text=text)

    assert selectors.product_stories([SLIPPERS]) == {SLIPPERS: {"en": ENGLISH, "ky": KYRGYZ}}


# Documents and files


def document_of(**fields: Any) -> dict[str, Any]:
    return {"version": 1, "products": [{"slug": "p", "village": "v", **fields}]}


@pytest.mark.parametrize(
    ("fields", "stories"),
    [
        ({}, {}),
        ({"story": "S"}, {"en": "S"}),
        ({"story": ""}, {}),
        ({"story": "", "stories": {"ky": "К"}}, {"ky": "К"}),
        ({"stories": {"ky": "К", "en": "S"}}, {"ky": "К", "en": "S"}),
    ],
)
def test_a_story_without_a_language_is_english(fields: dict[str, Any], stories: dict[str, str]) -> None:
    (row,) = read_document(document_of(**fields)).products

    assert row.stories == stories


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"story": "S", "stories": {"ky": "К"}}, "story"),
        ({"stories": {"ky": 1}}, "stories"),
        ({"stories": ["К"]}, "stories"),
        ({"story": {"en": "S"}}, "story"),
    ],
)
def test_a_document_whose_stories_cannot_be_read_is_refused(fields: dict[str, Any], field: str) -> None:
    with pytest.raises(RegistryRefused) as refusal:
        read_document(document_of(**fields))

    (problem,) = refusal.value.problems
    assert (type(problem), problem.field, problem.row) == (InvalidDocument, field, 1)


def test_a_document_loaded_again_changes_nothing(registry: None) -> None:
    before = stored_rows()

    result = services.registry_load(registry_document(), catalogue=host_catalogue(), at=AT)

    assert not result.has_written
    assert stored_rows() == before


def test_a_file_changes_the_languages_it_has_a_column_for(full_files: None) -> None:
    do_import(csv_files(products="product,story:ky,story:ja\nfelt-slippers,,二人の手で\n"))

    assert table_rows("products")[0] == {
        "product": "felt-slippers",
        "village": "KG-Y-barskoon",
        "gtins": "00000096385074 04006381333931",
        "story:en": 'Felted by two.\n\nDyed with "yarrow".',
        "story:ja": "二人の手で",
    }


def test_a_story_in_a_file_is_refused_in_its_column(full_files: None) -> None:
    before = stored_rows()
    text = "x" * (STORY_LENGTH + 1)

    with pytest.raises(RegistryRefused) as refusal:
        do_import(csv_files(products=f"product,story:en,story:ky\nfelt-slippers,Fine.,{text}\n"))

    (problem,) = refusal.value.problems
    assert (problem.code, problem.row, problem.field) == ("text_too_long", 2, "story:ky")
    assert stored_rows() == before


@pytest.fixture
def full_files(shop: None) -> None:
    do_import(csv_files(**FULL))


# What readers see


@pytest.mark.parametrize(
    ("wanted", "story"),
    [
        ("ky", f'<div lang="ky"><p>{KYRGYZ}</p></div>'),
        ("ru", '<div lang="en"><p>Felted by two.</p>\n\n<p>Dyed with &lt;yarrow&gt;.</p></div>'),
        ("en", '<div lang="en"><p>Felted by two.</p>\n\n<p>Dyed with &lt;yarrow&gt;.</p></div>'),
    ],
)
def test_a_page_says_in_which_language_its_story_is(registry: None, client: Client, wanted: str, story: str) -> None:
    page = client.get(PAGE, {"lang": wanted}).text

    assert f'<html lang="{wanted}"' in page
    assert story in page


def test_a_page_without_a_story_has_no_heading_for_it(registry: None, client: Client) -> None:
    set_stories({})

    assert "Its story" not in client.get(PAGE, {"lang": "en"}).text


@pytest.mark.parametrize(("language", "text"), [("ky", KYRGYZ), ("en", ENGLISH), ("kaa-Latn", ENGLISH)])
def test_the_description_for_machines_is_the_story_for_the_language_asked_for(
    registry: None, language: str, text: str
) -> None:
    data = product_jsonld(provenances([SLIPPERS])[SLIPPERS], language=language, name="S", url="/s")

    assert data["description"] == text
    assert "description" not in product_jsonld(provenances([HONEY])[HONEY], language=language, name="H", url="/h")


def test_a_label_tells_the_story_in_its_own_language(registry: None) -> None:
    assert label_content(SLIPPERS, languages=("ky", "en")).story == KYRGYZ
    assert label_content(SLIPPERS, languages=("ja",)).story == ENGLISH


def test_the_stories_of_many_products_are_one_query(registry: None, django_assert_num_queries: Any) -> None:
    set_stories({"ky": "К"}, JAM)

    with django_assert_num_queries(1):
        found = selectors.product_stories([SLIPPERS, JAM, HONEY, 99])

    assert found == {SLIPPERS: {"en": ENGLISH, "ky": KYRGYZ}, JAM: {"ky": "К"}}


# The migration


def migrate_to(name: str) -> Any:
    """The registry's models as they were then. What is written by now is checked before tables change under it."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED")
    return MigrationExecutor(connection).migrate([("ovop_origin", name)]).apps.get_model


def test_the_one_text_of_before_becomes_english_and_back(registry: None) -> None:
    # given
    old_origin = migrate_to("0004_full_rules")("ovop_origin", "ProductOrigin")
    before = dict(old_origin.objects.values_list("product_pk", "story"))
    old_origin.objects.filter(product_pk=SLIPPERS).update(story="Felted.")

    # when
    migrate_to("0005_stories")
    moved = selectors.product_stories([SLIPPERS, HONEY])
    for pk in (SLIPPERS, HONEY):
        origin = ProductOrigin.objects.get(product_pk=pk)
        ProductStory.objects.create(origin=origin, language="ky", text="К")
    migrate_to("0004_full_rules")
    back = dict(old_origin.objects.values_list("product_pk", "story"))

    # then
    assert before == {SLIPPERS: ENGLISH, HONEY: ""}
    assert moved == {SLIPPERS: {"en": "Felted."}}
    assert back == {SLIPPERS: "Felted.", HONEY: "К"}
