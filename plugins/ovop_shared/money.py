"""Money is an integer of minor units and a currency. No float comes near it."""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from types import MappingProxyType
from typing import TypeVar

from babel.core import Locale, UnknownLocaleError
from babel.numbers import format_decimal

from ovop_shared.errors import OvopError

Key = TypeVar("Key", bound=Hashable)

# ISO 4217 gives UZS, KZT and the others two minor digits; Babel's CLDR digits follow usage and change between
# releases, so a stored amount must not depend on them.
MINOR_DIGITS: Mapping[str, int] = MappingProxyType(
    {
        "CNY": 2,
        "EUR": 2,
        "GBP": 2,
        "JPY": 0,
        "KGS": 2,
        "KRW": 0,
        "KZT": 2,
        "RUB": 2,
        "TJS": 2,
        "TRY": 2,
        "USD": 2,
        "UZS": 2,
    }
)


class UnsupportedCurrency(OvopError):
    """The currency is not one whose minor unit the ledger knows (see MINOR_DIGITS)."""

    code = "unsupported_currency"


class AmountNotRepresentable(OvopError):
    """The decimal amount has more digits than the currency has minor units."""

    code = "amount_not_representable"


class NothingToAllocateTo(OvopError):
    """An amount other than zero has no positive weight to go to."""

    code = "nothing_to_allocate_to"


@dataclass(frozen=True, slots=True)
class Money:
    """`amount_minor` in the smallest unit of `currency` (ISO 4217), e.g. tyiyn for KGS, yen for JPY."""

    amount_minor: int
    currency: str

    def __post_init__(self) -> None:
        minor_digits(self.currency)


def minor_digits(currency: str) -> int:
    """How many decimal digits the currency's minor unit has. Raises UnsupportedCurrency."""
    try:
        return MINOR_DIGITS[currency]
    except KeyError:
        raise UnsupportedCurrency(
            f"Currency {currency!r} is not supported.", field="currency", params={"currency": currency}
        ) from None


def to_minor(amount: Decimal, currency: str) -> int:
    """The decimal amount as minor units, exactly. Raises AmountNotRepresentable rather than rounding."""
    scaled = amount.scaleb(minor_digits(currency))
    if scaled != scaled.to_integral_value():
        raise AmountNotRepresentable(
            f"{amount} {currency} has more digits than the currency.",
            field="amount",
            params={"amount": str(amount), "currency": currency},
        )
    return int(scaled)


def to_decimal(amount_minor: int, currency: str) -> Decimal:
    """Minor units as the decimal amount that people write."""
    return Decimal(amount_minor).scaleb(-minor_digits(currency))


def format_minor(amount_minor: int, currency: str, language: str = "en") -> str:
    """An amount as people of that language write it, always with the ISO code: som and soʻm are both "som"."""
    digits = minor_digits(currency)
    pattern = "#,##0" + ("." + "0" * digits if digits else "")
    number = format_decimal(to_decimal(amount_minor, currency), format=pattern, locale=number_locale(language))
    return f"{number}\N{NO-BREAK SPACE}{currency}"


def allocate(total_minor: int, weights: Mapping[Key, int]) -> dict[Key, int]:
    """Split `total_minor` in proportion to `weights`; the parts add up to the total, always.

    Largest remainder: every part is rounded towards zero, then the units that are left go one by one to the largest
    remainders; equal remainders are served in the order of `weights`, so the caller names the stable order. Weights
    are integers of zero or more. A negative total (a refund) is split as its mirror image. Raises
    NothingToAllocateTo when a total other than zero meets no positive weight, ValueError on a negative weight.
    """
    weight_sum = 0
    for weight in weights.values():
        if weight < 0:
            raise ValueError("a weight is negative")
        weight_sum += weight
    if weight_sum == 0:
        if total_minor:
            raise NothingToAllocateTo("An amount has nobody to go to.", params={"total_minor": total_minor})
        return dict.fromkeys(weights, 0)
    sign = -1 if total_minor < 0 else 1
    magnitude = abs(total_minor)
    parts: dict[Key, int] = {}
    remainders: list[tuple[int, int, Key]] = []
    left = magnitude
    for order, (key, weight) in enumerate(weights.items()):
        part, remainder = divmod(magnitude * weight, weight_sum)
        parts[key] = part
        left -= part
        if remainder:
            remainders.append((-remainder, order, key))
    remainders.sort(key=lambda item: item[:2])
    for _, _, key in remainders[:left]:
        parts[key] += 1
    return {key: sign * part for key, part in parts.items()} if sign < 0 else parts


def round_half_up(exact: Fraction) -> int:
    """The nearest whole minor unit; halves go away from zero, as banks and invoices in these countries do."""
    sign = -1 if exact < 0 else 1
    return sign * ((abs(exact.numerator) * 2 + exact.denominator) // (exact.denominator * 2))


# CLDR has the name of Karakalpak but not its numbers; they are written as its neighbour writes them.
_NUMBERS_AS = {"kaa-Latn": "uz-Latn", "kaa-Cyrl": "uz-Cyrl"}


def number_locale(language: str) -> Locale:
    """How numbers are written in a page language."""
    for candidate in (_NUMBERS_AS.get(language, language), language.partition("-")[0]):
        try:
            return Locale.parse(candidate, sep="-")
        except (UnknownLocaleError, ValueError):
            continue
    return Locale("en")
