"""The plugins' staff pages inside Saleor: the dashboard's extension lets staff in, and Saleor's own tables shut them out."""

import io
import re
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client
from django.utils import timezone
from saleor.account.models import Group
from saleor.app.models import App, AppExtension
from saleor.core.jwt import create_access_token, create_access_token_for_app, create_access_token_for_app_extension
from saleor.permission.models import Permission

import ovop_certification.adapter.plugin  # noqa: F401 - as Saleor does at start: the steps are registered
import ovop_origin.adapter.plugin  # noqa: F401
from ovop_origin import selectors, services
from ovop_origin.records import PlaceRow
from ovop_shared.staff_session import COOKIE

ENTER = "/plugins/ovop.origin/staff/enter/"
STAFF = "/plugins/ovop.origin/staff/"
GRAPHQL = "/plugins/ovop.origin/graphql/"


def set_up() -> str:
    output = io.StringIO()
    call_command("ovop_setup", stdout=output)
    return output.getvalue()


@pytest.fixture
def extension(db: None) -> AppExtension:
    set_up()
    return AppExtension.objects.get(url__endswith=ENTER)


@pytest.fixture
def product_staff(staff_user: Any, permission_manage_products: Any) -> Any:
    group = Group.objects.create(name="Product managers", restricted_access_to_channels=False)
    group.permissions.add(permission_manage_products)
    group.user_set.add(staff_user)
    return staff_user


def extension_token(extension: AppExtension, user: Any) -> str:
    return create_access_token_for_app_extension(
        app_extension=extension, permissions=extension.permissions.all(), user=user, app=extension.app
    )


def entered(token: str, **headers: str) -> tuple[Client, Any]:
    client = Client()
    return client, client.post(ENTER, {"accessToken": token}, headers=headers or None)


def code(response: Any) -> str:
    found: str = response.json()["errors"][0]["code"]
    return found


def test_setup_registers_one_app_with_an_entry_for_each_page_and_a_second_run_nothing(db: None) -> None:
    set_up()
    first = list(AppExtension.objects.values())
    again = set_up()

    app = App.objects.get(identifier="saleor-ovop")
    entries = {each.label: each for each in AppExtension.objects.filter(app=app)}
    assert {label: each.url.partition("/plugins/")[2] for label, each in entries.items()} == {
        "Certificates": "ovop.certification/staff/enter/",
        "Villages and producers": "ovop.origin/staff/enter/",
    }
    extension = entries["Villages and producers"]
    assert (app.type, app.is_active, [each.codename for each in app.permissions.all()]) == (
        "thirdparty",
        True,
        ["manage_products"],
    )
    assert (extension.mount, extension.target, extension.settings) == (
        "navigation_catalog",
        "new_tab",
        {"newTabTarget": {"method": "POST"}},
    )
    assert extension.url.startswith("http")
    assert extension.url.endswith(ENTER)
    assert [each.codename for each in extension.permissions.all()] == ["manage_products"]
    assert "Nothing was changed" in again
    assert list(AppExtension.objects.values()) == first


def test_setup_follows_a_moved_address_and_puts_the_permission_back(extension: AppExtension, settings: Any) -> None:
    extension.permissions.clear()
    settings.PUBLIC_URL = "https://shop.example"

    set_up()

    extension.refresh_from_db()
    assert extension.url == f"https://shop.example{ENTER}"
    assert [each.codename for each in extension.permissions.all()] == ["manage_products"]
    assert AppExtension.objects.filter(url__endswith=ENTER).count() == 1


EXTENSIONS = "{ appExtensions(first: 5) { edges { node { label url mountName targetName settings accessToken } } } }"


def test_the_dashboard_is_given_the_entry_and_a_token_that_lets_staff_in(
    extension: AppExtension, staff_api_client: Any, product_staff: Any
) -> None:
    answer = staff_api_client.post_graphql(EXTENSIONS).json()["data"]["appExtensions"]["edges"]
    (node,) = [each["node"] for each in answer if each["node"]["url"].endswith(ENTER)]
    assert (node["mountName"], node["targetName"], node["settings"]) == (
        "NAVIGATION_CATALOG",
        "NEW_TAB",
        {"newTabTarget": {"method": "POST"}},
    )

    client, response = entered(node["accessToken"])

    assert (response.status_code, response["Location"]) == (303, STAFF)
    assert client.get(STAFF).status_code == 200
    assert product_staff.email in client.get(STAFF).text


def test_staff_without_the_right_are_given_no_token(extension: AppExtension, staff_api_client: Any) -> None:
    answer = staff_api_client.post_graphql(EXTENSIONS).json()["data"]["appExtensions"]["edges"]

    assert [each["node"]["accessToken"] for each in answer] == [None, None]
    _, response = entered("")
    assert (response.status_code, code(response)) == (401, "authentication_required")


def test_other_tokens_of_the_same_person_let_nobody_in(extension: AppExtension, product_staff: Any, app: App) -> None:
    app.type = "thirdparty"
    app.save(update_fields=["type"])
    app.permissions.set(Permission.objects.filter(codename="manage_products"))
    own, other_apps = create_access_token(product_staff), create_access_token_for_app(app, product_staff)

    refused = [
        entered(token)[1] for token in (own, other_apps, "garbage", extension_token(extension, product_staff)[:-3])
    ]

    assert [(each.status_code, code(each), COOKIE in each.cookies) for each in refused] == [
        (401, "invalid_token", False)
    ] * 4


def test_a_superusers_token_without_permissions_lets_nobody_in(extension: AppExtension, superuser: Any) -> None:
    token = create_access_token_for_app_extension(
        app_extension=extension, permissions=Permission.objects.none(), user=superuser, app=extension.app
    )

    _, response = entered(token)

    assert (response.status_code, code(response)) == (403, "permission_denied")


LEDGER = "/plugins/ovop.producer_payouts/ledger/"


def test_a_superuser_gets_every_right_that_the_pages_ask_for(extension: AppExtension, superuser: Any) -> None:
    client, response = entered(extension_token(extension, superuser))

    assert response.status_code == 303
    assert [client.get(page).status_code for page in (STAFF, LEDGER)] == [200, 200]


def test_a_session_has_what_the_person_holds_now_and_not_only_the_extensions_right(
    extension: AppExtension, product_staff: Any
) -> None:
    client, _ = entered(extension_token(extension, product_staff))
    payments = Group.objects.create(name="Payments", restricted_access_to_channels=False)
    payments.permissions.add(Permission.objects.get(codename="handle_payments"))

    before = client.get(LEDGER).status_code
    payments.user_set.add(product_staff)
    given = client.get(LEDGER).status_code
    payments.user_set.remove(product_staff)
    taken = client.get(LEDGER).status_code

    assert (before, given, taken, client.get(STAFF).status_code) == (403, 200, 403, 200)


def test_rights_without_the_extensions_own_open_no_session(extension: AppExtension, staff_user: Any) -> None:
    payments = Group.objects.create(name="Payments", restricted_access_to_channels=False)
    payments.permissions.add(Permission.objects.get(codename="handle_payments"))
    payments.user_set.add(staff_user)

    _, response = entered(extension_token(extension, staff_user))

    assert response.status_code in (401, 403)
    assert COOKIE not in response.cookies


def test_a_superuser_who_is_one_no_longer_has_no_rights_left(extension: AppExtension, superuser: Any) -> None:
    client, _ = entered(extension_token(extension, superuser))

    superuser.is_superuser = False
    superuser.save()

    assert [client.get(page).status_code for page in (STAFF, LEDGER)] == [403, 403]


def test_a_customer_is_refused(extension: AppExtension, customer_user: Any) -> None:
    _, response = entered(extension_token(extension, customer_user))

    assert response.status_code in (401, 403)
    assert COOKIE not in response.cookies


@pytest.mark.parametrize(
    ("change", "status", "expected"),
    [
        ("deactivated", 401, "session_ended"),
        ("no longer staff", 401, "session_ended"),
        ("new password", 401, "session_ended"),
        ("tokens revoked", 401, "session_ended"),
        ("app deactivated", 401, "session_ended"),
        ("app removed", 401, "session_ended"),
        ("permission lost", 403, "permission_denied"),
    ],
)
def test_what_shuts_staff_out_at_once(
    extension: AppExtension, product_staff: Any, change: str, status: int, expected: str
) -> None:
    client, _ = entered(extension_token(extension, product_staff))
    assert client.get(STAFF).status_code == 200

    if change == "deactivated":
        product_staff.is_active = False
    elif change == "no longer staff":
        product_staff.is_staff = False
    elif change == "new password":
        product_staff.set_password("another one")
    elif change == "tokens revoked":
        product_staff.jwt_token_key = "another one"
    elif change == "app deactivated":
        App.objects.filter(pk=extension.app_id).update(is_active=False)
    elif change == "app removed":
        App.objects.filter(pk=extension.app_id).delete()
    else:
        for group in Group.objects.all():
            group.permissions.clear()
        product_staff.user_permissions.clear()
    product_staff.save()

    response = client.get(STAFF)

    assert (response.status_code, code(response)) == (status, expected)
    if status == 401:
        assert COOKIE not in client.cookies or not client.cookies[COOKIE].value


def test_graphql_never_takes_the_cookie(extension: AppExtension, product_staff: Any) -> None:
    client, _ = entered(extension_token(extension, product_staff))
    query = "{ producers(first: 1) { edges { node { code } } } }"
    body = {"query": query}

    by_cookie = client.post(GRAPHQL, body, content_type="application/json").json()
    anonymous = Client().post(GRAPHQL, body, content_type="application/json").json()

    assert by_cookie == anonymous


def test_a_header_leaves_the_cookie_aside(extension: AppExtension, product_staff: Any, customer_user: Any) -> None:
    client, _ = entered(extension_token(extension, product_staff))

    response = client.get(STAFF, headers={"authorization": f"Bearer {create_access_token(customer_user)}"})

    assert (response.status_code, code(response)) == (403, "permission_denied")


def test_a_form_needs_its_token_and_signing_out_works(extension: AppExtension, product_staff: Any) -> None:
    client, _ = entered(extension_token(extension, product_staff))
    page = client.get(STAFF).text
    token = page.partition('name="form_token" value="')[2].partition('"')[0]

    refused = client.post(f"{STAFF}leave/", {})
    foreign = client.post(f"{STAFF}leave/", {"form_token": token}, headers={"origin": "https://evil.example"})
    still_there = client.get(STAFF)
    left = client.post(f"{STAFF}leave/", {"form_token": token}, headers={"origin": "http://testserver"})

    assert [(each.status_code, code(each)) for each in (refused, foreign)] == [(403, "form_token_invalid")] * 2
    assert (still_there.status_code, left.status_code, client.get(STAFF).status_code) == (200, 200, 401)


def test_only_dashboards_that_saleor_allows_open_a_session(
    extension: AppExtension, product_staff: Any, settings: Any
) -> None:
    settings.ALLOWED_GRAPHQL_ORIGINS = ["https://*.shop.example"]
    token = extension_token(extension, product_staff)

    answers = [
        entered(token, origin=origin)[1].status_code
        for origin in ("https://dashboard.shop.example", "http://testserver", "https://evil.example", "null")
    ]

    assert answers == [303, 303, 403, 403]


def test_an_app_with_the_right_and_staff_with_a_token_need_no_session(
    extension: AppExtension, product_staff: Any, app: App
) -> None:
    app.permissions.set(Permission.objects.filter(codename="manage_products"))
    _, app_token = app.tokens.create(name="x")
    answers = [
        Client().get(STAFF, headers={"authorization": f"Bearer {token}"}).status_code
        for token in (app_token, create_access_token(product_staff))
    ]

    assert answers == [200, 200]


def test_staff_look_through_saleors_products_and_say_where_one_comes_from(
    extension: AppExtension, product_staff: Any, product: Any, product_list: Any, category: Any
) -> None:
    # given products of Saleor, none of which has an origin
    client, _ = entered(extension_token(extension, product_staff))
    at = timezone.now()
    rows = [
        PlaceRow("country", "KG", {"en": "Kyrgyzstan"}, code_scheme="iso3166-1"),
        PlaceRow("region", "KG-Y", {"en": "Issyk-Kul"}, code_scheme="iso3166-2", parent="KG"),
        PlaceRow("district", "KG-Y-d", {"en": "Jeti-Oguz"}, parent="KG-Y"),
        PlaceRow("village", "KG-Y-v", {"en": "Barskoon"}, parent="KG-Y-d"),
    ]
    for row in rows:
        services.place_save(row, at=at)
    overview, found = client.get(STAFF).text, client.get(f"{STAFF}products/", {"q": product.name[:5].upper()}).text
    without = f"category={category.slug}"
    assert without in overview
    assert f"{STAFF}products/{product.pk}/" in found
    assert f"{STAFF}products/{product.pk}/" not in client.get(f"{STAFF}products/", {"origin": "with"}).text

    # when
    page = client.get(f"{STAFF}products/{product.pk}/").text
    form = dict(re.findall('name="(form_token|seen)" value="([^"]+)"', page))
    data = form | {"village": "barskoon", "has_makers": "1"}
    refused = client.post(f"{STAFF}products/{product.pk}/origin/", data | {"form_token": ""})
    saved = client.post(f"{STAFF}products/{product.pk}/origin/", data)

    # then
    assert (refused.status_code, saved.status_code) == (403, 303)
    assert selectors.product_origins([product.pk])[product.pk].village_code == "KG-Y-v"
    assert f"{STAFF}products/{product.pk}/" in client.get(f"{STAFF}products/", {"origin": "with"}).text
    others = client.get(f"{STAFF}products/", {"origin": "without", "category": category.slug}).text
    assert f"{STAFF}products/{product.pk}/" not in others
    assert f"{STAFF}products/{product_list[0].pk}/" in others


def test_the_comparison_of_shop_and_registry_is_a_page(extension: AppExtension, product_staff: Any) -> None:
    client, _ = entered(extension_token(extension, product_staff))

    assert client.get(f"{STAFF}differences/").status_code == 200


def test_an_apps_own_token_opens_no_session(extension: AppExtension, permission_manage_products: Any) -> None:
    app = App.objects.create(name="Another app", is_active=True)
    app.permissions.add(permission_manage_products)
    _, token = app.tokens.create(name="its own")

    client, response = entered(token)

    assert (response.status_code, code(response)) == (401, "invalid_token")
    assert COOKIE not in client.cookies
