"""Bearer tokens that carry their own end and a proof, so that they outlive a restart of the stand-in that made them."""

import hashlib
import hmac
from datetime import datetime

from net.http import HttpRequest
from sim.wire import header

PROOF = 32  # hex digits of a token's proof


def made(secret: str, ends_at: datetime) -> str:
    """A token that is good until ``ends_at``."""
    ends = str(int(ends_at.timestamp()))
    return f"{_proof(secret, ends)}{ends}"


def lets_in(secret: str, request: HttpRequest, now: datetime) -> bool:
    """Whether the request bears a token of ours that hasn't ended."""
    scheme, _, value = header(request.headers, "authorization").partition(" ")
    proof, ends = value[:PROOF], value[PROOF:]
    good = scheme.lower() == "bearer" and ends.isdigit() and hmac.compare_digest(proof, _proof(secret, ends))
    return good and now.timestamp() < int(ends)


def _proof(secret: str, ends: str) -> str:
    return hmac.new(secret.encode(), ends.encode(), hashlib.sha256).hexdigest()[:PROOF]
