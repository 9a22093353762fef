"""Reminders on Saleor's beat."""

from django.utils import timezone
from saleor.celeryconf import app
from saleor.core.db.connection import allow_writer

from ovop_certification import services
from ovop_shared.adapter import mail  # noqa: F401 - the shop's mailer
from ovop_shared.adapter.enqueue import schedule

# Often enough for the second attempt after a failure; a day's reminders leave in its first hour.
EVERY_SECONDS = 900


@app.task(name="ovop_certification.send_reminders")
@allow_writer()
def send_reminders() -> dict[str, object]:
    """Send what is due now; twice at once or in a row sends nothing twice."""
    counts = services.reminders_send(timezone.now())
    return {"sent": counts.sent, "failed": counts.failed, "unknown": counts.unknown, "problem": counts.problem}


schedule("ovop-certification-reminders", send_reminders, EVERY_SECONDS)
