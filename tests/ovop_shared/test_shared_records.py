"""A product's name as the shop keeps it, for readers of the product's languages."""

import pytest

from ovop_shared.records import ProductRecord, product_name


@pytest.mark.parametrize(
    ("language", "name"),
    [
        ("ru", "Горный мёд"),
        ("kaa-Latn", "Taw palı"),
        ("uz-Latn", "Togʻ asali"),
        ("ky", "Mountain honey"),
        ("ja", "Mountain honey"),
    ],
)
def test_a_reader_is_shown_the_shops_name_in_the_language_or_the_untranslated_one(language: str, name: str) -> None:
    names = {"ru": "Горный мёд", "kaa-latn": "Taw palı", "uz": "Togʻ asali", "ky": ""}
    honey = ProductRecord(1, "mountain-honey", "Mountain honey", "ovop-food", names=names)

    assert product_name(honey, language) == name
