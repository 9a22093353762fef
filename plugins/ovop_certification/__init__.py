"""Certification: which schemes a product needs in a market, which certificates it has, and whether it may be sold."""
