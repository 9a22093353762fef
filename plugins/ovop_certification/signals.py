"""What certification tells the host: that decisions may have changed, after the change was committed."""

from django.dispatch import Signal

certification_changed = Signal()
"""Sent with `product_pks`: the keys of the products whose decisions may have changed (frozenset of int), or None when
all have to be looked at; and `since`: the earliest moment about which something else is known now (an event dated in
the past; aware datetime), or None when nothing of the past changed. Orders sold since then are judged again."""
