"""Mail that a host sends for the plugins. Each host sets its own mailer once, at start; without one Django's is used."""

import smtplib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection
from django.core.mail.message import BadHeaderError

from ovop_shared.errors import OvopError

TIMEOUT_SECONDS = 15

# What a mail server says before it has taken a message over: nothing left. All else (a connection that broke or timed
# out) may have happened after it did, and its answer was lost (RFC 5321, 4.2.5 and 6.1).
REFUSALS = (
    smtplib.SMTPDataError,
    smtplib.SMTPHeloError,
    smtplib.SMTPNotSupportedError,
    smtplib.SMTPRecipientsRefused,
    smtplib.SMTPSenderRefused,
    BadHeaderError,
)

PROBLEM_TEXTS = {
    "no_backend": "The setting EMAIL_BACKEND names no way to send mail.",
    "no_server": "Neither the plugin “Admin emails” nor EMAIL_URL names a mail server.",
}


class MailRefused(OvopError):
    """The mail certainly did not leave: it may be sent again."""

    code = "mail_refused"


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail to one address, as plain text and as a page."""

    recipient: str
    subject: str
    text: str
    html: str


class Mailer(Protocol):
    def problem(self) -> str:
        """Why this host cannot send mail, for staff: a page text; empty when it can."""

    def send(self, mail: Mail) -> None:
        """Raises MailRefused when it certainly did not leave; after anything else that is raised nobody knows."""

    def addresses_of_users(self, user_ids: Collection[str]) -> Mapping[str, str]:
        """The mail addresses of the host's users, by their ids; unknown ones are left out."""


class DjangoMailer:
    """By Django's EMAIL settings."""

    def problem(self) -> str:
        return "" if settings.EMAIL_BACKEND else PROBLEM_TEXTS["no_backend"]

    def send(self, mail: Mail) -> None:
        deliver(mail, settings.DEFAULT_FROM_EMAIL, get_connection())

    def addresses_of_users(self, user_ids: Collection[str]) -> Mapping[str, str]:
        return {}


def deliver(mail: Mail, sender: str, connection: Any) -> None:
    """Send over a mail connection of Django's, telling a certain failure from an unknown one as Mailer.send does."""
    message = EmailMultiAlternatives(
        " ".join(mail.subject.split()),  # a subject is one line, whatever a registry's names hold
        mail.text,
        sender,
        [mail.recipient],
        connection=connection,
        headers={"Auto-Submitted": "auto-generated"},
    )
    message.attach_alternative(mail.html, "text/html")
    # By default a connection waits for ever; those of services that are no mail server have no such attribute.
    if getattr(connection, "timeout", 0) is None:
        connection.timeout = TIMEOUT_SECONDS
    try:
        message.message()
        connection.open()
    except Exception as error:
        raise MailRefused(f"{type(error).__name__}: {error}"[:500]) from error
    try:
        sent = message.send()
    except REFUSALS as error:
        raise MailRefused(f"{type(error).__name__}: {error}"[:500]) from error
    finally:
        _close(connection)
    if not sent:
        raise MailRefused("The mail server took no message.")


def _close(connection: Any) -> None:
    """A server that is rude at parting has the mail all the same."""
    try:
        connection.close()
    except (OSError, smtplib.SMTPException):
        return


_host: list[Mailer] = [DjangoMailer()]


def set_mailer(mailer: Mailer) -> None:
    _host[:] = [mailer]


def host_mailer() -> Mailer:
    return _host[0]
