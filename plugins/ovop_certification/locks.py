"""Every lock of certification, each taken inside a transaction and in the order of the primary keys."""

from collections.abc import Collection

from django.db import connection

from ovop_certification.models import (
    Application,
    Assessment,
    Certificate,
    Closure,
    CriteriaSet,
    OrderFlag,
    OrderHold,
    Sitting,
    StrandedPayment,
    SweepMark,
)
from ovop_shared.statements import in_keys


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
    rows = Closure.objects.select_for_update().filter(in_keys("listing_pk", listing_pks), ended_at=None).order_by("pk")
    return {row.listing_pk: row for row in rows}


def lock_closure(product_pk: int, channel: str) -> Closure | None:
    """The open closure of a product in a channel, the latest if a listing was made anew and nobody has looked yet."""
    rows = Closure.objects.select_for_update().filter(product_pk=product_pk, channel=channel, ended_at=None)
    return rows.order_by("-pk").first()


def lock_committee_numbers() -> None:
    """One new number of an application, a sitting or a version of criteria at a time, so that they have no gaps."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('ovop_certification.committee'))")


def lock_recipe(product_pk: int) -> None:
    """One new version of a product's recipe at a time."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"ovop_certification.recipe:{product_pk}"]
        )


# Of the committee's rows the sitting is locked before the application, and that before the assessment; certificates
# come last.


def lock_criteria_set(code: str, version: int) -> CriteriaSet | None:
    return CriteriaSet.objects.select_for_update(of=("self",)).filter(code=code, version=version).first()


def lock_sitting(number: int) -> Sitting | None:
    return Sitting.objects.select_for_update(of=("self",)).filter(number=number).first()


def lock_application(number: int) -> Application | None:
    return Application.objects.select_for_update(of=("self",)).filter(number=number).first()


def lock_applications_of(product_pk: int) -> list[Application]:
    """All applications of a product."""
    return list(Application.objects.select_for_update(of=("self",)).filter(product_pk=product_pk).order_by("pk"))


def lock_assessment(sitting_number: int, application_number: int) -> Assessment | None:
    """That application before that sitting."""
    return (
        Assessment.objects.select_for_update(of=("self",))
        .filter(sitting__number=sitting_number, application__number=application_number)
        .first()
    )


def lock_open_hold(order_id: str) -> OrderHold | None:
    """The order's hold that nobody released yet. The shop's own order is locked before, where there is one."""
    return OrderHold.objects.select_for_update().filter(order_id=order_id, released_at=None).first()


def lock_flag(pk: int) -> OrderFlag | None:
    """A flag, so that it is resolved once."""
    return OrderFlag.objects.select_for_update().filter(pk=pk).first()


def lock_stranded(checkouts: Collection[str]) -> dict[str, StrandedPayment]:
    """What is known of the money of these checkouts."""
    rows = StrandedPayment.objects.select_for_update().filter(checkout__in=checkouts).order_by("pk")
    return {row.checkout: row for row in rows}
