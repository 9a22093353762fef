"""Badges: a certificate as a picture that tells its state of today, in words and in form, and a product's valid ones.

`certificate_badge` and `product_badge` draw PNGs in one of SIZES; what is public of a certificate is in facts.py.
"""

from ovop_certification.badges.facts import (
    PublicCertificate,
    PublicMarket,
    certificates_about,
    certificates_numbered,
    certificates_with_number,
    claims_of_products,
    products_whose_dates_passed,
)
from ovop_certification.badges.pictures import certificate_badge, product_badge
from ovop_certification.badges.sizes import DEFAULT_SIZE, SIZES, BadgeSize, badge_size

__all__ = [
    "DEFAULT_SIZE",
    "SIZES",
    "BadgeSize",
    "PublicCertificate",
    "PublicMarket",
    "badge_size",
    "certificate_badge",
    "certificates_about",
    "certificates_numbered",
    "certificates_with_number",
    "claims_of_products",
    "product_badge",
    "products_whose_dates_passed",
]
