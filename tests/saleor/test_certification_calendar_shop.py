"""Inside Saleor: what would go offline with what the shop sold of it, and reminders by the shop's own mail server."""

import datetime
import io
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from saleor.account.models import Group, User
from saleor.core.jwt import create_access_token
from saleor.order import FulfillmentStatus, OrderEvents, OrderOrigin, OrderStatus
from saleor.order.models import Order, OrderLine
from saleor.plugins.models import PluginConfiguration
from saleor.warehouse.models import Warehouse

from ovop_certification import services, switches
from ovop_certification.adapter.plugin import CertificationPlugin  # noqa: F401 - as Saleor does at start
from ovop_certification.adapter.reminders import send_reminders
from ovop_certification.calendar.simulation import simulate_day
from ovop_certification.models import Reminder
from ovop_certification.services import registry_load
from ovop_origin.services import registry_load as origin_load
from ovop_shared.catalogue import host_catalogue
from ovop_shared.mail import host_mailer
from ovop_shared.sales import Sold, host_sales
from ovop_shared.shop_time import shop_day
from tests.mail_server import running_post

STAFF = "/plugins/ovop.certification/staff/"


def load(product: Any, last_on: datetime.date, countries: tuple[str, ...] = ()) -> None:
    registry_load(
        {
            "version": 1,
            "schemes": [{"code": "eac", "kind": "conformity", "names": {"en": "EAC declaration"}}],
            "issuing_bodies": [{"code": "body", "name": "Sample body"}],
            "markets": [
                {"code": "home", "names": {"en": "Home market"}, "channels": ["main"]},
                {"code": "abroad", "names": {"en": "Abroad"}, "countries": list(countries)},
            ],
            "requirements": [
                {
                    "market": "home",
                    "scheme": "eac",
                    "from_on": "2020-01-01",
                    "product_type": product.product_type.slug,
                }
            ],
            "certificates": [
                {
                    "scheme": "eac",
                    "issuing_body": "body",
                    "number": "EAC-1",
                    "holder": {"product": product.slug},
                    "valid_from_on": "2020-01-01",
                    "valid_until_on": last_on.isoformat(),
                    "events": [{"kind": "issued", "at": "2020-01-01T00:00:00+06:00", "actor": "Desk"}],
                }
            ],
        },
        catalogue=host_catalogue(),
        at=timezone.now(),
    )


def sell(order: Order, product: Any, quantity: int = 2, gross: str = "10.000", **changes: Any) -> OrderLine:
    """A copy of the fixtures' order with one line of the product, changed as said."""
    created_at = changes.pop("created_at", timezone.now() - datetime.timedelta(days=1))
    pattern = order.lines.first()
    copy = Order.objects.get(pk=order.pk)
    copy.pk = uuid4()
    copy._state.adding = True
    copy.number = Order.objects.order_by("-number").values_list("number", flat=True)[0] + 1
    for name, value in ({"status": OrderStatus.UNFULFILLED, "origin": OrderOrigin.CHECKOUT} | changes).items():
        setattr(copy, name, value)
    copy.save()
    Order.objects.filter(pk=copy.pk).update(created_at=created_at)
    line = OrderLine.objects.get(pk=pattern.pk)
    line.pk = uuid4()
    line._state.adding = True
    line.order = copy
    line.variant = product.variants.first()
    line.quantity = quantity
    line.total_price_gross_amount = Decimal(gross)
    line.currency = copy.currency
    line.save()
    return line


def since() -> datetime.datetime:
    return timezone.now() - datetime.timedelta(days=90)


def sold(product: Any) -> list[tuple[Any, ...]]:
    book = host_sales()
    assert book is not None
    found = book.sold_since([product.pk], since())
    assert all(isinstance(each, Sold) and each.product_pk == product.pk for each in found)
    return [
        (each.channel, each.country, each.currency, each.units, each.gross_minor, each.returned_units) for each in found
    ]


def test_lines_of_standing_orders_are_summed_up_in_whole_minor_units(
    order_with_lines: Any, product: Any, request: pytest.FixtureRequest
) -> None:
    order, channel_yen = order_with_lines, request.getfixturevalue("channel_JPY")
    country = order.shipping_address.country.code
    sell(order, product, 3, "10.005")  # Saleor's columns hold three decimals
    sell(order, product, 4, "0.004", status=OrderStatus.FULFILLED)
    sell(order, product, 5, "1.000", status=OrderStatus.RETURNED)
    sell(order, product, 7, "1200.000", currency="JPY", channel=channel_yen)
    sell(order, product, 1, "5.000", currency="GEL")
    sell(order, product, 1, "2.000", shipping_address=None)
    for status in (OrderStatus.DRAFT, OrderStatus.UNCONFIRMED, OrderStatus.CANCELED, OrderStatus.EXPIRED):
        sell(order, product, 100, "1000.000", status=status)
    sell(order, product, 100, "1000.000", created_at=since() - datetime.timedelta(minutes=1))

    assert sorted(sold(product)) == sorted(
        [
            ("main", "", "USD", 1, 200, 0),
            ("main", country, "GEL", 1, None, 0),
            ("main", country, "USD", 12, 1_101, 0),
            (channel_yen.slug, country, "JPY", 7, 1_200, 0),
        ]
    )


def test_a_draft_was_sold_when_it_became_an_order(order_with_lines: Any, product: Any) -> None:
    order = order_with_lines
    long_ago = timezone.now() - datetime.timedelta(days=200)
    for days in (10, 150):
        line = sell(order, product, days, origin=OrderOrigin.DRAFT, created_at=long_ago)
        event = line.order.events.create(type=OrderEvents.PLACED_FROM_DRAFT)
        event.date = timezone.now() - datetime.timedelta(days=days)
        event.save()

    assert [row[3] for row in sold(product)] == [10]


def test_what_is_fetched_was_sold_where_it_is_fetched(order_with_lines: Any, product: Any, address_usa: Any) -> None:
    point = Warehouse.objects.create(address=address_usa, name="Outlet", slug="outlet", email="outlet@example.com")
    sell(order_with_lines, product, 2, collection_point=point)

    assert [row[1] for row in sold(product)] == ["US"]


def test_units_that_came_back_are_shown_and_not_taken_off(order_with_lines: Any, product: Any) -> None:
    line = sell(order_with_lines, product, 9, "90.000")
    for status, quantity in (
        (FulfillmentStatus.FULFILLED, 1),
        (FulfillmentStatus.RETURNED, 2),
        (FulfillmentStatus.REFUNDED_AND_RETURNED, 3),
        (FulfillmentStatus.REFUNDED, 1),
        (FulfillmentStatus.CANCELED, 1),
    ):
        line.order.fulfillments.create(status=status).lines.create(order_line=line, quantity=quantity)

    assert [row[3:] for row in sold(product)] == [(9, 9_000, 5)]


def test_two_queries_tell_the_sales_of_any_number_of_products(order_with_lines: Any, product_list: Any) -> None:
    book = host_sales()
    assert book is not None
    for product in product_list:
        sell(order_with_lines, product)

    with CaptureQueriesContext(connection) as captured:
        found = book.sold_since([product.pk for product in product_list], since())

    assert (len(found), len(captured)) == (len(product_list), 2)


def test_a_product_that_is_to_go_offline_is_found_with_its_channel_and_sales(
    order_with_lines: Any, product: Any
) -> None:
    today = shop_day(timezone.now())
    load(product, today + datetime.timedelta(days=5), countries=("JP",))
    sell(order_with_lines, product, 3, "30.000")

    found = simulate_day(today + datetime.timedelta(days=6), timezone.now())

    (impact,) = found.offline
    assert (impact.change.product.pk, impact.change.market, impact.channels) == (product.pk, "home", ("main",))
    assert [(each.currency, each.units, each.gross_minor) for each in impact.sold] == [("USD", 3, 3_000)]
    product.channel_listings.all().delete()
    assert simulate_day(today + datetime.timedelta(days=6), timezone.now()).offline == ()


@pytest.fixture
def product_staff(staff_user: Any, permission_manage_products: Any) -> Any:
    group = Group.objects.create(name="Product managers", restricted_access_to_channels=False)
    group.permissions.add(permission_manage_products)
    group.user_set.add(staff_user)
    return staff_user


PAGES = ("calendar/", "calendar/certificates.csv", "simulation/?on={}", "simulation/offline.csv?on={}")


@pytest.mark.parametrize("path", PAGES)
def test_who_may_open_the_pages(
    path: str, product: Any, product_staff: Any, customer_user: Any, app: Any, permission_manage_products: Any
) -> None:
    load(product, shop_day(timezone.now()))
    without = User.objects.create(email="without@example.com", is_staff=True, is_active=True)
    address = STAFF + path.format(shop_day(timezone.now()) + datetime.timedelta(days=1))

    def status(bearer: str) -> int:
        return Client().get(address, headers={"authorization": f"Bearer {bearer}"}).status_code

    assert Client().get(address).status_code == 401
    assert status(create_access_token(customer_user)) == 403
    assert status(create_access_token(without)) == 403
    assert status(create_access_token(product_staff)) == 200
    _, token = app.tokens.create(name="test")
    assert status(token) == 403
    app.permissions.add(permission_manage_products)
    assert status(token) == 200


def test_reminders_leave_by_the_server_that_staff_filled_in(
    product: Any, customer_user: Any, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    monkeypatch.setattr(switches, "_source", [lambda: switches.Switches(staff_mail="desk@example.com")])
    load(product, shop_day(timezone.now()) + datetime.timedelta(days=20))
    origin_load(
        {
            "version": 1,
            "places": [
                {"kind": "country", "code": "KG", "names": {"en": "Kyrgyzstan"}},
                {"kind": "region", "code": "KG-Y", "parent": "KG", "names": {"en": "Issyk-Kul"}},
                {"kind": "district", "code": "KG-Y-d", "parent": "KG-Y", "names": {"en": "Jeti-Oguz"}},
                {"kind": "village", "code": "KG-Y-v", "parent": "KG-Y-d", "names": {"en": "Barskoon"}},
            ],
            "producers": [
                {
                    "code": "m1",
                    "kind": "person",
                    "village": "KG-Y-v",
                    "language": "ru",
                    "names": {"ru": "Айгерим"},
                    "saleor_user_id": str(customer_user.pk),
                }
            ],
            "products": [
                {"slug": product.slug, "village": "KG-Y-v", "makers": [{"producer": "m1", "share": 10000}]},
            ],
        },
        catalogue=host_catalogue(),
        at=timezone.now(),
    )
    with running_post() as post:
        PluginConfiguration.objects.create(
            identifier="mirumee.notifications.admin_email",
            name="Admin emails",
            active=True,
            channel=None,
            configuration=[
                {"name": "host", "value": "127.0.0.1"},
                {"name": "port", "value": str(post.port)},
                {"name": "username", "value": None},
                {"name": "password", "value": None},
                {"name": "sender_name", "value": "Дары сёл"},
                {"name": "sender_address", "value": "shop@example.com"},
                {"name": "use_tls", "value": False},
                {"name": "use_ssl", "value": False},
            ],
        )

        first = send_reminders()
        second = send_reminders()

    assert first == {"sent": 2, "failed": 0, "unknown": 0, "problem": ""}
    assert second == {"sent": 0, "failed": 0, "unknown": 0, "problem": ""}
    assert post.recipients() == sorted(["desk@example.com", customer_user.email])
    assert {str(mail["From"]) for mail in post.taken} == {"Дары сёл <shop@example.com>"}
    assert set(Reminder.objects.values_list("state", "days_before")) == {("sent", 30)}


def test_without_a_server_of_its_own_the_shop_sends_by_djangos_settings_or_says_it_cannot(
    db: None, product: Any, monkeypatch: pytest.MonkeyPatch, settings: Any, mailoutbox: Any
) -> None:
    monkeypatch.setattr(switches, "_source", [lambda: switches.Switches(staff_mail="desk@example.com")])
    load(product, shop_day(timezone.now()) + datetime.timedelta(days=20))
    backend = settings.EMAIL_BACKEND
    settings.EMAIL_BACKEND = ""
    assert host_mailer().problem()
    assert services.reminders_send(timezone.now()).problem
    assert not Reminder.objects.exists()

    settings.EMAIL_BACKEND = backend
    settings.DEFAULT_FROM_EMAIL = "noreply@example.com"
    shown = io.StringIO()
    call_command("ovop_certification_remind", "--dry-run", stdout=shown)
    assert "desk@example.com" in shown.getvalue()
    assert services.reminders_send(timezone.now()).sent == 1
    assert [(mail.from_email, mail.to) for mail in mailoutbox] == [("noreply@example.com", ["desk@example.com"])]
