"""Producers and where they work."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from ovop_origin.models import Producer, ProducerName
from ovop_origin.selectors.names import names_by_owner
from ovop_origin.selectors.place_facts import place_names


@dataclass(frozen=True, slots=True)
class ProducerFacts:
    """A producer and where it works. Without `is_name_public` neither code nor name is for the public."""

    code: str
    names: Mapping[str, str]
    language: str
    kind: str
    village_code: str
    village_names: Mapping[str, str]
    region_code: str
    region_names: Mapping[str, str]
    saleor_user_id: str
    is_name_public: bool


def public_names(producer: ProducerFacts) -> Mapping[str, str]:
    """The producer's names as far as it has agreed to be named."""
    return producer.names if producer.is_name_public else {}


def producers(codes: Collection[str]) -> dict[str, ProducerFacts]:
    """These producers by code; unknown codes are left out. Three queries."""
    return _producers(code__in=codes)


def producers_of_village(code: str) -> tuple[ProducerFacts, ...]:
    """The producers of a village who agreed to be named, ordered by code. Three queries."""
    found = _producers(place__code=code, is_name_public=True)
    return tuple(found[each] for each in sorted(found))


def consenting_producers() -> dict[str, ProducerFacts]:
    """All producers who agreed to be named, by code. Three queries."""
    return _producers(is_name_public=True)


def _producers(**lookup: Any) -> dict[str, ProducerFacts]:
    rows = list(
        Producer.objects.filter(**lookup)
        .order_by("code")
        .values_list(
            "pk",
            "code",
            "language",
            "kind",
            "saleor_user_id",
            "is_name_public",
            "place_id",
            "place__code",
            "place__parent__parent_id",
            "place__parent__parent__code",
        )
    )
    names = names_by_owner(ProducerName.objects.filter(producer__in=[row[0] for row in rows]), "producer_id")
    names_of_places = place_names({row[6] for row in rows} | {row[8] for row in rows})
    return {
        row[1]: ProducerFacts(
            code=row[1],
            names=names.get(row[0], {}),
            language=row[2],
            kind=row[3],
            village_code=row[7],
            village_names=names_of_places.get(row[6], {}),
            region_code=row[9],
            region_names=names_of_places.get(row[8], {}),
            saleor_user_id=row[4],
            is_name_public=row[5],
        )
        for row in rows
    }
