"""The registry's facts as a page shows them, in the reader's language."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from ovop_origin import selectors
from ovop_origin.certificates import ProductCertificate
from ovop_origin.models import PlaceKind
from ovop_origin.provenance import MaterialPart, PublicProducer
from ovop_origin.selectors import PlaceFacts, ProducerFacts, VillageProducts, best_language, best_name, public_names
from ovop_origin.texts import CERTIFICATE_TEXTS, KIND_TEXTS
from ovop_shared.catalogue import host_catalogue
from ovop_shared.records import ProductRecord, product_name
from ovop_shared.translations import translate


@dataclass(frozen=True, slots=True)
class ShownName:
    """A name or a story and the language it is in, which may not be the page's."""

    text: str
    language: str


@dataclass(frozen=True, slots=True)
class ShownPlace:
    """`kind` is a page text; `code` is empty where the place has no page of its own."""

    kind: str
    name: ShownName
    code: str


@dataclass(frozen=True, slots=True)
class ShownProducer:
    """`code` and `name` are None for a producer who has not agreed to be named; `count` such ones are shown as one."""

    kind: str
    name: ShownName | None
    code: str | None
    count: int = 1


@dataclass(frozen=True, slots=True)
class ShownProduct:
    pk: int
    name: str


@dataclass(frozen=True, slots=True)
class ShownVillage:
    """A village with the number of its published products."""

    code: str
    name: ShownName
    products: int


@dataclass(frozen=True, slots=True)
class ShownRegion:
    """A region with the number of its published products; `villages` are left out where there are too many."""

    code: str
    name: ShownName
    country: ShownName
    products: int
    villages: Sequence[ShownVillage]


@dataclass(frozen=True, slots=True)
class ShownMaterial:
    """`share` is a part of 10,000; `places` go from where it comes from up to the country."""

    name: ShownName
    share: int
    places: Sequence[ShownPlace]


@dataclass(frozen=True, slots=True)
class ShownCertificate:
    """`status` is a page text."""

    scheme: ShownName
    status: str
    facts: ProductCertificate


def shown_name(names: Mapping[str, str], language: str) -> ShownName:
    return ShownName(best_name(names, language), best_language(names, language) or language)


def shown_places(places: Iterable[PlaceFacts], language: str) -> list[ShownPlace]:
    return [
        ShownPlace(
            KIND_TEXTS[place.kind],
            shown_name(place.names, language),
            place.code if place.kind == PlaceKind.VILLAGE else "",
        )
        for place in places
    ]


def shown_makers(makers: Iterable[PublicProducer], language: str) -> list[ShownProducer]:
    """Each of those who agreed to be named; of the others how many there are of each kind."""
    shown = []
    unnamed: dict[str, int] = {}
    for maker in makers:
        if maker.code:
            shown.append(ShownProducer(KIND_TEXTS[maker.kind], shown_name(maker.names, language), maker.code))
        else:
            unnamed[maker.kind] = unnamed.get(maker.kind, 0) + 1
    return shown + [ShownProducer(KIND_TEXTS[kind], None, None, count) for kind, count in sorted(unnamed.items())]


def shown_producers(producers: Iterable[ProducerFacts], language: str) -> list[ShownProducer]:
    """Those who agreed to be named, by their names."""
    shown = [
        ShownProducer(KIND_TEXTS[each.kind], shown_name(public_names(each), language), each.code)
        for each in producers
        if each.is_name_public
    ]
    return sorted(shown, key=lambda each: (each.name.text.casefold() if each.name else "", each.code or ""))


def shown_products(product_pks: Collection[int], language: str) -> list[ShownProduct]:
    """Those that the shop has published, by their names. The queries of one look into the catalogue."""
    found = host_catalogue().by_pk(product_pks)
    shown = [ShownProduct(pk, product_name(found[pk], language)) for pk in found if found[pk].is_published]
    return sorted(shown, key=lambda each: (each.name.casefold(), each.pk))


def shown_regions(
    villages: Collection[VillageProducts], counts: Mapping[str, int], language: str, *, with_villages: bool
) -> list[ShownRegion]:
    """The regions of these villages by the names of country and region, `counts` by village code. Three queries."""
    of_region: dict[str, list[str]] = {}
    for village in villages:
        of_region.setdefault(village.region_code, []).append(village.village_code)
    wanted = [village.village_code for village in villages] if with_villages else list(of_region)
    places = {place.code: place for chain in selectors.places_with_parents(wanted).values() for place in chain}
    shown = []
    for code, village_codes in of_region.items():
        rows = [
            ShownVillage(each, shown_name(places[each].names, language), counts[each])
            for each in (village_codes if with_villages else ())
        ]
        shown.append(
            ShownRegion(
                code,
                shown_name(places[code].names, language),
                shown_name(places[places[code].country_code].names, language),
                sum(counts[each] for each in village_codes),
                sorted(rows, key=lambda row: (row.name.text.casefold(), row.code)),
            )
        )
    return sorted(shown, key=lambda each: (each.country.text.casefold(), each.name.text.casefold(), each.code))


def shown_product_name(product: ProductRecord | None, language: str) -> str:
    """A product that the shop has deleted has no name any more; what was sold of it still has a page."""
    return product_name(product, language) if product else translate("Product", language)


def shown_materials(materials: Iterable[MaterialPart], language: str) -> list[ShownMaterial]:
    return [
        ShownMaterial(shown_name(part.names, language), part.share, shown_places(part.places, language))
        for part in materials
    ]


def shown_certificates(certificates: Iterable[ProductCertificate], language: str) -> list[ShownCertificate]:
    return [
        ShownCertificate(shown_name(each.scheme_names, language), CERTIFICATE_TEXTS[each.status], each)
        for each in certificates
    ]


def is_shown(product: ProductRecord | None, product_pk: int) -> bool:
    """A product that is published has pages, and its lots have. One that was, or that the shop has deleted, when lots
    of it were made: the code on a jar already sold leads there. One that never was is nobody's business, whatever is
    made of it for later. One query for the second."""
    if product is not None and product.is_published:
        return True
    was_published = product is None or product.was_published
    return was_published and bool(selectors.newest_lots(product_pk, 1))
