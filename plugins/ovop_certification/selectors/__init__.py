"""Reads of certification. Each call takes a constant number of queries; what other plugins may use is here."""

from ovop_certification.selectors.affected import (
    certified_product_pks,
    products_of_certificate,
    products_of_certificates,
)
from ovop_certification.selectors.committee import grades_of_products
from ovop_certification.selectors.document import ExportedRegistry, registry_document
from ovop_certification.selectors.facts import (
    CertificateFacts,
    CertificatePage,
    CurrentCertificate,
    MarketFacts,
    certificate_pages,
    certificates_of_products,
    certificates_of_sales,
    current_certificates,
)
from ovop_certification.selectors.many import market_rulebooks
from ovop_certification.selectors.markets import channel_markets, market_channels, market_of
from ovop_certification.selectors.rulebooks import (
    PRODUCT_PKS,
    decide,
    rulebook,
    rulebook_statement,
    rulebook_with,
)

__all__ = [
    "PRODUCT_PKS",
    "CertificateFacts",
    "CertificatePage",
    "CurrentCertificate",
    "ExportedRegistry",
    "MarketFacts",
    "certificate_pages",
    "certificates_of_products",
    "certificates_of_sales",
    "certified_product_pks",
    "channel_markets",
    "current_certificates",
    "decide",
    "grades_of_products",
    "market_channels",
    "market_of",
    "market_rulebooks",
    "products_of_certificate",
    "products_of_certificates",
    "registry_document",
    "rulebook",
    "rulebook_statement",
    "rulebook_with",
]
