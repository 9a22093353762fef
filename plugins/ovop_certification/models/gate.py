"""What the gate refused, closed, flagged and held, and what it decided last."""

from typing import ClassVar

from django.db import models
from django.db.models import Q


class GateRefusal(models.Model):
    """A checkout the gate refused, once per product and reason: a checkout that is tried every minute fills no table."""

    checkout = models.CharField(max_length=64)
    channel = models.CharField(max_length=255)
    market = models.CharField(max_length=64)
    product_pk = models.BigIntegerField()
    code = models.CharField(max_length=20)
    scheme = models.CharField(max_length=64, blank=True, default="")
    certificate_number = models.CharField(max_length=120, blank=True, default="")
    at = models.DateTimeField(db_index=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["checkout", "product_pk", "code", "scheme", "certificate_number"], name="ovop_gate_refusal_once"
            )
        ]


class OrderFlag(models.Model):
    """A sold line that its market did not allow when it was sold. `reasons` is what rules.py said, frozen."""

    order_id = models.CharField(max_length=64)
    line_id = models.CharField(max_length=64)
    product_pk = models.BigIntegerField()
    market = models.CharField(max_length=64)
    reasons = models.JSONField()
    sold_at = models.DateTimeField()
    flagged_at = models.DateTimeField(db_index=True)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["order_id", "line_id"], name="ovop_order_flag_once")]


class FlagOutcome(models.TextChoices):
    HONOURED = "honoured"
    CANCELLED = "cancelled"
    REPLACED = "replaced"


class FlagResolution(models.Model):
    """What staff did about a flag, once and for good."""

    flag = models.OneToOneField(OrderFlag, on_delete=models.PROTECT, related_name="resolution")
    outcome = models.CharField(max_length=9, choices=FlagOutcome.choices)
    actor = models.CharField(max_length=200)
    reason = models.TextField()
    at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(outcome__in=FlagOutcome.values), name="ovop_flag_outcome"),
            models.CheckConstraint(condition=~Q(reason=""), name="ovop_flag_reason"),
        ]


class HoldCause(models.TextChoices):
    BYPASSED = "bypassed"
    LAPSED = "lapsed"


class OrderHold(models.Model):
    """An order that the gate stopped from being fulfilled. What staff released is held again only for a line that came
    after that.

    `status_before` is the shop's own word for the order's state, given back with the release.
    """

    order_id = models.CharField(max_length=64, db_index=True)
    market = models.CharField(max_length=64)
    cause = models.CharField(max_length=8, choices=HoldCause.choices)
    status_before = models.CharField(max_length=32)
    held_at = models.DateTimeField(db_index=True)
    released_at = models.DateTimeField(null=True, blank=True)
    released_by = models.CharField(max_length=200, blank=True, default="")
    release_reason = models.TextField(blank=True, default="")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["order_id"], condition=Q(released_at=None), name="ovop_order_hold_open_once"
            ),
            models.CheckConstraint(condition=Q(cause__in=HoldCause.values), name="ovop_hold_cause"),
            models.CheckConstraint(condition=Q(released_at=None) | ~Q(released_by=""), name="ovop_hold_released_by"),
        ]


class StrandedOutcome(models.TextChoices):
    WAITING = "waiting"
    ORDERED = "ordered"
    RETURNED = "returned"


class StrandedPayment(models.Model):
    """Money that came for a cart which may not be sold: shown to staff until it became an order or went back."""

    checkout = models.CharField(max_length=64, unique=True)
    channel = models.CharField(max_length=255)
    market = models.CharField(max_length=64)
    products = models.JSONField()
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    paid_at = models.DateTimeField()
    seen_at = models.DateTimeField()
    outcome = models.CharField(max_length=8, choices=StrandedOutcome.choices, default=StrandedOutcome.WAITING)
    order_id = models.CharField(max_length=64, blank=True, default="")
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(outcome__in=StrandedOutcome.values), name="ovop_stranded_outcome"),
            models.CheckConstraint(
                condition=Q(outcome=StrandedOutcome.WAITING, ended_at=None)
                | (~Q(outcome=StrandedOutcome.WAITING) & Q(ended_at__isnull=False)),
                name="ovop_stranded_ended",
            ),
        ]


class ListingDecision(models.Model):
    """What was last decided about a product in a channel, and when to ask again. Never the reason for a sale or a
    refusal: the gate always decides anew."""

    product_pk = models.BigIntegerField()
    channel = models.CharField(max_length=255)
    market = models.CharField(max_length=64)
    allowed = models.BooleanField()
    reasons = models.JSONField()
    next_change_at = models.DateTimeField(null=True, blank=True, db_index=True)
    decided_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["product_pk", "channel"], name="ovop_listing_decision_once")
        ]
        indexes: ClassVar = [models.Index(fields=["channel", "allowed"], name="ovop_listing_decision_channel")]


class Closure(models.Model):
    """A listing that the gate shut, and what it is to be again: `wants_*` is what staff set last, before or since.

    `listing_pk` is the shop's key of it: a listing that was taken away and made again is another one, whose closure
    begins anew. `is_hidden` says whether it was unpublished too, `published_at` which day of publication it was last seen
    with (the gate never writes that). `wants_set_by` names who said on the staff page what is to be restored, if anybody.
    """

    listing_pk = models.BigIntegerField()
    product_pk = models.BigIntegerField()
    channel = models.CharField(max_length=255)
    market = models.CharField(max_length=64)
    reasons = models.JSONField()
    is_hidden = models.BooleanField()
    wants_published = models.BooleanField()
    wants_available_at = models.DateTimeField(null=True, blank=True)
    wants_set_by = models.CharField(max_length=200, blank=True, default="")
    published_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(db_index=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["listing_pk"], condition=Q(ended_at=None), name="ovop_closure_open_once"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["product_pk"], condition=Q(ended_at=None), name="ovop_closure_open_product")
        ]


class KnownChannel(models.Model):
    """The slug that a channel of the shop was last seen with. Markets name channels by slug: a channel that gets
    another slug would drop out of its market, and sell everything, if nobody noticed."""

    channel_pk = models.BigIntegerField(primary_key=True)
    slug = models.CharField(max_length=255)


class SweepMark(models.Model):
    """How far a sweep has come, so that the next one begins there even after a night off."""

    name = models.CharField(max_length=64, unique=True)
    reached_at = models.DateTimeField()
