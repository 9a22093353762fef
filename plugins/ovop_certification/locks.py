"""Every lock of certification, each taken inside a transaction and in the order of the primary keys."""

from collections.abc import Collection

from django.db import connection

from ovop_certification.models import Certificate, SweepMark


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
