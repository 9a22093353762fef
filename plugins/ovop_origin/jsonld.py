"""A product's provenance as JSON-LD, in the words of schema.org and GS1; pure.

Terms: schema.org's Product and Certification (schema.org issue 3230); of the GS1 Web Vocabulary 1.16
`gs1:provenanceStatement` ("free text description of the region or place the product originates from", a text with its
language) and `gs1:hasBatchLotNumber`, both of `gs1:Product`.
"""

import json
from collections.abc import Iterable, Sequence
from typing import Any

from ovop_origin.certificates import CertificateMarket, ProductCertificate
from ovop_origin.models import PlaceKind, ProducerKind
from ovop_origin.provenance import LotProvenance, Provenance, PublicProducer
from ovop_origin.selectors import PlaceFacts, best_language, best_name

CONTEXT = ("https://schema.org/", {"gs1": "https://ref.gs1.org/voc/"})

# Each could end the script element, or a line of the script, that holds the JSON; in JSON an escape means the same.
_UNSAFE = {ord(character): f"\\u{ord(character):04x}" for character in "<>&\u2028\u2029"}

MOST_STARS = 5

# schema.org knows two states only. A certificate that is granted and not valid yet is neither, and left out.
_STATUS = {
    "valid": "https://schema.org/CertificationActive",
    "suspended": "https://schema.org/CertificationInactive",
    "withdrawn": "https://schema.org/CertificationInactive",
    "expired": "https://schema.org/CertificationInactive",
}


def product_jsonld(
    provenance: Provenance,
    *,
    language: str,
    name: str,
    url: str,
    certificates: Sequence[ProductCertificate] = (),
    lot: LotProvenance | None = None,
) -> dict[str, Any]:
    """A schema.org Product, ready for json.dumps. Names and story are in `language` or the next best recorded one.

    `name` and `url` are the product's; with `lot` it is that lot's: its village, its contributors, its day.
    """
    places = lot.places if lot else provenance.places
    makers = lot.contributors if lot and lot.contributors else provenance.makers
    # One language for the whole statement, the one its village has a name in: it says which language it is in.
    spoken = best_language(places[0].names, language) or language
    data: dict[str, Any] = {
        "@context": list(CONTEXT),
        "@type": ["Product", "gs1:Product"],
        "@id": url,
        "url": url,
        "name": name,
        "countryOfOrigin": _country(places[-1], language),
        "gs1:provenanceStatement": {
            "@value": ", ".join(best_name(place.names, spoken) for place in places),
            "@language": spoken,
        },
    }
    _add(data, "manufacturer", _distinct(_producer(maker, language) for maker in makers))
    _add(data, "material", [best_name(part.names, language) for part in provenance.materials])
    _add(data, "gtin", list(provenance.gtins))
    if provenance.stories:
        data["description"] = best_name(provenance.stories, language)
    if lot:
        data["productionDate"] = lot.made_on.isoformat()
        data["gs1:hasBatchLotNumber"] = lot.code
    known = [_certification(each, language) for each in certificates if each.status in _STATUS]
    _add(data, "hasCertification", known)
    return data


def script_safe_json(data: object) -> str:
    """JSON that can stand inside a `<script>` element: it holds no <, > or & and no line or paragraph separator."""
    return json.dumps(data, ensure_ascii=False, separators=(",", ":")).translate(_UNSAFE)


def _add(data: dict[str, Any], key: str, values: Sequence[Any]) -> None:
    """One value as itself, several as a list, none not at all."""
    if values:
        data[key] = values[0] if len(values) == 1 else list(values)


def _distinct(values: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Of forty members who are not named one is enough."""
    distinct: list[dict[str, Any]] = []
    for value in values:
        if value not in distinct:
            distinct.append(value)
    return distinct


def _producer(producer: PublicProducer, language: str) -> dict[str, Any]:
    """A manufacturer is an Organization in schema.org; a person who makes things is one and stays a Person."""
    is_person = producer.kind == ProducerKind.PERSON
    data: dict[str, Any] = {"@type": ["Organization", "Person"] if is_person else "Organization"}
    if producer.names:
        data["name"] = best_name(producer.names, language)
    if producer.code:
        data["identifier"] = producer.code
    data["location"] = _place(producer.places, language)
    return data


def _place(places: Sequence[PlaceFacts], language: str) -> dict[str, Any]:
    """A village and what it lies in."""
    village = places[0]
    region = next((place for place in places if place.kind == PlaceKind.REGION), None)
    address = {"@type": "PostalAddress", "addressLocality": best_name(village.names, language)}
    if region:
        address["addressRegion"] = best_name(region.names, language)
    data: dict[str, Any] = {
        "@type": "Place",
        "name": best_name(village.names, language),
        "identifier": village.code,
        "address": {**address, "addressCountry": village.country_code},
    }
    if village.latitude is not None and village.longitude is not None:
        data["geo"] = {
            "@type": "GeoCoordinates",
            "latitude": float(village.latitude),
            "longitude": float(village.longitude),
        }
    return data


def _country(country: PlaceFacts, language: str) -> dict[str, Any]:
    return {"@type": "Country", "identifier": country.code, "name": best_name(country.names, language)}


def _certification(certificate: ProductCertificate, language: str) -> dict[str, Any]:
    data: dict[str, Any] = {
        "@type": "Certification",
        "name": best_name(certificate.scheme_names, language),
        "certificationIdentification": certificate.number,
        "certificationStatus": _STATUS[certificate.status],
        "issuedBy": {"@type": "Organization", "name": certificate.issuing_body},
        "validFrom": certificate.valid_from_on.isoformat(),
        "url": certificate.url,
    }
    if certificate.valid_until_on:
        data["expires"] = certificate.valid_until_on.isoformat()
    if certificate.audited_on:
        data["auditDate"] = certificate.audited_on.isoformat()
    if certificate.stars:
        data["certificationRating"] = {
            "@type": "Rating",
            "ratingValue": certificate.stars,
            "bestRating": MOST_STARS,
            "worstRating": 1,
        }
    if certificate.badge_url:
        data["logo"] = {
            "@type": "ImageObject",
            "contentUrl": f"{certificate.badge_url}&lang={language}",
            "encodingFormat": "image/png",
        }
    _add(data, "validIn", [area for market in certificate.markets for area in _areas(market, language)])
    return data


def _areas(market: CertificateMarket, language: str) -> list[dict[str, Any]]:
    """A market's countries; the market itself, by its name, where it is no set of countries."""
    if market.countries:
        return [{"@type": "Country", "identifier": code} for code in market.countries]
    return [{"@type": "AdministrativeArea", "name": best_name(market.names, language)}]
