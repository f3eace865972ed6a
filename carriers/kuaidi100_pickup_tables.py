"""Kuaidi100's tables of courier pickup: codes, messages, states and windows.

Source: api.kuaidi100.com/document/603cb649a62a19500e19866b and the pages on slots (shang-jia-ji-jian-yu-yue) and states
(shang-jia-ji-jian-zhuang-tai-shuo-ming), as quoted in a public memo of 2026-09; the vendor's SDKs.
"""

from collections.abc import Mapping
from datetime import time, timedelta
from types import MappingProxyType

from carriers.pickup_hours import Hours, clock, hourly
from domain.booking import BookingStatus, InterceptKind, Refusal
from domain.errors import AccessDenied, OutsideError, RateLimited, Unreachable

SERVICES: Mapping[str, str] = MappingProxyType({"shunfeng": "顺丰标快", "jd": "特惠送"})
"""serviceType where it isn't 标准快递, by the document's list."""

INTERCEPTS: Mapping[InterceptKind, str] = MappingProxyType(
    {
        InterceptKind.RETURN_TO_SENDER: "RETURN_SEND_ADDR",  # 退回寄件地址
        InterceptKind.RETURN_TO_BRANCH: "RETURN_SEND_STATION",  # 退回寄件网点
        InterceptKind.CHANGE_ADDRESS: "MODIFY_ADDR",  # 修改地址
    }
)
"""interceptType, by the vendor's SDKs."""


ERRORS: Mapping[str, type[OutsideError]] = MappingProxyType(
    {
        "502": Unreachable,  # busy
        "503": AccessDenied,  # signature
        "504": RateLimited,  # too frequent
        "600": AccessDenied,  # not a customer of this product
        "601": AccessDenied,  # key expired, or no balance
        "700": AccessDenied,  # the callback address was refused
    }
)
"""returnCodes that speak of the account or the source, whatever the message says. 501 is booking's own."""

DUPLICATE = "501"

SAYS: tuple[tuple[str, Refusal | type[OutsideError]], ...] = (
    ("余额", AccessDenied),
    ("欠费", AccessDenied),
    ("充值", AccessDenied),
    ("非法用户", AccessDenied),
    ("未设置价格", Refusal.NO_PRICE),  # 当前线路未设置价格: seen with returnCode 500
    ("风控", Refusal.OUT_OF_AREA),
    ("停派", Refusal.OUT_OF_AREA),
    ("停发", Refusal.OUT_OF_AREA),
    ("不开放", Refusal.OUT_OF_AREA),
    ("超区", Refusal.OUT_OF_AREA),
    ("中文字符", Refusal.ADDRESS),
    ("地址", Refusal.ADDRESS),
    ("公斤", Refusal.TOO_HEAVY),  # 大于2.49公斤,请用德邦大件360
    ("超重", Refusal.TOO_HEAVY),
    ("违禁", Refusal.PROHIBITED),
    ("禁寄", Refusal.PROHIBITED),
    ("手机", Refusal.PHONE),
    ("电话", Refusal.PHONE),
    ("已揽收", Refusal.TOO_LATE),
    ("已取件", Refusal.TOO_LATE),
    ("已揽件", Refusal.TOO_LATE),
    ("不能取消", Refusal.TOO_LATE),
    ("不可取消", Refusal.TOO_LATE),
    ("无法取消", Refusal.TOO_LATE),
    ("已签收", Refusal.TOO_LATE),
    ("预约时间", Refusal.OUT_OF_HOURS),
    ("取件时间", Refusal.OUT_OF_HOURS),
    ("不存在", Refusal.NOT_FOUND),
    ("繁忙", Unreachable),
    ("频繁", RateLimited),
)
"""What the message of 400, 500 and unlisted codes says, in order. The first rows are the help pages' own examples."""

ALREADY_CANCELLED = ("已取消", "已经取消")


STATUSES: Mapping[str, BookingStatus] = MappingProxyType(
    {
        "0": BookingStatus.PLACED,  # 下单成功
        "1": BookingStatus.ACCEPTED,  # 已接单
        "2": BookingStatus.ON_THE_WAY,  # 收件中
        "10": BookingStatus.COLLECTED,  # 已取件
        "11": BookingStatus.FAILED,  # 揽货失败
        "101": BookingStatus.COLLECTED,  # 运输中
        "400": BookingStatus.COLLECTED,  # 派送中
        "13": BookingStatus.COLLECTED,  # 已签收
        "14": BookingStatus.COLLECTED,  # 异常签收
        "15": BookingStatus.INFO,  # 已结算, may come several times and adds up
        "155": BookingStatus.INFO,  # 修改重量
        "166": BookingStatus.REVIVED,  # 订单复活
        "9": BookingStatus.CANCELLED,  # 用户取消
        "99": BookingStatus.CANCELLED,  # 订单取消
        "200": BookingStatus.INFO,  # 已出单
        "201": BookingStatus.INFO,  # 出单失败
        "610": BookingStatus.FAILED,  # 下单失败
    }
)
"""data.status. Source: the page on callback states."""

CHARGING = frozenset({"15", "155"})
"""States whose freight is what is really taken; before them it is an estimate."""


_SLOTS = "the page on slots; no booking in a window's last two hours"
_TWO = timedelta(hours=2)


def _hours(windows: tuple[tuple[time, time], ...]) -> Hours:
    return Hours(windows, _SLOTS, days_ahead=2, before_end=_TWO)


HOURS: Mapping[str, Hours] = MappingProxyType(
    {
        "shunfeng": _hours(hourly(9, 22)),
        "jd": _hours(clock(9, 19)),
        "yuantong": _hours(clock(9, 12, 16, 19)),
        "jtexpress": _hours(clock(9, 14, 19)),
        "yunda": _hours(clock(9, 14, 19)),
        "debangkuaidi": _hours(clock(9, 14, 19)),
        "shentong": _hours(clock(8, 19)),
        "zhongtong": _hours(clock(9, 19)),
        "ems": _hours(clock(9, 19)),
    }
)
"""Windows of the nine carriers that the product books."""
