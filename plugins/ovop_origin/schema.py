"""GraphQL: places, producers and the origin of many products in one call; public facts for everybody.

Only staff and apps with the right to manage products see producers who have not agreed to be named, and shares.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

import graphene
from promise import Promise
from promise.dataloader import DataLoader

from ovop_origin import selectors
from ovop_origin.errors import TooManyIds
from ovop_origin.models import PlaceKind as PlaceKinds
from ovop_origin.models import ProducerKind as ProducerKinds
from ovop_origin.selectors import MakerFacts, OriginFacts, PlaceFacts, ProducerFacts
from ovop_shared.errors import NotFound
from ovop_shared.languages import DEFAULT_LANGUAGE
from ovop_shared.requester import MANAGE_PRODUCTS, requester_of

MAX_IDS = 100
MAX_PLACES = 500

PlaceKind = graphene.Enum("PlaceKind", [(kind.name, kind.value) for kind in PlaceKinds])
ProducerKind = graphene.Enum("ProducerKind", [(kind.name, kind.value) for kind in ProducerKinds])


class _Loader(DataLoader):
    """Collects the keys that one query asks for and reads them at once."""

    def __init__(self, read: Callable[[Collection[Any]], Mapping[Any, Any]]) -> None:
        super().__init__()
        self.read = read

    def batch_load_fn(self, keys: Sequence[Any]) -> "Promise[Any]":
        found = self.read(keys)
        return Promise.resolve([found.get(key) for key in keys])


def _loader(info: Any, read: Callable[[Collection[Any]], Mapping[Any, Any]]) -> _Loader:
    """One loader for each kind of thing and request."""
    loaders: dict[str, _Loader] = info.context.__dict__.setdefault("ovop_origin_loaders", {})
    return loaders.setdefault(read.__name__, _Loader(read))


def _manages_products(info: Any) -> bool:
    return requester_of(info.context).has(MANAGE_PRODUCTS)


class Name(graphene.ObjectType):
    """A name in one language and script."""

    language = graphene.String(required=True, description="BCP 47, e.g. ky, uz-Latn, kaa-Cyrl.")
    text = graphene.String(required=True)
    is_official = graphene.Boolean(required=True)


class Place(graphene.ObjectType):
    """A country, region, district or village."""

    code = graphene.String(required=True)
    code_scheme = graphene.String(required=True, description="Who gave the code: iso3166-2, soate, soato, kato, ovop …")
    kind = PlaceKind(required=True)
    country_code = graphene.String(required=True)
    latitude = graphene.Float()
    longitude = graphene.Float()
    name = graphene.String(
        required=True,
        language=graphene.String(default_value=DEFAULT_LANGUAGE),
        description="The name for a reader of this language; the next best recorded one where there is none.",
    )
    names = graphene.NonNull(graphene.List(graphene.NonNull(Name)), language=graphene.String())
    parent = graphene.Field(lambda: Place)

    @staticmethod
    def resolve_name(root: PlaceFacts, info: Any, language: str) -> str:
        return selectors.best_name(root.names, language)

    @staticmethod
    def resolve_names(root: PlaceFacts, info: Any, language: str | None = None) -> list[Name]:
        return _names(root.names, root.official, language)

    @staticmethod
    def resolve_parent(root: PlaceFacts, info: Any) -> Any:
        return _loader(info, selectors.places).load(root.parent_code) if root.parent_code else None


class Producer(graphene.ObjectType):
    """Who makes things in a village. Without its consent code and names are null and empty for the public."""

    code = graphene.String()
    kind = ProducerKind(required=True)
    name = graphene.String(language=graphene.String(default_value=DEFAULT_LANGUAGE))
    names = graphene.NonNull(graphene.List(graphene.NonNull(Name)), language=graphene.String())
    village = graphene.NonNull(Place)

    @staticmethod
    def resolve_code(root: ProducerFacts, info: Any) -> str | None:
        return root.code if root.is_name_public or _manages_products(info) else None

    @staticmethod
    def resolve_name(root: ProducerFacts, info: Any, language: str) -> str | None:
        return selectors.best_name(_visible_names(root, info), language) or None

    @staticmethod
    def resolve_names(root: ProducerFacts, info: Any, language: str | None = None) -> list[Name]:
        return _names(_visible_names(root, info), frozenset(), language)

    @staticmethod
    def resolve_village(root: ProducerFacts, info: Any) -> Any:
        return _loader(info, selectors.places).load(root.village_code)


class Maker(graphene.ObjectType):
    """A producer behind a product."""

    producer = graphene.NonNull(Producer)
    share = graphene.Int(description="Parts of 10,000; null for those who do not manage products.")

    @staticmethod
    def resolve_producer(root: MakerFacts, info: Any) -> Any:
        return _loader(info, selectors.producers).load(root.producer_code)

    @staticmethod
    def resolve_share(root: MakerFacts, info: Any) -> int | None:
        return root.share if _manages_products(info) else None


class ProductOrigin(graphene.ObjectType):
    """Where a product comes from and who made it."""

    product_id = graphene.Int(required=True, description="The shop's own number of the product.")
    village = graphene.NonNull(Place)
    district = graphene.NonNull(Place)
    region = graphene.NonNull(Place)
    country_code = graphene.String(required=True)
    story = graphene.String(required=True)
    makers = graphene.NonNull(graphene.List(graphene.NonNull(Maker)))

    @staticmethod
    def resolve_product_id(root: OriginFacts, info: Any) -> int:
        return root.product_pk

    @staticmethod
    def resolve_village(root: OriginFacts, info: Any) -> Any:
        return _loader(info, selectors.places).load(root.village_code)

    @staticmethod
    def resolve_district(root: OriginFacts, info: Any) -> Any:
        return _loader(info, selectors.places).load(root.district_code)

    @staticmethod
    def resolve_region(root: OriginFacts, info: Any) -> Any:
        return _loader(info, selectors.places).load(root.region_code)

    @staticmethod
    def resolve_story(root: OriginFacts, info: Any) -> Any:
        return _loader(info, selectors.product_stories).load(root.product_pk).then(lambda story: story or "")


class Query(graphene.ObjectType):
    place = graphene.Field(Place, code=graphene.String(required=True))
    places = graphene.NonNull(
        graphene.List(graphene.NonNull(Place)),
        kind=PlaceKind(required=True),
        parent=graphene.String(description="The code of the place they lie in."),
        first=graphene.Int(default_value=100),
        after=graphene.String(default_value="", description="The code behind which to go on; places come by code."),
    )
    producer = graphene.Field(
        Producer,
        code=graphene.String(required=True),
        description="Null too for a producer who has not agreed to be named.",
    )
    product_origins = graphene.NonNull(
        graphene.List(graphene.NonNull(ProductOrigin)),
        product_ids=graphene.Argument(graphene.NonNull(graphene.List(graphene.NonNull(graphene.Int)))),
        description="In the order of the ids; products without an origin are left out.",
    )

    @staticmethod
    def resolve_place(root: None, info: Any, code: str) -> Any:
        return _loader(info, selectors.places).load(code)

    @staticmethod
    def resolve_places(
        root: None, info: Any, kind: str, first: int, after: str, parent: str | None = None
    ) -> Sequence[PlaceFacts]:
        if not 0 < first <= MAX_PLACES:
            raise TooManyIds(f"One call gives 1 to {MAX_PLACES} places.", field="first", params={"limit": MAX_PLACES})
        if parent is not None and not selectors.places([parent]):
            raise NotFound("There is no such place.", field="parent", params={"code": parent})
        return selectors.places_of(kind, parent, after=after, limit=first)

    @staticmethod
    def resolve_producer(root: None, info: Any, code: str) -> Any:
        visible = _manages_products(info)
        found = _loader(info, selectors.producers).load(code)
        return found.then(lambda producer: producer if producer and (producer.is_name_public or visible) else None)

    @staticmethod
    def resolve_product_origins(root: None, info: Any, product_ids: list[int]) -> list[OriginFacts]:
        if len(product_ids) > MAX_IDS:
            raise TooManyIds(
                f"One call gives the origins of {MAX_IDS} products.", field="productIds", params={"limit": MAX_IDS}
            )
        found = selectors.product_origins(set(product_ids))
        return [found[product_id] for product_id in dict.fromkeys(product_ids) if product_id in found]


def _visible_names(producer: ProducerFacts, info: Any) -> Mapping[str, str]:
    return producer.names if _manages_products(info) else selectors.public_names(producer)


def _names(names: Mapping[str, str], official: Collection[str], language: str | None) -> list[Name]:
    return [
        Name(language=tag, text=text, is_official=tag in official)
        for tag, text in names.items()
        if language is None or tag.lower() == language.lower()
    ]


schema = graphene.Schema(query=Query)
