"""Bring Saleor and the registry of origins in line at once, instead of with the next sweep."""

from typing import Any

from django.apps import apps
from django.core.management.base import BaseCommand, CommandError
from django.utils.module_loading import import_string

from ovop_shared.errors import OvopError


class Command(BaseCommand):
    help = "Bring Saleor's pages, attributes and metadata in line with the registry of origins, and take what staff picked."

    def handle(self, *args: Any, **options: Any) -> None:
        if not apps.is_installed("saleor.product"):
            raise CommandError("There is no Saleor here to write to: run this command where Saleor runs.")
        # By name: the adapter cannot be imported where there is no Saleor.
        project_all = import_string("ovop_origin.adapter.projection.project_all")
        try:
            projection = project_all()
        except OvopError as refusal:
            raise CommandError(f"{refusal.code}: {refusal.message}") from refusal
        self.stdout.write(
            f"pages: {projection.pages}, values: {projection.values}, products: {projection.products} changed; "
            f"picks of staff taken: {projection.taken}"
        )
        if projection.conflicts:
            self.stdout.write(
                "Changed on both sides, the registry's village stays: products "
                + ", ".join(str(pk) for pk in projection.conflicts)
            )
        if not projection.has_written:
            self.stdout.write("Nothing was written: Saleor shows all of this already.")
