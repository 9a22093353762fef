"""`ovop_certification_export FILE`: the registry as the JSON document that `ovop_certification_load` reads."""

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from ovop_certification.selectors import registry_document
from ovop_shared.catalogue import host_catalogue
from ovop_shared.console import command_console
from ovop_shared.snapshot import one_snapshot


class Command(BaseCommand):
    help = (
        "Write schemes, issuing bodies, markets, requirements and certificates to a JSON file; loaded, it changes none."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)

    def handle(self, *args: Any, file: Path, **options: Any) -> None:
        console = command_console(self)
        with one_snapshot():
            exported = registry_document(host_catalogue())
        draft = file.with_name(f".{file.name}.draft")
        try:
            draft.write_text(json.dumps(exported.document, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
            draft.replace(file)
        except OSError as error:
            raise CommandError(f"{file} cannot be written: {error}") from error
        counts = ", ".join(f"{len(rows)} {name}" for name, rows in exported.document.items() if isinstance(rows, list))
        console.print(f"{file}: {counts}", markup=False)
        for scheme, body, number in exported.left_out:
            console.print(f"left out, the shop has its product no longer: {scheme} of {body}, {number}", markup=False)
