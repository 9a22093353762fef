"""The calendar of certificates: expired first, what they block, who was told; for staff with the right alone."""

import csv
import datetime
import io
import re
from collections.abc import Iterator
from typing import Any

import pytest
from calendar_world import (
    AT,
    INSIDERS,
    OUTSIDERS,
    STAFF,
    STAFF_MAIL,
    PostMailer,
    build_world,
    in_days,
    register,
    switched,
)
from certification_world import HONEY, JAM, JUICE, event_row
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from ovop_certification import switches as switches_module
from ovop_certification.calendar.listing import CalendarFilter, calendar_page, surveillance_page
from ovop_certification.models import Certificate, HolderKind, Reminder
from ovop_certification.services import reminders_send
from ovop_certification.switches import set_switches
from ovop_shared import mail as mail_module
from ovop_shared.mail import set_mailer
from ovop_shared.requester import Requester
from ovop_standalone.tokens import make_token
from tests.mail_server import running_post

PAGE = "/plugins/ovop.certification/staff/calendar/"
FILE = f"{PAGE}certificates.csv"
EVERYTHING = CalendarFilter()


@pytest.fixture
def world(db: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("OVOP_PUBLIC_URL", "https://shop.example")
    real = timezone.now
    monkeypatch.setattr("ovop_certification.staff_views.calendar.timezone.now", lambda: AT)
    mailers, sources = list(mail_module._host), list(switches_module._source)
    set_switches(switched)
    build_world()
    yield
    monkeypatch.setattr("ovop_certification.staff_views.calendar.timezone.now", real)
    mail_module._host[:] = mailers
    switches_module._source[:] = sources


def client_for(requester: Requester) -> Client:
    if requester == OUTSIDERS["anonymous"]:
        return Client()
    token = make_token(requester, at=AT, lifetime=datetime.timedelta(days=3650))
    return Client(headers={"authorization": f"Bearer {token}"})


def numbers(wanted: CalendarFilter = EVERYTHING) -> list[str]:
    return [row.certificate.number for row in calendar_page(wanted, AT).rows]


def shown(query: str = "") -> str:
    response = client_for(STAFF).get(f"{PAGE}?lang=en{query}")
    assert response.status_code == 200
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode()))


@pytest.mark.usefixtures("world")
@pytest.mark.parametrize("path", [PAGE, FILE])
@pytest.mark.parametrize("who", OUTSIDERS)
def test_outsiders_are_refused(path: str, who: str) -> None:
    response = client_for(OUTSIDERS[who]).get(path, headers={"accept": "application/json"})

    assert response.status_code == (401 if who == "anonymous" else 403)
    assert b"EAC" not in response.getvalue()


@pytest.mark.usefixtures("world")
@pytest.mark.parametrize("path", [PAGE, FILE])
@pytest.mark.parametrize("who", INSIDERS)
def test_staff_and_apps_that_manage_products_read(path: str, who: str) -> None:
    register("EAC-1", 30)
    response = client_for(INSIDERS[who]).get(path)

    assert response.status_code == 200
    assert b"EAC-1" in response.getvalue()
    assert response["Cache-Control"] == "private, no-store"
    assert client_for(INSIDERS[who]).post(path).status_code == 405


@pytest.mark.usefixtures("world")
def test_what_has_expired_comes_first_then_what_ends_next() -> None:
    register("SOON", 3)
    register("OVER-LONG", -300)
    register("LATER", 170)
    register("OVER", -1)
    register("TODAY", 0)
    register("FAR", 181)
    register("OPEN", None)

    assert numbers() == ["OVER", "OVER-LONG", "TODAY", "SOON", "LATER"]
    assert numbers(CalendarFilter(within_days=30)) == ["OVER", "OVER-LONG", "TODAY", "SOON"]
    assert numbers(CalendarFilter(within_days=None)) == ["OVER", "OVER-LONG", "TODAY", "SOON", "LATER", "FAR"]
    page = calendar_page(CalendarFilter(), AT, offset=2, limit=2)
    assert [row.certificate.number for row in page.rows] == ["TODAY", "SOON"]
    assert (page.total, page.expired) == (5, 2)


@pytest.mark.usefixtures("world")
def test_what_was_withdrawn_replaced_or_never_granted_is_not_in_the_list() -> None:
    register("REPLACED", -10)
    register("NEW", 300, replaces="REPLACED", valid_from_on=in_days(-9))
    register("WITHDRAWN", -10, events=(event_row("issued", "2025-01-01"), event_row("withdrawn", "2025-02-01")))
    register("APPLIED", 20, events=(event_row("applied", "2025-01-01"),))
    register("SUSPENDED", 20, events=(event_row("issued", "2025-01-01"), event_row("suspended", "2025-02-01")))
    register("LAPSED-TOO", -5)
    register("NEWER-BUT-OVER", -2, replaces="LAPSED-TOO", valid_from_on=in_days(-6))

    assert numbers() == ["NEWER-BUT-OVER", "LAPSED-TOO", "SUSPENDED"]


@pytest.mark.usefixtures("world")
def test_the_list_is_narrowed_by_scheme_market_and_producer() -> None:
    register("HONEY", 10)
    register("JUICE", 11, holder_ref=str(JUICE))
    register("JAM", 12, holder_ref=str(JAM))
    register("LOT", 13, holder_kind=HolderKind.LOT, holder_ref=f"{JAM}/J-1")
    register("GROUP", 14, holder_kind=HolderKind.GROUP, holder_ref="chiy")
    register("MAKER", 15, holder_kind=HolderKind.PRODUCER, holder_ref="ak-kiyiz")
    register("BRAND", 16, scheme="brand")
    register("ONLY-JP", 17, markets=frozenset({"jp"}), scheme="import")

    assert numbers(CalendarFilter(scheme="brand")) == ["BRAND"]
    assert numbers(CalendarFilter(market="jp")) == ["ONLY-JP"]
    assert numbers(CalendarFilter(market="kg")) == ["HONEY", "JUICE", "JAM", "LOT", "GROUP", "MAKER", "BRAND"]
    assert numbers(CalendarFilter(producer="m3")) == ["JAM", "LOT", "GROUP"]
    assert numbers(CalendarFilter(producer="ak-kiyiz")) == ["HONEY", "JUICE", "MAKER", "BRAND", "ONLY-JP"]
    assert numbers(CalendarFilter(producer="nobody")) == []


@pytest.mark.usefixtures("world")
def test_a_row_says_what_cannot_be_sold_from_which_day_on_unless_another_certificate_covers_it() -> None:
    register("HONEY", 10)
    register("JUICE", 10, holder_ref=str(JUICE))
    register("JUICE-TOO", 300, holder_ref=str(JUICE))

    rows = {row.certificate.number: row for row in calendar_page(CalendarFilter(), AT).rows}

    assert [(each.market, each.product.slug, each.from_on) for each in rows["HONEY"].blocked] == [
        ("kg", "mountain-honey", in_days(11))
    ]
    assert rows["JUICE"].blocked == ()


@pytest.mark.usefixtures("world")
def test_inspections_that_are_due_are_listed_the_overdue_first() -> None:
    for number, day in (("LATE", -3), ("SOON", 20), ("FAR", 300)):
        certificate = register(number, None if number == "SOON" else 400)
        Certificate.objects.filter(pk=certificate.pk).update(surveillance_next_on=in_days(day))
    gone = register("GONE", -1)
    Certificate.objects.filter(pk=gone.pk).update(surveillance_next_on=in_days(5))

    found = surveillance_page(CalendarFilter(), AT)

    assert [certificate.number for certificate, _ in found] == ["LATE", "SOON"]
    text = shown()
    assert "Feb 26, 2026 3 days ago EAC declaration LATE" in text
    assert "Mar 21, 2026 in 20 days EAC declaration SOON" in text


@pytest.mark.usefixtures("world")
def test_the_page_tells_of_reminders_sent_failed_and_unknown() -> None:
    register("EAC-1", 30)
    with running_post() as post:
        set_mailer(PostMailer(post.port))
        reminders_send(AT, now=lambda: AT)
    key = {"certificate": Certificate.objects.get(), "last_on": in_days(30), "days_before": 90, "language": "en"}
    hour_ago = AT - datetime.timedelta(hours=1)
    Reminder.objects.create(
        **key, recipient="a@example.com", state="failed", claimed_at=hour_ago, last_error="550 <no>"
    )
    Reminder.objects.create(**key, recipient="b@example.com", claimed_at=hour_ago)
    Reminder.objects.create(**key, recipient="c@example.com", claimed_at=AT)

    text = shown()

    assert f"30 days before: Sent {STAFF_MAIL}, Mar 1, 2026" in text
    assert "90 days before: Not sent a@example.com, Mar 1, 2026: 550 &lt;no&gt;" in text
    assert "90 days before: Not known whether it was sent b@example.com" in text
    assert "90 days before: Being sent c@example.com" in text


@pytest.mark.usefixtures("world")
def test_the_page_warns_when_nobody_can_be_told_or_nothing_sent(settings: Any) -> None:
    settings.EMAIL_BACKEND = ""
    set_switches(lambda: switched(staff_mail=""))
    register("EAC-1", 30, holder_kind=HolderKind.PRODUCER, holder_ref="gone")

    text = shown()

    assert "Nobody: no mail address is known" in text
    assert "No reminders can be sent: The setting EMAIL_BACKEND names no way to send mail." in text


@pytest.mark.usefixtures("world")
@pytest.mark.parametrize(
    "query",
    ["&within=x", "&within=99999999", "&page=0", "&page=x", "&scheme=%00", "&producer=%27--", "&market=" + "x" * 999],
)
def test_odd_addresses_are_answered(query: str) -> None:
    register("EAC-1", 30)
    shown(query)


@pytest.mark.usefixtures("world")
def test_the_file_holds_everything_and_no_formula() -> None:
    register("=HYPERLINK(1)", -2)
    for number in range(55):
        register(f"EAC-{number:02}", 10)

    response = client_for(STAFF).get(f"{FILE}?lang=en&within=30")
    text = response.getvalue().decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text)))

    assert len(rows) == 56
    assert rows[0]["Number"] == "'=HYPERLINK(1)"
    assert (rows[0]["Days left"], rows[0]["State"]) == ("-2", "Expired")
    assert rows[1]["Products"] == "Mountain honey"
    assert "filename*=UTF-8''certificates-2026-03-01.csv" in response["Content-Disposition"]


@pytest.mark.usefixtures("world")
def test_the_list_takes_the_same_queries_for_many_rows(django_assert_num_queries: Any) -> None:
    register("EAC-1", 30)
    client = client_for(STAFF)
    client.get(PAGE)
    with CaptureQueriesContext(connection) as few:
        client.get(PAGE)
    for number in range(2, 30):
        register(f"EAC-{number}", 30, holder_ref=str(JUICE))

    with django_assert_num_queries(len(few)):
        client.get(PAGE)


@pytest.mark.usefixtures("world")
def test_a_row_names_the_products_that_scope_and_areas_leave() -> None:
    maker = {"holder_kind": HolderKind.PRODUCER, "holder_ref": "ak-kiyiz"}
    register("ALL", 10, **maker)
    typed = register("TYPED", 11, **maker)
    typed.product_types.create(product_type="ovop-felt")
    here = register("HERE", 12, **maker)
    here.areas.create(place="KG-Y")
    elsewhere = register("ELSEWHERE", 13, **maker)
    elsewhere.areas.create(place="UZ")
    register("NAMED", 14, products=frozenset({str(JUICE)}), **maker)
    register("GROUP", 15, holder_kind=HolderKind.GROUP, holder_ref="chiy")

    found = {row.certificate.number: [each.pk for each in row.products] for row in calendar_page(EVERYTHING, AT).rows}

    assert found == {
        "ALL": [HONEY, JUICE],
        "TYPED": [],
        "HERE": [HONEY, JUICE],
        "ELSEWHERE": [],
        "NAMED": [JUICE],
        "GROUP": [JAM],
    }
