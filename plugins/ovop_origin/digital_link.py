"""GS1 Digital Link addresses (GS1 Digital Link Standard: URI Syntax 1.5): `/01/<GTIN>` and `/01/<GTIN>/10/<lot>`.

The part in front is the plugin's own address: the standard lets a domain's owner put a path before the key.
"""

import re

from stdnum import ean

from ovop_origin.errors import InvalidGtin
from ovop_shared.mounting import mount_path

# GTIN-8, -12, -13 and -14 (GS1 General Specifications, 3.3.2); the link's own form has fourteen digits.
_GTIN = re.compile(r"^(\d{8}|\d{12,14})$", re.ASCII)


def digital_link(gtin: str, lot: str = "") -> str:
    """The path of a product, or of one of its lots. `gtin` has 14 digits; a lot's code needs no escaping."""
    return f"{mount_path('ovop_origin')}01/{gtin}" + (f"/10/{lot}" if lot else "")


def gtin_of_link(written: str) -> str:
    """The 14 digits of the GTIN in a link. Raises InvalidGtin: a mistyped number is not an unknown product."""
    if not _GTIN.match(written) or not ean.is_valid(written):
        raise InvalidGtin(
            "This is no GTIN: its length or its check digit is wrong.", field="gtin", params={"gtin": written}
        )
    return written.zfill(14)
