"""What may be kept as evidence: kinds of files told by their first bytes, never by their name, and how much of it."""

from enum import StrEnum

MAX_FILE_BYTES = 10 * 1024 * 1024
"""A phone's photo has 2 to 6 MB; more is a film."""
MAX_FILES = 30
"""Files of one case, return or parcel."""
MAX_EXCERPT = 8_000
"""Characters of a pasted chat."""


class FileKind(StrEnum):
    JPEG = "jpeg"
    PNG = "png"
    WEBP = "webp"
    HEIC = "heic"
    PDF = "pdf"
    TEXT = "text"


MEDIA = {
    FileKind.JPEG: "image/jpeg",
    FileKind.PNG: "image/png",
    FileKind.WEBP: "image/webp",
    FileKind.HEIC: "image/heic",
    FileKind.PDF: "application/pdf",
    FileKind.TEXT: "text/plain; charset=utf-8",
}
SHOWN = frozenset({FileKind.JPEG, FileKind.PNG, FileKind.WEBP})
"""What every browser shows as a picture; the others are handed out to be saved."""

_HEIC_BRANDS = frozenset({b"heic", b"heix", b"hevc", b"heim", b"heis", b"mif1", b"msf1"})


def sniff(data: bytes) -> FileKind | None:
    """The kind of an uploaded file by its own bytes; None where it is none that we keep. Text is never told from bytes:
    it is what a person pasted.
    """
    if data.startswith(b"\xff\xd8\xff"):
        return FileKind.JPEG
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return FileKind.PNG
    if data.startswith(b"%PDF-"):
        return FileKind.PDF
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return FileKind.WEBP
    if data[4:8] == b"ftyp" and data[8:12] in _HEIC_BRANDS:
        return FileKind.HEIC
    return None
