"""What people do in a shop, played over HTTP: a shopper, a payment app, staff. Every step returns plain dataclasses."""

import uuid
from dataclasses import dataclass
from decimal import Decimal

from tests.saleor.e2e.driver import Client, Data, Refusal
from tests.saleor.e2e.shop_builder import Channel, Sample

ERRORS = "errors { field code message }"
CHECKOUT_ERRORS = "errors { field code message variants lines }"

ORDER = """
fragment Order on Order {
  id number status chargeStatus channel { slug } total { currency gross { amount } net { amount } }
  shippingPrice { gross { amount } net { amount } }
  totalCharged { amount } totalRefunded { amount }
  lines { id productSku quantity quantityFulfilled variant { product { slug } }
    totalPrice { gross { amount } net { amount } } }
  transactions { id pspReference chargedAmount { amount } refundedAmount { amount } }
  grantedRefunds { id status amount { amount } shippingCostsIncluded lines { quantity orderLine { id } } }
  fulfillments { id status }
}
"""


@dataclass(frozen=True, slots=True)
class People:
    """Who speaks to the shop. The shopper is anonymous; the payment app reports what the provider did."""

    shopper: Client
    customer: Client
    staff: Client
    payment_app: Client


@dataclass(frozen=True, slots=True)
class CatalogueEntry:
    """What an anonymous shopper sees of a product in a channel."""

    id: str
    slug: str
    name: str
    is_available_for_purchase: bool
    metadata: dict[str, str]


@dataclass(frozen=True, slots=True)
class Checkout:
    id: str
    channel: str
    currency: str
    total_gross: Decimal
    lines: dict[str, str]
    """The checkout line's id by SKU."""


@dataclass(frozen=True, slots=True)
class Transaction:
    """A payment. `charged` is what Saleor holds as charged now, refunds already taken off."""

    id: str
    psp_reference: str
    charged: Decimal
    refunded: Decimal


@dataclass(frozen=True, slots=True)
class Line:
    id: str
    sku: str
    product_slug: str | None
    quantity: int
    quantity_fulfilled: int
    gross: Decimal
    net: Decimal


@dataclass(frozen=True, slots=True)
class GrantedRefund:
    """`lines`: the quantity by order line id. `status` is NONE, PENDING, SUCCESS or FAILURE."""

    id: str
    status: str
    amount: Decimal
    includes_shipping: bool
    lines: dict[str, int]


@dataclass(frozen=True, slots=True)
class Order:
    """An order as Saleor tells it now; money in the channel's currency, major units."""

    id: str
    number: str
    status: str
    charge_status: str
    channel: str
    currency: str
    total_gross: Decimal
    total_net: Decimal
    shipping_gross: Decimal
    charged: Decimal
    refunded: Decimal
    lines: tuple[Line, ...]
    transactions: tuple[Transaction, ...]
    granted_refunds: tuple[GrantedRefund, ...]
    fulfillments: tuple[str, ...]

    def line(self, sku: str) -> Line:
        (line,) = (line for line in self.lines if line.sku == sku)
        return line


@dataclass(frozen=True, slots=True)
class Completion:
    """The answer to checkoutComplete: an order, or why not."""

    order: Order | None
    refusals: tuple[Refusal, ...]

    def placed(self) -> Order:
        """The order. AssertionError with the refusals when there is none."""
        assert self.order is not None, f"refused: {self.refusals}"
        return self.order


def money(amount: object) -> Decimal:
    """An amount of an answer; Saleor sends whole amounts as 150.0 and as 150."""
    return Decimal(str(amount)).quantize(Decimal("0.001")).normalize() + 0


def browse(client: Client, channel: str) -> tuple[CatalogueEntry, ...]:
    """The channel's catalogue, as a storefront lists it."""
    document = """query($channel: String!) { products(channel: $channel, first: 100) { edges { node {
      id slug name isAvailableForPurchase metadata { key value } } } } }"""
    edges = client.query(document, channel=channel)["products"]["edges"]
    return tuple(
        CatalogueEntry(
            id=edge["node"]["id"],
            slug=edge["node"]["slug"],
            name=edge["node"]["name"],
            is_available_for_purchase=bool(edge["node"]["isAvailableForPurchase"]),
            metadata={item["key"]: item["value"] for item in edge["node"]["metadata"]},
        )
        for edge in edges
    )


def create_checkout(
    client: Client, sample: Sample, channel: str, quantities: dict[str, int], email: str | None = None
) -> tuple[Checkout | None, tuple[Refusal, ...]]:
    """A checkout with addresses, quantities by SKU; no delivery method yet. Refusals instead of a checkout if refused."""
    document = f"""mutation($input: CheckoutCreateInput!) {{ checkoutCreate(input: $input) {{
      checkout {{ id }} {CHECKOUT_ERRORS} }} }}"""
    address = sample.channels[channel].address
    payload, refusals = client.try_mutate(
        document,
        input={
            "channel": channel,
            "email": email or sample.customer_email,
            "lines": [
                {"variantId": sample.variants[sku].id, "quantity": quantity} for sku, quantity in quantities.items()
            ],
            "shippingAddress": address,
            "billingAddress": address,
        },
    )
    if refusals:
        return None, refusals
    return read_checkout(client, payload["checkout"]["id"]), ()


def read_checkout(client: Client, checkout_id: str) -> Checkout:
    document = """query($id: ID!) { checkout(id: $id) { id channel { slug } totalPrice { currency gross { amount } }
      lines { id variant { sku } } } }"""
    data = client.query(document, id=checkout_id)["checkout"]
    return Checkout(
        id=data["id"],
        channel=data["channel"]["slug"],
        currency=data["totalPrice"]["currency"],
        total_gross=money(data["totalPrice"]["gross"]["amount"]),
        lines={line["variant"]["sku"]: line["id"] for line in data["lines"]},
    )


def choose_delivery(client: Client, channel: Channel, checkout: Checkout) -> Checkout:
    """Takes the channel's courier and returns the checkout with the price of that."""
    document = "query($id: ID!) { checkout(id: $id) { shippingMethods { id name } } }"
    methods = client.query(document, id=checkout.id)["checkout"]["shippingMethods"]
    (method,) = (method["id"] for method in methods if method["name"] == channel.shipping_method)
    client.mutate(
        f"""mutation($id: ID!, $method: ID!) {{ checkoutDeliveryMethodUpdate(id: $id, deliveryMethodId: $method) {{
          {CHECKOUT_ERRORS} }} }}""",
        id=checkout.id,
        method=method,
    )
    return read_checkout(client, checkout.id)


def fill_checkout(client: Client, sample: Sample, channel: str, quantities: dict[str, int]) -> Checkout:
    """A checkout that only has to be paid. AssertionError when a line is refused."""
    checkout, refusals = create_checkout(client, sample, channel, quantities)
    assert checkout is not None, f"refused: {refusals}"
    return choose_delivery(client, sample.channels[channel], checkout)


def pay(app: Client, target_id: str, amount: Decimal, currency: str, psp_reference: str | None = None) -> Transaction:
    """The payment app reports a charge for a checkout or an order."""
    document = f"""mutation($id: ID!, $transaction: TransactionCreateInput!) {{
      transactionCreate(id: $id, transaction: $transaction) {{
        transaction {{ id pspReference chargedAmount {{ amount }} refundedAmount {{ amount }} }} {ERRORS} }} }}"""
    payload = app.mutate(
        document,
        id=target_id,
        transaction={
            "name": "Card",
            "pspReference": psp_reference or f"charge-{uuid.uuid4()}",
            "availableActions": ["REFUND"],
            "amountCharged": {"amount": amount, "currency": currency},
        },
    )
    return _transaction(payload["transaction"])


def complete(people: People, checkout: Checkout) -> Completion:
    """checkoutComplete as the shopper; a refusal is returned, not raised. The order is as staff sees it."""
    document = f"mutation($id: ID!) {{ checkoutComplete(id: $id) {{ order {{ id }} {CHECKOUT_ERRORS} }} }}"
    payload, refusals = people.shopper.try_mutate(document, id=checkout.id)
    return Completion(read_order(people.staff, payload["order"]["id"]) if payload["order"] else None, refusals)


def buy(people: People, sample: Sample, channel: str, quantities: dict[str, int]) -> Completion:
    """Checkout, full charge, completion. What was charged stays charged when the completion is refused."""
    checkout = fill_checkout(people.shopper, sample, channel, quantities)
    pay(people.payment_app, checkout.id, checkout.total_gross, checkout.currency)
    return complete(people, checkout)


def read_order(staff: Client, order_id: str) -> Order:
    return _order(staff.query(f"query($id: ID!) {{ order(id: $id) {{ ...Order }} }} {ORDER}", id=order_id)["order"])


def report(
    app: Client, transaction: Transaction, kind: str, amount: Decimal, psp_reference: str | None = None
) -> Transaction:
    """transactionEventReport: `kind` is REFUND_SUCCESS, REFUND_REVERSE, CHARGE_BACK, ... Reports name no order line."""
    document = f"""mutation($id: ID!, $type: TransactionEventTypeEnum!, $amount: PositiveDecimal!, $psp: String!) {{
      transactionEventReport(id: $id, type: $type, amount: $amount, pspReference: $psp) {{
        transaction {{ id pspReference chargedAmount {{ amount }} refundedAmount {{ amount }} }} {ERRORS} }} }}"""
    reference = psp_reference or f"{kind.lower()}-{uuid.uuid4()}"
    payload = app.mutate(document, id=transaction.id, type=kind, amount=amount, psp=reference)
    return _transaction(payload["transaction"])


def refund_without_lines(app: Client, order: Order, amount: Decimal | None = None) -> Transaction:
    """The provider gave money back as one sum; all that is still charged when no amount is given."""
    (transaction,) = order.transactions
    return report(app, transaction, "REFUND_SUCCESS", transaction.charged if amount is None else amount)


def grant_refund(
    staff: Client,
    order: Order,
    quantities: dict[str, int],
    *,
    with_shipping: bool = False,
    amount: Decimal | None = None,
) -> GrantedRefund:
    """Staff grants a refund for quantities by SKU. No money moves yet, and no hook fires."""
    document = f"""mutation($id: ID!, $input: OrderGrantRefundCreateInput!) {{ orderGrantRefundCreate(id: $id, input: $input) {{
      grantedRefund {{ id status amount {{ amount }} shippingCostsIncluded lines {{ quantity orderLine {{ id }} }} }}
      {ERRORS} }} }}"""
    (transaction,) = order.transactions
    details: Data = {
        "transactionId": transaction.id,
        "lines": [{"id": order.line(sku).id, "quantity": quantity} for sku, quantity in quantities.items()],
        "grantRefundForShipping": with_shipping,
    }
    if amount is not None:
        details["amount"] = amount
    return _granted(staff.mutate(document, id=order.id, input=details)["grantedRefund"])


def request_granted_refund(staff: Client, order: Order, granted: GrantedRefund) -> None:
    """Staff asks the payment app to pay a granted refund out; the app's answer decides, some moments later."""
    (transaction,) = order.transactions
    document = f"""mutation($id: ID!, $granted: ID!) {{
      transactionRequestRefundForGrantedRefund(id: $id, grantedRefundId: $granted) {{ {ERRORS} }} }}"""
    staff.mutate(document, id=transaction.id, granted=granted.id)


def fulfil(staff: Client, sample: Sample, order: Order, quantities: dict[str, int] | None = None) -> Order:
    """Hands the goods over from the channel's outlet: everything that is open, or quantities by SKU."""
    outlet = sample.outlets[sample.channels[order.channel].outlet]
    wanted = quantities or {line.sku: line.quantity - line.quantity_fulfilled for line in order.lines}
    document = f"""mutation($order: ID!, $input: OrderFulfillInput!) {{ orderFulfill(order: $order, input: $input) {{
      {ERRORS} }} }}"""
    lines = [
        {"orderLineId": order.line(sku).id, "stocks": [{"warehouse": outlet, "quantity": quantity}]}
        for sku, quantity in wanted.items()
        if quantity
    ]
    staff.mutate(document, order=order.id, input={"lines": lines, "notifyCustomer": False})
    return read_order(staff, order.id)


def cancel(staff: Client, order: Order) -> Order:
    """Cancels the order; Saleor moves no money when it does."""
    staff.mutate(f"mutation($id: ID!) {{ orderCancel(id: $id) {{ {ERRORS} }} }}", id=order.id)
    return read_order(staff, order.id)


def _transaction(data: Data) -> Transaction:
    return Transaction(
        id=data["id"],
        psp_reference=data["pspReference"],
        charged=money(data["chargedAmount"]["amount"]),
        refunded=money(data["refundedAmount"]["amount"]),
    )


def _granted(data: Data) -> GrantedRefund:
    return GrantedRefund(
        id=data["id"],
        status=data["status"],
        amount=money(data["amount"]["amount"]),
        includes_shipping=data["shippingCostsIncluded"],
        lines={line["orderLine"]["id"]: line["quantity"] for line in data["lines"] or ()},
    )


def _order(data: Data) -> Order:
    return Order(
        id=data["id"],
        number=data["number"],
        status=data["status"],
        charge_status=data["chargeStatus"],
        channel=data["channel"]["slug"],
        currency=data["total"]["currency"],
        total_gross=money(data["total"]["gross"]["amount"]),
        total_net=money(data["total"]["net"]["amount"]),
        shipping_gross=money(data["shippingPrice"]["gross"]["amount"]),
        charged=money(data["totalCharged"]["amount"]),
        refunded=money(data["totalRefunded"]["amount"]),
        lines=tuple(_line(line) for line in data["lines"]),
        transactions=tuple(_transaction(transaction) for transaction in data["transactions"]),
        granted_refunds=tuple(_granted(granted) for granted in data["grantedRefunds"]),
        fulfillments=tuple(fulfillment["status"] for fulfillment in data["fulfillments"]),
    )


def _line(data: Data) -> Line:
    return Line(
        id=data["id"],
        sku=data["productSku"],
        product_slug=data["variant"]["product"]["slug"] if data["variant"] else None,
        quantity=data["quantity"],
        quantity_fulfilled=data["quantityFulfilled"],
        gross=money(data["totalPrice"]["gross"]["amount"]),
        net=money(data["totalPrice"]["net"]["amount"]),
    )
