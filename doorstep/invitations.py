"""One-time links by which somebody in a chat says which member of the desk they are.

The token is made of a nonce and the installation's key, so that neither the letter that carries the link nor the table that
knows it could be used by whoever reads the database: the letter has the nonce, the table the token's hash.
"""

import hashlib
import hmac
import secrets

from doorstep.house import LINK_KEY, House, make_link_key
from doorstep.web.auth import digest
from store import people

NONCE_BYTES = 16


def new_invitation(house: House) -> tuple[str, str]:
    """A new nonce, and the hash of the token that it makes."""
    nonce = secrets.token_urlsafe(NONCE_BYTES)
    return nonce, digest(token_of(house, nonce))


def token_of(house: House, nonce: str) -> str:
    return keyed(house, f"chat-link/{nonce}")


def keyed(house: House, text: str) -> str:
    """A text only this installation can make: the HMAC of another under its own key."""
    key = house.store.read(people.meta, LINK_KEY) or house.store.write(make_link_key)
    return hmac.new(key.encode(), text.encode(), hashlib.sha256).hexdigest()


def url_of(house: House, nonce: str) -> str:
    """Where the invited person confirms it, signed in."""
    return f"{house.settings.doorstep.console_url}/chat/link/{token_of(house, nonce)}"
