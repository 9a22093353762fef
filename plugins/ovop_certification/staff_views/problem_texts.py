"""One sentence for every rule that a form can break, by its code."""

from collections.abc import Mapping

PROBLEM_TEXTS: Mapping[str, str] = {
    "invalid_dates": "The last day lies before the first.",
    "reason_required": "Give a reason.",
}
