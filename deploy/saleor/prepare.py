"""Runs inside Saleor's interpreter, once before a shop starts: migrations, `ovop_setup`, staff, an empty task queue.

One process for all of it, because importing Saleor costs more than the work.
"""

import argparse
import os

import django


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--purge", action="store_true", help="throw away tasks an earlier shop of this name left")
    arguments = parser.parse_args()

    django.setup()
    from django.core.management import call_command, get_commands
    from saleor.account.models import User
    from saleor.celeryconf import app

    call_command("migrate", interactive=False)
    if "ovop_setup" in get_commands():
        call_command("ovop_setup")
    if not User.objects.filter(is_superuser=True).exists():
        # Takes e-mail and password from DJANGO_SUPERUSER_EMAIL and DJANGO_SUPERUSER_PASSWORD.
        call_command("createsuperuser", interactive=False)
        print(f"created {os.environ['DJANGO_SUPERUSER_EMAIL']}")
    if arguments.purge:
        app.control.purge()


if __name__ == "__main__":
    main()
