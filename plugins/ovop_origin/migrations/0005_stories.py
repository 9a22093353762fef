"""Stories per language and script, as names are. The one text that a product had until now was English."""

import django.db.models.deletion
from django.db import migrations, models

MOVE = """
INSERT INTO ovop_origin_productstory (origin_id, language, text)
SELECT id, 'en', story FROM ovop_origin_productorigin WHERE story <> ''
"""
# There is room for one text: the English one, and where there is none any rather than nothing.
MOVE_BACK = """
UPDATE ovop_origin_productorigin AS origin SET story = kept.text FROM (
    SELECT DISTINCT ON (origin_id) origin_id, text FROM ovop_origin_productstory
    ORDER BY origin_id, language <> 'en', language
) AS kept WHERE kept.origin_id = origin.id
"""


class Migration(migrations.Migration):
    dependencies = [("ovop_origin", "0004_full_rules")]

    operations = [
        migrations.CreateModel(
            name="ProductStory",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("language", models.CharField(max_length=16)),
                ("text", models.TextField()),
                (
                    "origin",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="stories",
                        to="ovop_origin.productorigin",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("origin", "language"), name="ovop_product_story_language"),
                    models.CheckConstraint(
                        condition=models.Q(("language__regex", "^[a-z]{2,3}(-[A-Z][a-z]{3})?$")),
                        name="ovop_product_story_tag",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("text", ""), _negated=True), name="ovop_product_story_text"
                    ),
                ],
            },
        ),
        migrations.RunSQL(MOVE, MOVE_BACK),
        migrations.RemoveField(model_name="productorigin", name="story"),
    ]
