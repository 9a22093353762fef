from django.apps import AppConfig

from ovop_shared.browsing import set_browser
from ovop_shared.catalogue import set_catalogue
from ovop_shared.mounting import set_public_address
from ovop_shared.sales import set_sales_book
from ovop_shared.staff_pages import set_staff_door


class StandaloneConfig(AppConfig):
    name = "ovop_standalone"
    verbose_name = "Standalone host"

    def ready(self) -> None:
        from ovop_standalone.browsing import KeptBrowser
        from ovop_standalone.catalogue import KeptRecords
        from ovop_standalone.middleware import public_address
        from ovop_standalone.sales import RecordedSales
        from ovop_standalone.staff import CookieDoor

        set_catalogue(KeptRecords())
        set_public_address(public_address)
        set_browser(KeptBrowser())
        set_staff_door(CookieDoor())
        set_sales_book(RecordedSales())
