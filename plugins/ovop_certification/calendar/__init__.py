"""What ends and what falls: certificates by their last day, what hangs on them, and what would go offline.

Reads only, on top of the selectors.
"""
