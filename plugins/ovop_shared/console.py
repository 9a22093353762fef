"""Tables and progress of the management commands."""

from typing import IO, cast

from django.core.management.base import BaseCommand
from rich.console import Console


def command_console(command: BaseCommand, *, is_error: bool = False) -> Console:
    """A rich console on the command's own output, so that call_command's `stdout` and `stderr` are honoured."""
    stream = command.stderr if is_error else command.stdout
    return Console(file=cast("IO[str]", stream), width=None if stream.isatty() else 120)
