"""Days are days in the shop's zone, not in UTC: a certificate that ends today is good until midnight in the village."""

import datetime
from zoneinfo import ZoneInfo

from django.conf import settings


def shop_zone() -> ZoneInfo:
    """`OVOP_TIME_ZONE` of the host's settings, or Bishkek's. Not TIME_ZONE, which is UTC on Saleor."""
    return ZoneInfo(getattr(settings, "OVOP_TIME_ZONE", "Asia/Bishkek"))


def shop_day(at: datetime.datetime) -> datetime.date:
    """The calendar day of a zone-aware moment in the shop."""
    if at.tzinfo is None:
        raise ValueError("a moment without a zone has no day")
    return at.astimezone(shop_zone()).date()
