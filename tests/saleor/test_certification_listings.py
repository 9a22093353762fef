"""Inside Saleor: a listing is shut while its product may not be sold in the channel's market, and afterwards it is what
staff want it to be, whoever wrote to it meanwhile and however."""

import datetime

import graphene
import pytest
from django.core.cache import cache
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from saleor.graphql.tests.utils import get_graphql_content
from saleor.product.models import ProductChannelListing

from ovop_certification.adapter import listings
from ovop_certification.models import Certificate, Closure, EventKind, ListingDecision, Market
from ovop_certification.services import certificate_event_add, registry_load
from ovop_shared.catalogue import host_catalogue

SET_LISTING = """mutation ($id: ID!, $input: ProductChannelListingUpdateInput!) {
  productChannelListingUpdate(id: $id, input: $input) {
    product { channelListings { channel { slug } isPublished availableForPurchaseAt } } errors { field code } } }"""

SINCE = datetime.datetime(2024, 3, 1, 8, 30, 0, 123456, tzinfo=datetime.UTC)


@pytest.fixture(autouse=True)
def _nobody_asked_for_a_look():
    cache.clear()


@pytest.fixture
def listing(product):
    """Open in the channel `main` with values that nobody would guess."""
    listing = product.channel_listings.get()
    listing.available_for_purchase_at = SINCE
    listing.save()
    return listing


@pytest.fixture
def listing_channel(listing):
    return listing.channel


def load(product, *, certified=True, policy="close", effect="block", until=None):
    return registry_load(
        {
            "version": 1,
            "schemes": [{"code": "eac", "kind": "conformity", "names": {"en": "EAC declaration"}}],
            "issuing_bodies": [{"code": "body", "name": "Sample body"}],
            "markets": [{"code": "home", "names": {"en": "Home market"}, "channels": ["main"]}],
            "requirements": [
                {
                    "market": "home",
                    "scheme": "eac",
                    "from_on": "2020-01-01",
                    "effect": effect,
                    "product_type": product.product_type.slug,
                }
            ],
            "certificates": [
                {
                    "scheme": "eac",
                    "issuing_body": "body",
                    "number": "EAC-1",
                    "holder": {"product": product.slug},
                    "valid_from_on": "2020-01-01",
                    "valid_until_on": until,
                    "events": [{"kind": "issued", "at": "2020-01-01T00:00:00+06:00", "actor": "Desk"}],
                }
            ]
            if certified
            else [],
        },
        catalogue=host_catalogue(),
        at=timezone.now(),
    ) and Market.objects.update(on_uncertified=policy)


def event(kind, reason="because"):
    certificate_event_add(Certificate.objects.get().pk, kind, actor="Desk", at=timezone.now(), reason=reason)


def state(listing):
    return ProductChannelListing.objects.values_list("is_published", "available_for_purchase_at").get(pk=listing.pk)


def look(*products):
    return listings.bring_in_line([each.pk for each in products], timezone.now())


def set_listing(client, product, channel, **fields):
    """What the dashboard sends. Its answer is looked at in e2e/test_listings.py: here the hooks run after it."""
    change = {"channelId": graphene.Node.to_global_id("Channel", channel.pk)} | fields
    variables = {"id": graphene.Node.to_global_id("Product", product.pk), "input": {"updateChannels": [change]}}
    content = get_graphql_content(client.post_graphql(SET_LISTING, variables))["data"]["productChannelListingUpdate"]
    assert content["errors"] == []


@pytest.mark.parametrize(("policy", "shown"), [("close", True), ("hide", False)])
def test_a_listing_is_shut_with_the_withdrawal_and_reopened_exactly_as_it_was(product, listing, policy, shown):
    load(product, policy=policy)
    look(product)
    assert state(listing) == (True, SINCE)
    before = ProductChannelListing.objects.filter(pk=listing.pk).values().get()

    event(EventKind.SUSPENDED)
    changes = look(product)

    assert (changes.closed, changes.opened) == (1, 0)
    assert state(listing) == (shown, None)
    closure = Closure.objects.get()
    assert (closure.product_pk, closure.channel, closure.market) == (product.pk, "main", "home")
    assert closure.reasons == [{"code": "suspended", "scheme": "eac", "certificate": "EAC-1"}]
    assert (closure.wants_published, closure.wants_available_at, closure.ended_at) == (True, SINCE, None)

    event(EventKind.REINSTATED)
    changes = look(product)

    assert (changes.closed, changes.opened) == (0, 1)
    assert ProductChannelListing.objects.filter(pk=listing.pk).values().get() == before
    closure.refresh_from_db()
    assert closure.ended_at is not None


def test_a_second_look_writes_nothing(product, listing):
    load(product, certified=False)
    look(product)
    rows = list(ListingDecision.objects.values()), list(Closure.objects.values()), state(listing)

    with CaptureQueriesContext(connection) as queries:
        changes = look(product)

    assert changes == listings.Changes()
    assert not [
        each["sql"] for each in queries.captured_queries if each["sql"].startswith(("UPDATE", "INSERT", "DELETE"))
    ]
    assert (list(ListingDecision.objects.values()), list(Closure.objects.values()), state(listing)) == rows


@pytest.mark.parametrize("policy", ["close", "hide"])
def test_what_staff_reopen_by_hand_is_shut_again_and_restored_later_as_they_set_it(
    staff_api_client, permission_manage_products, product, listing, listing_channel, policy
):
    load(product, policy=policy)
    event(EventKind.SUSPENDED)
    look(product)
    staff_api_client.user.user_permissions.add(permission_manage_products)
    wish = "2031-05-06T07:08:09.123456+00:00"

    set_listing(
        staff_api_client,
        product,
        listing_channel,
        isPublished=True,
        isAvailableForPurchase=True,
        availableForPurchaseAt=wish,
    )

    assert state(listing) == (policy == "close", None)
    event(EventKind.REINSTATED)
    look(product)
    assert state(listing) == (True, datetime.datetime.fromisoformat(wish))


def test_a_shut_listing_is_open_for_its_own_transaction_only(product, listing):
    load(product, certified=False, policy="hide")
    look(product)

    with transaction.atomic(), listings.listings_open_for([product.pk], "main") as opened:
        assert opened == {product.pk}
        assert state(listing) == (True, SINCE)
    assert state(listing) == (False, None)

    with pytest.raises(ZeroDivisionError), transaction.atomic(), listings.listings_open_for([product.pk], "main"):
        raise ZeroDivisionError
    assert state(listing) == (False, None)
    assert Closure.objects.get(ended_at=None).wants_available_at == SINCE
