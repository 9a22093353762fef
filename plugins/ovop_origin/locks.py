"""The one lock of the registry: whoever writes to it waits for whoever is writing."""

from django.db import connection

# "ovop origin" as two 32-bit integers; Saleor's own advisory locks use the namespace 21218 (3.22, 3.23).
_NAMESPACE = 0x6F766F70
_REGISTRY = 1
_PROJECTION = 2


def registry_lock() -> None:
    """Held until the transaction ends. Registry writes are rare and read what they compare with: one at a time."""
    _lock(_REGISTRY)


def projection_lock() -> None:
    """Held until the transaction ends: pages and attribute values are created by one process at a time."""
    _lock(_PROJECTION)


def _lock(key: int) -> None:
    assert connection.in_atomic_block, "an advisory lock outside a transaction is released at once"
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [_NAMESPACE, key])
