from django.apps import AppConfig


class CertificationConfig(AppConfig):
    name = "ovop_certification"
    verbose_name = "OVOP certification"
    default_auto_field = "django.db.models.BigAutoField"
