"""Markets: what their rules do to listings and orders, and where they hold."""

import datetime
from collections.abc import Collection
from dataclasses import asdict, dataclass

import pycountry
from django.db import transaction

from ovop_certification.errors import ChannelInTwoMarkets, InvalidMarket, InvalidPolicy, UnknownMarket
from ovop_certification.locks import lock_registry
from ovop_certification.models import (
    MAX_GRACE_DAYS,
    ChangeSubject,
    Market,
    MarketChannel,
    MarketCountry,
    OnBypassed,
    OnLapsed,
    OnUncertified,
)
from ovop_certification.services.announce import announce
from ovop_certification.services.certificate_terms import text_check
from ovop_certification.services.changes import actor_check, change_record, facts_differ
from ovop_shared.browsing import catalogue_browser

_CHANNEL_CHARACTERS = 255


@dataclass(frozen=True, slots=True)
class MarketPolicy:
    """What becomes of uncertified listings, of paid orders whose certificate lapsed, and of orders that came past the
    veto; and the grace of requirements that say none."""

    on_uncertified: str
    on_lapsed: str
    on_bypassed: str
    grace_days: int


@transaction.atomic
def market_policy_set(code: str, policy: MarketPolicy, *, actor: str, at: datetime.datetime, reason: str = "") -> bool:
    """Make the market's policy this; False when it is so already. Raises UnknownMarket, InvalidPolicy, ReasonRequired."""
    actor_check(actor, reason)
    for name, choices in (("on_uncertified", OnUncertified), ("on_lapsed", OnLapsed), ("on_bypassed", OnBypassed)):
        if getattr(policy, name) not in choices.values:
            raise InvalidPolicy(f"It is one of {', '.join(choices.values)}.", field=name)
    if not 0 <= policy.grace_days <= MAX_GRACE_DAYS:
        raise InvalidPolicy(f"Grace is from 0 to {MAX_GRACE_DAYS} days.", field="grace_days")
    market = _locked(code)
    wanted = asdict(policy)
    facts = facts_differ({name: getattr(market, name) for name in wanted}, wanted)
    if not facts:
        return False
    for name, value in wanted.items():
        setattr(market, name, value)
    market.save()
    change_record(ChangeSubject.MARKET, market.pk, facts, actor=actor, at=at, reason=reason)
    announce(None)
    return True


@transaction.atomic
def market_places_set(
    code: str,
    *,
    channels: Collection[str],
    countries: Collection[str],
    actor: str,
    at: datetime.datetime,
    reason: str = "",
) -> bool:
    """Make the market hold for exactly these channels (slugs) and destination countries (ISO 3166-1 alpha-2).

    Raises UnknownMarket, InvalidMarket, ChannelInTwoMarkets, InvalidText, ReasonRequired.
    """
    actor_check(actor, reason)
    wanted_channels, wanted_countries = set(channels), {country.upper() for country in countries}
    for channel in wanted_channels:
        text_check(channel, "channels", _CHANNEL_CHARACTERS)
        if not channel.strip():
            raise InvalidMarket("A channel has a name.", field="channels")
    for country in sorted(wanted_countries):
        if len(country) != 2 or pycountry.countries.get(alpha_2=country) is None:
            raise InvalidMarket(f"ISO 3166-1 knows no country {country!r}.", field="countries")
    market = _locked(code)
    for field, claimed in (
        ("channels", MarketChannel.objects.filter(channel__in=wanted_channels)),
        ("countries", MarketCountry.objects.filter(country__in=wanted_countries)),
    ):
        taken = claimed.exclude(market=market).select_related("market").first()
        if taken is not None:
            raise ChannelInTwoMarkets(
                f"One of them belongs to the market {taken.market.code!r}.",
                field=field,
                params={"market": taken.market.code},
            )
    known = dict(catalogue_browser().kinds().channels)
    unknown = wanted_channels - known.keys() - set(market.channels.values_list("channel", flat=True))
    if known and unknown:
        raise InvalidMarket(f"The shop has no channel {min(unknown)!r}.", field="channels")
    facts = facts_differ(
        {
            "channels": frozenset(market.channels.values_list("channel", flat=True)),
            "countries": frozenset(market.countries.values_list("country", flat=True)),
        },
        {"channels": frozenset(wanted_channels), "countries": frozenset(wanted_countries)},
    )
    if not facts:
        return False
    market.channels.exclude(channel__in=wanted_channels).delete()
    market.countries.exclude(country__in=wanted_countries).delete()
    MarketChannel.objects.bulk_create(
        [MarketChannel(market=market, channel=each) for each in sorted(wanted_channels)], ignore_conflicts=True
    )
    MarketCountry.objects.bulk_create(
        [MarketCountry(market=market, country=each) for each in sorted(wanted_countries)], ignore_conflicts=True
    )
    change_record(ChangeSubject.MARKET, market.pk, facts, actor=actor, at=at, reason=reason)
    announce(None)
    return True


def _locked(code: str) -> Market:
    """Writers of markets, by hand or by a file, go one after the other."""
    lock_registry()
    market = Market.objects.filter(code=code).first() if "\0" not in code else None
    if market is None:
        raise UnknownMarket(f"There is no market {code!r}.", field="market")
    return market
