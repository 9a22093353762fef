"""Certificates in the words of a staff page."""

import datetime
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ovop_certification.models import EventKind, HolderKind
from ovop_certification.rules import Status
from ovop_certification.selectors.desk import DeskCertificate
from ovop_certification.texts import STATUS_TEXTS
from ovop_origin.selectors import best_name, producers
from ovop_shared.catalogue import host_catalogue
from ovop_shared.records import product_name

HOLDER_KIND_TEXTS = {
    HolderKind.PRODUCT: "Product",
    HolderKind.PRODUCER: "Producer",
    HolderKind.GROUP: "Group",
    HolderKind.LOT: "Lot",
}
VERIFIED_TEXTS = {True: "Verified, waits to be issued"}
STEP_TEXTS = {
    EventKind.APPLIED: "Applied for",
    EventKind.VERIFIED: "Verified",
    EventKind.ISSUED: "Issued",
    EventKind.SUSPENDED: "Suspended",
    EventKind.REINSTATED: "Reinstated",
    EventKind.WITHDRAWN: "Withdrawn",
    "changed": "Changed",
    "filed": "Document filed",
}
FACT_TEXTS = {
    "valid_from_on": "Valid from",
    "valid_until_on": "Last day",
    "markets": "Markets",
    "products": "Products",
    "product_types": "Product types",
    "areas": "Areas",
    "register_url": "Address in the public register",
    "surveillance_last_on": "Last inspection",
    "surveillance_next_on": "Next inspection",
}
_GOOD = frozenset({Status.VALID})
_BAD = frozenset({Status.EXPIRED, Status.SUSPENDED, Status.WITHDRAWN})


@dataclass(frozen=True, slots=True)
class ListedCertificate:
    """`status` and `holder_kind` are page texts, names are in the reader's language. `days_left` counts the days after
    today on which it is still valid; None when it is not valid or has no end. `tone` is a class of the page's style."""

    facts: DeskCertificate
    scheme: str
    holder: str
    holder_kind: str
    status: str
    tone: str
    days_left: int | None


def shown_certificates(
    found: Iterable[DeskCertificate], language: str, today: datetime.date
) -> list[ListedCertificate]:
    """In the same order. Five queries whatever their number."""
    rows = list(found)
    holders = _holders(rows, language)
    return [_shown(row, holders, language, today) for row in rows]


def _shown(
    row: DeskCertificate, holders: Mapping[tuple[str, str], str], language: str, today: datetime.date
) -> ListedCertificate:
    is_verified = row.last_kind is EventKind.VERIFIED
    left = (row.valid_until_on - today).days if row.valid_until_on and row.status is Status.VALID else None
    return ListedCertificate(
        facts=row,
        scheme=best_name(row.scheme_names, language) or row.scheme,
        holder=holders.get((row.holder_kind, row.holder_ref), row.holder_ref),
        holder_kind=HOLDER_KIND_TEXTS[HolderKind(row.holder_kind)],
        status=VERIFIED_TEXTS[True] if is_verified else STATUS_TEXTS[row.status],
        tone="good" if row.status in _GOOD else "bad" if row.status in _BAD else "",
        days_left=left,
    )


def _holders(rows: Iterable[DeskCertificate], language: str) -> dict[tuple[str, str], str]:
    refs = {(row.holder_kind, row.holder_ref) for row in rows}
    of_makers = {ref for kind, ref in refs if kind in (HolderKind.PRODUCER, HolderKind.GROUP)}
    pks = {ref: int(ref.partition("/")[0]) for kind, ref in refs if kind in (HolderKind.PRODUCT, HolderKind.LOT)}
    products = host_catalogue().by_pk(set(pks.values()))
    makers = producers(of_makers)
    names: dict[tuple[str, str], str] = {}
    for kind, ref in refs:
        if ref in makers and ref in of_makers:
            names[kind, ref] = best_name(makers[ref].names, language)
        elif kind in (HolderKind.PRODUCT, HolderKind.LOT) and pks[ref] in products:
            lot = ref.partition("/")[2]
            names[kind, ref] = product_name(products[pks[ref]], language) + (f" · {lot}" if lot else "")
    return names
