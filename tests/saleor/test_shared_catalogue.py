"""What the plugins see of Saleor's catalogue: which products anybody may see."""

import datetime
from typing import Any

import pytest
from django.utils import timezone
from saleor.channel.models import Channel
from saleor.product.models import Product, ProductChannelListing

from ovop_shared.adapter.catalogue import SaleorCatalogue


@pytest.mark.parametrize(
    ("listing", "is_active", "is_published"),
    [
        ({"is_published": True, "published_at": None}, True, True),
        ({"is_published": True, "published_at": datetime.timedelta(minutes=-1)}, True, True),
        ({"is_published": True, "published_at": datetime.timedelta(minutes=1)}, True, False),
        ({"is_published": False, "published_at": datetime.timedelta(minutes=-1)}, True, False),
        ({"is_published": True, "published_at": None}, False, False),
    ],
)
def test_a_product_is_published_when_an_active_channel_shows_it(
    product: Product, listing: dict[str, Any], is_active: bool, is_published: bool
) -> None:
    at = listing["published_at"]
    ProductChannelListing.objects.filter(product=product).update(
        is_published=listing["is_published"], published_at=at and timezone.now() + at
    )
    Channel.objects.update(is_active=is_active)

    assert SaleorCatalogue().published([product.pk, 999_999]) == ({product.pk} if is_published else set())
    assert SaleorCatalogue().by_pk([product.pk])[product.pk].is_published is is_published


@pytest.mark.parametrize(
    ("listing", "is_active", "was_published"),
    [
        ({"is_published": True, "published_at": datetime.timedelta(minutes=-1)}, True, True),
        ({"is_published": True, "published_at": None}, True, True),
        ({"is_published": False, "published_at": datetime.timedelta(minutes=-1)}, True, True),
        ({"is_published": False, "published_at": datetime.timedelta(minutes=-1)}, False, True),
        ({"is_published": False, "published_at": datetime.timedelta(minutes=1)}, True, False),
        ({"is_published": True, "published_at": datetime.timedelta(minutes=1)}, True, False),
        ({"is_published": False, "published_at": None}, True, False),
    ],
)
def test_a_product_that_is_hidden_again_was_published_one_never_shown_was_not(
    product: Product, listing: dict[str, Any], is_active: bool, was_published: bool
) -> None:
    at = listing["published_at"]
    ProductChannelListing.objects.filter(product=product).update(
        is_published=listing["is_published"], published_at=at and timezone.now() + at
    )
    Channel.objects.update(is_active=is_active)

    assert SaleorCatalogue().by_pk([product.pk])[product.pk].was_published is was_published


def test_a_product_of_no_channel_was_never_published_and_asking_costs_no_query_more(
    product: Product, django_assert_num_queries: Any
) -> None:
    ProductChannelListing.objects.filter(product=product).delete()

    with django_assert_num_queries(3):
        found = SaleorCatalogue().by_pk([product.pk])[product.pk]
    assert (found.is_published, found.was_published) == (False, False)


def test_one_channel_that_shows_a_product_is_enough(
    product: Product, request: pytest.FixtureRequest, django_assert_num_queries: Any
) -> None:
    other = request.getfixturevalue("channel_PLN")
    ProductChannelListing.objects.filter(product=product).update(is_published=False)
    ProductChannelListing.objects.create(product=product, channel=other, currency="PLN", is_published=True)

    with django_assert_num_queries(1):
        assert SaleorCatalogue().published([product.pk]) == {product.pk}
    assert SaleorCatalogue().by_slug([product.slug])[product.slug].is_published


def test_all_products_come_in_chunks_each_with_its_listings_and_names(
    product_list: Any, product: Product, django_assert_num_queries: Any
) -> None:
    pks = sorted(Product.objects.values_list("pk", flat=True))
    channel = ProductChannelListing.objects.filter(product=product).values_list("channel__slug", flat=True)[0]
    ProductChannelListing.objects.filter(product=product_list[0]).delete()

    chunks = list(SaleorCatalogue().all_products(chunk_products=3))
    with django_assert_num_queries(4):
        (whole,) = list(SaleorCatalogue().all_products())

    assert [len(chunk) for chunk in chunks] == [3, len(pks) - 3]
    assert [record.pk for chunk in chunks for record in chunk] == [record.pk for record in whole] == pks
    assert whole[pks.index(product.pk)] == SaleorCatalogue().by_pk([product.pk])[product.pk]
    assert SaleorCatalogue().listed(channel, [*pks, 999_999]) == set(pks) - {product_list[0].pk}
    assert SaleorCatalogue().listed("no-such-channel", pks) == set()
