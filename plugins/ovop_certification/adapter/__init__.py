"""Certification inside Saleor: the gate at checkout, and the audit of orders that came another way."""
