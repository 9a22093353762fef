"""Before a listing is shut, what was paid for in time becomes an order: afterwards Saleor would refuse the shopper who
completes the checkout, and the order would come from us a moment later."""

import datetime
import logging
from collections.abc import Collection

from ovop_certification.adapter.listings import Changes, bring_in_line
from ovop_certification.adapter.paid_checkouts import order_before_closing

logger = logging.getLogger(__name__)


def close_and_open(product_pks: Collection[int], at: datetime.datetime) -> Changes:
    """Bring the listings of these products in line, the orders that are due first. The orders never keep a listing open:
    what fails there is logged, and the sweep of paid checkouts is left."""
    if product_pks:
        try:
            order_before_closing(product_pks, at)
        except Exception:
            logger.exception("paid checkouts were not completed before %d products are looked at", len(product_pks))
    return bring_in_line(product_pks, at)
