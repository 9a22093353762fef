"""Writes of certification. Callers import from here."""

from ovop_certification.services.bulk import RegistryCounts
from ovop_certification.services.certificates import certificate_event_add, certificate_register
from ovop_certification.services.gate import SoldLine, order_lines_flag, refusals_record
from ovop_certification.services.registry import registry_load
from ovop_certification.services.requirements import requirement_save

__all__ = [
    "RegistryCounts",
    "SoldLine",
    "certificate_event_add",
    "certificate_register",
    "order_lines_flag",
    "refusals_record",
    "registry_load",
    "requirement_save",
]
