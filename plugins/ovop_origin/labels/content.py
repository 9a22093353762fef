"""What a product's label says, gathered from the registry, the shop and the producers' consent."""

import unicodedata
from collections.abc import Mapping, Sequence

from ovop_origin.digital_link import digital_link
from ovop_origin.errors import GtinAmbiguous, GtinNotOfProduct, OriginMissing, TooManyLanguages, UnknownLot
from ovop_origin.labels.facts import LabelContent
from ovop_origin.provenance import LotProvenance, Provenance, PublicProducer, lot_provenance, provenances
from ovop_origin.rules import gtin14
from ovop_origin.selectors import FALLBACKS, PlaceFacts, best_name
from ovop_shared.catalogue import UnknownProduct, host_catalogue
from ovop_shared.languages import DEFAULT_LANGUAGE, LANGUAGE_TAGS, name_tag
from ovop_shared.mounting import absolute_url, page_url
from ovop_shared.records import ProductRecord, product_name, translated_name

_LANGUAGES = 2
_NAMED_PRODUCERS = 3


def label_content(
    product_pk: int, lot_code: str | None = None, *, languages: Sequence[str], gtin: str | None = None
) -> LabelContent:
    """The label of a product, or of one of its lots. A constant number of queries.

    `languages` are one or two tags of NAME_TAGS: the one the label is written in, and the one of the second name,
    which is left out when it is empty or the shop has no name in it. `gtin` says which of several GTINs the packing
    has; without it a product's only GTIN is taken. The link is the GS1 Digital Link, or without a GTIN the provenance page.

    Raises TooManyLanguages, UnknownLanguage, UnknownProduct, OriginMissing, UnknownLot, GtinAmbiguous, InvalidGtin
    and GtinNotOfProduct.
    """
    if len(languages) > _LANGUAGES:
        raise TooManyLanguages(
            f"A label has names in {_LANGUAGES} languages at most.", field="languages", params={"limit": _LANGUAGES}
        )
    # No language at all is refused as an unknown one is.
    first, *others = (name_tag(tag) for tag in [tag for tag in languages if tag] or [""])
    product = host_catalogue().by_pk([product_pk]).get(product_pk)
    if product is None:
        raise UnknownProduct(f"The shop has no product {product_pk}.", field="product", params={"product": product_pk})
    provenance = provenances([product_pk]).get(product_pk)
    if provenance is None:
        raise OriginMissing(
            f"The registry does not say where {product.slug} comes from.",
            field="product",
            params={"product": product.slug},
        )
    lot = _lot(product, lot_code) if lot_code else None
    trade_number = _gtin(provenance, product, gtin)
    places = lot.places if lot else provenance.places
    return LabelContent(
        product_name=product_name(product, first),
        second_name=_second_name(product, first, others[0]) if others else "",
        village=best_name(places[0].names, first),
        region=_region(places, first),
        producer=_producers(lot.contributors if lot and lot.contributors else provenance.makers, first),
        lot=lot.code if lot else "",
        made_on=lot.made_on if lot else None,
        gtin=trade_number,
        link=absolute_url(_path(product_pk, lot.code if lot else "", trade_number)),
        story=best_name(provenance.stories, first),
        language=_words_language([first, *others]),
        mark_seed=places[0].code,
    )


def _lot(product: ProductRecord, code: str) -> LotProvenance:
    found = lot_provenance(product.pk, code)
    if found is None:
        raise UnknownLot(
            f"{product.slug} has no lot {code!r}.", field="lot", params={"product": product.slug, "lot": code}
        )
    return found


def _gtin(provenance: Provenance, product: ProductRecord, wanted: str | None) -> str:
    known = provenance.gtins
    if wanted:
        padded = gtin14(wanted)
        if padded not in known:
            raise GtinNotOfProduct(
                f"{product.slug} is not traded under {wanted}.",
                field="gtin",
                params={"gtin": wanted, "gtins": list(known)},
            )
        return padded
    if len(known) > 1:
        raise GtinAmbiguous(
            f"{product.slug} is traded under several GTINs; say which of them this packing has.",
            field="gtin",
            params={"gtins": list(known)},
        )
    return known[0] if known else ""


def _path(product_pk: int, lot: str, gtin: str) -> str:
    if gtin:
        return digital_link(gtin, lot)
    if lot:
        return page_url("ovop_origin:lot", product_pk=product_pk, lot_code=lot)
    return page_url("ovop_origin:product", product_pk=product_pk)


def _second_name(product: ProductRecord, first: str, second: str) -> str:
    """The name recorded in the second language; empty when there is none, or the first line says it already."""
    name = translated_name(product.names, "", second)
    # The shop may hold names of a language without saying in which script: another script's is not this name.
    is_exact = second.lower() in {tag.lower() for tag in product.names}
    if not is_exact and not _is_in_script(name, second):
        return ""
    return name if name != product_name(product, first) else ""


def _is_in_script(text: str, tag: str) -> bool:
    script = {"Latn": "LATIN", "Cyrl": "CYRILLIC"}.get(tag.partition("-")[2])
    letters = [unicodedata.name(letter, "") for letter in text if letter.isalpha()]
    return script is None or all(letter.startswith(script) for letter in letters)


def _region(places: Sequence[PlaceFacts], language: str) -> str:
    names: Mapping[str, str] = next((place.names for place in places if place.kind == "region"), {})
    return best_name(names, language)


def _producers(makers: Sequence[PublicProducer], language: str) -> str:
    """Those who agreed to be named, and how many others there are: `Ак кийиз, Чий тобу +12`. Empty without any."""
    names = [best_name(maker.names, language) for maker in makers if maker.names][:_NAMED_PRODUCERS]
    others = len(makers) - len(names)
    return ", ".join(names) + (f"\u00a0+{others}" if names and others else "")


def _words_language(tags: Sequence[str]) -> str:
    """The language of the label's own words: the first that the pages speak, else what its readers fall back on."""
    for tag in (*tags, *FALLBACKS[tags[0]]):
        if tag in LANGUAGE_TAGS:
            return tag
    return DEFAULT_LANGUAGE
