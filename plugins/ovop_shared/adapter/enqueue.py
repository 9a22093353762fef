"""Handing work to Celery after commit, without ever failing the request that asked for it."""

import logging
import os
import time
from datetime import timedelta
from typing import Any

from celery import Task
from django.conf import settings
from django.db import transaction

logger = logging.getLogger(__name__)


# A task that waits this much longer has not begun when a second call asks for the same.
MERGE_SECONDS = 1.0
MANY_SENT = 10_000
_sent: dict[tuple[str, str], float] = {}


def enqueue(task: Task, *args: Any, countdown_seconds: int = 0) -> None:
    """Send the task once the current transaction commits. A broker that is away is logged; the sweep catches up.

    One order made fires half a dozen hooks within a few milliseconds: of the same task with the same
    arguments and a countdown, what this process asks for within a second of the last sending is not sent again. That
    one has not begun, and will see what has changed since.
    """
    # No partial: Django logs a robust callback's failure by its __qualname__, which a partial lacks (5.2).
    transaction.on_commit(lambda: _send(task, args, countdown_seconds), robust=True)


def _send(task: Task, args: tuple[Any, ...], countdown_seconds: int) -> None:
    # Without a broker the task runs at once and whatever it was told to wait for.
    can_merge = countdown_seconds > MERGE_SECONDS and not task.app.conf.task_always_eager
    key = (task.name, repr(args))
    if can_merge and time.monotonic() - _sent.get(key, -MERGE_SECONDS) < MERGE_SECONDS:
        return
    try:
        asked_at = time.monotonic()
        task.apply_async(
            args,
            countdown=countdown_seconds or None,
            queue=os.environ.get("OVOP_QUEUE"),
            retry=False,
            ignore_result=True,
        )
    except Exception:
        logger.exception("%s%r could not be enqueued", task.name, args)
        return
    if can_merge:
        if len(_sent) >= MANY_SENT:
            _sent.clear()
        _sent[key] = asked_at


def schedule(name: str, task: Task, every_seconds: int) -> None:
    """Put a task on Saleor's beat. Called when the adapter is imported, before beat reads its settings."""
    settings.CELERY_BEAT_SCHEDULE.setdefault(
        name, {"task": task.name, "schedule": timedelta(seconds=every_seconds), "options": {"expires": every_seconds}}
    )
