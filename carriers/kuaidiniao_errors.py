"""What Kuaidiniao's failures mean: its codes, and the words of a Reason where no code decides.

Source: the error table of its query document (copy: apifox 2538027/doc-2283185). No document lists the Reasons: seen in
public code are 没有可用套餐, 暂无轨迹信息, 三天无轨迹 and 七天内无轨迹变化; the other words are read by their sense.
"""

from collections.abc import Mapping
from types import MappingProxyType

from domain.errors import AccessDenied, OutsideError, RateLimited, Unreachable, UnreadableReply
from domain.tracking import NoData

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
