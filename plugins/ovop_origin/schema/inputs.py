"""What changes take: the rows of `records`, as inputs of GraphQL, and the rows they stand for."""

import datetime
import math
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

import graphene

from ovop_origin.records import (
    ContributionRow,
    LotRow,
    MakerRow,
    MaterialRow,
    MembershipRow,
    PlaceRow,
    ProducerRow,
    ProductMaterialRow,
    ProductRow,
)
from ovop_origin.regions import COUNTRY_SCHEME, REGION_SCHEME
from ovop_origin.schema.places import PlaceKind
from ovop_origin.schema.producers import ProducerKind, ProducerStatus, ProgrammeStage
from ovop_shared.errors import DuplicateRow

_SCHEMES = {"country": COUNTRY_SCHEME, "region": REGION_SCHEME}


def _list(kind: Any, description: str) -> Any:
    return graphene.List(graphene.NonNull(kind), description=description)


def _names(kind: Any) -> Any:
    return graphene.NonNull(
        graphene.List(graphene.NonNull(kind)), description="All its names; one that is left out is taken away."
    )


class NameInput(graphene.InputObjectType):
    """A name in one language and script."""

    language = graphene.String(required=True, description="BCP 47, with the script where it matters: uz-Latn.")
    text = graphene.String(required=True, description="At most 200 characters.")


class PlaceNameInput(NameInput):
    """A place's name in one language and script."""

    is_official = graphene.Boolean(default_value=False, description="By law or register.")


class PlaceInput(graphene.InputObjectType):
    """A place as a whole: what is left out is emptied."""

    kind = PlaceKind(required=True, description="Never changes.")
    code = graphene.String(required=True, description="Which place; a new one when there is none of that code.")
    names = _names(PlaceNameInput)
    code_scheme = graphene.String(description="Who gave the code; by default ISO 3166 down to the region, ovop below.")
    parent = graphene.String(default_value="", description="The code of the place it lies in; none for a country.")
    latitude = graphene.Float(description="Degrees north, WGS 84.")
    longitude = graphene.Float(description="Degrees east, WGS 84.")
    valid_from = graphene.Date(description="Its first day.")
    valid_until = graphene.Date(description="Its last day.")
    classifier_scheme = graphene.String(default_value="", description="The national classifier: soate, soato or kato.")
    classifier_code = graphene.String(default_value="", description="Its number there.")


class ProducerInput(graphene.InputObjectType):
    """A producer as a whole: what is left out is emptied."""

    code = graphene.String(required=True, description="Which producer; a new one when there is none of that code.")
    kind = ProducerKind(required=True, description="What it is.")
    village = graphene.String(required=True, description="The code of the village it works in.")
    language = graphene.String(required=True, description="The language it is written to in, BCP 47.")
    names = _names(NameInput)
    status = ProducerStatus(description="Whether it works, pauses or has left; active when left out.")
    stage = ProgrammeStage(description="Its stage in the programme.")
    is_name_public = graphene.Boolean(default_value=False, description="Whether it has agreed to be named.")
    saleor_user_id = graphene.String(default_value="", description="Its account in the shop.")
    phone = graphene.String(default_value="", description="Never public.")
    email = graphene.String(default_value="", description="Never public.")
    is_women_led = graphene.Boolean(description="Never public; null when not known.")
    is_youth_led = graphene.Boolean(description="Never public; null when not known.")
    is_disability_led = graphene.Boolean(description="Never public; null when not known.")
    flags_consented_on = graphene.Date(description="The day it agreed to be counted so.")


class MembershipInput(graphene.InputObjectType):
    """A producer's part in a group."""

    group = graphene.String(required=True, description="The code of the group.")
    member = graphene.String(required=True, description="The code of the member.")
    since = graphene.Date(description="The first day; open when left out.")
    until = graphene.Date(description="The last day; open when left out.")


class MaterialInput(graphene.InputObjectType):
    """A material as a whole: what is left out is emptied."""

    code = graphene.String(required=True, description="Which material; a new one when there is none of that code.")
    names = _names(NameInput)
    place = graphene.String(default_value="", description="The code of the place of any kind that it comes from.")


class MakerInput(graphene.InputObjectType):
    """A producer's part in a product."""

    producer = graphene.String(required=True, description="The code of the producer.")
    share = graphene.Int(required=True, description="Parts of 10,000; those of all makers add up to 10,000.")


class ProductMaterialInput(graphene.InputObjectType):
    """A material's part in a product."""

    material = graphene.String(required=True, description="The code of the material.")
    share = graphene.Int(required=True, description="Parts of 10,000; those of all materials add up to 10,000.")


class StoryInput(graphene.InputObjectType):
    """What there is to tell of a product, in one language and script."""

    language = graphene.String(required=True, description="BCP 47, with the script where it matters: uz-Latn.")
    text = graphene.String(required=True, description="At most 30,000 characters; an empty one is none.")


class ProductOriginInput(graphene.InputObjectType):
    """The origin of a product as a whole: what is left out is emptied."""

    product_id = graphene.ID(required=True, description="The shop's number of the product, or its global id.")
    village = graphene.String(required=True, description="The code of the village it comes from.")
    makers = _list(MakerInput, "Who made it; nobody, or the whole of it.")
    stories = _list(StoryInput, "What there is to tell; one that is left out is taken away.")
    materials = _list(ProductMaterialInput, "What it is made of; nothing, or the whole of it.")
    gtins = _list(graphene.String, "Its GTINs of 8, 12, 13 or 14 digits.")


class ContributionInput(graphene.InputObjectType):
    """What was accepted from one maker."""

    producer = graphene.String(required=True, description="The code of the producer.")
    quantity = graphene.Int(required=True, description="The units accepted.")


class LotInput(graphene.InputObjectType):
    """A lot as a whole: what is left out is emptied."""

    product_id = graphene.ID(required=True, description="The shop's number of the product, or its global id.")
    code = graphene.String(required=True, description="Which lot of the product; at most 20 characters.")
    made_on = graphene.Date(required=True, description="The day it was made.")
    village = graphene.String(default_value="", description="Where it was made; the product's village when left out.")
    contributions = _list(ContributionInput, "What was accepted from each maker.")


def place_row(given: Any) -> PlaceRow:
    kind = given["kind"]
    return PlaceRow(
        kind=kind,
        code=given["code"],
        names=_by_language(given["names"]),
        code_scheme=given.get("code_scheme") or _SCHEMES.get(kind, "ovop"),
        parent=given.get("parent") or "",
        official=tuple(name["language"] for name in given["names"] if name.get("is_official")),
        latitude=_decimal(given.get("latitude")),
        longitude=_decimal(given.get("longitude")),
        valid_from=given.get("valid_from"),
        valid_until=given.get("valid_until"),
        classifier_scheme=given.get("classifier_scheme") or "",
        classifier_code=given.get("classifier_code") or "",
    )


def producer_row(given: Any) -> ProducerRow:
    return ProducerRow(
        code=given["code"],
        kind=given["kind"],
        village=given["village"],
        language=given["language"],
        names=_by_language(given["names"]),
        status=given.get("status") or "active",
        saleor_user_id=given.get("saleor_user_id") or "",
        is_name_public=bool(given.get("is_name_public")),
        stage=given.get("stage") or "",
        phone=given.get("phone") or "",
        email=given.get("email") or "",
        is_women_led=given.get("is_women_led"),
        is_youth_led=given.get("is_youth_led"),
        is_disability_led=given.get("is_disability_led"),
        flags_consented_on=given.get("flags_consented_on"),
    )


def membership_row(given: Any) -> MembershipRow:
    return MembershipRow(given["group"], given["member"], given.get("since"), given.get("until"))


def material_row(given: Any) -> MaterialRow:
    return MaterialRow(given["code"], _by_language(given["names"]), given.get("place") or "")


def product_row(given: Any, slug: str) -> ProductRow:
    return ProductRow(
        slug,
        given["village"],
        tuple(MakerRow(each["producer"], each["share"]) for each in given.get("makers") or ()),
        _by_language(given.get("stories") or (), "stories"),
        tuple(ProductMaterialRow(each["material"], each["share"]) for each in given.get("materials") or ()),
        tuple(given.get("gtins") or ()),
    )


def lot_row(given: Any, slug: str) -> LotRow:
    made_on: datetime.date = given["made_on"]
    contributions = tuple(
        ContributionRow(each["producer"], each["quantity"]) for each in given.get("contributions") or ()
    )
    return LotRow(slug, given["code"], made_on, given.get("village") or "", contributions)


def _by_language(given: Iterable[Any], field: str = "names") -> dict[str, str]:
    """Raises DuplicateRow: of two texts in one language the second would hide the first."""
    texts: dict[str, str] = {}
    for each in given:
        if each["language"] in texts:
            raise DuplicateRow(
                f"There are two {field} in {each['language']}.", field=field, params={"language": each["language"]}
            )
        texts[each["language"]] = each["text"]
    return texts


def _decimal(number: float | None) -> Decimal | None:
    """The number as it was written. What is no number lies off the map, as the rules will say."""
    return None if number is None else Decimal(repr(number) if math.isfinite(number) else "NaN")
