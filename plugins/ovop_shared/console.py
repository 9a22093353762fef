"""Tables and progress of the management commands."""

from typing import IO, cast

from django.core.management.base import BaseCommand
from rich.console import Console


def command_console(command: BaseCommand) -> Console:
    """A rich console on the command's own output, so that call_command's `stdout` is honoured."""
    return Console(file=cast("IO[str]", command.stdout), width=None if command.stdout.isatty() else 120)
