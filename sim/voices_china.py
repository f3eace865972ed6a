"""What Kuaidiniao and JD call a step, from their documents in public copies; the words are the carriers' own.

Sources: Kuaidiniao's StateEx and Action table (apifox.com 2538027/doc-2283185); JD Logistics' trace categories and states
(open.jdl.com, order trace query). Which texts stand beside the codes is ordinary courier language.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from sim.lives import Step


@dataclass(frozen=True, slots=True)
class KuaidiniaoWords:
    """``action`` is the value-added code of a line (StateEx of the whole), ``state`` the basic state of the whole."""

    action: str
    state: str


_N = KuaidiniaoWords
KUAIDINIAO: Mapping[Step, KuaidiniaoWords] = MappingProxyType(
    {
        Step.ANNOUNCED: _N("10", "0"),
        Step.COLLECTED: _N("1", "1"),
        Step.LEFT_ORIGIN: _N("206", "2"),
        Step.AT_HUB: _N("204", "2"),
        Step.LEFT_HUB: _N("2", "2"),
        Step.AT_MIDDLE: _N("204", "2"),
        Step.LEFT_MIDDLE: _N("2", "2"),
        Step.AT_CITY: _N("201", "2"),
        Step.LEFT_CITY: _N("2", "2"),
        Step.AT_BRANCH: _N("205", "2"),
        Step.OUT: _N("202", "2"),
        Step.FAILED: _N("416", "4"),
        Step.BAD_ADDRESS: _N("420", "4"),
        Step.REFUSED: _N("404", "4"),
        Step.DAMAGED: _N("414", "4"),
        Step.LOST: _N("4", "4"),
        Step.RETURNING: _N("407", "4"),
        Step.RETURNED: _N("406", "4"),
        Step.LOCKER: _N("211", "2"),
        Step.STATION: _N("211", "2"),
        Step.TAKEN_LOCKER: _N("311", "3"),
        Step.TAKEN_STATION: _N("311", "3"),
        Step.SIGNED: _N("301", "3"),
        Step.SIGNED_OTHER: _N("304", "3"),
        Step.SIGNED_LATE: _N("302", "3"),
    }
)
"""Kuaidiniao passes on the carriers' own lines: their texts are those of ``voices.KUAIDI100``."""

SHIPPERS: Mapping[str, str] = MappingProxyType(
    {
        "zhongtong": "ZTO",
        "yuantong": "YTO",
        "shentong": "STO",
        "yunda": "YD",
        "jtexpress": "JTSD",
        "sf": "SF",
        "jd": "JD",
        "ems": "EMS",
        "youzhengguonei": "YZPY",
        "debangkuaidi": "DBL",
    }
)
"""Kuaidiniao's ShipperCodes."""


@dataclass(frozen=True, slots=True)
class JdWords:
    """``category`` and ``state`` of a trace, its title, and what it says."""

    category: int
    category_name: str
    state: str
    title: str
    texts: tuple[str, ...]


_J = JdWords
_LEFT = _J(430, "运输", "10054", "分拣发货", ("您的快件已由【{place}】发出，即将发往【{next}】",))
_REACHED = _J(430, "运输", "10032", "分拣验货", ("您的快件已到达【{place}】",))
_SIGNED = ("您的快件已签收，感谢您使用京东物流，期待再次为您服务",)
JD: Mapping[Step, JdWords] = MappingProxyType(
    {
        Step.ANNOUNCED: _J(100, "下单", "200018", "揽收任务分配", ("您的快件揽收任务已分配给{man}（{phone}）",)),
        Step.COLLECTED: _J(420, "揽收", "200001", "揽收完成", ("京东快递 已收取快件", "快递员{man}已揽收您的快件")),
        Step.LEFT_ORIGIN: _LEFT,
        Step.AT_HUB: _REACHED,
        Step.LEFT_HUB: _LEFT,
        Step.AT_MIDDLE: _REACHED,
        Step.LEFT_MIDDLE: _LEFT,
        Step.AT_CITY: _REACHED,
        Step.LEFT_CITY: _LEFT,
        Step.AT_BRANCH: _J(430, "运输", "200017", "站点验货", ("您的快件已到达【{place}】",)),
        Step.OUT: _J(440, "派送", "11000", "配送员收货", ("您的快件正在派送途中，快递员：{man}，电话：{phone}",)),
        Step.SIGNED: _J(510, "妥投", "10034", "妥投", _SIGNED),
        Step.SIGNED_OTHER: _J(510, "妥投", "10034", "妥投", ("您的快件已由家人代签收，感谢您使用京东物流",)),
        Step.SIGNED_LATE: _J(510, "妥投", "10034", "妥投", _SIGNED),
    }
)
