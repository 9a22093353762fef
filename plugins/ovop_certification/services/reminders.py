"""Sending reminders of certificates that end: once each, whoever and how many run this at a time.

A reminder is claimed by a row that is committed before the mail leaves. A mail server's refusal is written down and
tried again by a later run; where the answer was lost, or the process died in between, the row stays claimed: it is
shown as not known, and never sent again.
"""

import datetime
import logging
from collections.abc import Callable
from dataclasses import dataclass

from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils import timezone

from ovop_certification.calendar.books import blocked_by, market_places
from ovop_certification.calendar.coverage import Recipient, covered_products, holders, recipients
from ovop_certification.calendar.endings import Ending, endings_between, sendings
from ovop_certification.due import distance_due, is_to_be_sent
from ovop_certification.models import Reminder, ReminderState
from ovop_certification.selectors import market_rulebooks
from ovop_certification.services.reminder_mail import reminder_mail
from ovop_certification.switches import switches
from ovop_shared.mail import Mail, MailRefused, host_mailer
from ovop_shared.shop_time import shop_day

logger = logging.getLogger(__name__)

BATCH_CERTIFICATES = 100


@dataclass(frozen=True, slots=True)
class DueReminder:
    """A mail that has to be sent now. `attempts` were made before."""

    certificate: Ending
    recipient: Recipient
    days_before: int
    attempts: int


@dataclass(frozen=True, slots=True)
class ReminderCounts:
    """What a run did. `problem` says why it did nothing, when the host cannot send mail at all."""

    sent: int = 0
    failed: int = 0
    unknown: int = 0
    problem: str = ""


def reminders_due(at: datetime.datetime) -> list[DueReminder]:
    """Every mail that is due at this moment, the soonest end first. Its number of queries is constant."""
    reminder_days = switches().reminder_days
    if not reminder_days:
        return []
    today = shop_day(at)
    ending = endings_between(today, today + datetime.timedelta(days=max(reminder_days)), at)
    distances = {each.id: distance_due(each.valid_from_on, each.last_on, today, reminder_days) for each in ending}
    ending = [each for each in ending if distances[each.id] is not None]
    told = recipients(ending) if ending else {}
    tried = sendings(ending) if ending else {}
    found = []
    for each in ending:
        distance = distances[each.id]
        assert distance is not None
        for recipient in told[each.id]:
            earlier = tried.get((each.id, recipient.address.lower()), {})
            if is_to_be_sent(distance, earlier, at):
                attempts = earlier[distance].attempts if distance in earlier else 0
                found.append(DueReminder(each, recipient, distance, attempts))
    return found


def reminders_send(at: datetime.datetime, *, now: Callable[[], datetime.datetime] = timezone.now) -> ReminderCounts:
    """Send what is due at this moment; `now` dates each mail, since a run may take a while.

    Never inside a transaction: a claim that is rolled back after the mail left would be sent again.
    """
    problem = host_mailer().problem()
    if problem:
        return ReminderCounts(problem=problem)
    due = reminders_due(at)
    outcomes = {ReminderState.SENT: 0, ReminderState.FAILED: 0, ReminderState.CLAIMED: 0}
    by_certificate: dict[int, list[DueReminder]] = {}
    for each in due:
        by_certificate.setdefault(each.certificate.id, []).append(each)
    certificates = list(by_certificate)
    for start in range(0, len(certificates), BATCH_CERTIFICATES):
        batch = [each for pk in certificates[start : start + BATCH_CERTIFICATES] for each in by_certificate[pk]]
        for reminder, mail in _mails(batch, at):
            outcome = _send(reminder, mail, now)
            if outcome is not None:
                outcomes[outcome] += 1
    return ReminderCounts(outcomes[ReminderState.SENT], outcomes[ReminderState.FAILED], outcomes[ReminderState.CLAIMED])


def _mails(batch: list[DueReminder], at: datetime.datetime) -> list[tuple[DueReminder, Mail]]:
    """The mails' texts, made before anything is claimed: what cannot be written is not claimed either."""
    certificates = list({each.certificate.id: each.certificate for each in batch}.values())
    products = covered_products(certificates, shop_day(at))
    known = {record.pk: record for each in products.values() for record in each}
    places = market_places()
    books = market_rulebooks(known) if known else {}
    owners = holders(certificates, known)
    blocked = {each.id: blocked_by(each, products[each.id], books, at) for each in certificates}
    written = []
    for each in batch:
        pk = each.certificate.id
        try:
            mail = reminder_mail(each.recipient, each.certificate, owners[pk], products[pk], blocked[pk], places)
        except Exception:
            # One that cannot be written must not keep the others back; the calendar shows that it was never sent.
            logger.exception("the reminder of certificate %s cannot be written", pk)
            continue
        written.append((each, mail))
    return written


def _send(due: DueReminder, mail: Mail, now: Callable[[], datetime.datetime]) -> ReminderState | None:
    """What became of it, or None when another process has it."""
    pk = _claim(due, now())
    if pk is None:
        return None
    # Whoever writes the outcome may only write that of its own attempt.
    own = Reminder.objects.filter(pk=pk, state=ReminderState.CLAIMED, attempts=due.attempts + 1)
    try:
        host_mailer().send(mail)
    except MailRefused as refusal:
        own.update(state=ReminderState.FAILED, last_error=refusal.message)
        return ReminderState.FAILED
    except Exception as error:
        logger.exception("it is not known whether the reminder %s left", pk)
        own.update(last_error=f"{type(error).__name__}: {error}"[:500])
        return ReminderState.CLAIMED
    own.update(state=ReminderState.SENT, sent_at=now(), last_error="")
    return ReminderState.SENT


def _claim(due: DueReminder, at: datetime.datetime) -> int | None:
    """The reminder's row, committed as ours; None when somebody else was faster."""
    key = {
        "certificate_id": due.certificate.id,
        "last_on": due.certificate.last_on,
        "days_before": due.days_before,
        "recipient": due.recipient.address.lower(),  # the same mailbox for every server there is
    }
    if due.attempts:
        failed = Reminder.objects.filter(**key, state=ReminderState.FAILED, attempts=due.attempts)
        with transaction.atomic(durable=True):
            claimed = failed.update(
                state=ReminderState.CLAIMED, attempts=F("attempts") + 1, claimed_at=at, last_error=""
            )
            return Reminder.objects.values_list("pk", flat=True).get(**key) if claimed else None
    try:
        with transaction.atomic(durable=True):
            return Reminder.objects.create(**key, language=due.recipient.language, claimed_at=at).pk
    except IntegrityError:
        return None
