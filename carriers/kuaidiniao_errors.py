"""What Kuaidiniao's failures mean: its codes, and the words of a Reason where no code decides.

Source: the error table of its query document (copy: apifox 2538027/doc-2283185). No document lists the Reasons: seen in
public code are 没有可用套餐, 暂无轨迹信息, 三天无轨迹 and 七天内无轨迹变化; the other words are read by their sense.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType

from carriers.base import missing_since, text_of
from carriers.kuaidiniao_wire import HISTORY, ID, Result
from domain.errors import AccessDenied, OutsideError, RateLimited, Unreachable, UnreadableReply
from domain.tracking import Ask, NoData, NotFound

Kind = NoData | type[OutsideError]

ERRORS: Mapping[str, Kind] = MappingProxyType(
    {
        "101": UnreadableReply,  # a parameter is missing
        "102": AccessDenied,  # check failed: DataSign
        "103": UnreadableReply,  # format
        "104": AccessDenied,  # user
        "401": UnreadableReply,  # RequestData
        "402": UnreadableReply,  # no number
        "403": NoData.WRONG_CARRIER,  # special characters in the number
        "404": NoData.WRONG_CARRIER,  # length of the number
        "405": RateLimited,  # more queries than the day allows
    }
)
"""By code. 105 is "other": only its message tells."""

SAYS: tuple[tuple[str, Kind], ...] = (
    ("频繁", RateLimited),
    ("次数", RateLimited),
    ("限流", RateLimited),
    ("超限", RateLimited),
    ("上限", RateLimited),
    ("超量", RateLimited),
    ("超出查询", RateLimited),
    ("繁忙", Unreachable),
    ("系统异常", Unreachable),
    ("系统错误", Unreachable),
    ("服务器", Unreachable),
    ("网络", Unreachable),
    ("超时", Unreachable),
    ("稍后", Unreachable),
    ("维护", Unreachable),
    ("套餐", AccessDenied),
    ("余额", AccessDenied),
    ("欠费", AccessDenied),
    ("充值", AccessDenied),
    ("签名", AccessDenied),
    ("DataSign", AccessDenied),
    ("权限", AccessDenied),
    ("授权", AccessDenied),
    ("未开通", AccessDenied),
    ("手机", NoData.BAD_CREDENTIAL),
    ("电话", NoData.BAD_CREDENTIAL),
    ("后四位", NoData.BAD_CREDENTIAL),
    ("CustomerName", NoData.BAD_CREDENTIAL),
    ("数据验证", AccessDenied),
    ("校验", AccessDenied),
    ("AppKey", AccessDenied),
    ("EBusinessID", AccessDenied),
    ("实名", AccessDenied),
    ("用户", AccessDenied),
    ("账号", AccessDenied),
    ("账户", AccessDenied),
    ("帐号", AccessDenied),
    ("白名单", AccessDenied),
    ("暂无", NoData.NOT_SCANNED),
    ("无轨迹", NoData.NOT_SCANNED),
    ("没有轨迹", NoData.NOT_SCANNED),
    ("无物流", NoData.NOT_SCANNED),
    ("没有物流", NoData.NOT_SCANNED),
    ("未查", NoData.NOT_SCANNED),
    ("查不到", NoData.NOT_SCANNED),
    ("没有查", NoData.NOT_SCANNED),
    ("查无", NoData.NOT_SCANNED),
    ("单号不存在", NoData.NOT_SCANNED),
    ("快递公司", NoData.WRONG_CARRIER),
    ("物流公司", NoData.WRONG_CARRIER),
    ("ShipperCode", NoData.WRONG_CARRIER),
    ("单号格式", NoData.WRONG_CARRIER),
    ("单号有误", NoData.WRONG_CARRIER),
    ("单号错误", NoData.WRONG_CARRIER),
    ("不合法", NoData.WRONG_CARRIER),
    ("特殊字符", NoData.WRONG_CARRIER),
    ("单号长度", NoData.WRONG_CARRIER),
)
"""What the Reason says where no code decides; the first word that fits."""


_CODE = re.compile(r"\W*(10[0-5]|40[1-5])(?!\d)", re.ASCII)


def code_of(result: Result) -> str:
    """The code of a failure: ResultCode, else the digits that the Reason begins with."""
    begins = _CODE.match(text_of(result.reason))
    return text_of(result.result_code).strip() or (begins.group(1) if begins else "")


def kind_of(result: Result) -> Kind:
    reason = text_of(result.reason)
    code = code_of(result)
    if code in ERRORS:
        return ERRORS[code]
    named = next((kind for word, kind in SAYS if word in reason), None)
    silent = text_of(result.state) == "0" and not reason and code in {"", "100"}
    return named or (NoData.NOT_SCANNED if silent else UnreadableReply)


def failure(result: Result, ask: Ask, now: datetime) -> NotFound:
    kind = kind_of(result)
    message = f"{text_of(result.result_code)} {text_of(result.reason)}".strip()
    if not isinstance(kind, NoData):
        raise kind(ID, message)
    return NotFound(missing_since(ask, now, HISTORY) if kind is NoData.NOT_SCANNED else kind, message)
