"""A product's public metadata: what storefronts read that have no attribute of their own for it.

Codes as they are, lists as JSON, and `ovop:jsonld` ready to stand inside a script element. Contact data, shares of
makers and flags are never in it, nor is a producer who has not agreed to be named; nor certificates, which expire.
"""

import json
from collections.abc import Mapping
from typing import Any

from ovop_origin.jsonld import product_jsonld, script_safe_json
from ovop_origin.models import PlaceKind
from ovop_origin.provenance import Provenance
from ovop_shared.languages import DEFAULT_LANGUAGE
from ovop_shared.mounting import absolute_url, page_url

VILLAGE_KEY = "ovop:village"
PRODUCERS_KEY = "ovop:producers"
JSONLD_KEY = "ovop:jsonld"

METADATA_KEYS = (
    VILLAGE_KEY,
    "ovop:district",
    "ovop:region",
    "ovop:country",
    PRODUCERS_KEY,
    "ovop:materials",
    "ovop:gtins",
    JSONLD_KEY,
)


def product_metadata(provenance: Provenance, name: str) -> dict[str, str]:
    """By key; what is not known has none. `name` is the product's in the shop."""
    codes = {place.kind: place.code for place in provenance.places}
    url = absolute_url(page_url("ovop_origin:product", product_pk=provenance.product_pk))
    metadata = {
        VILLAGE_KEY: codes[PlaceKind.VILLAGE],
        "ovop:district": codes[PlaceKind.DISTRICT],
        "ovop:region": codes[PlaceKind.REGION],
        "ovop:country": codes[PlaceKind.COUNTRY],
        JSONLD_KEY: script_safe_json(product_jsonld(provenance, language=DEFAULT_LANGUAGE, name=name, url=url)),
    }
    named = [{"code": maker.code, "names": dict(maker.names)} for maker in provenance.makers if maker.code]
    materials = [
        {
            "code": part.code,
            "names": dict(part.names),
            "share": part.share,
            "place": part.places[0].code if part.places else None,
        }
        for part in provenance.materials
    ]
    lists = {PRODUCERS_KEY: named, "ovop:materials": materials, "ovop:gtins": list(provenance.gtins)}
    return metadata | {key: _json(each) for key, each in lists.items() if each}


def set_metadata(product: Any, wanted: Mapping[str, str]) -> None:
    """Ours become the wanted ones, everybody else's stay."""
    others = {key: value for key, value in product.metadata.items() if key not in METADATA_KEYS}
    product.metadata = others | dict(wanted)


def _json(data: object) -> str:
    return json.dumps(data, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
