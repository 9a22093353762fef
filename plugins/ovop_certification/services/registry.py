"""Loading a registry file: all of it or nothing, and a second time without effect."""

import datetime
from collections.abc import Hashable, Mapping, Sequence

from django.db import transaction

from ovop_certification.errors import EventOutOfOrder, EventsDisagree, UnknownCertificate
from ovop_certification.locks import lock_certificates, lock_registry
from ovop_certification.models import (
    Certificate,
    CertificateArea,
    CertificateEvent,
    CertificateProduct,
    CertificateProductType,
    HolderKind,
    IssuingBody,
    Market,
    MarketChannel,
    MarketCountry,
    Requirement,
    Scheme,
)
from ovop_certification.records import CertificateRow, read_document
from ovop_certification.selectors import products_of_certificates
from ovop_certification.services.announce import announce
from ovop_certification.services.bulk import BATCH_ROWS, RegistryCounts, assign, link, store
from ovop_certification.services.certificates import events_after
from ovop_certification.services.registry_problems import located, problems_of, slugs_of
from ovop_shared.catalogue import Catalogue
from ovop_shared.errors import OvopError, RegistryRefused


@transaction.atomic
def registry_load(document: object, *, catalogue: Catalogue, at: datetime.datetime) -> RegistryCounts:
    """Bring the registry to what the parsed JSON document says (records.py has its shape), or leave it as it was.

    Rows are added and changed, never taken out; of a market, the channels and countries become exactly those listed.
    Histories only grow: events that are recorded already are skipped, and a file that tells them otherwise is
    refused. Raises RegistryRefused, which holds every problem with its section and row. The number of queries does
    not depend on the number of rows.
    """
    rows = read_document(document)
    lock_registry()
    products = catalogue.by_slug(slugs_of(rows.certificates))
    pks = {slug: product.pk for slug, product in products.items()}
    _refuse(problems_of(rows, pks))
    schemes, written = store(
        Scheme,
        ("code",),
        [
            {"code": r.code, "kind": r.kind, "names": dict(r.names)}
            | _told(suspends_on_recipe_change=r.suspends_on_recipe_change)
            for r in rows.schemes
        ],
    )
    bodies, counts = store(
        IssuingBody,
        ("code",),
        [{"code": r.code, "name": r.name} | _told(register_url=r.register_url) for r in rows.issuing_bodies],
    )
    written += counts
    markets, counts = store(
        Market,
        ("code",),
        [
            {"code": r.code, "names": dict(r.names)}
            | _told(
                on_uncertified=r.on_uncertified,
                on_lapsed=r.on_lapsed,
                on_bypassed=r.on_bypassed,
                grace_days=r.grace_days,
            )
            for r in rows.markets
        ],
    )
    written += counts
    channels = {channel: markets[(r.code,)].pk for r in rows.markets for channel in r.channels}
    written += assign(MarketChannel, "channel", [markets[(r.code,)].pk for r in rows.markets], channels)
    countries = {country: markets[(r.code,)].pk for r in rows.markets for country in r.countries}
    written += assign(MarketCountry, "country", [markets[(r.code,)].pk for r in rows.markets], countries)
    _, counts = store(
        Requirement,
        ("market_id", "scheme_id", "product_type", "category", "intended_use", "from_on"),
        [
            {
                "market_id": markets[(r.market,)].pk,
                "scheme_id": schemes[(r.scheme,)].pk,
                "product_type": r.product_type,
                "category": r.category,
                "intended_use": r.intended_use,
                "from_on": r.from_on,
                "until_on": r.until_on,
                "grace_days": r.grace_days,
                "effect": r.effect,
            }
            for r in rows.requirements
        ],
    )
    written += counts
    if written != RegistryCounts():
        announce(None)
    return written + _load_certificates(rows.certificates, pks, schemes, bodies, markets, at)


def _told(**values: object) -> dict[str, object]:
    """What the file does not say stays as it is."""
    return {name: value for name, value in values.items() if value is not None}


def _refuse(problems: Sequence[OvopError]) -> None:
    if problems:
        raise RegistryRefused(problems)


def _load_certificates(
    rows: Sequence[CertificateRow],
    pks: Mapping[str, int],
    schemes: Mapping[Hashable, Scheme],
    bodies: Mapping[Hashable, IssuingBody],
    markets: Mapping[Hashable, Market],
    at: datetime.datetime,
) -> RegistryCounts:
    if not rows:
        return RegistryCounts()
    keys = {row.key: (schemes[(row.scheme,)].pk, bodies[(row.issuing_body,)].pk, row.number) for row in rows}
    key_fields = ("scheme_id", "issuing_body_id", "number")
    known = Certificate.objects.filter(number__in={row.number for row in rows}).values_list("pk", *key_fields)
    of_file = set(keys.values())
    concerned = products_of_certificates([pk for pk, *key in known if tuple(key) in of_file])
    stored, written = store(
        Certificate,
        key_fields,
        [
            {
                **dict(zip(key_fields, keys[row.key], strict=True)),
                "holder_kind": row.holder_kind,
                "holder_ref": _holder_ref(row, pks),
                "valid_from_on": row.valid_from_on,
                "valid_until_on": row.valid_until_on,
                "register_url": row.register_url,
                "surveillance_last_on": row.surveillance_last_on,
                "surveillance_next_on": row.surveillance_next_on,
            }
            for row in rows
        ],
    )
    certificates = {row.key: stored[keys[row.key]] for row in rows}
    lock_certificates([certificate.pk for certificate in certificates.values()])
    replacing = []
    problems: list[OvopError] = []
    for row in rows:
        certificate = certificates[row.key]
        older = stored.get((*keys[row.key][:2], row.replaces)) if row.replaces else None
        if row.replaces and older is None:
            problems.append(
                located(
                    UnknownCertificate(f"There is no certificate {row.replaces!r}."),
                    "certificates",
                    row.row,
                    "replaces",
                )
            )
        elif certificate.replaces_id != (older.pk if older else None):
            certificate.replaces = older
            replacing.append(certificate)
    _refuse(problems)
    Certificate.objects.bulk_update(replacing, ["replaces"], batch_size=BATCH_ROWS)
    written += RegistryCounts(changed=len(replacing))
    named = {(certificates[row.key].pk, pks[slug]) for row in rows for slug in row.products}
    types = {(certificates[row.key].pk, slug) for row in rows for slug in row.product_types}
    areas = {(certificates[row.key].pk, code) for row in rows for code in row.areas}
    valid_in = {(certificates[row.key].pk, markets[(code,)].pk) for row in rows for code in row.markets}
    written += link(CertificateProduct, "product_pk", certificates.values(), named)
    written += link(CertificateProductType, "product_type", certificates.values(), types)
    written += link(CertificateArea, "place", certificates.values(), areas)
    written += link(Certificate.markets.through, "market_id", certificates.values(), valid_in)
    added = _load_events(rows, certificates, at)
    written += RegistryCounts(created=len(added))
    if written != RegistryCounts():
        concerned |= products_of_certificates([certificate.pk for certificate in certificates.values()])
        announce(concerned, since=min((event.at for event in added), default=None))
    return written


def _load_events(
    rows: Sequence[CertificateRow], certificates: Mapping[tuple[str, str, str], Certificate], at: datetime.datetime
) -> list[CertificateEvent]:
    recorded: dict[int, list[CertificateEvent]] = {}
    events = CertificateEvent.objects.filter(certificate__in=certificates.values()).order_by("certificate", "position")
    for event in events:
        recorded.setdefault(event.certificate_id, []).append(event)
    added: list[CertificateEvent] = []
    problems: list[OvopError] = []
    for row in rows:
        pk = certificates[row.key].pk
        known = recorded.get(pk, [])
        told = [(event.kind, event.at) for event in row.events]
        shared = min(len(told), len(known))
        try:
            if told[:shared] != [(event.kind, event.at) for event in known[:shared]]:
                raise EventsDisagree(f"What is recorded about {row.number} is not what the file tells.")
            if any(moment > at for _, moment in told):
                raise EventOutOfOrder("An event lies in the future.")
            added += events_after(pk, known, row.events[shared:] if shared == len(known) else ())
        except OvopError as error:
            problems.append(located(error, "certificates", row.row, "events"))
    _refuse(problems)
    CertificateEvent.objects.bulk_create(added, batch_size=BATCH_ROWS)
    return added


def _holder_ref(row: CertificateRow, pks: Mapping[str, int]) -> str:
    if row.holder_kind in (HolderKind.PRODUCT, HolderKind.LOT):
        slug, slash, lot = row.holder_ref.partition("/")
        return f"{pks[slug]}{slash}{lot}"
    return row.holder_ref
