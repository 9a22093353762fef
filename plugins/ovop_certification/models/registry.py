"""Schemes, markets, requirements, certificates and what proves them."""

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
    """Whose the certificate is. A group is a producer that others are members of; a lot is one batch of a product."""

    PRODUCT = "product"
    PRODUCER = "producer"
    GROUP = "group"
    LOT = "lot"


class OnUncertified(models.TextChoices):
    """What the gate does to the listing of a product that may not be sold: `close` ends buying and leaves its page,
    `hide` takes it out of the channel's shop as well."""

    CLOSE = "close"
    HIDE = "hide"


class OnLapsed(models.TextChoices):
    """What becomes of an order that was paid for while the product still had its certificate."""

    HOLD = "hold"
    HONOUR = "honour"


class OnBypassed(models.TextChoices):
    """What becomes of an order that came past the veto (drafts, imports): it is flagged always, and held or not."""

    HOLD = "hold"
    FLAG = "flag"


class EventKind(models.TextChoices):
    """`verified`: somebody has seen that the paper is real. `issued`: from now on it counts; somebody else says so."""

    APPLIED = "applied"
    VERIFIED = "verified"
    ISSUED = "issued"
    SUSPENDED = "suspended"
    REINSTATED = "reinstated"
    WITHDRAWN = "withdrawn"


class Scheme(models.Model):
    """A kind of certificate. `names` maps BCP 47 tags to its name.

    A geographical indication says in which areas it holds; a recipe that changes suspends what was granted for the old
    one where the scheme says so.
    """

    code = models.SlugField(max_length=64, unique=True)
    kind = models.CharField(max_length=20, choices=SchemeKind.choices)
    names = models.JSONField(default=dict)
    suspends_on_recipe_change = models.BooleanField(default=False)


class IssuingBody(models.Model):
    """Who grants certificates, and where its public register is."""

    code = models.SlugField(max_length=64, unique=True)
    name = models.CharField(max_length=200)
    register_url = models.URLField(max_length=500, blank=True, default="")


class Market(models.Model):
    """Where goods are sold: the rules of one market hold for its channels and destination countries.

    `grace_days` hold for its requirements that say none of their own.
    """

    code = models.SlugField(max_length=64, unique=True)
    names = models.JSONField(default=dict)
    on_uncertified = models.CharField(max_length=5, choices=OnUncertified.choices, default=OnUncertified.CLOSE)
    on_lapsed = models.CharField(max_length=6, choices=OnLapsed.choices, default=OnLapsed.HOLD)
    on_bypassed = models.CharField(max_length=4, choices=OnBypassed.choices, default=OnBypassed.HOLD)
    grace_days = models.PositiveIntegerField(default=0)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(on_uncertified__in=OnUncertified.values), name="ovop_market_uncertified"
            ),
            models.CheckConstraint(condition=Q(on_lapsed__in=OnLapsed.values), name="ovop_market_lapsed"),
            models.CheckConstraint(condition=Q(on_bypassed__in=OnBypassed.values), name="ovop_market_bypassed"),
            models.CheckConstraint(condition=Q(grace_days__lte=MAX_GRACE_DAYS), name="ovop_market_grace"),
        ]


class MarketChannel(models.Model):
    """A sales channel of the shop, by its slug. It belongs to one market only."""

    market = models.ForeignKey(Market, on_delete=models.CASCADE, related_name="channels")
    channel = models.CharField(max_length=255, unique=True)


class MarketCountry(models.Model):
    """A destination country (ISO 3166-1 alpha-2) whose rules are this market's."""

    market = models.ForeignKey(Market, on_delete=models.CASCADE, related_name="countries")
    country = models.CharField(max_length=2, unique=True)


class Requirement(models.Model):
    """What a market asks of a product type, of a category and all below it, or (both empty) of every product; with an
    intended use, of those among them that are meant for it.

    It holds from the first day to the last, both included; without a last day it stays. For `grace_days` (None: the
    market's) after a certificate's last day the expired certificate still lets the product be sold.
    """

    market = models.ForeignKey(Market, on_delete=models.CASCADE, related_name="requirements")
    scheme = models.ForeignKey(Scheme, on_delete=models.PROTECT, related_name="requirements")
    product_type = models.CharField(max_length=255, blank=True, default="")
    category = models.CharField(max_length=255, blank=True, default="")
    intended_use = models.CharField(max_length=255, blank=True, default="")
    from_on = models.DateField()
    until_on = models.DateField(null=True, blank=True)
    grace_days = models.PositiveIntegerField(null=True, blank=True)
    effect = models.CharField(max_length=5, choices=Effect.choices, default=Effect.BLOCK)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["market", "scheme", "product_type", "category", "intended_use", "from_on"],
                name="ovop_requirement_once",
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

    Without products or product types of its own it covers all of its holder's; with some, exactly those among them;
    with areas, of those only what comes from a village that lies in one. Without markets it is valid in all.
    `holder_ref` is the product's pk as text, the producer's or group's code, or for a lot `<product pk>/<lot code>`.
    `register_url` leads to this certificate in the body's public register.
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
    register_url = models.URLField(max_length=500, blank=True, default="")
    surveillance_last_on = models.DateField(null=True, blank=True)
    surveillance_next_on = models.DateField(null=True, blank=True)

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


class CertificateProductType(models.Model):
    """A product type that a certificate names, by its slug."""

    certificate = models.ForeignKey(Certificate, on_delete=models.CASCADE, related_name="product_types")
    product_type = models.CharField(max_length=255, db_index=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["certificate", "product_type"], name="ovop_certificate_product_type_once")
        ]


class CertificateArea(models.Model):
    """A place (by origin's code) that a certificate holds for, with all that lies in it."""

    certificate = models.ForeignKey(Certificate, on_delete=models.CASCADE, related_name="areas")
    place = models.CharField(max_length=64)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["certificate", "place"], name="ovop_certificate_area_once")
        ]


class EvidenceContent(models.Model):
    """A filed document, once whatever the number of certificates it proves. In the database: it is private, and what
    a certificate rests on is in the same backup as the certificate."""

    sha256 = models.CharField(max_length=64, unique=True)
    content = models.BinaryField()


class Evidence(models.Model):
    """A document that proves a certificate. `content_type` is what the content was found to be, not what was claimed."""

    certificate = models.ForeignKey(Certificate, on_delete=models.PROTECT, related_name="evidence")
    content = models.ForeignKey(EvidenceContent, on_delete=models.PROTECT, related_name="+")
    name = models.CharField(max_length=200)
    content_type = models.CharField(max_length=100)
    size_bytes = models.PositiveIntegerField()
    filed_at = models.DateTimeField()
    filed_by = models.CharField(max_length=200)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["certificate", "content"], name="ovop_evidence_once")]


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


class ChangeSubject(models.TextChoices):
    """What a change of the desk is about."""

    CERTIFICATE = "certificate"
    REQUIREMENT = "requirement"
    MARKET = "market"


class RecordedChange(models.Model):
    """Who changed facts of a certificate, a requirement or a market, and how: `facts` maps each changed fact to what
    it was and what it became. What happened to a certificate is in its events."""

    subject = models.CharField(max_length=11, choices=ChangeSubject.choices)
    subject_pk = models.BigIntegerField()
    at = models.DateTimeField()
    actor = models.CharField(max_length=200)
    reason = models.TextField(blank=True, default="")
    facts = models.JSONField()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(subject__in=ChangeSubject.values), name="ovop_change_subject"),
            models.CheckConstraint(condition=~Q(actor=""), name="ovop_change_actor"),
        ]
        indexes: ClassVar = [models.Index(fields=["subject", "subject_pk", "at"], name="ovop_change_of")]
