"""The registry's words as page texts. The English texts are the message ids of the catalogues."""

from collections.abc import Mapping

KIND_TEXTS: Mapping[str, str] = {
    "country": "Country",
    "region": "Region",
    "district": "District",
    "village": "Village",
    "person": "Person",
    "household": "Household",
    "group": "Group",
    "cooperative": "Co-operative",
    "enterprise": "Enterprise",
    "workshop": "Workshop",
}
"""Of places and of producers."""

CERTIFICATE_TEXTS: Mapping[str, str] = {
    "not_yet_valid": "Issued, not valid yet",
    "valid": "Valid",
    "suspended": "Suspended",
    "withdrawn": "Withdrawn",
    "expired": "Expired",
}
"""What became of a certificate, in certification's words."""
