"""What each source calls a step: its codes and its words, from the carriers' documents and recorded routes.

Kept apart from the adapters' tables on purpose: where the two disagree, a test of the whole shows it.
Sources: Kuaidi100's state and advanced state tables (api.kuaidi100.com/document/5f0ffb5ebc8da837cbd8aefc); SF routes of
recorded waybills (opCode with first and secondary status); FedEx Track v1 (derivedStatusCode, eventType, exceptionCode).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from sim.lives import Step


@dataclass(frozen=True, slots=True)
class Kuaidi100Words:
    """``code`` is statusCode (advanced), ``status`` its name, ``state`` the basic state that the whole parcel gets."""

    code: str
    status: str
    state: str
    texts: tuple[str, ...]


_K = Kuaidi100Words
KUAIDI100: Mapping[Step, Kuaidi100Words] = MappingProxyType(
    {
        Step.ANNOUNCED: _K("102", "待揽收", "1", ("包裹正在等待揽收", "商家已下单，等待快递员揽收")),
        Step.COLLECTED: _K(
            "103", "已揽收", "1", ("【{place}】 已揽收", "【{place}】的{man}（{phone}）已揽收", "{place} 进行揽件扫描")
        ),
        Step.LEFT_ORIGIN: _K(
            "0", "在途", "0", ("【{place}】 已发出，下一站 【{next}】", "快件离开 【{place}】 已发往 【{next}】")
        ),
        Step.AT_HUB: _K("0", "在途", "0", ("【{place}】 已收入", "快件已经到达 【{place}】")),
        Step.LEFT_HUB: _K(
            "1002", "干线", "0", ("【{place}】 已发出，下一站 【{next}】", "快件离开 【{place}】 已发往 【{next}】")
        ),
        Step.AT_MIDDLE: _K("0", "在途", "0", ("【{place}】 已收入", "快件已经到达 【{place}】")),
        Step.LEFT_MIDDLE: _K(
            "1002", "干线", "0", ("【{place}】 已发出，下一站 【{next}】", "快件离开 【{place}】 已发往 【{next}】")
        ),
        Step.AT_PORT: _K("0", "在途", "0", ("快件已经到达 【{place}】",)),
        Step.IN_CUSTOMS: _K("11", "清关中", "11", ("快件正在清关",)),
        Step.HELD: _K("13", "清关异常", "13", ("清关异常：海关要求补充资料",)),
        Step.RELEASED: _K("12", "已清关", "12", ("快件清关完成，海关放行",)),
        Step.AT_CITY: _K("1001", "到达派件城市", "0", ("快件已经到达 【{place}】", "【{place}】 已收入")),
        Step.LEFT_CITY: _K("1001", "到达派件城市", "0", ("【{place}】 已发出，下一站 【{next}】",)),
        Step.AT_BRANCH: _K("1001", "到达派件城市", "0", ("快件已经到达 【{place}】", "【{place}】 已收入")),
        Step.OUT: _K(
            "5", "派件", "5", ("【{place}】的{man}（{phone}）正在派件", "【{place}】 派件中 派件人：{man} 电话 {phone}")
        ),
        Step.FAILED: _K(
            "206", "无法联系", "2", ("派件不成功：电话无人接听，无法联系收件人", "派送不成功，收件人电话联系不上")
        ),
        Step.BAD_ADDRESS: _K("204", "派件异常", "2", ("派件不成功：收件地址不详，请联系 {man}（{phone}）",)),
        Step.REFUSED: _K("203", "拒收", "14", ("收件人拒收，等待联系寄件人",)),
        Step.DAMAGED: _K("209", "破损", "2", ("快件外包装破损，正在核实",)),
        Step.LOST: _K("2", "疑难", "2", ("快件在运输途中遗失，请联系寄件人处理",)),
        Step.RETURNING: _K("6", "退回", "6", ("快件已退回，【{place}】 已发出",)),
        Step.RETURNED: _K("4", "退签", "4", ("退回件已签收，签收人：寄件人",)),
        Step.LOCKER: _K("501", "投柜或驿站", "5", ("快件已存放至丰巢智能柜，请凭取件码取件",)),
        Step.STATION: _K("501", "投柜或驿站", "5", ("快件已暂放菜鸟驿站，请凭取件码及时领取",)),
        Step.TAKEN_LOCKER: _K("304", "投柜或站签收", "3", ("您的快件已从丰巢智能柜取出，感谢使用",)),
        Step.TAKEN_STATION: _K("304", "投柜或站签收", "3", ("快件已在菜鸟驿站取出，感谢使用",)),
        Step.SIGNED: _K(
            "301", "本人签收", "3", ("客户 签收人：本人签收 已签收 感谢使用{brand}", "已签收，签收人：{buyer}")
        ),
        Step.SIGNED_OTHER: _K("303", "代签", "3", ("已签收，他人代收：家人", "快件已由物业代签收")),
        Step.SIGNED_LATE: _K("302", "派件异常后签收", "3", ("客户 签收人：本人签收 已签收 感谢使用{brand}",)),
    }
)

BRANDS: Mapping[str, str] = MappingProxyType(
    {
        "zhongtong": "中通快递",
        "yuantong": "圆通速递",
        "shentong": "申通快递",
        "yunda": "韵达快递",
        "jtexpress": "极兔速递",
        "sf": "顺丰速运",
        "jd": "京东物流",
        "ems": "EMS",
        "youzhengguonei": "中国邮政",
        "debangkuaidi": "德邦快递",
        "fedex": "联邦快递",
        "ups": "UPS",
        "dhl": "DHL",
        "usps": "美国邮政",
        "Royal Mail": "英国皇家邮政",
    }
)
"""The carriers, as Chinese lines name them."""


@dataclass(frozen=True, slots=True)
class SfWords:
    """opCode with first and secondary status (empty where SF gives none)."""

    op: str
    first: str
    second: str
    texts: tuple[str, ...]


_F = SfWords
SF: Mapping[Step, SfWords] = MappingProxyType(
    {
        Step.COLLECTED: _F("54", "1", "101", ("顺丰速运 已收取快件",)),
        Step.LEFT_ORIGIN: _F("36", "2", "201", ("快件离开 【{place}】，已在发往 【{next}】 的路上",)),
        Step.AT_HUB: _F("31", "2", "201", ("快件到达 【{place}】",)),
        Step.LEFT_HUB: _F("36", "2", "201", ("快件离开 【{place}】，已在发往 【{next}】 的路上",)),
        Step.AT_MIDDLE: _F("31", "2", "201", ("快件到达 【{place}】",)),
        Step.LEFT_MIDDLE: _F("36", "2", "201", ("快件离开 【{place}】，已在发往 【{next}】 的路上",)),
        Step.AT_CITY: _F("31", "2", "201", ("快件到达 【{place}】",)),
        Step.LEFT_CITY: _F("36", "2", "201", ("快件离开 【{place}】，已在发往 【{next}】 的路上",)),
        Step.AT_BRANCH: _F("44", "2", "201", ("我们正在为您的快件分配最合适的快递员，请您稍等。",)),
        Step.OUT: _F("204", "3", "301", ("快件交给{man}，正在派送途中（联系电话：{phone}）（主单总件数：1件）",)),
        Step.FAILED: _F("70", "13", "1301", ("快件派送不成功（因电话无人接听），待再次派送",)),
        Step.BAD_ADDRESS: _F("70", "13", "1301", ("快件派送不成功（因收件地址不详），待与客户确认",)),
        Step.REFUSED: _F("70", "13", "1301", ("快件派送不成功（因客户拒收），待进一步处理",)),
        Step.LOST: _F("8000", "", "", ("快件在运输途中遗失，请联系寄件客户",)),
        Step.RETURNING: _F("99", "", "", ("快件正在退回寄件方",)),
        Step.RETURNED: _F("631", "", "", ("退回件已签收",)),
        Step.LOCKER: _F("125", "11", "1101", ("快件已存放丰巢智能柜，请凭取件码取件",)),
        Step.STATION: _F("642", "11", "1101", ("快件已送至合作点，请及时领取",)),
        Step.TAKEN_LOCKER: _F("80", "4", "401", ("您的快件已从丰巢智能柜取出，感谢您使用顺丰",)),
        Step.TAKEN_STATION: _F("80", "4", "401", ("您的快件已在合作点自取，感谢您使用顺丰",)),
        Step.SIGNED: _F(
            "80", "4", "401", ("您的快件已签收，签收人：本人，如有疑问请电联快递员【{man}，电话：{phone}】",)
        ),
        Step.SIGNED_OTHER: _F(
            "80", "4", "401", ("您的快件已由家人代签收，如有疑问请电联快递员【{man}，电话：{phone}】",)
        ),
        Step.SIGNED_LATE: _F("80", "4", "401", ("您的快件已签收，签收人：本人，感谢您使用顺丰",)),
    }
)
"""SF announces nothing: an order without a scan has an empty route."""


@dataclass(frozen=True, slots=True)
class FedexWords:
    derived: str
    derived_status: str
    event: str
    text: str
    exception: str = ""
    exception_text: str = ""
    location: str = "FEDEX_FACILITY"


_X = FedexWords
FEDEX: Mapping[Step, FedexWords] = MappingProxyType(
    {
        Step.ANNOUNCED: _X("IN", "Label created", "OC", "Shipment information sent to FedEx", location="CUSTOMER"),
        Step.COLLECTED: _X("PU", "Picked up", "PU", "Picked up", location="PICKUP_LOCATION"),
        Step.LEFT_ORIGIN: _X("IT", "In transit", "DP", "Left FedEx origin facility"),
        Step.AT_HUB: _X("IT", "In transit", "AR", "Arrived at FedEx hub", location="SORT_FACILITY"),
        Step.LEFT_HUB: _X("IT", "In transit", "DP", "Departed FedEx hub", location="SORT_FACILITY"),
        Step.AT_MIDDLE: _X("IT", "In transit", "AR", "Arrived at FedEx location"),
        Step.LEFT_MIDDLE: _X("IT", "In transit", "DP", "Departed FedEx location"),
        Step.AT_PORT: _X("IT", "In transit", "AR", "At destination sort facility", location="PORT_OF_ENTRY"),
        Step.IN_CUSTOMS: _X("IT", "In transit", "AE", "International shipment: import clearance", location="CUSTOMS_BROKER"),
        Step.HELD: _X(
            "CD", "Clearance delay", "CD", "Clearance delay - Import", "", "Regulatory agency clearance delay",
            "CUSTOMS_BROKER",
        ),
        Step.RELEASED: _X("IT", "In transit", "CC", "International shipment release - Import", location="CUSTOMS_BROKER"),
        Step.AT_CITY: _X("IT", "In transit", "AR", "At destination sort facility", location="DESTINATION_FEDEX_FACILITY"),
        Step.AT_BRANCH: _X("IT", "In transit", "AR", "At local FedEx facility", location="DESTINATION_FEDEX_FACILITY"),
        Step.OUT: _X("OD", "Out for delivery", "OD", "On FedEx vehicle for delivery", location="VEHICLE"),
        Step.FAILED: _X(
            "DE", "Delivery exception", "DE", "Delivery exception", "08",
            "Customer not available or business closed", "VEHICLE",
        ),
        Step.RETURNING: _X("RS", "Returning to shipper", "RS", "Returning package to shipper"),
        Step.RETURNED: _X("RS", "Returning to shipper", "RT", "Return to shipper completed", location="CUSTOMER"),
        Step.SIGNED: _X("DL", "Delivered", "DL", "Delivered", location="DELIVERY_LOCATION"),
        Step.SIGNED_OTHER: _X("DL", "Delivered", "DL", "Delivered", location="DELIVERY_LOCATION"),
        Step.SIGNED_LATE: _X("DL", "Delivered", "DL", "Delivered", location="DELIVERY_LOCATION"),
    }
)  # fmt: skip
