"""`manage.py ovop_token --kind staff --permission manage_orders`: print a token for the header or /sign-in/."""

import datetime
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from ovop_shared.requester import Requester, RequesterKind
from ovop_standalone.tokens import DEFAULT_LIFETIME, make_token


class Command(BaseCommand):
    help = "Print a signed token that names a requester of the standalone host."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--kind", choices=[kind.value for kind in RequesterKind], default=RequesterKind.STAFF.value)
        parser.add_argument("--name", default="", help="who it is, for the record")
        parser.add_argument("--user-id", default="", help="the Saleor user's key")
        parser.add_argument("--permission", action="append", default=[], help="e.g. manage_orders; repeatable")
        parser.add_argument("--channel", action="append", default=None, help="restrict to this channel; repeatable")
        default_hours = DEFAULT_LIFETIME / datetime.timedelta(hours=1)
        parser.add_argument(
            "--hours", type=float, default=default_hours, help=f"lifetime, {default_hours:g} unless told"
        )

    def handle(self, *_arguments: Any, **options: Any) -> None:
        requester = Requester(
            kind=RequesterKind(options["kind"]),
            name=options["name"] or options["kind"],
            user_id=options["user_id"],
            permissions=frozenset(options["permission"]),
            channels=None if options["channel"] is None else frozenset(options["channel"]),
        )
        token = make_token(requester, at=timezone.now(), lifetime=datetime.timedelta(hours=options["hours"]))
        self.stdout.write(token)
