import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="IssuingBody",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("code", models.SlugField(max_length=64, unique=True)),
                ("name", models.CharField(max_length=200)),
            ],
        ),
        migrations.CreateModel(
            name="Market",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("code", models.SlugField(max_length=64, unique=True)),
                ("names", models.JSONField(default=dict)),
            ],
        ),
        migrations.CreateModel(
            name="Scheme",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("code", models.SlugField(max_length=64, unique=True)),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("brand_label", "Brand Label"),
                            ("conformity", "Conformity"),
                            ("sanitary", "Sanitary"),
                            ("veterinary", "Veterinary"),
                            ("phytosanitary", "Phytosanitary"),
                            ("religious", "Religious"),
                            ("organic", "Organic"),
                            ("management", "Management"),
                            ("geographical", "Geographical"),
                            ("import", "Import"),
                        ],
                        max_length=20,
                    ),
                ),
                ("names", models.JSONField(default=dict)),
            ],
        ),
        migrations.CreateModel(
            name="SweepMark",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=64, unique=True)),
                ("reached_at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="Certificate",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.CharField(max_length=120)),
                (
                    "holder_kind",
                    models.CharField(choices=[("product", "Product"), ("producer", "Producer")], max_length=8),
                ),
                ("holder_ref", models.CharField(max_length=120)),
                ("valid_from_on", models.DateField()),
                ("valid_until_on", models.DateField(blank=True, null=True)),
                (
                    "replaces",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="replaced_by",
                        to="ovop_certification.certificate",
                    ),
                ),
                (
                    "issuing_body",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="certificates",
                        to="ovop_certification.issuingbody",
                    ),
                ),
                (
                    "markets",
                    models.ManyToManyField(blank=True, related_name="certificates", to="ovop_certification.market"),
                ),
                (
                    "scheme",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="certificates",
                        to="ovop_certification.scheme",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="GateRefusal",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("checkout", models.CharField(max_length=64)),
                ("channel", models.CharField(max_length=255)),
                ("market", models.CharField(max_length=64)),
                ("product_pk", models.BigIntegerField()),
                ("code", models.CharField(max_length=20)),
                ("scheme", models.CharField(blank=True, default="", max_length=64)),
                ("certificate_number", models.CharField(blank=True, default="", max_length=120)),
                ("at", models.DateTimeField(db_index=True)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("checkout", "product_pk", "code", "scheme", "certificate_number"),
                        name="ovop_gate_refusal_once",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="MarketChannel",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("channel", models.CharField(max_length=255, unique=True)),
                (
                    "market",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="channels",
                        to="ovop_certification.market",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="MarketCountry",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("country", models.CharField(max_length=2, unique=True)),
                (
                    "market",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="countries",
                        to="ovop_certification.market",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="OrderFlag",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("order_id", models.CharField(max_length=64)),
                ("line_id", models.CharField(max_length=64)),
                ("product_pk", models.BigIntegerField()),
                ("market", models.CharField(max_length=64)),
                ("reasons", models.JSONField()),
                ("sold_at", models.DateTimeField()),
                ("flagged_at", models.DateTimeField(db_index=True)),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("order_id", "line_id"), name="ovop_order_flag_once")],
            },
        ),
        migrations.CreateModel(
            name="CertificateEvent",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("position", models.PositiveIntegerField()),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("applied", "Applied"),
                            ("verified", "Verified"),
                            ("suspended", "Suspended"),
                            ("reinstated", "Reinstated"),
                            ("withdrawn", "Withdrawn"),
                        ],
                        max_length=10,
                    ),
                ),
                ("at", models.DateTimeField()),
                ("actor", models.CharField(max_length=200)),
                ("reason", models.TextField(blank=True, default="")),
                (
                    "certificate",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="events",
                        to="ovop_certification.certificate",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("certificate", "position"), name="ovop_certificate_event_position"),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("kind__in", ["applied", "verified", "suspended", "reinstated", "withdrawn"])
                        ),
                        name="ovop_certificate_event_kind",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="CertificateProduct",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("product_pk", models.BigIntegerField(db_index=True)),
                (
                    "certificate",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="products",
                        to="ovop_certification.certificate",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("certificate", "product_pk"), name="ovop_certificate_product_once")
                ],
            },
        ),
        migrations.CreateModel(
            name="Requirement",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("product_type", models.CharField(blank=True, default="", max_length=255)),
                ("category", models.CharField(blank=True, default="", max_length=255)),
                ("from_on", models.DateField()),
                ("until_on", models.DateField(blank=True, null=True)),
                ("grace_days", models.PositiveIntegerField(default=0)),
                (
                    "effect",
                    models.CharField(choices=[("block", "Block"), ("warn", "Warn")], default="block", max_length=5),
                ),
                (
                    "market",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="requirements",
                        to="ovop_certification.market",
                    ),
                ),
                (
                    "scheme",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="requirements",
                        to="ovop_certification.scheme",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("market", "scheme", "product_type", "category", "from_on"), name="ovop_requirement_once"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("product_type", ""), ("category", ""), _connector="OR"),
                        name="ovop_requirement_one_target",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("until_on", None), ("until_on__gte", models.F("from_on")), _connector="OR"),
                        name="ovop_requirement_dates",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("effect__in", ["block", "warn"])), name="ovop_requirement_effect"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("grace_days__lte", 3650)), name="ovop_requirement_grace"
                    ),
                ],
            },
        ),
        migrations.AddIndex(
            model_name="certificate",
            index=models.Index(fields=["holder_kind", "holder_ref"], name="ovop_certificate_holder"),
        ),
        migrations.AddIndex(
            model_name="certificate",
            index=models.Index(fields=["scheme", "holder_kind"], name="ovop_certificate_scheme_kind"),
        ),
        migrations.AddConstraint(
            model_name="certificate",
            constraint=models.UniqueConstraint(
                fields=("scheme", "issuing_body", "number"), name="ovop_certificate_number"
            ),
        ),
        migrations.AddConstraint(
            model_name="certificate",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("valid_until_on", None), ("valid_until_on__gte", models.F("valid_from_on")), _connector="OR"
                ),
                name="ovop_certificate_dates",
            ),
        ),
        migrations.AddConstraint(
            model_name="certificate",
            constraint=models.CheckConstraint(
                condition=models.Q(("holder_kind__in", ["product", "producer"])), name="ovop_certificate_holder_kind"
            ),
        ),
        migrations.AddConstraint(
            model_name="certificate",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("number", ""), _negated=True), models.Q(("holder_ref", ""), _negated=True)
                ),
                name="ovop_certificate_named",
            ),
        ),
        migrations.AddConstraint(
            model_name="certificate",
            constraint=models.CheckConstraint(
                condition=models.Q(("replaces", models.F("id")), _negated=True), name="ovop_certificate_not_itself"
            ),
        ),
    ]
