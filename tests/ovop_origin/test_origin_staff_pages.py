"""The registry's pages for staff: who may see them, what they show, what their forms do."""

import datetime
import io
import re
import uuid
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import get_resolver
from django.utils import timezone
from openpyxl import load_workbook
from origin_world import (
    APP,
    AT,
    HONEY,
    INSIDERS,
    JAM,
    OUTSIDERS,
    SLIPPERS,
    STAFF,
    TABLES,
    client_for,
    stored_rows,
)

from ovop_origin import errors, selectors, services
from ovop_origin.models import Lot, Producer, RegistryUpload
from ovop_origin.records import LotRow, ProducerRow
from ovop_origin.services import uploads
from ovop_origin.shop_check import Difference, UnplacedCategory, set_shop_check
from ovop_origin.staff_views.problem_texts import PROBLEM_TEXTS
from ovop_shared.errors import OvopError
from ovop_shared.requester import ANONYMOUS, MANAGE_PRODUCTS, Requester, RequesterKind
from ovop_standalone.middleware import COOKIE as HOST_COOKIE
from ovop_standalone.tokens import make_token

ROOT = "/plugins/ovop.origin/"
HTML = {"accept": "text/html"}

PAGES = {
    "staff-overview": "staff/",
    "staff-products": "staff/products/",
    "staff-product": f"staff/products/{SLIPPERS}/",
    "staff-files": "staff/files/",
    "staff-producers": "staff/producers/",
    "staff-producer": "staff/producers/m3/",
}
DOWNLOADS = {
    "staff-export": "staff/export/registry.zip",
    "staff-labels": f"staff/products/{SLIPPERS}/labels/?size=58x40&first=en",
}
FORMS = {
    "staff-origin": f"staff/products/{SLIPPERS}/origin/",
    "staff-origin-remove": f"staff/products/{SLIPPERS}/origin/remove/",
    "staff-lot": f"staff/products/{SLIPPERS}/lots/",
    "staff-load": f"staff/files/{uuid.UUID(int=7)}/load/",
}
OTHER_HOSTS = {"staff-differences": "staff/differences/"}
UPLOADED = {
    "staff-review": f"staff/files/{uuid.UUID(int=7)}/",
    "staff-review-file": f"staff/files/{uuid.UUID(int=7)}/changes.csv",
}
OPEN_TO_ALL = {"staff-enter", "staff-leave"}


def staff_url_names() -> Iterator[str]:
    for pattern in get_resolver("ovop_origin.urls").url_patterns:
        name = getattr(pattern, "name", "")
        if name.startswith("staff"):
            yield name


def test_the_tables_below_hold_every_staff_page() -> None:
    assert (
        set(staff_url_names())
        == set(PAGES) | set(DOWNLOADS) | set(FORMS) | set(UPLOADED) | set(OTHER_HOSTS) | OPEN_TO_ALL
    )


@pytest.mark.parametrize("name", [*PAGES, *DOWNLOADS, *UPLOADED, *OTHER_HOSTS])
@pytest.mark.parametrize("requester", OUTSIDERS)
def test_outsiders_see_no_page_of_staff(registry: None, requester: Requester, name: str) -> None:
    response = client_for(requester).get(ROOT + (PAGES | DOWNLOADS | UPLOADED | OTHER_HOSTS)[name])

    anonymous = requester == ANONYMOUS
    assert response.status_code == (401 if anonymous else 403)
    assert response.json()["errors"][0]["code"] == ("authentication_required" if anonymous else "permission_denied")
    assert "Айгерим" not in response.text


@pytest.mark.parametrize("name", [*FORMS, "staff-files"])
@pytest.mark.parametrize("requester", OUTSIDERS)
def test_outsiders_forms_change_nothing(registry: None, requester: Requester, name: str) -> None:
    before = stored_rows()

    response = client_for(requester).post(ROOT + (FORMS | PAGES)[name], origin_data())

    anonymous = requester == ANONYMOUS
    assert response.status_code == (401 if anonymous else 403)
    assert response.json()["errors"][0]["code"] == ("authentication_required" if anonymous else "permission_denied")
    assert stored_rows() == before
    assert not RegistryUpload.objects.exists()


@pytest.mark.parametrize("name", DOWNLOADS)
@pytest.mark.parametrize("requester", INSIDERS)
def test_those_who_manage_products_download(registry: None, requester: Requester, name: str) -> None:
    response = client_for(requester).get(ROOT + DOWNLOADS[name])

    assert (response.status_code, response["Cache-Control"]) == (200, "private, no-store")
    assert len(b"".join(response.streaming_content)) == int(response["Content-Length"])


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


@dataclass(frozen=True)
class Shop:
    """A shop that differs in so many things."""

    found: tuple[Difference, ...]

    def differences(self) -> Iterator[Difference]:
        return iter(self.found)

    def unplaced(self) -> tuple[UnplacedCategory, ...]:
        return ()


@pytest.fixture
def shown_by_shop() -> Iterator[Callable[..., str]]:
    """The page of differences of a shop with these."""

    def page(*found: Difference) -> str:
        set_shop_check(Shop(found))
        assert "/staff/differences/" in client_for(STAFF).get(f"{ROOT}staff/").text
        return client_for(STAFF).get(f"{ROOT}staff/differences/").text

    yield page
    set_shop_check(None)


def test_differences_between_shop_and_registry_are_listed(registry: None, shown_by_shop: Callable[..., str]) -> None:
    kinds = ("differs", "pick", "conflict", "stray", "gone")
    found = [Difference("product", f"slug-{kind}", "village", "<A>", "B", kind) for kind in kinds]

    page = shown_by_shop(*found)
    many = shown_by_shop(*[Difference("product", f"slug-{number}", "", "", "") for number in range(201)])

    assert page.count("&lt;A&gt;") == 5
    assert all(f"slug-{kind}" in page for kind in kinds)
    assert "ovop_origin_check" not in page
    assert "ovop_origin_check" in many
    assert "slug-200" not in many
    assert "The shop shows what the registry holds." in shown_by_shop()


def test_where_there_is_no_shop_there_is_nothing_to_compare(registry: None) -> None:
    assert client_for(STAFF).get(f"{ROOT}staff/differences/").status_code == 404
    assert "/staff/differences/" not in client_for(STAFF).get(f"{ROOT}staff/").text


# what pages of the public and programs alone are refused, and what a page says in words of its own
NOT_IN_FORMS = {
    "invalid_box",
    "invalid_cursor",
    "invalid_distance",
    "outcome_changed",
    "too_many_ids",
    "invalid_page_size",
    "too_many_languages",
    "unknown_upload",
}


def test_every_rule_a_form_or_a_file_can_break_has_a_sentence() -> None:
    codes = {each.code for each in vars(errors).values() if isinstance(each, type) and issubclass(each, OvopError)}

    missing = codes - set(PROBLEM_TEXTS) - NOT_IN_FORMS - {OvopError.code}

    assert missing == set()


# the forms of a product


def origin_data(**changes: Any) -> dict[str, Any]:
    page = client_for(STAFF).get(f"{ROOT}staff/products/{SLIPPERS}/").text
    seen = re.search('name="seen" value="([^"]+)"', page)
    assert seen is not None
    return {
        "village": "KG-Y-barskoon",
        "producer": ["ak-kiyiz", "m3", ""],
        "share": ["66.67", "33,33 %", ""],
        "has_makers": "1",
        "story_language": ["en", "ky", ""],
        "story": ["New story", "Жаңы баян", ""],
        "gtins": "",
        "seen": seen[1],
    } | changes


def post_origin(**changes: Any) -> Any:
    return client_for(STAFF).post(f"{ROOT}staff/products/{SLIPPERS}/origin/", origin_data(**changes))


def test_an_origin_is_saved_and_the_page_says_so(registry: None) -> None:
    response = post_origin(
        village="ШЫМБАЙ", producer=["Boyan", "m3"], share=["50", "50.00"], gtins="4006381333931, 96385074"
    )

    assert response.status_code == 303
    assert response["Location"].startswith(f"{ROOT}staff/products/{SLIPPERS}/?lang=en&done=origin#done")
    origin = selectors.product_origins([SLIPPERS])[SLIPPERS]
    assert (origin.village_code, [(maker.producer_code, maker.share) for maker in origin.makers]) == (
        "UZ-QR-chimbay",
        [("boyan", 5_000), ("m3", 5_000)],
    )
    details = selectors.product_details([SLIPPERS])[SLIPPERS]
    assert details.stories == {"en": "New story", "ky": "Жаңы баян"}
    assert details.gtins == ("00000096385074", "04006381333931")
    page = client_for(STAFF).get(response["Location"]).text
    assert "The origin is saved." in page
    assert '<div lang="ky"><p>Жаңы баян</p></div>' in page
    assert 'rows="5" lang="ky">Жаңы баян</textarea>' in page


def test_an_emptied_story_is_taken_away(registry: None) -> None:
    assert post_origin(story=[" ", "Жаңы баян", ""]).status_code == 303

    assert selectors.product_stories([SLIPPERS]) == {SLIPPERS: {"ky": "Жаңы баян"}}


def test_the_form_as_it_is_shown_changes_nothing(registry: None) -> None:
    before = stored_rows()

    assert post_origin(story=["Felted by two.\r\n\r\nDyed with <yarrow>.", "Экөө баскан.", ""]).status_code == 303

    assert stored_rows() == before


def post_removal(**changes: Any) -> Any:
    data = {"seen": origin_data()["seen"]} | changes
    return client_for(STAFF).post(f"{ROOT}staff/products/{SLIPPERS}/origin/remove/", data)


def test_an_origin_is_taken_away_and_the_page_says_so(registry: None) -> None:
    others = [row for row in stored_rows()[4] if row["product_pk"] != SLIPPERS]

    response = post_removal()

    assert response.status_code == 303
    assert "The origin is taken away." in client_for(STAFF).get(response["Location"]).text
    assert not selectors.has_origin(SLIPPERS)
    assert stored_rows()[4] == others


def test_the_origin_of_a_product_with_lots_or_changed_meanwhile_stays(registry: None) -> None:
    before = stored_rows()
    stale = post_removal(seen="before")
    assert (stale.status_code, stored_rows()) == (409, before)
    assert "Somebody else has changed" in stale.text

    lot = LotRow("", "L-1", datetime.date(2025, 5, 20))
    services.lot_save(SLIPPERS, lot, at=AT)
    refused = post_removal()

    assert (refused.status_code, stored_rows()) == (409, before)
    assert "<code>origin_has_lots</code>" in refused.text
    assert "Take the origin away" not in client_for(STAFF).get(f"{ROOT}staff/products/{SLIPPERS}/").text


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"village": "Nowhere"}, "unknown_place"),
        ({"village": "KG-Y"}, "not_a_village"),
        ({"village": ""}, "unknown_place"),
        ({"producer": ["nobody"], "share": ["100"]}, "unknown_producer"),
        ({"producer": ["m3"], "share": ["99.99"]}, "shares_do_not_add_up"),
        ({"producer": ["m3"], "share": ["100.001"]}, "invalid_share"),
        ({"producer": ["m3"], "share": ["all"]}, "invalid_share"),
        ({"producer": ["m3", "ak-kiyiz"], "share": ["0", "100"]}, "invalid_share"),
        ({"producer": ["m3", "Айгерим"], "share": ["50", "50"]}, "duplicate_maker"),
        ({"gtins": "4006381333932"}, "invalid_gtin"),
        ({"story_language": ["", "ky"]}, "unknown_language"),
        ({"story_language": ["ky", "ky"]}, "duplicate_row"),
        ({"story": ["New story" * 4_000, ""]}, "invalid_text"),
        ({"seen": "before"}, "changed_meanwhile"),
    ],
)
def test_a_refused_origin_changes_nothing_and_keeps_what_was_typed(
    registry: None, changes: dict[str, Any], code: str
) -> None:
    before = stored_rows()

    response = post_origin(**changes)

    assert response.status_code == (409 if code == "changed_meanwhile" else 400)
    assert f"<code>{code}</code>" in response.text
    assert stored_rows() == before
    if code != "changed_meanwhile":
        assert "New story" in response.text


def test_a_name_of_two_producers_has_to_be_made_clear(registry: None) -> None:
    services.producer_save(ProducerRow("m4", "person", "KG-Y-barskoon", "ru", {"ru": "Айгерим"}), at=AT)

    response = post_origin(producer=["Айгерим"], share=["100"])

    assert response.status_code == 400
    assert "may be m3, m4" in response.text
    assert "<code>ambiguous_name</code>" in response.text


def test_two_who_correct_the_same_product_at_once_do_not_overwrite_each_other(registry: None) -> None:
    mine = origin_data(story=["Mine"])
    assert post_origin(story=["The other's"]).status_code == 303

    response = client_for(STAFF).post(f"{ROOT}staff/products/{SLIPPERS}/origin/", mine)

    assert response.status_code == 409
    assert selectors.product_stories([SLIPPERS]) == {SLIPPERS: {"en": "The other's"}}
    assert "The other&#x27;s</textarea>" in response.text


def test_a_form_without_makers_leaves_many_makers_alone(registry: None) -> None:
    for number in range(70):
        row = ProducerRow(f"p{number:02}", "person", "KG-Y-barskoon", "ru", {"ru": "Имя"})
        services.producer_save(row, at=AT)
    makers = {f"p{number:02}": 142 for number in range(70)} | {"m3": 60}
    services.product_origin_set(SLIPPERS, "KG-Y-barskoon", makers, at=AT)
    data = origin_data(village="UZ-QR-chimbay")
    del data["has_makers"]

    response = client_for(STAFF).post(f"{ROOT}staff/products/{SLIPPERS}/origin/", data)

    assert response.status_code == 303
    origin = selectors.product_origins([SLIPPERS])[SLIPPERS]
    assert origin.village_code == "UZ-QR-chimbay"
    assert {maker.producer_code: maker.share for maker in origin.makers} == makers


def lot_data(**changes: Any) -> dict[str, Any]:
    return {
        "code": "L-1",
        "made_on": "2025-05-01",
        "village": "",
        "producer": ["ak-kiyiz", "m3", ""],
        "quantity": ["120", "", ""],
    } | changes


def post_lot(**changes: Any) -> Any:
    return client_for(STAFF).post(f"{ROOT}staff/products/{SLIPPERS}/lots/", lot_data(**changes))


def test_a_lot_is_added_with_what_was_accepted(registry: None) -> None:
    assert post_lot(producer=["ak-kiyiz", "Айгерим"], quantity=["120", "30"]).status_code == 303

    lot = selectors.lot(SLIPPERS, "L-1")
    assert lot is not None
    assert (lot.village_code, lot.made_on, lot.quantity) == ("KG-Y-barskoon", datetime.date(2025, 5, 1), 150)
    assert [(each.producer_code, each.quantity) for each in lot.contributions] == [("ak-kiyiz", 120), ("m3", 30)]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"code": "L 1"}, "invalid_lot_code"),
        ({"made_on": "1 May"}, "invalid_date"),
        ({"made_on": "2999-01-01"}, "made_in_the_future"),
        ({"village": "Nowhere"}, "unknown_place"),
        ({"quantity": ["many", "", ""]}, "invalid_quantity"),
        ({"quantity": ["0", "", ""]}, "invalid_quantity"),
        ({"producer": ["nobody"], "quantity": ["1"]}, "unknown_producer"),
        ({"producer": ["m3", "m3"], "quantity": ["1", "2"]}, "duplicate_contribution"),
    ],
)
def test_a_refused_lot_is_not_added(registry: None, changes: dict[str, Any], code: str) -> None:
    response = post_lot(**changes)

    assert response.status_code == 400
    assert f"<code>{code}</code>" in response.text
    assert not Lot.objects.exists()


@pytest.mark.parametrize(("kind", "start"), [("pdf", b"%PDF-"), ("png", b"\x89PNG")])
def test_labels_are_downloaded(registry: None, kind: str, start: bytes) -> None:
    query = {"size": "58x40", "first": "en", "second": "ky", "copies": "2", "start": "1", "format": kind}
    response = client_for(STAFF).get(f"{ROOT}staff/products/{SLIPPERS}/labels/", query)

    assert response.status_code == 200
    assert b"".join(response.streaming_content).startswith(start)
    assert f"felt-slippers-58x40.{kind}" in response["Content-Disposition"]


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({"size": "1x1"}, "unknown_label_size"),
        ({"first": "xx"}, "unknown_language"),
        ({"copies": "many"}, "invalid_label_count"),
        ({"copies": "0"}, "invalid_label_count"),
        ({"copies": "99999"}, "invalid_label_count"),
        ({"start": "2"}, "invalid_label_count"),
        ({"lot": "none"}, "unknown_lot"),
        ({"first": ""}, "unknown_language"),
    ],
)
def test_refused_labels_are_a_page_that_says_why(registry: None, query: dict[str, str], code: str) -> None:
    asked = {"size": "58x40", "first": "en"} | query
    response = client_for(STAFF).get(f"{ROOT}staff/products/{SLIPPERS}/labels/", asked)

    assert response.status_code == 400
    assert f"<code>{code}</code>" in response.text


def test_a_browsers_form_needs_its_token_on_this_host_too(registry: None) -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.cookies[HOST_COOKIE] = make_token(STAFF, at=timezone.now())
    data = origin_data(story=["By form"])
    address = f"{ROOT}staff/products/{SLIPPERS}/origin/"

    refused = browser.post(address, data)
    page = browser.get(f"{ROOT}staff/products/{SLIPPERS}/").text
    token = re.search('name="csrfmiddlewaretoken" value="([^"]+)"', page)
    assert token is not None
    taken = browser.post(address, data | {"csrfmiddlewaretoken": token[1]})

    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (403, "csrf_failed")
    assert taken.status_code == 303


# import and export


def upload(name: str, text: str, requester: Requester = STAFF) -> Any:
    file = SimpleUploadedFile(name, text.encode())
    return client_for(requester).post(f"{ROOT}staff/files/", {"files": [file]})


RENAMED = "code,name:en\nak-kiyiz,White Felt\nm3,Aigerim\n"


def reviewed(text: str = RENAMED, name: str = "producers.csv") -> tuple[str, str, dict[str, str]]:
    """The address of the review, its page, and what its button posts."""
    response = upload(name, text)
    assert response.status_code == 303
    address = response["Location"].partition("?")[0]
    page = client_for(STAFF).get(address).text
    return address, page, dict(re.findall('name="(sha256|outcome)" value="([^"]+)"', page))


def test_an_import_shows_its_differences_and_writes_nothing(registry: None) -> None:
    before = stored_rows()

    address, page, button = reviewed()

    assert stored_rows() == before
    assert ">Ak Kiyiz<" in page
    assert ">White Felt<" in page
    assert set(button) == {"sha256", "outcome"}
    listing = client_for(STAFF).get(f"{address}changes.csv")
    assert b"".join(listing.streaming_content).decode("utf-8-sig").splitlines() == [
        "section,key,field,before,after",
        "producers,ak-kiyiz,name:en,Ak Kiyiz,White Felt",
        "producers,m3,name:en,,Aigerim",
    ]
    assert stored_rows() == before


def test_what_was_reviewed_is_loaded_once(registry: None) -> None:
    address, _, button = reviewed()

    loaded = client_for(STAFF).post(f"{address}load/", button)
    again = client_for(STAFF).post(f"{address}load/", button)

    assert (loaded.status_code, again.status_code) == (303, 404)
    assert "Producers: 2" in client_for(STAFF).get(loaded["Location"]).text
    assert selectors.producers(["ak-kiyiz"])["ak-kiyiz"].names["en"] == "White Felt"
    assert not RegistryUpload.objects.exists()


def test_an_import_of_which_one_row_is_bad_loads_nothing(registry: None) -> None:
    text = RENAMED + "m3,Twice\nboyan,Boyan\n"
    before = stored_rows()

    address, page, button = reviewed(text)
    loaded = client_for(STAFF).post(f"{address}load/", {"sha256": "x", "outcome": "x"})

    assert button == {}
    assert '<code class="quiet">duplicate_row</code>' in page
    assert loaded.status_code == 409
    assert "<code>registry_refused</code>" in loaded.text
    assert stored_rows() == before
    listing = client_for(STAFF).get(f"{address}problems.csv")
    lines = b"".join(listing.streaming_content).decode("utf-8-sig").splitlines()
    assert lines[0] == "file,row,column,code,value,message"
    assert [line.split(",")[:4] for line in lines[1:]] == [["producers.csv", "4", "code", "duplicate_row"]]


def test_a_registry_that_changed_meanwhile_is_looked_at_again(registry: None) -> None:
    address, _, button = reviewed()
    Producer.objects.get(code="ak-kiyiz").names.filter(language="en").update(text="Somebody else's")
    before = stored_rows()

    response = client_for(STAFF).post(f"{address}load/", button)

    assert response.status_code == 409
    assert "<code>outcome_changed</code>" in response.text
    assert "Somebody else&#x27;s" in response.text
    assert stored_rows() == before
    now = dict(re.findall('name="(sha256|outcome)" value="([^"]+)"', response.text))
    assert client_for(STAFF).post(f"{address}load/", now).status_code == 303


def test_a_change_elsewhere_does_not_stand_in_the_way(registry: None) -> None:
    address, _, button = reviewed()
    services.product_origin_set(JAM, "KG-Y-barskoon", {}, at=AT)

    assert client_for(STAFF).post(f"{address}load/", button).status_code == 303


def test_other_files_than_the_reviewed_ones_are_not_loaded(registry: None) -> None:
    address, _, button = reviewed()
    before = stored_rows()

    response = client_for(STAFF).post(f"{address}load/", button | {"sha256": "0" * 64})

    assert (response.status_code, stored_rows()) == (409, before)


@pytest.mark.parametrize(
    "requester", [APP, Requester(RequesterKind.STAFF, "b@example.com", "9", frozenset({MANAGE_PRODUCTS}))]
)
def test_an_upload_is_its_uploaders_only(registry: None, requester: Requester) -> None:
    address, _, button = reviewed()
    before = stored_rows()
    other = client_for(requester)

    answers = [other.get(address), other.get(f"{address}changes.csv"), other.post(f"{address}load/", button)]

    assert [(each.status_code, each.json()["errors"][0]["code"]) for each in answers] == [(404, "unknown_upload")] * 3
    assert stored_rows() == before


def test_an_upload_is_forgotten_after_a_day(registry: None) -> None:
    address, _, button = reviewed()
    RegistryUpload.objects.update(uploaded_at=timezone.now() - datetime.timedelta(days=1))

    assert client_for(STAFF).post(f"{address}load/", button).status_code == 404
    upload("producers.csv", RENAMED)
    assert RegistryUpload.objects.count() == 1


def test_files_that_change_nothing_offer_no_button(registry: None) -> None:
    _, page, button = reviewed("code,name:en\nak-kiyiz,Ak Kiyiz\n")

    assert "These files change nothing" in page
    assert button == {}


@pytest.mark.parametrize(
    ("name", "text", "code"),
    [
        ("producers.txt", "x", "unreadable_file"),
        ("people.csv", "code\nx\n", "unknown_table"),
        ("producers.csv", "code,shoe_size\nm3,40\n", "unknown_column"),
        ("producers.xlsx", "no workbook", "unreadable_file"),
    ],
)
def test_files_that_cannot_be_read_say_why(registry: None, name: str, text: str, code: str) -> None:
    _, page, button = reviewed(text, name)

    assert f"{code}</code>" in page
    assert button == {}


def test_an_upload_without_files_or_with_too_much_is_refused(registry: None, monkeypatch: pytest.MonkeyPatch) -> None:
    nothing = client_for(STAFF).post(f"{ROOT}staff/files/", {})
    monkeypatch.setattr(uploads, "UPLOAD_MAX_BYTES", 10)
    too_much = upload("producers.csv", RENAMED)

    assert [each.status_code for each in (nothing, too_much)] == [400, 400]
    assert "<code>no_file</code>" in nothing.text
    assert "<code>file_too_large</code>" in too_much.text
    assert not RegistryUpload.objects.exists()


def test_several_files_of_one_name_are_kept_apart(registry: None) -> None:
    files = [
        SimpleUploadedFile("producers.csv", b"code,name:en\nm3,Aigerim\n"),
        SimpleUploadedFile("producers.csv", b"code,name:en\nboyan,Liquorice\n"),
    ]
    response = client_for(STAFF).post(f"{ROOT}staff/files/", {"files": files})

    page = client_for(STAFF).get(response["Location"]).text
    assert "Aigerim" in page
    assert "Liquorice" in page


def exported(kind: str) -> bytes:
    response = client_for(STAFF).get(f"{ROOT}staff/export/registry.{kind}")
    assert response["Content-Disposition"].endswith(f".{kind}")
    return b"".join(response.streaming_content)


def test_an_export_imported_again_changes_nothing(registry: None) -> None:
    before = stored_rows()
    for kind in ("zip", "xlsx"):
        file = SimpleUploadedFile(f"registry.{kind}", exported(kind))
        response = client_for(STAFF).post(f"{ROOT}staff/files/", {"files": [file]})
        assert "These files change nothing" in client_for(STAFF).get(response["Location"]).text
    assert stored_rows() == before
    assert len(TABLES) == len(before)


def test_both_exports_hold_every_table(registry: None) -> None:
    with zipfile.ZipFile(io.BytesIO(exported("zip"))) as archive:
        names = {name.removesuffix(".csv") for name in archive.namelist()}
    workbook = load_workbook(io.BytesIO(exported("xlsx")), read_only=True)
    sheets = set(workbook.sheetnames)
    workbook.close()

    assert names == sheets
    assert {"places", "producers", "products", "makers", "lots"} <= names
