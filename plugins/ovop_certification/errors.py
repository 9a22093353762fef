"""One class per rule of certification that can be broken. The codes are public and never change."""

from ovop_shared.errors import OvopError


class UnknownScheme(OvopError):
    """No scheme of that code is in the registry."""

    code = "unknown_scheme"


class UnknownIssuingBody(OvopError):
    """No issuing body of that code is in the registry."""

    code = "unknown_issuing_body"


class UnknownMarket(OvopError):
    """No market of that code is in the registry."""

    code = "unknown_market"


class UnknownCertificate(OvopError):
    """No certificate of that scheme, issuing body and number is in the registry."""

    code = "unknown_certificate"
    status = 404


class ChannelInTwoMarkets(OvopError):
    """A sales channel, or a destination country, belongs to at most one market."""

    code = "channel_in_two_markets"
    status = 409


class InvalidDates(OvopError):
    """The last day lies before the first."""

    code = "invalid_dates"


class InvalidRequirement(OvopError):
    """A requirement is about a product type, or about a category, or about all products; grace is not negative."""

    code = "invalid_requirement"


class InvalidCertificate(OvopError):
    """A certificate lacks its number or its holder, or replaces itself."""

    code = "invalid_certificate"


class CertificateExists(OvopError):
    """That number of that scheme and issuing body is registered with other facts."""

    code = "certificate_exists"
    status = 409


class IllegalTransition(OvopError):
    """The certificate is not in a state from which this event is possible."""

    code = "illegal_transition"
    status = 409


class EventOutOfOrder(OvopError):
    """An event lies before the one recorded last, or in the future."""

    code = "event_out_of_order"
    status = 409


class ReasonRequired(OvopError):
    """A suspension or withdrawal says why, and every event says who."""

    code = "reason_required"


class EventsDisagree(OvopError):
    """A file tells the history of a certificate differently from what is recorded. Recorded events are never edited."""

    code = "events_disagree"
    status = 409


class TooManyProducts(OvopError):
    """More products were asked about at once than the endpoint answers."""

    code = "too_many_products"
