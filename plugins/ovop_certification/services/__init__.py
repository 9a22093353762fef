"""Writes of certification. Callers import from here."""

from ovop_certification.services.bulk import RegistryCounts
from ovop_certification.services.certificate_desk import certificate_apply, certificate_change, surveillance_record
from ovop_certification.services.certificate_steps import (
    certificate_issue,
    certificate_reinstate,
    certificate_suspend,
    certificate_verify,
    certificate_withdraw,
)
from ovop_certification.services.certificates import certificate_event_add, certificate_register
from ovop_certification.services.evidence import evidence_content, evidence_file
from ovop_certification.services.gate import SoldLine, order_lines_flag, refusals_record
from ovop_certification.services.markets import MarketPolicy, market_places_set, market_policy_set
from ovop_certification.services.registry import registry_load
from ovop_certification.services.reminders import DueReminder, ReminderCounts, reminders_due, reminders_send
from ovop_certification.services.requirements import requirement_edit, requirement_save

__all__ = [
    "DueReminder",
    "MarketPolicy",
    "RegistryCounts",
    "ReminderCounts",
    "SoldLine",
    "certificate_apply",
    "certificate_change",
    "certificate_event_add",
    "certificate_issue",
    "certificate_register",
    "certificate_reinstate",
    "certificate_suspend",
    "certificate_verify",
    "certificate_withdraw",
    "evidence_content",
    "evidence_file",
    "market_places_set",
    "market_policy_set",
    "order_lines_flag",
    "refusals_record",
    "registry_load",
    "reminders_due",
    "reminders_send",
    "requirement_edit",
    "requirement_save",
    "surveillance_record",
]
