"""The plugin's pages over HTTP, for everyone who may ask."""

from typing import Any

import pytest
from django.test import Client
from origin_world import AT, HONEY, INSIDERS, JAM, OUTSIDERS, SLIPPERS, client_for

from ovop_origin import services
from ovop_origin.records import ProducerRow
from ovop_shared.requester import Requester

EVERYBODY = [*OUTSIDERS, *INSIDERS]

PAGES = [
    "/plugins/ovop.origin/villages/KG-Y-barskoon/",
    "/plugins/ovop.origin/producers/ak-kiyiz/",
    f"/plugins/ovop.origin/products/{SLIPPERS}/",
]


@pytest.mark.parametrize("address", PAGES)
def test_pages_are_public_cacheable_and_the_same_for_everybody(registry: None, address: str) -> None:
    responses = [client_for(requester.values[0]).get(address) for requester in EVERYBODY]  # type: ignore[attr-defined]

    assert {response.status_code for response in responses} == {200}
    assert {response["Cache-Control"] for response in responses} == {"public, max-age=300"}
    assert len({response.content for response in responses}) == 1


@pytest.mark.parametrize("address", PAGES)
def test_pages_are_only_read(registry: None, client: Client, address: str) -> None:
    assert client.head(address).status_code == 200
    assert client.post(address).status_code == 405


def test_a_product_page_says_where_it_comes_from_and_names_only_who_agreed(registry: None, client: Client) -> None:
    page = client.get(PAGES[2], headers={"accept-language": "ky"}).text

    assert "<h1>Кийиз тапичке</h1>" in page
    assert '<a href="/plugins/ovop.origin/villages/KG-Y-barskoon/?lang=ky" lang="ky">Барскоон</a>' in page
    assert '<span lang="ky">Ысык-Көл облусу</span>' in page
    assert '<a href="/plugins/ovop.origin/producers/ak-kiyiz/?lang=ky" lang="ky">Ак кийиз</a>' in page
    assert "Айгерим" not in page
    assert "m3" not in page
    # what people wrote is text, never markup; shares are nobody's business
    assert "<p>Dyed with &lt;yarrow&gt;.</p>" in client.get(PAGES[2], {"lang": "en"}).text
    assert "6667" not in page


def test_a_village_page_shows_its_places_names_producers_and_products(registry: None, client: Client) -> None:
    page = client.get(PAGES[0], {"lang": "en"}).text

    assert '<h1 lang="en">Barskoon</h1>' in page
    assert '<span lang="en">Jeti-Oguz</span>' in page
    assert '<a href="geo:42.16,77.61">42.16, 77.61</a>' in page
    assert '<span lang="en">Barskoon</span> · <span lang="ky">Барскоон</span>' in page
    assert '<a href="/plugins/ovop.origin/producers/ak-kiyiz/?lang=en" lang="en">Ak Kiyiz</a>' in page
    assert f'<a href="/plugins/ovop.origin/products/{SLIPPERS}/?lang=en">Felt slippers</a>' in page
    assert "m3" not in page


def test_a_name_that_is_not_in_the_pages_language_says_which_it_is_in(registry: None, client: Client) -> None:
    page = client.get("/plugins/ovop.origin/villages/UZ-QR-chimbay/", {"lang": "ja"}).text

    assert '<html lang="ja">' in page
    assert '<h1 lang="ru">Чимбай</h1>' in page


def test_a_producer_page_shows_its_village_and_products(registry: None, client: Client) -> None:
    page = client.get(PAGES[1], {"lang": "en"}).text

    assert '<h1 lang="en">Ak Kiyiz</h1>' in page
    assert "Co-operative" in page
    assert "Felt slippers" in page
    assert "Licorice honey" not in page


@pytest.mark.parametrize(
    "address",
    [
        "/plugins/ovop.origin/villages/nowhere/",
        "/plugins/ovop.origin/villages/KG-Y/",
        "/plugins/ovop.origin/producers/nobody/",
        "/plugins/ovop.origin/producers/m3/",
        f"/plugins/ovop.origin/products/{JAM}/",
        "/plugins/ovop.origin/products/999/",
        "/plugins/ovop.origin/products/99999999999999999999/",
    ],
)
@pytest.mark.parametrize("requester", EVERYBODY)
def test_what_is_not_public_does_not_exist(registry: None, requester: Requester, address: str) -> None:
    response = client_for(requester).get(address)

    assert response.status_code == 404
    assert response.json()["errors"][0]["code"] == "not_found"


def test_pages_take_a_constant_number_of_queries(
    registry: None, client: Client, django_assert_num_queries: Any
) -> None:
    for number in range(30):
        code = f"p{number}"
        row = ProducerRow(code, "person", "KG-Y-barskoon", "ky", {"ky": "Ай"}, is_name_public=True)
        services.producer_save(row, at=AT)
    makers = {f"p{number}": 300 for number in range(30)} | {"boyan": 1_000}
    services.product_origin_set(JAM, "KG-Y-barskoon", makers, at=AT)
    services.product_origin_set(HONEY, "KG-Y-barskoon", makers, at=AT)

    with django_assert_num_queries(8):
        client.get(PAGES[0])
    with django_assert_num_queries(10):
        client.get("/plugins/ovop.origin/producers/p7/")
    with django_assert_num_queries(17):
        client.get(f"/plugins/ovop.origin/products/{JAM}/")
