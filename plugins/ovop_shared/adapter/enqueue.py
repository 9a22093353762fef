"""Handing work to Celery after commit, without ever failing the request that asked for it."""

import logging
import os
from datetime import timedelta
from typing import Any

from celery import Task
from django.conf import settings
from django.db import transaction

logger = logging.getLogger(__name__)


def enqueue(task: Task, *args: Any, countdown_seconds: int = 0) -> None:
    """Send the task once the current transaction commits. A broker that is away is logged; the sweep catches up."""
    # No partial: Django logs a robust callback's failure by its __qualname__, which a partial lacks (5.2).
    transaction.on_commit(lambda: _send(task, args, countdown_seconds), robust=True)


def _send(task: Task, args: tuple[Any, ...], countdown_seconds: int) -> None:
    try:
        task.apply_async(
            args,
            countdown=countdown_seconds or None,
            queue=os.environ.get("OVOP_QUEUE"),
            retry=False,
            ignore_result=True,
        )
    except Exception:
        logger.exception("%s%r could not be enqueued", task.name, args)


def schedule(name: str, task: Task, every_seconds: int) -> None:
    """Put a task on Saleor's beat. Called when the adapter is imported, before beat reads its settings."""
    settings.CELERY_BEAT_SCHEDULE.setdefault(
        name, {"task": task.name, "schedule": timedelta(seconds=every_seconds), "options": {"expires": every_seconds}}
    )
