"""Where products come from, who made them, what of, and in which lots."""

from typing import Any

import graphene
from graphene import relay

from ovop_origin import selectors
from ovop_origin.schema.context import in_shown_order, load, load_all, manages_products, plain, records, shown_origin
from ovop_origin.schema.names import Name, as_names, name_field, names_field
from ovop_origin.schema.paging import LOTS, Connection, Paged, connection_field, page_arguments
from ovop_origin.schema.places import Place, place_of
from ovop_origin.schema.producers import Producer
from ovop_origin.selectors import (
    ContributionFacts,
    LotFacts,
    MakerFacts,
    MaterialFacts,
    OriginFacts,
    ProductMaterialFacts,
)
from ovop_shared.product_ids import product_global_id
from ovop_shared.records import ProductRecord, product_name


class Material(graphene.ObjectType):
    """What products are made of."""

    class Meta:
        interfaces = (relay.Node,)
        possible_types = (MaterialFacts,)

    code = graphene.String(required=True, description="Unique among all materials.")
    name = name_field(required=True, description="The name for a reader of this language, or the next best one.")
    names = names_field("All its names, by language and script.")
    place = graphene.Field(Place, description="The place of any kind that it comes from; null when not known.")

    @staticmethod
    def get_node(info: Any, code: str) -> Any:
        return load(info, selectors.materials, plain(code))

    @staticmethod
    def resolve_id(root: MaterialFacts, info: Any) -> str:
        return root.code

    @staticmethod
    def resolve_name(root: MaterialFacts, info: Any, language: str) -> str:
        return selectors.best_name(root.names, language)

    @staticmethod
    def resolve_names(root: MaterialFacts, info: Any, language: str | None = None) -> list[Name]:
        return as_names(root.names, (), language)

    @staticmethod
    def resolve_place(root: MaterialFacts, info: Any) -> Any:
        return place_of(info, root.place_code)


class MaterialConnection(Connection):
    """Pages of materials."""

    class Meta:
        node = Material


class ProductMaterial(graphene.ObjectType):
    """A material's part in a product."""

    material = graphene.Field(Material, required=True, description="The material.")
    share = graphene.Int(required=True, description="Parts of 10,000.")

    @staticmethod
    def resolve_material(root: ProductMaterialFacts, info: Any) -> MaterialFacts:
        return MaterialFacts(root.code, root.names, root.place_code)


class Maker(graphene.ObjectType):
    """A producer behind a product."""

    producer = graphene.Field(Producer, required=True, description="Who made it; unnamed without its consent.")
    share = graphene.Int(description="Parts of 10,000; null for those who do not manage products.")

    @staticmethod
    def resolve_producer(root: MakerFacts, info: Any) -> Any:
        return load(info, selectors.producers, root.producer_code)

    @staticmethod
    def resolve_share(root: MakerFacts, info: Any) -> int | None:
        return root.share if manages_products(info) else None


class Product(graphene.ObjectType):
    """A product of the shop, as far as the registry's reader needs it; the shop's own API tells the rest."""

    id = graphene.ID(required=True, description="The id that the shop's own API gives it.")
    number = graphene.Int(required=True, description="The shop's own number of the product.")
    slug = graphene.String(required=True, description="Its slug in the shop.")
    name = name_field(required=True, description="The shop's translation into this language, else its own name.")

    @staticmethod
    def resolve_id(root: ProductRecord, info: Any) -> str:
        return product_global_id(root.pk)

    @staticmethod
    def resolve_number(root: ProductRecord, info: Any) -> int:
        return root.pk

    @staticmethod
    def resolve_name(root: ProductRecord, info: Any, language: str) -> str:
        return product_name(root, language)


class Contribution(graphene.ObjectType):
    """What was accepted from one maker for a lot. Nobody who does not manage products gets to see one."""

    producer = graphene.Field(Producer, required=True, description="The maker.")
    quantity = graphene.Int(required=True, description="The units accepted.")

    @staticmethod
    def resolve_producer(root: ContributionFacts, info: Any) -> Any:
        return load(info, selectors.producers, root.producer_code)


class Lot(graphene.ObjectType):
    """What was made of a product at one time."""

    class Meta:
        interfaces = (relay.Node,)
        possible_types = (LotFacts,)

    product_id = graphene.Int(required=True, description="The shop's own number of the product.")
    code = graphene.String(required=True, description="Unique among the lots of the product.")
    made_on = graphene.Date(required=True, description="The day it was made.")
    village = graphene.Field(Place, required=True, description="Where it was made.")
    makers = graphene.NonNull(
        graphene.List(graphene.NonNull(Producer)),
        description="Who made it, by code; then, by kind, those who have not agreed to be named.",
    )
    origin = graphene.Field(lambda: ProductOrigin, required=True, description="Where the product comes from.")
    quantity = graphene.Int(description="The units accepted in all; null for those who do not manage products.")
    contributions = graphene.List(
        graphene.NonNull(Contribution),
        description="The units accepted from each maker; null for those who do not manage products.",
    )

    @staticmethod
    def get_node(info: Any, key: str) -> Any:
        number, _, code = key.partition(":")
        return lot_of(info, int(number[:18]), plain(code)) if number.isdecimal() else None

    @staticmethod
    def resolve_id(root: LotFacts, info: Any) -> str:
        return f"{root.product_pk}:{root.code}"

    @staticmethod
    def resolve_product_id(root: LotFacts, info: Any) -> int:
        return root.product_pk

    @staticmethod
    def resolve_village(root: LotFacts, info: Any) -> Any:
        return place_of(info, root.village_code)

    @staticmethod
    def resolve_makers(root: LotFacts, info: Any) -> Any:
        found = load_all(info, selectors.producers, [each.producer_code for each in root.contributions])
        return found.then(lambda producers: in_shown_order(producers, info))

    @staticmethod
    def resolve_origin(root: LotFacts, info: Any) -> Any:
        return load(info, selectors.product_origins, root.product_pk)

    @staticmethod
    def resolve_quantity(root: LotFacts, info: Any) -> int | None:
        return root.quantity if manages_products(info) else None

    @staticmethod
    def resolve_contributions(root: LotFacts, info: Any) -> tuple[ContributionFacts, ...] | None:
        return root.contributions if manages_products(info) else None


class LotConnection(Connection):
    """Pages of lots, the newest first."""

    class Meta:
        node = Lot


class Story(graphene.ObjectType):
    """What there is to tell of a product, in one language and script."""

    language = graphene.String(required=True, description="BCP 47, e.g. ky, uz-Latn, kaa-Cyrl.")
    text = graphene.String(required=True, description="As it was recorded; empty lines part its paragraphs.")


class ProductOrigin(graphene.ObjectType):
    """Where a product comes from and who made it."""

    class Meta:
        interfaces = (relay.Node,)
        possible_types = (OriginFacts,)

    product_id = graphene.Int(required=True, description="The shop's own number of the product.")
    product = graphene.Field(Product, description="The product; null when the shop has it no longer.")
    village = graphene.Field(Place, required=True, description="The village it comes from.")
    district = graphene.Field(Place, required=True, description="The district of the village.")
    region = graphene.Field(Place, required=True, description="The region of the village.")
    country = graphene.Field(Place, required=True, description="The country of the village.")
    country_code = graphene.String(required=True, description="ISO 3166-1, two letters.")
    story = name_field(
        required=True,
        description="What there is to tell, in this language or the next best one; empty when nothing was written.",
    )
    stories = graphene.NonNull(
        graphene.List(graphene.NonNull(Story)), description="What there is to tell, by language and script."
    )
    makers = graphene.NonNull(
        graphene.List(graphene.NonNull(Maker)),
        description="Who made it, by code; then, by kind, those who have not agreed to be named.",
    )
    materials = graphene.NonNull(
        graphene.List(graphene.NonNull(ProductMaterial)), description="What it is made of, the largest part first."
    )
    gtins = graphene.NonNull(
        graphene.List(graphene.NonNull(graphene.String)), description="Its GTINs, as 14 digits each."
    )
    lots = connection_field(LotConnection, "Its lots, the newest first.")

    @staticmethod
    def get_node(info: Any, number: str) -> Any:
        return origin_of(info, int(number[:18])) if number.isdecimal() else None

    @staticmethod
    def resolve_id(root: OriginFacts, info: Any) -> int:
        return root.product_pk

    @staticmethod
    def resolve_product_id(root: OriginFacts, info: Any) -> int:
        return root.product_pk

    @staticmethod
    def resolve_product(root: OriginFacts, info: Any) -> Any:
        return load(info, records, root.product_pk)

    @staticmethod
    def resolve_village(root: OriginFacts, info: Any) -> Any:
        return place_of(info, root.village_code)

    @staticmethod
    def resolve_district(root: OriginFacts, info: Any) -> Any:
        return place_of(info, root.district_code)

    @staticmethod
    def resolve_region(root: OriginFacts, info: Any) -> Any:
        return place_of(info, root.region_code)

    @staticmethod
    def resolve_country(root: OriginFacts, info: Any) -> Any:
        return place_of(info, root.country_code)

    @staticmethod
    def resolve_story(root: OriginFacts, info: Any, language: str) -> Any:
        return _details(root, info, "stories", {}).then(lambda stories: selectors.best_name(stories, language))

    @staticmethod
    def resolve_stories(root: OriginFacts, info: Any) -> Any:
        return _details(root, info, "stories", {}).then(
            lambda stories: [Story(language=tag, text=text) for tag, text in stories.items()]
        )

    @staticmethod
    def resolve_makers(root: OriginFacts, info: Any) -> Any:
        makers = {maker.producer_code: maker for maker in root.makers}
        return load_all(info, selectors.producers, makers).then(
            lambda producers: [makers[producer.code] for producer in in_shown_order(producers, info)]
        )

    @staticmethod
    def resolve_materials(root: OriginFacts, info: Any) -> Any:
        return _details(root, info, "materials", ())

    @staticmethod
    def resolve_gtins(root: OriginFacts, info: Any) -> Any:
        return _details(root, info, "gtins", ())

    @staticmethod
    def resolve_lots(root: OriginFacts, info: Any, **page: Any) -> Paged:
        return Paged(
            info,
            "lots",
            selectors.lots_listing(),
            node=lambda row: load(info, selectors.lots, (root.product_pk, row[1])),
            owner=("origin__product_pk", root.product_pk),
            **page_arguments(LOTS, **page),
        )


class ProductOriginConnection(Connection):
    """Pages of products with their origin."""

    class Meta:
        node = ProductOrigin


def origin_of(info: Any, product_pk: int) -> Any:
    """A promise of the product's origin, None too for a requester who may not know of the product."""
    return load(info, selectors.product_origins, product_pk).then(lambda origin: shown_origin(info, origin))


def lot_of(info: Any, product_pk: int, code: str) -> Any:
    """A promise of the lot, None too for a requester who may not know of the product."""
    return origin_of(info, product_pk).then(
        lambda origin: None if origin is None else load(info, selectors.lots, (product_pk, code))
    )


def _details(root: OriginFacts, info: Any, name: str, default: object) -> Any:
    found = load(info, selectors.product_details, root.product_pk)
    return found.then(lambda details: default if details is None else getattr(details, name))
