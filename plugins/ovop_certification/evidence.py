"""What a filed document is, by its content alone: a PDF, a PNG, a JPEG or a WebP, and nothing else.

Neither its name nor what a browser claims is asked. Pictures are decoded whole, so that a document on file can be looked
at years later; before that their size in pixels is read from the header, so that a small file cannot fill the memory.
"""

import re
import struct
import warnings
from io import BytesIO

from PIL import Image

from ovop_certification.errors import EvidenceRefused

PDF = "application/pdf"
EXTENSIONS = {PDF: "pdf", "image/png": "png", "image/jpeg": "jpg", "image/webp": "webp"}

# A sheet of A4 at 600 dpi has 35 million.
MAX_PIXELS = 40_000_000

# Pillow is asked for the one format that the first bytes name: no other decoder of it sees the content.
_PICTURES = (
    (re.compile(rb"\x89PNG\r\n\x1a\n"), "PNG", "image/png"),
    (re.compile(rb"\xff\xd8\xff"), "JPEG", "image/jpeg"),
    (re.compile(rb"RIFF.{4}WEBP", re.DOTALL), "WEBP", "image/webp"),
)
# ISO 32000-1, 7.5: the header comes first, the end of the file names where the cross-references begin.
_PDF_HEADER = re.compile(rb"%PDF-[12]\.\d")
_PDF_TRAILER = re.compile(rb"startxref\s+\d+\s+%%EOF\s*\Z")
_PDF_TRAILER_BYTES = 2_048


def content_type_of(content: bytes) -> str:
    """The media type that the content has. Raises EvidenceRefused when it is none of ours, or is broken."""
    if not content:
        raise _refused("The file is empty.", "empty")
    if _PDF_HEADER.match(content):
        if not _PDF_TRAILER.search(content[-_PDF_TRAILER_BYTES:].rstrip(b"\0")):
            raise _refused("The PDF is not whole: its end is missing.", "broken")
        return PDF
    for signature, name, media_type in _PICTURES:
        if signature.match(content):
            _check_picture(content, name)
            return media_type
    raise _refused("Only PDF, PNG, JPEG and WebP files are taken.", "type")


def _check_picture(content: bytes, name: str) -> None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(BytesIO(content), formats=[name]) as picture:
                width, height = picture.size
                if width * height > MAX_PIXELS:
                    raise _refused(f"The picture has more than {MAX_PIXELS} pixels.", "pixels")
                picture.verify()
            # What verify() has read is used up (Pillow 12); only a whole decoding tells that nothing is missing.
            with Image.open(BytesIO(content), formats=[name]) as picture:
                picture.load()
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as bomb:
        raise _refused(f"The picture has more than {MAX_PIXELS} pixels.", "pixels") from bomb
    except (OSError, ValueError, SyntaxError, TypeError, IndexError, KeyError, EOFError, struct.error) as broken:
        raise _refused("The picture cannot be decoded.", "broken") from broken


def _refused(message: str, why: str) -> EvidenceRefused:
    return EvidenceRefused(message, field="document", params={"why": why})
