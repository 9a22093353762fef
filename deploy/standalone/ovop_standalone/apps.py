from django.apps import AppConfig

from ovop_shared.catalogue import set_catalogue


class StandaloneConfig(AppConfig):
    name = "ovop_standalone"
    verbose_name = "Standalone host"

    def ready(self) -> None:
        from ovop_standalone.catalogue import KeptRecords

        set_catalogue(KeptRecords())
