"""Signed links: whoever holds one reads that statement and nothing else, until it expires."""

from django.core import signing

from ovop_shared.errors import InvalidToken

_SALT = "ovop_producer_payouts.statement"
VALID_SECONDS = 90 * 24 * 60 * 60


def statement_token(number: int) -> str:
    """The token that opens statement `number`; it is part of an address, so it is URL-safe."""
    return signing.dumps(number, salt=_SALT)


def statement_number(token: str) -> int:
    """The number a token opens. Raises InvalidToken when it is not ours or older than VALID_SECONDS."""
    try:
        number = signing.loads(token, salt=_SALT, max_age=VALID_SECONDS)
    except signing.BadSignature as error:
        raise InvalidToken("This link is not valid or has expired.") from error
    if type(number) is not int:
        raise InvalidToken("This link is not valid or has expired.")
    return number
