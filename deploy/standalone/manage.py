"""Django's commands on the standalone host; the database is started first."""

import os
import sys
from pathlib import Path

from django.core.management import execute_from_command_line

from database import DatabaseUnavailable, database_url


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ovop_standalone.settings")
    try:
        database_url()
    except DatabaseUnavailable as error:
        sys.exit(str(error))
    execute_from_command_line([Path(sys.argv[0]).name, *sys.argv[1:]])


if __name__ == "__main__":
    main()
