"""What the booking tests share: orders, accounts with the settings that booking needs, and replies of documented shapes."""

import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import httpx
from carrier_support import SECRET

from carriers import fedex_pickup, kuaidi100_pickup, registry, sf_pickup, ups_pickup
from carriers.base import Account, Carrier, Token
from carriers.booking import Call
from carriers.booking_sender import pickup_line
from carriers.fedex_pickup import FedexPickupSettings
from carriers.kuaidi100_pickup import Kuaidi100PickupSettings
from carriers.sender import Line
from carriers.sf_pickup import SfPickupSettings
from carriers.times import SHANGHAI
from carriers.ups_pickup import UpsPickupSettings
from domain.booking import Intercept, InterceptKind, Party, PickupOrder, Slot
from net.http import Http, HttpReply

NEW_YORK = ZoneInfo("America/New_York")
NOW = datetime(2026, 11, 25, 2, tzinfo=UTC)  # a Wednesday, 10:00 in Shanghai
US_NOW = datetime(2026, 11, 25, 14, tzinfo=UTC)  # 9:00 in New York
OUR_ID = "R-2026-0001"


class Kuaidi100(Kuaidi100PickupSettings, frozen=True, kw_only=True):
    key: str = SECRET + "key"
    salt: str = SECRET + "salt"
    callback_url: str = "https://desk.example/push/kuaidi100"


class Sf(SfPickupSettings, frozen=True, kw_only=True):
    partner_id: str = "PARTNER"
    checkword: str = SECRET + "checkword"
    base_url: str = "https://bspgw.sf-express.com/std/service"


class Fedex(FedexPickupSettings, frozen=True, kw_only=True):
    base_url: str = "https://apis.fedex.com"
    locale: str = "en_US"


class Ups(UpsPickupSettings, frozen=True, kw_only=True):
    base_url: str = "https://onlinetools.ups.com"
    transaction_source: str = "doorstep"


SETTINGS: dict[str, Any] = {
    "kuaidi100": Kuaidi100(pickup_secret=SECRET + "secret", intercept_partner_id="P1"),
    "sf": Sf(month_card="7551234567"),
    "fedex": Fedex(
        account_number="740561073", pickup_client_id=SECRET + "id", pickup_client_secret=SECRET + "client_secret"
    ),
    "ups": Ups(shipper_number="A1B2C3"),
}
MODULES = {"kuaidi100": kuaidi100_pickup, "sf": sf_pickup, "fedex": fedex_pickup, "ups": ups_pickup}
INTERCEPTING = ("kuaidi100", "sf")


def carrier_of(name: str) -> Carrier:
    """The carrier with its pickup, however far it is wired into the registry."""
    module = MODULES[name]
    intercept = module.INTERCEPT if name in INTERCEPTING else None  # type: ignore[attr-defined]
    return replace(registry.get(name), pickup=module.PICKUP, intercept=intercept)  # type: ignore[attr-defined]


def account_of(name: str, settings: Any = None) -> Account:
    token = Token(SECRET + "token", NOW + timedelta(days=3)) if name in {"fedex", "ups"} else None
    return Account(name, "main", SETTINGS[name] if settings is None else settings, token)


def line_of(name: str, now: datetime) -> Line:
    """An open line whose account holds a token already, where the tests don't watch it being fetched."""
    line = pickup_line(carrier_of(name), account_of(name), Http(name), lambda: now)
    line.account = account_of(name)
    return line


CUSTOMER = Party("张三丰", "13812345678", "科技南十二路2号金蝶软件园B座", "深圳市", "广东省", "南山区")
WAREHOUSE = Party("退货组", "075512345678", "华景软件园3栋", "广州市", "广东省", "天河区", residential=False)
US_CUSTOMER = Party("Ann Miller", "2015550100", "315 Saddle Bridge Drive", "Allendale", "NJ", "", "07401", "US")
US_WAREHOUSE = Party(
    "Returns", "9085550100", "1 Dock Road", "Newark", "NJ", "", "07102", "US", "Shop Inc", residential=False
)

CN_ORDER = PickupOrder(
    OUR_ID,
    CUSTOMER,
    WAREHOUSE,
    Slot(datetime(2026, 11, 25, 14, tzinfo=SHANGHAI), datetime(2026, 11, 25, 16, tzinfo=SHANGHAI)),
    SHANGHAI,
    "衣服",
    1500,
    carrier="圆通速递",
)
SF_ORDER = replace(
    CN_ORDER,
    carrier="",
    slot=Slot(datetime(2026, 11, 25, 14, tzinfo=SHANGHAI), datetime(2026, 11, 25, 15, tzinfo=SHANGHAI)),
)
US_ORDER = PickupOrder(
    OUR_ID,
    US_CUSTOMER,
    US_WAREHOUSE,
    Slot(datetime(2026, 11, 25, 13, tzinfo=NEW_YORK), datetime(2026, 11, 25, 17, tzinfo=NEW_YORK)),
    NEW_YORK,
    "clothes",
    1500,
    parcels=2,
)
ORDERS = {"kuaidi100": CN_ORDER, "sf": SF_ORDER, "fedex": US_ORDER, "ups": US_ORDER}
NOWS = {"kuaidi100": NOW, "sf": NOW, "fedex": US_NOW, "ups": US_NOW}
REFS = {"kuaidi100": "TASK|20066771", "sf": OUR_ID, "fedex": "301|2026-11-25|FDXE|EWRA", "ups": "2929602E9CP"}
INTERCEPT = Intercept("I-1", "YT2213099035201", InterceptKind.CHANGE_ADDRESS, "地址错", "yuantong", WAREHOUSE)


def kd(code: str = "200", message: str = "成功", **data: object) -> dict[str, object]:
    return {"result": code == "200", "returnCode": code, "message": message, "data": data or None}


def sf(data: object = None, code: str = "S0000", message: str | None = None) -> dict[str, object]:
    inner = {"success": code == "S0000", "errorCode": code, "errorMsg": message, "msgData": data}
    return {"apiResultCode": "A1000", "apiErrorMsg": "", "apiResultData": json.dumps(inner, ensure_ascii=False)}


SF_PLACED = {"orderId": OUR_ID, "filterResult": 2, "waybillNoInfoList": [{"waybillType": 1, "waybillNo": "SF7444"}]}


def fx(**output: object) -> dict[str, object]:
    return {"transactionId": "t", "output": output}


FX_OPTION = {
    "carrier": "FDXE",
    "available": True,
    "pickupDate": "2026-11-25",
    "cutOffTime": "16:30:00",
    "accessTime": {"hours": 1, "minutes": 30},
    "readyTimeOptions": ["10:00:00", "10:30:00", "17:00:00"],
    "latestTimeOptions": ["12:00:00", "18:00:00"],
}


def faulty(code: str, message: str) -> dict[str, object]:
    """FedEx's envelope of errors."""
    return {"transactionId": "t", "errors": [{"code": code, "message": message}]}


def ups_faulty(code: str, message: str) -> dict[str, object]:
    return {"response": {"errors": [{"code": code, "message": message}]}}


UPS_OK = {"ResponseStatus": {"Code": "1", "Description": "Success"}}
UPS_RATE = {"RateType": "SD", "CurrencyCode": "USD", "GrandTotalOfAllCharge": "8.60"}


def pending(*pickups: dict[str, object]) -> dict[str, object]:
    """A single pickup comes as an object, several as a list."""
    status: object = pickups[0] if len(pickups) == 1 else list(pickups)
    return {"PickupPendingStatusResponse": {"Response": UPS_OK, "PendingStatus": status}}


UPS_PENDING = {"PickupType": "01", "PRN": REFS["ups"], "OnCallStatusCode": "002", "ReferenceNumber": OUR_ID}
UPS_PENDING |= {"PickupStatusMessage": "Dispatched to driver"}

SUCCESSES: dict[tuple[str, str], object] = {
    ("kuaidi100", "quote"): kd(price="10.0", defPrice="12.0", serviceType="标准快递", kuaidiCom="yuantong"),
    ("kuaidi100", "book"): kd(taskId="TASK", orderId="20066771", kuaidinum="YT2213099035201"),
    ("kuaidi100", "cancel"): kd(),
    ("kuaidi100", "state"): kd(status=1, kuaidiNum="YT2213099035201", courierName="李四", courierMobile="13900001111"),
    ("kuaidi100", "intercept"): {"success": True, "code": 200, "message": "提交成功", "data": None},
    ("sf", "quote"): sf({"deliverTmDto": [{"businessType": "2", "businessTypeDesc": "顺丰标快", "fee": 18}]}),
    ("sf", "book"): sf(SF_PLACED),
    ("sf", "find"): sf(SF_PLACED),
    ("sf", "cancel"): sf({**SF_PLACED, "resStatus": 2}),
    ("sf", "state"): sf(SF_PLACED),
    ("sf", "intercept"): sf(None),
    ("fedex", "quote"): fx(options=[FX_OPTION]),
    ("fedex", "book"): fx(pickupConfirmationCode="301", location="EWRA", message="ok"),
    ("fedex", "cancel"): fx(pickupConfirmationCode="301", cancelConfirmationMessage="cancelled"),
    ("ups", "quote"): {"PickupRateResponse": {"Response": UPS_OK, "RateResult": UPS_RATE}},
    ("ups", "book"): {"PickupCreationResponse": {"Response": UPS_OK, "PRN": REFS["ups"], "RateResult": UPS_RATE}},
    ("ups", "cancel"): {"PickupCancelResponse": {"Response": UPS_OK, "PickupType": "01"}},
    ("ups", "state"): pending(UPS_PENDING),
    ("ups", "find"): pending(UPS_PENDING),
}
"""A good reply to every call of every carrier."""


@dataclass(frozen=True)
class Case:
    """One call of one carrier with what it is asked and a good reply."""

    carrier: str
    name: str
    call: Call[Any, Any]
    asked: Any
    body: bytes

    @property
    def now(self) -> datetime:
        return NOWS[self.carrier]

    def read(self, reply: HttpReply) -> Any:
        return self.call.read(reply, self.asked, self.now)


def _case(carrier: str, name: str, body: object) -> Case:
    whole = carrier_of(carrier)
    call = whole.intercept if name == "intercept" else getattr(whole.pickup, name)
    asked = {"quote": ORDERS[carrier], "book": ORDERS[carrier], "find": OUR_ID, "intercept": INTERCEPT}
    return Case(carrier, name, call, asked.get(name, REFS[carrier]), json.dumps(body, ensure_ascii=False).encode())


CASES = tuple(_case(carrier, name, body) for (carrier, name), body in SUCCESSES.items())


def answer(body: object, status: int = 200) -> httpx.Response:
    return httpx.Response(status, content=json.dumps(body, ensure_ascii=False).encode())
