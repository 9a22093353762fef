"""Writes to the registry: one place, producer or product at a time, or a whole document; always all or nothing."""

from ovop_origin.services.registry import (
    LoadResult,
    Tally,
    place_save,
    producer_save,
    product_origin_set,
    registry_load,
)

__all__ = ["LoadResult", "Tally", "place_save", "producer_save", "product_origin_set", "registry_load"]
