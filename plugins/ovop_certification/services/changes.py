"""Keeping who changed what of the registry."""

import datetime
from collections.abc import Mapping

from ovop_certification.errors import ReasonRequired
from ovop_certification.models import ChangeSubject, RecordedChange
from ovop_certification.services.certificate_terms import text_check

MAX_REASON_CHARACTERS = 2_000


def actor_check(actor: str, reason: str) -> None:
    """Raises ReasonRequired (nobody), InvalidText."""
    if not actor.strip():
        raise ReasonRequired("A change says who made it.", field="actor")
    text_check(reason, "reason", MAX_REASON_CHARACTERS)


def change_record(
    subject: ChangeSubject,
    subject_pk: int,
    facts: Mapping[str, Mapping[str, object]],
    *,
    actor: str,
    at: datetime.datetime,
    reason: str,
) -> None:
    """Keep what each changed fact was and became."""
    RecordedChange.objects.create(
        subject=subject, subject_pk=subject_pk, at=at, actor=actor.strip(), reason=reason.strip(), facts=facts
    )


def facts_differ(before: Mapping[str, object], after: Mapping[str, object]) -> dict[str, dict[str, object]]:
    """What `change_record` keeps: each fact of either that is not the same in both, as JSON holds it."""
    return {
        name: {"before": as_json(before.get(name)), "after": as_json(after.get(name))}
        for name in sorted({*before, *after})
        if before.get(name) != after.get(name)
    }


def as_json(value: object) -> object:
    if isinstance(value, frozenset | set | tuple):
        return sorted(value)
    return value.isoformat() if isinstance(value, datetime.date) else value
