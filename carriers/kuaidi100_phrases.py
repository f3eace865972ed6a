"""Route phrases of the Chinese carriers as they pass through Kuaidi100 and Kuaidiniao, each with its source.

They decide where an event has no code, first fit wins, and sharpen generic codes (carriers/kuaidi100_vocabulary.py).
"""

from carriers.base import Meaning
from carriers.kuaidi100_abroad import ABROAD_MANNERS, ABROAD_TEXTS
from carriers.kuaidi100_troubles import (
    AT_LOCKER,
    AT_POINT,
    BEST,
    CUSTOMS_TEXT,
    EMS,
    JD,
    JD_SHOP,
    JT,
    SF,
    SHOP,
    SIGNED_ELSEWHERE,
    STATION,
    STO,
    TROUBLES,
    UNNAMED,
    WORDING,
    YTO,
    YUNDA,
    ZTO,
    rows,
)
from carriers.kuaidi100_vocabulary import ADVANCED, STATE
from carriers.phrases import Phrase, PhraseTable
from domain.tracking import Manner, Milestone, Reason

_STAFF = ("快递员", "派件员", "收件员", "业务员", "小哥")
_LOCKERS = ("柜", "丰巢", "速递易")
_POINTS = (*("驿站", "代收点", "自提点", "自取点", "代投点", "服务站", "服务点", "便利店", "超市", "兔喜", "菜鸟"),)
_SHELVES = _LOCKERS + _POINTS
_PEOPLE = (
    *("物业", "前台", "门卫", "保安", "收发", "传达室", "门岗", "值班室", "服务台", "管理处", "宿管"),
    *("家人", "家属", "亲友", "朋友", "同事", "同学", "邻居"),
    *(
        "父亲",
        "母亲",
        "爸爸",
        "妈妈",
        "妻子",
        "丈夫",
        "老公",
        "老婆",
        "儿子",
        "女儿",
        "室友",
        "亲属",
        "亲戚",
        "隔壁",
        "对门",
    ),
)
_ASKED = ("请", "尽快", "及时", "等待", "待取")
_DOORS = ("门口", "家门", "鞋柜", "消防栓", "水表箱", "电表箱", "信箱", "奶箱")

TAKEN_OUT: tuple[Phrase, ...] = (
    # by the carrier's own people: back with the courier, or just collected
    *rows(Meaning(Milestone.ATTEMPT_FAILED, YTO, Reason.OTHER), "取回", also=_STAFF),
    *rows(Meaning(Milestone.PICKED_UP, SF), "收件员从", also=("取出", "取件")),
    # by the customer
    *rows(AT_POINT, "完成取件", "取件成功", unless=("揽", "上门")),
    *rows(Meaning(Milestone.DELIVERED, YTO, manner=Manner.POINT), "凭取货码签收", "凭取件码签收"),
    *rows(AT_LOCKER, "已被取出", "被取出", "已取出", unless=_STAFF),
    *rows(Meaning(Milestone.DELIVERED, STO, manner=Manner.LOCKER), "快件取出", unless=_STAFF),
    *rows(Meaning(Milestone.DELIVERED, STO, manner=Manner.POINT), "驿站出库"),
    *rows(AT_LOCKER, "取出", also=_LOCKERS, unless=_STAFF),
    *rows(AT_LOCKER, "取走", also=_LOCKERS, unless=(*_STAFF, *_ASKED)),
    *rows(AT_POINT, "取走", also=(*_SHELVES, "已被"), unless=(*_STAFF, *_ASKED)),
    *rows(AT_LOCKER, "柜取件", also=("已",), unless=(*_STAFF, "请", "凭", "可", "待", "取件码")),
    *rows(AT_POINT, "已自取", "驿站自取"),
    *rows(AT_POINT, "已取件", unless=("揽", "上门", "收取", "快递员", "小哥")),
    *rows(Meaning(Milestone.DELIVERED, JD, manner=Manner.POINT), "已自提", "自提成功", "成功自提"),
    *rows(Meaning(Milestone.DELIVERED, ZTO, manner=Manner.POINT), "领取", also=("已签收", "已领取")),
    # not signed yet, however the word is used
    *rows(Meaning(Milestone.ATTEMPT_FAILED, YUNDA, Reason.OTHER), "未签收"),
)
"""Taken out of a locker or station."""

HANDED_OVER: tuple[Phrase, ...] = (
    *rows(
        Meaning(Milestone.DELIVERED, JD, manner=Manner.SAFE_PLACE),
        *("已放", "放置", "放在", "存放", "派送至"),
        also=_DOORS,
        unless=(*(point for point in _SHELVES if point != "柜"), "快递柜", "智能柜", "自提柜", "取件码", "物业"),
    ),
    *rows(Meaning(Milestone.DELIVERED, JD), "代收", also=_PEOPLE, unless=(*_SHELVES, "代收货款")),
    *rows(
        Meaning(Milestone.DELIVERED, WORDING),
        *("已放", "放置", "放在", "交由", "已送至", "已送达"),
        also=_PEOPLE,
        unless=(*_SHELVES, "取件码", "请", "派件中"),
    ),
)
"""Given to somebody at the address, or left at the door: neither a locker nor a point."""

PUT_IN: tuple[Phrase, ...] = (
    *rows(
        Meaning(Milestone.AWAITING_COLLECTION, STATION, Reason.OVERDUE_AT_POINT),
        *("超时未取", "逾期未取", "逾期未领", "超期未取", "存放超时"),
    ),
    *rows(
        Meaning(Milestone.AWAITING_COLLECTION, WORDING, Reason.OVERDUE_AT_POINT),
        *("小时未取", "天未取"),
        also=("超过", "已超", "已存", "已放"),
        unless=("将", "自动"),  # what will happen
    ),
    *rows(Meaning(Milestone.AWAITING_COLLECTION, STATION, Reason.OVERDUE_AT_POINT), "逾期", also=_SHELVES),
    *rows(Meaning(Milestone.AWAITING_COLLECTION, YTO), "请及时取"),
    *rows(
        Meaning(Milestone.AWAITING_COLLECTION, STATION),
        *("请尽快取", "请及时领取", "请尽快领取", "请前往领取", "请前往取件", "请凭取件码", "请凭取货码"),
    ),
    *rows(Meaning(Milestone.AWAITING_COLLECTION, STATION), "凭取件码", "凭取货码", unless=("已签收",)),
    *rows(Meaning(Milestone.AWAITING_COLLECTION, WORDING), "凭提货码"),
    *rows(Meaning(Milestone.AWAITING_COLLECTION, STATION), "待取件", unless=("揽", "快递员", "寄件")),
    *rows(Meaning(Milestone.AWAITING_COLLECTION, JD), "等待自提"),
    *rows(Meaning(Milestone.AWAITING_COLLECTION, WORDING), "自提", "自取", also=("请到", "请至", "请前往")),
    *rows(Meaning(Milestone.AWAITING_COLLECTION, JD), "到达", also=_POINTS, unless=("签收", "发往")),
    *rows(Meaning(Milestone.AWAITING_COLLECTION, JD), "到达", also=("快递柜",), unless=("签收", "发往")),
    *rows(Meaning(Milestone.AWAITING_COLLECTION, STATION), "已到站", also=_POINTS),
    *rows(Meaning(Milestone.AWAITING_COLLECTION, ADVANCED), "投柜", unless=("签收", "失败")),
    *rows(Meaning(Milestone.AWAITING_COLLECTION, STATION), "入柜", unless=("签收", "失败")),
    *rows(Meaning(Milestone.AWAITING_COLLECTION, STO), "驿站代收", "柜机代收", unless=("已签收",)),
    *rows(Meaning(Milestone.AWAITING_COLLECTION, JT), "代理点收入"),
    *rows(Meaning(Milestone.AWAITING_COLLECTION, YUNDA), "暂存", unless=("已签收", "异常暂存", "仓库", "暂存网点")),
    *rows(Meaning(Milestone.AWAITING_COLLECTION, ZTO), "已送达", "已送至", also=_SHELVES, unless=("已签收",)),
    *rows(Meaning(Milestone.AWAITING_COLLECTION, STATION), "存放", "暂放", unless=("已签收",)),
    *rows(Meaning(Milestone.AWAITING_COLLECTION, WORDING), "已放置", also=_SHELVES, unless=("已签收",)),
    *rows(Meaning(Milestone.AWAITING_COLLECTION, STATION), "投放", also=(*_SHELVES, "店", "点")),
    *rows(Meaning(Milestone.AWAITING_COLLECTION, STATION), "放入", "投入", also=_SHELVES),
    *rows(Meaning(Milestone.AWAITING_COLLECTION, EMS), "投递至", "投递到", also=_SHELVES),
    *rows(Meaning(Milestone.AWAITING_COLLECTION, JT), "送达至", also=(*_SHELVES, "店")),
    *rows(Meaning(Milestone.AWAITING_COLLECTION, JT), "派送至", also=_SHELVES),
    *rows(Meaning(Milestone.AWAITING_COLLECTION, JT), "入库", also=(*_POINTS, "取件码")),
    *rows(
        Meaning(Milestone.AWAITING_COLLECTION, ZTO),
        "代收",
        also=("已被", "已由", "快件由", "已代收"),
        unless=("已签收", "代收货款"),
    ),
)
"""Put into a locker or station."""

SIGNED: tuple[Phrase, ...] = (
    *rows(SIGNED_ELSEWHERE, "可查看签收人信息"),
    *rows(Meaning(Milestone.DELIVERED, YTO, manner=Manner.SELF), "本人签收"),
    *rows(Meaning(Milestone.DELIVERED, ZTO, manner=Manner.OTHER), "代签收"),
    *rows(Meaning(Milestone.DELIVERED, YUNDA, manner=Manner.OTHER), "已代签"),
    *rows(Meaning(Milestone.DELIVERED, EMS, manner=Manner.OTHER), "他人代收"),
    *rows(Meaning(Milestone.DELIVERED, YTO), "已签收", "完成签收"),
    *rows(
        Meaning(Milestone.DELIVERED, YTO),
        "签收",
        also=("已被", "已由", "已经由", "已放", "】签收"),
        unless=("准备", "未", "请", "等待"),
    ),
    *rows(Meaning(Milestone.DELIVERED, YUNDA), "签收人"),
    *rows(Meaning(Milestone.DELIVERED, JT), "签收成功"),
    *rows(Meaning(Milestone.DELIVERED, JT), "快件签收", unless=("准备", "未", "请", "等待")),
    *rows(Meaning(Milestone.DELIVERED, STO), "客户签收"),
    *rows(Meaning(Milestone.DELIVERED, WORDING), "正常签收"),
    *rows(Meaning(Milestone.DELIVERED, EMS), "已妥投", "妥投"),
    *rows(Meaning(Milestone.DELIVERED, SF), "派送成功"),
    *rows(Meaning(Milestone.DELIVERED, JD), "已送达", "已完成配送"),
)

LAST_LEG: tuple[Phrase, ...] = (
    *rows(Meaning(Milestone.OUT_FOR_DELIVERY, STO), "正在派件"),
    *rows(Meaning(Milestone.OUT_FOR_DELIVERY, SF), "正在派送", "派送途中"),
    *rows(Meaning(Milestone.OUT_FOR_DELIVERY, YTO), "正在为您派", "派件中"),
    *rows(Meaning(Milestone.OUT_FOR_DELIVERY, YTO), "为您派", unless=("即将",)),
    *rows(Meaning(Milestone.OUT_FOR_DELIVERY, ZTO), "次派件", also=("正在",)),
    *rows(Meaning(Milestone.OUT_FOR_DELIVERY, JT), "派送中", "出仓扫描"),
    *rows(Meaning(Milestone.OUT_FOR_DELIVERY, YUNDA), "派件扫描"),
    *rows(Meaning(Milestone.OUT_FOR_DELIVERY, JD), "开始配送", "正在配送", "为您配送"),
    *rows(Meaning(Milestone.OUT_FOR_DELIVERY, EMS), "安排投递", "正在投递"),
    *rows(Meaning(Milestone.OUT_FOR_DELIVERY, WORDING), "开始派送", "开始派件", "投递中"),
    *rows(Meaning(Milestone.OUT_FOR_DELIVERY, YTO), "派件员", unless=("到达", "离开", "发往", "揽收")),
    # at the delivery branch
    *rows(Meaning(Milestone.AT_DESTINATION, YUNDA), "到达目的地"),
    *rows(Meaning(Milestone.AT_DESTINATION, ADVANCED), "到达派件网点", "到达派件"),
    *rows(Meaning(Milestone.AT_DESTINATION, EMS), "到达投递"),
    *rows(
        Meaning(Milestone.AT_DESTINATION, WORDING),
        *("派件网点", "派送网点", "末端网点"),
        also=("到达",),
        unless=("发往", "离开", "退回"),
    ),
    *rows(Meaning(Milestone.AT_DESTINATION, JD), "等待配送", "正在分配配送员"),
    *rows(Meaning(Milestone.AT_DESTINATION, SF), "即将派送", "即将为您派送", "准备派送", "分配最合适的快递员"),
    # handed to another carrier
    *rows(Meaning(Milestone.TRANSFERRED, STO), "转同行"),
    *rows(Meaning(Milestone.TRANSFERRED, STATE), "转投"),
    *rows(Meaning(Milestone.TRANSFERRED, YTO), "转邮政", "转EMS"),
    *rows(Meaning(Milestone.TRANSFERRED, WORDING), "转单号", "转第三方", "第三方单号"),
)

BEGINNING: tuple[Phrase, ...] = (
    *rows(Meaning(Milestone.PICKED_UP, YTO), "已揽收", "揽收人", "揽收完成"),
    *rows(Meaning(Milestone.PICKED_UP, YUNDA), "已揽件", "揽件扫描"),
    *rows(Meaning(Milestone.PICKED_UP, JT), "快件揽收"),
    *rows(Meaning(Milestone.PICKED_UP, JD), "揽收成功"),
    *rows(Meaning(Milestone.PICKED_UP, JD), "揽收", also=("已由", "已被", "由【"), unless=("等待", "待揽")),
    *rows(Meaning(Milestone.PICKED_UP, JD), "已交付京东"),
    *rows(Meaning(Milestone.PICKED_UP, STO), "已收件", "收件扫描"),
    *rows(Meaning(Milestone.PICKED_UP, SF), "已收取"),
    *rows(Meaning(Milestone.PICKED_UP, EMS), "已收寄", "收寄", unless=("信息", "等待", "预计")),
    # told, not yet held
    *rows(Meaning(Milestone.ANNOUNCED, YTO, physical=False), "等待揽"),
    *rows(Meaning(Milestone.ANNOUNCED, ADVANCED, physical=False), "待揽", "已下单", "已经下单"),
    *rows(Meaning(Milestone.ANNOUNCED, WORDING, physical=False), "等待上门", "等待快递员"),
    *rows(
        Meaning(Milestone.ANNOUNCED, WORDING, physical=False),
        *("上门取件", "上门揽收", "上门收件"),
        also=("预计", "即将", "将为", "分配"),
        unless=("失败", "成功", "已完成"),
    ),
    *rows(
        Meaning(Milestone.ANNOUNCED, SHOP, physical=False),
        *("通知快递", "待配货", "卖家发货", "商家发货", "包裹已出库"),
    ),
    *rows(Meaning(Milestone.ANNOUNCED, JD, physical=False), "电子运单已生成", "商家已发货", "仓库已接单"),
    *rows(
        Meaning(Milestone.ANNOUNCED, JD_SHOP, physical=False),
        *("提交了订单", "订单已经打印", "拣货完成"),
    ),
    *rows(Meaning(Milestone.ANNOUNCED, JD_SHOP, physical=False), "准备出库", "开始处理", also=("订单",)),
    *rows(Meaning(Milestone.ANNOUNCED, WORDING, physical=False), "面单已打印", "卖家已发货", "等待快递公司"),
    *rows(Meaning(Milestone.ANNOUNCED, WORDING, physical=False), "寄件订单"),
    *rows(
        Meaning(Milestone.ANNOUNCED, WORDING, physical=False),
        "前往取件",
        also=("快递员", "收件员", "小哥"),
        unless=("请",),
    ),
    *rows(Meaning(Milestone.ANNOUNCED, STATION, physical=False), "包裹正在等待"),
    *rows(Meaning(Milestone.ANNOUNCED, EMS, physical=False), "信息已接收"),
)

MOVING: tuple[Phrase, ...] = (
    *rows(Meaning(Milestone.IN_TRANSIT, STO), "改地址", "到件扫描", "发件扫描", "装袋"),
    *rows(Meaning(Milestone.IN_TRANSIT, JT), "转寄"),
    *rows(Meaning(Milestone.IN_TRANSIT, WORDING), "改派", "航空公司", "飞机", "起飞"),
    *rows(Meaning(Milestone.IN_TRANSIT, YTO), "已打包", "已拆包", "已收入", "已发出", "下一站"),
    *rows(Meaning(Milestone.IN_TRANSIT, SF), "已发往", "已发车", "正送往", "完成分拣", "运输中"),
    *rows(Meaning(Milestone.IN_TRANSIT, ZTO), "发往", "已经到达", "已到达", "离开"),
    *rows(Meaning(Milestone.IN_TRANSIT, YUNDA), "到达", "发出", "装车", "卸车", "称重扫描"),
    *rows(Meaning(Milestone.IN_TRANSIT, JD), "分拣", "打包完成"),
    *rows(Meaning(Milestone.IN_TRANSIT, YTO), "转运"),
    *rows(Meaning(Milestone.IN_TRANSIT, EMS), "封发"),
    *rows(Meaning(Milestone.IN_TRANSIT, CUSTOMS_TEXT), "航班"),
    *rows(Meaning(Milestone.IN_TRANSIT, BEST), "到【"),
)

PHRASES = PhraseTable(
    TROUBLES + TAKEN_OUT + HANDED_OVER + PUT_IN + SIGNED + LAST_LEG + BEGINNING + MOVING + UNNAMED + ABROAD_TEXTS
)
"""For events without a code, first fit wins; also what refines a generic code. Read in what a text states, not in what
it only supposes."""

MANNERS: tuple[tuple[Manner, tuple[str, ...]], ...] = (
    (Manner.OTHER, ("非本人",)),
    (Manner.SAFE_PLACE, ("签收方式：家门口", "签收方式:家门口")),
    (Manner.SELF, ("本人", "收件人签收", "收件人已签收")),
    (Manner.LOCKER, ("丰巢", "快递柜", "智能柜", "自提柜", "速递易", "自助柜", "格口", "柜机", "号柜", "快件箱")),
    (
        Manner.POINT,
        (
            *("驿站", "代收点", "自提点", "自取点", "代投点", "合作点", "服务站", "服务点", "兔喜", "便利店", "超市"),
            *("取货码", "取件码"),
        ),
    ),
    (Manner.NEIGHBOUR, ("邻居",)),
    (
        Manner.AGENT,
        (
            *("物业", "前台", "门卫", "保安", "收发", "传达室", "门岗", "值班室", "服务台", "宿管"),
            *("管理处", "门房", "岗亭"),
        ),
    ),
    (Manner.SAFE_PLACE, (*_DOORS, "指定位置", "指定地点")),
    (
        Manner.OTHER,
        ("家人", "家属", "亲友", "亲戚", "朋友", "同事", "同学", "室友", "他人", "代签"),
    ),
    *ABROAD_MANNERS,
)
"""Who or what a signed event names, first fit wins; read from texts of YTO, ZTO, STO, Yunda and J&T."""
