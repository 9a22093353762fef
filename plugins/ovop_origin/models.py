"""The tables of the registry. Products are named by the shop's key, by value: no table depends on Saleor's.

The database keeps what constraints can say; the rules that cross rows are triggers of the second migration:
a place's parent is of the next higher kind and of the same country, codes, kinds and countries never change,
producers and products belong to villages, and at commit the shares of a product's makers add up to SHARE_WHOLE.
"""

from django.db import models
from django.db.models import F, Q

SHARE_WHOLE = 10_000
"""A product as a whole; a maker's share is an integer part of it."""

CODE_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"
LANGUAGE_PATTERN = r"^[a-z]{2,3}(-[A-Z][a-z]{3})?$"


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


class Place(models.Model):
    """A country, region, district or village (a town counts as one).

    `code` is unique over all schemes, because other tables and addresses name a place by it alone; `code_scheme` says
    who gave it: `iso3166-1`, `iso3166-2`, a national classifier (`soate`, `soato`, `kato`) or `ovop` for our own.
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

    class Meta:
        constraints = [
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
    """

    code = models.CharField(max_length=64, unique=True)
    kind = models.CharField(max_length=16, choices=ProducerKind.choices)
    place = models.ForeignKey(Place, on_delete=models.PROTECT, related_name="producers")
    status = models.CharField(max_length=16, choices=ProducerStatus.choices, default=ProducerStatus.ACTIVE)
    language = models.CharField(max_length=16)
    saleor_user_id = models.CharField(max_length=64, blank=True, default="", db_index=True)
    is_name_public = models.BooleanField(default=False)

    class Meta:
        constraints = [
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


class ProductOrigin(models.Model):
    """The village of a product. `product_pk` is the shop's key, kept by value: it outlives the product."""

    product_pk = models.BigIntegerField(unique=True)
    village = models.ForeignKey(Place, on_delete=models.PROTECT, related_name="product_origins")
    story = models.TextField(blank=True, default="")


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
