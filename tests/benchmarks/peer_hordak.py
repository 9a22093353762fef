"""The same postings through django-hordak, the way its documentation books a transaction of several legs."""

import datetime
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from django.db import transaction
from hordak.models import Account, AccountType, Leg, Transaction
from moneyed import Money

from ovop_shared.money import to_decimal
from tests.benchmarks import tables

HOLDS_MONEY = ("psp:",)


@dataclass(frozen=True, slots=True)
class Booking:
    """One entry, ready to be booked: what is looked up and converted is so before the clock runs."""

    reference: str
    on: datetime.date
    legs: Sequence[tuple[Account, str, Money, str]]


class Accounts:
    """hordak's accounts by path and currency, made when first asked for."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str], Account] = {}

    def get(self, path: str, currency: str) -> Account:
        key = (path, currency)
        if key not in self._known:
            kind = AccountType.asset if path.startswith(HOLDS_MONEY) else AccountType.liability
            self._known[key] = Account.objects.create(name=f"{path} {currency}", type=kind, currencies=[currency])
        return self._known[key]


def bookings(entries: Mapping[str, Sequence[tables.Leg]], known_accounts: Accounts, on: datetime.date) -> list[Booking]:
    return [
        Booking(
            reference,
            on,
            [
                (
                    known_accounts.get(leg.account, leg.currency),
                    "debit" if leg.amount_minor > 0 else "credit",
                    Money(to_decimal(abs(leg.amount_minor), leg.currency), leg.currency),
                    leg.description,
                )
                for leg in legs
            ],
        )
        for reference, legs in entries.items()
    ]


def book(all_bookings: Iterable[Booking]) -> None:
    for booking in all_bookings:
        with transaction.atomic():
            booked = Transaction.objects.create(description=booking.reference, date=booking.on)
            for account, side, amount, description in booking.legs:
                Leg.objects.create(transaction=booked, account=account, description=description, **{side: amount})


def count_legs() -> int:
    return int(Leg.objects.count())
