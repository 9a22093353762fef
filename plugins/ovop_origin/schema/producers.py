"""Producers, what they make, and the groups they belong to."""

import secrets
from collections.abc import Callable, Collection, Mapping
from typing import Any

import graphene
from django.utils import timezone
from graphene import relay

from ovop_origin import selectors
from ovop_origin.models import ProducerKind as ProducerKinds
from ovop_origin.models import ProducerStatus as ProducerStatuses
from ovop_origin.models import ProgrammeStage as ProgrammeStages
from ovop_origin.schema.context import is_named, load, manages_products, plain
from ovop_origin.schema.names import Name, as_names, enum_of, name_field, names_field
from ovop_origin.schema.paging import CODES, Connection, Paged, connection_field, page_arguments
from ovop_origin.schema.places import Place, place_of, products_paged
from ovop_origin.selectors import Listing, MembershipFacts, ProducerFacts
from ovop_shared.shop_time import shop_day

ProducerKind = enum_of(ProducerKinds, "ProducerKind", "Who makes things: one person, or several in one of these forms.")
ProducerStatus = enum_of(ProducerStatuses, "ProducerStatus", "Whether a producer works, pauses or has left.")
ProgrammeStage = enum_of(ProgrammeStages, "ProgrammeStage", "The five stages of the programme, in order.")


class ProducerPrivate(graphene.ObjectType):
    """What only those who manage products may know of a producer."""

    status = ProducerStatus(required=True, description="Whether it works, pauses or has left.")
    stage = ProgrammeStage(description="Its stage in the programme; null outside it.")
    language = graphene.String(required=True, description="The language it is written to in, BCP 47.")
    is_name_public = graphene.Boolean(required=True, description="Whether it has agreed to be named.")
    saleor_user_id = graphene.String(description="Its account in the shop; null without one.")
    phone = graphene.String(description="Null when not known.")
    email = graphene.String(description="Null when not known.")
    is_women_led = graphene.Boolean(description="Null when not known.")
    is_youth_led = graphene.Boolean(description="Null when not known.")
    is_disability_led = graphene.Boolean(description="Null when not known.")
    flags_consented_on = graphene.Date(description="The day it agreed to be counted so.")

    @staticmethod
    def resolve_status(root: ProducerFacts, info: Any) -> str:
        return root.status

    @staticmethod
    def resolve_stage(root: ProducerFacts, info: Any) -> Any:
        return _private(root, info, "stage")

    @staticmethod
    def resolve_saleor_user_id(root: ProducerFacts, info: Any) -> str | None:
        return root.saleor_user_id or None

    @staticmethod
    def resolve_phone(root: ProducerFacts, info: Any) -> Any:
        return _private(root, info, "phone")

    @staticmethod
    def resolve_email(root: ProducerFacts, info: Any) -> Any:
        return _private(root, info, "email")

    @staticmethod
    def resolve_is_women_led(root: ProducerFacts, info: Any) -> Any:
        return _private(root, info, "is_women_led")

    @staticmethod
    def resolve_is_youth_led(root: ProducerFacts, info: Any) -> Any:
        return _private(root, info, "is_youth_led")

    @staticmethod
    def resolve_is_disability_led(root: ProducerFacts, info: Any) -> Any:
        return _private(root, info, "is_disability_led")

    @staticmethod
    def resolve_flags_consented_on(root: ProducerFacts, info: Any) -> Any:
        return _private(root, info, "flags_consented_on")


class Producer(graphene.ObjectType):
    """Who makes things in a village. A producer who has not agreed to be named is nobody to the public: its code and
    name are null, its names and lists empty, and its id names it nowhere else."""

    class Meta:
        interfaces = (relay.Node,)
        possible_types = (ProducerFacts,)

    code = graphene.String(description="Unique among all producers; null without its consent.")
    kind = ProducerKind(required=True, description="A person, household, group, co-operative, enterprise or workshop.")
    name = name_field(required=False, description="The name for a reader of this language; null without its consent.")
    names = names_field("All its names, by language and script; none without its consent.")
    village = graphene.Field(Place, required=True, description="Where it works.")
    products = connection_field(
        "ovop_origin.schema.products.ProductOriginConnection",
        "What it has a part in, by the shop's number; for the public what is published.",
    )
    groups = connection_field(
        lambda: MembershipConnection,
        "The groups it is a member of, past ones too, by code; for the public those that agreed to be named.",
    )
    members = connection_field(
        lambda: MembershipConnection,
        "The members of a group, past ones too, by code; for the public those who agreed to be named.",
    )
    member_count = graphene.Int(
        description="How many members it has today, those too who are not named; null without its consent."
    )
    private = graphene.Field(ProducerPrivate, description="Null for those who do not manage products.")

    @staticmethod
    def get_node(info: Any, code: str) -> Any:
        return named_producer(info, plain(code))

    @staticmethod
    def resolve_id(root: ProducerFacts, info: Any) -> str:
        # Made anew each time, so that nobody can see which of many products one unnamed producer makes.
        return root.code if is_named(root, info) else f"unnamed {secrets.token_hex(8)}"

    @staticmethod
    def resolve_code(root: ProducerFacts, info: Any) -> str | None:
        return root.code if is_named(root, info) else None

    @staticmethod
    def resolve_name(root: ProducerFacts, info: Any, language: str) -> str | None:
        return selectors.best_name(_visible_names(root, info), language) or None

    @staticmethod
    def resolve_names(root: ProducerFacts, info: Any, language: str | None = None) -> list[Name]:
        return as_names(_visible_names(root, info), (), language)

    @staticmethod
    def resolve_village(root: ProducerFacts, info: Any) -> Any:
        return place_of(info, root.village_code)

    @staticmethod
    def resolve_products(root: ProducerFacts, info: Any, **page: Any) -> Paged:
        return products_paged(
            info,
            "products",
            selectors.origins_listing(),
            page,
            owner=("makers__producer__code", root.code),
            is_empty=not is_named(root, info),
        )

    @staticmethod
    def resolve_groups(root: ProducerFacts, info: Any, **page: Any) -> Paged:
        listing = selectors.groups_listing(only_public=not manages_products(info))
        owner = ("member__code", root.code)
        return _memberships(root, info, "groups", listing, owner, lambda code: (code, root.code), page)

    @staticmethod
    def resolve_members(root: ProducerFacts, info: Any, **page: Any) -> Paged:
        listing = selectors.members_listing(only_public=not manages_products(info))
        owner = ("group__code", root.code)
        return _memberships(root, info, "members", listing, owner, lambda code: (root.code, code), page)

    @staticmethod
    def resolve_member_count(root: ProducerFacts, info: Any) -> Any:
        return load(info, _member_counts, root.code).then(lambda count: count or 0) if is_named(root, info) else None

    @staticmethod
    def resolve_private(root: ProducerFacts, info: Any) -> ProducerFacts | None:
        return root if manages_products(info) else None


class ProducerConnection(Connection):
    """Pages of producers."""

    class Meta:
        node = Producer


class Membership(graphene.ObjectType):
    """A producer's part in a group."""

    group = graphene.Field(Producer, required=True, description="The group, co-operative, enterprise or household.")
    member = graphene.Field(Producer, required=True, description="Who belongs to it.")
    since = graphene.Date(description="The first day; null when open and for those who do not manage products.")
    until = graphene.Date(description="The last day; null when open and for those who do not manage products.")

    @staticmethod
    def resolve_group(root: MembershipFacts, info: Any) -> Any:
        return load(info, selectors.producers, root.group_code)

    @staticmethod
    def resolve_member(root: MembershipFacts, info: Any) -> Any:
        return load(info, selectors.producers, root.member_code)

    @staticmethod
    def resolve_since(root: MembershipFacts, info: Any) -> Any:
        return root.since if manages_products(info) else None

    @staticmethod
    def resolve_until(root: MembershipFacts, info: Any) -> Any:
        return root.until if manages_products(info) else None


class MembershipConnection(Connection):
    """Pages of memberships, by the code of the other one."""

    class Meta:
        node = Membership


def named_producer(info: Any, code: str) -> Any:
    """A promise of the producer of that code, of None too for a requester who may not know that it exists."""
    found = load(info, selectors.producers, code)
    return found.then(lambda producer: producer if producer and is_named(producer, info) else None)


def _memberships(
    root: ProducerFacts,
    info: Any,
    name: str,
    listing: Listing,
    owner: tuple[str, str],
    codes: Callable[[str], tuple[str, str]],
    page: dict[str, Any],
) -> Paged:
    """`codes` gives those of group and member for a row's one."""
    return Paged(
        info,
        name,
        listing,
        node=lambda row: load(info, selectors.memberships, codes(row[0])),
        owner=owner,
        is_empty=not is_named(root, info),
        **page_arguments(CODES, **page),
    )


def _member_counts(codes: Collection[str]) -> Mapping[str, int]:
    return selectors.member_counts(codes, shop_day(timezone.now()))


def _private(root: ProducerFacts, info: Any, name: str) -> Any:
    """Null for what is not known. Only those who manage products get here."""
    found = load(info, selectors.producers_private, root.code)
    return found.then(
        lambda private: None if private is None or getattr(private, name) == "" else getattr(private, name)
    )


def _visible_names(producer: ProducerFacts, info: Any) -> Mapping[str, str]:
    return producer.names if manages_products(info) else selectors.public_names(producer)
