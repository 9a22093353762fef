"""One class per rule of the money that can be broken. The codes are public and never change."""

from ovop_shared.errors import OvopError


class InvalidAccount(OvopError):
    """The path is not one of the ledger's accounts (see accounts.py)."""

    code = "invalid_account"


class EntryUnbalanced(OvopError):
    """The postings of an entry do not sum to zero in every currency, or there are none."""

    code = "entry_unbalanced"


class ReferenceTaken(OvopError):
    """An entry of that reference is posted with other content. The same content would have been a no-op."""

    code = "reference_taken"
    status = 409


class InvalidSnapshot(OvopError):
    """An order snapshot contradicts itself or is not of the documented shape."""

    code = "invalid_snapshot"


class InvalidSplitRule(OvopError):
    """A split rule cannot be applied; `field` names the step and its part."""

    code = "invalid_split_rule"


class SplitRuleOverspent(InvalidSplitRule):
    """The steps of a rule take more than there is to split."""

    code = "split_rule_over_100_percent"


class SplitRuleVersionTaken(OvopError):
    """That version of the rule is saved with other content; versions are immutable, save the next one."""

    code = "split_rule_version_taken"
    status = 409


class SameApprover(OvopError):
    """Whoever made the draft of a batch does not approve it."""

    code = "same_approver"
    status = 403


class IllegalTransition(OvopError):
    """The batch or payout is not in a state from which this step is possible."""

    code = "illegal_transition"
    status = 409


class PayableChanged(OvopError):
    """Less is owed to a producer than the draft says: draft the batch again."""

    code = "payable_changed"
    status = 409


class NothingPayable(OvopError):
    """Nobody is owed a payable amount in that currency at that moment."""

    code = "nothing_payable"


class PeriodInFuture(OvopError):
    """A statement's period ends before it begins, or after today."""

    code = "period_in_future"


class StatementExists(OvopError):
    """The period overlaps one that this producer already has a statement for."""

    code = "statement_exists"
    status = 409
