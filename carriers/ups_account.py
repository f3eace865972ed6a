"""A UPS account: its settings, its token and the headers of every call. For the UPS adapter only.

Source: UPS-API/api-documentation, OAuthClientCredentials and Tracking.
"""

import base64
from datetime import datetime, timedelta
from typing import Literal
from urllib.parse import urlencode

from carriers.base import Account, Token, raise_for_status, said, text_of
from carriers.ups_pickup import UpsPickupSettings
from carriers.ups_wire import ID, TokenReply
from domain.errors import AccessDenied, RuleError
from net.http import HttpReply, HttpRequest


class UpsSettings(UpsPickupSettings, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """``client_id`` and ``client_secret`` of an app with the Tracking API. ``push_credential``: what every Track Alert
    must come with, without it no push is believed. ``alerts``: the version of Track Alert; v1 is told the credential in
    each subscription, v2 knows it from UPS's portal.
    """

    client_id: str
    client_secret: str
    base_url: str = "https://onlinetools.ups.com"
    locale: str = "en_US"
    transaction_source: str = "doorstep"
    push_credential: str = ""
    alerts: Literal["v1", "v2"] = "v1"


def headers(account: Account, nonce: str) -> dict[str, str]:
    if account.token is None:
        raise RuleError("ups: get a token before asking")
    return {
        "authorization": f"Bearer {account.token.value}",
        "transid": nonce[:32],
        "transactionsrc": account.settings.transaction_source,
    }


def token_request(account: Account, now: datetime) -> HttpRequest:
    """OAuth 2 client credentials, as HTTP basic authentication."""
    del now
    settings: UpsSettings = account.settings
    basic = base64.b64encode(f"{settings.client_id}:{settings.client_secret}".encode()).decode()
    headers = {
        "content-type": "application/x-www-form-urlencoded",
        "authorization": f"Basic {basic}",
        "x-merchant-id": settings.client_id,
    }
    body = urlencode({"grant_type": "client_credentials"}).encode()
    return HttpRequest("POST", settings.base_url + "/security/v1/oauth/token", headers, body)


def token_read(reply: HttpReply, now: datetime) -> Token:
    """The token and its end; UPS sends the seconds as text. Raises AccessDenied where the app's key is refused."""
    if reply.status == 400:
        raise AccessDenied(ID, "HTTP 400 for the token: client_id or client_secret")
    raise_for_status(ID, reply)
    token = said(ID, reply.body, TokenReply)
    seconds = text_of(token.expires_in)
    lives = int(seconds) if seconds.isascii() and seconds.isdigit() and len(seconds) <= 6 else 3600
    return Token(token.access_token, now + timedelta(seconds=min(lives, 86_400)))
