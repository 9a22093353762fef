"""The label certificates of a product: found, suspended, and replaced by the one that a positive verdict issues."""

import dataclasses
import datetime
from collections.abc import Collection

from ovop_certification.errors import CertificateExists
from ovop_certification.grading import last_day_of
from ovop_certification.locks import lock_certificates
from ovop_certification.models import Application, Assessment, Certificate, EventKind, HolderKind, Sitting
from ovop_certification.records import CertificateRow, EventRow
from ovop_certification.services.certificates import certificate_event_add, certificate_register
from ovop_shared.shop_time import shop_day

COUNTS = (EventKind.ISSUED, EventKind.REINSTATED)
_MAX_SAME_NUMBER = 99


def label_holds_until(application: Application) -> datetime.date | None:
    """The last day of the label that the product has by this application, None without one that counts.

    One without an end counts as ending on the last day there is.
    """
    found = [
        label.valid_until_on or datetime.date.max
        for label in labels_of(application.scheme_id, application.product_pk)
        if last_kind(label) in COUNTS
    ]
    return max(found, default=None)


def has_label(application: Application, day: datetime.date) -> bool:
    """Whether the product's label counts on that day."""
    until = label_holds_until(application)
    return until is not None and until >= day


def labels_of(scheme_pk: int, product_pk: int) -> list[Certificate]:
    """All certificates of that scheme that belong to the product, oldest first, with their events. Two queries."""
    rows = Certificate.objects.filter(scheme=scheme_pk, holder_kind=HolderKind.PRODUCT, holder_ref=str(product_pk))
    return list(rows.prefetch_related("events").order_by("valid_from_on", "pk"))


def last_kind(certificate: Certificate) -> EventKind | None:
    events = sorted(certificate.events.all(), key=lambda event: event.position)
    return EventKind(events[-1].kind) if events else None


def label_issue(
    assessment: Assessment,
    sitting: Sitting,
    application: Application,
    events: Collection[EventRow],
    *,
    actor: str,
    at: datetime.datetime,
) -> Certificate:
    """The label of a positive verdict. It begins on the day of the sitting and takes the place of what the product had:
    that is withdrawn, so that it cannot let the product be sold once the new one falls."""
    criteria_set = assessment.criteria_set
    older = labels_of(application.scheme_id, application.product_pk)
    lock_certificates([each.pk for each in older])
    older = labels_of(application.scheme_id, application.product_pk)
    replaced = [each for each in older if each.issuing_body_id == criteria_set.issuing_body_id]
    label = _register(
        f"OVOP-{sitting.held_on.year}-{sitting.number:03d}-{application.number:04d}",
        CertificateRow(
            scheme=criteria_set.scheme.code,
            issuing_body=criteria_set.issuing_body.code,
            number="",
            holder_kind=HolderKind.PRODUCT,
            holder_ref=str(application.product_pk),
            valid_from_on=sitting.held_on,
            valid_until_on=last_day_of(sitting.held_on, criteria_set.valid_months),
            replaces=replaced[-1].number if replaced else "",
            events=tuple(events),
        ),
    )
    today = shop_day(at)
    for each in older:
        is_over = each.valid_until_on is not None and each.valid_until_on < today
        if last_kind(each) not in (None, EventKind.WITHDRAWN) and not is_over:
            certificate_event_add(
                each.pk,
                EventKind.WITHDRAWN,
                actor=actor,
                at=_not_before_last(each, at),
                reason=f"Replaced by {label.number}.",
            )
    return label


def labels_suspend(scheme_pk: int, product_pk: int, *, reason: str, actor: str, at: datetime.datetime) -> int:
    """Suspend the labels of the product that count today; how many."""
    lock_certificates([each.pk for each in labels_of(scheme_pk, product_pk)])
    today = shop_day(at)
    suspended = 0
    for each in labels_of(scheme_pk, product_pk):
        is_over = each.valid_until_on is not None and each.valid_until_on < today
        if last_kind(each) in COUNTS and not is_over:
            certificate_event_add(
                each.pk, EventKind.SUSPENDED, actor=actor, at=_not_before_last(each, at), reason=reason
            )
            suspended += 1
    return suspended


def _not_before_last(certificate: Certificate, at: datetime.datetime) -> datetime.datetime:
    """Two requests that begin at about the same time come to a certificate in either order; its events stay in order."""
    return max([at, *(event.at for event in certificate.events.all())])


def _register(number: str, row: CertificateRow) -> Certificate:
    """Under that number; a register may know it already, then with the first free ending."""
    for ending in range(1, _MAX_SAME_NUMBER + 1):
        wanted = number if ending == 1 else f"{number}-{ending}"
        try:
            return certificate_register(dataclasses.replace(row, number=wanted))
        except CertificateExists:
            if ending == _MAX_SAME_NUMBER:
                raise
    raise AssertionError("unreachable")
