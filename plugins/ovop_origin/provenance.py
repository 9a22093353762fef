"""Where products and lots come from and who made them, as everybody may know it: the one place that asks for consent.

Pages, JSON-LD and labels show what is here and nothing else: a producer who has not agreed to be named has neither
code nor name in it, and nobody's share or quantity is.
"""

import datetime
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from ovop_origin import selectors
from ovop_origin.selectors import PlaceFacts, ProducerFacts


@dataclass(frozen=True, slots=True)
class PublicProducer:
    """`code` is empty and there are no `names` without the producer's consent. `places` go from its village up."""

    code: str
    names: Mapping[str, str]
    kind: str
    places: tuple[PlaceFacts, ...]


@dataclass(frozen=True, slots=True)
class MaterialPart:
    """`share` is a part of 10,000. `places` go from where it comes from up to the country, empty when not known."""

    code: str
    names: Mapping[str, str]
    share: int
    places: tuple[PlaceFacts, ...]


@dataclass(frozen=True, slots=True)
class Provenance:
    """A product's. `places` go from the village up to the country, `makers` are ordered with the named ones first."""

    product_pk: int
    places: tuple[PlaceFacts, ...]
    makers: tuple[PublicProducer, ...]
    materials: tuple[MaterialPart, ...]
    stories: Mapping[str, str]
    gtins: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LotProvenance:
    """A lot's: its village may be another than the product's. How many pieces it has is not in it: of a lot of one
    maker that is what this one delivered."""

    product_pk: int
    code: str
    made_on: datetime.date
    places: tuple[PlaceFacts, ...]
    contributors: tuple[PublicProducer, ...]


def provenances(product_pks: Collection[int]) -> dict[int, Provenance]:
    """Of these products; those of no known origin are left out. The number of queries does not grow with them."""
    origins = selectors.product_origins(product_pks)
    details = selectors.product_details(origins)
    producers = selectors.producers({maker.producer_code for each in origins.values() for maker in each.makers})
    places = selectors.places_with_parents(
        {each.village_code for each in origins.values()}
        | _villages_of(producers)
        | {part.place_code for each in details.values() for part in each.materials if part.place_code}
    )
    found = {}
    for pk, origin in origins.items():
        known = details.get(pk)
        found[pk] = Provenance(
            product_pk=pk,
            places=places[origin.village_code],
            makers=_public((producers[maker.producer_code] for maker in origin.makers), places),
            materials=tuple(
                MaterialPart(part.code, part.names, part.share, places.get(part.place_code, ()))
                for part in (known.materials if known else ())
            ),
            stories=known.stories if known else {},
            gtins=known.gtins if known else (),
        )
    return found


def lot_provenance(product_pk: int, lot_code: str) -> LotProvenance | None:
    """Of one lot; None when the product has none of that code. The number of queries does not grow with the makers."""
    lot = selectors.lot(product_pk, lot_code)
    if lot is None:
        return None
    producers = selectors.producers([each.producer_code for each in lot.contributions])
    places = selectors.places_with_parents({lot.village_code} | _villages_of(producers))
    return LotProvenance(
        product_pk=product_pk,
        code=lot.code,
        made_on=lot.made_on,
        places=places[lot.village_code],
        contributors=_public((producers[each.producer_code] for each in lot.contributions), places),
    )


def _villages_of(producers: Mapping[str, ProducerFacts]) -> set[str]:
    return {each.village_code for each in producers.values()}


def _public(
    producers: Iterable[ProducerFacts], places: Mapping[str, tuple[PlaceFacts, ...]]
) -> tuple[PublicProducer, ...]:
    """Named ones by their codes, then the others by what is shown of them: their hidden codes tell no order."""
    shown = [
        PublicProducer(
            code=each.code if each.is_name_public else "",
            names=selectors.public_names(each),
            kind=each.kind,
            places=places[each.village_code],
        )
        for each in producers
    ]
    return tuple(sorted(shown, key=lambda each: (not each.code, each.code, each.kind, each.places[0].code)))
