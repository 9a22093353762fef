"""A host for the plugins without Saleor: their domain, pages and GraphQL, for the demo and the tests.

It does not imitate Saleor: products and orders come in as the plain records that the Saleor adapters also produce.
"""
