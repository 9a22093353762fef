"""The public side over HTTP: what shoppers and machines see of products, lots, villages, producers and places."""

import datetime
import json
import re
from typing import Any

import pytest
from django.test import Client
from origin_public_world import (
    HONEY_GTIN,
    LOT,
    LOT_OF_ONE,
    SLIPPERS_GTIN,
    certificates_issued,
    jam_given_an_origin,
    lots_made,
    materials_made,
)
from origin_world import AT, HONEY, JAM, SLIPPERS

from ovop_origin import services
from ovop_origin.models import (
    Lot,
    MaterialName,
    Membership,
    PlaceName,
    Producer,
    ProducerName,
    ProductOrigin,
    ProductStory,
)
from ovop_origin.records import ProducerRow
from ovop_shared.languages import LANGUAGE_TAGS
from ovop_shared.records import ProductRecord
from ovop_standalone.catalogue import known_products_store
from ovop_standalone.models import KnownProduct

ROOT = "/plugins/ovop.origin/"
PRODUCT = f"{ROOT}products/{SLIPPERS}/"
LOT_PAGE = f"{ROOT}lots/{SLIPPERS}/{LOT}/"
VILLAGE = f"{ROOT}villages/KG-Y-barskoon/"
PRODUCER = f"{ROOT}producers/ak-kiyiz/"
PLACES = f"{ROOT}places/"
GEOJSON = f"{ROOT}villages.geojson"
JSONLD = f"{ROOT}products/{SLIPPERS}/jsonld"
HTML = {"accept": "text/html"}


@pytest.fixture
def world(registry: None) -> None:
    materials_made()
    lots_made()
    certificates_issued()


def hide(*product_pks: int) -> None:
    KnownProduct.objects.filter(product__in=product_pks).update(is_published=False)


def never_published(*product_pks: int) -> None:
    KnownProduct.objects.filter(product__in=product_pks).update(is_published=False, was_published=False)


def data_of(page: str) -> dict[str, Any]:
    """The one JSON-LD block of a page, as a browser reads it."""
    blocks = re.findall(r"<script([^>]*)>(.*?)</script>", page, re.DOTALL)
    assert [attributes for attributes, _ in blocks] == [' type="application/ld+json"']
    data: dict[str, Any] = json.loads(blocks[0][1])
    return data


# What a page says


def test_a_product_page_tells_the_whole_provenance(world: None, client: Client) -> None:
    page = client.get(PRODUCT, {"lang": "ky"}).text

    assert "<h1>Кийиз тапичке</h1>" in page
    assert (
        '<li>98,75% <span lang="ky">Кой жүнү</span><br><span class="quiet"><span lang="ky">Ысык-Көл облусу</span>'
        in page
    )
    assert '<li>1,25% <span lang="en">Yarrow &lt;dye&gt;</span></li>' in page
    assert f"<code>{SLIPPERS_GTIN}</code>" in page
    assert '<h3 lang="ky">Бренд</h3>' in page
    assert '<a href="/plugins/ovop.certification/certificates/brand/B/1/?lang=ky"><code>B/1</code></a>' in page
    assert "Brand &lt;Committee&gt;" in page
    assert "B/0" not in page
    assert "B/2" not in page
    assert f'<a href="{LOT_PAGE}?lang=ky"><code>{LOT}</code></a>' in page
    assert page.index(LOT) < page.index(LOT_OF_ONE)
    assert f'<link rel="alternate" type="application/ld+json" href="{JSONLD}?lang=ky">' in page


def test_a_lot_page_tells_its_day_village_and_contributors(world: None, client: Client) -> None:
    page = client.get(LOT_PAGE, {"lang": "en"}).text

    assert "<h1>Felt slippers</h1>" in page
    assert f"<code>{LOT}</code>" in page
    assert "May 2, 2025" in page
    assert '<a href="/plugins/ovop.origin/villages/UZ-QR-chimbay/?lang=en" lang="ru">Чимбай</a>' in page
    assert '<a href="/plugins/ovop.origin/producers/ak-kiyiz/?lang=en" lang="en">Ak Kiyiz</a>' in page
    assert "not named at its own wish" in page
    assert "Sheep&#x27;s wool" in page
    assert f'<a href="{PRODUCT}?lang=en">Felt slippers</a>' in page
    # what one of two gave is nobody's business, nor what both did: of a lot of one maker it would be the same
    assert not re.search("3,?131|1,?111|4,?242", page)
    assert not re.search("7,?077", client.get(f"{ROOT}lots/{SLIPPERS}/{LOT_OF_ONE}/", {"lang": "en"}).text)
    assert "Айгерим" not in page
    assert "m3" not in page
    assert data_of(page)["gs1:hasBatchLotNumber"] == LOT


def test_a_lot_without_contributions_names_the_products_makers(world: None, client: Client) -> None:
    origin = ProductOrigin.objects.get(product_pk=SLIPPERS)
    Lot.objects.create(origin=origin, code="BARE", village=origin.village, made_on=datetime.date(2025, 5, 9))

    page = client.get(f"{ROOT}lots/{SLIPPERS}/BARE/", {"lang": "en"}).text

    assert "Ak Kiyiz" in page


def test_makers_who_are_not_named_are_counted_by_kind(registry: None, client: Client) -> None:
    for number in range(3):
        row = ProducerRow(f"p{number}", "household", "KG-Y-barskoon", "ky", {"ky": "Жашыруун"})
        services.producer_save(row, at=AT)
    makers = {"p0": 2_000, "p1": 2_000, "p2": 2_000, "m3": 4_000}
    services.product_origin_set(JAM, "KG-Y-barskoon", makers, at=AT)

    page = client.get(f"{ROOT}products/{JAM}/", {"lang": "en"}).text

    assert '<li>Household <span class="quiet">not named at its own wish × 3</span></li>' in page
    assert '<li>Person <span class="quiet">not named at its own wish</span></li>' in page
    assert "Жашыруун" not in page


def test_a_producer_page_names_members_who_agreed_and_counts_the_others(registry: None, client: Client) -> None:
    for code, is_public in (("aida", True), ("burul", False), ("chynar", False), ("past", True)):
        row = ProducerRow(code, "person", "KG-Y-barskoon", "ky", {"ky": code.title()}, is_name_public=is_public)
        services.producer_save(row, at=AT)
    group = Producer.objects.get(code="ak-kiyiz")
    for code in ("aida", "burul", "chynar"):
        Membership.objects.create(group=group, member=Producer.objects.get(code=code))
    Membership.objects.create(group=group, member=Producer.objects.get(code="past"), until=datetime.date(2024, 12, 31))
    hidden = Producer.objects.get(code="m3")
    Producer.objects.filter(code="m3").update(kind="group")
    Membership.objects.create(group=hidden, member=Producer.objects.get(code="aida"))

    page = client.get(PRODUCER, {"lang": "en"}).text
    member = client.get(f"{ROOT}producers/aida/", {"lang": "en"}).text

    assert f'<a href="{ROOT}producers/aida/?lang=en" lang="ky">Aida</a>' in page
    assert "Not named at their own wish: 2" in page
    assert not re.search("Burul|Chynar|Past", page)
    assert f'<a href="{PRODUCER}?lang=en" lang="en">Ak Kiyiz</a>' in member
    assert "m3" not in member
    assert "Айгерим" not in member


def test_a_village_that_is_called_the_same_in_two_languages_is_named_once(registry: None, client: Client) -> None:
    PlaceName.objects.create(place_id=PlaceName.objects.get(text="Барскоон").place_id, language="ru", text="Барскоон")

    page = client.get(VILLAGE, {"lang": "en"}).text

    assert '<dd><span lang="en">Barskoon</span> · <span lang="ky">Барскоон</span></dd>' in page


def test_the_places_with_products_are_listed_from_the_country_down(registry: None, client: Client) -> None:
    services.product_origin_set(JAM, "KG-Y-barskoon", {}, at=AT)
    hide(HONEY)

    page = client.get(PLACES, {"lang": "en"}).text

    assert '<h2 lang="en">Kyrgyzstan</h2>\n<h3><a href="/plugins/ovop.origin/places/KG-Y/?lang=en" lang="en">' in page
    assert page.count("Products: 2") == 2
    assert f'<a href="{VILLAGE}?lang=en" lang="en">Barskoon</a> <span class="quiet">Products: 2</span>' in page
    # a country whose only product is hidden is not listed
    assert "Uzbekistan" not in page


def test_a_region_has_a_page_of_its_villages(registry: None, client: Client) -> None:
    page = client.get(f"{PLACES}KG-Y/", {"lang": "en"})

    assert "Barskoon" in page.text
    assert "Чимбай" not in page.text
    assert client.get(f"{PLACES}nowhere/").status_code == 404


def test_very_many_villages_are_listed_by_region_alone(
    registry: None, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ovop_origin.views.pages.VILLAGES_ON_A_PAGE", 1)

    index = client.get(PLACES, {"lang": "en"}).text
    region = client.get(f"{PLACES}KG-Y/", {"lang": "en"}).text

    assert "Issyk-Kul" in index
    assert "Karakalpakstan" in index
    assert index.count("Products: 1") == 2
    assert "Barskoon" not in index
    assert "Barskoon" in region


def test_the_index_of_an_empty_shop_says_so(db: None, client: Client) -> None:
    assert "There are no products here yet." in client.get(PLACES, {"lang": "en"}).text


# What is written is text, never markup

ATTACK = "</script><script>alert(1)</script>\u2028&"


@pytest.mark.parametrize("address", [PRODUCT, LOT_PAGE, VILLAGE, PRODUCER, PLACES])
def test_names_and_stories_are_text_wherever_they_are_shown(world: None, client: Client, address: str) -> None:
    for names in (PlaceName, ProducerName, MaterialName):
        names.objects.update(text=ATTACK)
    ProductStory.objects.update(text=ATTACK)
    known_products_store([ProductRecord(SLIPPERS, "felt-slippers", ATTACK, "ovop-felt")])

    page = client.get(address).text

    assert "&lt;/script&gt;&lt;script&gt;alert(1)" in page
    assert "<script>" not in page
    if "json" in page:
        data = data_of(page)
        assert data["name"] == data["description"] == ATTACK
        assert data["countryOfOrigin"]["name"] == ATTACK


# Caches


PUBLIC = [PRODUCT, LOT_PAGE, VILLAGE, PRODUCER, PLACES, GEOJSON, JSONLD]


@pytest.mark.parametrize("address", PUBLIC)
def test_who_has_the_very_bytes_is_told_so(world: None, client: Client, address: str) -> None:
    first = client.get(address, {"lang": "en"})
    again = client.get(address, {"lang": "en"}, headers={"if-none-match": f'"other", {first["ETag"]}'})
    kyrgyz = client.get(address, {"lang": "ky"}, headers={"if-none-match": first["ETag"]})
    head = client.head(address, {"lang": "en"})

    assert re.fullmatch(r'"[0-9a-f]{32}"', first["ETag"])
    assert (again.status_code, again.content) == (304, b"")
    assert (again["ETag"], again["Cache-Control"]) == (first["ETag"], "public, max-age=300")
    assert again["Vary"] == "Accept-Language"
    assert kyrgyz.status_code == 200
    assert kyrgyz["ETag"] != first["ETag"]
    assert (head.status_code, head.content, head["ETag"]) == (200, b"", first["ETag"])
    assert client.post(address).status_code == 405


@pytest.mark.parametrize("address", PUBLIC)
def test_what_has_changed_is_sent_again(world: None, client: Client, address: str) -> None:
    first = client.get(address, {"lang": "en"})
    PlaceName.objects.filter(place__code="KG-Y-barskoon").update(text="Renamed")
    PlaceName.objects.filter(place__code="UZ-QR-chimbay").update(text="Renamed too")

    again = client.get(address, {"lang": "en"}, headers={"if-none-match": first["ETag"]})

    assert again.status_code == 200
    assert "Renamed" in again.text


@pytest.mark.parametrize("language", LANGUAGE_TAGS)
@pytest.mark.parametrize("address", PUBLIC)
def test_every_page_is_there_in_every_language(world: None, client: Client, address: str, language: str) -> None:
    response = client.get(address, {"lang": language})

    assert response.status_code == 200
    assert response["Content-Language"] == language
    if response["Content-Type"].startswith("text/html"):
        assert f'<html lang="{language}">' in response.text


def test_pages_and_maps_take_a_constant_number_of_queries(
    world: None, client: Client, django_assert_num_queries: Any
) -> None:
    def counted() -> None:
        for address, queries in ((PRODUCT, 21), (LOT_PAGE, 28), (PLACES, 5), (GEOJSON, 8), (JSONLD, 20)):
            with django_assert_num_queries(queries):
                assert client.get(address).status_code == 200
        with django_assert_num_queries(13):
            client.get(PRODUCER)

    Membership.objects.create(group=Producer.objects.get(code="ak-kiyiz"), member=Producer.objects.get(code="m3"))
    counted()

    for number in range(30):
        code = f"p{number}"
        row = ProducerRow(code, "person", "UZ-QR-chimbay", "ky", {"ky": "Ай"}, is_name_public=number % 2 == 0)
        services.producer_save(row, at=AT)
        services.product_origin_set(100 + number, "UZ-QR-chimbay", {code: 10_000}, at=AT)
        producer = Producer.objects.get(code=code)
        Membership.objects.create(group=Producer.objects.get(code="ak-kiyiz"), member=producer)
        Lot.objects.get(code=LOT).contributions.create(producer=producer, quantity=1)
    known_products_store([ProductRecord(100 + number, f"n{number}", "N", "ovop-food") for number in range(30)])
    counted()


# What there is no page of


def test_an_unpublished_product_is_listed_nowhere(world: None, client: Client) -> None:
    hide(SLIPPERS)

    for address in (VILLAGE, PRODUCER, PLACES):
        page = client.get(address, {"lang": "en"})
        assert page.status_code == 200
        assert "Felt slippers" not in page.text
    village = client.get(GEOJSON, {"within": "KG"}).json()["features"][0]
    assert village["properties"]["products"] == 0


def test_an_unpublished_product_has_a_page_only_for_the_jars_already_sold(world: None, client: Client) -> None:
    jam_given_an_origin()
    hide(SLIPPERS, JAM)

    with_lots = client.get(PRODUCT)
    without = client.get(f"{ROOT}products/{JAM}/")

    assert with_lots.status_code == 200
    assert with_lots["X-Robots-Tag"] == "noindex, nofollow"
    assert client.get(LOT_PAGE).status_code == client.get(JSONLD).status_code == 200
    assert (without.status_code, without.json()["errors"][0]["code"]) == (404, "not_found")
    assert client.get(f"{ROOT}products/{JAM}/jsonld").status_code == 404


def test_a_product_that_was_never_published_has_no_page_whatever_lots_it_has(world: None, client: Client) -> None:
    never_published(SLIPPERS)

    for address in (
        PRODUCT,
        JSONLD,
        LOT_PAGE,
        f"{ROOT}01/{SLIPPERS_GTIN}",
        f"{ROOT}01/{SLIPPERS_GTIN}/10/{LOT}",
    ):
        answer = client.get(address)
        assert (answer.status_code, answer.json()["errors"][0]["code"]) == (404, "not_found")


def test_a_link_on_a_jar_leads_to_a_product_that_is_hidden_again_only_if_lots_of_it_were_made(
    world: None, client: Client
) -> None:
    hide(SLIPPERS, HONEY)

    assert client.get(f"{ROOT}01/{SLIPPERS_GTIN}").status_code == 302
    assert client.get(f"{ROOT}01/{SLIPPERS_GTIN}/10/{LOT}").status_code == 302
    assert client.get(f"{ROOT}01/{HONEY_GTIN}").status_code == 404


def test_a_product_that_the_shop_deleted_keeps_the_pages_of_its_lots(world: None, client: Client) -> None:
    KnownProduct.objects.all().delete()

    page = client.get(LOT_PAGE, {"lang": "en"})

    assert page.status_code == 200
    assert "<h1>Product</h1>" in page.text
    assert "Ak Kiyiz" in page.text
    assert client.get(PRODUCT).status_code == 200
    assert client.get(f"{ROOT}products/{HONEY}/").status_code == 404


@pytest.mark.parametrize(
    "path",
    [
        f"lots/{SLIPPERS}/none/",
        f"lots/{HONEY}/{LOT}/",
        f"lots/999/{LOT}/",
        f"lots/99999999999999999999/{LOT}/",
        "products/999/jsonld",
        f"products/{JAM}/jsonld",
        "01/04780000000021/",
        f"01/{SLIPPERS_GTIN}/10/none",
        f"01/{HONEY_GTIN}/10/{LOT}",
        "villages.geojson?within=nowhere",
        "villages.geojson?within=",
        "villages.geojson?within=%00",
        "villages/%00/",
        "producers/%00/",
        "places/%00/",
        f"lots/{SLIPPERS}/%00/",
        f"01/{SLIPPERS_GTIN}/10/%00",
    ],
)
def test_what_nobody_knows_does_not_exist(world: None, client: Client, path: str) -> None:
    program, person = client.get(ROOT + path), client.get(ROOT + path, headers=HTML)

    assert program.status_code == person.status_code == 404
    assert program.json()["errors"][0]["code"] == "not_found"
    assert "<code>not_found</code>" in person.text


# GS1 Digital Links


@pytest.mark.parametrize(
    ("path", "leads_to"),
    [
        (f"01/{SLIPPERS_GTIN}", PRODUCT),
        (f"01/{SLIPPERS_GTIN}/", PRODUCT),
        (f"01/{SLIPPERS_GTIN[1:]}/", PRODUCT),
        (f"01/{HONEY_GTIN}", f"{ROOT}products/{HONEY}/"),
        (f"01/{SLIPPERS_GTIN}/10/{LOT}", LOT_PAGE),
        (f"01/{SLIPPERS_GTIN}/10/{LOT}/", LOT_PAGE),
        (f"01/{SLIPPERS_GTIN}/10/{LOT}?lang=ja&x=1", f"{LOT_PAGE}?lang=ja&x=1"),
    ],
)
def test_a_digital_link_leads_to_the_page(world: None, client: Client, path: str, leads_to: str) -> None:
    response = client.get(ROOT + path)

    assert (response.status_code, response["Location"]) == (302, leads_to)
    assert response["Cache-Control"] == "public, max-age=300"
    assert client.head(ROOT + path).status_code == 302
    assert client.get(response["Location"]).status_code == 200


@pytest.mark.parametrize("gtin", ["04600000000016", "4600000000016", "12345", "abc", "0460000000001%20"])
def test_a_mistyped_number_is_refused_clearly(world: None, client: Client, gtin: str) -> None:
    program = client.get(f"{ROOT}01/{gtin}/10/{LOT}")
    person = client.get(f"{ROOT}01/{gtin}", {"lang": "en"}, headers=HTML)

    assert program.status_code == person.status_code == 400
    assert program.json()["errors"][0]["code"] == "invalid_gtin"
    assert "its length or its check digit is wrong" in person.text


# JSON-LD


def test_the_page_carries_the_same_jsonld_as_its_own_address(world: None, client: Client) -> None:
    page = client.get(PRODUCT, {"lang": "ky"})
    alone = client.get(JSONLD, {"lang": "ky"})

    assert alone["Content-Type"] == "application/ld+json"
    assert data_of(page.text) == alone.json()
    assert alone.json()["url"] == f"http://testserver{PRODUCT}"
    assert alone.json()["name"] == "Кийиз тапичке"
    assert alone.json()["hasCertification"]["certificationIdentification"] == "B/1"
    assert "script" not in page["Content-Security-Policy"]


def test_the_addresses_in_it_are_the_hosts_public_ones(
    world: None, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OVOP_PUBLIC_URL", "https://shop.example/")

    data = client.get(JSONLD).json()

    assert data["url"] == f"https://shop.example{PRODUCT}"
    assert data["hasCertification"]["url"].startswith("https://shop.example/plugins/ovop.certification/")
    picture = data["hasCertification"]["logo"]["contentUrl"]
    assert picture.startswith("https://shop.example/plugins/ovop.certification/badges/")
    badge = client.get(picture.removeprefix("https://shop.example"))
    assert (badge.status_code, badge["Content-Type"]) == (200, "image/png")


def test_the_page_shows_the_badges_and_leads_to_the_pages_of_the_certificates(world: None, client: Client) -> None:
    text = client.get(PRODUCT, {"lang": "ky"}).text

    (badge,) = re.findall(r'<img src="([^"]+)" width="240" height="96"', text)
    assert "lang=ky" in badge
    assert client.get(badge.replace("&amp;", "&"))["Content-Type"] == "image/png"


# GeoJSON


def test_villages_are_told_as_geojson(world: None, client: Client) -> None:
    response = client.get(GEOJSON, {"lang": "ky"})

    assert response["Content-Type"] == "application/geo+json"
    # the village without coordinates is not on the map
    assert response.json() == {
        "type": "FeatureCollection",
        "features": [
            {
                "type": "Feature",
                "id": "KG-Y-barskoon",
                "geometry": {"type": "Point", "coordinates": [77.61, 42.16]},
                "properties": {
                    "code": "KG-Y-barskoon",
                    "name": "Барскоон",
                    "language": "ky",
                    "names": {"en": "Barskoon", "ky": "Барскоон"},
                    "region": "KG-Y",
                    "region_name": "Ысык-Көл облусу",
                    "country": "KG",
                    "country_name": "Кыргызстан",
                    "products": 1,
                    "producers": 1,
                    "url": f"http://testserver{VILLAGE}",
                },
            }
        ],
    }


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ({"within": "KG"}, 1),
        ({"within": "KG-Y-jeti-oguz"}, 1),
        ({"within": "KG-Y-barskoon"}, 1),
        ({"within": "UZ"}, 0),
        ({"bbox": "77,42,78,43"}, 1),
        ({"bbox": "77.61,42.16,77.61,42.16"}, 1),
        ({"bbox": "42,77,43,78"}, 0),
        ({"bbox": "78,42,77,43"}, 0),
        ({"bbox": "77,42,-170,43"}, 1),
        ({"bbox": "-180,-90,180,90", "within": "UZ"}, 0),
    ],
)
def test_villages_are_found_within_a_place_and_a_box(
    registry: None, client: Client, query: dict[str, str], count: int
) -> None:
    assert len(client.get(GEOJSON, query).json()["features"]) == count


@pytest.mark.parametrize(
    "box", ["", "1,2,3", "1,2,3,4,5", "a,b,c,d", "77,43,78,42", "181,0,182,1", "0,-91,1,0", "nan,0,1,1", "inf,0,1,1"]
)
def test_a_bad_box_is_refused_with_a_code(registry: None, client: Client, box: str) -> None:
    response = client.get(GEOJSON, {"bbox": box})

    assert response.status_code == 400
    assert response.json()["errors"][0] == {
        "code": "invalid_box",
        "message": "A box is four numbers in degrees: west,south,east,north.",
        "field": "bbox",
        "params": {"value": box},
    }
