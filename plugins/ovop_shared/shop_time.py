"""Days are days in the shop's zone, not in UTC: a certificate that ends today is good until midnight in the village."""

import datetime
import os
from zoneinfo import ZoneInfo


def shop_zone() -> ZoneInfo:
    """The zone named by the environment's `OVOP_TIME_ZONE`, or Bishkek's. Not Django's TIME_ZONE: on Saleor it is UTC."""
    return ZoneInfo(os.environ.get("OVOP_TIME_ZONE") or "Asia/Bishkek")


def shop_day(at: datetime.datetime) -> datetime.date:
    """The calendar day of a zone-aware moment in the shop."""
    if at.tzinfo is None:
        raise ValueError("a moment without a zone has no day")
    return at.astimezone(shop_zone()).date()
