"""Writes to the registry: one thing at a time, or many rows at once; always all or nothing."""

from ovop_origin.services.registry import registry_apply, registry_load, rows_in_order
from ovop_origin.services.results import Change, LoadResult, Tally
from ovop_origin.services.rows import (
    lot_save,
    material_save,
    membership_save,
    place_save,
    producer_save,
    product_origin_remove,
    product_origin_set,
    product_village_set,
)

__all__ = [
    "Change",
    "LoadResult",
    "Tally",
    "lot_save",
    "material_save",
    "membership_save",
    "place_save",
    "producer_save",
    "product_origin_remove",
    "product_origin_set",
    "product_village_set",
    "registry_apply",
    "registry_load",
    "rows_in_order",
]
