"""What becomes of a listing under any interleaving of decisions, policies, staff and sweeps: pure, no database.

The model knows nothing of the three-way comparison: it only remembers what staff last set, field by field.
"""

import datetime
from dataclasses import dataclass, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ovop_certification.services.closures import ListingState, Memory, Settled, Shown, Shut, settle

BASE = datetime.datetime(2026, 1, 1, 9, 30, tzinfo=datetime.UTC)
DAY = datetime.timedelta(days=1)
CLOSE = Shut("home", (), hides=False)
HIDE = Shut("home", (), hides=True)

moments = st.integers(-400, 400).map(lambda days: BASE + days * DAY)


@dataclass
class Shop:
    """One listing, the gate that looks at it, and what staff last set."""

    listing: ListingState
    memory: Memory | None
    intent: Shown
    shut: Shut | None = None

    def look(self) -> Settled:
        settled = settle(self.listing, self.memory, self.shut)
        shows = settled.shows
        self.listing = replace(
            self.listing,
            is_published=shows.is_published,
            available_for_purchase_at=shows.available_for_purchase_at,
        )
        self.memory = settled.memory
        return settled

    def staff_publish(self, is_published: bool) -> None:
        if is_published != self.listing.is_published:
            self.intent = replace(self.intent, is_published=is_published)
        self.listing = replace(self.listing, is_published=is_published)

    def staff_make_available(self, at: datetime.datetime | None) -> None:
        if at != self.listing.available_for_purchase_at:
            self.intent = replace(self.intent, available_for_purchase_at=at)
        self.listing = replace(self.listing, available_for_purchase_at=at)


published = st.booleans().map(lambda value: ("published", value))
available = st.one_of(st.none(), moments).map(lambda value: ("available", value))
decided = st.sampled_from([None, CLOSE, HIDE]).map(lambda value: ("decided", value))
swept = st.just(("swept", None))


@given(
    st.booleans(),
    st.one_of(st.none(), moments),
    st.lists(st.one_of(published, available, decided, swept), max_size=40),
)
def test_whatever_happens_in_between_a_listing_ends_as_staff_last_set_it(
    is_published: bool, available_at: datetime.datetime | None, steps: list[tuple[str, object]]
) -> None:
    """The hook looks after everything that staff save; a decision may stand for a while before anybody looks."""
    shop = Shop(ListingState(1, 2, "main", is_published, available_at), None, Shown(is_published, available_at))
    for kind, value in steps:
        if kind == "published":
            assert isinstance(value, bool)
            shop.staff_publish(value)
            shop.look()
        elif kind == "available":
            assert value is None or isinstance(value, datetime.datetime)
            shop.staff_make_available(value)
            shop.look()
        elif kind == "decided":
            assert value is None or isinstance(value, Shut)
            shop.shut = value
        else:
            shop.look()
            if shop.shut is not None:
                assert shop.listing.available_for_purchase_at is None
                assert not (shop.shut.hides and shop.listing.is_published)
        settled = settle(shop.listing, shop.memory, shop.shut)
        if kind == "swept":
            assert not settled.has_to_be_written, "a second look writes something"
            assert settled.memory == shop.memory

    shop.shut = None
    shop.look()

    assert shop.listing.shown == shop.intent
    assert shop.memory is None


@given(
    st.lists(st.sampled_from(["edit", "edit", "look", "shut", "allow"]), max_size=30),
    st.lists(moments, min_size=31, max_size=31, unique=True),
)
def test_of_edits_that_no_hook_told_of_the_last_one_is_restored(
    steps: list[str], wishes: list[datetime.datetime]
) -> None:
    """Imports past the API: several edits before anybody looks."""
    shop = Shop(ListingState(1, 2, "main", True, wishes[0]), None, Shown(True, wishes[0]))
    for step, wish in zip(steps, wishes[1:], strict=False):
        if step == "edit":
            shop.staff_make_available(wish)
            shop.staff_publish(True)
        elif step == "look":
            shop.look()
        else:
            shop.shut = HIDE if step == "shut" else None

    shop.shut = None
    shop.look()

    assert shop.listing.shown == shop.intent


def test_a_listing_that_shows_nothing_to_shut_is_left_without_a_closure() -> None:
    settled = settle(ListingState(1, 2, "main", False, None), None, HIDE)
    assert (settled.has_to_be_written, settled.memory) == (False, None)


def test_a_form_saved_with_the_shut_values_changes_nothing() -> None:
    first = settle(ListingState(1, 2, "main", True, BASE, BASE), None, HIDE)
    again = settle(ListingState(1, 2, "main", False, None, BASE), first.memory, HIDE)
    assert again.memory == first.memory == Memory(True, Shown(True, BASE), BASE)


@pytest.mark.parametrize(
    ("shown_from", "wants"),
    [(BASE, True), (BASE + DAY, True), (None, False)],
    ids=["the same day", "another day", "the day was taken away"],
)
def test_a_hidden_listing_whose_day_of_publication_the_shop_takes_away_stays_unpublished(
    shown_from: datetime.datetime | None, wants: bool
) -> None:
    hidden = settle(ListingState(1, 2, "main", True, BASE, BASE), None, HIDE).memory
    seen = settle(ListingState(1, 2, "main", False, None, shown_from), hidden, HIDE).memory
    assert settle(ListingState(1, 2, "main", False, None, shown_from), seen, None).shows == Shown(wants, BASE)


def test_one_that_never_had_such_a_day_is_published_again() -> None:
    hidden = settle(ListingState(1, 2, "main", True, BASE, None), None, HIDE).memory
    assert settle(ListingState(1, 2, "main", False, None, None), hidden, None).shows == Shown(True, BASE)


def test_another_policy_meets_a_listing_that_is_shut_already() -> None:
    hidden = settle(ListingState(1, 2, "main", True, BASE), None, HIDE)
    closed = settle(replace(hidden.listing, is_published=False, available_for_purchase_at=None), hidden.memory, CLOSE)
    assert closed.shows == Shown(True, None)
    again = settle(ListingState(1, 2, "main", True, None), closed.memory, HIDE)
    assert (again.shows, again.memory) == (Shown(False, None), hidden.memory)
