"""What is wrong with the rows of a registry file, by themselves and among each other; all of it at once."""

from collections import Counter
from collections.abc import Callable, Collection, Hashable, Iterable, Mapping
from typing import Any

from ovop_certification.errors import (
    ChannelInTwoMarkets,
    UnknownIssuingBody,
    UnknownMarket,
    UnknownScheme,
)
from ovop_certification.models import HolderKind, IssuingBody, Market, MarketChannel, MarketCountry, Scheme
from ovop_certification.records import (
    SECTIONS,
    CertificateRow,
    MarketRow,
    RegistryDocument,
    RequirementRow,
)
from ovop_certification.services.certificates import certificate_check
from ovop_certification.services.requirements import requirement_check
from ovop_shared.catalogue import UnknownProduct
from ovop_shared.errors import DuplicateRow, OvopError


def problems_of(rows: RegistryDocument, pks: Mapping[str, int]) -> list[OvopError]:
    """What is wrong with the rows by themselves and among each other."""
    schemes = {row.code for row in rows.schemes} | set(Scheme.objects.values_list("code", flat=True))
    bodies = {row.code for row in rows.issuing_bodies} | set(IssuingBody.objects.values_list("code", flat=True))
    markets = {row.code for row in rows.markets} | set(Market.objects.values_list("code", flat=True))
    problems: list[OvopError] = []

    def report(error: OvopError, section: str, row: int | None, field: str) -> None:
        problems.append(located(error, section, row, field))

    def check(row: Any, section: str, rule: Callable[[Any], None]) -> None:
        try:
            rule(row)
        except OvopError as error:
            problems.append(located(error, section, row.row, error.field or ""))

    for section in SECTIONS:
        seen: set[Hashable] = set()
        for each in getattr(rows, section):
            key = _key(each)
            if key in seen:
                report(DuplicateRow(f"{key!r} is in the file twice."), section, each.row, "code")
            seen.add(key)
    problems += _shared_places(rows.markets)
    for requirement in rows.requirements:
        check(requirement, "requirements", requirement_check)
        if requirement.market not in markets:
            report(
                UnknownMarket(f"There is no market {requirement.market!r}."), "requirements", requirement.row, "market"
            )
        if requirement.scheme not in schemes:
            report(
                UnknownScheme(f"There is no scheme {requirement.scheme!r}."), "requirements", requirement.row, "scheme"
            )
    for row in rows.certificates:
        check(row, "certificates", certificate_check)
        if row.scheme not in schemes:
            report(UnknownScheme(f"There is no scheme {row.scheme!r}."), "certificates", row.row, "scheme")
        if row.issuing_body not in bodies:
            report(
                UnknownIssuingBody(f"There is no issuing body {row.issuing_body!r}."),
                "certificates",
                row.row,
                "issuing_body",
            )
        for code in sorted(row.markets - markets):
            report(UnknownMarket(f"There is no market {code!r}."), "certificates", row.row, "markets")
        for slug in sorted(slugs_of([row]) - set(pks)):
            report(UnknownProduct(f"The shop has no product {slug!r}."), "certificates", row.row, "products")
    return problems


def slugs_of(rows: Iterable[CertificateRow]) -> set[str]:
    """Every product that these certificates name or belong to."""
    slugs = {slug for row in rows for slug in row.products}
    return slugs | {row.holder_ref for row in rows if row.holder_kind == HolderKind.PRODUCT}


def located(error: OvopError, section: str, row: int | None, field: str) -> OvopError:
    """The problem with its place in the file."""
    error.row = row
    error.field = field or None
    error.params["section"] = section
    return error


def _shared_places(rows: Collection[MarketRow]) -> list[OvopError]:
    """Channels and countries that two markets of the file claim, or one of the file and one outside it."""
    codes = {row.code for row in rows}
    channels = Counter(channel for row in rows for channel in row.channels)
    countries = Counter(country for row in rows for country in row.countries)
    channels.update(
        MarketChannel.objects.filter(channel__in=channels)
        .exclude(market__code__in=codes)
        .values_list("channel", flat=True)
    )
    countries.update(
        MarketCountry.objects.filter(country__in=countries)
        .exclude(market__code__in=codes)
        .values_list("country", flat=True)
    )
    return [
        located(ChannelInTwoMarkets(f"{place!r} belongs to another market."), "markets", row.row, field)
        for row in rows
        for field, places, claims in (("channels", row.channels, channels), ("countries", row.countries, countries))
        for place in sorted(places)
        if claims[place] > 1
    ]


def _key(row: Any) -> Hashable:
    if isinstance(row, RequirementRow):
        return (row.market, row.scheme, row.product_type, row.category, row.from_on.isoformat())
    return row.key if isinstance(row, CertificateRow) else row.code
