"""What a market asks, and how a product can fail it."""

import datetime
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from ovop_certification.models import Effect
from ovop_certification.rules.certificates import Status
from ovop_shared.records import ProductRecord


class ReasonCode(StrEnum):
    """Why a requirement is not met. `not_yet_valid` is also an application that was not granted yet."""

    MISSING = "missing"
    EXPIRED = "expired"
    SUSPENDED = "suspended"
    WITHDRAWN = "withdrawn"
    WRONG_MARKET = "wrong_market"
    WRONG_AREA = "wrong_area"
    NOT_YET_VALID = "not_yet_valid"
    OUT_OF_SCOPE = "out_of_scope"


CODE_OF_STATUS: Mapping[Status, ReasonCode] = {
    Status.APPLIED: ReasonCode.NOT_YET_VALID,
    Status.NOT_YET_VALID: ReasonCode.NOT_YET_VALID,
    Status.SUSPENDED: ReasonCode.SUSPENDED,
    Status.WITHDRAWN: ReasonCode.WITHDRAWN,
    Status.EXPIRED: ReasonCode.EXPIRED,
}


@dataclass(frozen=True, slots=True)
class RequirementRule:
    """A requirement of one market. At most one of `product_type` and `category` is filled; both empty is all. With an
    `intended_use` it is about those among them that are meant for it. `grace_days` are its own or its market's."""

    id: int
    scheme: str
    product_type: str
    category: str
    from_on: datetime.date
    until_on: datetime.date | None
    grace_days: int
    effect: Effect
    intended_use: str = ""

    def concerns(self, product: ProductRecord) -> bool:
        if self.intended_use and self.intended_use not in product.intended_uses:
            return False
        if self.product_type:
            return self.product_type == product.product_type
        return not self.category or self.category in product.categories

    def holds_on(self, day: datetime.date) -> bool:
        return self.from_on <= day and (self.until_on is None or day <= self.until_on)


@dataclass(frozen=True, slots=True)
class Reason:
    """One thing that is wrong. `certificate_number` is None when there is no certificate to name."""

    code: ReasonCode
    scheme: str
    requirement_id: int
    certificate_number: str | None
    effect: Effect
