"""What stands on a label, as a plain record."""

import datetime
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LabelContent:
    """What one label says. Empty parts are left out; names are as recorded, in no other script than that.

    `product_name`, `village`, `region`, `producer` and `story` are for readers of `language`, a page language, in
    which the label's own words are too; `second_name` is the product's name in another language or script. `link` is
    what the QR code says. `gtin` has 14 digits. `mark_seed` chooses the ornament of the village mark: the village's
    code. `producer` names only who agreed to be named.
    """

    product_name: str
    village: str
    region: str
    link: str
    second_name: str = ""
    producer: str = ""
    lot: str = ""
    made_on: datetime.date | None = None
    gtin: str = ""
    story: str = ""
    language: str = "en"
    mark_seed: str = ""
