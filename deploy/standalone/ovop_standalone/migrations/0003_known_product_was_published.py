from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("ovop_standalone", "0002_known_product_is_published"),
    ]

    operations = [
        migrations.AddField(
            model_name="knownproduct",
            name="was_published",
            field=models.BooleanField(default=True),
        ),
    ]
