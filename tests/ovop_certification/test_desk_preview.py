"""What an edit of the matrix would close and open, told before it is made: and it comes true when it is."""

import datetime
from typing import Any

import pytest
from certification_world import AT, HONEY, JAM, JUICE, PRODUCTS, SLIPPERS

from ovop_certification.models import Requirement
from ovop_certification.records import RequirementRow
from ovop_certification.selectors import decide
from ovop_certification.services import requirement_edit
from ovop_certification.services.requirement_preview import RequirementPreview, requirement_preview
from ovop_certification.services.requirements import RequirementAdd, RequirementChange, RequirementEdit, RequirementEnd
from ovop_shared.catalogue import host_catalogue

pytestmark = pytest.mark.usefixtures("registry")

TODAY = AT.date()
DAY = datetime.timedelta(days=1)


def row(**changes: Any) -> RequirementRow:
    return RequirementRow(
        **{"market": "kg", "scheme": "brand", "from_on": TODAY, "product_type": "ovop-felt"} | changes
    )


def preview(*edits: RequirementEdit) -> RequirementPreview:
    return requirement_preview(edits, catalogue=host_catalogue(), at=AT)


def food() -> Requirement:
    return Requirement.objects.get(market__code="kg", scheme__code="eac")


def lines(found: Any) -> list[tuple[int, str, list[str]]]:
    return [(line.product.pk, line.place, [str(reason.code) for reason in line.reasons]) for line in found]


def allowed(at: datetime.datetime) -> set[int]:
    found = decide(PRODUCTS, channel_slug="kgs", country_code=None, at=at)
    return {pk for pk, decision in found.items() if decision.allowed}


EDITS: dict[str, Any] = {
    "asked from today": lambda: RequirementAdd(row()),
    "asked later": lambda: RequirementAdd(row(from_on=TODAY + 30 * DAY)),
    "asked of everything": lambda: RequirementAdd(row(product_type="")),
    "only a warning": lambda: RequirementAdd(row(effect="warn")),
    "warn from now on": lambda: RequirementChange(food().pk, None, 0, "warn"),
    "ends today": lambda: RequirementEnd(food().pk, TODAY),
    "ended yesterday": lambda: RequirementEnd(food().pk, TODAY - DAY),
    "nothing": lambda: RequirementChange(food().pk, None, 0, "block"),
}


@pytest.mark.parametrize("name", EDITS)
def test_what_is_told_comes_true_and_nothing_is_written_before(name: str) -> None:
    stored = list(Requirement.objects.values())
    edit = EDITS[name]()

    told = preview(edit)

    assert list(Requirement.objects.values()) == stored
    before = allowed(told.at)
    requirement_edit([edit], actor="Bakyt", at=AT)
    after = allowed(told.at)
    assert {pk for pk, _, _ in lines(told.closes)} == before - after
    assert {pk for pk, _, _ in lines(told.opens)} == after - before
    assert (told.closes_count, told.opens_count) == (len(before - after), len(after - before))


def test_it_names_product_channel_and_reason_at_the_first_moment_that_differs() -> None:
    told = preview(RequirementAdd(row(from_on=TODAY + DAY)), RequirementEnd(food().pk, TODAY + DAY))

    assert lines(told.closes) == [(SLIPPERS, "kgs", ["missing"])]
    assert told.opens == ()
    assert told.at == datetime.datetime.combine(TODAY + DAY, datetime.time.min, tzinfo=AT.tzinfo)


def test_an_end_opens_what_was_refused() -> None:
    told = preview(RequirementEnd(food().pk, TODAY - DAY))

    assert lines(told.opens) == [(JUICE, "kgs", ["missing"]), (JAM, "kgs", ["suspended"])]
    assert told.looked_at == 3
    assert told.at == AT


def test_a_market_without_channels_is_told_by_its_destinations() -> None:
    told = preview(RequirementEnd(Requirement.objects.get(market__code="jp").pk, TODAY - DAY))

    assert {(line.product.pk, line.place, line.is_destination) for line in told.opens} == {
        (HONEY, "JP", True),
        (JUICE, "JP", True),
        (JAM, "JP", True),
    }
