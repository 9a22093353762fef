"""Saving split rules. A saved version never changes; a change is the next version."""

import datetime
from collections.abc import Mapping
from typing import Any

from django.db import IntegrityError, transaction

from ovop_producer_payouts.errors import InvalidSplitRule, SplitRuleVersionTaken
from ovop_producer_payouts.models import SplitRuleVersion
from ovop_producer_payouts.split_rules import is_code, steps_as_document, steps_from_document
from ovop_shared.errors import OvopError

MAX_VERSION = 2**31 - 1


def split_rule_save(
    *,
    code: str,
    version: int,
    channel: str,
    valid_from_on: datetime.date,
    document: Mapping[str, Any],
    by: str,
    at: datetime.datetime,
) -> bool:
    """Save a version of a rule; True when it is new, False when the same one is saved already.

    Raises InvalidSplitRule, SplitRuleOverspent, or SplitRuleVersionTaken when the version, or the channel's day, is
    taken by other content.
    """
    if not is_code(code):
        raise InvalidSplitRule("A rule's code is lower-case letters, digits and hyphens.", field="code")
    if type(version) is not int or not 1 <= version <= MAX_VERSION:
        raise InvalidSplitRule("Versions count from 1.", field="version")
    canonical = steps_as_document(steps_from_document(document))
    try:
        with transaction.atomic():
            SplitRuleVersion.objects.create(
                code=code,
                version=version,
                channel=channel,
                valid_from_on=valid_from_on,
                document=canonical,
                created_by=by,
                created_at=at,
            )
    except IntegrityError as error:
        same = SplitRuleVersion.objects.filter(
            code=code, version=version, channel=channel, valid_from_on=valid_from_on, document=canonical
        )
        if same.exists():
            return False
        raise SplitRuleVersionTaken(
            f"Version {version} of {code!r}, or another rule from {valid_from_on}, is saved with other content.",
            field="version",
            params={"code": code, "version": version, "valid_from_on": valid_from_on.isoformat()},
        ) from error
    return True


def split_rules_load(document: object, *, by: str, at: datetime.datetime) -> int:
    """Save the rules of a document `{"rules": [{"code", "version", "channel", "valid_from_on", "steps"}]}`.

    All or none; returns how many were new. Errors are split_rule_save's, their `row` is the rule's place, from 1.
    """
    rules = document.get("rules") if isinstance(document, Mapping) else None
    if not isinstance(rules, list):
        raise InvalidSplitRule('The document is an object with a list "rules".', field="rules")
    saved = 0
    with transaction.atomic():
        for row, raw in enumerate(rules, start=1):
            try:
                saved += split_rule_save(**_read(raw), by=by, at=at)
            except OvopError as error:
                error.row = row
                raise
    return saved


def _read(raw: Any) -> dict[str, Any]:
    """One rule of a document as split_rule_save's arguments; a part that is missing, unknown or misspelt is refused."""
    if not isinstance(raw, Mapping):
        raise InvalidSplitRule("A rule is an object.", field="rules")
    for name in sorted({"code", "version", "valid_from_on", "steps"} - set(raw)):
        raise InvalidSplitRule(f"A rule has a part {name!r}.", field=name)
    for name in sorted(set(raw) - {"code", "version", "channel", "valid_from_on", "steps"}):
        raise InvalidSplitRule(f"A rule has no part {name!r}.", field=name)
    channel = raw.get("channel", "")
    if not isinstance(channel, str):
        raise InvalidSplitRule("A channel is a slug, or empty for every channel.", field="channel")
    try:
        valid_from_on = datetime.date.fromisoformat(raw["valid_from_on"])
    except (TypeError, ValueError) as error:
        raise InvalidSplitRule("A first day is written like 2025-01-31.", field="valid_from_on") from error
    return {
        "code": raw["code"],
        "version": raw["version"],
        "channel": channel,
        "valid_from_on": valid_from_on,
        "document": {"steps": raw["steps"]},
    }
