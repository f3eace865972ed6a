"""What Amap's web services (lbs.amap.com, Web服务) have in common: their envelope and its codes."""

from collections.abc import Mapping
from typing import TypeVar

import msgspec

from domain.errors import AccessDenied, OutsideError, RateLimited, Unreachable, UnreadableReply
from net.http import HttpReply
from scheduler.travel.table import refuse

BASE_URL = "https://restapi.amap.com"
ERRORS: Mapping[str, type[OutsideError]] = {
    "10001": AccessDenied,  # INVALID_USER_KEY
    "10002": AccessDenied,  # SERVICE_NOT_AVAILABLE: the key isn't for this service
    "10003": RateLimited,  # DAILY_QUERY_OVER_LIMIT
    "10004": RateLimited,  # ACCESS_TOO_FREQUENT
    "10005": AccessDenied,  # INVALID_USER_IP
    "10006": AccessDenied,  # INVALID_USER_DOMAIN
    "10007": AccessDenied,  # INVALID_USER_SIGNATURE
    "10009": AccessDenied,  # USERKEY_PLAT_NOMATCH
    "10010": RateLimited,  # IP_QUERY_OVER_LIMIT
    "10014": RateLimited,  # QPS_HAS_EXCEEDED_THE_LIMIT
    "10016": Unreachable,  # SERVER_IS_BUSY
    "10019": RateLimited,  # CQPS_HAS_EXCEEDED_THE_LIMIT
    "10020": RateLimited,  # CKQPS_HAS_EXCEEDED_THE_LIMIT
    "10021": RateLimited,  # CUQPS_HAS_EXCEEDED_THE_LIMIT
    "10044": RateLimited,  # USER_DAILY_QUERY_OVER_LIMIT
}
"""By infocode (lbs.amap.com/api/webservice/guide/tools/info, 2026-11-26); any other is unreadable."""


class Answer(msgspec.Struct):
    """``status`` 1 is a success; what else there is depends on the service."""

    status: str
    infocode: str = ""
    info: str = ""


Told = TypeVar("Told", bound=Answer)


def read(reply: HttpReply, of: type[Told], who: str) -> Told:
    """A successful answer. Raises the OutsideError that its status or its infocode stands for."""
    refuse(reply, who)
    try:
        found = msgspec.json.decode(reply.body, type=of)
    except (msgspec.DecodeError, UnicodeDecodeError) as exc:
        raise UnreadableReply(who, str(exc)) from exc
    if found.status != "1":
        raise ERRORS.get(found.infocode, UnreadableReply)(who, f"{found.infocode} {found.info}")
    return found
