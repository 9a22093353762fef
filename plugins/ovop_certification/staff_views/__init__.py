"""The pages of staff: certificates, what markets ask, the calendar, the committee, what the gate did."""

from ovop_certification.staff_views.certificate_list import certificate_list
from ovop_certification.staff_views.certificate_pages import apply, certificate, change, step
from ovop_certification.staff_views.evidence import evidence_download, evidence_upload
from ovop_certification.staff_views.gate import closure_save, closures, flag_resolve, hold_release, orders
from ovop_certification.staff_views.markets import market, market_list, market_save
from ovop_certification.staff_views.overview import enter, overview
from ovop_certification.staff_views.requirements import matrix, preview, requirement, requirement_new, save
from ovop_shared.staff_pages import leave

__all__ = [
    "apply",
    "certificate",
    "certificate_list",
    "change",
    "closure_save",
    "closures",
    "enter",
    "evidence_download",
    "evidence_upload",
    "flag_resolve",
    "hold_release",
    "leave",
    "market",
    "market_list",
    "market_save",
    "matrix",
    "orders",
    "overview",
    "preview",
    "requirement",
    "requirement_new",
    "save",
    "step",
]
