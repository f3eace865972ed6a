"""Photos without what a camera writes beside the picture: where and when it was taken, with what. The picture itself stays byte for byte.

JPEG, PNG and WebP lose it (a JPEG keeps the one figure that says which way up it is); in a HEIC it is blanked where it stands.
"""

import struct

from domain.files import FileKind, sniff
from domain.heic import blanked

KEPT_PNG = frozenset(
    {b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"iCCP", b"sBIT", b"bKGD"}
)
_EXIF = b"Exif\x00\x00"
_ORIENTATION = 0x0112


def without_place(data: bytes) -> bytes:
    """The photo without its metadata; bytes that can't be read as their format stay as they are. Raises RuleError where a HEIC's
    metadata can't be found: nobody's place is kept by mistake.
    """
    if sniff(data) is FileKind.HEIC:
        return blanked(data)
    try:
        if data.startswith(b"\xff\xd8\xff"):
            return _jpeg(data)
        if data.startswith(b"\x89PNG\r\n\x1a\n"):
            return _png(data)
        if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
            return _webp(data)
    except (struct.error, IndexError):
        return data
    return data


def _jpeg(data: bytes) -> bytes:
    """Without application segments but JFIF, colour profile and Adobe's colour transform, and without comments."""
    parts, at, turned = [data[:2]], 2, 1
    while data[at] == 0xFF and data[at + 1] != 0xDA:
        marker, (length,) = data[at + 1], struct.unpack_from(">H", data, at + 2)
        segment = data[at : at + 2 + length]
        if marker == 0xE1 and segment[4:10] == _EXIF:
            turned = _orientation(segment[10:])
        if not (0xE1 <= marker <= 0xEF or marker == 0xFE) or marker in {0xE2, 0xEE}:
            parts.append(segment)
        at += 2 + length
    if turned != 1:
        parts.insert(1, _upright(turned))
    return b"".join([*parts, data[at:]])


def _orientation(tiff: bytes) -> int:
    """1 to 8, as Exif counts; 1 where it isn't said."""
    order = "<" if tiff[:2] == b"II" else ">"
    (first,) = struct.unpack_from(f"{order}I", tiff, 4)
    (count,) = struct.unpack_from(f"{order}H", tiff, first)
    for index in range(min(count, 200)):
        tag, _, _, value = struct.unpack_from(f"{order}HHIH", tiff, first + 2 + 12 * index)
        if tag == _ORIENTATION:
            return int(value) if 1 <= value <= 8 else 1
    return 1


def _upright(turned: int) -> bytes:
    """An Exif segment that says nothing but which way up the picture is."""
    tiff = b"MM\x00\x2a" + struct.pack(">IHHHIHHI", 8, 1, _ORIENTATION, 3, 1, turned, 0, 0)
    return b"\xff\xe1" + struct.pack(">H", 2 + len(_EXIF) + len(tiff)) + _EXIF + tiff


def _png(data: bytes) -> bytes:
    parts, at = [data[:8]], 8
    while at < len(data):
        (length,) = struct.unpack_from(">I", data, at)
        if data[at + 4 : at + 8] in KEPT_PNG:
            parts.append(data[at : at + 12 + length])
        at += 12 + length
    return b"".join(parts)


def _webp(data: bytes) -> bytes:
    parts, at = [], 12
    while at + 8 <= len(data):
        name, (length,) = data[at : at + 4], struct.unpack_from("<I", data, at + 4)
        end = at + 8 + length + length % 2
        chunk = data[at:end]
        if name == b"VP8X":
            chunk = chunk[:8] + bytes([chunk[8] & ~0x0C]) + chunk[9:]  # no EXIF, no XMP
        if name not in {b"EXIF", b"XMP "}:
            parts.append(chunk)
        at = end
    body = b"WEBP" + b"".join(parts)
    return b"RIFF" + struct.pack("<I", len(body)) + body
