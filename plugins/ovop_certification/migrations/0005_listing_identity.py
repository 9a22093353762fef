"""A closure knows which listing it shut, and a market keeps its channel when that gets another slug."""

from typing import ClassVar

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies: ClassVar = [("ovop_certification", "0004_more_append_only")]

    operations: ClassVar = [
        migrations.CreateModel(
            name="KnownChannel",
            fields=[
                ("channel_pk", models.BigIntegerField(primary_key=True, serialize=False)),
                ("slug", models.CharField(max_length=255)),
            ],
        ),
        migrations.RemoveConstraint(model_name="closure", name="ovop_closure_open_once"),
        migrations.AddField(
            model_name="closure",
            name="listing_pk",
            field=models.BigIntegerField(default=0),  # no gate has shut anything before this
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="closure",
            name="published_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="closure",
            name="wants_set_by",
            field=models.CharField(blank=True, default="", max_length=200),
        ),
        migrations.AddIndex(
            model_name="closure",
            index=models.Index(
                condition=models.Q(("ended_at", None)), fields=["product_pk"], name="ovop_closure_open_product"
            ),
        ),
        migrations.AddConstraint(
            model_name="closure",
            constraint=models.UniqueConstraint(
                condition=models.Q(("ended_at", None)), fields=("listing_pk",), name="ovop_closure_open_once"
            ),
        ),
    ]
