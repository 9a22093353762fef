"""The tables of the registry. Products are named by the shop's key, by value: no table depends on Saleor's.

The database keeps what constraints can say; the rules that cross rows are triggers of the second migration:
a place's parent is of the next higher kind and of the same country, codes, kinds and countries never change,
producers, products and lots belong to villages, no group is a part of itself, and at commit the shares of a product's
makers, and those of its materials, add up to SHARE_WHOLE.
"""

from django.db import models
from django.db.models import F, Q

SHARE_WHOLE = 10_000
"""A product as a whole; the share of a maker or a material is an integer part of it."""

CODE_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"
LANGUAGE_PATTERN = r"^[a-z]{2,3}(-[A-Z][a-z]{3})?$"
LOT_CODE_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,19}$"
"""At most the 20 characters that GS1 allows for a lot (application identifier 10)."""


class PlaceKind(models.TextChoices):
    COUNTRY = "country"
    REGION = "region"
    DISTRICT = "district"
    VILLAGE = "village"


class ProducerKind(models.TextChoices):
    PERSON = "person"
    HOUSEHOLD = "household"
    GROUP = "group"
    COOPERATIVE = "cooperative"
    ENTERPRISE = "enterprise"
    WORKSHOP = "workshop"


class ProducerStatus(models.TextChoices):
    ACTIVE = "active"
    PAUSED = "paused"
    LEFT = "left"


class ProgrammeStage(models.TextChoices):
    """The five stages of the programme, in order."""

    MOBILISATION = "mobilisation"
    DEVELOPMENT = "development"
    WORKSHOP = "workshop"
    CERTIFICATION = "certification"
    MARKETS = "markets"


class ClassifierScheme(models.TextChoices):
    """The national classifiers of Kyrgyzstan, Uzbekistan and Kazakhstan."""

    SOATE = "soate"
    SOATO = "soato"
    KATO = "kato"


class Place(models.Model):
    """A country, region, district or village (a town counts as one).

    `code` is unique over all schemes, because other tables and addresses name a place by it alone; `code_scheme` says
    who gave it: `iso3166-1`, `iso3166-2`, a national classifier (`soate`, `soato`, `kato`) or `ovop` for our own.
    `classifier_code` is the place's number in the national classifier `classifier_scheme`, where it is known and not
    the code itself.
    `valid_from` and `valid_until` are the first and the last day of the place; either may be open.
    """

    kind = models.CharField(max_length=16, choices=PlaceKind.choices)
    parent = models.ForeignKey("self", null=True, blank=True, on_delete=models.PROTECT, related_name="children")
    code = models.CharField(max_length=64, unique=True)
    code_scheme = models.CharField(max_length=32)
    country_code = models.CharField(max_length=2)
    latitude = models.DecimalField(max_digits=8, decimal_places=6, null=True, blank=True)
    longitude = models.DecimalField(max_digits=9, decimal_places=6, null=True, blank=True)
    valid_from = models.DateField(null=True, blank=True)
    valid_until = models.DateField(null=True, blank=True)
    classifier_scheme = models.CharField(max_length=16, choices=ClassifierScheme.choices, blank=True, default="")
    classifier_code = models.CharField(max_length=20, blank=True, default="")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(classifier_scheme="", classifier_code="")
                | Q(classifier_scheme__in=ClassifierScheme.values, classifier_code__regex=r"^\d{2,20}$"),
                name="ovop_place_classifier",
            ),
            models.UniqueConstraint(
                fields=["classifier_scheme", "classifier_code"],
                condition=~Q(classifier_code=""),
                name="ovop_place_classifier_code",
            ),
            models.CheckConstraint(condition=Q(code__regex=CODE_PATTERN), name="ovop_place_code_shape"),
            models.CheckConstraint(condition=Q(kind__in=PlaceKind.values), name="ovop_place_kind"),
            models.CheckConstraint(condition=Q(country_code__regex=r"^[A-Z]{2}$"), name="ovop_place_country_shape"),
            models.CheckConstraint(
                condition=Q(kind="country", parent=None, code=F("country_code"), code_scheme="iso3166-1")
                | Q(kind="region", parent__isnull=False, code_scheme="iso3166-2")
                | Q(kind__in=["district", "village"], parent__isnull=False),
                name="ovop_place_parent_and_scheme",
            ),
            models.CheckConstraint(
                condition=Q(latitude=None, longitude=None)
                | Q(
                    latitude__isnull=False,
                    latitude__gte=-90,
                    latitude__lte=90,
                    longitude__isnull=False,
                    longitude__gte=-180,
                    longitude__lte=180,
                ),
                name="ovop_place_on_map",
            ),
            models.CheckConstraint(
                condition=Q(valid_from=None) | Q(valid_until=None) | Q(valid_until__gte=F("valid_from")),
                name="ovop_place_validity",
            ),
        ]


class PlaceName(models.Model):
    """A place's name in one language and script (BCP 47). Official means: in the name's language, by law or register."""

    place = models.ForeignKey(Place, on_delete=models.CASCADE, related_name="names")
    language = models.CharField(max_length=16)
    text = models.CharField(max_length=200)
    is_official = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["place", "language"], name="ovop_place_name_language"),
            models.CheckConstraint(condition=Q(language__regex=LANGUAGE_PATTERN), name="ovop_place_name_tag"),
            models.CheckConstraint(condition=~Q(text=""), name="ovop_place_name_text"),
        ]


class Producer(models.Model):
    """Who makes things in a village. `language` is the one statements are written in, `saleor_user_id` the account.

    `is_name_public` is the producer's consent: without it no public page, attribute, metadata or query says who it is.
    `stage` is the producer's stage in the programme, empty outside it. Who leads it is known only with the producer's
    consent to be counted so (`flags_consented_on`), and neither that nor `phone` and `email` is ever public.
    """

    code = models.CharField(max_length=64, unique=True)
    kind = models.CharField(max_length=16, choices=ProducerKind.choices)
    place = models.ForeignKey(Place, on_delete=models.PROTECT, related_name="producers")
    status = models.CharField(max_length=16, choices=ProducerStatus.choices, default=ProducerStatus.ACTIVE)
    language = models.CharField(max_length=16)
    saleor_user_id = models.CharField(max_length=64, blank=True, default="", db_index=True)
    is_name_public = models.BooleanField(default=False)
    stage = models.CharField(max_length=16, choices=ProgrammeStage.choices, blank=True, default="")
    phone = models.CharField(max_length=32, blank=True, default="")
    email = models.EmailField(blank=True, default="")
    is_women_led = models.BooleanField(null=True, blank=True)
    is_youth_led = models.BooleanField(null=True, blank=True)
    is_disability_led = models.BooleanField(null=True, blank=True)
    flags_consented_on = models.DateField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(stage__in=["", *ProgrammeStage.values]), name="ovop_producer_stage"),
            models.CheckConstraint(
                condition=Q(flags_consented_on__isnull=False)
                | Q(is_women_led=None, is_youth_led=None, is_disability_led=None),
                name="ovop_producer_flags_consent",
            ),
            models.CheckConstraint(condition=Q(code__regex=CODE_PATTERN), name="ovop_producer_code_shape"),
            models.CheckConstraint(condition=Q(kind__in=ProducerKind.values), name="ovop_producer_kind"),
            models.CheckConstraint(condition=Q(status__in=ProducerStatus.values), name="ovop_producer_status"),
            models.CheckConstraint(condition=Q(language__regex=LANGUAGE_PATTERN), name="ovop_producer_tag"),
        ]


class ProducerName(models.Model):
    """A producer's name in one language and script, as the producer writes it; one word is a whole name."""

    producer = models.ForeignKey(Producer, on_delete=models.CASCADE, related_name="names")
    language = models.CharField(max_length=16)
    text = models.CharField(max_length=200)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["producer", "language"], name="ovop_producer_name_language"),
            models.CheckConstraint(condition=Q(language__regex=LANGUAGE_PATTERN), name="ovop_producer_name_tag"),
            models.CheckConstraint(condition=~Q(text=""), name="ovop_producer_name_text"),
        ]


class Membership(models.Model):
    """A producer is part of a group, co-operative, enterprise, workshop or household, from the first to the last day.

    A person has no members, and no producer is, through others, a member of itself.
    """

    group = models.ForeignKey(Producer, on_delete=models.PROTECT, related_name="memberships")
    member = models.ForeignKey(Producer, on_delete=models.PROTECT, related_name="groups")
    since = models.DateField(null=True, blank=True)
    until = models.DateField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["group", "member"], name="ovop_membership_once"),
            models.CheckConstraint(condition=~Q(group=F("member")), name="ovop_membership_of_itself"),
            models.CheckConstraint(
                condition=Q(since=None) | Q(until=None) | Q(until__gte=F("since")), name="ovop_membership_period"
            ),
        ]


class Material(models.Model):
    """What products are made of, and the place it comes from: of any kind, none when that is not known."""

    code = models.CharField(max_length=64, unique=True)
    place = models.ForeignKey(Place, null=True, blank=True, on_delete=models.PROTECT, related_name="materials")

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(code__regex=CODE_PATTERN), name="ovop_material_code_shape")]


class MaterialName(models.Model):
    """A material's name in one language and script."""

    material = models.ForeignKey(Material, on_delete=models.CASCADE, related_name="names")
    language = models.CharField(max_length=16)
    text = models.CharField(max_length=200)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["material", "language"], name="ovop_material_name_language"),
            models.CheckConstraint(condition=Q(language__regex=LANGUAGE_PATTERN), name="ovop_material_name_tag"),
            models.CheckConstraint(condition=~Q(text=""), name="ovop_material_name_text"),
        ]


class ProductOrigin(models.Model):
    """The village of a product. `product_pk` is the shop's key, kept by value: it outlives the product."""

    product_pk = models.BigIntegerField(unique=True)
    village = models.ForeignKey(Place, on_delete=models.PROTECT, related_name="product_origins")


class ProductStory(models.Model):
    """What there is to tell of a product, in one language and script."""

    origin = models.ForeignKey(ProductOrigin, on_delete=models.CASCADE, related_name="stories")
    language = models.CharField(max_length=16)
    text = models.TextField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["origin", "language"], name="ovop_product_story_language"),
            models.CheckConstraint(condition=Q(language__regex=LANGUAGE_PATTERN), name="ovop_product_story_tag"),
            models.CheckConstraint(condition=~Q(text=""), name="ovop_product_story_text"),
        ]


class Maker(models.Model):
    """A producer's part in a product, in parts of SHARE_WHOLE. A product has no makers, or makers of the whole."""

    origin = models.ForeignKey(ProductOrigin, on_delete=models.CASCADE, related_name="makers")
    producer = models.ForeignKey(Producer, on_delete=models.PROTECT, related_name="makings")
    share = models.PositiveIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["origin", "producer"], name="ovop_maker_once"),
            models.CheckConstraint(condition=Q(share__gte=1, share__lte=SHARE_WHOLE), name="ovop_maker_share"),
        ]


class ProductMaterial(models.Model):
    """A material's part in a product, in parts of SHARE_WHOLE. A product has no materials, or materials of the whole."""

    origin = models.ForeignKey(ProductOrigin, on_delete=models.CASCADE, related_name="materials")
    material = models.ForeignKey(Material, on_delete=models.PROTECT, related_name="products")
    share = models.PositiveIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["origin", "material"], name="ovop_product_material_once"),
            models.CheckConstraint(
                condition=Q(share__gte=1, share__lte=SHARE_WHOLE), name="ovop_product_material_share"
            ),
        ]


class ProductGtin(models.Model):
    """A number under which the product is traded (GS1 GTIN), as 14 digits; a product of two sizes has two."""

    origin = models.ForeignKey(ProductOrigin, on_delete=models.CASCADE, related_name="gtins")
    gtin = models.CharField(max_length=14, unique=True)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(gtin__regex=r"^\d{14}$"), name="ovop_product_gtin_digits")]


class Lot(models.Model):
    """What was made of a product at one time, in the village where that was done; its code is the product's own."""

    origin = models.ForeignKey(ProductOrigin, on_delete=models.PROTECT, related_name="lots")
    code = models.CharField(max_length=20)
    village = models.ForeignKey(Place, on_delete=models.PROTECT, related_name="lots")
    made_on = models.DateField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["origin", "code"], name="ovop_lot_code"),
            models.CheckConstraint(condition=Q(code__regex=LOT_CODE_PATTERN), name="ovop_lot_code_shape"),
        ]


class LotContribution(models.Model):
    """How many units of a lot were accepted from one maker."""

    lot = models.ForeignKey(Lot, on_delete=models.CASCADE, related_name="contributions")
    producer = models.ForeignKey(Producer, on_delete=models.PROTECT, related_name="contributions")
    quantity = models.PositiveIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["lot", "producer"], name="ovop_lot_contribution_once"),
            models.CheckConstraint(condition=Q(quantity__gte=1), name="ovop_lot_contribution_quantity"),
        ]


class ShownVillage(models.Model):
    """The village that a shop's product was last given by the registry.

    A shop that shows another one was changed by its staff since; `village_code` is empty when the product was given
    none.
    """

    product_pk = models.BigIntegerField(unique=True)
    village_code = models.CharField(max_length=64, blank=True, default="")


class RegistryUpload(models.Model):
    """A file that staff uploaded, looked at as differences and have not loaded yet; kept for a day."""

    key = models.UUIDField(unique=True)
    name = models.CharField(max_length=200)
    content = models.BinaryField()
    uploaded_by = models.CharField(max_length=200)
    uploaded_at = models.DateTimeField(db_index=True)
