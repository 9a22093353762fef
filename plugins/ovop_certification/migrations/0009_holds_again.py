"""An order may be held again, for a line that came after its release: one open hold per order, and its history."""

from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [("ovop_certification", "0008_reminders_kept")]

    operations = [
        migrations.AlterField(
            model_name="orderhold", name="order_id", field=models.CharField(db_index=True, max_length=64)
        ),
        migrations.AddConstraint(
            model_name="orderhold",
            constraint=models.UniqueConstraint(
                condition=Q(released_at=None), fields=["order_id"], name="ovop_order_hold_open_once"
            ),
        ),
    ]
