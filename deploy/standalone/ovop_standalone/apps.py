from django.apps import AppConfig

from ovop_shared.catalogue import set_catalogue
from ovop_shared.mounting import set_public_address


class StandaloneConfig(AppConfig):
    name = "ovop_standalone"
    verbose_name = "Standalone host"

    def ready(self) -> None:
        from ovop_standalone.catalogue import KeptRecords
        from ovop_standalone.middleware import public_address

        set_catalogue(KeptRecords())
        set_public_address(public_address)
