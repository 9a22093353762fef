"""The page of certificates in the dashboard's menu."""

import ovop_shared.adapter.browsing  # noqa: F401 - sets the catalogue that the pages look through
from ovop_shared.adapter.dashboard import DashboardEntry, register_dashboard_entry
from ovop_shared.mounting import page_url
from ovop_shared.requester import MANAGE_PRODUCTS
from ovop_shared.setup_steps import SetupStep, register_setup_step

LABEL = "Certificates"


def create_dashboard_entry() -> int:
    return register_dashboard_entry(DashboardEntry(LABEL, page_url("ovop_certification:staff-enter"), MANAGE_PRODUCTS))


register_setup_step(SetupStep(31, "Certification: entry in the dashboard", create_dashboard_entry))
