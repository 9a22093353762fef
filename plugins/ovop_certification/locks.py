"""Every lock of certification, each taken inside a transaction and in the order of the primary keys."""

from collections.abc import Collection

from django.db import connection

from ovop_certification.models import Certificate, Closure, SweepMark


def lock_registry() -> None:
    """One registry file at a time; a second load waits for the first and then finds nothing left to do."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('ovop_certification.registry'))")


def lock_certificates(pks: Collection[int]) -> dict[int, Certificate]:
    """The certificates, so that their histories are written one step after the other."""
    rows = Certificate.objects.select_for_update(of=("self",)).filter(pk__in=pks).order_by("pk")
    return {row.pk: row for row in rows}


def lock_sweep_mark(name: str) -> SweepMark | None:
    """The mark of a sweep, or None while another process is sweeping or it was never set."""
    return SweepMark.objects.select_for_update(skip_locked=True).filter(name=name).first()


def lock_shopper_facts() -> None:
    """Attributes and their values are created in the shop by one process at a time."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('ovop_certification.shopper_facts'))")


def lock_open_closures(listing_pks: Collection[int]) -> dict[int, Closure]:
    """The open closures of these listings, by listing. Who writes the listings as well has locked those before."""
    rows = Closure.objects.select_for_update().filter(listing_pk__in=listing_pks, ended_at=None).order_by("pk")
    return {row.listing_pk: row for row in rows}


def lock_closure(product_pk: int, channel: str) -> Closure | None:
    """The open closure of a product in a channel, the latest if a listing was made anew and nobody has looked yet."""
    rows = Closure.objects.select_for_update().filter(product_pk=product_pk, channel=channel, ended_at=None)
    return rows.order_by("-pk").first()
