"""Route phrases of the Chinese carriers for what goes wrong: cancelled, lost, refused, missed, sent back, held.

The first part of the ordered table in carriers/kuaidi100_phrases.py: words that put a delivery in doubt are asked before
the words for a delivery. Rows marked WORDING are the field's usual words that stand in no route text that was read.
"""

from carriers.base import Meaning
from carriers.kuaidi100_vocabulary import ADVANCED, STATE
from carriers.phrases import Phrase
from domain.tracking import Manner, Milestone, Reason

# Sources of the phrases: carriers' own wording as it passes through the aggregators, by carrier.
YTO = "YTO route texts (已揽收, 已收入, 已打包, 已发出 下一站, 派件中, 客户签收人)"
ZTO = "ZTO route texts (已揽收, 离开 发往, 已经到达, 正在第1次派件, 已被代收, 在 领取)"
STO = "STO scan types 收件 发件 到件 派件 柜机代收 驿站代收 驿站出库 快件取出 问题件 退回件 改地址件 转同行 签收"
YUNDA = "Yunda route texts (进行揽件扫描, 到达, 从 发出, 进行派件扫描, 已签收)"
JT = "J&T CN scan types 快件揽收 发件 到件 入库 出库 出仓扫描 签收 问题件 退件 转寄"
EMS = "China Post route texts (已收寄, 离开 下一站, 到达, 安排投递, 未妥投, 已妥投)"
JD = "JD route texts (货物已交付京东物流, 打包完成, 分拣完成, 货物已分配 等待配送, 配送员 开始配送, 已自提, 拒收)"
JD_SHOP = "JD's shop lines before its own scans (您提交了订单, 已经打印完毕, 拣货完成, 进入仓库准备出库, 预计…开始处理)"
SF = "SF route texts (已收取快件, 完成分拣, 派送不成功, 已派送成功)"
BEST = "Best Express route texts (到【中心】, 正发往, 正在派件)"
STATION = "Cainiao station and Hive Box texts (请凭取件码, 已存放, 已被取出, 逾期)"
SHOP = "shop lines before the carrier's own (您的订单待配货, 您的包裹已出库, 卖家发货, 通知快递公司揽件)"
CUSTOMS_TEXT = "customs wording common to interCom legs"
WORDING = "usual wording of the Chinese carriers, not met in a recorded text"


def rows(
    meaning: Meaning, *phrases: str, also: tuple[str, ...] = (), unless: tuple[str, ...] = ()
) -> tuple[Phrase, ...]:
    """One row per phrase, with the same meaning, source and conditions."""
    return tuple(Phrase(phrase, meaning, also, unless) for phrase in phrases)


DROPPED = (
    *("已放入", "已放至", "已存放", "已暂存", "已投放", "已投递至", "请凭取", "请及时取", "请及时领取", "代为保管"),
)
"""Words for a parcel left at a locker or station: why nobody was met doesn't matter then."""

_NOT_DELIVERED = (
    *("派送不成功", "派件不成功", "派送失败", "派件失败", "派送未成功", "投递不成功", "投递未成功", "投递失败"),
    *("签收失败", "签收不成功", "未妥投", "未能妥投", "无法派送", "无法派件", "无法投递", "暂未派送"),
    *("派件异常", "派送异常", "派送拉回"),
)
_BACK = (
    "正在返回",
    "退回中",
    "正在退回",
    "已退回",
    "退回途中",
    "退回寄件",
    "退回发件",
    "退回商家",
    "正在退件",
    "退件中",
    "邮件退回",
    "快件退回",
    "已由驿站退回",
    "退回，原因",
    "退回,原因",
    "退回原因",
)
_TO_BRANCH = ("退回网点", "退回派件网点", "退回营业部", "返回网点", "返回营业部")
"""Back with the carrier's own branch: undelivered, but not on its way to the sender."""

_REFUSED = ("拒收", "拒签", "拒绝签收")
_BROKEN = ("破损", "外包装损坏", "损坏")
_OUTSIDE = (
    *("超出派送范围", "超派送范围", "超出配送范围", "超出服务范围", "超范围", "不在派送范围", "不在服务范围", "超区"),
)
_FORBIDDEN = ("违禁品", "未通过安检", "安检未通过", "安检不合格", "安检不通过")
_WRONG_ADDRESS = (
    *("地址不详", "地址不清", "地址错误"),  # STO
    *("地址有误", "名址有误", "名址不详", "查无此人", "查无此单位", "迁移新址", "地址欠详"),  # China Post
)
_UNCLAIMED = ("逾期未领", "逾期未取", "超时未取", "超期未取", "存放超时")
_ABSENT = ("收件人不在", "客户不在", "无人签收", "家中无人")
_UNREACHABLE = ("联系不上", "无法联系", "无人接听", "无法接通")
_WEATHER = ("天气", "台风", "暴雨", "暴雪", "大雪", "大雾", "洪水")
_DELAYING = ("延误", "延迟", "滞留", "影响", "暂缓", "封闭", "中断")
_UNLESS_INTERCEPT_FAILED = ("取消拦截", "拦截失败", "拦截不成功")

_SIGNED = ("已签收", "已妥投")

ENDED: tuple[Phrase, ...] = (
    *rows(Meaning(Milestone.CANCELLED, JT, Reason.CANCELLED), "取消寄件", "取消订单"),
    *rows(Meaning(Milestone.CANCELLED, JD, Reason.CANCELLED), "订单已取消", "运单已取消", "快件已取消"),
    *rows(Meaning(Milestone.CANCELLED, YTO, Reason.CANCELLED), "已撤单"),
    *rows(Meaning(Milestone.CANCELLED, ADVANCED, Reason.CANCELLED), "已销单", "已撤销寄件"),
    *rows(Meaning(Milestone.CANCELLED, SF, Reason.CANCELLED), "快件作废", "运单作废", "订单作废"),
    *rows(
        Meaning(Milestone.CANCELLED, WORDING, Reason.CANCELLED),
        "已取消",
        also=("订单", "运单", "下单"),
        unless=("拦截", "派送", "预约", "改派", "改约"),
    ),
    *rows(Meaning(Milestone.ANNOUNCED, YTO, Reason.OTHER, physical=False), "揽收失败"),
    *rows(Meaning(Milestone.ANNOUNCED, JT, Reason.OTHER, physical=False), "取件失败", unless=("柜", "驿站")),
    *rows(Meaning(Milestone.EXCEPTION, WORDING, Reason.OTHER), "撤销签收", "取消签收"),
    # what was done to the parcel beats where it is
    *rows(Meaning(Milestone.EXCEPTION, STO, Reason.LOST), "遗失", "丢失", unless=("找回",)),
    *rows(Meaning(Milestone.EXCEPTION, WORDING, Reason.LOST), "丢件", "被盗", "失窃", unless=("找回",)),
    *rows(Meaning(Milestone.EXCEPTION, EMS, Reason.DESTROYED), "已销毁"),
    *rows(Meaning(Milestone.EXCEPTION, WORDING, Reason.DESTROYED), "弃件处理", "作弃件", "销毁处理", "无着邮件"),
    *rows(Meaning(Milestone.DELIVERED, WORDING, Reason.DAMAGED), "异常签收", also=_BROKEN),
    *rows(Meaning(Milestone.DELIVERED, WORDING), "异常签收"),
    # some of the pieces: the rest is still owed, so it isn't delivered
    *rows(Meaning(Milestone.EXCEPTION, WORDING, Reason.OTHER), "部分签收", "部分妥投"),
    *rows(Meaning(Milestone.RETURNING, WORDING, Reason.DAMAGED), *_BROKEN, also=_BACK, unless=(*_REFUSED, *_SIGNED)),
    *rows(Meaning(Milestone.ATTEMPT_FAILED, WORDING, Reason.DAMAGED), *_BROKEN, also=_NOT_DELIVERED, unless=_REFUSED),
    *rows(Meaning(Milestone.EXCEPTION, STO, Reason.DAMAGED), *_BROKEN, unless=_REFUSED),
)
"""The parcel's way ends here, or its worth."""

RETURNED: tuple[Phrase, ...] = (
    *rows(Meaning(Milestone.RETURNED, STATE), "退签"),
    *rows(Meaning(Milestone.RETURNED, JT), "退件签收", "退件已签收"),
    *rows(Meaning(Milestone.RETURNED, ZTO), "退回签收"),
    *rows(Meaning(Milestone.RETURNED, STO), "退回件已签收"),
    *rows(Meaning(Milestone.RETURNED, EMS), "寄件人已签收", "退回妥投"),
    *rows(Meaning(Milestone.RETURNED, WORDING), "寄件人签收", "发件人已签收", "寄方已签收"),
    *rows(Meaning(Milestone.RETURNED, ZTO), "退回", "退件", also=_SIGNED),
)

SENT_BACK_FOR: tuple[Phrase, ...] = (
    *rows(Meaning(Milestone.RETURNING, ZTO, Reason.REFUSED), *_REFUSED, also=_BACK, unless=_TO_BRANCH),
    *rows(Meaning(Milestone.RETURNING, EMS, Reason.SECURITY), *_FORBIDDEN, also=_BACK),
    *rows(Meaning(Milestone.RETURNING, EMS, Reason.ADDRESS), *_WRONG_ADDRESS, also=_BACK, unless=_TO_BRANCH),
    *rows(Meaning(Milestone.RETURNING, EMS, Reason.OVERDUE_AT_POINT), *_UNCLAIMED, also=_BACK),
    *rows(Meaning(Milestone.RETURNING, WORDING, Reason.OUT_OF_AREA), *_OUTSIDE, also=_BACK, unless=_TO_BRANCH),
    *rows(Meaning(Milestone.RETURNING, WORDING, Reason.ABSENT), *_ABSENT, also=_BACK, unless=_TO_BRANCH),
    *rows(Meaning(Milestone.RETURNING, WORDING, Reason.UNREACHABLE), *_UNREACHABLE, also=_BACK, unless=_TO_BRANCH),
    *rows(
        Meaning(Milestone.RETURNING, JT, Reason.INTERCEPTED),
        "拦截",
        also=("退回", "退件", "返回"),
        unless=_UNLESS_INTERCEPT_FAILED,
    ),
)
"""Returns under way that say why."""

FAILED: tuple[Phrase, ...] = (
    *rows(Meaning(Milestone.ATTEMPT_FAILED, JD, Reason.REFUSED), "拒收"),
    *rows(Meaning(Milestone.ATTEMPT_FAILED, STATE, Reason.REFUSED), "拒签"),
    *rows(Meaning(Milestone.ATTEMPT_FAILED, ZTO, Reason.REFUSED), "拒绝签收"),
    *rows(Meaning(Milestone.ATTEMPT_FAILED, YTO, Reason.PAYMENT), "到付", also=("未付", "不付", "无法支付")),
    *rows(Meaning(Milestone.ATTEMPT_FAILED, WORDING, Reason.PAYMENT), "拒付", "未支付运费", "未付运费", "未支付货款"),
    *rows(Meaning(Milestone.ATTEMPT_FAILED, STO, Reason.ABSENT), "收件人不在", "客户不在", unless=DROPPED),
    *rows(
        Meaning(Milestone.ATTEMPT_FAILED, EMS, Reason.ABSENT),
        *("家中无人", "无人在家", "用户外出", "收件人外出"),
        unless=DROPPED,
    ),
    *rows(Meaning(Milestone.ATTEMPT_FAILED, YUNDA, Reason.ABSENT), "无人签收", unless=DROPPED),
    *rows(Meaning(Milestone.ATTEMPT_FAILED, YTO, Reason.ABSENT), "节假日客户休息", "客户休息", unless=DROPPED),
    *rows(
        Meaning(Milestone.ATTEMPT_FAILED, WORDING, Reason.ABSENT),
        *("客户外出", "无人代收", "单位放假", "单位休息", "收货人不在", "不便收件", "不便收货"),
        unless=DROPPED,
    ),
    *rows(
        Meaning(Milestone.ATTEMPT_FAILED, STO, Reason.UNREACHABLE),
        *("联系不上", "无人接听", "无法接通", "电话关机", "电话空号", "电话错误"),
        unless=DROPPED,
    ),
    *rows(Meaning(Milestone.ATTEMPT_FAILED, YTO, Reason.UNREACHABLE), "无法联系", "无法联络", unless=DROPPED),
    *rows(
        Meaning(Milestone.ATTEMPT_FAILED, WORDING, Reason.UNREACHABLE),
        *(
            "手机关机",
            "电话停机",
            "手机停机",
            "手机空号",
            "为空号",
            "联系不到",
            "未联系上",
            "电话有误",
            "号码有误",
            "号码错误",
            "联系未果",
            "电话不通",
        ),
        unless=DROPPED,
    ),
    *rows(Meaning(Milestone.ATTEMPT_FAILED, EMS, Reason.ADDRESS), *_WRONG_ADDRESS),
    *rows(
        Meaning(Milestone.ATTEMPT_FAILED, WORDING, Reason.ADDRESS),
        "地址不完整",
        "地址不全",
        "无此地址",
        "已搬走",
        "已搬迁",
        "地址搬迁",
    ),
    *rows(Meaning(Milestone.ATTEMPT_FAILED, JT, Reason.OUT_OF_AREA), *_OUTSIDE, also=_NOT_DELIVERED),
    *rows(Meaning(Milestone.EXCEPTION, YTO, Reason.OUT_OF_AREA), *_OUTSIDE),
    *rows(Meaning(Milestone.ATTEMPT_FAILED, SF, Reason.OTHER), "更改派送时间", "待再次派送", "待下次派送"),
    *rows(Meaning(Milestone.ATTEMPT_FAILED, JD, Reason.OTHER), "更改配送时间", "改约", "快件再投"),
    *rows(Meaning(Milestone.ATTEMPT_FAILED, EMS, Reason.OTHER), "延迟投递", "另约投递"),
    *rows(
        Meaning(Milestone.ATTEMPT_FAILED, STO, Reason.OTHER),
        "延迟派送",
        also=("客户要求", "收件人要求", "约定"),
    ),
    *rows(
        Meaning(Milestone.ATTEMPT_FAILED, WORDING, Reason.OTHER),
        "改日派送",
        "改期派送",
        "择日派送",
        "要求自提",
        "要求自取",
    ),
    *rows(Meaning(Milestone.ATTEMPT_FAILED, EMS, Reason.WEATHER), *_WEATHER, also=_NOT_DELIVERED),
    *rows(Meaning(Milestone.ATTEMPT_FAILED, WORDING, Reason.OTHER), *_TO_BRANCH),
    *rows(Meaning(Milestone.ATTEMPT_FAILED, WORDING, Reason.OTHER), "投柜失败", "入柜失败", "柜已满", "柜机已满"),
    *rows(Meaning(Milestone.ATTEMPT_FAILED, YTO, Reason.OTHER), *_NOT_DELIVERED),
)
"""A delivery tried, and not done; the reason before the bare failure."""

BACK: tuple[Phrase, ...] = (
    *rows(Meaning(Milestone.EXCEPTION, JT, Reason.INTERCEPTED), "拦截", unless=_UNLESS_INTERCEPT_FAILED),
    *rows(Meaning(Milestone.RETURNING, STO), "退回"),
    *rows(Meaning(Milestone.RETURNING, JT), "退件"),
    *rows(Meaning(Milestone.RETURNING, EMS), "退运"),
    *rows(Meaning(Milestone.RETURNING, YUNDA), "返回寄件", "返回发件", "返回商家"),
)
"""Intercepts and returns under way."""

HELD: tuple[Phrase, ...] = (
    *rows(Meaning(Milestone.EXCEPTION, STO, Reason.MISSORTED), "错分", "错发"),
    *rows(Meaning(Milestone.EXCEPTION, WORDING, Reason.MISSORTED), "错派", "错投", "误派"),
    *rows(Meaning(Milestone.EXCEPTION, STO, Reason.SECURITY), *_FORBIDDEN),
    *rows(Meaning(Milestone.EXCEPTION, YTO, Reason.WEATHER), "天气", also=_DELAYING),
    *rows(
        Meaning(Milestone.EXCEPTION, WORDING, Reason.WEATHER),
        *_WEATHER[1:],
        also=_DELAYING,
    ),
    *rows(
        Meaning(Milestone.EXCEPTION, YTO, Reason.DELAYED),
        "疫情",
        also=("延误", "延迟", "滞留", "暂缓", "暂停", "无法派送"),
    ),
    *rows(Meaning(Milestone.EXCEPTION, WORDING, Reason.DELAYED), "暂停派送", "暂停派件", "暂停配送", "暂停收派"),
    *rows(Meaning(Milestone.EXCEPTION, WORDING, Reason.DELAYED), "暂不派送", "网点放假"),
    *rows(Meaning(Milestone.EXCEPTION, ADVANCED, Reason.DELAYED), "滞留"),
    *rows(Meaning(Milestone.EXCEPTION, YTO, Reason.DELAYED), "延误"),
    *rows(Meaning(Milestone.EXCEPTION, WORDING, Reason.DELAYED), "爆仓", "不可抗力"),
)
"""Trouble on the way."""

_ABOUT_CUSTOMS = ("海关", "清关", "报关")
_NOT_CUSTOMS = ("签收", "派件", "派送", "代收", "驿站", "取件", "揽收")

CUSTOMS: tuple[Phrase, ...] = (
    *rows(Meaning(Milestone.CUSTOMS, CUSTOMS_TEXT, Reason.CUSTOMS), "清关异常", "清关失败", "海关扣", "海关查扣"),
    *rows(Meaning(Milestone.CUSTOMS, WORDING, Reason.CUSTOMS), "扣留", "补充资料", "补充材料", also=_ABOUT_CUSTOMS),
    *rows(Meaning(Milestone.CUSTOMS, WORDING, Reason.PAYMENT), "缴纳关税", "补缴税", "待缴税"),
    *rows(Meaning(Milestone.CUSTOMS, WORDING, Reason.PAYMENT), "关税", also=("需缴", "待缴", "补缴", "未缴")),
    *rows(Meaning(Milestone.CUSTOMS, CUSTOMS_TEXT), "海关查验", "海关放行", "清关", "送交海关"),
    *rows(Meaning(Milestone.CUSTOMS, CUSTOMS_TEXT), "海关", unless=_NOT_CUSTOMS),
    *rows(Meaning(Milestone.CUSTOMS, WORDING), "报关", "通关", unless=_NOT_CUSTOMS),
)

TROUBLES: tuple[Phrase, ...] = ENDED + RETURNED + SENT_BACK_FOR + FAILED + BACK + HELD + CUSTOMS

UNNAMED: tuple[Phrase, ...] = (
    *rows(Meaning(Milestone.EXCEPTION, STO, Reason.OTHER), "问题件"),
    *rows(Meaning(Milestone.EXCEPTION, STATE, Reason.OTHER), "疑难件", "异常"),
    *rows(Meaning(Milestone.EXCEPTION, WORDING, Reason.OTHER), "短少", "缺件", "少件"),
)
"""Trouble without a word for what: asked last."""

SIGNED_ELSEWHERE = Meaning(Milestone.INFO, SF, physical=False)
"""SF's closing line under a signature tells where to read who signed; it signs nothing itself."""

AT_LOCKER = Meaning(Milestone.DELIVERED, STATION, manner=Manner.LOCKER)
AT_POINT = Meaning(Milestone.DELIVERED, STATION, manner=Manner.POINT)
