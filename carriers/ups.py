"""UPS Track API v1: one number per call, its packages and their activities; warnings inside a success.

Source: UPS-API/api-documentation (Tracking, UPSTrackAlertEnhanced, OAuthClientCredentials). See docs/carriers/ups.md.
"""

from collections.abc import Sequence
from datetime import datetime
from urllib.parse import quote, urlencode

from carriers.base import Account, Budget, Carrier, TokenFlow
from carriers.ups_account import UpsSettings, headers, token_read, token_request
from carriers.ups_errors import HISTORY
from carriers.ups_pickup import PICKUP
from carriers.ups_push import PUSH
from carriers.ups_read import read
from carriers.ups_statuses import ROLLUPS, STATUSES
from carriers.ups_vocabulary import CODES, EXCEPTION_TEXTS
from carriers.ups_wire import ID
from domain.errors import RuleError
from domain.tracking import Ask
from net.http import HttpRequest


def request(asks: Sequence[Ask], account: Account, now: datetime, nonce: str) -> HttpRequest:
    """The details of one number, which may be a parcel's or a shipment's."""
    del now
    if len(asks) != 1:
        raise RuleError(f"ups: ask for one number at once, not {len(asks)}")
    settings: UpsSettings = account.settings
    query = urlencode({"locale": settings.locale, "returnSignature": "false", "returnMilestones": "false"})
    url = f"{settings.base_url}/api/track/v1/details/{quote(asks[0].number, safe='')}?{query}"
    return HttpRequest("GET", url, headers(account, nonce), b"")


CARRIER = Carrier(
    id=ID,
    name={"zh": "UPS 联合包裹", "en": "UPS"},
    settings=UpsSettings,
    batch_size=1,
    budgets=(Budget(1, 1, source="our own: UPS publishes no limit and sends 429 (api-documentation issue 8)"),),
    vocabulary={
        **{"/".join(key): meaning for key, meaning in CODES.items()},
        **{f"*/*/{status}": meaning for status, meaning in STATUSES.items()},
        **{f"*//{status}": meaning for status, meaning in ROLLUPS.items()},
        **{f"X/* {n}: {row.phrase}": row.meaning for n, row in enumerate(EXCEPTION_TEXTS)},
    },
    pickup=PICKUP,
    probe=Ask("1Z0000000000000000"),
    request=request,
    read=read,
    token=TokenFlow(request=token_request, read=token_read),
    push=PUSH,
    history=HISTORY,
    scrub=(
        "name",
        "attentionName",
        "receivedBy",
        "image",
        "photo",
        "deliveryPhoto",
        "pod",
        "addressLine1",
        "addressLine2",
        "addressLine3",
    ),
)
