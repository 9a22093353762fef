"""The ledger's accounts are paths; this is the only place that spells them.

A posting's amount is positive when the account receives and negative when it gives. Accounts that hold money
(`psp:clearing`, `outlet:…:cash`) therefore stand positive, accounts that owe it (`producer:…:payable`, `tax:…`,
`village:…:fund`) stand negative, and all of them together stand at zero in every currency.
"""

import re

from ovop_producer_payouts.errors import InvalidAccount

PSP_CLEARING = "psp:clearing"
SHIPPING = "shipping"
ASSOCIATION_FEE = "association:fee"
ASSOCIATION_UNASSIGNED = "association:unassigned"
CUSTOMER_PREPAID = "customer:prepaid"

# The shop's slugs and the registry's codes in any script: Saleor allows "каракол" as a warehouse's slug.
_SEGMENT = r"[^:{}\s]+"
MAX_PATH = 300
PATH_PATTERN = (
    rf"^(psp:clearing|shipping|association:(fee|unassigned)|customer:prepaid|tax:[A-Z]{{2}}|"
    rf"costs:{_SEGMENT}|outlet:{_SEGMENT}:(cash|commission)|village:{_SEGMENT}:fund|"
    rf"producer:{_SEGMENT}:(payable|in_transit|advance))$"
)
_PATH = re.compile(PATH_PATTERN)


def checked_path(path: str) -> str:
    """The path itself. Raises InvalidAccount when the ledger has no such kind of account."""
    if len(path) > MAX_PATH or not _PATH.fullmatch(path):
        raise InvalidAccount(f"{path!r} is no account.", field="account", params={"account": path})
    return path


def tax(country: str) -> str:
    """What is owed to the tax office of a country (ISO 3166-1 alpha-2)."""
    return f"tax:{country}"


def producer_payable(producer_code: str) -> str:
    return f"producer:{producer_code}:payable"


def producer_in_transit(producer_code: str) -> str:
    return f"producer:{producer_code}:in_transit"


def producer_of(path: str) -> str | None:
    """The producer's code in a `producer:…` path, else None."""
    root, _, rest = path.partition(":")
    return rest.rpartition(":")[0] if root == "producer" else None
