"""The Brand Committee's tables: criteria, applications, sittings, scores. Products and producers are named by value.

Steps of applications and recipes are append-only; a published criteria set, and what belongs to a closed assessment,
is never changed (migrations/0004_more_append_only.py, migrations/0006_committee_rules.py).
"""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from ovop_certification.models.registry import Certificate, IssuingBody, Scheme

# Totals are hundredths of a per cent of what could be reached: 8 725 is 87.25 %.
FULL_TOTAL = 10_000
MAX_STARS = 5


class Stage(models.TextChoices):
    """The five stages of a product, in their order."""

    MOBILISATION = "mobilisation"
    DEVELOPMENT = "development"
    WORKSHOP = "workshop"
    CERTIFICATION = "certification"
    MARKETS = "markets"


class StepKind(models.TextChoices):
    """`entered`: a stage began. `reopened`: what was decided holds no longer. `closed`: it goes no further."""

    ENTERED = "entered"
    REOPENED = "reopened"
    CLOSED = "closed"


class Verdict(models.TextChoices):
    """`conditional` grants the label with conditions; `deferred` asks for another sitting."""

    GRANTED = "granted"
    CONDITIONAL = "conditional"
    DEFERRED = "deferred"
    REFUSED = "refused"


class CommitteeMember(models.Model):
    """Somebody who scores. `user_id` is the host's id of their staff account, one member each."""

    code = models.SlugField(max_length=64, unique=True)
    name = models.CharField(max_length=200)
    user_id = models.CharField(max_length=64, blank=True, default="")
    is_active = models.BooleanField(default=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["user_id"], condition=~Q(user_id=""), name="ovop_member_of_user")
        ]


class CriteriaSet(models.Model):
    """What is scored, with weights, for the label of a scheme. Published, it is never changed: a new version is made.

    A positive verdict issues the label of `scheme` by `issuing_body` for `valid_months`.
    """

    code = models.SlugField(max_length=64)
    version = models.PositiveIntegerField()
    scheme = models.ForeignKey(Scheme, on_delete=models.PROTECT, related_name="criteria_sets")
    issuing_body = models.ForeignKey(IssuingBody, on_delete=models.PROTECT, related_name="criteria_sets")
    names = models.JSONField(default=dict)
    valid_months = models.PositiveIntegerField()
    published_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["code", "version"], name="ovop_criteria_version"),
            models.CheckConstraint(condition=Q(version__gte=1), name="ovop_criteria_version_positive"),
            models.CheckConstraint(
                condition=Q(valid_months__gte=1) & Q(valid_months__lte=120), name="ovop_criteria_valid_months"
            ),
        ]


class Criterion(models.Model):
    """One thing that is scored, from 0 to `max_points`; it counts `weight` of the sum of all weights."""

    criteria_set = models.ForeignKey(CriteriaSet, on_delete=models.CASCADE, related_name="criteria")
    code = models.SlugField(max_length=64)
    names = models.JSONField(default=dict)
    weight = models.PositiveIntegerField()
    max_points = models.PositiveIntegerField()
    position = models.PositiveIntegerField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["criteria_set", "code"], name="ovop_criterion_once"),
            models.CheckConstraint(condition=Q(weight__gte=1) & Q(max_points__gte=1), name="ovop_criterion_counts"),
        ]


class GradeBand(models.Model):
    """From `min_total` (hundredths of a per cent) on a product gets so many stars; with none below the lowest band."""

    criteria_set = models.ForeignKey(CriteriaSet, on_delete=models.CASCADE, related_name="bands")
    stars = models.PositiveSmallIntegerField()
    min_total = models.PositiveIntegerField()
    is_positive = models.BooleanField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["criteria_set", "stars"], name="ovop_band_stars_once"),
            models.UniqueConstraint(fields=["criteria_set", "min_total"], name="ovop_band_total_once"),
            models.CheckConstraint(condition=Q(stars__gte=1) & Q(stars__lte=MAX_STARS), name="ovop_band_stars"),
            models.CheckConstraint(condition=Q(min_total__lte=FULL_TOTAL), name="ovop_band_total"),
        ]


class ProductRecipe(models.Model):
    """What a product is made of, version after version. A new version re-opens what was assessed."""

    product_pk = models.BigIntegerField()
    version = models.PositiveIntegerField()
    text = models.TextField()
    at = models.DateTimeField()
    actor = models.CharField(max_length=200)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["product_pk", "version"], name="ovop_recipe_version"),
            models.CheckConstraint(condition=Q(version__gte=1), name="ovop_recipe_version_positive"),
        ]


class Application(models.Model):
    """A product on its way to a label; its stage is what its steps say. One open application per product and scheme."""

    number = models.PositiveIntegerField(unique=True)
    scheme = models.ForeignKey(Scheme, on_delete=models.PROTECT, related_name="applications")
    product_pk = models.BigIntegerField(db_index=True)
    producer = models.CharField(max_length=64)
    opened_at = models.DateTimeField()
    is_open = models.BooleanField(default=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["scheme", "product_pk"], condition=Q(is_open=True), name="ovop_application_open_once"
            )
        ]


class ApplicationStep(models.Model):
    """One step of an application. Positions count from 1 without gaps: of two at once, one loses."""

    application = models.ForeignKey(Application, on_delete=models.PROTECT, related_name="steps")
    position = models.PositiveIntegerField()
    kind = models.CharField(max_length=8, choices=StepKind.choices)
    stage = models.CharField(max_length=13, choices=Stage.choices)
    at = models.DateTimeField()
    actor = models.CharField(max_length=200)
    reason = models.TextField(blank=True, default="")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["application", "position"], name="ovop_application_step_position"),
            models.CheckConstraint(condition=Q(kind__in=StepKind.values), name="ovop_application_step_kind"),
            models.CheckConstraint(condition=Q(stage__in=Stage.values), name="ovop_application_step_stage"),
        ]


class Sitting(models.Model):
    """A meeting of the committee. Closed, nothing of it is changed."""

    number = models.PositiveIntegerField(unique=True)
    held_on = models.DateField()
    place = models.CharField(max_length=200, blank=True, default="")
    remarks = models.TextField(blank=True, default="")
    closed_at = models.DateTimeField(null=True, blank=True)
    closed_by = models.CharField(max_length=200, blank=True, default="")


class SittingMember(models.Model):
    """Who sits. `is_chair` leads and closes."""

    sitting = models.ForeignKey(Sitting, on_delete=models.CASCADE, related_name="members")
    member = models.ForeignKey(CommitteeMember, on_delete=models.PROTECT, related_name="sittings")
    is_chair = models.BooleanField(default=False)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["sitting", "member"], name="ovop_sitting_member_once"),
            models.UniqueConstraint(fields=["sitting"], condition=Q(is_chair=True), name="ovop_sitting_one_chair"),
        ]


class Assessment(models.Model):
    """An application before a sitting. With the verdict it is closed, and total, grade and recipe are frozen."""

    sitting = models.ForeignKey(Sitting, on_delete=models.PROTECT, related_name="assessments")
    application = models.ForeignKey(Application, on_delete=models.PROTECT, related_name="assessments")
    criteria_set = models.ForeignKey(CriteriaSet, on_delete=models.PROTECT, related_name="assessments")
    recipe_version = models.PositiveIntegerField(null=True, blank=True)
    total = models.PositiveIntegerField(null=True, blank=True)
    stars = models.PositiveSmallIntegerField(null=True, blank=True)
    verdict = models.CharField(max_length=11, choices=Verdict.choices, blank=True, default="")
    conditions = models.TextField(blank=True, default="")
    closed_at = models.DateTimeField(null=True, blank=True)
    closed_by = models.CharField(max_length=200, blank=True, default="")
    certificate = models.OneToOneField(
        Certificate, on_delete=models.PROTECT, null=True, blank=True, related_name="assessment"
    )

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["sitting", "application"], name="ovop_assessment_once"),
            models.UniqueConstraint(
                fields=["application"], condition=Q(closed_at=None), name="ovop_assessment_one_open"
            ),
            models.CheckConstraint(
                condition=Q(closed_at=None, verdict="") | (Q(closed_at__isnull=False) & ~Q(verdict="")),
                name="ovop_assessment_closed_with_verdict",
            ),
            models.CheckConstraint(
                condition=Q(verdict="") | Q(verdict__in=Verdict.values), name="ovop_assessment_verdict"
            ),
            models.CheckConstraint(condition=Q(total=None) | Q(total__lte=FULL_TOTAL), name="ovop_assessment_total"),
            models.CheckConstraint(
                condition=Q(verdict__in=["", Verdict.DEFERRED]) | Q(total__isnull=False, stars__isnull=False),
                name="ovop_assessment_graded",
            ),
            models.CheckConstraint(
                condition=Q(verdict__in=["", Verdict.DEFERRED, Verdict.REFUSED], certificate=None)
                | Q(verdict__in=[Verdict.GRANTED, Verdict.CONDITIONAL], certificate__isnull=False),
                name="ovop_assessment_certificate",
            ),
        ]


class ConflictOfInterest(models.Model):
    """A member who must not score an application, and why."""

    assessment = models.ForeignKey(Assessment, on_delete=models.PROTECT, related_name="conflicts")
    member = models.ForeignKey(CommitteeMember, on_delete=models.PROTECT, related_name="conflicts")
    reason = models.TextField()
    at = models.DateTimeField()
    actor = models.CharField(max_length=200)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["assessment", "member"], name="ovop_conflict_once"),
            models.CheckConstraint(condition=~Q(reason=""), name="ovop_conflict_reason"),
        ]


class Score(models.Model):
    """What a member gave a criterion, until the assessment is closed; for which recipe (None: none was known)."""

    assessment = models.ForeignKey(Assessment, on_delete=models.PROTECT, related_name="scores")
    member = models.ForeignKey(CommitteeMember, on_delete=models.PROTECT, related_name="scores")
    criterion = models.ForeignKey(Criterion, on_delete=models.PROTECT, related_name="scores")
    points = models.PositiveIntegerField()
    recipe_version = models.PositiveIntegerField(null=True, blank=True)
    at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["assessment", "member", "criterion"], name="ovop_score_once")
        ]
