"""What JD Logistics' refusals mean: by their words, then by their code.

Words come first because the numbers aren't one list: the same code means different things in different interfaces of the
platform (2001 is "customerCode is empty" in one document, and a missing permission in a live integration of another).
"""

from collections.abc import Mapping
from types import MappingProxyType

from domain.errors import AccessDenied, OutsideError, RateLimited, Unreachable, UnreadableReply
from domain.tracking import NoData

Kind = NoData | type[OutsideError]

GATEWAY: Mapping[str, Kind] = MappingProxyType(
    {
        "2": RateLimited,  # App Call Limited
        "4": UnreadableReply,  # Missing Version
        "5": UnreadableReply,  # Unsupported Version
        "7": UnreadableReply,  # Missing Timestamp
        "8": AccessDenied,  # Invalid Timestamp: our clock is minutes off
        "11": UnreadableReply,  # Missing Signature
        "12": AccessDenied,  # Invalid Signature
        "14": UnreadableReply,  # Missing Method
        "15": UnreadableReply,  # Invalid Method
        "62": UnreadableReply,  # the body isn't an array of parameters
    }
)
"""code of an error_response. Source: 2 to 15 JD's open platform (JOS), in a public copy, whose envelope this is; 62 the
notes of a public client of this very gateway. JDL's own list (access-guide 267/53215) was not to be had."""

BUSINESS: Mapping[str, Kind] = MappingProxyType(
    {
        "2000": UnreadableReply,  # no parameters
        "2001": UnreadableReply,  # no customerCode
        "2002": UnreadableReply,  # no number
        "2003": NoData.WRONG_CARRIER,  # the number isn't this customer's: another account may ask
        "2004": NoData.NOT_SCANNED,  # no waybill for this order
        "2005": NoData.NOT_SCANNED,  # no customer for this order
        "2006": NoData.NOT_SCANNED,  # no waybill for this warehouse order
        "2007": NoData.NOT_SCANNED,  # no customer for this warehouse order
        "2008": NoData.NOT_SCANNED,  # no waybill for the shop's own order number
        "2009": NoData.NOT_SCANNED,  # no JD order for the shop's own order number
        "2010": NoData.NOT_SCANNED,  # no customer for this waybill
        "2011": NoData.NOT_SCANNED,  # no warehouse order for this waybill
        "2012": AccessDenied,  # there is no such customerCode
        "3001": UnreadableReply,  # the kind of the waybill can't be told
        "3002": NoData.WRONG_CARRIER,  # a kind of waybill that this interface doesn't answer for
        "3003": NoData.NOT_SCANNED,  # no details for this waybill
        "3004": UnreadableReply,  # several orders under one number
        "4000": Unreachable,  # the query itself failed
    }
)
"""code of the interface. Source: the error table of JDL's sibling query /integratedsupplychain/order/trace/query/v2 (open
platform, document 1941, as of 30 July 2026); the table of this interface (access-guide 267/54365) was not to be had."""

SAYS: tuple[tuple[str, Kind], ...] = (
    ("不属于", NoData.WRONG_CARRIER),  # …无权限查询 follows: it is the number's, not the account's
    ("不支持查询物流轨迹", NoData.WRONG_CARRIER),
    ("单号格式", NoData.WRONG_CARRIER),
    ("单号有误", NoData.WRONG_CARRIER),
    ("单号不合法", NoData.WRONG_CARRIER),
    ("商家编码不存在", AccessDenied),
    ("商家编码不符", AccessDenied),
    ("token", AccessDenied),
    ("signature", AccessDenied),
    ("timestamp", AccessDenied),
    ("app_key", AccessDenied),
    ("appkey", AccessDenied),
    ("permission", AccessDenied),
    ("签名", AccessDenied),
    ("时间戳", AccessDenied),
    ("令牌", AccessDenied),
    ("授权", AccessDenied),
    ("权限", AccessDenied),
    ("白名单", AccessDenied),
    ("limited", RateLimited),
    ("频繁", RateLimited),
    ("限流", RateLimited),
    ("超限", RateLimited),
    ("调用次数", RateLimited),
    ("繁忙", Unreachable),
    ("超时", Unreachable),
    ("稍后", Unreachable),
    ("系统异常", Unreachable),
    ("服务异常", Unreachable),
    ("查询物流轨迹失败", Unreachable),
    ("未匹配到", NoData.NOT_SCANNED),
    ("查询运单详情失败", NoData.NOT_SCANNED),
    ("运单不存在", NoData.NOT_SCANNED),
    ("单号不存在", NoData.NOT_SCANNED),
    ("暂无", NoData.NOT_SCANNED),
    ("未查询到", NoData.NOT_SCANNED),
    ("查询不到", NoData.NOT_SCANNED),
    ("无轨迹", NoData.NOT_SCANNED),
)
"""The first word that fits, in small letters. Missing parameters are ours, so their words aren't here."""

_OURS = ("missing", "缺少", "不能为空")


def kind_of(code: str, message: str, codes: Mapping[str, Kind]) -> Kind:
    """What a refusal means; one that nothing explains is UnreadableReply."""
    text = message.lower()
    if any(word in text for word in _OURS):
        return codes.get(code, UnreadableReply)
    return next((kind for word, kind in SAYS if word in text), None) or codes.get(code, UnreadableReply)
