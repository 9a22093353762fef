"""What certification says to shoppers. The English texts are the message ids of the catalogues."""

from collections.abc import Iterable, Mapping

from ovop_certification.rules import Reason, ReasonCode, Rulebook, Status
from ovop_origin.selectors import best_name
from ovop_shared.translations import translate

REFUSAL = "{product} cannot be sold in {market}: {reasons}."
UNDECIDED = "It could not be checked whether {product} may be sold. No order was made. Please try again later."

REASON_TEXTS: Mapping[ReasonCode, str] = {
    ReasonCode.MISSING: "the required certificate “{scheme}” is missing",
    ReasonCode.EXPIRED: "its certificate “{scheme}” {number} has expired",
    ReasonCode.SUSPENDED: "its certificate “{scheme}” {number} is suspended",
    ReasonCode.WITHDRAWN: "its certificate “{scheme}” {number} has been withdrawn",
    ReasonCode.WRONG_MARKET: "its certificate “{scheme}” {number} is not valid in this market",
    ReasonCode.WRONG_AREA: "its village does not lie in the area of the certificate “{scheme}” {number}",
    ReasonCode.NOT_YET_VALID: "its certificate “{scheme}” {number} is not valid yet",
    ReasonCode.OUT_OF_SCOPE: "the certificate “{scheme}” {number} does not cover this product",
}

HOLD_TEXTS: Mapping[str, str] = {
    "bypassed": "This order is held and should not be fulfilled. {reasons} It goes on when it is confirmed.",
    "lapsed": "This order was paid for while it could still be sold. It is held and should not be fulfilled. "
    "{reasons} It goes on when it is confirmed.",
    "released": "The order is no longer held. {actor}: {reason}",
}

STATUS_TEXTS: Mapping[Status, str] = {
    Status.APPLIED: "Applied for, not issued yet",
    Status.NOT_YET_VALID: "Issued, not valid yet",
    Status.VALID: "Valid",
    Status.SUSPENDED: "Suspended",
    Status.WITHDRAWN: "Withdrawn",
    Status.EXPIRED: "Expired",
}

# What a state means to who has the product in hand.
STATUS_NOTE_TEXTS: Mapping[Status, str] = {
    Status.APPLIED: "Somebody has applied for this certificate. It has not been issued, and proves nothing.",
    Status.NOT_YET_VALID: "It has been issued and counts from its first day on, not before.",
    Status.SUSPENDED: "It does not count at present. It may be reinstated.",
    Status.WITHDRAWN: "It has been withdrawn for good and does not count any more.",
    Status.EXPIRED: "Its last day has passed. It does not count any more.",
}

# On badges: the state and the day that it reaches to, or began with.
BADGE_TEXTS: Mapping[Status, str] = {
    Status.APPLIED: "Applied for, not issued yet",
    Status.NOT_YET_VALID: "Not valid before {day}",
    Status.VALID: "Valid until {day}",
    Status.SUSPENDED: "Suspended since {day}",
    Status.WITHDRAWN: "Withdrawn since {day}",
    Status.EXPIRED: "Expired since {day}",
}

GRADE_TEXTS: Mapping[int, str] = {1: "1 star", 2: "2 stars", 3: "3 stars", 4: "4 stars", 5: "5 stars"}

PRODUCT_BADGE_TEXTS: Mapping[str, str] = {
    "title": "Valid certificates on {day}",
    "none": "No certificate is valid on {day}",
    "more": "{count} more",
}


def reason_text(reason: Reason, rulebook: Rulebook, language: str) -> str:
    """One reason in that language, with the scheme's name as the registry has it."""
    scheme = best_name(rulebook.scheme_names.get(reason.scheme, {}), language) or reason.scheme
    return translate(REASON_TEXTS[reason.code], language).format(scheme=scheme, number=reason.certificate_number or "")


def refusal_message(product: str, reasons: Iterable[Reason], rulebook: Rulebook, language: str) -> str:
    """Why this product was refused: it names the product, the market and every reason once."""
    texts = dict.fromkeys(reason_text(reason, rulebook, language) for reason in reasons)
    market = best_name(rulebook.market_names, language) or rulebook.market or ""
    return translate(REFUSAL, language).format(product=product, market=market, reasons="; ".join(texts))


def hold_message(cause: str, refusals: Iterable[str], language: str) -> str:
    """What staff read in the order's history: that it is held, for which products, and how it goes on."""
    return translate(HOLD_TEXTS[cause], language).format(reasons=" ".join(dict.fromkeys(refusals)))


def release_message(actor: str, reason: str, language: str) -> str:
    return translate(HOLD_TEXTS["released"], language).format(actor=actor, reason=reason)


def undecided_message(product: str, language: str) -> str:
    """The answer when the check itself failed: no claim about the product, and what to do."""
    return translate(UNDECIDED, language).format(product=product)
