"""What SF's operation codes mean: by code with status, by code alone, and by remark where the code is ambiguous.

Order of decision, in ``meaning_of``: reasonCode pair (pushes only), remark rows of an ambiguous code, (opCode, first
status, secondary status), opCode alone, secondary status alone, SF's list of codes (carriers/sf_opcodes.py). "Moving"
says less than that list does. What none of them knows stays unmapped.
"""

from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType

from carriers.base import Meaning
from carriers.phrases import Phrase, phrase_in
from carriers.plain_words import plain_words, sharpened
from carriers.route_texts import stated
from carriers.sf_opcodes import LIST, LISTED
from domain.tracking import Manner, Milestone, Reason

TRIPLES_OF = "status triples counted in 2 708 waybills (SFTRACKINGLITE)"
PUSHES = "3 865 pushes of 90 waybills (webhook memo)"
ROUTES = "route payloads of EXP_RECE_SEARCH_ROUTES (sfex.ts, recorded routes)"
ONE_SOURCE = "one public project only (yyQuartzWeb)"
OLDER = "route payloads of 2015 and 2016 (opcode, remark)"
STATUSES = "first and secondary status names in route payloads"
REMARK = "remark texts of recorded routes"


OPS: Mapping[str, Meaning] = MappingProxyType(
    {
        "50": Meaning(Milestone.PICKED_UP, ROUTES),
        "54": Meaning(Milestone.PICKED_UP, ROUTES),
        "30": Meaning(Milestone.IN_TRANSIT, ROUTES),  # sorted, loaded
        "31": Meaning(Milestone.IN_TRANSIT, ROUTES),  # arrived at a hub or store on the way
        "36": Meaning(Milestone.IN_TRANSIT, ROUTES),  # departed
        "105": Meaning(Milestone.IN_TRANSIT, ROUTES),
        "106": Meaning(Milestone.IN_TRANSIT, ROUTES),
        "310": Meaning(Milestone.IN_TRANSIT, ROUTES),
        "302": Meaning(Milestone.IN_TRANSIT, ROUTES),
        "305": Meaning(Milestone.IN_TRANSIT, ROUTES),
        "407": Meaning(Milestone.IN_TRANSIT, ROUTES),
        "501": Meaning(Milestone.IN_TRANSIT, ROUTES),
        "123": Meaning(Milestone.IN_TRANSIT, OLDER),  # on its way to a partner point
        "3036": Meaning(Milestone.IN_TRANSIT, OLDER),
        "3137": Meaning(Milestone.IN_TRANSIT, OLDER),
        "603": Meaning(Milestone.IN_TRANSIT, TRIPLES_OF),
        "628": Meaning(Milestone.IN_TRANSIT, TRIPLES_OF),
        # At the last store, a courier being found: its status is still 2/201 "moving", so it is no delivery run.
        "44": Meaning(Milestone.AT_DESTINATION, ROUTES),
        "130": Meaning(Milestone.AT_DESTINATION, ONE_SOURCE),
        "204": Meaning(Milestone.OUT_FOR_DELIVERY, ROUTES),
        "634": Meaning(Milestone.OUT_FOR_DELIVERY, TRIPLES_OF),
        "70": Meaning(Milestone.ATTEMPT_FAILED, ROUTES, Reason.OTHER),
        "33": Meaning(Milestone.ATTEMPT_FAILED, TRIPLES_OF, Reason.OTHER),
        "125": Meaning(Milestone.AWAITING_COLLECTION, TRIPLES_OF),
        "642": Meaning(Milestone.AWAITING_COLLECTION, TRIPLES_OF),
        "218": Meaning(Milestone.AWAITING_COLLECTION, TRIPLES_OF),
        "126": Meaning(Milestone.AWAITING_COLLECTION, TRIPLES_OF, Reason.OTHER),  # trouble at the locker or point
        "80": Meaning(Milestone.DELIVERED, ROUTES),
        "8000": Meaning(Milestone.INFO, ROUTES, physical=False),  # paperwork after the signature
        "99": Meaning(Milestone.INFO, ROUTES),
        "517": Meaning(Milestone.INFO, TRIPLES_OF, physical=False),  # a forwarding request
        "607": Meaning(Milestone.TRANSFERRED, ONE_SOURCE),
        "648": Meaning(Milestone.RETURNING, TRIPLES_OF),  # goes on, mostly back, under a new number
        "631": Meaning(Milestone.RETURNED, ONE_SOURCE),
    }
)

TRIPLES: Mapping[tuple[str, str, str], Meaning] = MappingProxyType(
    {
        ("50", "1", "101"): Meaning(Milestone.PICKED_UP, TRIPLES_OF),
        ("54", "1", "101"): Meaning(Milestone.PICKED_UP, TRIPLES_OF),
        ("30", "2", "201"): Meaning(Milestone.IN_TRANSIT, TRIPLES_OF),
        ("31", "2", "201"): Meaning(Milestone.IN_TRANSIT, TRIPLES_OF),
        ("36", "2", "201"): Meaning(Milestone.IN_TRANSIT, TRIPLES_OF),
        ("44", "2", "201"): Meaning(Milestone.AT_DESTINATION, TRIPLES_OF),
        ("204", "3", "301"): Meaning(Milestone.OUT_FOR_DELIVERY, TRIPLES_OF),
        ("634", "3", "301"): Meaning(Milestone.OUT_FOR_DELIVERY, TRIPLES_OF),
        ("70", "13", "1301"): Meaning(Milestone.ATTEMPT_FAILED, TRIPLES_OF, Reason.OTHER),
        ("33", "13", "1301"): Meaning(Milestone.ATTEMPT_FAILED, TRIPLES_OF, Reason.OTHER),
        ("70", "11", "1101"): Meaning(Milestone.ATTEMPT_FAILED, TRIPLES_OF, Reason.OTHER),
        ("125", "11", "1101"): Meaning(Milestone.AWAITING_COLLECTION, TRIPLES_OF),
        ("218", "11", "1101"): Meaning(Milestone.AWAITING_COLLECTION, TRIPLES_OF),
        ("642", "11", "1101"): Meaning(Milestone.AWAITING_COLLECTION, TRIPLES_OF),
        ("126", "11", "1101"): Meaning(Milestone.AWAITING_COLLECTION, TRIPLES_OF, Reason.OTHER),
        ("80", "4", "401"): Meaning(Milestone.DELIVERED, TRIPLES_OF),
        ("33", "5", "501"): Meaning(Milestone.CANCELLED, TRIPLES_OF, Reason.CANCELLED),
        ("648", "2", "201"): Meaning(Milestone.RETURNING, TRIPLES_OF),
    }
)

SECONDARY: Mapping[str, Meaning] = MappingProxyType(
    {
        "101": Meaning(Milestone.PICKED_UP, STATUSES),
        "201": Meaning(Milestone.IN_TRANSIT, STATUSES),
        "204": Meaning(Milestone.CUSTOMS, STATUSES),  # 清关中
        "205": Meaning(Milestone.CUSTOMS, STATUSES),  # 已清关
        "301": Meaning(Milestone.OUT_FOR_DELIVERY, STATUSES),
        "401": Meaning(Milestone.DELIVERED, STATUSES),
        "501": Meaning(Milestone.CANCELLED, STATUSES, Reason.CANCELLED),
        "1101": Meaning(Milestone.AWAITING_COLLECTION, STATUSES),
        "1301": Meaning(Milestone.ATTEMPT_FAILED, STATUSES, Reason.OTHER),
    }
)
"""By secondary status, for operation codes that no route has shown: the status is SF's own reading of the code."""

MOVING = "201"

REASONS: Mapping[tuple[str, str], Meaning] = MappingProxyType(
    {
        ("8000", "6"): Meaning(Milestone.EXCEPTION, PUSHES, Reason.LOST),
        ("8000", "2"): Meaning(Milestone.EXCEPTION, PUSHES, Reason.DESTROYED),
        ("70", "46"): Meaning(Milestone.CANCELLED, PUSHES, Reason.CANCELLED),
        ("70", "83"): Meaning(Milestone.AWAITING_COLLECTION, PUSHES),
        ("70", "85"): Meaning(Milestone.AWAITING_COLLECTION, PUSHES),
        ("99", "2"): Meaning(Milestone.RETURNING, PUSHES),
        ("33", "83"): Meaning(Milestone.AWAITING_COLLECTION, PUSHES),
        ("33", "85"): Meaning(Milestone.AWAITING_COLLECTION, PUSHES),
    }
)
"""By (opCode, reasonCode), which only pushes carry."""

_LOCKERS = ("自助柜", "丰巢", "快递柜", "智能柜", "自提柜", "柜机", "号柜", "速递易")
_POINTS = ("驿站", "便利店", "自取点", "自提点", "合作点", "代收点", "服务点", "代理点", "香港外部资源", "顺丰站")
_PUT_IN = (
    *("派送至", "投递至", "投递到", "投放", "放入", "放至", "放置", "存放", "存入", "暂存", "投入", "入柜", "投柜"),
    *("送至", "送达"),
)
_NOT_PUT_IN = ("不成功", "失败", "已满", "无法", "格口不足", "要求")

SIGNED: tuple[Phrase, ...] = (
    Phrase("退回", Meaning(Milestone.RETURNED, REMARK), also=("已签收", "派送成功", "已派送至")),
    Phrase("取出", Meaning(Milestone.DELIVERED, REMARK, manner=Manner.LOCKER), also=_LOCKERS),
    Phrase("取走", Meaning(Milestone.DELIVERED, REMARK, manner=Manner.LOCKER), also=_LOCKERS),
    Phrase(
        "取件",
        Meaning(Milestone.DELIVERED, REMARK, manner=Manner.LOCKER),
        also=_LOCKERS,
        unless=("请", "待取件", "取件码"),
    ),
    *(
        Phrase(
            word,
            Meaning(Milestone.DELIVERED, REMARK, manner=Manner.POINT),
            also=_POINTS,
            unless=("请", "待取件", "取件码"),
        )
        for word in ("取出", "取走", "取件", "领取", "自取")
    ),
    *(
        Phrase(word, Meaning(Milestone.AWAITING_COLLECTION, REMARK), also=_LOCKERS + _POINTS)
        for word in (*_PUT_IN, "代收")
    ),
    *(
        Phrase(word, Meaning(Milestone.AWAITING_COLLECTION, REMARK), unless=("签收",))
        for word in ("取件码", "及时取", "尽快取", "及时领取", "尽快领取")
    ),
    Phrase("香港外部资源", Meaning(Milestone.AWAITING_COLLECTION, TRIPLES_OF)),
    Phrase("非本人", Meaning(Milestone.DELIVERED, REMARK, manner=Manner.OTHER)),
    Phrase("本人", Meaning(Milestone.DELIVERED, TRIPLES_OF, manner=Manner.SELF)),
    *(
        Phrase(word, Meaning(Milestone.DELIVERED, REMARK, manner=Manner.SAFE_PLACE))
        for word in ("门口", "鞋柜", "消防栓", "水表箱", "电表箱", "奶箱", "信箱", "车库", "指定位置", "指定地点")
    ),
    *(
        Phrase(word, Meaning(Milestone.DELIVERED, REMARK, manner=Manner.AGENT))
        for word in ("前台", "物业", "门卫", "保安", "收发室", "传达室", "门岗", "值班室", "服务台", "管理处", "宿管")
    ),
    Phrase("邻居", Meaning(Milestone.DELIVERED, REMARK, manner=Manner.NEIGHBOUR)),
    *(Phrase(word, Meaning(Milestone.DELIVERED, REMARK, manner=Manner.LOCKER)) for word in _LOCKERS),
    *(Phrase(word, Meaning(Milestone.DELIVERED, REMARK, manner=Manner.POINT)) for word in _POINTS),
    *(
        Phrase(word, Meaning(Milestone.DELIVERED, REMARK, manner=Manner.OTHER))
        for word in ("家人", "家属", "亲友", "亲戚", "朋友", "同事", "同学", "他人", "代签", "代收")
    ),
)
"""80 holds the hand-over and, in some regions, the drop into a locker: the remark tells which, and to whom."""

FAILED: tuple[Phrase, ...] = (
    *(
        Phrase(word, Meaning(Milestone.AWAITING_COLLECTION, REMARK), also=_LOCKERS + _POINTS, unless=_NOT_PUT_IN)
        for word in _PUT_IN
    ),
    Phrase("作废", Meaning(Milestone.CANCELLED, REMARK, Reason.CANCELLED)),
    Phrase("拒收", Meaning(Milestone.ATTEMPT_FAILED, REMARK, Reason.REFUSED)),
    Phrase("拒签", Meaning(Milestone.ATTEMPT_FAILED, REMARK, Reason.REFUSED)),
    Phrase("拒付", Meaning(Milestone.ATTEMPT_FAILED, REMARK, Reason.PAYMENT)),
    Phrase("运费", Meaning(Milestone.ATTEMPT_FAILED, REMARK, Reason.PAYMENT)),
    Phrase("货款", Meaning(Milestone.ATTEMPT_FAILED, REMARK, Reason.PAYMENT)),
    Phrase("范围", Meaning(Milestone.ATTEMPT_FAILED, REMARK, Reason.OUT_OF_AREA), also=("超", "不在")),
    *(
        Phrase(word, Meaning(Milestone.ATTEMPT_FAILED, REMARK, Reason.UNREACHABLE))
        for word in ("联系不上", "无法联系", "联系未果", "无法接通", "无人接听", "关机", "空号", "停机", "电话错误")
    ),
    *(
        Phrase(word, Meaning(Milestone.ATTEMPT_FAILED, REMARK, Reason.ABSENT))
        for word in ("不在", "无人", "未在", "外出", "休息", "放假", "下班")
    ),
    *(
        Phrase(word, Meaning(Milestone.ATTEMPT_FAILED, REMARK, Reason.ADDRESS))
        for word in ("地址不", "地址错", "地址有误", "地址变更", "查无此人", "更改地址")
    ),
    *(
        Phrase(word, Meaning(Milestone.AWAITING_COLLECTION, REMARK), unless=("派送不成功",))
        for word in ("自取", "自提", "待取件")
    ),
    Phrase("破损", Meaning(Milestone.ATTEMPT_FAILED, REMARK, Reason.DAMAGED)),
    Phrase("天气", Meaning(Milestone.ATTEMPT_FAILED, REMARK, Reason.WEATHER)),
    Phrase("海关", Meaning(Milestone.ATTEMPT_FAILED, REMARK, Reason.CUSTOMS)),
)
"""Why 70 failed and why 33 waits."""

REROUTED: tuple[Phrase, ...] = (
    Phrase("作废", Meaning(Milestone.CANCELLED, TRIPLES_OF, Reason.CANCELLED)),
    Phrase("退回", Meaning(Milestone.RETURNING, TRIPLES_OF)),
    Phrase("退件", Meaning(Milestone.RETURNING, REMARK)),
    Phrase("拒收", Meaning(Milestone.ATTEMPT_FAILED, REMARK, Reason.REFUSED)),
    Phrase("拦截", Meaning(Milestone.EXCEPTION, REMARK, Reason.INTERCEPTED)),
    Phrase("转寄", Meaning(Milestone.IN_TRANSIT, TRIPLES_OF)),
    Phrase("转派", Meaning(Milestone.IN_TRANSIT, REMARK)),
    Phrase("改派", Meaning(Milestone.IN_TRANSIT, REMARK)),
)
"""99 is a note on a changed way; 648 a new number for it."""

EXPIRED: tuple[Phrase, ...] = (
    # SF's list calls 126 "the courier gives up this delivery and takes the parcel out of the Hive Box"
    *(Phrase(word, Meaning(Milestone.ATTEMPT_FAILED, LIST, Reason.OTHER)) for word in ("取消派件", "取出", "取回")),
    *(
        Phrase(word, Meaning(Milestone.AWAITING_COLLECTION, TRIPLES_OF, Reason.OVERDUE_AT_POINT))
        for word in ("失效", "超时", "逾期", "过期", "滞留")
    ),
)

DELIVERING: tuple[Phrase, ...] = tuple(
    Phrase(word, Meaning(Milestone.OUT_FOR_DELIVERY, OLDER)) for word in ("正在派件", "正在派送", "派送途中")
)

CLOSING: tuple[Phrase, ...] = (
    Phrase("遗失", Meaning(Milestone.EXCEPTION, PUSHES, Reason.LOST)),
    Phrase("丢失", Meaning(Milestone.EXCEPTION, PUSHES, Reason.LOST)),
    Phrase("销毁", Meaning(Milestone.EXCEPTION, PUSHES, Reason.DESTROYED)),
)

SIGNED_CODE = "80"
AMBIGUOUS: Mapping[str, tuple[Phrase, ...]] = MappingProxyType(
    {
        SIGNED_CODE: SIGNED,
        "70": FAILED,
        "33": FAILED,
        "99": REROUTED,
        "648": REROUTED,
        "126": EXPIRED,
        "44": DELIVERING,
        "8000": CLOSING,
    }
)
"""Codes whose remark must be read."""


@lru_cache(maxsize=16_384)  # carriers repeat themselves, and each poll repeats the whole list
def meaning_of(op: str, first: str, second: str, reason: str, remark: str) -> Meaning | None:
    """The most exact row for an event, None where no table knows it."""
    triple = TRIPLES.get((op, first, second))
    if triple is not None and triple.milestone is Milestone.CANCELLED:
        return triple
    row = phrase_in(stated(remark), AMBIGUOUS.get(op, ()))
    told = REASONS.get((op, reason)) or (row.meaning if row else None)
    if told is None and op == SIGNED_CODE and triple is not None:
        plain = plain_words(stated(remark))
        return sharpened(triple, plain.meaning if plain else None)
    return (
        told
        or triple
        or OPS.get(op)
        or (LISTED.get(op) if second == MOVING else None)
        or SECONDARY.get(second, LISTED.get(op))
    )
