"""What the registry tells the host: that something in it was changed, after the change was committed."""

from django.dispatch import Signal

registry_changed = Signal()
"""Sent with `product_pks`: the keys of the products whose origin changed (frozenset of int), or None when places,
producers or materials changed too, or more products than is worth naming: then everything has to be looked at."""
