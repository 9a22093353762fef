"""Reads of the registry, as frozen facts. Whatever the number of things asked for, the number of queries is constant.

`product_origins`, `makers_of`, `producers` and `best_name` are the contract other plugins use. Facts hold every name:
whoever shows a producer to the public asks `public_names` first.
"""

from ovop_origin.selectors.names import FALLBACKS, best_language, best_name
from ovop_origin.selectors.place_facts import PlaceFacts, place_with_parents, places, places_of
from ovop_origin.selectors.producer_facts import (
    ProducerFacts,
    consenting_producers,
    producers,
    producers_of_village,
    public_names,
)
from ovop_origin.selectors.product_facts import (
    MakerFacts,
    OriginFacts,
    has_origin,
    makers_of,
    product_origins,
    product_stories,
    products_of_producer,
    products_of_village,
    products_with_origin,
)

__all__ = [
    "FALLBACKS",
    "MakerFacts",
    "OriginFacts",
    "PlaceFacts",
    "ProducerFacts",
    "best_language",
    "best_name",
    "consenting_producers",
    "has_origin",
    "makers_of",
    "place_with_parents",
    "places",
    "places_of",
    "producers",
    "producers_of_village",
    "product_origins",
    "product_stories",
    "products_of_producer",
    "products_of_village",
    "products_with_origin",
    "public_names",
]
