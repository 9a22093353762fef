"""The tables of the money. Entries, postings, accounts, rule versions, payout events and statements are append-only:
PostgreSQL refuses to change or delete them (migrations/0002_append_only.py)."""

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from ovop_producer_payouts.accounts import MAX_PATH, PATH_PATTERN


class EntryKind(models.TextChoices):
    SALE = "sale"
    REFUND = "refund"
    ADJUSTMENT = "adjustment"
    PAYOUT_CLAIM = "payout_claim"
    PAYOUT_COMPLETED = "payout_completed"
    PAYOUT_RELEASED = "payout_released"


SETTLEMENT_KINDS = (EntryKind.SALE, EntryKind.REFUND, EntryKind.ADJUSTMENT)


class Account(models.Model):
    """One account in one currency. Its path says what it is (accounts.py); it never changes."""

    path = models.CharField(max_length=MAX_PATH)
    currency = models.CharField(max_length=3)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["path", "currency"], name="ovop_account_path_currency"),
            models.UniqueConstraint(fields=["id", "currency"], name="ovop_account_id_currency"),
            models.CheckConstraint(condition=Q(path__regex=PATH_PATTERN), name="ovop_account_path_known"),
            models.CheckConstraint(condition=Q(currency__regex="^[A-Z]{3}$"), name="ovop_account_currency_code"),
        ]

    def __str__(self) -> str:
        return f"{self.path} {self.currency}"


class Entry(models.Model):
    """One event of the ledger. `reference` is unique and names the event; `content_sha256` tells a retry from a clash.

    `order_id` is the order's id by value, empty when the entry is about no order. `quantities` says how many of each
    order line (by its id) there were when the entry was posted: an order may be edited later.
    """

    reference = models.CharField(max_length=200, unique=True)
    kind = models.CharField(max_length=20, choices=EntryKind.choices)
    order_id = models.CharField(max_length=64, blank=True, default="")
    corrects = models.ForeignKey("self", on_delete=models.PROTECT, null=True, blank=True, related_name="corrections")
    reason = models.TextField(blank=True, default="")
    quantities = models.JSONField(default=dict, db_default=models.Value({}, models.JSONField()), blank=True)
    content_sha256 = models.CharField(max_length=64)
    posted_at = models.DateTimeField()
    recorded_at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["order_id"], condition=~Q(order_id=""), name="ovop_entry_order"),
            models.Index(fields=["posted_at"], name="ovop_entry_posted_at"),
        ]
        constraints: ClassVar = [
            models.CheckConstraint(condition=~Q(reference=""), name="ovop_entry_reference_given"),
        ]

    def __str__(self) -> str:
        return self.reference


class Posting(models.Model):
    """One leg: the account receives (positive) or gives (negative) `amount_minor` minor units.

    That the currency is the account's is held by a composite foreign key, made in the migration.
    """

    entry = models.ForeignKey(Entry, on_delete=models.PROTECT, related_name="postings")
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="postings", db_constraint=False)
    currency = models.CharField(max_length=3)
    amount_minor = models.BigIntegerField()
    line_id = models.CharField(max_length=64, blank=True, default="")
    step = models.CharField(max_length=40, blank=True, default="")

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=~Q(amount_minor=0), name="ovop_posting_not_zero"),
        ]

    def __str__(self) -> str:
        return f"{self.account_id} {self.amount_minor} {self.currency}"


class SplitRuleVersion(models.Model):
    """One immutable version of a rule. An empty `channel` holds wherever no version names the channel."""

    code = models.CharField(max_length=40)
    version = models.PositiveIntegerField()
    channel = models.CharField(max_length=255, blank=True, default="")
    valid_from_on = models.DateField()
    document = models.JSONField()
    created_by = models.CharField(max_length=254)
    created_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["code", "version"], name="ovop_split_rule_version"),
            models.UniqueConstraint(fields=["channel", "valid_from_on"], name="ovop_split_rule_one_a_day"),
        ]

    def __str__(self) -> str:
        return f"{self.code} v{self.version}"


class SettledOrder(models.Model):
    """The one row that is locked while an order is settled, and the last snapshot that was settled."""

    order_id = models.CharField(max_length=64, unique=True)
    number = models.CharField(max_length=64, blank=True, default="")
    channel = models.CharField(max_length=255, blank=True, default="")
    currency = models.CharField(max_length=3, blank=True, default="")
    outlet = models.CharField(max_length=255, blank=True, default="")
    placed_at = models.DateTimeField(null=True)
    changed_at = models.DateTimeField(null=True)
    payable_at = models.DateTimeField(null=True)
    settlements = models.PositiveIntegerField(default=0)
    snapshot = models.JSONField(null=True)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["payable_at"], name="ovop_order_payable_at")]

    def __str__(self) -> str:
        return self.number or self.order_id


class SettledLine(models.Model):
    """What a line was sold under, frozen at its first settlement.

    `terms` is split.LineTerms as JSON; `facts` holds names, region, market and certificates as they were. The only
    change ever made is from "makers not known" to known (`is_resolved`), held by a trigger.
    """

    order = models.ForeignKey(SettledOrder, on_delete=models.PROTECT, related_name="lines")
    line_id = models.CharField(max_length=64)
    product_pk = models.BigIntegerField(null=True)
    product_name = models.TextField()
    is_resolved = models.BooleanField()
    terms = models.JSONField()
    facts = models.JSONField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["order", "line_id"], name="ovop_settled_line_once"),
        ]

    def __str__(self) -> str:
        return f"{self.order_id} {self.line_id}"


class BatchStatus(models.TextChoices):
    DRAFT = "draft"
    APPROVED = "approved"
    SUBMITTED = "submitted"
    CLOSED = "closed"


class PayoutStatus(models.TextChoices):
    DRAFT = "draft"
    APPROVED = "approved"
    SUBMITTED = "submitted"
    COMPLETED = "completed"
    FAILED = "failed"


class PayoutBatch(models.Model):
    """Payouts of one currency, made together. `reference` names it for good, so that a retry finds it again."""

    reference = models.CharField(max_length=100, unique=True)
    currency = models.CharField(max_length=3)
    payable_until = models.DateTimeField()
    status = models.CharField(max_length=10, choices=BatchStatus.choices, default=BatchStatus.DRAFT)
    created_by = models.CharField(max_length=254)
    approved_by = models.CharField(max_length=254, blank=True, default="")

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(approved_by="") | ~Q(approved_by=models.F("created_by")), name="ovop_batch_four_eyes"
            ),
            models.CheckConstraint(
                condition=Q(status=BatchStatus.DRAFT) | ~Q(approved_by=""), name="ovop_batch_approved_by_someone"
            ),
        ]

    def __str__(self) -> str:
        return self.reference


class Payout(models.Model):
    """One transfer to one producer. `payment_reference` is the bank's, known when the transfer is completed."""

    batch = models.ForeignKey(PayoutBatch, on_delete=models.PROTECT, related_name="payouts")
    producer_code = models.CharField(max_length=64)
    currency = models.CharField(max_length=3)
    amount_minor = models.BigIntegerField()
    status = models.CharField(max_length=10, choices=PayoutStatus.choices, default=PayoutStatus.DRAFT)
    payment_reference = models.CharField(max_length=100, blank=True, default="")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["batch", "producer_code"], name="ovop_payout_once_per_batch"),
            models.CheckConstraint(condition=Q(amount_minor__gt=0), name="ovop_payout_positive"),
        ]

    def __str__(self) -> str:
        return f"{self.batch_id} {self.producer_code} {self.amount_minor} {self.currency}"


class PayoutEvent(models.Model):
    """Who moved a payout from one status to the next, when and why. Append-only."""

    payout = models.ForeignKey(Payout, on_delete=models.PROTECT, related_name="events")
    from_status = models.CharField(max_length=10, blank=True, default="")
    to_status = models.CharField(max_length=10, choices=PayoutStatus.choices)
    actor = models.CharField(max_length=254)
    reason = models.TextField(blank=True, default="")
    at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["payout", "to_status"], name="ovop_payout_event_once"),
        ]

    def __str__(self) -> str:
        return f"{self.payout_id} -> {self.to_status}"


class StatementCounter(models.Model):
    """The one row that hands out statement numbers; locked while a statement is issued, so that none is skipped."""

    last_number = models.BigIntegerField(default=0)


class Statement(models.Model):
    """What a producer was told for a period. `content` is the whole of it; the page only lays it out."""

    number = models.BigIntegerField(unique=True)
    producer_code = models.CharField(max_length=64)
    currency = models.CharField(max_length=3)
    period_from_on = models.DateField()
    period_until_on = models.DateField()
    language = models.CharField(max_length=10)
    content = models.JSONField()
    content_sha256 = models.CharField(max_length=64)
    issued_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["producer_code", "currency", "period_from_on"], name="ovop_statement_period_once"
            ),
            models.CheckConstraint(
                condition=Q(period_from_on__lte=models.F("period_until_on")), name="ovop_statement_period_forward"
            ),
        ]

    def __str__(self) -> str:
        return f"No. {self.number}"


class StatementPosting(models.Model):
    """A posting stands on one statement: what was posted late comes on the next, nothing comes twice."""

    statement = models.ForeignKey(Statement, on_delete=models.PROTECT, related_name="statement_postings")
    posting = models.OneToOneField(Posting, on_delete=models.PROTECT, related_name="statement_posting")
