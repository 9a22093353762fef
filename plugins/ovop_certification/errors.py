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
    """The last day is before the first."""

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


class FourEyesRequired(OvopError):
    """Whoever verified a certificate does not issue it."""

    code = "four_eyes_required"
    status = 409


class UnknownPlaceOfArea(OvopError):
    """A certificate's area names a place that origin's registry does not hold."""

    code = "unknown_place"


class UnknownHolder(OvopError):
    """The product, producer, group or lot that is to hold a certificate does not exist."""

    code = "unknown_holder"


class AreaRequired(OvopError):
    """A geographical indication says for which places it holds."""

    code = "area_required"


class InvalidAddress(OvopError):
    """A register's address is a whole web address, with https or http."""

    code = "invalid_address"


class InvalidText(OvopError):
    """A text is longer than there is room for, or holds characters that no text has."""

    code = "invalid_text"


class CertificateIssued(OvopError):
    """What an issued certificate says is not changed: a new certificate replaces it."""

    code = "certificate_issued"
    status = 409


class EvidenceRequired(OvopError):
    """A certificate is verified against a document that is on file."""

    code = "evidence_required"
    status = 409


class UnknownRequirement(OvopError):
    """There is no such requirement."""

    code = "unknown_requirement"
    status = 404


class RequirementExists(OvopError):
    """The market asks that scheme of the same products on some of those days already."""

    code = "requirement_exists"
    status = 409


class RequirementEnded(OvopError):
    """What was asked in the past is not rewritten."""

    code = "requirement_ended"
    status = 409


class InvalidMarket(OvopError):
    """A country that ISO 3166-1 does not know, or a channel without a name."""

    code = "invalid_market"


class InvalidPage(OvopError):
    """A page of a list that is too large, or a cursor of another list."""

    code = "invalid_page"


class InvalidPolicy(OvopError):
    """A market's policy is none of those there are."""

    code = "invalid_policy"


class EvidenceRefused(OvopError):
    """A document that is empty, too large, or of a type that is not taken."""

    code = "evidence_refused"


class UnknownEvidence(OvopError):
    """There is no such document."""

    code = "unknown_evidence"
    status = 404


class UnknownOrderFlag(OvopError):
    """There is no such flag of a sold line."""

    code = "unknown_order_flag"
    status = 404


class FlagResolved(OvopError):
    """The flag was resolved before, otherwise."""

    code = "flag_resolved"
    status = 409


class UnknownHold(OvopError):
    """The order is not held."""

    code = "unknown_hold"
    status = 404


class UnknownClosure(OvopError):
    """The gate has not shut that listing."""

    code = "unknown_closure"
    status = 404


class UnknownApplication(OvopError):
    """There is no application of that number."""

    code = "unknown_application"
    status = 404


class ApplicationClosed(OvopError):
    """The application was closed: it has to be reopened first."""

    code = "application_closed"
    status = 409


class InvalidStage(OvopError):
    """Stages are entered one by one; the committee sees an application at its stage, or a label that nears its end."""

    code = "invalid_stage"
    status = 409


class UnknownProducer(OvopError):
    """Origin's registry holds no producer of that code."""

    code = "unknown_producer"


class InvalidSitting(OvopError):
    """A sitting without a day, with a place or remarks that are too long, or that is decided before its day."""

    code = "invalid_sitting"


class SittingClosed(OvopError):
    """Nothing of a closed sitting is changed."""

    code = "sitting_closed"
    status = 409


class SittingUnfinished(OvopError):
    """A sitting is closed when it has a chair and everything on its agenda is decided."""

    code = "sitting_unfinished"
    status = 409


class InAnotherSitting(OvopError):
    """An application is before one sitting at a time."""

    code = "in_another_sitting"
    status = 409


class MemberExists(OvopError):
    """Another member of the committee has that code or that account."""

    code = "member_exists"
    status = 409


class InvalidMember(OvopError):
    """A member of the committee without a code or a name, or one that is not active any more."""

    code = "invalid_member"


class MemberHasScored(OvopError):
    """Who has scored at a sitting, or declared a conflict there, was there."""

    code = "member_has_scored"
    status = 409


class CriteriaUnpublished(OvopError):
    """A draft of criteria decides nothing: publish it first."""

    code = "criteria_unpublished"
    status = 409


class RecipeChanged(OvopError):
    """The recipe has a newer version than the one that was looked at."""

    code = "recipe_changed"
    status = 409


class InvalidRecipe(OvopError):
    """A recipe without a text, or one that is too long."""

    code = "invalid_recipe"


class ApplicationExists(OvopError):
    """The product has an open application for that label."""

    code = "application_exists"
    status = 409


class UnknownSitting(OvopError):
    """There is no sitting of that number."""

    code = "unknown_sitting"
    status = 404


class UnknownAssessment(OvopError):
    """That application is not before that sitting."""

    code = "unknown_assessment"
    status = 404


class UnknownCommitteeMember(OvopError):
    """There is no such member, or not in that sitting."""

    code = "unknown_committee_member"
    status = 404


class UnknownCriteria(OvopError):
    """There is no such criteria set, version or criterion."""

    code = "unknown_criteria"


class CriteriaPublished(OvopError):
    """A published version is never changed: make the next one."""

    code = "criteria_published"
    status = 409


class InvalidCriteria(OvopError):
    """Criteria without weight, bands that overlap, or no band that grants."""

    code = "invalid_criteria"


class ConflictedMember(OvopError):
    """A member with a conflict of interest does not score."""

    code = "conflicted_member"
    status = 403


class InvalidScore(OvopError):
    """Points below zero or above the criterion's greatest number."""

    code = "invalid_score"


class ScoresMissing(OvopError):
    """A member who sits has not scored every criterion yet, or nobody scores at all."""

    code = "scores_missing"
    status = 409


class AssessmentClosed(OvopError):
    """What was decided is not changed."""

    code = "assessment_closed"
    status = 409


class InvalidVerdict(OvopError):
    """The verdict is not one that this grade allows, or lacks its conditions."""

    code = "invalid_verdict"


class UnknownBadgeSize(OvopError):
    """No badge is of that size; `params` names the sizes that there are."""

    code = "unknown_badge_size"
