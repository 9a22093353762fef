"""Telling the host, after commit, that decisions may have changed."""

import datetime
from collections.abc import Collection

from django.db import transaction

from ovop_certification.selectors import products_of_certificate
from ovop_certification.signals import certification_changed

PRODUCTS_WORTH_NAMING = 5_000


def announce(product_pks: Collection[int] | None, *, since: datetime.datetime | None = None) -> None:
    """Send certification_changed once the transaction commits. A listener's failure is logged and undoes nothing."""
    pks = None if product_pks is None or len(product_pks) > PRODUCTS_WORTH_NAMING else frozenset(product_pks)
    # No partial: Django logs a robust callback's failure by its __qualname__, which a partial lacks (5.2).
    transaction.on_commit(lambda: _send(pks, since), robust=True)


def announce_certificate(certificate_pk: int, *, since: datetime.datetime | None = None) -> None:
    """As announce, of the products that the certificate may speak of as it is now."""
    announce(products_of_certificate(certificate_pk), since=since)


def _send(product_pks: frozenset[int] | None, since: datetime.datetime | None) -> None:
    certification_changed.send(sender=None, product_pks=product_pks, since=since)
