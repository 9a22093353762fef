"""The sizes of badges, in pixels."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from ovop_certification.errors import UnknownBadgeSize

DEFAULT_SIZE = "medium"


@dataclass(frozen=True, slots=True)
class BadgeSize:
    """`height` is that of one certificate; a product's badge is as high as its list needs."""

    name: str
    width: int
    height: int


SIZES: Mapping[str, BadgeSize] = MappingProxyType(
    {
        each.name: each
        for each in (BadgeSize("small", 240, 96), BadgeSize("medium", 480, 192), BadgeSize("large", 960, 384))
    }
)


def badge_size(name: str) -> BadgeSize:
    """Raises UnknownBadgeSize."""
    found = SIZES.get(name)
    if found is None:
        raise UnknownBadgeSize(
            f"There is no badge size {name!r}; there are {', '.join(SIZES)}.",
            field="size",
            params={"size": name, "sizes": list(SIZES)},
        )
    return found
