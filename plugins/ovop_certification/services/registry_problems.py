"""What is wrong with the rows of a registry file, by themselves and among each other; all of it at once."""

from collections import Counter
from collections.abc import Callable, Collection, Hashable, Iterable, Mapping
from typing import Any

from ovop_certification.errors import (
    AreaRequired,
    ChannelInTwoMarkets,
    InvalidCertificate,
    InvalidDates,
    InvalidPolicy,
    UnknownIssuingBody,
    UnknownMarket,
    UnknownPlaceOfArea,
    UnknownScheme,
)
from ovop_certification.models import (
    MAX_GRACE_DAYS,
    HolderKind,
    IssuingBody,
    Market,
    MarketChannel,
    MarketCountry,
    OnBypassed,
    OnLapsed,
    OnUncertified,
    Scheme,
    SchemeKind,
)
from ovop_certification.records import (
    SECTIONS,
    CertificateRow,
    IssuingBodyRow,
    MarketRow,
    RegistryDocument,
    RequirementRow,
)
from ovop_certification.services.certificate_terms import address_check, text_check
from ovop_certification.services.certificates import certificate_check
from ovop_certification.services.requirements import requirement_check
from ovop_origin.selectors import places
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
    for body in rows.issuing_bodies:
        check(body, "issuing_bodies", _body_check)
    for market in rows.markets:
        check(market, "markets", _market_check)
    kinds = dict(Scheme.objects.values_list("code", "kind")) | {row.code: row.kind for row in rows.schemes}
    areas = {code for row in rows.certificates for code in row.areas}
    known_places = set(places(areas)) if areas else set()
    for row in rows.certificates:
        check(row, "certificates", certificate_check)
        check(row, "certificates", _terms_check)
        if kinds.get(row.scheme) == SchemeKind.GEOGRAPHICAL and not row.areas:
            report(AreaRequired("A geographical indication names at least one area."), "certificates", row.row, "areas")
        for code in sorted(row.areas - known_places):
            report(UnknownPlaceOfArea(f"There is no place {code!r}."), "certificates", row.row, "areas")
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
    slugs: set[str] = set()
    for row in rows:
        slugs |= row.products
        if row.holder_kind in (HolderKind.PRODUCT, HolderKind.LOT):
            slugs.add(row.holder_ref.partition("/")[0])
    return slugs


def located(error: OvopError, section: str, row: int | None, field: str) -> OvopError:
    """The problem with its place in the file."""
    error.row = row
    error.field = field or None
    error.params["section"] = section
    return error


def _body_check(row: IssuingBodyRow) -> None:
    address_check(row.register_url or "")


def _market_check(row: MarketRow) -> None:
    for name, choices in (("on_uncertified", OnUncertified), ("on_lapsed", OnLapsed), ("on_bypassed", OnBypassed)):
        if getattr(row, name) not in (None, *choices.values):
            raise InvalidPolicy(f"It is one of {', '.join(choices.values)}.", field=name)
    if not 0 <= (row.grace_days or 0) <= MAX_GRACE_DAYS:
        raise InvalidPolicy(f"Grace is from 0 to {MAX_GRACE_DAYS} days.", field="grace_days")


def _terms_check(row: CertificateRow) -> None:
    address_check(row.register_url)
    for name in ("product_types", "areas"):
        for text in getattr(row, name):
            text_check(text, name, 64 if name == "areas" else 255)
    last, following = row.surveillance_last_on, row.surveillance_next_on
    if last is not None and following is not None and following <= last:
        raise InvalidDates("The next surveillance lies after the last one.", field="surveillance_next_on")
    if row.holder_kind == HolderKind.LOT and not all(row.holder_ref.partition("/")[::2]):
        raise InvalidCertificate("A lot is a product's slug, a slash and the lot's code.", field="holder")


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
        return (row.market, row.scheme, row.product_type, row.category, row.intended_use, row.from_on.isoformat())
    return row.key if isinstance(row, CertificateRow) else row.code
