"""The matrix and the markets at the desk: what was asked on days gone by is never rewritten."""

import datetime
from typing import Any

import pytest
from certification_world import AT, day
from desk_world import announcements

from ovop_certification import errors
from ovop_certification.models import Market, MarketChannel, MarketCountry, RecordedChange, Requirement
from ovop_certification.records import RequirementRow
from ovop_certification.services import MarketPolicy, market_places_set, market_policy_set, requirement_edit
from ovop_certification.services.requirements import RequirementAdd, RequirementChange, RequirementEnd
from ovop_shared import browsing
from ovop_shared.browsing import CatalogueKinds
from ovop_shared.errors import OvopError

pytestmark = pytest.mark.usefixtures("registry")

TODAY = AT.date()
DAY = datetime.timedelta(days=1)


def row(**changes: Any) -> RequirementRow:
    given: dict[str, Any] = {"market": "jp", "scheme": "eac", "from_on": TODAY, "category": "honey"}
    return RequirementRow(**given | changes)


def edit(*edits: Any) -> list[Requirement]:
    return requirement_edit(edits, actor="Bakyt", at=AT, reason="a new law")


def table() -> list[tuple[Any, ...]]:
    rows = Requirement.objects.order_by("market__code", "scheme__code", "from_on")
    return list(rows.values_list("market__code", "scheme__code", "from_on", "until_on", "grace_days", "effect"))


def food() -> Requirement:
    """Asked in Kyrgyzstan since 2020."""
    return Requirement.objects.get(market__code="kg", scheme__code="eac")


def change(requirement: Requirement, **changes: Any) -> RequirementChange:
    given = {"until_on": requirement.until_on, "grace_days": requirement.grace_days, "effect": requirement.effect}
    return RequirementChange(requirement.pk, **given | changes)


def test_something_new_is_asked_from_today_on_and_who_said_so_is_kept() -> None:
    with announcements():
        (new,) = edit(RequirementAdd(row(intended_use="gift", until_on=TODAY + DAY, grace_days=5, effect="warn")))

    assert (new.category, new.intended_use, new.from_on, new.grace_days, new.effect) == (
        "honey",
        "gift",
        TODAY,
        5,
        "warn",
    )
    kept = RecordedChange.objects.get()
    assert (kept.subject, kept.subject_pk, kept.actor, kept.reason) == ("requirement", new.pk, "Bakyt", "a new law")
    assert kept.facts["from_on"] == {"before": None, "after": TODAY.isoformat()}


@pytest.mark.parametrize(
    ("changes", "error", "field"),
    [
        ({"from_on": TODAY - DAY}, errors.InvalidDates, "from_on"),
        ({"until_on": TODAY - DAY}, errors.InvalidDates, "until_on"),
        ({"product_type": "x"}, errors.InvalidRequirement, "category"),
        ({"grace_days": 3651}, errors.InvalidRequirement, "grace_days"),
        ({"grace_days": -1}, errors.InvalidRequirement, "grace_days"),
        ({"effect": "shout"}, errors.InvalidRequirement, "effect"),
        ({"market": "fr"}, errors.UnknownMarket, "market"),
        ({"scheme": "x"}, errors.UnknownScheme, "scheme"),
        ({"category": "a\0"}, errors.InvalidText, "category"),
        ({"category": "hony"}, errors.InvalidRequirement, "category"),
        ({"category": "", "product_type": "ovop-fod"}, errors.InvalidRequirement, "product_type"),
        (
            {"market": "kg", "category": "", "product_type": "ovop-food"},
            errors.RequirementExists,
            "from_on",
        ),
    ],
)
def test_what_makes_no_sense_is_not_asked(changes: dict[str, Any], error: type[OvopError], field: str) -> None:
    before = table()

    with pytest.raises(error) as refusal:
        edit(RequirementAdd(row()), RequirementAdd(row(**changes | {"intended_use": ""})))

    assert refusal.value.field == field
    assert table() == before
    assert RecordedChange.objects.count() == 0


def test_the_same_may_be_asked_of_others_and_on_other_days() -> None:
    edit(RequirementAdd(row(until_on=TODAY + DAY)), RequirementAdd(row(from_on=TODAY + 2 * DAY)))
    edit(RequirementAdd(row(intended_use="gift")), RequirementAdd(row(category="jams")))

    for between in (TODAY + DAY, TODAY + 9 * DAY):
        with pytest.raises(errors.RequirementExists):
            edit(RequirementAdd(row(from_on=between)))


def test_a_requirement_of_the_past_ends_and_begins_anew_with_its_other_effect() -> None:
    edit(change(food(), effect="warn", grace_days=9))

    assert [each for each in table() if each[:2] == ("kg", "eac")] == [
        ("kg", "eac", day("2020-01-01"), TODAY - DAY, None, "block"),
        ("kg", "eac", TODAY, None, 9, "warn"),
    ]
    assert RecordedChange.objects.count() == 2


def test_its_last_day_alone_is_set_in_place_but_not_before_yesterday() -> None:
    edit(change(food(), until_on=TODAY + DAY))
    edit(RequirementEnd(food().pk, TODAY - DAY))

    assert food().until_on == TODAY - DAY
    for again in (
        change(food(), until_on=None),
        change(food(), effect="warn"),
        RequirementEnd(food().pk, TODAY - 2 * DAY),
    ):
        with pytest.raises(errors.RequirementEnded):
            edit(again)
    assert RecordedChange.objects.count() == 2


@pytest.mark.parametrize("wanted", ["change", "end", "change of effect"])
def test_days_gone_by_are_not_taken_out(wanted: str) -> None:
    early = TODAY - 2 * DAY
    edits = {
        "change": change(food(), until_on=early),
        "end": RequirementEnd(food().pk, early),
        "change of effect": change(food(), until_on=TODAY - DAY, effect="warn"),
    }

    with pytest.raises(errors.InvalidDates):
        edit(edits[wanted])

    assert (food().until_on, food().effect) == (None, "block")


def test_what_has_not_begun_is_rewritten_and_taken_out() -> None:
    (new,) = edit(RequirementAdd(row(from_on=TODAY + 5 * DAY)))

    edit(change(new, effect="warn", grace_days=3))
    new.refresh_from_db()
    assert (new.effect, new.grace_days, new.from_on) == ("warn", 3, TODAY + 5 * DAY)
    edit(RequirementEnd(new.pk, TODAY))

    assert not Requirement.objects.filter(pk=new.pk).exists()


def test_the_same_edit_again_writes_nothing() -> None:
    edit(change(food(), until_on=TODAY))
    count = RecordedChange.objects.count()

    assert edit(change(food(), until_on=TODAY), RequirementEnd(food().pk, TODAY)) == []
    assert RecordedChange.objects.count() == count


def test_unknown_and_anonymous_edits_are_refused() -> None:
    for pk in (0, 10**30):
        with pytest.raises(errors.UnknownRequirement):
            edit(RequirementEnd(pk, TODAY))
    with pytest.raises(errors.ReasonRequired):
        requirement_edit([RequirementAdd(row())], actor=" ", at=AT)


# Markets

POLICY = MarketPolicy("hide", "honour", "flag", 14)


def test_a_markets_policy_is_set_once_and_kept() -> None:
    assert market_policy_set("kg", POLICY, actor="Bakyt", at=AT)
    assert not market_policy_set("kg", POLICY, actor="Bakyt", at=AT)

    market = Market.objects.get(code="kg")
    assert (market.on_uncertified, market.on_lapsed, market.on_bypassed, market.grace_days) == (
        "hide",
        "honour",
        "flag",
        14,
    )
    assert RecordedChange.objects.get().facts["grace_days"] == {"before": 0, "after": 14}


@pytest.mark.parametrize(
    ("policy", "field"),
    [
        (MarketPolicy("burn", "hold", "hold", 0), "on_uncertified"),
        (MarketPolicy("hide", "flag", "hold", 0), "on_lapsed"),
        (MarketPolicy("hide", "hold", "honour", 0), "on_bypassed"),
        (MarketPolicy("hide", "hold", "hold", -1), "grace_days"),
        (MarketPolicy("hide", "hold", "hold", 3651), "grace_days"),
    ],
)
def test_a_policy_that_there_is_not_is_refused(policy: MarketPolicy, field: str) -> None:
    with pytest.raises(errors.InvalidPolicy) as refusal:
        market_policy_set("kg", policy, actor="Bakyt", at=AT)

    assert refusal.value.field == field
    assert RecordedChange.objects.count() == 0


def places(code: str, channels: set[str], countries: set[str]) -> bool:
    return market_places_set(code, channels=channels, countries=countries, actor="Bakyt", at=AT)


def test_a_market_holds_for_exactly_the_channels_and_countries_it_is_given() -> None:
    assert places("kg", {"kgs", "fairs"}, {"uz", "KZ"})
    assert not places("kg", {"fairs", "kgs"}, {"KZ", "UZ"})

    assert set(MarketChannel.objects.values_list("market__code", "channel")) == {("kg", "kgs"), ("kg", "fairs")}
    assert set(MarketCountry.objects.values_list("market__code", "country")) == {
        ("kg", "UZ"),
        ("kg", "KZ"),
        ("jp", "JP"),
    }


@pytest.mark.parametrize(
    ("code", "channels", "countries", "error"),
    [
        ("fr", set(), set(), errors.UnknownMarket),
        ("a\0", set(), set(), errors.UnknownMarket),
        ("jp", {"kgs"}, set(), errors.ChannelInTwoMarkets),
        ("jp", set(), {"KG"}, errors.ChannelInTwoMarkets),
        ("jp", set(), {"XX"}, errors.InvalidMarket),
        ("jp", set(), {"Japan"}, errors.InvalidMarket),
        ("jp", {" "}, set(), errors.InvalidMarket),
        ("jp", {"a\0"}, set(), errors.InvalidText),
    ],
)
def test_places_of_others_and_none_at_all_are_refused(
    code: str, channels: set[str], countries: set[str], error: type[OvopError]
) -> None:
    with pytest.raises(error):
        places(code, channels, countries)

    assert MarketChannel.objects.count() == 1
    assert MarketCountry.objects.count() == 2


class ShopOfOneChannel:
    def kinds(self) -> CatalogueKinds:
        return CatalogueKinds(channels=(("kgs", "Som"),))


def test_a_channel_that_the_shop_does_not_have_is_a_slip_of_the_pen(monkeypatch: pytest.MonkeyPatch) -> None:
    places("kg", {"kgs", "fairs"}, set())
    monkeypatch.setattr(browsing, "_host", [ShopOfOneChannel()])

    with pytest.raises(errors.InvalidMarket) as refusal:
        places("kg", {"kgs", "fairs", "kgz"}, set())

    assert (refusal.value.field, "'kgz'" in refusal.value.message) == ("channels", True)
    assert places("kg", {"fairs"}, set())  # what it has had it may keep, or give up
