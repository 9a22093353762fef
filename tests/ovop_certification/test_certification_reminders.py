"""Reminders: who is told what and when, once each, whatever the mail server does."""

import datetime
import io
import os
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from calendar_world import (
    AT,
    STAFF_MAIL,
    PostMailer,
    build_world,
    in_days,
    register,
    switched,
)
from certification_world import HONEY, JAM, JUICE, event_row
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction

from ovop_certification import services
from ovop_certification import switches as switches_module
from ovop_certification.models import Certificate, HolderKind, Reminder, Scheme
from ovop_certification.services import certificate_event_add, reminders_due, reminders_send
from ovop_certification.switches import set_switches
from ovop_origin.models import Producer
from ovop_shared import mail as mail_module
from ovop_shared.mail import DjangoMailer, set_mailer
from tests.mail_server import Post, running_post

ANNOUNCED = "office@ak-kiyiz.example"


@pytest.fixture(autouse=True)
def _hosts(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("OVOP_PUBLIC_URL", "https://shop.example")
    mailers, sources = list(mail_module._host), list(switches_module._source)
    set_switches(switched)
    yield
    mail_module._host[:] = mailers
    switches_module._source[:] = sources


@pytest.fixture
def post() -> Iterator[Post]:
    with running_post() as running:
        set_mailer(PostMailer(running.port))
        yield running


@pytest.fixture
def world(db: None) -> None:
    build_world()


def run(at: datetime.datetime = AT) -> tuple[int, int, int]:
    counts = reminders_send(at, now=lambda: at)
    return counts.sent, counts.failed, counts.unknown


def days_later(days: int) -> datetime.datetime:
    return AT + datetime.timedelta(days=days)


@pytest.mark.usefixtures("world")
def test_producer_and_staff_are_told_once_in_their_own_language(post: Post) -> None:
    register("EAC-1", 30)

    assert run() == (2, 0, 0)
    assert run() == (0, 0, 0)
    assert run(days_later(1)) == (0, 0, 0)

    assert post.recipients() == [STAFF_MAIL, ANNOUNCED]
    by_recipient = {str(mail["To"]): mail for mail in post.taken}
    staff = by_recipient[STAFF_MAIL]
    assert staff["Subject"].strip() == "“EAC declaration” EAC-1 ends on March 31, 2026"
    text = staff.get_body(("plain",)).get_content()  # type: ignore[union-attr]
    assert "Holder: Mountain honey" in text
    assert "Days left: 30" in text
    assert "From April 1, 2026 on, these cannot be sold in Kyrgyzstan: Mountain honey." in text
    assert "https://shop.example/plugins/ovop.certification/certificates/eac/EAC-1/?lang=en" in text
    assert "https://shop.example/plugins/ovop.certification/staff/calendar/?lang=en" in text
    producer = by_recipient[ANNOUNCED].get_body(("html",)).get_content()  # type: ignore[union-attr]
    assert '<html lang="ky">' in producer
    assert "/staff/" not in producer
    assert {(row.recipient, row.language, row.days_before, row.state) for row in Reminder.objects.all()} == {
        (STAFF_MAIL, "en", 30, "sent"),
        (ANNOUNCED, "ky", 30, "sent"),
    }


@pytest.mark.usefixtures("world")
def test_each_distance_is_announced_once_and_after_a_pause_only_the_tightest(post: Post) -> None:
    set_switches(lambda: switched(staff_mail=""))
    register("EAC-1", 200)

    assert [run(days_later(days))[0] for days in (0, 20, 21, 60, 110, 198, 199, 200, 201, 300)] == [
        0,
        1,
        0,
        0,
        1,
        1,
        0,
        0,
        0,
        0,
    ]
    assert list(Reminder.objects.order_by("pk").values_list("days_before", flat=True)) == [180, 90, 7]


@pytest.mark.usefixtures("world")
def test_a_new_last_day_starts_anew(post: Post) -> None:
    set_switches(lambda: switched(staff_mail=""))
    certificate = register("EAC-1", 5)
    assert run() == (1, 0, 0)

    Certificate.objects.filter(pk=certificate.pk).update(valid_until_on=in_days(25))

    assert run() == (1, 0, 0)
    assert list(Reminder.objects.order_by("pk").values_list("last_on", "days_before")) == [
        (in_days(5), 7),
        (in_days(25), 30),
    ]


def _withdrawn(certificate: Certificate) -> None:
    certificate_event_add(certificate.pk, "withdrawn", actor="Desk", at=AT, reason="because")  # type: ignore[arg-type]


def _replaced(certificate: Certificate) -> None:
    register("EAC-2", 400, replaces="EAC-1", valid_from_on=in_days(6))


def _replaced_after_a_gap(certificate: Certificate) -> None:
    register("EAC-2", 400, replaces="EAC-1", valid_from_on=in_days(7))


def _replaced_by_an_application(certificate: Certificate) -> None:
    register("EAC-2", 400, replaces="EAC-1", events=(event_row("applied", "2025-01-01"),))


def _suspended(certificate: Certificate) -> None:
    certificate_event_add(certificate.pk, "suspended", actor="Desk", at=AT, reason="because")  # type: ignore[arg-type]


def _expired(certificate: Certificate) -> None:
    Certificate.objects.filter(pk=certificate.pk).update(valid_until_on=in_days(-1))


def _prolonged(certificate: Certificate) -> None:
    Certificate.objects.filter(pk=certificate.pk).update(valid_until_on=None)


@pytest.mark.usefixtures("world")
@pytest.mark.parametrize(
    ("happens", "reminded"),
    [
        (_withdrawn, []),
        (_replaced, []),
        (_expired, []),
        (_prolonged, []),
        (_replaced_after_a_gap, ["EAC-1"]),
        (_replaced_by_an_application, ["EAC-1"]),
        (_suspended, ["EAC-1"]),
    ],
)
def test_only_an_end_that_matters_is_announced(happens: Any, reminded: list[str]) -> None:
    happens(register("EAC-1", 5))

    found = reminders_due(AT)

    assert sorted({each.certificate.number for each in found}) == reminded


@pytest.mark.usefixtures("world")
def test_an_application_is_not_announced_though_its_days_run(post: Post) -> None:
    register("EAC-1", 5, events=(event_row("applied", "2025-01-01"), event_row("verified", "2025-01-02")))

    assert run() == (0, 0, 0)


@pytest.mark.usefixtures("world")
@pytest.mark.parametrize(
    ("holder", "told"),
    [
        ({"holder_kind": HolderKind.PRODUCT, "holder_ref": str(HONEY)}, [ANNOUNCED]),
        ({"holder_kind": HolderKind.PRODUCT, "holder_ref": str(JAM)}, ["aigerim@example.com"]),
        ({"holder_kind": HolderKind.PRODUCER, "holder_ref": "ak-kiyiz"}, [ANNOUNCED]),
        ({"holder_kind": HolderKind.PRODUCER, "holder_ref": "m3"}, ["aigerim@example.com"]),
        ({"holder_kind": HolderKind.PRODUCER, "holder_ref": "gone"}, []),
        ({"holder_kind": HolderKind.PRODUCER, "holder_ref": "never-heard-of"}, []),
        ({"holder_kind": HolderKind.GROUP, "holder_ref": "chiy"}, ["chiy@example.com"]),
        ({"holder_kind": HolderKind.LOT, "holder_ref": f"{JAM}/J-1"}, ["aigerim@example.com"]),
    ],
)
def test_who_holds_the_certificate_is_told(holder: dict[str, Any], told: list[str], post: Post) -> None:
    register("EAC-1", 30, **holder)

    run()

    assert post.recipients() == sorted([*told, STAFF_MAIL])


@pytest.mark.usefixtures("world")
def test_one_address_gets_one_mail_though_it_is_the_makers_and_the_staffs(post: Post) -> None:
    Producer.objects.filter(code="ak-kiyiz").update(email=STAFF_MAIL.upper())
    register("EAC-1", 30)

    assert run() == (1, 0, 0)


@pytest.mark.usefixtures("world")
def test_an_address_that_is_written_otherwise_since_gets_no_second_mail(post: Post) -> None:
    set_switches(lambda: switched(staff_mail=""))
    register("EAC-1", 30)
    run()
    Producer.objects.filter(code="ak-kiyiz").update(email=ANNOUNCED.upper())

    assert run() == (0, 0, 0)


@pytest.mark.usefixtures("world")
def test_what_the_server_refuses_is_tried_again_later_and_not_for_ever(post: Post) -> None:
    set_switches(lambda: switched(staff_mail=""))
    register("EAC-1", 30)
    post.behaviour = "refuse"

    assert run() == (0, 1, 0)
    assert run() == (0, 0, 0)
    for minutes in (16, 80, 330, 1100, 5000, 9000):
        run(AT + datetime.timedelta(minutes=minutes))

    reminder = Reminder.objects.get()
    assert (reminder.state, reminder.attempts) == ("failed", 5)
    assert "no such mailbox" in reminder.last_error
    post.behaviour = "take"
    assert run(days_later(8)) == (0, 0, 0)
    assert run(days_later(24)) == (1, 0, 0)


@pytest.mark.usefixtures("world")
def test_a_refused_mail_is_sent_by_a_later_run(post: Post) -> None:
    set_switches(lambda: switched(staff_mail=""))
    register("EAC-1", 30)
    post.behaviour = "refuse"
    run()
    post.behaviour = "take"

    assert run(AT + datetime.timedelta(minutes=15)) == (1, 0, 0)
    reminder = Reminder.objects.get()
    assert (reminder.state, reminder.attempts, reminder.last_error) == ("sent", 2, "")


@pytest.mark.usefixtures("world")
def test_a_server_that_is_away_is_a_certain_failure() -> None:
    with running_post() as gone:
        port = gone.port
    set_mailer(PostMailer(port))
    register("EAC-1", 30)

    assert run() == (0, 2, 0)


@pytest.mark.usefixtures("world")
@pytest.mark.filterwarnings("ignore")
def test_a_lost_answer_is_shown_as_unknown_and_never_sent_again(post: Post) -> None:
    set_switches(lambda: switched(staff_mail=""))
    register("EAC-1", 30)
    post.behaviour = "vanish"

    assert run() == (0, 0, 1)
    post.behaviour = "take"
    assert [run(days_later(days)) for days in (1, 10, 22)] == [(0, 0, 0)] * 3
    assert len(post.taken) == 1
    assert Reminder.objects.get().state == "claimed"
    assert run(days_later(23)) == (1, 0, 0)


@pytest.mark.usefixtures("world")
def test_names_with_line_breaks_and_markup_stay_text(post: Post) -> None:
    register("EAC-1", 30)
    Scheme.objects.filter(code="eac").update(names={"en": "EAC\r\nBcc: thief@example.com <b>x</b>"})

    assert run() == (2, 0, 0)

    staff = next(mail for mail in post.taken if mail["To"] == STAFF_MAIL)
    assert staff["Bcc"] is None
    assert "EAC Bcc: thief@example.com <b>x</b>" in staff["Subject"]
    assert "<b>x</b>" not in staff.get_body(("html",)).get_content()  # type: ignore[union-attr]
    assert post.recipients() == [STAFF_MAIL, ANNOUNCED]


@pytest.mark.usefixtures("world")
def test_a_certificate_that_no_mail_can_be_written_about_keeps_no_other_back(post: Post) -> None:
    odd = register("ODD", 29)
    Certificate.objects.filter(pk=odd.pk).update(number="no\nlink")
    register("EAC-1", 30)

    assert run() == (2, 0, 0)
    assert set(Reminder.objects.values_list("certificate__number", flat=True)) == {"EAC-1"}


@pytest.mark.usefixtures("world")
def test_what_is_no_address_is_left_out(post: Post) -> None:
    Producer.objects.filter(code="ak-kiyiz").update(email="office@ak-kiyiz.example\nBcc: thief@example.com")
    set_switches(lambda: switched(staff_mail="no address, desk@shop.example"))
    register("EAC-1", 30)

    assert run() == (1, 0, 0)
    assert post.recipients() == [STAFF_MAIL]


@pytest.mark.usefixtures("world")
def test_the_number_of_queries_does_not_grow_with_the_certificates(
    django_assert_num_queries: Any, django_assert_max_num_queries: Any
) -> None:
    set_mailer(PostMailer(1))
    register("EAC-1", 30)
    with django_assert_max_num_queries(20) as one:
        reminders_due(AT)
    for number in range(2, 12):
        register(f"EAC-{number}", 30, holder_kind=HolderKind.PRODUCER, holder_ref="m3")
        register(f"EAC-P{number}", 30, holder_ref=str(JUICE))

    with django_assert_num_queries(len(one.captured_queries)):
        assert len(reminders_due(AT)) == 42


@pytest.mark.usefixtures("world")
def test_a_host_without_mail_claims_nothing_and_says_so(settings: Any) -> None:
    settings.EMAIL_BACKEND = ""
    set_mailer(DjangoMailer())
    register("EAC-1", 30)

    counts = reminders_send(AT)

    assert (counts.sent, counts.problem) == (0, "The setting EMAIL_BACKEND names no way to send mail.")
    assert not Reminder.objects.exists()
    with pytest.raises(CommandError, match="EMAIL_BACKEND"):
        call_command("ovop_certification_remind")


@pytest.mark.usefixtures("world")
def test_the_command_shows_what_is_due_and_sends_it(post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("django.utils.timezone.now", lambda: AT)
    register("EAC-1", 30)
    shown, done = io.StringIO(), io.StringIO()

    call_command("ovop_certification_remind", "--dry-run", stdout=shown)
    assert not Reminder.objects.exists()
    call_command("ovop_certification_remind", stdout=done)

    assert all(part in shown.getvalue() for part in ("2026-03-31", "EAC-1", ANNOUNCED, STAFF_MAIL))
    assert done.getvalue().strip() == "2 sent, 0 failed, 0 not known"


@pytest.mark.usefixtures("world")
@pytest.mark.parametrize(
    "change",
    [
        "state = 'claimed'",
        "state = 'failed'",
        "recipient = 'other@example.com'",
        "days_before = 7",
    ],
)
def test_postgresql_keeps_what_was_sent(change: str, post: Post) -> None:
    register("EAC-1", 30)
    run()

    with pytest.raises(DatabaseError, match="reminder"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"UPDATE ovop_certification_reminder SET {change}")
    with pytest.raises(DatabaseError, match="reminder"), transaction.atomic():
        Reminder.objects.all().delete()


@pytest.mark.usefixtures("committed_database")
def test_many_workers_at_once_send_each_mail_once(post: Post) -> None:
    build_world()
    for number in range(6):
        register(f"EAC-{number}", 20 + number)
    start = threading.Barrier(6)
    outcomes: list[object] = []

    def work() -> None:
        try:
            start.wait(20)
            outcomes.append(services.reminders_send(AT))
        except Exception as error:  # noqa: BLE001 - the test says what it expects
            outcomes.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert all(isinstance(each, services.ReminderCounts) for each in outcomes), outcomes
    assert sum(each.sent for each in outcomes if isinstance(each, services.ReminderCounts)) == 12
    assert len(post.taken) == 12
    assert len({(str(mail["To"]), str(mail["Subject"])) for mail in post.taken}) == 12
    assert set(Reminder.objects.values_list("state", "attempts")) == {("sent", 1)}


@pytest.mark.usefixtures("committed_database")
def test_many_workers_at_once_retry_a_refused_mail_once(post: Post) -> None:
    build_world()
    register("EAC-1", 20)
    post.behaviour = "refuse"
    services.reminders_send(AT, now=lambda: AT)
    post.behaviour = "take"
    later = AT + datetime.timedelta(hours=1)
    start = threading.Barrier(6)

    def work() -> None:
        try:
            start.wait(20)
            services.reminders_send(later, now=lambda: later)
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(post.taken) == 2
    assert set(Reminder.objects.values_list("state", "attempts")) == {("sent", 2)}


@pytest.mark.usefixtures("committed_database")
def test_a_process_that_dies_after_the_claim_leaves_it_unknown(post: Post) -> None:
    build_world()
    set_switches(lambda: switched(staff_mail=""))
    register("EAC-1", 20)

    class Dying(DjangoMailer):
        def problem(self) -> str:
            return ""

        def send(self, mail: object) -> None:
            os._exit(9)

    set_mailer(Dying())
    connection.close()
    child = os.fork()
    if not child:
        try:
            services.reminders_send(AT)
        finally:
            os._exit(1)
    _, status = os.waitpid(child, 0)

    assert os.waitstatus_to_exitcode(status) == 9
    set_mailer(PostMailer(post.port))
    assert run(AT + datetime.timedelta(hours=5)) == (0, 0, 0)
    assert Reminder.objects.get().state == "claimed"
    assert post.taken == []
