from django.apps import AppConfig


class ProducerPayoutsConfig(AppConfig):
    name = "ovop_producer_payouts"
    verbose_name = "OVOP producer payouts"
    default_auto_field = "django.db.models.BigAutoField"
