"""The shop itself, before anything of ours: it is built, it sells, it gives money back."""

from decimal import Decimal

from deploy.saleor.running_shop import RunningShop
from tests.saleor.e2e import scenarios
from tests.saleor.e2e.driver import wait_until
from tests.saleor.e2e.payment_app import PaymentApp
from tests.saleor.e2e.scenarios import People
from tests.saleor.e2e.shop_builder import Sample, build_shop, load_sample

KGS = "issyk-kul-kgs"
UZS = "nukus-uzs"


def test_building_the_sample_shop_again_changes_nothing(sample: Sample, people: People) -> None:
    again = build_shop(people.staff)

    assert again.created == ()
    assert (again.channels, again.products, again.variants) == (sample.channels, sample.products, sample.variants)
    assert set(sample.products) == {product["slug"] for product in load_sample()["products"]}


def test_an_order_is_placed_paid_and_partly_refunded(sample: Sample, people: People) -> None:
    checkout = scenarios.fill_checkout(people.shopper, sample, KGS, {"LICORICE-HONEY-250": 2, "FELT-ORNAMENT": 3})
    scenarios.pay(people.payment_app, checkout.id, checkout.total_gross, checkout.currency)

    order = scenarios.complete(people, checkout).placed()

    assert (order.status, order.charge_status, order.currency) == ("UNFULFILLED", "FULL", "KGS")
    assert [(line.sku, line.quantity, line.gross) for line in order.lines] == [
        ("LICORICE-HONEY-250", 2, Decimal("640")),
        ("FELT-ORNAMENT", 3, Decimal("999.99")),
    ]
    assert (order.shipping_gross, order.total_gross, order.charged) == (
        Decimal("150"),
        Decimal("1789.99"),
        Decimal("1789.99"),
    )

    scenarios.refund_without_lines(people.payment_app, order, Decimal("100.01"))

    refunded = scenarios.read_order(people.staff, order.id)
    assert (refunded.charged, refunded.refunded) == (Decimal("1689.98"), Decimal("100.01"))
    assert refunded.charge_status == "PARTIAL"


def test_a_granted_refund_names_its_lines_and_is_paid_by_the_provider(
    sample: Sample, people: People, provider: PaymentApp
) -> None:
    order = scenarios.buy(people, sample, UZS, {"SESAME-OIL-250": 3}).placed()

    granted = scenarios.grant_refund(people.staff, order, {"SESAME-OIL-250": 1})
    scenarios.request_granted_refund(people.staff, order, granted)

    refunded = wait_until(
        "the granted refund succeeds",
        lambda: next(
            (
                now
                for now in [scenarios.read_order(people.staff, order.id)]
                if now.granted_refunds[0].status == "SUCCESS"
            ),
            None,
        ),
    )
    assert refunded.granted_refunds[0].lines == {order.line("SESAME-OIL-250").id: 1}
    assert (refunded.refunded, refunded.charged) == (Decimal("61500"), order.total_gross - Decimal("61500"))
    assert len(provider.requests) == 1


def test_an_order_is_fulfilled_from_the_outlet(sample: Sample, people: People) -> None:
    order = scenarios.buy(people, sample, UZS, {"DRIED-JIDA-400": 2}).placed()

    fulfilled = scenarios.fulfil(people.staff, sample, order)

    assert (fulfilled.status, fulfilled.fulfillments) == ("FULFILLED", ("FULFILLED",))
    assert fulfilled.line("DRIED-JIDA-400").quantity_fulfilled == 2


def test_cancelling_moves_no_money_until_the_provider_gives_it_back(sample: Sample, people: People) -> None:
    order = scenarios.buy(people, sample, KGS, {"WILD-BERRY-JAM-350": 1}).placed()

    cancelled = scenarios.cancel(people.staff, order)
    assert (cancelled.status, cancelled.charged) == ("CANCELED", order.total_gross)

    scenarios.refund_without_lines(people.payment_app, cancelled)
    assert scenarios.read_order(people.staff, order.id).charged == 0


def test_a_customer_logs_in_and_sees_the_catalogue_in_both_channels(
    shop: RunningShop, sample: Sample, people: People
) -> None:
    assert people.customer.query("{ me { email } }")["me"]["email"] == sample.customer_email
    for channel in (KGS, UZS):
        assert {entry.slug for entry in scenarios.browse(people.shopper, channel)} >= set(sample.products)
