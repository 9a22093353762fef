"""What the tests of the desk share: a village with its makers, documents, steps of a certificate's life."""

import datetime
import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from certification_world import AT, JAM, certificate_row
from PIL import Image

from ovop_certification.models import Certificate
from ovop_certification.services import (
    certificate_apply,
    certificate_issue,
    certificate_verify,
    evidence_file,
)
from ovop_certification.signals import certification_changed
from ovop_origin.records import ContributionRow, LotRow, PlaceRow, ProducerRow
from ovop_origin.services import lot_save, place_save, producer_save, product_origin_set

PDF = b"%PDF-1.4\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\nstartxref\n9\n%%EOF\n"
DAY = datetime.timedelta(days=1)
HOUR = datetime.timedelta(hours=1)


def picture(kind: str = "PNG", size: tuple[int, int] = (30, 20)) -> bytes:
    stream = io.BytesIO()
    Image.new("RGB", size, "red").save(stream, kind)
    return stream.getvalue()


def village() -> None:
    """Barskoon with a cooperative, a group, and a lot of jam."""
    for row in (
        PlaceRow("country", "KG", {"en": "Kyrgyzstan"}, code_scheme="iso3166-1"),
        PlaceRow("region", "KG-Y", {"en": "Issyk-Kul"}, code_scheme="iso3166-2", parent="KG"),
        PlaceRow("district", "KG-Y-d", {"en": "Jeti-Oguz"}, parent="KG-Y"),
        PlaceRow("village", "KG-Y-v", {"en": "Barskoon"}, parent="KG-Y-d"),
    ):
        place_save(row, at=AT)
    for code, kind in (("ak-kiyiz", "cooperative"), ("tamga-group", "group")):
        producer_save(ProducerRow(code=code, kind=kind, village="KG-Y-v", language="en", names={"en": code}), at=AT)
    product_origin_set(JAM, "KG-Y-v", {"ak-kiyiz": 10000}, at=AT)
    lot_save(JAM, LotRow("wild-berry-jam", "L1", AT.date(), contributions=(ContributionRow("ak-kiyiz", 5),)), at=AT)


def applied(**changes: Any) -> Certificate:
    certificate, _ = certificate_apply(certificate_row(**changes), actor="Aida", at=AT)
    return certificate


def filed(certificate: Certificate, content: bytes = PDF) -> Certificate:
    evidence_file(certificate.pk, "paper.pdf", [content], actor="Aida", at=AT)
    return certificate


def verified(**changes: Any) -> Certificate:
    certificate = filed(applied(**changes))
    certificate_verify(certificate.pk, actor="Aida", at=AT, reason="Seen in the body's register.")
    return certificate


def issued(**changes: Any) -> Certificate:
    certificate = verified(**changes)
    certificate_issue(certificate.pk, actor="Bakyt", at=AT)
    return certificate


def kinds(certificate: Certificate) -> list[str]:
    return list(certificate.events.order_by("position").values_list("kind", flat=True))


@contextmanager
def announcements() -> Iterator[list[tuple[frozenset[int] | None, datetime.datetime | None]]]:
    """What is announced meanwhile, when on_commit callbacks run."""
    heard: list[tuple[frozenset[int] | None, datetime.datetime | None]] = []

    def listen(
        sender: object, product_pks: frozenset[int] | None, since: datetime.datetime | None, **_: object
    ) -> None:
        heard.append((product_pks, since))

    certification_changed.connect(listen)
    try:
        yield heard
    finally:
        certification_changed.disconnect(listen)
