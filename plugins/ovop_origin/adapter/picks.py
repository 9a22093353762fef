"""What staff picked in the dashboard, and whether the registry takes it.

Three states are compared for each product: what the shop shows, what the registry holds, and what the shop was last
given (`ShownVillage`). Only the one that differs from what was given was changed since:

- shop as given, registry as given or not: the shop is brought in line,
- shop changed, registry as given or without an origin: staff picked; a village of the registry is taken,
- both changed: the registry stays, because an import or a form was just as deliberate and says more,
- shop cleared, or naming no village of the registry: nothing was picked; the registry's comes back.

Producers are shares of money. A pick of them is taken, in equal shares, only where the product has no makers and was
never given any.
"""

import logging
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import Enum

from django.db import transaction
from django.utils import timezone

from ovop_origin import selectors, services
from ovop_origin.adapter.announce import announcing
from ovop_origin.adapter.product_metadata import PRODUCERS_KEY, VILLAGE_KEY
from ovop_origin.locks import registry_lock
from ovop_origin.models import SHARE_WHOLE, ShownVillage
from ovop_shared.errors import OvopError
from ovop_shared.money import allocate

logger = logging.getLogger(__name__)

NO_VILLAGE = None
"""What a product shows whose value names no village of the registry, or more than one."""


class Verdict(Enum):
    AGREED = "agreed"
    PROJECT = "project"
    TAKE = "take"
    CONFLICT = "conflict"


def village_verdict(shop: str | None, shown: str, registry: str) -> Verdict:
    """What becomes of the village that a product shows. Codes; empty for none, NO_VILLAGE for one that is no village."""
    if shop == registry:
        return Verdict.AGREED
    if not shop or shop == shown:
        return Verdict.PROJECT
    return Verdict.TAKE if registry in (shown, "") else Verdict.CONFLICT


def takes_makers(shop_producers: Collection[str], has_makers: bool, shown: str, metadata: Mapping[str, str]) -> bool:
    """Whether producers that a product shows were picked for it, rather than left from makers it had before.

    The metadata tells who it was given; where somebody wiped that, nothing is taken.
    """
    was_given_none = PRODUCERS_KEY not in metadata and (not shown or VILLAGE_KEY in metadata)
    return bool(shop_producers) and not has_makers and was_given_none


@dataclass(frozen=True, slots=True)
class Pick:
    """A village, and producers where the product has no makers yet, for the registry to take."""

    product_pk: int
    village: str
    producers: tuple[str, ...]

    @property
    def makers(self) -> dict[str, int]:
        return allocate(SHARE_WHOLE, dict.fromkeys(self.producers, 1))


def shown_villages(product_pks: Collection[int]) -> dict[int, str]:
    """What these products were last given; those given nothing are left out. One query."""
    rows = ShownVillage.objects.filter(product_pk__in=product_pks).exclude(village_code="")
    return dict(rows.values_list("product_pk", "village_code"))


def remember_shown(given: Mapping[int, str], stored: Mapping[int, str]) -> None:
    """Keep what these products are given now. At most two queries, none where nothing changed."""
    new = [
        ShownVillage(product_pk=pk, village_code=code) for pk, code in given.items() if code and stored.get(pk) != code
    ]
    if new:
        ShownVillage.objects.bulk_create(
            new, update_conflicts=True, unique_fields=["product_pk"], update_fields=["village_code"]
        )
    gone = [pk for pk, code in given.items() if not code and pk in stored]
    if gone:
        ShownVillage.objects.filter(product_pk__in=gone).delete()


class Answer(Enum):
    """What the registry said to a pick: taken, refused by one of its rules, or changed since the pick was seen."""

    TAKEN = "taken"
    REFUSED = "refused"
    STALE = "stale"


def take(pick: Pick, *, shown: str) -> Answer:
    """Let the registry take a pick, unless what the product was last given is not `shown` any more.

    The village counts as given from then on: what staff pick after it differs from it. Products are not locked here,
    so that a long import, which holds the registry, holds up no one's dashboard.
    """
    try:
        with announcing(), transaction.atomic():
            registry_lock()
            origin = selectors.product_origins([pick.product_pk]).get(pick.product_pk)
            registry = origin.village_code if origin else ""
            now_shown = shown_villages([pick.product_pk]).get(pick.product_pk, "")
            if now_shown != shown or registry not in (shown, "", pick.village):
                return Answer.STALE
            makers = pick.makers if pick.producers and not (origin and origin.makers) else None
            services.product_village_set(pick.product_pk, pick.village, makers=makers, at=timezone.now())
            remember_shown({pick.product_pk: pick.village}, {})
    except OvopError as refusal:
        logger.warning("product %s: the village picked for it was not taken: %s", pick.product_pk, refusal.message)
        return Answer.REFUSED
    logger.info("product %s: the registry took what staff picked: %s", pick.product_pk, pick)
    return Answer.TAKEN
