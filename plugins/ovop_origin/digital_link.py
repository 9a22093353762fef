"""GS1 Digital Link addresses (GS1 Digital Link Standard: URI Syntax 1.5): `/01/<GTIN>` and `/01/<GTIN>/10/<lot>`.

The part in front is the plugin's own address: the standard lets a domain's owner put a path before the key.
"""

import re

from ovop_origin.errors import InvalidGtin
from ovop_origin.rules import gtin14
from ovop_shared.mounting import mount_path

# In an address a number is digits alone; what a registry's file may write between them is not undone here.
_DIGITS = re.compile(r"^[0-9]+$")


def digital_link(gtin: str, lot: str = "") -> str:
    """The path of a product, or of one of its lots. `gtin` has 14 digits; a lot's code needs no escaping."""
    return f"{mount_path('ovop_origin')}01/{gtin}" + (f"/10/{lot}" if lot else "")


def gtin_of_link(written: str) -> str:
    """The 14 digits of the GTIN in a link. Raises InvalidGtin: a mistyped number is not an unknown product."""
    try:
        if _DIGITS.match(written):
            return gtin14(written)
    except InvalidGtin:
        pass
    raise InvalidGtin(
        "This is no GTIN: its length or its check digit is wrong.", field="gtin", params={"gtin": written}
    )
