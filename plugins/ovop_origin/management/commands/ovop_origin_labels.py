"""Print packaging labels of a product or its lots: one label as PNG, any number of them as PDF."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from ovop_origin import selectors
from ovop_origin.labels import SHEETS, SIZES, LabelContent, label_content, render_pdf, render_png
from ovop_shared.catalogue import UnknownProduct, host_catalogue
from ovop_shared.errors import OvopError
from ovop_shared.languages import name_tag

FORMATS = (".png", ".pdf")


class Command(BaseCommand):
    help = "Print packaging labels of a product or its lots, as PNG (one label) or PDF (any number)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("product", metavar="PRODUCT_SLUG")
        lots = parser.add_mutually_exclusive_group()
        lots.add_argument("--lot", metavar="CODE", help="a lot of the product")
        lots.add_argument("--all-lots", action="store_true", help="a label for each lot of the product, newest first")
        parser.add_argument("--gtin", help="which GTIN this packing has, if the product has several")
        parser.add_argument("--size", default="58x40", help=f"{', '.join([*SIZES, *SHEETS])} (default: 58x40)")
        parser.add_argument("--languages", default="en", metavar="TAG[,TAG]", help="of the label and the second name")
        parser.add_argument("--copies", type=int, default=1, metavar="N", help="of each label (PDF)")
        parser.add_argument("--start", type=int, default=1, metavar="N", help="first free label of the sheet (PDF)")
        parser.add_argument("--crop-marks", action="store_true", help="where to cut plain paper (PDF)")
        parser.add_argument("--output", type=Path, required=True, metavar="FILE.png|FILE.pdf")

    def handle(self, *args: Any, product: str, output: Path, **options: Any) -> None:
        if output.suffix.lower() not in FORMATS:
            raise CommandError(f"{output} is to end in {' or '.join(FORMATS)}.")
        try:
            contents = _contents(product, options)
            content = self._file(contents, output.suffix.lower(), options)
        except OvopError as refusal:
            raise CommandError(f"{refusal.code}: {refusal.message}") from refusal
        try:
            output.write_bytes(content)
        except OSError as error:
            raise CommandError(f"{output} cannot be written: {error}") from error
        labels = len(contents) * options["copies"]
        self.stdout.write(f"{output}: {labels} {'label' if labels == 1 else 'labels'} of {options['size']}")
        for link in dict.fromkeys(each.link for each in contents):
            self.stdout.write(f"  {link}")

    def _file(self, contents: list[LabelContent], suffix: str, options: dict[str, Any]) -> bytes:
        if suffix == ".png":
            if len(contents) != 1 or options["copies"] != 1:
                raise CommandError("A PNG holds one label: name a .pdf for several.")
            return render_png(contents[0], options["size"])
        return render_pdf(
            contents,
            options["size"],
            start=options["start"],
            copies=options["copies"],
            has_crop_marks=options["crop_marks"],
        )


def _contents(slug: str, options: dict[str, Any]) -> list[LabelContent]:
    found = host_catalogue().by_slug([slug]).get(slug)
    if found is None:
        raise UnknownProduct(f"The shop has no product {slug!r}.", field="product", params={"product": slug})
    lots: list[str | None] = [options["lot"]]
    if options["all_lots"]:
        lots = [lot.code for lot in selectors.lots_of([found.pk]).get(found.pk, ())]
        if not lots:
            raise CommandError(f"{slug} has no lots.")
    languages = [name_tag(tag.strip()) for tag in options["languages"].split(",")]
    return [label_content(found.pk, lot, languages=languages, gtin=options["gtin"]) for lot in lots]
