"""What the shop says of an order now, as plain data: the only thing settlement knows of an order.

The Saleor adapter builds it from Saleor's tables, a recording holds it as JSON, an outlet's sales list becomes it.
"""

import datetime
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from dataclasses import fields as fields_of
from enum import StrEnum
from typing import Any

from ovop_producer_payouts.errors import InvalidSnapshot
from ovop_shared.money import minor_digits


class OrderState(StrEnum):
    """`OPEN` orders are split. In the other states what is held belongs to the customer."""

    UNCONFIRMED = "unconfirmed"
    OPEN = "open"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class LineSnapshot:
    """One order line. Amounts are minor units for the whole line, after every discount; gross includes tax.

    `refunded_minor` is what was given back for this very line (gross, successful refunds that name it).
    `product_pk` is None when the shop has forgotten the product. `product_names` are the shop's translations of
    `product_name`, by language tag.
    """

    line_id: str
    product_pk: int | None
    product_name: str
    sku: str
    quantity: int
    gross_minor: int
    net_minor: int
    refunded_minor: int = 0
    product_names: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class OrderSnapshot:
    """One order. `held_minor` is what was really charged minus what was really given back, in minor units of
    `currency`; it may be negative. `gift_card_minor` is the part paid by old-style gift cards, which no payment
    shows. `country` is the destination (ISO 3166-1 alpha-2), `outlet` the warehouse slug or empty.
    `fulfilled_at` is set while every line is delivered.
    """

    order_id: str
    number: str
    channel: str
    currency: str
    state: OrderState
    country: str
    outlet: str
    placed_at: datetime.datetime
    changed_at: datetime.datetime
    fulfilled_at: datetime.datetime | None
    held_minor: int
    gift_card_minor: int
    shipping_gross_minor: int
    shipping_net_minor: int
    shipping_refunded_minor: int
    lines: tuple[LineSnapshot, ...]

    def __post_init__(self) -> None:
        minor_digits(self.currency)
        if not self.order_id:
            raise InvalidSnapshot("An order needs an id.", field="order_id")
        for name in ("placed_at", "changed_at", "fulfilled_at"):
            moment = getattr(self, name)
            if name == "fulfilled_at" and moment is None:
                continue
            if moment is None or moment.tzinfo is None:
                raise InvalidSnapshot("Moments carry a zone.", field=name)
        _check_amounts("shipping", self.shipping_gross_minor, self.shipping_net_minor, self.shipping_refunded_minor)
        if not re.fullmatch("[A-Z]{2}", self.country):
            raise InvalidSnapshot("The destination is a country of two letters.", field="country")
        if self.gift_card_minor < 0:
            raise InvalidSnapshot("A gift card pays nothing negative.", field="gift_card_minor")
        seen: set[str] = set()
        for line in self.lines:
            if not line.line_id or line.line_id in seen:
                raise InvalidSnapshot("Line ids are unique and not empty.", field="line_id")
            seen.add(line.line_id)
            if line.quantity < 0:
                raise InvalidSnapshot("A quantity is not negative.", field="quantity")
            _check_amounts(line.line_id, line.gross_minor, line.net_minor, line.refunded_minor)


_ORDER_FIELDS = tuple(field.name for field in fields_of(OrderSnapshot))
_LINE_FIELDS = tuple(field.name for field in fields_of(LineSnapshot))


def snapshot_as_json(snapshot: OrderSnapshot) -> dict[str, Any]:
    """The snapshot as JSON-ready data; `snapshot_from_json` reads it back to an equal one.

    Field by field, because dataclasses.asdict copies every value deeply, and a bulk settlement pays for that.
    """
    document: dict[str, Any] = {name: getattr(snapshot, name) for name in _ORDER_FIELDS}
    for name in ("placed_at", "changed_at", "fulfilled_at"):
        moment = document[name]
        document[name] = moment.isoformat() if moment else None
    document["lines"] = [{name: getattr(line, name) for name in _LINE_FIELDS} for line in snapshot.lines]
    return document


def snapshot_from_json(document: Mapping[str, Any]) -> OrderSnapshot:
    """Raises InvalidSnapshot that names the missing, unknown or wrong field."""
    try:
        fields = dict(document)
        fields["lines"] = tuple(LineSnapshot(**line) for line in fields["lines"])
        fields["state"] = OrderState(fields["state"])
        for name in ("placed_at", "changed_at", "fulfilled_at"):
            fields[name] = datetime.datetime.fromisoformat(fields[name]) if fields[name] else None
        _check_types(fields)
        return OrderSnapshot(**fields)
    except KeyError as error:
        raise InvalidSnapshot(f"The snapshot lacks {error}.", field=str(error.args[0])) from error
    except (TypeError, ValueError) as error:
        raise InvalidSnapshot(f"The snapshot cannot be read: {error}.") from error


def _check_types(fields: Mapping[str, Any]) -> None:
    for holder in (fields, *(asdict(line) for line in fields["lines"])):
        for name, value in holder.items():
            if (name.endswith("_minor") or name == "quantity") and type(value) is not int:
                raise InvalidSnapshot(f"{name} is a whole number of minor units.", field=name)
            if name == "product_names" and not _are_names(value):
                raise InvalidSnapshot("Names are texts by language tag.", field=name)


def _check_amounts(what: str, gross_minor: int, net_minor: int, refunded_minor: int) -> None:
    if not 0 <= net_minor <= gross_minor:
        raise InvalidSnapshot(f"{what}: net lies between zero and gross.", field="net_minor")
    if refunded_minor < 0:
        raise InvalidSnapshot(f"{what}: a refund is not negative.", field="refunded_minor")


def _are_names(value: object) -> bool:
    return isinstance(value, Mapping) and all(isinstance(part, str) for pair in value.items() for part in pair)
