"""Writes of one thing: a place, a producer, a membership, a material, a product's origin, a lot."""

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import replace

from django.db import transaction

from ovop_origin.errors import OriginHasLots
from ovop_origin.locks import registry_lock
from ovop_origin.models import Lot, Maker, ProductGtin, ProductMaterial, ProductOrigin, ProductStory
from ovop_origin.records import (
    LotRow,
    MakerRow,
    MaterialRow,
    MembershipRow,
    PlaceRow,
    ProducerRow,
    ProductMaterialRow,
    ProductRow,
)
from ovop_origin.services.registry import announce_change, apply_row


def place_save(row: PlaceRow, *, at: datetime.datetime) -> bool:
    """Create or change one place with all its names; whether anything was written.

    Raises the error of the broken rule (see `rules.check_place` and `rules.place_seat`), ClassifierMismatch when its
    number is another place's.
    """
    return apply_row(row, at=at)


def producer_save(row: ProducerRow, *, at: datetime.datetime) -> bool:
    """Create or change one producer with all its names; whether anything was written.

    Raises the error of the broken rule; UnknownPlace, NotAVillage, and PlaceNotValid where `at` is outside the
    validity of a village that is new to the producer.
    """
    return apply_row(row, at=at)


def membership_save(row: MembershipRow, *, at: datetime.datetime) -> bool:
    """Make a producer a member of a group, or change the days; whether anything was written.

    Raises UnknownProducer, WrongMember, ValidityReversed.
    """
    return apply_row(row, at=at)


def material_save(row: MaterialRow, *, at: datetime.datetime) -> bool:
    """Create or change one material with all its names; whether anything was written.

    Raises the error of the broken rule; UnknownPlace and PlaceNotValid.
    """
    return apply_row(row, at=at)


def product_origin_set(
    product_pk: int,
    village: str,
    makers: Mapping[str, int],
    *,
    stories: Mapping[str, str] | None = None,
    materials: Mapping[str, int] | None = None,
    gtins: Sequence[str] = (),
    at: datetime.datetime,
) -> bool:
    """Say where a product comes from and who made it, replacing all that was said before; whether anything was written.

    `village` is a place's code; `makers` and `materials` map codes to shares that add up to 10,000, or are empty;
    `stories` are what there is to tell by BCP 47 tag, `gtins` GTINs as they are written. Raises UnknownPlace,
    NotAVillage, PlaceNotValid, UnknownProducer, UnknownMaterial, InvalidShare, SharesDoNotAddUp, InvalidGtin,
    GtinTaken, UnknownLanguage, InvalidText.
    """
    row = ProductRow(
        str(product_pk),
        village,
        tuple(MakerRow(code, share) for code, share in makers.items()),
        stories or {},
        tuple(ProductMaterialRow(code, share) for code, share in (materials or {}).items()),
        tuple(gtins),
    )
    return _apply_of(product_pk, row, at)


@transaction.atomic
def product_village_set(
    product_pk: int, village: str, *, makers: Mapping[str, int] | None = None, at: datetime.datetime
) -> bool:
    """Say only which village a product comes from; whether anything was written.

    An origin that is there keeps its stories, materials, GTINs and makers; `makers` are those of a product without one.
    Raises as `product_origin_set`.
    """
    registry_lock()
    origin = ProductOrigin.objects.filter(product_pk=product_pk).first()
    if origin is None:
        return product_origin_set(product_pk, village, makers or {}, at=at)
    kept = makers or {}
    stored = Maker.objects.filter(origin=origin).values_list("producer__code", "share")
    materials = ProductMaterial.objects.filter(origin=origin).values_list("material__code", "share")
    stories = ProductStory.objects.filter(origin=origin).values_list("language", "text")
    gtins = ProductGtin.objects.filter(origin=origin).values_list("gtin", flat=True)
    return product_origin_set(
        product_pk,
        village,
        dict(stored) or kept,
        stories=dict(stories),
        materials=dict(materials),
        gtins=tuple(gtins),
        at=at,
    )


@transaction.atomic
def product_origin_remove(product_pk: int) -> bool:
    """Forget where a product comes from, with its makers, stories, materials and GTINs; whether there was anything to forget.

    Raises OriginHasLots: what was made stays known.
    """
    registry_lock()
    if Lot.objects.filter(origin__product_pk=product_pk).exists():
        raise OriginHasLots("The product has lots.", field="product", params={"product": product_pk})
    deleted, _ = ProductOrigin.objects.filter(product_pk=product_pk).delete()
    if deleted:
        announce_change(frozenset({product_pk}))
    return bool(deleted)


def lot_save(product_pk: int, row: LotRow, *, at: datetime.datetime) -> bool:
    """Create or change one lot of a product with all its contributions; whether anything was written.

    The row's own `product` does not count. Raises OriginMissing, InvalidLotCode, MadeInTheFuture, UnknownPlace,
    NotAVillage, PlaceNotValid on the day it was made, UnknownProducer, InvalidQuantity, DuplicateContribution.
    """
    return _apply_of(product_pk, replace(row, product=str(product_pk)), at)


def _apply_of(product_pk: int, row: ProductRow | LotRow, at: datetime.datetime) -> bool:
    return apply_row(row, at=at, product_pks=lambda slugs: {str(product_pk): product_pk})
