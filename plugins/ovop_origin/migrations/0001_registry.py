import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="Place",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("country", "Country"),
                            ("region", "Region"),
                            ("district", "District"),
                            ("village", "Village"),
                        ],
                        max_length=16,
                    ),
                ),
                ("code", models.CharField(max_length=64, unique=True)),
                ("code_scheme", models.CharField(max_length=32)),
                ("country_code", models.CharField(max_length=2)),
                ("latitude", models.DecimalField(blank=True, decimal_places=6, max_digits=8, null=True)),
                ("longitude", models.DecimalField(blank=True, decimal_places=6, max_digits=9, null=True)),
                ("valid_from", models.DateField(blank=True, null=True)),
                ("valid_until", models.DateField(blank=True, null=True)),
                (
                    "parent",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="children",
                        to="ovop_origin.place",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="PlaceName",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("language", models.CharField(max_length=16)),
                ("text", models.CharField(max_length=200)),
                ("is_official", models.BooleanField(default=False)),
                (
                    "place",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="names", to="ovop_origin.place"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Producer",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("code", models.CharField(max_length=64, unique=True)),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("person", "Person"),
                            ("household", "Household"),
                            ("group", "Group"),
                            ("cooperative", "Cooperative"),
                            ("enterprise", "Enterprise"),
                            ("workshop", "Workshop"),
                        ],
                        max_length=16,
                    ),
                ),
                (
                    "status",
                    models.CharField(
                        choices=[("active", "Active"), ("paused", "Paused"), ("left", "Left")],
                        default="active",
                        max_length=16,
                    ),
                ),
                ("language", models.CharField(max_length=16)),
                ("saleor_user_id", models.CharField(blank=True, db_index=True, default="", max_length=64)),
                ("is_name_public", models.BooleanField(default=False)),
                (
                    "place",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="producers", to="ovop_origin.place"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="ProducerName",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("language", models.CharField(max_length=16)),
                ("text", models.CharField(max_length=200)),
                (
                    "producer",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="names", to="ovop_origin.producer"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="ProductOrigin",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("product_pk", models.BigIntegerField(unique=True)),
                ("story", models.TextField(blank=True, default="")),
                (
                    "village",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="product_origins",
                        to="ovop_origin.place",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Maker",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("share", models.PositiveIntegerField()),
                (
                    "producer",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="makings", to="ovop_origin.producer"
                    ),
                ),
                (
                    "origin",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="makers",
                        to="ovop_origin.productorigin",
                    ),
                ),
            ],
        ),
        migrations.AddConstraint(
            model_name="place",
            constraint=models.CheckConstraint(
                condition=models.Q(("code__regex", "^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")), name="ovop_place_code_shape"
            ),
        ),
        migrations.AddConstraint(
            model_name="place",
            constraint=models.CheckConstraint(
                condition=models.Q(("kind__in", ["country", "region", "district", "village"])), name="ovop_place_kind"
            ),
        ),
        migrations.AddConstraint(
            model_name="place",
            constraint=models.CheckConstraint(
                condition=models.Q(("country_code__regex", "^[A-Z]{2}$")), name="ovop_place_country_shape"
            ),
        ),
        migrations.AddConstraint(
            model_name="place",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("code", models.F("country_code")),
                        ("code_scheme", "iso3166-1"),
                        ("kind", "country"),
                        ("parent", None),
                    ),
                    models.Q(("code_scheme", "iso3166-2"), ("kind", "region"), ("parent__isnull", False)),
                    models.Q(("kind__in", ["district", "village"]), ("parent__isnull", False)),
                    _connector="OR",
                ),
                name="ovop_place_parent_and_scheme",
            ),
        ),
        migrations.AddConstraint(
            model_name="place",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("latitude", None), ("longitude", None)),
                    models.Q(
                        ("latitude__gte", -90),
                        ("latitude__isnull", False),
                        ("latitude__lte", 90),
                        ("longitude__gte", -180),
                        ("longitude__isnull", False),
                        ("longitude__lte", 180),
                    ),
                    _connector="OR",
                ),
                name="ovop_place_on_map",
            ),
        ),
        migrations.AddConstraint(
            model_name="place",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("valid_from", None),
                    ("valid_until", None),
                    ("valid_until__gte", models.F("valid_from")),
                    _connector="OR",
                ),
                name="ovop_place_validity",
            ),
        ),
        migrations.AddConstraint(
            model_name="placename",
            constraint=models.UniqueConstraint(fields=("place", "language"), name="ovop_place_name_language"),
        ),
        migrations.AddConstraint(
            model_name="placename",
            constraint=models.CheckConstraint(
                condition=models.Q(("language__regex", "^[a-z]{2,3}(-[A-Z][a-z]{3})?$")), name="ovop_place_name_tag"
            ),
        ),
        migrations.AddConstraint(
            model_name="placename",
            constraint=models.CheckConstraint(
                condition=models.Q(("text", ""), _negated=True), name="ovop_place_name_text"
            ),
        ),
        migrations.AddConstraint(
            model_name="producer",
            constraint=models.CheckConstraint(
                condition=models.Q(("code__regex", "^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")),
                name="ovop_producer_code_shape",
            ),
        ),
        migrations.AddConstraint(
            model_name="producer",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("kind__in", ["person", "household", "group", "cooperative", "enterprise", "workshop"])
                ),
                name="ovop_producer_kind",
            ),
        ),
        migrations.AddConstraint(
            model_name="producer",
            constraint=models.CheckConstraint(
                condition=models.Q(("status__in", ["active", "paused", "left"])), name="ovop_producer_status"
            ),
        ),
        migrations.AddConstraint(
            model_name="producer",
            constraint=models.CheckConstraint(
                condition=models.Q(("language__regex", "^[a-z]{2,3}(-[A-Z][a-z]{3})?$")), name="ovop_producer_tag"
            ),
        ),
        migrations.AddConstraint(
            model_name="producername",
            constraint=models.UniqueConstraint(fields=("producer", "language"), name="ovop_producer_name_language"),
        ),
        migrations.AddConstraint(
            model_name="producername",
            constraint=models.CheckConstraint(
                condition=models.Q(("language__regex", "^[a-z]{2,3}(-[A-Z][a-z]{3})?$")), name="ovop_producer_name_tag"
            ),
        ),
        migrations.AddConstraint(
            model_name="producername",
            constraint=models.CheckConstraint(
                condition=models.Q(("text", ""), _negated=True), name="ovop_producer_name_text"
            ),
        ),
        migrations.AddConstraint(
            model_name="maker",
            constraint=models.UniqueConstraint(fields=("origin", "producer"), name="ovop_maker_once"),
        ),
        migrations.AddConstraint(
            model_name="maker",
            constraint=models.CheckConstraint(
                condition=models.Q(("share__gte", 1), ("share__lte", 10000)), name="ovop_maker_share"
            ),
        ),
    ]
