"""The stars that products carry."""

import datetime
from collections.abc import Collection

from ovop_certification.models import Assessment, EventKind, HolderKind
from ovop_shared.shop_time import shop_day


def grades_of_products(product_pks: Collection[int], at: datetime.datetime) -> dict[int, int]:
    """The stars of the label that each product has at that moment: of the newest one that is valid then. Products
    without one are left out. Two queries."""
    day = shop_day(at)
    rows = (
        Assessment.objects.filter(
            certificate__holder_kind=HolderKind.PRODUCT,
            certificate__holder_ref__in=[str(pk) for pk in product_pks],
            certificate__valid_from_on__lte=day,
            closed_at__lte=at,
        )
        .select_related("certificate")
        .prefetch_related("certificate__events")
        .order_by("certificate__valid_from_on", "certificate_id")
    )
    grades: dict[int, int] = {}
    for row in rows:
        label = row.certificate
        if label is None or row.stars is None or (label.valid_until_on is not None and label.valid_until_on < day):
            continue
        events = sorted(label.events.all(), key=lambda event: event.position)
        kinds = [event.kind for event in events if event.at <= at]
        if kinds and kinds[-1] in (EventKind.ISSUED, EventKind.REINSTATED):
            grades[int(label.holder_ref)] = row.stars
    return grades
