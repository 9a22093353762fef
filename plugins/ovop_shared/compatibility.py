"""The range of Saleor releases these plugins are tested on, declared here and nowhere else."""

import re

SALEOR_MINIMUM = (3, 22)
SALEOR_BELOW = (3, 24)


def supported_range() -> str:
    return f">={SALEOR_MINIMUM[0]}.{SALEOR_MINIMUM[1]},<{SALEOR_BELOW[0]}.{SALEOR_BELOW[1]}"


def saleor_version_problem(version: str) -> str | None:
    """What is wrong with this Saleor version, in a sentence, or None when it is supported."""
    match = re.match(r"(\d+)\.(\d+)", version)
    if not match:
        return f"Saleor's version {version!r} cannot be read; supported is {supported_range()}."
    release = (int(match[1]), int(match[2]))
    if SALEOR_MINIMUM <= release < SALEOR_BELOW:
        return None
    return f"Saleor {version} is outside the supported range {supported_range()}."
