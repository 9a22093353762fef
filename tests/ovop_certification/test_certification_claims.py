"""What may be claimed of a product: nothing that has lapsed, and nothing that only some of its makers hold."""

import datetime

import pytest
from certification_world import AT, HONEY, JAM, JUICE, SLIPPERS, certificate_row, day, event_row, moment

from ovop_certification.badges import certificates_about, claims_of_products, products_whose_dates_passed
from ovop_certification.models import Certificate, HolderKind, Requirement
from ovop_certification.rules import Status
from ovop_certification.services import certificate_register
from ovop_origin import services as origin
from ovop_origin.records import MembershipRow, PlaceRow, ProducerRow

pytestmark = pytest.mark.usefixtures("registry")


@pytest.fixture
def makers(db: None) -> None:
    """The slippers are made by `ak` and `chiy`, of which `chiy` is a member of the group `group`."""
    for place in (
        PlaceRow("country", "KG", {}, code_scheme="iso3166-1"),
        PlaceRow("region", "KG-Y", {"en": "Issyk-Kul"}, code_scheme="iso3166-2", parent="KG"),
        PlaceRow("district", "KG-Y-d", {"en": "District"}, parent="KG-Y"),
        PlaceRow("village", "KG-Y-v", {"en": "Village"}, parent="KG-Y-d"),
    ):
        origin.place_save(place, at=AT)
    for code, kind in (("ak", "household"), ("chiy", "household"), ("group", "group")):
        origin.producer_save(ProducerRow(code, kind, "KG-Y-v", "ky", {"ky": code}), at=AT)
    origin.product_origin_set(SLIPPERS, "KG-Y-v", {"ak": 5_000, "chiy": 5_000}, at=AT)


def claimed(product: int, at: datetime.datetime = AT) -> list[str]:
    return [each.number for each in claims_of_products([product], at).get(product, ())]


def hold(kind: HolderKind, holder: str, number: str, **changes: object) -> Certificate:
    return certificate_register(
        certificate_row(holder_kind=kind, holder_ref=holder, number=number, scheme="brand", **changes)
    )


def test_only_what_is_valid_is_claimed() -> None:
    assert claimed(HONEY) == ["EAC-1"]
    assert claimed(JAM) == []  # suspended
    assert claimed(JUICE) == []
    assert claimed(HONEY, moment("2025-12-31 23:59:59")) == ["EAC-1"]
    assert claimed(HONEY, moment("2026-01-01")) == []
    assert [each.status for each in certificates_about([JAM], AT)[JAM]] == [Status.SUSPENDED]


def test_one_makers_certificate_says_nothing_of_what_another_made(makers: None) -> None:
    hold(HolderKind.PRODUCER, "ak", "A/1")
    assert claimed(SLIPPERS) == []

    hold(HolderKind.PRODUCER, "chiy", "C/1")
    assert claimed(SLIPPERS) == ["A/1", "C/1"]
    assert claimed(SLIPPERS, moment("2024-12-31")) == []


def test_a_group_holds_for_its_members_and_only_while_they_are(makers: None) -> None:
    origin.membership_save(MembershipRow("group", "chiy", day("2025-01-01"), day("2025-12-31")), at=AT)
    hold(HolderKind.PRODUCER, "ak", "A/1")
    hold(HolderKind.GROUP, "group", "G/1")

    assert claimed(SLIPPERS) == ["A/1", "G/1"]
    assert claimed(SLIPPERS, moment("2026-01-01")) == []


def test_a_certificate_that_names_the_product_is_of_the_whole(makers: None) -> None:
    hold(HolderKind.PRODUCER, "ak", "A/1", products=frozenset({str(SLIPPERS)}))
    assert claimed(SLIPPERS) == ["A/1"]


@pytest.mark.parametrize(
    ("since", "until", "concerned"),
    [
        ("2025-12-31 12:00", "2025-12-31 23:59:59", []),
        ("2025-12-31 12:00", "2026-01-01", [HONEY]),
        ("2025-12-31 23:59", "2026-03-01 07:00", [HONEY]),
        ("2026-01-01", "2026-01-02", []),
        ("2024-12-31 12:00", "2025-01-01 00:00", [HONEY, JAM]),
    ],
)
def test_a_day_that_was_reached_concerns_the_products_of_its_certificates(
    since: str, until: str, concerned: list[int]
) -> None:
    assert products_whose_dates_passed(moment(since), moment(until)) == concerned


def test_an_event_dated_ahead_is_reached_too() -> None:
    certificate_register(
        certificate_row(events=(event_row("applied", "2025-02-01"), event_row("issued", "2025-06-20 10:00")))
    )
    assert products_whose_dates_passed(AT, moment("2025-06-20 09:59")) == []
    assert products_whose_dates_passed(AT, moment("2025-06-20 10:00")) == [JUICE]


def test_a_requirements_day_may_concern_any_product() -> None:
    Requirement.objects.filter(scheme__code="brand").update(until_on=day("2025-06-20"))
    assert products_whose_dates_passed(AT, moment("2025-06-20 23:59")) == []
    assert products_whose_dates_passed(AT, moment("2025-06-21")) is None
