"""What holds for every order, whatever was sold, paid and given back; and equality with the auditor."""

import random
from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction

import auditor
import pytest
from hypothesis import given
from hypothesis import strategies as st
from payouts_world import examples, line, order, terms

from ovop_producer_payouts.snapshot import LineSnapshot, OrderSnapshot, OrderState
from ovop_producer_payouts.split import Base, LineTerms, Parts, Step, line_split, order_targets
from ovop_shared.money import allocate

AMOUNTS = st.one_of(st.sampled_from([0, 1, 2, 3, 99, 100, 101, 9_999, 10_000]), st.integers(0, 10**9))
ACCOUNTS = ["association:fee", "village:{village}:fund", "outlet:{outlet}:commission", "costs:packaging", "shipping"]


@st.composite
def rules_of_lines(draw: st.DrawFn) -> LineTerms:
    steps = [
        Step(f"step-{position}", {"en": "A step"}, account, base, rate_bp, None if rate_bp else per_unit_minor)
        for position, (account, base, rate_bp, per_unit_minor) in enumerate(
            draw(
                st.lists(
                    st.tuples(
                        st.sampled_from(ACCOUNTS),
                        st.sampled_from(Base),
                        st.none() | st.integers(1, 10_000),
                        st.integers(1, 2_000),
                    ),
                    max_size=5,
                )
            )
        )
    ]
    makers = {f"p{number}": share for number, share in enumerate(draw(st.lists(st.integers(1, 10_000), max_size=5)))}
    return terms(
        *steps,
        makers=makers,
        rule_code=draw(st.sampled_from(["standard", "standard", "standard", ""])),
        village_code=draw(st.sampled_from(["KG-Y-barskoon", ""])),
        outlet=draw(st.sampled_from(["karakol", ""])),
    )


@st.composite
def sold_lines(draw: st.DrawFn, line_id: str = "l1") -> LineSnapshot:
    gross_minor = draw(AMOUNTS)
    net_minor = draw(st.one_of(st.just(gross_minor), st.integers(0, gross_minor)))
    return line(line_id, gross_minor, net_minor, quantity=draw(st.integers(0, 20)))


@st.composite
def orders(draw: st.DrawFn, *, is_refunded: bool = True) -> tuple[OrderSnapshot, dict[str, LineTerms]]:
    """An open order, anything paid, with the terms of its lines."""
    lines = [draw(sold_lines(f"l{number}")) for number in range(draw(st.integers(0, 5)))]
    if is_refunded:
        lines = [replace(each, refunded_minor=draw(_refunds(each.gross_minor))) for each in lines]
    shipping_gross_minor = draw(AMOUNTS)
    shipping_net_minor = draw(st.one_of(st.just(shipping_gross_minor), st.integers(0, shipping_gross_minor)))
    total = sum(each.gross_minor for each in lines) + shipping_gross_minor
    snapshot = order(
        *lines,
        held_minor=draw(st.one_of(st.just(total), st.just(total // 2), st.integers(-total - 5, 2 * total + 5))),
        gift_card_minor=draw(st.one_of(st.just(0), st.integers(0, total + 5))),
        shipping_gross_minor=shipping_gross_minor,
        shipping_net_minor=shipping_net_minor,
        shipping_refunded_minor=draw(_refunds(shipping_gross_minor)) if is_refunded else 0,
    )
    return snapshot, {each.line_id: draw(rules_of_lines()) for each in lines}


def _refunds(gross_minor: int) -> st.SearchStrategy[int]:
    return st.one_of(st.just(0), st.just(gross_minor), st.integers(0, gross_minor + 2))


def as_figures(targets: Parts) -> auditor.Figures:
    return {(key.account, key.line_id, key.step): amount for key, amount in targets.items() if amount}


def got_by(targets: Parts, line_id: str, *, is_shipping: bool = False) -> int:
    """What the line (or the shipping) has got, all parts together."""
    parts = {key: amount for key, amount in targets.items() if key.line_id == line_id}
    if is_shipping:
        parts = {key: amount for key, amount in parts.items() if key.step in ("shipping", "tax")}
    return -sum(parts.values())


@given(sold_lines(), rules_of_lines())
def test_the_parts_of_a_price_are_never_negative_and_add_up_to_it(sold: LineSnapshot, under: LineTerms) -> None:
    parts = line_split(sold, under, "KG")

    assert sum(parts.values()) == sold.gross_minor
    assert all(amount > 0 for amount in parts.values())


@given(orders(), st.sampled_from(OrderState))
def test_an_order_stands_as_the_auditor_says(
    sold: tuple[OrderSnapshot, dict[str, LineTerms]], state: OrderState
) -> None:
    snapshot, under = replace(sold[0], state=state), sold[1]

    assert as_figures(order_targets(snapshot, under)) == auditor.figures(snapshot, under)


@given(orders(), st.sampled_from(OrderState))
def test_an_orders_postings_sum_to_zero_and_what_the_bank_holds_is_what_was_held(
    sold: tuple[OrderSnapshot, dict[str, LineTerms]], state: OrderState
) -> None:
    snapshot, under = replace(sold[0], state=state), sold[1]

    targets = order_targets(snapshot, under)

    assert sum(targets.values()) == 0
    assert auditor.by_account(as_figures(targets).items()).get("psp:clearing", 0) == snapshot.held_minor


@given(orders())
def test_nobody_but_the_customer_ever_owes_money_for_an_order(sold: tuple[OrderSnapshot, dict[str, LineTerms]]) -> None:
    for key, amount in order_targets(*sold).items():
        assert key.account in ("psp:clearing", "customer:prepaid") or amount < 0


@given(orders(is_refunded=False))
def test_a_full_payment_gives_every_line_exactly_its_split(sold: tuple[OrderSnapshot, dict[str, LineTerms]]) -> None:
    snapshot, under = sold
    total = sum(each.gross_minor for each in snapshot.lines) + snapshot.shipping_gross_minor
    snapshot = replace(snapshot, held_minor=total, gift_card_minor=0)

    targets = order_targets(snapshot, under)

    for each in snapshot.lines:
        posted = {key: -amount for key, amount in targets.items() if key.line_id == each.line_id}
        assert posted == line_split(each, under[each.line_id], snapshot.country)
    assert not any(key.account == "customer:prepaid" for key in targets)


@given(orders(), st.booleans())
def test_after_a_full_refund_everything_stands_at_exactly_zero(
    sold: tuple[OrderSnapshot, dict[str, LineTerms]], has_named_lines: bool
) -> None:
    snapshot, under = sold
    lines = [replace(each, refunded_minor=each.gross_minor * has_named_lines) for each in snapshot.lines]

    assert order_targets(replace(snapshot, held_minor=0, gift_card_minor=0, lines=tuple(lines)), under) == {}


@given(orders(is_refunded=False), st.fractions(0, 1))
def test_a_lump_sum_refund_falls_on_every_line_and_part_in_proportion_within_one_minor_unit(
    sold: tuple[OrderSnapshot, dict[str, LineTerms]], kept: Fraction
) -> None:
    snapshot, under = sold
    total = sum(each.gross_minor for each in snapshot.lines) + snapshot.shipping_gross_minor
    held_minor = int(total * kept)
    snapshot = replace(snapshot, held_minor=held_minor, gift_card_minor=0)

    targets = order_targets(snapshot, under)

    costs = {each.line_id: each.gross_minor for each in snapshot.lines}
    for line_id, gross_minor in costs.items():
        exact = Fraction(held_minor * gross_minor, total) if total else Fraction(0)
        assert abs(got_by(targets, line_id) - exact) < 1
    shipping_exact = Fraction(held_minor * snapshot.shipping_gross_minor, total) if total else Fraction(0)
    assert abs(got_by(targets, "", is_shipping=True) - shipping_exact) < 1
    for each in snapshot.lines:
        got = got_by(targets, each.line_id)
        for key, part in line_split(each, under[each.line_id], snapshot.country).items():
            assert abs(-targets.get(key, 0) - Fraction(part * got, each.gross_minor)) < 1


@given(orders(), st.integers(1, 10**6))
def test_what_is_paid_beyond_the_order_is_the_customers_to_the_last_unit(
    sold: tuple[OrderSnapshot, dict[str, LineTerms]], more: int
) -> None:
    snapshot, under = sold
    costs = sum(max(each.gross_minor - each.refunded_minor, 0) for each in snapshot.lines)
    costs += max(snapshot.shipping_gross_minor - snapshot.shipping_refunded_minor, 0)
    exact = replace(snapshot, held_minor=costs, gift_card_minor=0)

    before = as_figures(order_targets(exact, under))
    after = as_figures(order_targets(replace(exact, held_minor=costs + more), under))

    assert after == {
        **before,
        ("psp:clearing", "", "payment"): costs + more,
        ("customer:prepaid", "", "prepaid"): -more,
    }


@given(orders(), st.sampled_from([OrderState.UNCONFIRMED, OrderState.CANCELLED]))
def test_all_money_of_an_order_that_is_no_sale_is_the_customers(
    sold: tuple[OrderSnapshot, dict[str, LineTerms]], state: OrderState
) -> None:
    snapshot = replace(sold[0], state=state)
    held_minor = snapshot.held_minor

    # such an order needs no terms
    targets = as_figures(order_targets(snapshot, {}))

    assert targets == {
        key: amount
        for key, amount in {
            ("psp:clearing", "", "payment"): held_minor,
            ("customer:prepaid", "", "prepaid"): -held_minor,
        }.items()
        if amount
    }


@given(orders(), st.integers(1, 10**9))
def test_what_is_given_back_beyond_the_payment_is_owed_by_the_customer_alone(
    sold: tuple[OrderSnapshot, dict[str, LineTerms]], too_much: int
) -> None:
    snapshot = replace(sold[0], held_minor=-too_much, gift_card_minor=0)

    assert as_figures(order_targets(snapshot, sold[1])) == {
        ("psp:clearing", "", "payment"): -too_much,
        ("customer:prepaid", "", "prepaid"): too_much,
    }


@given(orders(), st.integers(1, 10**6))
def test_more_money_never_makes_a_line_or_the_shipping_poorer_by_more_than_rounding(
    sold: tuple[OrderSnapshot, dict[str, LineTerms]], more: int
) -> None:
    snapshot, under = sold
    before = order_targets(snapshot, under)
    after = order_targets(replace(snapshot, held_minor=snapshot.held_minor + more), under)

    for each in snapshot.lines:
        assert got_by(after, each.line_id) >= got_by(before, each.line_id) - 1


@given(orders(), st.randoms(use_true_random=False))
def test_the_same_order_gives_the_same_figures_however_its_terms_are_listed(
    sold: tuple[OrderSnapshot, dict[str, LineTerms]], shuffle: random.Random
) -> None:
    snapshot, under = sold
    listed = list(under.items())
    shuffle.shuffle(listed)

    assert order_targets(snapshot, dict(listed)) == order_targets(snapshot, under)


@given(st.integers(-(10**12), 10**12), st.dictionaries(st.integers(), st.integers(0, 10**9), max_size=20))
def test_the_largest_remainder_is_exact_to_less_than_a_unit(total: int, weights: Mapping[int, int]) -> None:
    whole = sum(weights.values())
    if not whole:
        return

    parts = allocate(total, weights)

    assert sum(parts.values()) == total
    assert list(parts) == list(weights)
    for key, part in parts.items():
        assert abs(part - Fraction(total * weights[key], whole)) < 1
    sign = -1 if total < 0 else 1
    expected = auditor.shared_out(abs(total), list(weights.values()))
    assert list(parts.values()) == [sign * part for part in expected]


@pytest.mark.parametrize("seed", range(4))
def test_thousands_of_plain_random_orders_stand_as_the_auditor_says(seed: int) -> None:
    chance = random.Random(seed)
    for _ in range(300 * max(1, examples(100).max_examples // 100)):
        lines, under = [], {}
        for number in range(chance.randint(1, 4)):
            gross_minor = chance.choice([0, 1, 99, 10_000, chance.randint(0, 10**7)])
            sold = line(
                f"l{number}",
                gross_minor,
                gross_minor * 100 // chance.choice([100, 112, 120]),
                quantity=chance.randint(1, 5),
                refunded_minor=chance.choice([0, 0, gross_minor // 3, gross_minor]),
            )
            lines.append(sold)
            steps = [
                Step(f"s{position}", {}, chance.choice(ACCOUNTS), chance.choice(list(Base)), chance.randint(1, 4_000))
                for position in range(chance.randint(0, 3))
            ]
            makers = {f"p{each}": chance.randint(1, 10_000) for each in range(chance.randint(0, 4))}
            under[sold.line_id] = terms(*steps, makers=makers)
        total = sum(each.gross_minor for each in lines) + 4_387
        snapshot = order(
            *lines,
            held_minor=chance.choice([total, total - 1, total // 3, chance.randint(-total, 2 * total)]),
            gift_card_minor=chance.choice([0, 0, chance.randint(0, total)]),
            shipping_gross_minor=4_387,
            shipping_net_minor=chance.choice([4_387, 3_917]),
        )
        assert as_figures(order_targets(snapshot, under)) == auditor.figures(snapshot, under)
