"""The public pages of certification."""
