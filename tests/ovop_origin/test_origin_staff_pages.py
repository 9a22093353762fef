"""The registry's pages for staff: who may see them, what they show, what their forms do."""

from collections.abc import Iterator

import pytest
from django.test import Client
from django.urls import get_resolver
from origin_world import APP, HONEY, INSIDERS, JAM, OUTSIDERS, SLIPPERS, STAFF, client_for

from ovop_shared.requester import ANONYMOUS, Requester

ROOT = "/plugins/ovop.origin/"
HTML = {"accept": "text/html"}

PAGES = {
    "staff-overview": "staff/",
    "staff-products": "staff/products/",
    "staff-product": f"staff/products/{SLIPPERS}/",
    "staff-producers": "staff/producers/",
    "staff-producer": "staff/producers/m3/",
}
FORMS: dict[str, str] = {}
OPEN_TO_ALL = {"staff-enter", "staff-leave"}


def staff_url_names() -> Iterator[str]:
    for pattern in get_resolver("ovop_origin.urls").url_patterns:
        name = getattr(pattern, "name", "")
        if name.startswith("staff"):
            yield name


def test_the_tables_below_hold_every_staff_page() -> None:
    assert set(staff_url_names()) == set(PAGES) | set(FORMS) | OPEN_TO_ALL


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("requester", OUTSIDERS)
def test_outsiders_see_no_page_of_staff(registry: None, requester: Requester, name: str) -> None:
    response = client_for(requester).get(ROOT + PAGES[name])

    anonymous = requester == ANONYMOUS
    assert response.status_code == (401 if anonymous else 403)
    assert response.json()["errors"][0]["code"] == ("authentication_required" if anonymous else "permission_denied")
    assert "Айгерим" not in response.text


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("requester", INSIDERS)
def test_those_who_manage_products_see_every_page(registry: None, requester: Requester, name: str) -> None:
    response = client_for(requester).get(ROOT + PAGES[name], headers=HTML)

    assert response.status_code == 200
    assert response["Cache-Control"] == "private, no-store"
    assert "frame-ancestors 'none'" in response["Content-Security-Policy"]
    assert response["X-Robots-Tag"] == "noindex, nofollow"


def test_nobody_is_told_how_to_sign_in_on_this_host(registry: None) -> None:
    page = Client().get(f"{ROOT}staff/", headers=HTML)

    assert (page.status_code, "Sign in with the address that the command ovop_token prints." in page.text) == (
        401,
        True,
    )


def test_entering_from_a_dashboard_is_not_for_this_host(registry: None) -> None:
    assert Client().post(f"{ROOT}staff/enter/", {"accessToken": "x"}).status_code == 404


def test_the_overview_counts_and_lists_categories_without_an_origin(registry: None) -> None:
    page = client_for(STAFF).get(f"{ROOT}staff/").text

    assert "<dt>Villages</dt><dd>2</dd>" in page
    assert "<dt>In the registry</dt><dd>3</dd><dt>Not named publicly</dt><dd>1</dd>" in page
    assert "<dt>With an origin</dt><dd>2</dd><dt>Without an origin</dt><dd>1</dd>" in page
    assert "?origin=without&amp;category=-&amp;lang=en" in page


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ({}, {SLIPPERS, JAM, HONEY}),
        ({"origin": "with"}, {SLIPPERS, HONEY}),
        ({"origin": "without"}, {JAM}),
        ({"q": "FELT"}, {SLIPPERS}),
        ({"q": "berry", "origin": "with"}, set()),
        ({"category": "-"}, {SLIPPERS, JAM, HONEY}),
        ({"category": "food"}, set()),
        ({"page": "2"}, set()),
        ({"page": "x"}, {SLIPPERS, JAM, HONEY}),
    ],
)
def test_products_are_searched(registry: None, query: dict[str, str], shown: set[int]) -> None:
    page = client_for(STAFF).get(f"{ROOT}staff/products/", query).text

    assert {pk for pk in (SLIPPERS, JAM, HONEY) if f"/staff/products/{pk}/" in page} == shown


def test_a_product_shows_makers_who_did_not_agree_to_be_named_and_their_shares(registry: None) -> None:
    page = client_for(APP).get(f"{ROOT}staff/products/{SLIPPERS}/", headers=HTML).text

    assert "Айгерим" in page
    assert "66.67 %" in page
    assert "33.33 %" in page
    assert "Dyed with &lt;yarrow&gt;." in page


def test_a_product_the_shop_has_not_is_not_found(registry: None) -> None:
    assert client_for(STAFF).get(f"{ROOT}staff/products/999/").status_code == 404
    assert client_for(STAFF).get(f"{ROOT}staff/producers/nobody/").status_code == 404


@pytest.mark.parametrize(
    ("text", "shown"), [("", {"ak-kiyiz", "m3", "boyan"}), ("кийиз", {"ak-kiyiz"}), ("M3", {"m3"}), ("%", set())]
)
def test_producers_are_searched_by_any_of_their_names(registry: None, text: str, shown: set[str]) -> None:
    page = client_for(STAFF).get(f"{ROOT}staff/producers/", {"q": text}).text

    assert {code for code in ("ak-kiyiz", "m3", "boyan") if f"/staff/producers/{code}/" in page} == shown
