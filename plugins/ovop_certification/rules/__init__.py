"""May this product be sold in this market at this moment, and if not, why: pure, the database is elsewhere.

Days are days in the zone passed in; first and last day are both included. A certificate's state is what its events
say up to the moment asked about, and what the day says: expiry is never stored. Callers import from here.
"""

from ovop_certification.rules.certificates import CertificateRecord, Status, StatusChange
from ovop_certification.rules.days import Days
from ovop_certification.rules.decisions import Decision, MarketPolicies, Rulebook, is_allowed
from ovop_certification.rules.holdings import Claim, Holdings, LotRecord, MembershipRecord
from ovop_certification.rules.requirements import Reason, ReasonCode, RequirementRule

__all__ = [
    "CertificateRecord",
    "Claim",
    "Days",
    "Decision",
    "Holdings",
    "LotRecord",
    "MarketPolicies",
    "MembershipRecord",
    "Reason",
    "ReasonCode",
    "RequirementRule",
    "Rulebook",
    "Status",
    "StatusChange",
    "is_allowed",
]
