"""Places: what lies in them, who works there and what is made there."""

from collections.abc import Collection
from typing import Any

import graphene
from graphene import relay

from ovop_origin import selectors
from ovop_origin.models import PlaceKind as PlaceKinds
from ovop_origin.schema.context import load, manages_products, plain, published
from ovop_origin.schema.names import Name, as_names, enum_of, name_field, names_field
from ovop_origin.schema.paging import CODES, PKS, Connection, Key, Paged, connection_field, page_arguments
from ovop_origin.selectors import NearPlace, PlaceFacts

PlaceKind = enum_of(PlaceKinds, "PlaceKind", "The level of a place; each lies in one of the next higher level.")


class Place(graphene.ObjectType):
    """A country, region, district or village."""

    class Meta:
        interfaces = (relay.Node,)
        possible_types = (PlaceFacts,)

    code = graphene.String(required=True, description="Unique among all places, and never changed.")
    code_scheme = graphene.String(
        required=True, description="Who gave the code: iso3166-1, iso3166-2, soate, soato, kato or ovop."
    )
    classifier_scheme = graphene.String(
        description="The national classifier that numbers the place; null if not known."
    )
    classifier_code = graphene.String(description="Its number there.")
    kind = PlaceKind(required=True, description="Country, region, district or village.")
    country_code = graphene.String(required=True, description="ISO 3166-1, two letters.")
    latitude = graphene.Float(description="Degrees north, WGS 84.")
    longitude = graphene.Float(description="Degrees east, WGS 84.")
    valid_from = graphene.Date(description="Its first day; null when that is open.")
    valid_until = graphene.Date(description="Its last day; null when that is open.")
    name = name_field(
        required=True,
        description="The name for a reader of this language; the next best recorded one where there is none.",
    )
    names = names_field("All its names, by language and script.")
    parent = graphene.Field(lambda: Place, description="What it lies in; null for a country.")
    children = connection_field(lambda: PlaceConnection, "What lies directly in it, by code.")
    producers = connection_field(
        "ovop_origin.schema.producers.ProducerConnection",
        "Who works there or anywhere within it, by code; for the public those who agreed to be named.",
    )
    products = connection_field(
        "ovop_origin.schema.products.ProductOriginConnection",
        "What comes from there or anywhere within it, by the shop's number; for the public what is published.",
    )

    @staticmethod
    def get_node(info: Any, code: str) -> Any:
        return place_of(info, plain(code))

    @staticmethod
    def resolve_id(root: PlaceFacts, info: Any) -> str:
        return root.code

    @staticmethod
    def resolve_classifier_scheme(root: PlaceFacts, info: Any) -> str | None:
        return root.classifier_scheme or None

    @staticmethod
    def resolve_classifier_code(root: PlaceFacts, info: Any) -> str | None:
        return root.classifier_code or None

    @staticmethod
    def resolve_name(root: PlaceFacts, info: Any, language: str) -> str:
        return selectors.best_name(root.names, language)

    @staticmethod
    def resolve_names(root: PlaceFacts, info: Any, language: str | None = None) -> list[Name]:
        return as_names(root.names, root.official, language)

    @staticmethod
    def resolve_parent(root: PlaceFacts, info: Any) -> Any:
        return place_of(info, root.parent_code)

    @staticmethod
    def resolve_children(root: PlaceFacts, info: Any, **page: Any) -> Paged:
        return places_paged(info, "children", selectors.places_listing(), page, owner=("parent__code", root.code))

    @staticmethod
    def resolve_producers(root: PlaceFacts, info: Any, **page: Any) -> Paged:
        owner = (selectors.PRODUCER_OWNERS[root.kind], root.code)
        return producers_paged(
            info,
            "producers of places",
            selectors.producers_listing(only_public=not manages_products(info)),
            page,
            owner=owner,
        )

    @staticmethod
    def resolve_products(root: PlaceFacts, info: Any, **page: Any) -> Paged:
        owner = (selectors.PRODUCT_OWNERS[root.kind], root.code)
        return products_paged(info, "products", selectors.origins_listing(), page, owner=owner)


class PlaceConnection(Connection):
    """Pages of places."""

    class Meta:
        node = Place


class NearVillage(graphene.ObjectType):
    """A village and how far it is from a point."""

    village = graphene.Field(Place, required=True, description="The village.")
    metres = graphene.Int(required=True, description="The great circle between the two, on a sphere.")

    @staticmethod
    def resolve_village(root: NearPlace, info: Any) -> PlaceFacts:
        return root.place


def place_of(info: Any, code: str) -> Any:
    """The place of that code, None for an empty one."""
    return load(info, selectors.places, code) if code else None


def places_paged(info: Any, name: str, listing: Any, page: dict[str, Any], **more: Any) -> Paged:
    """`name` tells lists of places apart that are read in one request."""
    return Paged(info, name, listing, node=lambda row: place_of(info, row[0]), **page_arguments(CODES, **page), **more)


def producers_paged(info: Any, name: str, listing: Any, page: dict[str, Any], **more: Any) -> Paged:
    def node(row: Any) -> Any:
        return load(info, selectors.producers, row[0])

    return Paged(info, name, listing, node=node, **page_arguments(CODES, **page), **more)


def products_paged(info: Any, name: str, listing: Any, page: dict[str, Any], **more: Any) -> Paged:
    """Products with their origin; those who do not manage products see what is published."""

    def node(row: Any) -> Any:
        return load(info, selectors.product_origins, row[0])

    shown = None if manages_products(info) else _published
    return Paged(info, name, listing, node=node, shown=shown, **page_arguments(PKS, **page), **more)


def _published(rows: Collection[Key]) -> set[Key]:
    return {(pk,) for pk in published([pk for (pk,) in rows])}
