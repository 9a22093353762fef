"""The plugin's switches among Saleor's plugin settings: their fields, their check, and reading them as they are now."""

import logging
from collections.abc import Iterable, Mapping
from typing import Any

from django.core.exceptions import ValidationError
from saleor.core.db.connection import allow_writer
from saleor.plugins.base_plugin import ConfigurationTypeField
from saleor.plugins.error_codes import PluginErrorCode
from saleor.plugins.models import PluginConfiguration

from ovop_certification.switches import (
    DEFAULT_REMINDER_DAYS,
    MAX_EVIDENCE_MB,
    Switches,
    read_switches,
    set_switches,
)

logger = logging.getLogger(__name__)

PLUGIN_ID = "ovop.certification"

DEFAULT_CONFIGURATION: list[dict[str, Any]] = [
    {"name": "closes_listings", "value": True},
    {"name": "reminder_days", "value": ", ".join(map(str, DEFAULT_REMINDER_DAYS))},
    {"name": "staff_mail", "value": ""},
    {"name": "evidence_max_mb", "value": str(Switches().evidence_max_mb)},
]
CONFIG_STRUCTURE: dict[str, dict[str, Any]] = {
    "closes_listings": {
        "type": ConfigurationTypeField.BOOLEAN,
        "label": "Close the listings of products that may not be sold",
        "help_text": "Without it nothing is closed in the shop: checkouts are still refused, orders flagged and held.",
    },
    "reminder_days": {
        "type": ConfigurationTypeField.STRING,
        "label": "Days before a certificate's last day on which to remind",
        "help_text": "Numbers with commas between them. Empty: nobody is reminded.",
    },
    "staff_mail": {
        "type": ConfigurationTypeField.STRING,
        "label": "E-mail address of staff who are reminded besides the producer",
        "help_text": "Empty: only the producer is.",
    },
    "evidence_max_mb": {
        "type": ConfigurationTypeField.STRING,
        "label": "Largest document that may be filed with a certificate, in MB",
        "help_text": f"A whole number from 1 to {MAX_EVIDENCE_MB}.",
    },
}


def check_configuration(configuration: Iterable[Mapping[str, Any]]) -> None:
    """Raises Django's ValidationError with the fields that are wrong, as Saleor's mutation tells it.

    The stock dashboard (3.23) marks no field: it shows the messages alone, so each begins with its setting's label.
    """
    _, problems = read_switches(_values(configuration))
    if problems:
        raise ValidationError(
            {
                name: ValidationError(
                    f"{CONFIG_STRUCTURE[name]['label']}: {message}", code=PluginErrorCode.INVALID.value
                )
                for name, message in problems.items()
            }
        )


def current_switches() -> Switches:
    """As they are stored at this moment: one query by an index, kept nowhere."""
    with allow_writer():
        row = PluginConfiguration.objects.filter(identifier=PLUGIN_ID, channel=None).first()
    found, problems = read_switches(_values(row.configuration or []) if row else {})
    if problems:
        logger.warning("settings of %s that are not understood have their defaults: %s", PLUGIN_ID, problems)
    return found


def _values(configuration: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    return {item["name"]: item.get("value") for item in configuration}


set_switches(current_switches)
