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
from ovop_certification.services.gate import (
    ShopOrders,
    SoldLine,
    order_flag_resolve,
    order_hold_begin,
    order_hold_end,
    order_hold_release,
    order_lines_flag,
    refusals_record,
    set_shop_orders,
)
from ovop_certification.services.markets import MarketPolicy, market_places_set, market_policy_set
from ovop_certification.services.registry import registry_load
from ovop_certification.services.reminders import DueReminder, ReminderCounts, reminders_due, reminders_send
from ovop_certification.services.requirements import requirement_edit, requirement_save
from ovop_certification.services.stranded import StrandedCart, payments_settle, payments_strand

__all__ = [
    "DueReminder",
    "MarketPolicy",
    "RegistryCounts",
    "ReminderCounts",
    "ShopOrders",
    "SoldLine",
    "StrandedCart",
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
    "order_flag_resolve",
    "order_hold_begin",
    "order_hold_end",
    "order_hold_release",
    "order_lines_flag",
    "payments_settle",
    "payments_strand",
    "refusals_record",
    "registry_load",
    "reminders_due",
    "reminders_send",
    "requirement_edit",
    "requirement_save",
    "set_shop_orders",
    "surveillance_record",
]
