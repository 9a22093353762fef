"""Mails about certificates that end."""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from ovop_certification.models.registry import Certificate


class ReminderState(models.TextChoices):
    """`claimed` and never more: it is not known whether the mail left, so it is not sent again."""

    CLAIMED = "claimed"
    SENT = "sent"
    FAILED = "failed"


class Reminder(models.Model):
    """A mail that a certificate is about to end, once per certificate, last day, distance and address."""

    certificate = models.ForeignKey(Certificate, on_delete=models.PROTECT, related_name="reminders")
    last_on = models.DateField()
    days_before = models.PositiveIntegerField()
    recipient = models.EmailField()
    language = models.CharField(max_length=16)
    state = models.CharField(max_length=7, choices=ReminderState.choices, default=ReminderState.CLAIMED)
    claimed_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveIntegerField(default=1)
    last_error = models.TextField(blank=True, default="")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["certificate", "last_on", "days_before", "recipient"], name="ovop_reminder_once"
            ),
            models.CheckConstraint(condition=Q(state__in=ReminderState.values), name="ovop_reminder_state"),
        ]
