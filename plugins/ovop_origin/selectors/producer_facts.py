"""Producers, where they work, and who is a member of whom."""

import datetime
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, F, Q, Window
from django.db.models.functions import RowNumber

from ovop_origin.models import Membership, Producer, ProducerName
from ovop_origin.selectors.names import names_by_owner
from ovop_origin.selectors.place_facts import place_names, within_place


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
    status: str


@dataclass(frozen=True, slots=True)
class ProducerPrivate:
    """What only staff may know of a producer: its stage in the programme, how to reach it, and who leads it.

    A flag is None when it is not known; the flags are known with the producer's consent of that day only.
    """

    code: str
    stage: str
    phone: str
    email: str
    is_women_led: bool | None
    is_youth_led: bool | None
    is_disability_led: bool | None
    flags_consented_on: datetime.date | None


@dataclass(frozen=True, slots=True)
class MembershipFacts:
    """A producer's part in a group, from the first to the last day; either may be open."""

    group_code: str
    member_code: str
    since: datetime.date | None
    until: datetime.date | None


def public_names(producer: ProducerFacts) -> Mapping[str, str]:
    """The producer's names as far as it has agreed to be named."""
    return producer.names if producer.is_name_public else {}


def producers(codes: Collection[str]) -> dict[str, ProducerFacts]:
    """These producers by code; unknown codes are left out. Three queries."""
    return _producers(Q(code__in=codes))


def producers_of(
    *,
    village: str | None = None,
    place: str | None = None,
    only_public: bool,
    after: str = "",
    limit: int | None = 100,
) -> tuple[ProducerFacts, ...]:
    """Producers ordered by code, starting behind `after`: of a village, within a place of any kind, or all.

    With `only_public` those alone who agreed to be named. A `limit` of None gives all of them. Three queries.
    """
    condition = Q(code__gt=after)
    if village is not None:
        condition &= Q(place__code=village)
    if place is not None:
        condition &= within_place(place, "place__")
    if only_public:
        condition &= Q(is_name_public=True)
    return tuple(_producers(condition, limit=limit).values())


def producers_of_village(code: str) -> tuple[ProducerFacts, ...]:
    """The producers of a village who agreed to be named, ordered by code. Three queries."""
    return producers_of(village=code, only_public=True, limit=None)


def producers_of_villages(
    codes: Collection[str], *, only_public: bool, after: str = "", limit: int | None = None
) -> dict[str, tuple[ProducerFacts, ...]]:
    """Village code -> its producers, ordered by code, behind `after`; at most `limit` of each village.

    Villages without any are left out. Three queries.
    """
    rows = Producer.objects.filter(place__code__in=codes, code__gt=after)
    if only_public:
        rows = rows.filter(is_name_public=True)
    if limit is not None:
        place = Window(RowNumber(), partition_by=[F("place_id")], order_by=[F("code").asc()])
        rows = rows.annotate(number=place).filter(number__lte=limit)
    found: dict[str, tuple[ProducerFacts, ...]] = {}
    for facts in _producers(Q(pk__in=rows.values("pk"))).values():
        found[facts.village_code] = (*found.get(facts.village_code, ()), facts)
    return found


def consenting_producers() -> dict[str, ProducerFacts]:
    """All producers who agreed to be named, by code. Three queries."""
    return _producers(Q(is_name_public=True))


def producers_private(codes: Collection[str]) -> dict[str, ProducerPrivate]:
    """What only staff may know of these producers, by code; unknown codes are left out. One query."""
    fields = (
        "code",
        "stage",
        "phone",
        "email",
        "is_women_led",
        "is_youth_led",
        "is_disability_led",
        "flags_consented_on",
    )
    rows = Producer.objects.filter(code__in=codes).order_by("code").values_list(*fields)
    return {row[0]: ProducerPrivate(*row) for row in rows}


def members_of(group_codes: Collection[str]) -> dict[str, tuple[MembershipFacts, ...]]:
    """Group code -> its memberships, past ones too, ordered by member; groups without any are left out. One query."""
    return _memberships("group_code", group__code__in=group_codes)


def groups_of(producer_codes: Collection[str]) -> dict[str, tuple[MembershipFacts, ...]]:
    """Producer code -> its memberships, past ones too, ordered by group; who has none is left out. One query."""
    return _memberships("member_code", member__code__in=producer_codes)


def memberships(keys: Collection[tuple[str, str]]) -> dict[tuple[str, str], MembershipFacts]:
    """These memberships by the codes of group and member; what does not exist is left out. One query."""
    wanted = set(keys)
    found = _memberships(
        "group_code",
        group__code__in={group for group, _ in wanted},
        member__code__in={member for _, member in wanted},
    )
    return {
        key: facts
        for of_group in found.values()
        for facts in of_group
        if (key := (facts.group_code, facts.member_code)) in wanted
    }


def member_counts(group_codes: Collection[str], on: datetime.date) -> dict[str, int]:
    """Group code -> how many members it has on the day; groups without any are left out. One query."""
    rows = (
        Membership.objects.filter(Q(since=None) | Q(since__lte=on), Q(until=None) | Q(until__gte=on))
        .filter(group__code__in=group_codes)
        .values("group__code")
        .annotate(number=Count("pk"))
    )
    return dict(rows.order_by("group__code").values_list("group__code", "number"))


def _memberships(key: str, **lookup: Any) -> dict[str, tuple[MembershipFacts, ...]]:
    rows = (
        Membership.objects.filter(**lookup)
        .order_by("group__code", "member__code")
        .values_list("group__code", "member__code", "since", "until")
    )
    found: dict[str, list[MembershipFacts]] = {}
    for row in rows:
        facts = MembershipFacts(*row)
        found.setdefault(getattr(facts, key), []).append(facts)
    return {code: tuple(each) for code, each in found.items()}


def _producers(condition: Q, *, limit: int | None = None) -> dict[str, ProducerFacts]:
    rows = list(
        Producer.objects.filter(condition)
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
            "status",
        )[:limit]
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
            status=row[10],
        )
        for row in rows
    }
