"""Feishu's wire, apart from its words: the frames of the long connection (protocol buffers, ``pbbp2.Frame``), and the encryption
and signature of its calls. Field numbers and rules as in the vendor's open SDK (lark-oapi 1.7.5, ``ws/pb``, ``event/dispatcher_handler``).
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7

from domain.errors import UnreadableReply

ID = "feishu"
CONTROL, DATA = 0, 1
MAX_HEADERS = 64
VARINT, FIXED64, LENGTH, FIXED32 = 0, 1, 2, 5
FIXED_BYTES = {FIXED64: 8, FIXED32: 4}
SEQ_ID, LOG_ID, SERVICE, METHOD, HEADERS, ENCODING, TYPE, PAYLOAD, LOG_ID_NEW = range(1, 10)
BLOCK = 16


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame; ``headers`` has type, message_id, sum, seq, trace_id as text."""

    seq_id: int = 0
    log_id: int = 0
    service: int = 0
    method: int = CONTROL
    headers: Mapping[str, str] = field(default_factory=dict)
    payload: bytes = b""
    payload_encoding: str = ""
    payload_type: str = ""
    log_id_new: str = ""


def to_bytes(frame: Frame) -> bytes:
    numbers = ((SEQ_ID, frame.seq_id), (LOG_ID, frame.log_id), (SERVICE, frame.service), (METHOD, frame.method))
    texts = ((ENCODING, frame.payload_encoding), (TYPE, frame.payload_type))
    parts = [_varint(number << 3 | VARINT) + _varint(value) for number, value in numbers]
    parts += [
        _block(HEADERS, _block(1, name.encode()) + _block(2, value.encode())) for name, value in frame.headers.items()
    ]
    parts += [_block(number, value.encode()) for number, value in texts if value]
    parts += [_block(PAYLOAD, frame.payload)] if frame.payload else []
    parts += [_block(LOG_ID_NEW, frame.log_id_new.encode())] if frame.log_id_new else []
    return b"".join(parts)


def from_bytes(data: bytes) -> Frame:
    """Raises UnreadableReply where it is no frame."""
    numbers: dict[int, int] = {}
    blocks: dict[int, bytes] = {}
    headers: dict[str, str] = {}
    for number, value in _fields(data):
        if isinstance(value, int):
            numbers[number] = value
        elif number == HEADERS:
            name, text = _header(value)
            headers[name] = text
        else:
            blocks[number] = value
        if len(headers) > MAX_HEADERS:
            raise UnreadableReply(ID, "a frame with too many headers")
    if METHOD not in numbers or SERVICE not in numbers:
        raise UnreadableReply(ID, "a frame without its method or service")
    return Frame(
        numbers.get(SEQ_ID, 0), numbers.get(LOG_ID, 0), numbers[SERVICE], numbers[METHOD], headers,
        blocks.get(PAYLOAD, b""), _text(blocks.get(ENCODING, b"")), _text(blocks.get(TYPE, b"")),
        _text(blocks.get(LOG_ID_NEW, b"")),
    )  # fmt: skip


def _header(data: bytes) -> tuple[str, str]:
    found = {number: value for number, value in _fields(data) if isinstance(value, bytes)}
    return _text(found.get(1, b"")), _text(found.get(2, b""))


def _text(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError as exc:
        raise UnreadableReply(ID, "a frame with a text that is none") from exc


def _varint(value: int) -> bytes:
    value &= (1 << 64) - 1
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes((*out, value))


def _block(number: int, data: bytes) -> bytes:
    return _varint(number << 3 | LENGTH) + _varint(len(data)) + data


def _fields(data: bytes) -> Iterator[tuple[int, int | bytes]]:
    at = 0
    while at < len(data):
        tag, at = _read_varint(data, at)
        kind = tag & 7
        if kind == VARINT:
            value, at = _read_varint(data, at)
            yield tag >> 3, value
            continue
        if kind == LENGTH:
            size, at = _read_varint(data, at)
        elif kind in FIXED_BYTES:
            size = FIXED_BYTES[kind]
        else:
            raise UnreadableReply(ID, "a frame with an unknown wire type")
        if at + size > len(data):
            raise UnreadableReply(ID, "a frame that was cut")
        yield tag >> 3, data[at : at + size]
        at += size


def _read_varint(data: bytes, at: int) -> tuple[int, int]:
    value = 0
    for n, byte in enumerate(data[at : at + 10]):
        value |= (byte & 0x7F) << 7 * n
        if byte < 0x80:
            return value, at + n + 1
    raise UnreadableReply(ID, "a frame with a number that doesn't end")


# --- calls ---------------------------------------------------------------------------------------------------------


def signature(timestamp: str, nonce: str, encrypt_key: str, body: bytes) -> str:
    """SHA-256, in hex, over time, nonce, key and the raw body."""
    return hashlib.sha256(f"{timestamp}{nonce}{encrypt_key}".encode() + body).hexdigest()


def is_signed(headers: Mapping[str, str], encrypt_key: str, body: bytes) -> bool:
    """Whether a call was signed with the key; compared in constant time."""
    timestamp, nonce, told = (
        headers.get(f"x-lark-{name}", "") for name in ("request-timestamp", "request-nonce", "signature")
    )
    good = signature(timestamp, nonce, encrypt_key, body)
    return bool(nonce) and hmac.compare_digest(good.encode(), told.encode("utf-8", "replace"))


def decrypted(encrypted: str, encrypt_key: str) -> bytes:
    """AES-256-CBC: the key is the SHA-256 of ours, the first block the initial vector. Raises UnreadableReply."""
    try:
        data = base64.b64decode(encrypted, validate=True)
        decryptor = Cipher(algorithms.AES(_key(encrypt_key)), modes.CBC(data[:BLOCK])).decryptor()
        padded = decryptor.update(data[BLOCK:]) + decryptor.finalize()
        unpadder = PKCS7(BLOCK * 8).unpadder()
        return unpadder.update(padded) + unpadder.finalize()
    except (ValueError, binascii.Error) as exc:
        raise UnreadableReply(ID, "a call that isn't encrypted with the account's key") from exc


def encrypted(plain: bytes, encrypt_key: str, vector: bytes) -> str:
    """What ``decrypted`` reads; ``vector`` are 16 random bytes."""
    padder = PKCS7(BLOCK * 8).padder()
    padded = padder.update(plain) + padder.finalize()
    encryptor = Cipher(algorithms.AES(_key(encrypt_key)), modes.CBC(vector)).encryptor()
    return base64.b64encode(vector + encryptor.update(padded) + encryptor.finalize()).decode()


def _key(encrypt_key: str) -> bytes:
    return hashlib.sha256(encrypt_key.encode()).digest()
