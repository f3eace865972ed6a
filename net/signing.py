"""The headers of a signed call outwards, as Standard Webhooks has them (webhook-id, -timestamp, -signature: v1, HMAC-SHA256)."""

import base64
import binascii
import hashlib
import hmac
from datetime import datetime

PREFIX = "whsec_"


def signed(secret: str, id_: str, at: datetime, body: bytes) -> dict[str, str]:
    """``secret``: ``whsec_`` and base64, else the very bytes of the text. ``at`` is real time: receivers refuse old calls."""
    stamp = str(int(at.timestamp()))
    digest = hmac.new(_key(secret), f"{id_}.{stamp}.".encode() + body, hashlib.sha256).digest()
    signature = f"v1,{base64.b64encode(digest).decode()}"
    return {"webhook-id": id_, "webhook-timestamp": stamp, "webhook-signature": signature}


def _key(secret: str) -> bytes:
    if secret.startswith(PREFIX):
        try:
            return base64.b64decode(secret.removeprefix(PREFIX), validate=True)
        except binascii.Error:
            return secret.encode()
    return secret.encode()
