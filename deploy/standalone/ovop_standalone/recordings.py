"""What was recorded on a real Saleor: its products, its orders at several moments, and what it refused.

`make record` makes these files; each carries the version of the Saleor it was recorded on.
"""

import datetime
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ovop_producer_payouts.snapshot import OrderSnapshot, snapshot_from_json
from ovop_shared.records import ProductRecord

FOLDER = Path(__file__).resolve().parents[1] / "recordings"


@dataclass(frozen=True, slots=True)
class Moment:
    """One order as the shop told it after something had happened (`what`) in its story."""

    story: str
    what: str
    snapshot: OrderSnapshot


@dataclass(frozen=True, slots=True)
class RecordedRefusal:
    """A checkout that the shop did not complete, with the errors it answered (`field`, `code`, `message`)."""

    story: str
    channel: str
    country: str
    at: datetime.datetime
    product_slugs: tuple[str, ...]
    errors: tuple[dict[str, Any], ...]


@dataclass(frozen=True, slots=True)
class Recording:
    saleor_version: str
    products: tuple[ProductRecord, ...]
    moments: tuple[Moment, ...]
    refusals: tuple[RecordedRefusal, ...]


def read_recording(path: Path) -> Recording:
    """The recording with its moments in the order in which they happened. Raises InvalidSnapshot, KeyError."""
    document = json.loads(path.read_text(encoding="utf-8"))
    moments = [
        Moment(order["story"], moment["what"], snapshot_from_json(moment["snapshot"]))
        for order in document["orders"]
        for moment in order["moments"]
    ]
    return Recording(
        saleor_version=document["saleor_version"],
        products=tuple(_product(product) for product in document["products"]),
        moments=tuple(sorted(moments, key=lambda moment: (moment.snapshot.changed_at, moment.snapshot.order_id))),
        refusals=tuple(
            RecordedRefusal(
                story=refusal["story"],
                channel=refusal["channel"],
                country=refusal["country"],
                at=datetime.datetime.fromisoformat(refusal["at"]),
                product_slugs=tuple(refusal["product_slugs"]),
                errors=tuple(refusal["errors"]),
            )
            for refusal in document["refusals"]
        ),
    )


def newest_recording() -> Path:
    """The recording of the highest Saleor version. Raises FileNotFoundError when there is none."""
    recordings = sorted(
        FOLDER.glob("saleor-*.json"), key=lambda path: [int(part) for part in path.stem.split("-")[1].split(".")]
    )
    if not recordings:
        raise FileNotFoundError(f"{FOLDER} holds no recording")
    return recordings[-1]


def _product(product: dict[str, Any]) -> ProductRecord:
    """Recordings of older days know of no intended uses."""
    tuples = {name: tuple(product.get(name, ())) for name in ("categories", "intended_uses")}
    return ProductRecord(**{**product, **tuples})
