"""FedEx Track API v1: thirty numbers per call, several parcels under one number, errors inside a success.

Source: developer.fedex.com (Track API, authorization, rate limits) and recorded replies. See docs/carriers/fedex.md.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from urllib.parse import urlencode

import msgspec

from carriers.base import Account, Budget, Carrier, Meaning, Token, TokenFlow, raise_for_status, said
from carriers.fedex_errors import HISTORY
from carriers.fedex_pickup import PICKUP, FedexPickupSettings
from carriers.fedex_read import parts, read
from carriers.fedex_vocabulary import DELIVERIES, EVENTS, EXCEPTIONS, TRIPLES
from carriers.fedex_wire import ID, TokenReply
from domain.errors import AccessDenied, RuleError
from domain.tracking import Ask, Milestone, Reason
from net.http import HttpReply, HttpRequest

BATCH = 30


class FedexSettings(FedexPickupSettings, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """``client_id`` and ``client_secret`` of a project with the Track API."""

    client_id: str
    client_secret: str
    base_url: str = "https://apis.fedex.com"
    locale: str = "en_US"


# --- asking ---


def request(asks: Sequence[Ask], account: Account, now: datetime, nonce: str) -> HttpRequest:
    """One call for up to thirty numbers; ``source_ref`` (an identity read before) asks for that very parcel."""
    del now
    if not 0 < len(asks) <= BATCH:
        raise RuleError(f"fedex: ask for 1 to {BATCH} numbers at once, not {len(asks)}")
    if account.token is None:
        raise RuleError("fedex: get a token before asking")
    settings: FedexSettings = account.settings
    headers = {
        "content-type": "application/json",
        "authorization": f"Bearer {account.token.value}",
        "x-locale": settings.locale,
        "x-customer-transaction-id": nonce,
    }
    body = {"includeDetailedScans": True, "trackingInfo": [{"trackingNumberInfo": _asked(ask)} for ask in asks]}
    return HttpRequest("POST", settings.base_url + "/track/v1/trackingnumbers", headers, msgspec.json.encode(body))


def _asked(ask: Ask) -> dict[str, str]:
    number = {"trackingNumber": ask.number}
    return {**number, "trackingNumberUniqueId": ask.source_ref} if ask.source_ref else number


def token_request(account: Account, now: datetime) -> HttpRequest:
    """OAuth 2 client credentials."""
    del now
    settings: FedexSettings = account.settings
    fields = {
        "grant_type": "client_credentials",
        "client_id": settings.client_id,
        "client_secret": settings.client_secret,
    }
    headers = {"content-type": "application/x-www-form-urlencoded"}
    return HttpRequest("POST", settings.base_url + "/oauth/token", headers, urlencode(fields).encode())


def token_read(reply: HttpReply, now: datetime) -> Token:
    """The token and its end. Raises AccessDenied where the project's key is refused, which FedEx also does with 400."""
    if reply.status == 400:
        raise AccessDenied(ID, "HTTP 400 for the token: client_id or client_secret")
    raise_for_status(ID, reply)
    token = said(ID, reply.body, TokenReply)
    return Token(token.access_token, now + timedelta(seconds=min(max(token.expires_in, 0), 86_400)))


CARRIER = Carrier(
    id=ID,
    name={"zh": "联邦快递", "en": "FedEx"},
    settings=FedexSettings,
    batch_size=BATCH,
    budgets=(
        Budget(1400, 10, source="developer.fedex.com rate limits: per project"),
        Budget(100_000, 86_400, source="developer.fedex.com rate limits: tracking capability, per project"),
    ),
    vocabulary={
        **{f"*/{code}/*": meaning for code, meaning in EVENTS.items()},
        **{"/".join(triple): meaning for triple, meaning in TRIPLES.items()},
        **{f"*/DL/{code}": meaning for code, meaning in DELIVERIES.items()},
        **{
            f"*/*/{code}": Meaning(row.milestone or Milestone.INFO, row.source, reason=row.reason or Reason.OTHER)
            for code, row in EXCEPTIONS.items()
        },
    },
    pickup=PICKUP,
    probe=Ask("000000000000"),
    request=request,
    read=read,
    parts=parts,
    token=TokenFlow(request=token_request, read=token_read),
    history=HISTORY,
    scrub=("contact", "personName", "phoneNumber", "companyName", "streetLines", "receivedByName", "signedByName"),
)
