"""What shoppers are told of a product's certificates, in Saleor's own schema: attributes and public metadata.

Level-triggered: the registry and the product are read and the difference is written, so a second run writes nothing, and
what staff change by hand comes back. Only what is valid at the moment is claimed: what has lapsed goes.

`ovop:certificates`, a public metadata key, is a JSON list with one object for each valid certificate:
`scheme` and `names` (by BCP 47 tag), `number`, `issuingBody`, `validFrom`, `validUntil` (null without an end), `status`,
`grade` (stars, null without one), `markets` (codes; empty are all), `url` (the verification page) and `badge` (a PNG; see
the query parameters `size` and `lang` in views/badges.py). A product without any has no such key.
"""

import datetime
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from saleor.attribute.models import AssignedProductAttributeValue, Attribute
from saleor.product.models import Product

from ovop_certification import selectors
from ovop_certification.adapter.shop_attributes import (
    CERTIFICATES,
    CERTIFIED_FOR,
    GRADE,
    attributes,
)
from ovop_certification.adapter.shopper_choices import FOLLOWING, Choices, read_choices
from ovop_certification.badges import PublicCertificate, claims_of_products
from ovop_certification.models import Effect
from ovop_certification.rules import Rulebook, is_allowed
from ovop_shared.adapter.assignments import Assignments, WantedValue, product_values
from ovop_shared.adapter.product_rows import store_products
from ovop_shared.catalogue import host_catalogue
from ovop_shared.mounting import absolute_url, page_url
from ovop_shared.records import ProductRecord
from ovop_shared.shop_time import shop_day, shop_zone

METADATA_KEY = "ovop:certificates"
PRODUCTS_PER_BATCH = 500


@dataclass(frozen=True, slots=True)
class ShopperFacts:
    """Of one product: the slugs of its attributes' values, and its metadata (empty without any)."""

    channels: tuple[str, ...] = ()
    schemes: tuple[str, ...] = ()
    stars: int | None = None
    metadata: str = ""

    def slugs(self) -> list[tuple[str, str]]:
        """(attribute, value) in the order in which Saleor shows them."""
        return [
            *((CERTIFIED_FOR, channel) for channel in self.channels),
            *((CERTIFICATES, scheme) for scheme in self.schemes),
            *(((GRADE, str(self.stars)),) if self.stars else ()),
        ]


NOTHING = ShopperFacts()


@dataclass(slots=True)
class _Batch:
    products: Mapping[int, Product]
    facts: Mapping[int, ShopperFacts]
    values: Assignments

    def metadata_differs(self, pk: int) -> bool:
        wanted = self.facts.get(pk, NOTHING).metadata or None
        return self.products[pk].metadata.get(METADATA_KEY) != wanted

    @property
    def changed(self) -> list[int]:
        return sorted(self.values.changed | {pk for pk in self.products if self.metadata_differs(pk)})


class ChoiceMissing(Exception):
    """A value that a product needs is not in the shop yet: the choices have to be brought in line first."""


def facts_of_products(product_pks: Collection[int], at: datetime.datetime) -> dict[int, ShopperFacts]:
    """By product pk; products of which nothing can be claimed are left out. The number of queries grows with the number of
    channels that have a market, and not with the products."""
    claims = claims_of_products(product_pks, at)
    if not claims:
        return {}
    records = host_catalogue().by_pk(list(claims))
    channels: dict[int, list[str]] = {}
    for channel in selectors.market_channels():
        listed = host_catalogue().listed(channel, list(records))
        rulebook = selectors.rulebook(channel, None, listed) if listed else Rulebook()
        for pk in listed:
            if _is_certified(rulebook, records[pk], at):
                channels.setdefault(pk, []).append(channel)
    return {
        pk: ShopperFacts(
            channels=tuple(sorted(channels.get(pk, ()))),
            schemes=tuple(sorted({each.scheme for each in certificates})),
            stars=_stars(certificates),
            metadata=_metadata(certificates),
        )
        for pk, certificates in claims.items()
        if pk in records
    }


def project_facts(product_pks: Collection[int], at: datetime.datetime) -> list[int]:
    """Bring these products in line; the keys of those that changed. Looked at without a lock first: most of the time nothing
    differs, and that is all. Raises SetupMissing, ChoiceMissing."""
    ours = {slug: attribute for slug, attribute in attributes().items() if slug in FOLLOWING}
    choices = read_choices(ours)
    looked = _compare(Product.objects.filter(pk__in=product_pks).only("pk", "metadata"), ours, choices, at)
    if not looked.changed:
        return []
    with transaction.atomic():
        # The products are locked before the registry is read: whoever comes second has read the newer state.
        locked = Product.objects.select_for_update(no_key=True).filter(pk__in=looked.changed).order_by("pk")
        batch = _compare(locked, ours, choices, at)
        changed = batch.changed
        batch.values.write({attribute.pk for attribute in ours.values()})
        for pk in changed:
            metadata = batch.products[pk].metadata
            metadata.pop(METADATA_KEY, None)
            if wanted := batch.facts.get(pk, NOTHING).metadata:
                metadata[METADATA_KEY] = wanted
        if changed:
            store_products([batch.products[pk] for pk in changed], dirty=batch.values.changed)
    return changed


def shows_ours(product_pk: int) -> bool:
    """Whether the product shows something of a certificate. One query."""
    values = AssignedProductAttributeValue.objects.filter(value__attribute__slug__in=FOLLOWING)
    product = Product.objects.filter(pk=product_pk)
    shown = product.filter(metadata__has_key=METADATA_KEY) | product.filter(pk__in=values.values("product_id"))
    return shown.exists()


def _compare(rows: Any, ours: Mapping[str, Attribute], choices: Choices, at: datetime.datetime) -> _Batch:
    products = {product.pk: product for product in rows}
    values = product_values(products, [attribute.pk for attribute in ours.values()])
    facts = facts_of_products(products, at)
    values.compare({pk: _wanted_values(facts.get(pk, NOTHING), ours, choices) for pk in products})
    return _Batch(products, facts, values)


def _wanted_values(facts: ShopperFacts, ours: Mapping[str, Attribute], choices: Choices) -> list[WantedValue]:
    wanted = []
    for attribute, slug in facts.slugs():
        choice = choices.there.get((attribute, slug))
        if choice is None:
            raise ChoiceMissing(f"{attribute}/{slug}")
        wanted.append(WantedValue(ours[attribute].pk, slug, choice[1], value_id=choice[0]))
    return wanted


def _is_certified(rulebook: Rulebook, product: ProductRecord, at: datetime.datetime) -> bool:
    """Whether the market asks something of the product that it holds, and lacks nothing that it has to hold. A
    certificate that is only honoured for some days after its end is none."""
    day = shop_day(at)
    rules = [rule for rule in rulebook.requirements if rule.holds_on(day) and rule.concerns(product)]
    if not rules:
        return False
    reasons = rulebook.reasons(product, at=at, zone=shop_zone())
    unmet = {reason.requirement_id for reason in reasons}
    is_complete = not any(rule.id in unmet for rule in rules if rule.effect is Effect.BLOCK)
    return is_allowed(reasons) and is_complete and any(rule.id not in unmet for rule in rules)


def _stars(certificates: Collection[PublicCertificate]) -> int | None:
    """Of the newest label, as the committee counts them."""
    labels = sorted((each for each in certificates if each.stars), key=lambda each: (each.valid_from_on, each.pk))
    return labels[-1].stars if labels else None


def _metadata(certificates: Collection[PublicCertificate]) -> str:
    data = [
        {
            "scheme": each.scheme,
            "names": dict(each.scheme_names),
            "number": each.number,
            "issuingBody": each.body_name,
            "validFrom": each.valid_from_on.isoformat(),
            "validUntil": each.valid_until_on.isoformat() if each.valid_until_on else None,
            "status": each.status.value,
            "grade": each.stars,
            "markets": [market.code for market in each.markets],
            "url": _url("certificate", each),
            "badge": f"{_url('certificate-badge', each)}?body={each.body}",
        }
        for each in certificates
    ]
    return json.dumps(data, ensure_ascii=False, separators=(",", ":"))


def _url(page: str, certificate: PublicCertificate) -> str:
    path = page_url(f"ovop_certification:{page}", scheme=certificate.scheme, number=certificate.number)
    return absolute_url(path)
