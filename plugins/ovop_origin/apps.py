from django.apps import AppConfig


class OriginConfig(AppConfig):
    name = "ovop_origin"
    verbose_name = "OVOP origin"
    default_auto_field = "django.db.models.BigAutoField"
