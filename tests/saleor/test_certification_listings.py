"""Inside Saleor: a listing is shut while its product may not be sold in the channel's market, and afterwards it is what
staff want it to be, whoever wrote to it meanwhile and however."""

import datetime

import graphene
import pytest
from celery import Task
from django.core.cache import cache
from django.db import DatabaseError, connection, transaction
from django.test import TestCase
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from saleor.graphql.tests.utils import get_graphql_content
from saleor.product.models import Product, ProductChannelListing, ProductType

from ovop_certification import selectors
from ovop_certification.adapter import listing_sweep, listing_tasks, listings
from ovop_certification.errors import UnknownClosure
from ovop_certification.models import (
    Certificate,
    Closure,
    EventKind,
    ListingDecision,
    Market,
    MarketChannel,
    Requirement,
)
from ovop_certification.services import certificate_event_add, registry_load
from ovop_certification.services.announce import announce
from ovop_certification.services.channels import Renamed, channels_follow
from ovop_certification.services.closures import closure_wants_set
from ovop_origin.selectors import registry_changed
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
    listing.published_at = SINCE - datetime.timedelta(days=1)
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


def remove_listing(client, product, channel):
    variables = {
        "id": graphene.Node.to_global_id("Product", product.pk),
        "input": {"removeChannels": [graphene.Node.to_global_id("Channel", channel.pk)]},
    }
    content = get_graphql_content(client.post_graphql(SET_LISTING, variables))
    assert content["data"]["productChannelListingUpdate"]["errors"] == []


def commit(work):
    with TestCase.captureOnCommitCallbacks(execute=True):
        work()


@pytest.fixture
def sent(monkeypatch):
    """The gate's own tasks that were sent, with their arguments, instead of run."""
    calls = []
    send = Task.apply_async

    def apply_async(self, args=(), *more, **options):
        if "listings" not in self.name:
            return send(self, args, *more, **options)
        calls.append((self.name, tuple(args)))
        return None

    monkeypatch.setattr(Task, "apply_async", apply_async)
    return calls


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


BULK_CREATE = """mutation ($products: [ProductBulkCreateInput!]!) { productBulkCreate(products: $products) {
  count errors { message } results { product { id } errors { message } } } }"""


def test_products_made_in_bulk_are_shut_before_anybody_can_buy_them(
    staff_api_client, permission_manage_products, product, listing_channel, category
):
    load(product, certified=False, policy="hide")
    staff_api_client.user.user_permissions.add(permission_manage_products)
    products = [
        {
            "productType": graphene.Node.to_global_id("ProductType", product.product_type_id),
            "category": graphene.Node.to_global_id("Category", category.pk),
            "name": f"Jam {number}",
            "attributes": [],
            "channelListings": [
                {
                    "channelId": graphene.Node.to_global_id("Channel", listing_channel.pk),
                    "isPublished": True,
                    "isAvailableForPurchase": True,
                    "availableForPurchaseAt": SINCE.isoformat(),
                }
            ],
        }
        for number in range(3)
    ]
    ProductType.objects.get(pk=product.product_type_id).product_attributes.clear()

    content = get_graphql_content(staff_api_client.post_graphql(BULK_CREATE, {"products": products}))

    assert content["data"]["productBulkCreate"]["count"] == 3, content
    made = ProductChannelListing.objects.exclude(product=product)
    assert list(made.values_list("is_published", "available_for_purchase_at")) == [(False, None)] * 3
    assert set(Closure.objects.values_list("wants_published", "wants_available_at")) == {(True, SINCE)}


def test_what_is_imported_past_the_api_is_found_by_the_whole_pass(product, listing):
    load(product, certified=False)

    with CaptureQueriesContext(connection) as queries:
        changes = listing_sweep.sweep_all(timezone.now())

    assert (changes.closed, changes.product_pks) == (1, {product.pk})
    assert state(listing) == (True, None)
    assert len(queries) < 60
    listing.available_for_purchase_at = SINCE + datetime.timedelta(days=1)
    listing.save()  # as an import does
    assert listing_sweep.sweep_all(timezone.now()).closed == 1
    assert state(listing) == (True, None)
    assert Closure.objects.get().wants_available_at == SINCE + datetime.timedelta(days=1)
    assert listing_sweep.sweep_all(timezone.now()) == listings.Changes()


def test_the_list_of_what_would_change_changes_nothing(product, listing):
    load(product, certified=False)

    (found,) = listing_sweep.would_change(timezone.now())

    assert found.settled.listing.product_pk == product.pk
    assert state(listing) == (True, SINCE)
    assert not Closure.objects.exists()
    assert not ListingDecision.objects.exists()


def test_other_channels_and_other_products_are_left_alone(product, listing, channel_PLN, product_list):  # noqa: N803
    abroad = ProductChannelListing.objects.create(
        product=product, channel=channel_PLN, currency="PLN", is_published=True, available_for_purchase_at=SINCE
    )
    load(product, certified=False, policy="hide")
    kind = ProductType.objects.create(name="Toy", slug="toy")
    Product.objects.filter(pk__in=[each.pk for each in product_list]).update(product_type=kind)
    others = ProductChannelListing.objects.exclude(pk=listing.pk).order_by("pk")
    before = list(others.values())

    assert listing_sweep.sweep_all(timezone.now()).closed == 1

    assert state(listing) == (False, None)
    assert list(others.values()) == before
    assert state(abroad) == (True, SINCE)


def test_a_warning_shuts_nothing(product, listing):
    load(product, certified=False, effect="warn")
    look(product)
    assert state(listing) == (True, SINCE)
    decision = ListingDecision.objects.get()
    assert decision.allowed
    assert decision.reasons == [{"code": "missing", "scheme": "eac", "certificate": None, "effect": "warn"}]


def test_a_day_that_passes_shuts_the_listing_even_after_a_night_off(product, listing):
    load(product, until=(timezone.now() + datetime.timedelta(days=3)).date().isoformat())
    look(product)
    due = ListingDecision.objects.get().next_change_at
    assert state(listing) == (True, SINCE)

    assert listing_sweep.sweep_due(due - datetime.timedelta(seconds=1)) == listings.Changes()
    changes = listing_sweep.sweep_due(due + datetime.timedelta(hours=9))

    assert changes.closed == 1
    assert state(listing) == (True, None)
    assert listing_sweep.sweep_due(due + datetime.timedelta(hours=9)) == listings.Changes()


def test_a_listing_that_is_taken_away_and_made_again_is_a_new_one(
    staff_api_client, permission_manage_products, product, listing, listing_channel
):
    load(product, policy="hide")
    event(EventKind.SUSPENDED)
    look(product)
    staff_api_client.user.user_permissions.add(permission_manage_products)

    remove_listing(staff_api_client, product, listing_channel)
    set_listing(staff_api_client, product, listing_channel, isPublished=False)

    assert listing_sweep.sweep_all(timezone.now()) == listings.Changes()
    assert not Closure.objects.filter(ended_at=None).exists()
    event(EventKind.REINSTATED)
    look(product)
    made = ProductChannelListing.objects.get(product=product)
    assert made.pk != listing.pk
    assert state(made) == (False, None)


def test_staff_set_on_their_page_what_is_to_be_restored(product, listing):
    load(product, policy="hide")
    event(EventKind.SUSPENDED)
    look(product)
    later = SINCE + datetime.timedelta(days=700)

    closure_wants_set(product.pk, "main", published=False, available_at=later, actor="desk@example.com")
    look(product)

    assert state(listing) == (False, None)
    assert Closure.objects.get().wants_set_by == "desk@example.com"
    event(EventKind.REINSTATED)
    look(product)
    assert state(listing) == (False, later)
    with pytest.raises(UnknownClosure):
        closure_wants_set(product.pk, "main", published=True, available_at=None, actor="desk@example.com")


def test_another_policy_of_the_market_shows_or_hides_what_is_shut(product, listing):
    load(product, certified=False, policy="hide")
    look(product)
    assert state(listing) == (False, None)

    Market.objects.update(on_uncertified="close")
    look(product)
    assert state(listing) == (True, None)
    Market.objects.update(on_uncertified="hide")
    look(product)
    assert state(listing) == (False, None)

    Requirement.objects.all().delete()
    look(product)
    assert state(listing) == (True, SINCE)


def test_the_switch_off_opens_everything_and_on_shuts_it_again(
    staff_api_client, permission_manage_plugins, product, listing
):
    load(product, certified=False, policy="hide")
    look(product)
    staff_api_client.user.user_permissions.add(permission_manage_plugins)
    mutation = """mutation ($value: String!) { pluginUpdate(id: "ovop.certification",
      input: {configuration: [{name: "closes_listings", value: $value}]}) { errors { field message } } }"""

    for value, expected in (("false", (True, SINCE)), ("true", (False, None))):
        content = get_graphql_content(staff_api_client.post_graphql(mutation, {"value": value}))
        assert content["data"]["pluginUpdate"]["errors"] == []
        assert state(listing) == expected
        assert not ListingDecision.objects.get().allowed


def test_without_the_plugin_every_listing_is_as_staff_want_it(
    staff_api_client, permission_manage_plugins, product, listing
):
    load(product, certified=False, policy="hide")
    look(product)
    staff_api_client.user.user_permissions.add(permission_manage_plugins)
    mutation = """mutation ($active: Boolean!) { pluginUpdate(id: "ovop.certification", input: {active: $active}) {
      errors { field message } } }"""

    for active, expected in ((False, (True, SINCE)), (True, (False, None))):
        content = get_graphql_content(staff_api_client.post_graphql(mutation, {"active": active}))
        assert content["data"]["pluginUpdate"]["errors"] == []
        assert state(listing) == expected


def test_a_channel_that_leaves_its_market_sells_again(product, listing):
    load(product, certified=False, policy="hide")
    look(product)
    MarketChannel.objects.all().delete()

    assert listing_sweep.sweep_all(timezone.now()).opened == 1

    assert state(listing) == (True, SINCE)
    assert not ListingDecision.objects.exists()


def test_a_channel_that_gets_another_slug_stays_in_its_market(
    staff_api_client, permission_manage_channels, product, listing, listing_channel
):
    load(product, certified=False, policy="hide")
    listing_sweep.sweep_all(timezone.now())
    listing_tasks.follow_channels()
    staff_api_client.user.user_permissions.add(permission_manage_channels)
    mutation = (
        """mutation ($id: ID!) { channelUpdate(id: $id, input: {slug: "bazaar"}) { errors { field message } } }"""
    )

    content = get_graphql_content(
        staff_api_client.post_graphql(mutation, {"id": graphene.Node.to_global_id("Channel", listing_channel.pk)})
    )

    assert content["data"]["channelUpdate"]["errors"] == []
    assert MarketChannel.objects.get().channel == "bazaar"
    assert selectors.market_channels() == ["bazaar"]
    assert state(listing) == (False, None)
    closure = Closure.objects.get()
    assert (closure.channel, closure.wants_published, closure.wants_available_at) == ("bazaar", True, SINCE)
    assert ListingDecision.objects.get().channel == "bazaar"


def test_channels_that_swap_their_slugs_take_their_markets_with_them():
    for code in ("home", "abroad"):
        MarketChannel.objects.create(market=Market.objects.create(code=code), channel=code)
    assert channels_follow({1: "home", 2: "abroad"}) == []

    assert channels_follow({1: "abroad", 2: "home"}) == [Renamed("home", "abroad"), Renamed("abroad", "home")]

    assert set(MarketChannel.objects.values_list("market__code", "channel")) == {("home", "abroad"), ("abroad", "home")}
    assert channels_follow({1: "abroad", 2: "home"}) == []


def test_a_slug_that_another_market_names_already_is_left_to_it():
    for code in ("home", "abroad"):
        MarketChannel.objects.create(market=Market.objects.create(code=code), channel=code)
    channels_follow({1: "home"})

    channels_follow({1: "abroad"})

    assert list(MarketChannel.objects.values_list("market__code", "channel")) == [("abroad", "abroad")]


def test_of_a_deleted_product_nothing_is_remembered(
    staff_api_client, permission_manage_products, product, listing, product_list
):
    load(product, certified=False)
    look(product, *product_list)
    staff_api_client.user.user_permissions.add(permission_manage_products)
    mutation = "mutation ($id: ID!) { productDelete(id: $id) { errors { field message } } }"

    content = get_graphql_content(
        staff_api_client.post_graphql(mutation, {"id": graphene.Node.to_global_id("Product", product.pk)})
    )

    assert content["data"]["productDelete"]["errors"] == []
    assert Closure.objects.get(product_pk=product.pk).ended_at is not None
    assert not ListingDecision.objects.filter(product_pk=product.pk).exists()
    assert Closure.objects.filter(ended_at=None).count() == len(product_list)


def test_what_is_remembered_of_listings_deleted_past_the_api_goes_with_the_whole_pass(product, listing):
    load(product, certified=False)
    look(product)
    listing.channel.delete()

    listing_sweep.sweep_all(timezone.now())

    assert Closure.objects.get().ended_at is not None
    assert not ListingDecision.objects.exists()


def test_products_of_a_deleted_category_are_not_published_again(
    staff_api_client, permission_manage_products, product, listing, category
):
    load(product, policy="hide")
    event(EventKind.SUSPENDED)
    look(product)
    staff_api_client.user.user_permissions.add(permission_manage_products)
    mutation = "mutation ($id: ID!) { categoryDelete(id: $id) { errors { field message } } }"

    content = get_graphql_content(
        staff_api_client.post_graphql(mutation, {"id": graphene.Node.to_global_id("Category", product.category_id)})
    )

    assert content["data"]["categoryDelete"]["errors"] == []
    event(EventKind.REINSTATED)
    look(product)
    assert state(listing) == (False, SINCE)


def test_another_slug_of_a_category_is_another_requirement(
    staff_api_client, permission_manage_products, product, listing
):
    load(product, certified=False)
    Requirement.objects.update(product_type="", category="jams")
    look(product)
    assert state(listing) == (True, SINCE)
    staff_api_client.user.user_permissions.add(permission_manage_products)
    mutation = """mutation ($id: ID!) { categoryUpdate(id: $id, input: {slug: "jams"}) { errors { field message } } }"""

    content = get_graphql_content(
        staff_api_client.post_graphql(mutation, {"id": graphene.Node.to_global_id("Category", product.category_id)})
    )

    assert content["data"]["categoryUpdate"]["errors"] == []
    assert state(listing) == (True, None)


def test_saleor_is_told_once_and_only_of_what_changed(product, listing, product_list, mocker):
    told = mocker.patch("saleor.plugins.manager.PluginsManager.product_updated")
    load(product, certified=False)
    ProductChannelListing.objects.exclude(pk=listing.pk).update(available_for_purchase_at=None)

    with TestCase.captureOnCommitCallbacks(execute=True):
        listing_tasks.sweep_all_listings()
    assert [call.args[0].pk for call in told.call_args_list] == [product.pk]
    with TestCase.captureOnCommitCallbacks(execute=True):
        listing_tasks.sweep_all_listings()
    assert told.call_count == 1


def test_looks_that_wait_are_joined_and_one_that_has_begun_is_not(product, sent):
    for _ in range(3):
        commit(lambda: listing_tasks.look_soon([product.pk]))
    assert sent == [("ovop_certification.look_at_listings", ([product.pk],))]

    listing_tasks.look_at_listings([product.pk])
    commit(lambda: listing_tasks.look_soon([product.pk]))
    assert len(sent) == 2

    sent.clear()
    for _ in range(3):
        commit(listing_tasks.sweep_soon)
    assert sent == [("ovop_certification.sweep_all_listings", ())]


def test_certification_and_origin_say_what_may_have_changed(product, sent):
    def origin_tells(pks):
        registry_changed.send(sender=None, product_pks=None if pks is None else frozenset(pks))

    for tell in (announce, origin_tells):
        cache.clear()
        sent.clear()
        commit(lambda tell=tell: tell([product.pk]))
        commit(lambda tell=tell: tell(None))
        assert sent == [
            ("ovop_certification.look_at_listings", ([product.pk],)),
            ("ovop_certification.sweep_all_listings", ()),
        ]


def test_a_look_that_fails_breaks_no_mutation_and_is_done_by_the_worker(
    staff_api_client, permission_manage_products, product, listing, listing_channel, sent, mocker
):
    load(product, certified=False)
    staff_api_client.user.user_permissions.add(permission_manage_products)
    mocker.patch.object(listing_tasks, "bring_in_line", side_effect=DatabaseError("gone"))

    set_listing(staff_api_client, product, listing_channel, isPublished=True)

    assert ("ovop_certification.look_at_listings", ([product.pk],)) in sent


def test_a_product_of_no_concern_costs_few_queries(product, listing):
    load(product)
    look(product)
    with CaptureQueriesContext(connection) as queries:
        look(product)
    assert len(queries) <= 14, [each["sql"][:150] for each in queries.captured_queries]


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
