"""Minor units: allocating, rounding, reading and writing them."""

from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ovop_shared.languages import LANGUAGE_TAGS
from ovop_shared.money import (
    MINOR_DIGITS,
    AmountNotRepresentable,
    Money,
    NothingToAllocateTo,
    UnsupportedCurrency,
    allocate,
    format_minor,
    minor_digits,
    round_half_up,
    to_decimal,
    to_minor,
)

WEIGHTS = st.dictionaries(st.text(max_size=3), st.integers(0, 10**6), max_size=12)


@pytest.mark.parametrize(
    ("total", "weights", "parts"),
    [
        (100, {"a": 1, "b": 1, "c": 1}, {"a": 34, "b": 33, "c": 33}),
        (100, {"c": 1, "b": 1, "a": 1}, {"c": 34, "b": 33, "a": 33}),
        (10_000, {"a": 3334, "b": 3333, "c": 3333}, {"a": 3334, "b": 3333, "c": 3333}),
        (10, {"a": 1, "b": 2}, {"a": 3, "b": 7}),
        (1, {"a": 1, "b": 2}, {"a": 0, "b": 1}),
        (2, {"a": 1, "b": 1, "c": 1}, {"a": 1, "b": 1, "c": 0}),
        (-100, {"a": 1, "b": 1, "c": 1}, {"a": -34, "b": -33, "c": -33}),
        (7, {"a": 0, "b": 1}, {"a": 0, "b": 7}),
        (0, {"a": 1, "b": 0}, {"a": 0, "b": 0}),
        (0, {"a": 0}, {"a": 0}),
        (0, {}, {}),
    ],
)
def test_an_amount_is_allocated_by_largest_remainder_ties_in_the_given_order(
    total: int, weights: Mapping[str, int], parts: Mapping[str, int]
) -> None:
    assert list(allocate(total, weights).items()) == list(parts.items())


@given(st.integers(-(10**15), 10**15), WEIGHTS)
def test_the_parts_add_up_and_none_is_off_by_a_whole_unit(total: int, weights: dict[str, int]) -> None:
    whole = sum(weights.values())
    if not whole:
        return

    parts = allocate(total, weights)

    assert sum(parts.values()) == total
    assert all(abs(part - Fraction(total * weights[key], whole)) < 1 for key, part in parts.items())
    assert all(parts[key] == 0 for key, weight in weights.items() if weight == 0)


@given(st.integers(0, 10**15), WEIGHTS)
def test_a_refund_is_the_mirror_image_of_the_payment(total: int, weights: dict[str, int]) -> None:
    if sum(weights.values()):
        assert allocate(-total, weights) == {key: -part for key, part in allocate(total, weights).items()}


@given(st.integers(-(10**9), 10**9), WEIGHTS, st.integers(1, 1_000))
def test_only_the_proportion_of_the_weights_counts(total: int, weights: dict[str, int], factor: int) -> None:
    if sum(weights.values()):
        assert allocate(total, {key: weight * factor for key, weight in weights.items()}) == allocate(total, weights)


@pytest.mark.parametrize(("total", "weights"), [(1, {}), (-1, {"a": 0}), (5, {"a": 0, "b": 0})])
def test_an_amount_that_has_nobody_to_go_to_is_refused(total: int, weights: Mapping[str, int]) -> None:
    with pytest.raises(NothingToAllocateTo) as refusal:
        allocate(total, weights)

    assert (refusal.value.code, refusal.value.params) == ("nothing_to_allocate_to", {"total_minor": total})


@pytest.mark.parametrize("weights", [{"a": -1}, {"a": 2, "b": -1}])
def test_a_negative_weight_is_a_mistake_of_the_caller(weights: Mapping[str, int]) -> None:
    with pytest.raises(ValueError, match="negative"):
        allocate(1, weights)


@pytest.mark.parametrize(
    ("exact", "rounded"),
    [
        (Fraction(1, 2), 1),
        (Fraction(49, 100), 0),
        (Fraction(3, 2), 2),
        (Fraction(5, 2), 3),
        (Fraction(-1, 2), -1),
        (Fraction(-3, 2), -2),
        (Fraction(-49, 100), 0),
        (Fraction(7), 7),
        (Fraction(0), 0),
    ],
)
def test_halves_are_rounded_away_from_zero(exact: Fraction, rounded: int) -> None:
    assert round_half_up(exact) == rounded


@given(st.fractions())
def test_a_rounded_amount_is_never_off_by_more_than_a_half(exact: Fraction) -> None:
    rounded = round_half_up(exact)

    assert abs(rounded - exact) <= Fraction(1, 2)
    assert round_half_up(-exact) == -rounded


@pytest.mark.parametrize(
    ("amount", "currency", "minor"),
    [
        ("12.34", "KGS", 1_234),
        ("12.340", "KGS", 1_234),
        ("12", "UZS", 1_200),
        ("1E+2", "KZT", 10_000),
        ("-0.01", "TJS", -1),
        ("1500", "JPY", 1_500),
        ("1500.000", "JPY", 1_500),
        ("90071992547409.93", "USD", 9_007_199_254_740_993),
    ],
)
def test_a_decimal_amount_becomes_minor_units_exactly(amount: str, currency: str, minor: int) -> None:
    assert to_minor(Decimal(amount), currency) == minor


@pytest.mark.parametrize(("amount", "currency"), [("0.005", "KGS"), ("12.345", "USD"), ("0.5", "JPY")])
def test_an_amount_finer_than_its_currency_is_refused_not_rounded(amount: str, currency: str) -> None:
    with pytest.raises(AmountNotRepresentable) as refusal:
        to_minor(Decimal(amount), currency)

    assert (refusal.value.code, refusal.value.field) == ("amount_not_representable", "amount")
    assert refusal.value.params == {"amount": amount, "currency": currency}


@given(st.integers(-(10**18), 10**18), st.sampled_from(sorted(MINOR_DIGITS)))
def test_minor_units_come_back_from_the_decimal_amount(minor: int, currency: str) -> None:
    assert to_minor(to_decimal(minor, currency), currency) == minor


@pytest.mark.parametrize("currency", ["XAU", "kgs", "", "BHD"])
def test_a_currency_whose_minor_unit_is_not_known_is_refused(currency: str) -> None:
    for use in (
        lambda: minor_digits(currency),
        lambda: Money(1, currency),
        lambda: to_minor(Decimal(1), currency),
        lambda: format_minor(1, currency),
    ):
        with pytest.raises(UnsupportedCurrency) as refusal:
            use()
        assert (refusal.value.code, refusal.value.field) == ("unsupported_currency", "currency")


@pytest.mark.parametrize(
    ("minor", "currency", "language", "written"),
    [
        (123_456_789, "KGS", "en", "1,234,567.89\xa0KGS"),
        (-5, "KGS", "en", "-0.05\xa0KGS"),
        (0, "USD", "en", "0.00\xa0USD"),
        (1_234_567, "JPY", "ja", "1,234,567\xa0JPY"),
        (123_456, "KGS", "ru", "1\xa0234,56\xa0KGS"),
        (123_456, "KGS", "ky", "1\xa0234,56\xa0KGS"),
        (123_456, "UZS", "uz-Latn", "1\xa0234,56\xa0UZS"),
        (123_456, "UZS", "kaa-Latn", "1\xa0234,56\xa0UZS"),
        (123_456, "KGS", "no-such-language", "1\xa0234,56\xa0KGS"),
    ],
)
def test_an_amount_is_written_as_people_of_the_language_write_it(
    minor: int, currency: str, language: str, written: str
) -> None:
    assert format_minor(minor, currency, language) == written


@given(st.integers(-(10**17), 10**17), st.sampled_from(sorted(MINOR_DIGITS)), st.sampled_from(LANGUAGE_TAGS))
def test_no_digit_of_an_amount_is_lost_when_it_is_written(minor: int, currency: str, language: str) -> None:
    written = format_minor(minor, currency, language)

    assert "".join(filter(str.isdigit, written)).lstrip("0") == str(abs(minor)).lstrip("0")
    assert written.endswith(f"\xa0{currency}")
