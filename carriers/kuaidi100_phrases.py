"""Route phrases of the Chinese carriers as they pass through Kuaidi100, each with its source.

They decide where an event has no code, first fit wins, and sharpen generic codes (carriers/kuaidi100_vocabulary.py).
"""

from carriers.base import Meaning, Phrase
from carriers.kuaidi100_vocabulary import ADVANCED, STATE
from domain.tracking import Manner, Milestone, Reason

# Sources of the phrases: carriers' own wording as it passes through Kuaidi100, by carrier.
YTO = "YTO route texts (已揽收, 已收入, 已打包, 已发出 下一站, 派件中, 客户签收人)"
ZTO = "ZTO route texts (已揽收, 离开 发往, 已经到达, 正在第1次派件, 已被代收, 在 领取)"
STO = "STO scan types 收件 发件 到件 派件 柜机代收 驿站代收 驿站出库 快件取出 问题件 退回件 改地址件 转同行 签收"
YUNDA = "Yunda route texts (进行揽件扫描, 到达, 从 发出, 进行派件扫描, 已签收)"
JT = "J&T CN scan types 快件揽收 发件 到件 入库 出库 出仓扫描 签收 问题件 退件 转寄"
EMS = "China Post route texts (已收寄, 离开 下一站, 到达, 安排投递, 未妥投, 已妥投)"
JD = "JD route texts (打包完成, 分拣完成, 配送员 开始配送, 已自提, 拒收)"
SF = "SF route texts (已收取快件, 完成分拣, 派送不成功, 已派送成功)"
STATION = "Cainiao station and Hive Box texts (请凭取件码, 已存放, 已被取出, 逾期)"
CUSTOMS_TEXT = "customs wording common to interCom legs"

_DROPPED = (
    "已放入",
    "已放至",
    "已存放",
    "已暂存",
    "已投放",
    "已投递至",
    "请凭取",
    "请及时取",
    "请及时领取",
    "代为保管",
)
"""Words for a parcel left at a locker or station: why nobody was met doesn't matter then."""

_STAFF = ("快递员", "派件员", "收件员", "业务员", "小哥")
_SHELVES = ("柜", "驿站", "丰巢", "代收点", "自提点", "服务站", "便利店", "超市", "妈妈驿站", "兔喜")

# A driver's or customer's words that put a signature in doubt come before the words for a signature.
PHRASES: tuple[Phrase, ...] = (
    # cancelled
    Phrase("取消寄件", Meaning(Milestone.CANCELLED, JT, Reason.CANCELLED)),
    Phrase("订单已取消", Meaning(Milestone.CANCELLED, JD, Reason.CANCELLED)),
    Phrase("运单已取消", Meaning(Milestone.CANCELLED, JD, Reason.CANCELLED)),
    Phrase("已撤单", Meaning(Milestone.CANCELLED, YTO, Reason.CANCELLED)),
    Phrase("揽收失败", Meaning(Milestone.ANNOUNCED, YTO, Reason.OTHER, physical=False)),
    Phrase("取件失败", Meaning(Milestone.ANNOUNCED, JT, Reason.OTHER, physical=False), unless=("柜", "驿站")),
    # lost, damaged, destroyed: what was done to the parcel beats where it is
    Phrase("遗失", Meaning(Milestone.EXCEPTION, STO, Reason.LOST)),
    Phrase("丢失", Meaning(Milestone.EXCEPTION, STO, Reason.LOST)),
    Phrase("已销毁", Meaning(Milestone.EXCEPTION, EMS, Reason.DESTROYED)),
    Phrase("破损", Meaning(Milestone.EXCEPTION, STO, Reason.DAMAGED)),
    Phrase("外包装损坏", Meaning(Milestone.EXCEPTION, JT, Reason.DAMAGED)),
    # the end of a return
    Phrase("退签", Meaning(Milestone.RETURNED, STATE)),
    Phrase("退件签收", Meaning(Milestone.RETURNED, JT)),
    Phrase("退回签收", Meaning(Milestone.RETURNED, ZTO)),
    Phrase("退回件已签收", Meaning(Milestone.RETURNED, STO)),
    Phrase("退件已签收", Meaning(Milestone.RETURNED, JT)),
    Phrase("寄件人已签收", Meaning(Milestone.RETURNED, EMS)),
    Phrase("退回妥投", Meaning(Milestone.RETURNED, EMS)),
    Phrase("退回", Meaning(Milestone.RETURNED, ZTO), also=("已签收", "已妥投")),
    # delivery tried, and not done
    Phrase("拒收", Meaning(Milestone.ATTEMPT_FAILED, JD, Reason.REFUSED)),
    Phrase("拒签", Meaning(Milestone.ATTEMPT_FAILED, STATE, Reason.REFUSED)),
    Phrase("拒绝签收", Meaning(Milestone.ATTEMPT_FAILED, ZTO, Reason.REFUSED)),
    Phrase("收件人不在", Meaning(Milestone.ATTEMPT_FAILED, STO, Reason.ABSENT), unless=_DROPPED),
    Phrase("客户不在", Meaning(Milestone.ATTEMPT_FAILED, STO, Reason.ABSENT), unless=_DROPPED),
    Phrase("家中无人", Meaning(Milestone.ATTEMPT_FAILED, EMS, Reason.ABSENT), unless=_DROPPED),
    Phrase("无人在家", Meaning(Milestone.ATTEMPT_FAILED, EMS, Reason.ABSENT), unless=_DROPPED),
    Phrase("无人签收", Meaning(Milestone.ATTEMPT_FAILED, YUNDA, Reason.ABSENT), unless=_DROPPED),
    Phrase("节假日客户休息", Meaning(Milestone.ATTEMPT_FAILED, YTO, Reason.ABSENT), unless=_DROPPED),
    Phrase("联系不上", Meaning(Milestone.ATTEMPT_FAILED, STO, Reason.UNREACHABLE), unless=_DROPPED),
    Phrase(
        "无法联系",
        Meaning(Milestone.ATTEMPT_FAILED, YTO, Reason.UNREACHABLE),
        unless=_DROPPED,
    ),
    Phrase("无法联络", Meaning(Milestone.ATTEMPT_FAILED, YTO, Reason.UNREACHABLE), unless=_DROPPED),
    Phrase("电话无人接听", Meaning(Milestone.ATTEMPT_FAILED, STO, Reason.UNREACHABLE), unless=_DROPPED),
    Phrase("电话无法接通", Meaning(Milestone.ATTEMPT_FAILED, STO, Reason.UNREACHABLE), unless=_DROPPED),
    Phrase("电话关机", Meaning(Milestone.ATTEMPT_FAILED, STO, Reason.UNREACHABLE), unless=_DROPPED),
    Phrase("电话空号", Meaning(Milestone.ATTEMPT_FAILED, STO, Reason.UNREACHABLE), unless=_DROPPED),
    Phrase("电话错误", Meaning(Milestone.ATTEMPT_FAILED, STO, Reason.UNREACHABLE), unless=_DROPPED),
    Phrase("地址不详", Meaning(Milestone.ATTEMPT_FAILED, STO, Reason.ADDRESS)),
    Phrase("地址不清", Meaning(Milestone.ATTEMPT_FAILED, STO, Reason.ADDRESS)),
    Phrase("地址错误", Meaning(Milestone.ATTEMPT_FAILED, STO, Reason.ADDRESS)),
    Phrase("地址有误", Meaning(Milestone.ATTEMPT_FAILED, EMS, Reason.ADDRESS)),
    Phrase("查无此人", Meaning(Milestone.ATTEMPT_FAILED, EMS, Reason.ADDRESS)),
    Phrase("超出派送范围", Meaning(Milestone.EXCEPTION, YTO, Reason.OUT_OF_AREA)),
    Phrase("超区", Meaning(Milestone.EXCEPTION, ZTO, Reason.OUT_OF_AREA)),
    Phrase("到付费", Meaning(Milestone.ATTEMPT_FAILED, YTO, Reason.PAYMENT), also=("拒付", "未付", "无法支付")),
    Phrase("更改派送时间", Meaning(Milestone.ATTEMPT_FAILED, SF, Reason.OTHER)),
    Phrase("改约", Meaning(Milestone.ATTEMPT_FAILED, JD, Reason.OTHER)),
    Phrase("延迟派送", Meaning(Milestone.ATTEMPT_FAILED, STO, Reason.OTHER), also=("客户要求", "收件人要求", "约定")),
    Phrase("派送不成功", Meaning(Milestone.ATTEMPT_FAILED, YTO, Reason.OTHER)),
    Phrase("派件不成功", Meaning(Milestone.ATTEMPT_FAILED, ZTO, Reason.OTHER)),
    Phrase("派送失败", Meaning(Milestone.ATTEMPT_FAILED, JT, Reason.OTHER)),
    Phrase("派件失败", Meaning(Milestone.ATTEMPT_FAILED, ZTO, Reason.OTHER)),
    Phrase("投递不成功", Meaning(Milestone.ATTEMPT_FAILED, EMS, Reason.OTHER)),
    Phrase("投递未成功", Meaning(Milestone.ATTEMPT_FAILED, EMS, Reason.OTHER)),
    Phrase("签收失败", Meaning(Milestone.ATTEMPT_FAILED, YTO, Reason.OTHER)),
    Phrase("签收不成功", Meaning(Milestone.ATTEMPT_FAILED, YUNDA, Reason.OTHER)),
    Phrase("未妥投", Meaning(Milestone.ATTEMPT_FAILED, EMS, Reason.OTHER)),
    Phrase("派件异常", Meaning(Milestone.ATTEMPT_FAILED, ADVANCED, Reason.OTHER)),
    # returns and intercepts under way
    Phrase("拦截", Meaning(Milestone.RETURNING, JT, Reason.INTERCEPTED), also=("退回", "退件", "返回")),
    Phrase("拦截", Meaning(Milestone.EXCEPTION, JT, Reason.INTERCEPTED)),
    Phrase("退回", Meaning(Milestone.RETURNING, STO)),
    Phrase("退件", Meaning(Milestone.RETURNING, JT)),
    Phrase("退运", Meaning(Milestone.RETURNING, EMS)),
    Phrase("返回寄件", Meaning(Milestone.RETURNING, YUNDA)),
    # other trouble
    Phrase("错分", Meaning(Milestone.EXCEPTION, STO, Reason.MISSORTED)),
    Phrase("错发", Meaning(Milestone.EXCEPTION, STO, Reason.MISSORTED)),
    Phrase("违禁品", Meaning(Milestone.EXCEPTION, STO, Reason.SECURITY)),
    Phrase("安检未通过", Meaning(Milestone.EXCEPTION, EMS, Reason.SECURITY)),
    Phrase("天气", Meaning(Milestone.EXCEPTION, YTO, Reason.WEATHER), also=("延误", "延迟", "滞留", "影响", "暂缓")),
    Phrase(
        "疫情", Meaning(Milestone.EXCEPTION, YTO, Reason.DELAYED), also=("延误", "延迟", "滞留", "暂缓", "无法派送")
    ),
    Phrase("滞留", Meaning(Milestone.EXCEPTION, ADVANCED, Reason.DELAYED)),
    Phrase("延误", Meaning(Milestone.EXCEPTION, YTO, Reason.DELAYED)),
    # customs
    Phrase("清关异常", Meaning(Milestone.CUSTOMS, CUSTOMS_TEXT, Reason.CUSTOMS)),
    Phrase("清关失败", Meaning(Milestone.CUSTOMS, CUSTOMS_TEXT, Reason.CUSTOMS)),
    Phrase("海关扣", Meaning(Milestone.CUSTOMS, CUSTOMS_TEXT, Reason.CUSTOMS)),
    Phrase("海关查验", Meaning(Milestone.CUSTOMS, CUSTOMS_TEXT)),
    Phrase("海关放行", Meaning(Milestone.CUSTOMS, CUSTOMS_TEXT)),
    Phrase("清关", Meaning(Milestone.CUSTOMS, CUSTOMS_TEXT)),
    Phrase("送交海关", Meaning(Milestone.CUSTOMS, CUSTOMS_TEXT)),
    # taken out of a locker or station by the carrier's own people: back with the courier, or just collected
    Phrase("取回", Meaning(Milestone.ATTEMPT_FAILED, YTO, Reason.OTHER), also=_STAFF),
    Phrase("收件员从", Meaning(Milestone.PICKED_UP, SF), also=("取出", "取件")),
    # taken out of a locker or station
    Phrase("完成取件", Meaning(Milestone.DELIVERED, STATION, manner=Manner.POINT)),
    Phrase("凭取货码签收", Meaning(Milestone.DELIVERED, YTO, manner=Manner.POINT)),
    Phrase("凭取件码签收", Meaning(Milestone.DELIVERED, YTO, manner=Manner.POINT)),
    Phrase("已被取出", Meaning(Milestone.DELIVERED, STATION, manner=Manner.LOCKER), unless=_STAFF),
    Phrase("已取出", Meaning(Milestone.DELIVERED, STATION, manner=Manner.LOCKER), unless=_STAFF),
    Phrase("快件取出", Meaning(Milestone.DELIVERED, STO, manner=Manner.LOCKER), unless=_STAFF),
    Phrase("驿站出库", Meaning(Milestone.DELIVERED, STO, manner=Manner.POINT)),
    Phrase("取出", Meaning(Milestone.DELIVERED, STATION, manner=Manner.LOCKER), also=("柜", "丰巢"), unless=_STAFF),
    Phrase(
        "已取件", Meaning(Milestone.DELIVERED, STATION, manner=Manner.POINT), unless=("揽", "上门", "快递员", "小哥")
    ),
    Phrase("已自提", Meaning(Milestone.DELIVERED, JD, manner=Manner.POINT)),
    Phrase("自提成功", Meaning(Milestone.DELIVERED, JD, manner=Manner.POINT)),
    Phrase("领取", Meaning(Milestone.DELIVERED, ZTO, manner=Manner.POINT), also=("已签收", "已领取")),
    # not signed yet, however the word is used
    Phrase("未签收", Meaning(Milestone.ATTEMPT_FAILED, YUNDA, Reason.OTHER)),
    # put into a locker or station
    Phrase("超时未取", Meaning(Milestone.AWAITING_COLLECTION, STATION, Reason.OVERDUE_AT_POINT)),
    Phrase("逾期未取", Meaning(Milestone.AWAITING_COLLECTION, STATION, Reason.OVERDUE_AT_POINT)),
    Phrase("请及时取", Meaning(Milestone.AWAITING_COLLECTION, YTO)),
    Phrase("请尽快取", Meaning(Milestone.AWAITING_COLLECTION, STATION)),
    Phrase("请及时领取", Meaning(Milestone.AWAITING_COLLECTION, STATION)),
    Phrase("请尽快领取", Meaning(Milestone.AWAITING_COLLECTION, STATION)),
    Phrase("请凭取件码", Meaning(Milestone.AWAITING_COLLECTION, STATION)),
    Phrase("请凭取货码", Meaning(Milestone.AWAITING_COLLECTION, STATION)),
    Phrase("凭取件码", Meaning(Milestone.AWAITING_COLLECTION, STATION), unless=("已签收",)),
    Phrase("凭取货码", Meaning(Milestone.AWAITING_COLLECTION, STATION), unless=("已签收",)),
    Phrase("待取件", Meaning(Milestone.AWAITING_COLLECTION, STATION), unless=("揽", "快递员", "寄件")),
    Phrase("等待自提", Meaning(Milestone.AWAITING_COLLECTION, JD)),
    Phrase(
        "到达",
        Meaning(Milestone.AWAITING_COLLECTION, JD),
        also=("自提点", "驿站", "代收点", "快递柜"),
        unless=("签收", "发往"),
    ),
    Phrase("投柜", Meaning(Milestone.AWAITING_COLLECTION, ADVANCED), unless=("签收", "失败")),
    Phrase("入柜", Meaning(Milestone.AWAITING_COLLECTION, STATION), unless=("签收", "失败")),
    Phrase("驿站代收", Meaning(Milestone.AWAITING_COLLECTION, STO), unless=("已签收",)),
    Phrase("柜机代收", Meaning(Milestone.AWAITING_COLLECTION, STO), unless=("已签收",)),
    Phrase("暂存", Meaning(Milestone.AWAITING_COLLECTION, YUNDA), unless=("已签收",)),
    Phrase("已送达", Meaning(Milestone.AWAITING_COLLECTION, ZTO), also=_SHELVES, unless=("已签收",)),
    Phrase("已送至", Meaning(Milestone.AWAITING_COLLECTION, ZTO), also=_SHELVES, unless=("已签收",)),
    Phrase("存放", Meaning(Milestone.AWAITING_COLLECTION, STATION), unless=("已签收",)),
    Phrase("暂放", Meaning(Milestone.AWAITING_COLLECTION, STATION), unless=("已签收",)),
    Phrase("投放", Meaning(Milestone.AWAITING_COLLECTION, STATION), also=("柜", "驿站", "服务站", "丰巢", "店", "点")),
    Phrase("放入", Meaning(Milestone.AWAITING_COLLECTION, STATION), also=("柜", "驿站", "丰巢", "代收点")),
    Phrase("投递至", Meaning(Milestone.AWAITING_COLLECTION, EMS), also=("柜", "驿站", "丰巢", "自提点", "代投点")),
    Phrase("送达至", Meaning(Milestone.AWAITING_COLLECTION, JT), also=("柜", "驿站", "丰巢", "代收点", "服务站", "店")),
    Phrase("派送至", Meaning(Milestone.AWAITING_COLLECTION, JT), also=("柜", "驿站", "丰巢", "代收点", "服务站")),
    Phrase("入库", Meaning(Milestone.AWAITING_COLLECTION, JT), also=("驿站", "代收点", "菜鸟", "服务站", "超市")),
    Phrase(
        "代收",
        Meaning(Milestone.AWAITING_COLLECTION, ZTO),
        also=("已被", "已由", "快件由"),
        unless=("已签收", "代收货款"),
    ),
    # signed
    Phrase("本人签收", Meaning(Milestone.DELIVERED, YTO, manner=Manner.SELF)),
    Phrase("代签收", Meaning(Milestone.DELIVERED, ZTO, manner=Manner.OTHER)),
    Phrase("已代签", Meaning(Milestone.DELIVERED, YUNDA, manner=Manner.OTHER)),
    Phrase("他人代收", Meaning(Milestone.DELIVERED, EMS, manner=Manner.OTHER)),
    Phrase("单位收发", Meaning(Milestone.DELIVERED, EMS, manner=Manner.AGENT), also=("妥投", "签收")),
    Phrase("已签收", Meaning(Milestone.DELIVERED, YTO)),
    Phrase("完成签收", Meaning(Milestone.DELIVERED, YTO)),
    Phrase("签收", Meaning(Milestone.DELIVERED, YTO), also=("已被", "已由"), unless=("准备", "未", "请")),
    Phrase("签收人", Meaning(Milestone.DELIVERED, YUNDA)),
    Phrase("签收成功", Meaning(Milestone.DELIVERED, JT)),
    Phrase("客户签收", Meaning(Milestone.DELIVERED, STO)),
    Phrase("已妥投", Meaning(Milestone.DELIVERED, EMS)),
    Phrase("妥投", Meaning(Milestone.DELIVERED, EMS)),
    Phrase("派送成功", Meaning(Milestone.DELIVERED, SF)),
    Phrase("已送达", Meaning(Milestone.DELIVERED, JD)),
    Phrase("已完成配送", Meaning(Milestone.DELIVERED, JD)),
    # the last leg
    Phrase("正在派件", Meaning(Milestone.OUT_FOR_DELIVERY, STO)),
    Phrase("正在派送", Meaning(Milestone.OUT_FOR_DELIVERY, SF)),
    Phrase("正在为您派", Meaning(Milestone.OUT_FOR_DELIVERY, YTO)),
    Phrase("次派件", Meaning(Milestone.OUT_FOR_DELIVERY, ZTO), also=("正在",)),
    Phrase("派件中", Meaning(Milestone.OUT_FOR_DELIVERY, YTO)),
    Phrase("派送中", Meaning(Milestone.OUT_FOR_DELIVERY, JT)),
    Phrase("派送途中", Meaning(Milestone.OUT_FOR_DELIVERY, SF)),
    Phrase("派件扫描", Meaning(Milestone.OUT_FOR_DELIVERY, YUNDA)),
    Phrase("出仓扫描", Meaning(Milestone.OUT_FOR_DELIVERY, JT)),
    Phrase("开始配送", Meaning(Milestone.OUT_FOR_DELIVERY, JD)),
    Phrase("正在配送", Meaning(Milestone.OUT_FOR_DELIVERY, JD)),
    Phrase("安排投递", Meaning(Milestone.OUT_FOR_DELIVERY, EMS)),
    Phrase("正在投递", Meaning(Milestone.OUT_FOR_DELIVERY, EMS)),
    Phrase("派件员", Meaning(Milestone.OUT_FOR_DELIVERY, YTO), unless=("到达", "离开", "发往", "揽收")),
    # at the delivery branch
    Phrase("到达目的地", Meaning(Milestone.AT_DESTINATION, YUNDA)),
    Phrase("到达派件网点", Meaning(Milestone.AT_DESTINATION, ADVANCED)),
    Phrase("到达投递", Meaning(Milestone.AT_DESTINATION, EMS)),
    Phrase("即将派送", Meaning(Milestone.AT_DESTINATION, SF)),
    Phrase("准备派送", Meaning(Milestone.AT_DESTINATION, SF)),
    Phrase("分配最合适的快递员", Meaning(Milestone.AT_DESTINATION, SF)),
    # handed to another carrier
    Phrase("转同行", Meaning(Milestone.TRANSFERRED, STO)),
    Phrase("转投", Meaning(Milestone.TRANSFERRED, STATE)),
    Phrase("转邮政", Meaning(Milestone.TRANSFERRED, YTO)),
    Phrase("转EMS", Meaning(Milestone.TRANSFERRED, YTO)),
    # collected
    Phrase("已揽收", Meaning(Milestone.PICKED_UP, YTO)),
    Phrase("已揽件", Meaning(Milestone.PICKED_UP, YUNDA)),
    Phrase("揽件扫描", Meaning(Milestone.PICKED_UP, YUNDA)),
    Phrase("揽收人", Meaning(Milestone.PICKED_UP, YTO)),
    Phrase("快件揽收", Meaning(Milestone.PICKED_UP, JT)),
    Phrase("揽收成功", Meaning(Milestone.PICKED_UP, JD)),
    Phrase("已收件", Meaning(Milestone.PICKED_UP, STO)),
    Phrase("已收取", Meaning(Milestone.PICKED_UP, SF)),
    Phrase("已收寄", Meaning(Milestone.PICKED_UP, EMS)),
    Phrase("收寄", Meaning(Milestone.PICKED_UP, EMS), unless=("信息", "等待", "预计")),
    # told, not yet held
    Phrase("等待揽", Meaning(Milestone.ANNOUNCED, YTO, physical=False)),
    Phrase("待揽", Meaning(Milestone.ANNOUNCED, ADVANCED, physical=False)),
    Phrase("已下单", Meaning(Milestone.ANNOUNCED, ADVANCED, physical=False)),
    Phrase("通知快递", Meaning(Milestone.ANNOUNCED, STATION, physical=False)),
    Phrase("电子运单已生成", Meaning(Milestone.ANNOUNCED, JD, physical=False)),
    Phrase("包裹正在等待", Meaning(Milestone.ANNOUNCED, STATION, physical=False)),
    Phrase("商家已发货", Meaning(Milestone.ANNOUNCED, JD, physical=False)),
    Phrase("仓库已接单", Meaning(Milestone.ANNOUNCED, JD, physical=False)),
    Phrase("信息已接收", Meaning(Milestone.ANNOUNCED, EMS, physical=False)),
    # moving
    Phrase("已打包", Meaning(Milestone.IN_TRANSIT, YTO)),
    Phrase("已拆包", Meaning(Milestone.IN_TRANSIT, YTO)),
    Phrase("已收入", Meaning(Milestone.IN_TRANSIT, YTO)),
    Phrase("已发出", Meaning(Milestone.IN_TRANSIT, YTO)),
    Phrase("已发往", Meaning(Milestone.IN_TRANSIT, SF)),
    Phrase("下一站", Meaning(Milestone.IN_TRANSIT, YTO)),
    Phrase("发往", Meaning(Milestone.IN_TRANSIT, ZTO)),
    Phrase("已经到达", Meaning(Milestone.IN_TRANSIT, ZTO)),
    Phrase("已到达", Meaning(Milestone.IN_TRANSIT, ZTO)),
    Phrase("到达", Meaning(Milestone.IN_TRANSIT, YUNDA)),
    Phrase("离开", Meaning(Milestone.IN_TRANSIT, ZTO)),
    Phrase("发出", Meaning(Milestone.IN_TRANSIT, YUNDA)),
    Phrase("已发车", Meaning(Milestone.IN_TRANSIT, SF)),
    Phrase("正送往", Meaning(Milestone.IN_TRANSIT, SF)),
    Phrase("装车", Meaning(Milestone.IN_TRANSIT, YUNDA)),
    Phrase("卸车", Meaning(Milestone.IN_TRANSIT, YUNDA)),
    Phrase("装袋", Meaning(Milestone.IN_TRANSIT, STO)),
    Phrase("完成分拣", Meaning(Milestone.IN_TRANSIT, SF)),
    Phrase("分拣", Meaning(Milestone.IN_TRANSIT, JD)),
    Phrase("打包完成", Meaning(Milestone.IN_TRANSIT, JD)),
    Phrase("运输中", Meaning(Milestone.IN_TRANSIT, SF)),
    Phrase("转运", Meaning(Milestone.IN_TRANSIT, YTO)),
    Phrase("封发", Meaning(Milestone.IN_TRANSIT, EMS)),
    Phrase("航班", Meaning(Milestone.IN_TRANSIT, CUSTOMS_TEXT)),
    Phrase("问题件", Meaning(Milestone.EXCEPTION, STO, Reason.OTHER)),
    Phrase("疑难件", Meaning(Milestone.EXCEPTION, STATE, Reason.OTHER)),
    Phrase("异常", Meaning(Milestone.EXCEPTION, STATE, Reason.OTHER)),
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
        ("驿站", "代收点", "自提点", "服务站", "妈妈驿站", "兔喜", "便利店", "超市", "服务点", "取货码", "取件码"),
    ),
    (Manner.NEIGHBOUR, ("邻居",)),
    (Manner.AGENT, ("物业", "前台", "门卫", "保安", "收发", "传达室", "门岗", "值班室", "服务台", "宿管")),
    (Manner.SAFE_PLACE, ("门口", "家门", "鞋柜", "消防栓", "水表箱", "电表箱", "信箱", "奶箱", "指定位置", "指定地点")),
    (Manner.OTHER, ("家人", "家属", "亲友", "朋友", "同事", "同学", "他人", "代签")),
)
"""Who or what a signed event names, first fit wins; read from texts of YTO, ZTO, STO, Yunda and J&T."""
