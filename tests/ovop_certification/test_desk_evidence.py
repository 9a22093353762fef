"""Filed documents: what they are is found in their content, and nothing else than four types is taken."""

import io
import threading
import zipfile
from collections.abc import Iterator
from typing import Any

import pytest
from certification_world import AT, PRODUCTS, registry_document
from desk_world import PDF, applied, picture
from django.db import connection
from PIL import Image

from ovop_certification import errors, evidence
from ovop_certification.evidence import content_type_of
from ovop_certification.models import Certificate, Evidence, EvidenceContent
from ovop_certification.services import evidence_content, evidence_file, registry_load
from ovop_certification.switches import Switches, set_switches
from ovop_shared.catalogue import host_catalogue
from ovop_standalone.catalogue import known_products_store


def archive() -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as file:
        file.writestr("a.pdf", PDF)
    return stream.getvalue()


@pytest.fixture
def one_megabyte() -> Iterator[None]:
    set_switches(lambda: Switches(evidence_max_mb=1))
    yield
    set_switches(Switches)


@pytest.mark.parametrize(
    ("content", "media_type"),
    [
        (PDF, "application/pdf"),
        (PDF + b"\r\n", "application/pdf"),
        (picture("PNG"), "image/png"),
        (picture("JPEG"), "image/jpeg"),
        (picture("WEBP"), "image/webp"),
    ],
    ids=["pdf", "pdf with a line more", "png", "jpeg", "webp"],
)
def test_four_types_are_known_by_their_content(content: bytes, media_type: str) -> None:
    assert content_type_of(content) == media_type


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "empty"),
        (b"<!doctype html><script>alert(1)</script>", "type"),
        (b'<svg xmlns="http://www.w3.org/2000/svg"/>', "type"),
        (archive(), "type"),
        (picture("GIF"), "type"),
        (picture("TIFF"), "type"),
        (picture("BMP"), "type"),
        (b"\n" + PDF, "type"),
        (b"<html>" + PDF, "type"),
        (PDF[:-8], "broken"),
        (PDF + b"<script>alert(1)</script>", "broken"),
        (b"%PDF-1.4", "broken"),
        (picture("PNG")[:-20], "broken"),
        (picture("JPEG")[:-20], "broken"),
        (picture("WEBP")[:-20], "broken"),
        (b"\x89PNG\r\n\x1a\n<html>", "broken"),
        (b"\xff\xd8\xff<script>", "broken"),
        (b"RIFF\x00\x00\x00\x00WEBP<script>", "broken"),
    ],
)
def test_everything_else_and_what_is_broken_is_refused(content: bytes, why: str) -> None:
    with pytest.raises(errors.EvidenceRefused) as refusal:
        content_type_of(content)

    assert refusal.value.params["why"] == why


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_a_picture_of_too_many_pixels_is_refused_before_it_is_decoded(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = picture(kind, (200, 100))
    monkeypatch.setattr(evidence, "MAX_PIXELS", 19_999)
    monkeypatch.setattr(Image.Image, "load", lambda *_: pytest.fail("it was decoded"))

    with pytest.raises(errors.EvidenceRefused) as refusal:
        content_type_of(content)

    assert refusal.value.params["why"] == "pixels"


def test_a_bomb_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)

    for size in ((15, 10), (50, 50)):
        with pytest.raises(errors.EvidenceRefused) as refusal:
            content_type_of(picture("PNG", size))
        assert refusal.value.params["why"] == "pixels"


@pytest.mark.usefixtures("registry")
def test_a_document_is_filed_once_with_a_certificate_and_its_content_once_at_all() -> None:
    first, second = applied(), applied(number="EAC-OTHER")

    paper, is_new = evidence_file(first.pk, "a/b\\Scan\n1.PDF.exe", [PDF[:9], PDF[9:]], actor=" Aida ", at=AT)
    again = evidence_file(first.pk, "other.pdf", [PDF], actor="Bakyt", at=AT)
    other, _ = evidence_file(second.pk, "", [PDF], actor="Bakyt", at=AT)

    assert (again[0].pk, is_new, again[1]) == (paper.pk, True, False)
    assert EvidenceContent.objects.count() == 1
    assert (paper.name, paper.content_type, paper.size_bytes, paper.filed_by, other.name) == (
        "Scan1.PDF.exe.pdf",
        "application/pdf",
        len(PDF),
        "Aida",
        "document.pdf",
    )
    assert evidence_content(other.pk)[1] == PDF


@pytest.mark.usefixtures("registry", "one_megabyte")
def test_no_more_is_read_than_may_be_filed() -> None:
    certificate = applied()
    read: list[int] = []

    def endless() -> Iterator[bytes]:
        while True:
            read.append(1)
            yield b"%PDF-1.4" + b" " * 99_992

    with pytest.raises(errors.EvidenceRefused) as refusal:
        evidence_file(certificate.pk, "a.pdf", endless(), actor="Aida", at=AT)

    assert refusal.value.params == {"why": "size", "limit_mb": 1}
    assert len(read) == 11
    assert Evidence.objects.count() == 0


@pytest.mark.usefixtures("registry")
def test_what_is_not_there_is_not_found() -> None:
    with pytest.raises(errors.UnknownCertificate):
        evidence_file(0, "a.pdf", [PDF], actor="Aida", at=AT)
    with pytest.raises(errors.UnknownEvidence):
        evidence_content(0)
    with pytest.raises(errors.ReasonRequired):
        evidence_file(applied().pk, "a.pdf", [PDF], actor="", at=AT)

    assert EvidenceContent.objects.count() == 0


def test_the_same_document_from_many_at_once_is_filed_once(committed_database: str) -> None:
    known_products_store(PRODUCTS)
    registry_load(registry_document(), catalogue=host_catalogue(), at=AT)
    certificates = list(Certificate.objects.order_by("pk"))
    outcomes: list[Any] = []

    def file(number: int) -> None:
        try:
            _, is_new = evidence_file(certificates[number % 2].pk, "a.pdf", [PDF], actor="Aida", at=AT)
            outcomes.append(is_new)
        finally:
            connection.close()

    threads = [threading.Thread(target=file, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(outcomes) == [False] * 6 + [True] * 2
    assert (EvidenceContent.objects.count(), Evidence.objects.count()) == (1, 2)
