"""What the message of a failure says where no code decides: one table for Kuaidi100, Kuaidiniao and SF.

No document lists the messages. Met in public code are Kuaidi100's (查询无结果, 找不到对应公司, 不支持此快递公司, 没授权, 验证码错误,
KEY已过期), Kuaidiniao's (没有可用套餐, 暂无轨迹信息, 三天无轨迹, 七天内无轨迹变化, 手机尾号不正确, 请核实ID和key,
【ShipperCode】不正确) and SF's (手机号, 月结卡号); the other words are read by their sense.
"""

from domain.errors import AccessDenied, OutsideError, RateLimited, Unreachable
from domain.tracking import NoData

Kind = NoData | type[OutsideError]
"""Whose fault a failure is: the parcel's (NoData), or the account's or the source's (an error)."""

_BY_KIND: tuple[tuple[Kind, tuple[str, ...]], ...] = (
    (RateLimited, ("频繁", "次数", "限流", "流量", "超限", "上限", "超量", "超出查询")),
    (
        AccessDenied,
        (
            *("套餐", "余额", "欠费", "充值", "签名", "DataSign", "权限", "授权", "未开通", "已到期"),
            *("请核实ID", "合法的订阅者"),
        ),
    ),
    (
        NoData.NOT_SCANNED,
        (
            *("暂无", "无轨迹", "没有轨迹", "无物流", "没有物流", "无结果", "无记录"),
            *("未查", "查不到", "没有查", "查无", "单号不存在"),
        ),
    ),
    (
        Unreachable,
        ("繁忙", "系统异常", "系统错误", "服务异常", "服务器", "网络", "超时", "稍后", "维护"),
    ),
    (
        NoData.BAD_CREDENTIAL,
        ("手机", "电话", "后四位", "尾号", "验证码", "月结", "CustomerName", "checkPhoneNo"),
    ),
    (
        AccessDenied,
        (
            *("数据验证", "校验", "AppKey", "EBusinessID", "实名", "用户", "账号", "账户", "帐号", "白名单"),
            *("KEY", "key", "customer"),
        ),
    ),
    (NoData.AGED_OUT, ("3个月", "三个月")),
    (
        NoData.WRONG_CARRIER,
        (
            *("快递公司", "物流公司", "对应公司", "ShipperCode", "LogisticCode", "单号格式", "单号有误"),
            *("单号错误", "单号不正确", "不合法", "特殊字符", "单号长度"),
        ),
    ),
)

WORDS: tuple[tuple[str, Kind], ...] = tuple((word, kind) for kind, words in _BY_KIND for word in words)
"""Word by word, in the order in which they are asked; the first one found decides."""


def kind_in(message: str) -> Kind | None:
    """What the message stands for, None where it has no known word."""
    return next((kind for word, kind in WORDS if word in message), None)
