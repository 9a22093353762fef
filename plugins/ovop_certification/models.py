"""The tables of certification. Products, producers, channels and orders are named by value, never by foreign key.

Certificate events, gate refusals and order flags are append-only: PostgreSQL refuses to change or delete them
(migrations/0002_append_only.py).
"""

from typing import ClassVar

from django.db import models
from django.db.models import F, Q

MAX_GRACE_DAYS = 3650


class SchemeKind(models.TextChoices):
    BRAND_LABEL = "brand_label"
    CONFORMITY = "conformity"
    SANITARY = "sanitary"
    VETERINARY = "veterinary"
    PHYTOSANITARY = "phytosanitary"
    RELIGIOUS = "religious"
    ORGANIC = "organic"
    MANAGEMENT = "management"
    GEOGRAPHICAL = "geographical"
    IMPORT = "import"


class Effect(models.TextChoices):
    """What an unmet requirement does: `block` refuses the sale, `warn` is only told."""

    BLOCK = "block"
    WARN = "warn"


class HolderKind(models.TextChoices):
    PRODUCT = "product"
    PRODUCER = "producer"


class EventKind(models.TextChoices):
    APPLIED = "applied"
    VERIFIED = "verified"
    SUSPENDED = "suspended"
    REINSTATED = "reinstated"
    WITHDRAWN = "withdrawn"


class Scheme(models.Model):
    """A kind of certificate. `names` maps BCP 47 tags to its name."""

    code = models.SlugField(max_length=64, unique=True)
    kind = models.CharField(max_length=20, choices=SchemeKind.choices)
    names = models.JSONField(default=dict)


class IssuingBody(models.Model):
    """Who grants certificates."""

    code = models.SlugField(max_length=64, unique=True)
    name = models.CharField(max_length=200)


class Market(models.Model):
    """Where goods are sold: the rules of one market hold for its channels and destination countries."""

    code = models.SlugField(max_length=64, unique=True)
    names = models.JSONField(default=dict)


class MarketChannel(models.Model):
    """A sales channel of the shop, by its slug. It belongs to one market only."""

    market = models.ForeignKey(Market, on_delete=models.CASCADE, related_name="channels")
    channel = models.CharField(max_length=255, unique=True)


class MarketCountry(models.Model):
    """A destination country (ISO 3166-1 alpha-2) whose rules are this market's."""

    market = models.ForeignKey(Market, on_delete=models.CASCADE, related_name="countries")
    country = models.CharField(max_length=2, unique=True)


class Requirement(models.Model):
    """What a market asks of a product type, of a category and all below it, or (both empty) of every product.

    It holds from the first day to the last, both included; without a last day it stays. For `grace_days` after a
    certificate's last day the expired certificate still lets the product be sold.
    """

    market = models.ForeignKey(Market, on_delete=models.CASCADE, related_name="requirements")
    scheme = models.ForeignKey(Scheme, on_delete=models.PROTECT, related_name="requirements")
    product_type = models.CharField(max_length=255, blank=True, default="")
    category = models.CharField(max_length=255, blank=True, default="")
    from_on = models.DateField()
    until_on = models.DateField(null=True, blank=True)
    grace_days = models.PositiveIntegerField(default=0)
    effect = models.CharField(max_length=5, choices=Effect.choices, default=Effect.BLOCK)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["market", "scheme", "product_type", "category", "from_on"], name="ovop_requirement_once"
            ),
            models.CheckConstraint(condition=Q(product_type="") | Q(category=""), name="ovop_requirement_one_target"),
            models.CheckConstraint(
                condition=Q(until_on=None) | Q(until_on__gte=F("from_on")), name="ovop_requirement_dates"
            ),
            models.CheckConstraint(condition=Q(effect__in=Effect.values), name="ovop_requirement_effect"),
            models.CheckConstraint(condition=Q(grace_days__lte=MAX_GRACE_DAYS), name="ovop_requirement_grace"),
        ]


class Certificate(models.Model):
    """A certificate, or the application for one. Its state follows from its events and dates and is not stored.

    Without products of its own it covers all of its holder's; with some, exactly those. Without markets it is valid
    in all. `holder_ref` is the product's pk as text, or the producer's code.
    """

    scheme = models.ForeignKey(Scheme, on_delete=models.PROTECT, related_name="certificates")
    issuing_body = models.ForeignKey(IssuingBody, on_delete=models.PROTECT, related_name="certificates")
    number = models.CharField(max_length=120)
    holder_kind = models.CharField(max_length=8, choices=HolderKind.choices)
    holder_ref = models.CharField(max_length=120)
    valid_from_on = models.DateField()
    valid_until_on = models.DateField(null=True, blank=True)
    markets = models.ManyToManyField(Market, related_name="certificates", blank=True)
    replaces = models.ForeignKey("self", on_delete=models.PROTECT, null=True, blank=True, related_name="replaced_by")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["scheme", "issuing_body", "number"], name="ovop_certificate_number"),
            models.CheckConstraint(
                condition=Q(valid_until_on=None) | Q(valid_until_on__gte=F("valid_from_on")),
                name="ovop_certificate_dates",
            ),
            models.CheckConstraint(condition=Q(holder_kind__in=HolderKind.values), name="ovop_certificate_holder_kind"),
            models.CheckConstraint(condition=~Q(number="") & ~Q(holder_ref=""), name="ovop_certificate_named"),
            models.CheckConstraint(condition=~Q(replaces=F("id")), name="ovop_certificate_not_itself"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["holder_kind", "holder_ref"], name="ovop_certificate_holder"),
            # The gate asks at every checkout whether any producer holds one of a scheme; often none does.
            models.Index(fields=["scheme", "holder_kind"], name="ovop_certificate_scheme_kind"),
        ]


class CertificateProduct(models.Model):
    """A product that a certificate names, by the shop's key."""

    certificate = models.ForeignKey(Certificate, on_delete=models.CASCADE, related_name="products")
    product_pk = models.BigIntegerField(db_index=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["certificate", "product_pk"], name="ovop_certificate_product_once")
        ]


class CertificateEvent(models.Model):
    """One step in a certificate's life. Positions count from 1 without gaps: of two at once, one loses."""

    certificate = models.ForeignKey(Certificate, on_delete=models.PROTECT, related_name="events")
    position = models.PositiveIntegerField()
    kind = models.CharField(max_length=10, choices=EventKind.choices)
    at = models.DateTimeField()
    actor = models.CharField(max_length=200)
    reason = models.TextField(blank=True, default="")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["certificate", "position"], name="ovop_certificate_event_position"),
            models.CheckConstraint(condition=Q(kind__in=EventKind.values), name="ovop_certificate_event_kind"),
        ]


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


class SweepMark(models.Model):
    """How far a sweep has come, so that the next one begins there even after a night off."""

    name = models.CharField(max_length=64, unique=True)
    reached_at = models.DateTimeField()
