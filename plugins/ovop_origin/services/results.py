"""What a load did, and what it would change."""

from dataclasses import dataclass, field

from ovop_origin.records import SECTIONS


@dataclass(frozen=True, slots=True)
class Tally:
    """How many rows of one kind were new, differed from what was stored, or were there already."""

    created: int = 0
    changed: int = 0
    unchanged: int = 0

    @property
    def total(self) -> int:
        return self.created + self.changed + self.unchanged


@dataclass(frozen=True, slots=True)
class LoadResult:
    places: Tally = field(default_factory=Tally)
    producers: Tally = field(default_factory=Tally)
    memberships: Tally = field(default_factory=Tally)
    materials: Tally = field(default_factory=Tally)
    products: Tally = field(default_factory=Tally)
    lots: Tally = field(default_factory=Tally)

    @property
    def has_written(self) -> bool:
        tallies: list[Tally] = [getattr(self, section) for section in SECTIONS]
        return any(tally.created or tally.changed for tally in tallies)


@dataclass(frozen=True, slots=True)
class Change:
    """One field of one row, before and after, as texts; empty where there is nothing.

    `key` is the row's code (`group/member` of a membership, the slug of a product, `slug/code` of a lot), `field` one
    of the row's fields; parts are told one by one: `name:<tag>`, `story:<tag>`, `maker:<code>`, `material:<code>`,
    `contribution:<code>`. A row that is new has one change, of the field "" to "new".
    """

    section: str
    key: str
    field: str
    before: str
    after: str
