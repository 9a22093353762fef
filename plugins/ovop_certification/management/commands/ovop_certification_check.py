"""`ovop_certification_check`: which products may be sold where at this moment, and why not."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from rich.table import Table

from ovop_certification import selectors
from ovop_certification.rules import Rulebook, is_allowed
from ovop_certification.texts import reason_text
from ovop_origin.selectors import best_name, products_with_origin
from ovop_shared.catalogue import host_catalogue
from ovop_shared.console import command_console
from ovop_shared.records import ProductRecord
from ovop_shared.shop_time import shop_zone


class Command(BaseCommand):
    help = "Show, for every channel of a market, which products may be sold at this moment and why others may not."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("product", nargs="*", help="slugs; without any, all with an origin or a certificate")
        parser.add_argument("--channel", help="only this channel (slug)")

    def handle(self, *args: Any, product: list[str], channel: str | None, **options: Any) -> None:
        products = _products(product)
        markets = selectors.channel_markets()
        channels = [channel] if channel else selectors.market_channels()
        rulebooks = selectors.market_rulebooks([record.pk for record in products])
        at, zone = timezone.now(), shop_zone()
        table = Table("channel", "market", "product", "may be sold", "because", "next change")
        for slug in channels:
            rulebook = rulebooks.get(markets.get(slug, ""), Rulebook())
            decisions = rulebook.decide_many(products, at=at, zone=zone)
            for record in products:
                decision = decisions[record.pk]
                answer = "yes" if is_allowed(decision.reasons) else "NO"
                reasons = "; ".join(reason_text(reason, rulebook, "en") for reason in decision.reasons)
                change = decision.next_change_at
                table.add_row(
                    slug,
                    best_name(rulebook.market_names, "en") or "-",
                    record.slug,
                    answer,
                    reasons,
                    change.astimezone(zone).strftime("%Y-%m-%d %H:%M") if change else "",
                )
        command_console(self).print(table)


def _products(slugs: list[str]) -> list[ProductRecord]:
    if not slugs:
        pks = set(selectors.certified_product_pks())
        page = products_with_origin()
        while page:
            pks.update(page)
            page = products_with_origin(after=page[-1])
        found = host_catalogue().by_pk(pks)
        return sorted(found.values(), key=lambda record: record.slug)
    known = host_catalogue().by_slug(slugs)
    missing = sorted(set(slugs) - set(known))
    if missing:
        raise CommandError(f"the shop has no product {', '.join(missing)}")
    return [known[slug] for slug in dict.fromkeys(slugs)]
