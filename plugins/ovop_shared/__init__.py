"""What the three OVOP plugins share: money, languages, errors, who asks, pages and GraphQL plumbing.

It is no plugin and no Django app (Saleor installs an app only for a plugin), and it imports no plugin.
"""
