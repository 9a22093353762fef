"""The pages of staff with Saleor's right to manage products: the registry looked through, corrected, imported, exported."""

from ovop_origin.staff_views.files import export, files, load, review, review_file
from ovop_origin.staff_views.overview import differences, enter, overview
from ovop_origin.staff_views.producers import producer, producer_list
from ovop_origin.staff_views.products import labels, lot_add, origin_remove, origin_set, product, product_list
from ovop_shared.staff_pages import leave

__all__ = [
    "differences",
    "enter",
    "export",
    "files",
    "labels",
    "leave",
    "load",
    "lot_add",
    "origin_remove",
    "origin_set",
    "overview",
    "producer",
    "producer_list",
    "product",
    "product_list",
    "review",
    "review_file",
]
