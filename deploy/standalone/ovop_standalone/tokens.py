"""Signed tokens that name a Requester. Whoever may run a command on this host may make one; nobody else can."""

import datetime

from django.core import signing

from ovop_shared.errors import InvalidToken
from ovop_shared.requester import Requester, RequesterKind

_SALT = "ovop_standalone.tokens"
DEFAULT_LIFETIME = datetime.timedelta(hours=12)


def make_token(requester: Requester, *, at: datetime.datetime, lifetime: datetime.timedelta = DEFAULT_LIFETIME) -> str:
    """A token that names `requester` from now until `at + lifetime`."""
    parts = {
        "kind": requester.kind.value,
        "name": requester.name,
        "user_id": requester.user_id,
        "permissions": sorted(requester.permissions),
        "channels": None if requester.channels is None else sorted(requester.channels),
        "expires_at": int((at + lifetime).timestamp()),
    }
    return signing.dumps(parts, salt=_SALT)


def read_token(token: str, *, at: datetime.datetime) -> Requester:
    """The requester a token names. Raises InvalidToken when it is malformed, forged or expired."""
    try:
        parts = signing.loads(token, salt=_SALT)
    except signing.BadSignature:
        raise InvalidToken("The token is not one of ours.") from None
    if parts["expires_at"] <= at.timestamp():
        raise InvalidToken("The token has expired.")
    return Requester(
        kind=RequesterKind(parts["kind"]),
        name=parts["name"],
        user_id=parts["user_id"],
        permissions=frozenset(parts["permissions"]),
        channels=None if parts["channels"] is None else frozenset(parts["channels"]),
    )
