"""Filing the documents that prove certificates, and reading them again."""

import datetime
import hashlib
import unicodedata
from collections.abc import Iterable

from django.db import transaction

from ovop_certification.errors import EvidenceRefused, ReasonRequired, UnknownCertificate, UnknownEvidence
from ovop_certification.evidence import EXTENSIONS, content_type_of
from ovop_certification.locks import lock_certificates
from ovop_certification.models import Evidence, EvidenceContent
from ovop_certification.switches import switches

_NAME_CHARACTERS = 200
_BYTES_PER_MB = 1024 * 1024


def evidence_max_bytes() -> int:
    """What the shop's switch allows."""
    return switches().evidence_max_mb * _BYTES_PER_MB


def evidence_size_check(size_bytes: int) -> None:
    """Raises EvidenceRefused."""
    if size_bytes > evidence_max_bytes():
        limit = switches().evidence_max_mb
        raise EvidenceRefused(
            f"The file is larger than {limit} MB.", field="document", params={"why": "size", "limit_mb": limit}
        )


def evidence_file(
    certificate_pk: int, name: str, chunks: Iterable[bytes], *, actor: str, at: datetime.datetime
) -> tuple[Evidence, bool]:
    """File a document with a certificate: (the document, whether it is new). Content that is on file with this
    certificate already is found and nothing is written; no more of `chunks` is read than may be filed.

    Raises UnknownCertificate, EvidenceRefused, ReasonRequired (no actor).
    """
    if not actor.strip():
        raise ReasonRequired("A document says who filed it.", field="actor")
    content = _read(chunks)
    content_type = content_type_of(content)
    digest = hashlib.sha256(content).hexdigest()
    with transaction.atomic():
        if certificate_pk not in lock_certificates([certificate_pk]):
            raise UnknownCertificate("There is no such certificate.", params={"certificate": certificate_pk})
        known = Evidence.objects.filter(certificate=certificate_pk, content__sha256=digest).first()
        if known is not None:
            return known, False
        # Two may file the same content with two certificates at once: one row is made, both find it.
        EvidenceContent.objects.bulk_create([EvidenceContent(sha256=digest, content=content)], ignore_conflicts=True)
        stored = EvidenceContent.objects.only("pk").get(sha256=digest)
        evidence = Evidence.objects.create(
            certificate_id=certificate_pk,
            content=stored,
            name=_file_name(name, content_type),
            content_type=content_type,
            size_bytes=len(content),
            filed_at=at,
            filed_by=actor.strip(),
        )
    return evidence, True


def evidence_content(evidence_pk: int) -> tuple[Evidence, bytes]:
    """A document with its content. Raises UnknownEvidence."""
    evidence = Evidence.objects.select_related("content").filter(pk=evidence_pk).first()
    if evidence is None:
        raise UnknownEvidence("There is no such document.", params={"evidence": evidence_pk})
    return evidence, bytes(evidence.content.content)


def _read(chunks: Iterable[bytes]) -> bytes:
    content = bytearray()
    for chunk in chunks:
        content += chunk
        evidence_size_check(len(content))
    return bytes(content)


def _file_name(name: str, content_type: str) -> str:
    """The last part of the name, printable, with the ending of what it is."""
    last = name.replace("\\", "/").rpartition("/")[2]
    printable = "".join(each for each in last if unicodedata.category(each)[0] != "C").strip(" .")
    extension = EXTENSIONS[content_type]
    stem, _, ending = printable.rpartition(".")
    if not stem or ending.lower() not in (extension, "jpeg" if extension == "jpg" else extension):
        stem = printable or "document"
    return f"{stem[: _NAME_CHARACTERS - len(extension) - 1]}.{extension}"
