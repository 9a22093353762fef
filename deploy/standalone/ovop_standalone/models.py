"""The product records this host was given: what it knows of a shop it does not have."""

from django.db import models


class KnownProduct(models.Model):
    """One ProductRecord; `product` is the shop's own key."""

    product = models.BigIntegerField(unique=True)
    slug = models.CharField(max_length=255, unique=True)
    name = models.CharField(max_length=255)
    product_type = models.CharField(max_length=255)
    categories = models.JSONField(default=list)
    names = models.JSONField(default=dict)
    is_published = models.BooleanField(default=True)
    was_published = models.BooleanField(default=True)
    intended_uses = models.JSONField(default=list)
