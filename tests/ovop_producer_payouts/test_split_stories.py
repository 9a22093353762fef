"""Splits told as stories, with the numbers a person can check by hand."""

import pytest
from payouts_world import line, order, terms

from ovop_producer_payouts.snapshot import OrderState
from ovop_producer_payouts.split import Base, LineTerms, PostingKey, Step, difference, line_split, order_targets

AK_KIYIZ = "producer:ak-kiyiz:payable"


def step(code: str, account: str, **changes: object) -> Step:
    return Step(code, {"en": code}, account, **changes)  # type: ignore[arg-type]


COMMISSION = step("commission", "outlet:{outlet}:commission", rate_bp=1500)
FUND = step("fund", "village:{village}:fund", rate_bp=500)
FEE = step("fee", "association:fee", rate_bp=1500)
PACKAGING = step("packaging", "costs:packaging", per_unit_minor=1500)


def split_of(*args: object, **options: object) -> dict[str, int]:
    """Account -> part of the line's price."""
    parts = line_split(*args, **options)  # type: ignore[arg-type]
    assert len({key.account for key in parts}) == len(parts)
    return {key.account: amount for key, amount in parts.items()}


def targets_of(snapshot: object, by_line: object) -> dict[tuple[str, str, str], int]:
    targets = order_targets(snapshot, by_line)  # type: ignore[arg-type]
    return {(key.account, key.line_id, key.step): amount for key, amount in targets.items()}


def test_of_a_hundred_som_the_maker_gets_85_and_the_association_15() -> None:
    assert split_of(line(gross_minor=10_000), terms(FEE), "KG") == {"association:fee": 1_500, AK_KIYIZ: 8_500}


def test_every_part_of_an_order_stands_on_its_account_with_its_line_and_step() -> None:
    targets = targets_of(
        order(line(gross_minor=11_200, net_minor=10_000), shipping_gross_minor=560, shipping_net_minor=500),
        {"l1": terms(COMMISSION, FUND)},
    )

    assert targets == {
        ("psp:clearing", "", "payment"): 11_760,
        ("tax:KG", "l1", "tax"): -1_200,
        ("outlet:karakol:commission", "l1", "commission"): -1_500,
        ("village:KG-Y-barskoon:fund", "l1", "fund"): -500,
        (AK_KIYIZ, "l1", "makers"): -8_000,
        ("shipping", "", "shipping"): -500,
        ("tax:KG", "", "tax"): -60,
    }


def test_three_makers_of_a_hundred_som_get_3334_3333_and_3333_tyiyn() -> None:
    equal = terms(makers={"b": 1, "a": 1, "c": 1})

    assert split_of(line(), equal, "KG") == {
        "producer:b:payable": 3_334,
        "producer:a:payable": 3_333,
        "producer:c:payable": 3_333,
    }


def test_two_units_left_over_go_to_the_two_largest_remainders() -> None:
    uneven = terms(makers={"a": 5, "b": 3, "c": 3})  # 100 tyiyn: 45.45, 27.27, 27.27

    assert split_of(line(gross_minor=100), uneven, "KG") == {
        "producer:a:payable": 46,
        "producer:b:payable": 27,
        "producer:c:payable": 27,
    }


def test_packaging_of_three_pieces_is_taken_three_times() -> None:
    assert split_of(line(quantity=3), terms(PACKAGING), "KG") == {"costs:packaging": 4_500, AK_KIYIZ: 5_500}


def test_packaging_dearer_than_what_is_left_takes_what_is_left_and_no_more() -> None:
    cheap = line(gross_minor=2_000, quantity=2)

    assert split_of(cheap, terms(COMMISSION, PACKAGING, FUND), "KG") == {
        "outlet:karakol:commission": 300,
        "costs:packaging": 1_700,
    }


def test_yen_have_no_minor_digits_and_a_half_yen_is_rounded_up() -> None:
    # 15 % of 333 yen are 49.95, 5 % are 16.65
    in_yen = line(gross_minor=333)

    assert split_of(in_yen, terms(COMMISSION, FUND), "JP") == {
        "outlet:karakol:commission": 50,
        "village:KG-Y-barskoon:fund": 17,
        AK_KIYIZ: 266,
    }
    assert split_of(line(gross_minor=10), terms(FUND), "JP") == {"village:KG-Y-barskoon:fund": 1, AK_KIYIZ: 9}


def test_a_line_that_costs_nothing_has_no_parts() -> None:
    free = line(gross_minor=0)

    assert split_of(free, terms(COMMISSION, PACKAGING), "KG") == {}
    assert order_targets(order(free), {"l1": terms(COMMISSION)}) == {}


def test_tax_included_in_the_price_goes_to_the_country_of_destination_before_anybody_takes_a_part() -> None:
    taxed = line(gross_minor=11_200, net_minor=10_000)

    assert split_of(taxed, terms(COMMISSION), "KZ") == {
        "tax:KZ": 1_200,
        "outlet:karakol:commission": 1_500,
        AK_KIYIZ: 8_500,
    }


@pytest.mark.parametrize(("base", "second_fee"), [(Base.GROSS, 1_120), (Base.NET, 1_000), (Base.REST, 850)])
def test_a_percentage_is_of_the_gross_price_the_net_price_or_what_is_left(base: Base, second_fee: int) -> None:
    taxed = line(gross_minor=11_200, net_minor=10_000)
    second = step("second", "association:fee", base=base, rate_bp=1_000)

    assert split_of(taxed, terms(COMMISSION, second), "KG")["association:fee"] == second_fee


def test_percentages_of_the_gross_price_never_reach_into_the_tax() -> None:
    nearly_all = step("all", "association:fee", base=Base.GROSS, rate_bp=10_000)

    assert split_of(line(gross_minor=11_200, net_minor=10_000), terms(nearly_all), "KG") == {
        "tax:KG": 1_200,
        "association:fee": 10_000,
    }


def test_without_an_outlet_its_commission_stays_with_the_makers() -> None:
    assert split_of(line(), terms(COMMISSION, FUND, outlet=""), "KG") == {
        "village:KG-Y-barskoon:fund": 500,
        AK_KIYIZ: 9_500,
    }


def test_without_a_village_its_fund_stays_with_the_makers() -> None:
    assert split_of(line(), terms(COMMISSION, FUND, village_code=""), "KG") == {
        "outlet:karakol:commission": 1_500,
        AK_KIYIZ: 8_500,
    }


def test_what_nobody_is_known_to_have_made_waits_unassigned() -> None:
    assert split_of(line(), terms(FEE, makers={}), "KG") == {"association:fee": 1_500, "association:unassigned": 8_500}
    assert split_of(line(), terms(rule_code=""), "KG") == {"association:unassigned": 10_000}
    taxed = line(gross_minor=112, net_minor=100)
    nobody_known = LineTerms("", 0, (), (), "", "karakol")
    assert split_of(taxed, nobody_known, "KG") == {"tax:KG": 12, "association:unassigned": 100}
    assert not nobody_known.is_resolved


def test_a_lump_sum_refund_takes_the_same_part_of_every_line_and_of_the_shipping() -> None:
    targets = targets_of(
        order(line("l1", 6_000), line("l2", 3_000), shipping_gross_minor=1_000, held_minor=5_000),
        {"l1": terms(FEE), "l2": terms(makers={"boyan": 1})},
    )

    assert targets == {
        ("psp:clearing", "", "payment"): 5_000,
        ("association:fee", "l1", "fee"): -450,
        (AK_KIYIZ, "l1", "makers"): -2_550,
        ("producer:boyan:payable", "l2", "makers"): -1_500,
        ("shipping", "", "shipping"): -500,
    }


def test_a_refund_that_names_its_line_is_borne_by_that_line_alone() -> None:
    targets = targets_of(
        order(line("l1", 6_000, refunded_minor=6_000), line("l2", 4_000), held_minor=4_000),
        {"l1": terms(), "l2": terms(makers={"boyan": 1})},
    )

    assert targets == {("psp:clearing", "", "payment"): 4_000, ("producer:boyan:payable", "l2", "makers"): -4_000}


def test_refunded_shipping_is_borne_by_the_shipping_alone() -> None:
    targets = targets_of(
        order(line(), shipping_gross_minor=1_000, shipping_refunded_minor=1_000, held_minor=10_000), {"l1": terms()}
    )

    assert targets == {("psp:clearing", "", "payment"): 10_000, (AK_KIYIZ, "l1", "makers"): -10_000}


def test_a_unit_that_tax_and_price_have_an_equal_right_to_is_the_taxs() -> None:
    half_tax = {"gross_minor": 2, "net_minor": 1}
    of_shipping = order(shipping_gross_minor=2, shipping_net_minor=1, held_minor=1)

    assert targets_of(order(line(**half_tax), held_minor=1), {"l1": terms()})["tax:KG", "l1", "tax"] == -1
    assert targets_of(of_shipping, {})["tax:KG", "", "tax"] == -1


def test_a_named_refund_that_never_left_the_house_is_owed_to_the_customer() -> None:
    targets = targets_of(order(line(refunded_minor=4_000), held_minor=10_000), {"l1": terms()})

    assert targets == {
        ("psp:clearing", "", "payment"): 10_000,
        (AK_KIYIZ, "l1", "makers"): -6_000,
        ("customer:prepaid", "", "prepaid"): -4_000,
    }


def test_what_was_paid_too_much_belongs_to_the_customer() -> None:
    targets = targets_of(order(line(), held_minor=10_001), {"l1": terms()})

    assert targets == {
        ("psp:clearing", "", "payment"): 10_001,
        (AK_KIYIZ, "l1", "makers"): -10_000,
        ("customer:prepaid", "", "prepaid"): -1,
    }


@pytest.mark.parametrize("state", [OrderState.UNCONFIRMED, OrderState.CANCELLED])
def test_money_for_an_order_that_is_no_sale_belongs_to_the_customer(state: OrderState) -> None:
    targets = targets_of(order(line(), state=state, gift_card_minor=300, held_minor=9_700), {"l1": terms()})

    assert targets == {
        ("psp:clearing", "", "payment"): 9_700,
        ("customer:prepaid", "", "prepaid"): -9_700,
    }


def test_what_was_given_back_beyond_the_payment_is_owed_by_the_customer() -> None:
    assert targets_of(order(line(), held_minor=-2_500), {"l1": terms()}) == {
        ("psp:clearing", "", "payment"): -2_500,
        ("customer:prepaid", "", "prepaid"): 2_500,
    }


def test_a_gift_card_pays_like_money_and_was_the_customers_before() -> None:
    assert targets_of(order(line(), held_minor=7_000, gift_card_minor=3_000), {"l1": terms()}) == {
        ("psp:clearing", "", "payment"): 7_000,
        ("customer:prepaid", "", "payment"): 3_000,
        (AK_KIYIZ, "l1", "makers"): -10_000,
    }


def test_nothing_paid_means_nothing_to_post() -> None:
    assert order_targets(order(line(), held_minor=0), {"l1": terms()}) == {}


def test_the_difference_is_what_is_missing_and_takes_back_what_is_too_much() -> None:
    here, there = PostingKey("psp:clearing", "", "payment"), PostingKey(AK_KIYIZ, "l1", "makers")

    assert difference({here: 5, there: -5}, {here: 3, there: -3}) == {here: 2, there: -2}
    assert difference({}, {here: 3, there: -3}) == {here: -3, there: 3}
    assert difference({here: 3}, {here: 3}) == {}
