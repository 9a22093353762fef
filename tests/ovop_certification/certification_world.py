"""Plain builders for the certification tests: a small registry, moments, rules."""

import datetime
import json
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from ovop_certification.models import Effect, EventKind, HolderKind
from ovop_certification.records import CertificateRow, EventRow
from ovop_certification.rules import CertificateRecord, RequirementRule, StatusChange
from ovop_shared.records import ProductRecord

ZONE = ZoneInfo("Asia/Bishkek")
AT = datetime.datetime(2025, 6, 15, 12, tzinfo=ZONE)
SAMPLE = Path(__file__).parents[2] / "storefront-config" / "sample" / "certification.json"

HONEY, JUICE, JAM, SLIPPERS, TOY = 1, 2, 3, 4, 5
PRODUCTS = (
    ProductRecord(HONEY, "mountain-honey", "Mountain honey", "ovop-food", ("honey", "food"), {"ru": "Горный мёд"}),
    ProductRecord(JUICE, "sea-buckthorn-juice", "Sea buckthorn juice", "ovop-food", ("juices", "food")),
    ProductRecord(JAM, "wild-berry-jam", "Wild-berry jam", "ovop-food", ("jams", "food")),
    ProductRecord(SLIPPERS, "felt-slippers", "Felt slippers", "ovop-felt", ("felt",)),
    ProductRecord(TOY, "recycled-toy", "Recycled toy", "ovop-toy", ("toys",)),
)
HONEY_RECORD = PRODUCTS[0]


def day(text: str) -> datetime.date:
    return datetime.date.fromisoformat(text)


def moment(text: str) -> datetime.datetime:
    """Local time in the village: `2025-06-15` is its first moment."""
    return datetime.datetime.fromisoformat(text).replace(tzinfo=ZONE)


def requirement(**changes: Any) -> RequirementRule:
    given: dict[str, Any] = {
        "id": 1,
        "scheme": "eac",
        "product_type": "ovop-food",
        "category": "",
        "from_on": day("2020-01-01"),
        "until_on": None,
        "grace_days": 0,
        "effect": Effect.BLOCK,
    }
    return RequirementRule(**given | changes)


def change(kind: str, at: str = "2025-01-01") -> StatusChange:
    return StatusChange(EventKind(kind), moment(at))


def certificate(**changes: Any) -> CertificateRecord:
    given: dict[str, Any] = {
        "id": 1,
        "scheme": "eac",
        "issuing_body": "Sample body",
        "number": "EAC-1",
        "holder_kind": HolderKind.PRODUCT,
        "holder_ref": str(HONEY),
        "valid_from_on": day("2025-01-01"),
        "valid_until_on": day("2025-12-31"),
        "events": (change("issued"),),
    }
    return CertificateRecord(**given | changes)


def event_row(kind: str, at: datetime.datetime | str = "2025-01-01", reason: str = "because") -> EventRow:
    return EventRow(kind, moment(at) if isinstance(at, str) else at, "Desk", reason)


def certificate_row(**changes: Any) -> CertificateRow:
    """For the service: products are pks as text."""
    given: dict[str, Any] = {
        "scheme": "eac",
        "issuing_body": "body",
        "number": "EAC-NEW",
        "holder_kind": HolderKind.PRODUCT,
        "holder_ref": str(JUICE),
        "valid_from_on": day("2025-01-01"),
        "events": (event_row("issued"),),
    }
    return CertificateRow(**given | changes)


def registry_document() -> dict[str, Any]:
    """Food in Kyrgyzstan needs `eac` (block), felt the `brand` (warn); food in Japan an `import` paper (block).
    The honey's `eac` ends with 2025, the jam's was suspended in May, the juice has none."""
    return {
        "version": 1,
        "schemes": [
            {"code": "eac", "kind": "conformity", "names": {"en": "EAC declaration", "ru": "Декларация ЕАЭС"}},
            {"code": "brand", "kind": "brand_label", "names": {"en": "Brand label"}},
            {"code": "import", "kind": "import", "names": {"en": "Import notification"}},
        ],
        "issuing_bodies": [{"code": "body", "name": "Sample conformity body"}],
        "markets": [
            {"code": "kg", "names": {"en": "Kyrgyzstan", "ru": "Кыргызстан"}, "channels": ["kgs"], "countries": ["KG"]},
            {"code": "jp", "names": {"en": "Japan"}, "countries": ["JP"]},
        ],
        "requirements": [
            {"market": "kg", "scheme": "eac", "product_type": "ovop-food", "from_on": "2020-01-01"},
            {"market": "kg", "scheme": "brand", "category": "felt", "from_on": "2020-01-01", "effect": "warn"},
            {"market": "jp", "scheme": "import", "product_type": "ovop-food", "from_on": "2020-01-01"},
        ],
        "certificates": [
            {
                "scheme": "eac",
                "issuing_body": "body",
                "number": "EAC-1",
                "holder": {"product": "mountain-honey"},
                "valid_from_on": "2025-01-01",
                "valid_until_on": "2025-12-31",
                "markets": ["kg"],
                "events": [
                    {"kind": "applied", "at": "2024-12-01T09:00:00+06:00", "actor": "Desk"},
                    {"kind": "issued", "at": "2025-01-01T09:00:00+06:00", "actor": "Desk"},
                ],
            },
            {
                "scheme": "eac",
                "issuing_body": "body",
                "number": "EAC/2",
                "holder": {"product": "wild-berry-jam"},
                "products": ["wild-berry-jam"],
                "valid_from_on": "2025-01-01",
                "events": [
                    {"kind": "issued", "at": "2025-01-01T09:00:00+06:00", "actor": "Desk"},
                    {
                        "kind": "suspended",
                        "at": "2025-05-01T09:00:00+06:00",
                        "actor": "Desk",
                        "reason": "a private one",
                    },
                ],
            },
        ],
    }


def sample_document() -> dict[str, Any]:
    document: dict[str, Any] = json.loads(SAMPLE.read_text(encoding="utf-8"))
    return document
