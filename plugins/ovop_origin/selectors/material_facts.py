"""What products are made of, and where that comes from."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from ovop_origin.models import Material, MaterialName
from ovop_origin.selectors.names import names_by_owner


@dataclass(frozen=True, slots=True)
class MaterialFacts:
    """A material; `place_code` names the place of any kind that it comes from, empty when that is not known."""

    code: str
    names: Mapping[str, str]
    place_code: str


def materials(codes: Collection[str]) -> dict[str, MaterialFacts]:
    """These materials by code; unknown codes are left out. Two queries."""
    rows = list(Material.objects.filter(code__in=codes).order_by("code").values_list("pk", "code", "place__code"))
    names = names_by_owner(MaterialName.objects.filter(material__in=[row[0] for row in rows]), "material_id")
    return {code: MaterialFacts(code, names.get(pk, {}), place_code or "") for pk, code, place_code in rows}
