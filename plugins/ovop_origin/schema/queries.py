"""What can be asked."""

from typing import Any

import graphene
from graphene import relay
from promise import Promise

from ovop_origin import selectors
from ovop_origin.errors import InvalidDistance, InvalidGtin, TooManyIds
from ovop_origin.rules import gtin14
from ovop_origin.schema.context import load, manages_products, plain
from ovop_origin.schema.paging import CODES, Paged, check_page_size, connection_field, page_arguments
from ovop_origin.schema.places import (
    NearVillage,
    Place,
    PlaceConnection,
    PlaceKind,
    place_of,
    places_paged,
    producers_paged,
    products_paged,
)
from ovop_origin.schema.producers import Producer, ProducerConnection, ProducerKind, named_producer
from ovop_origin.schema.products import (
    Lot,
    Material,
    MaterialConnection,
    ProductOrigin,
    ProductOriginConnection,
    lot_of,
    origin_of,
)
from ovop_origin.selectors import NearPlace
from ovop_shared.errors import NotFound
from ovop_shared.graphql_cost import DEFAULT_PAGE, MAX_PAGE
from ovop_shared.product_ids import product_pk

MAX_KILOMETRES = 20_016
"""Half the way round the earth: nothing is further away."""


def _code() -> graphene.String:
    return graphene.String(required=True, description="Its code.")


PRODUCT_ID = "The shop's own number of the product, or the global id that the shop's own API gives it."


class Query(graphene.ObjectType):
    """Where things come from. A page holds at most 100 things, and a query is refused when its answer may become too large."""

    node = relay.Node.Field(description="The thing with this id; null when there is none or it is not for everybody.")
    place = graphene.Field(
        Place,
        code=_code(),
        description="One place; null when there is none of that code.",
    )
    places = connection_field(
        PlaceConnection,
        "Places, by code.",
        kind=PlaceKind(description="Only places of this kind."),
        parent=graphene.String(description="The code of the place they lie directly in."),
        within=graphene.String(description="The code of a place they lie in, at whatever level."),
        search=graphene.String(description="A part of their name in any language, in capitals or not."),
    )
    villages_near = graphene.Field(
        graphene.NonNull(graphene.List(graphene.NonNull(NearVillage))),
        description="The villages around a point, the nearest first.",
        latitude=graphene.Float(required=True, description="Degrees north, WGS 84."),
        longitude=graphene.Float(required=True, description="Degrees east, WGS 84."),
        kilometres=graphene.Float(default_value=50.0, description=f"How far to look, at most {MAX_KILOMETRES}."),
        first=graphene.Int(default_value=DEFAULT_PAGE, description=f"How many at most, up to {MAX_PAGE}."),
    )
    producer = graphene.Field(
        Producer,
        code=_code(),
        description="One producer; null too for one who has not agreed to be named.",
    )
    producers = connection_field(
        ProducerConnection,
        "Producers, by code; for the public those who agreed to be named.",
        village=graphene.String(description="The code of the village they work in."),
        region=graphene.String(description="The code of a region, district or country they work in."),
        kind=ProducerKind(description="Only producers of this kind."),
    )
    origins = connection_field(
        ProductOriginConnection,
        "Products whose origin is known, by the shop's number; for the public what is published.",
        within=graphene.String(description="The code of a place of any kind that they come from."),
    )
    product_origins = graphene.Field(
        graphene.NonNull(graphene.List(graphene.NonNull(ProductOrigin))),
        description=f"The origins of up to {MAX_PAGE} products, in the order of the ids; products without one are left out.",
        product_ids=graphene.Argument(
            graphene.NonNull(graphene.List(graphene.NonNull(graphene.ID))), description=PRODUCT_ID
        ),
    )
    product_origin = graphene.Field(
        ProductOrigin,
        product_id=graphene.ID(required=True, description=PRODUCT_ID),
        description="The origin of one product; null when it is not known.",
    )
    product_by_gtin = graphene.Field(
        ProductOrigin,
        gtin=graphene.String(required=True, description="8, 12, 13 or 14 digits."),
        description="The origin of the product that is traded under this GTIN; null when there is none.",
    )
    lot = graphene.Field(
        Lot,
        product_id=graphene.ID(required=True, description=PRODUCT_ID),
        code=_code(),
        description="One lot of a product; null when there is none of that code.",
    )
    material = graphene.Field(
        Material,
        code=_code(),
        description="One material; null when there is none of that code.",
    )
    materials = connection_field(
        MaterialConnection,
        "Materials, by code.",
        within=graphene.String(description="The code of a place of any kind that they come from."),
    )

    @staticmethod
    def resolve_place(root: None, info: Any, code: str) -> Any:
        return place_of(info, plain(code))

    @staticmethod
    def resolve_places(
        root: None,
        info: Any,
        kind: str | None = None,
        parent: str | None = None,
        within: str | None = None,
        search: str | None = None,
        **page: Any,
    ) -> Paged:
        _check_places(info, parent=parent, within=within)
        wanted = plain((search or "").strip())
        if search is not None and not wanted:
            raise NotFound("There is nothing to look for.", field="search")
        listing = selectors.places_listing(kind=kind, parent=parent, within=within, search=wanted)
        return places_paged(info, "places", listing, page)

    @staticmethod
    def resolve_villages_near(
        root: None, info: Any, latitude: float, longitude: float, kilometres: float, first: int
    ) -> tuple[NearPlace, ...]:
        check_page_size(first, "first")
        if not 0 < kilometres <= MAX_KILOMETRES:
            raise InvalidDistance(
                f"A distance is above 0 and at most {MAX_KILOMETRES} kilometres.",
                field="kilometres",
                params={"limit": MAX_KILOMETRES},
            )
        return selectors.villages_near(latitude, longitude, round(kilometres * 1000), limit=first)

    @staticmethod
    def resolve_producer(root: None, info: Any, code: str) -> Any:
        return named_producer(info, plain(code))

    @staticmethod
    def resolve_producers(
        root: None,
        info: Any,
        village: str | None = None,
        region: str | None = None,
        kind: str | None = None,
        **page: Any,
    ) -> Paged:
        _check_places(info, village=village, region=region)
        listing = selectors.producers_listing(
            only_public=not manages_products(info), village=village, within=region, kind=kind
        )
        return producers_paged(info, "producers", listing, page)

    @staticmethod
    def resolve_origins(root: None, info: Any, within: str | None = None, **page: Any) -> Paged:
        _check_places(info, within=within)
        return products_paged(info, "origins", selectors.origins_listing(within=within), page)

    @staticmethod
    def resolve_product_origins(root: None, info: Any, product_ids: list[str]) -> Any:
        if len(product_ids) > MAX_PAGE:
            raise TooManyIds(
                f"One call gives the origins of {MAX_PAGE} products.", field="productIds", params={"limit": MAX_PAGE}
            )
        pks = dict.fromkeys(product_pk(product_id, "productIds") for product_id in product_ids)
        return Promise.all([origin_of(info, pk) for pk in pks]).then(
            lambda origins: [origin for origin in origins if origin is not None]
        )

    @staticmethod
    def resolve_product_origin(root: None, info: Any, product_id: str) -> Any:
        return origin_of(info, product_pk(product_id, "productId"))

    @staticmethod
    def resolve_product_by_gtin(root: None, info: Any, gtin: str) -> Any:
        try:
            digits = gtin14(gtin)
        except InvalidGtin as error:
            raise InvalidGtin(error.message, field="gtin", params=error.params) from None
        found = load(info, selectors.products_of_gtins, digits)
        return found.then(lambda pk: None if pk is None else origin_of(info, pk))

    @staticmethod
    def resolve_lot(root: None, info: Any, product_id: str, code: str) -> Any:
        return lot_of(info, product_pk(product_id, "productId"), plain(code))

    @staticmethod
    def resolve_material(root: None, info: Any, code: str) -> Any:
        return load(info, selectors.materials, plain(code))

    @staticmethod
    def resolve_materials(root: None, info: Any, within: str | None = None, **page: Any) -> Paged:
        _check_places(info, within=within)
        return Paged(
            info,
            "materials",
            selectors.materials_listing(within=within),
            node=lambda row: load(info, selectors.materials, row[0]),
            **page_arguments(CODES, **page),
        )


def _check_places(info: Any, **codes: str | None) -> None:
    """An empty list would not tell a place where nothing is made from one that does not exist. Raises NotFound."""
    for field, code in codes.items():
        if code is not None and not selectors.places([plain(code)]):
            raise NotFound("There is no such place.", field=field, params={"code": code})
