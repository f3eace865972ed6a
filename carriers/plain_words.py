"""What a text says in plain words, Chinese or English, where no carrier's own phrase stands in it.

The phrase tables know how each firm writes. This one knows what the trouble and the hands are called: a verb and somebody, a
thing and what became of it. It is asked after them, for what they leave open; only the words by which a delivery is taken
back, or went to the wrong place, are asked before.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from carriers.base import Meaning
from domain.tracking import Manner, Milestone, Reason

PLAIN = "the usual words of couriers and desks for it, in no firm's own spelling"


@dataclass(frozen=True, slots=True)
class Saying:
    """A row: the words that say it, and the words beside which they don't. ``name`` stands for the phrase in an event's code."""

    name: str
    words: re.Pattern[str]
    meaning: Meaning
    unless: re.Pattern[str] | None = None

    def fits(self, text: str) -> bool:
        return bool(self.words.search(text)) and not (self.unless and self.unless.search(text))


def _row(
    name: str,
    milestone: Milestone,
    words: str,
    *,
    reason: Reason | None = None,
    manner: Manner | None = None,
    unless: str = "",
) -> Saying:
    meaning = Meaning(milestone, PLAIN, reason, manner=manner)
    return Saying(name, re.compile(words), meaning, re.compile(unless) if unless else None)


_M, _R = Milestone, Reason

# --- Chinese ---

_SHELF = r"(?:柜|丰巢|速递易|格口|快件箱)"
_SHOP = r"(?:驿站|代收点|代办点|自提点|自取点|代投点|服务站|服务点|便利店|超市|菜鸟|兔喜|网点|门店|店里|代理点)"
_FETCHED = r"(?:取出|取走|取件|取货|提取|自提|自取|领取|领走|开柜|出库|出柜)"
_NOT_FETCHED = r"请|等待|待取|待领|前来|取件码已|码见|可凭|尽快|及时|未"
_KIN = r"(?:家人|家属|亲属|亲友|亲戚|父亲|母亲|爸|妈(?!妈驿)|妻|丈夫|老公|老婆|爱人|儿子|女儿|哥|弟|妹|爷|奶|室友|同事|同学|朋友|同住|他人)"
_DESK = r"(?:前台|物业|门卫|保安|门房|收发|传达|门岗|岗亭|值班|宿管|管理处|签收章|公章|服务台|文员|秘书)"
_NEIGHBOUR = r"(?:邻居|邻里|隔壁|对门|楼上住户|楼下住户|楼上邻|左邻)"
_DOOR = r"(?:门口|门外|门前|门边|家门|地垫|鞋柜|电表箱|水表箱|奶箱|信箱|信报箱|消防栓|车库|窗台|院子|阳台|楼道|指定位置|指定地点|约定位置)"
_TOOK = r"(?:签|代收|收下|收讫|妥投|送达|投妥|交给|交到|交予|交至|已交|转交)"
_LEFT = r"(?:放|置|搁|留|送达|送至|投递|签)"

ZH_FIRST: tuple[Saying, ...] = (
    _row(
        "撤销签收",
        _M.EXCEPTION,
        r"(?:虚假|错误|误操作|提前|误|假)签收|签收(?:有误|错误|作废|无效|异常撤|(?:状态)?已?(?:撤销|取消|作废|更正))"
        r"|(?:撤销|取消|更正|作废).{0,4}(?:签收|妥投)|签收.{0,4}作废|(?:实际|尚|仍|并)未(?:送达|妥投|签收)",
        reason=_R.OTHER,
        unless=r"寄件|如|请|等待",
    ),
    _row(
        "送错",
        _M.EXCEPTION,
        r"(?:错|误)(?:投|送|派|配|分(?!钟)|发)|(?:投|送|派|配|发|分|转)错|分拣(?:有误|错误|差错)|路由错误|错误(?:网点|站点|城市|中心)"
        r"|(?:城市|方向|网点|中心)(?:错误|有误)",
        reason=_R.MISSORTED,
        unless=r"以防|避免|防止",
    ),
)
ZH: tuple[Saying, ...] = (
    _row("拦截", _M.EXCEPTION, r"拦截|截留|截回", reason=_R.INTERCEPTED, unless=r"(?:取消|未|失败|不成功)"),
    _row(
        "退回",
        _M.RETURNING,
        r"(?:退|返)(?:回|还|往|件)?[^，,。]{0,4}(?:寄件|发件|寄方|商家|卖家|始发|原寄|寄出地|发货)|原件退|退件流程|退运",
        unless=r"派送网点|派件网点",
    ),
    _row(
        "不肯收",
        _M.ATTEMPT_FAILED,
        r"(?:不肯|不愿|不想|不予|拒绝|拒不)[^，,。]{0,4}(?:收|签|要)|拒(?:收|签|付)|不要了|不要此件|退不收",
        reason=_R.REFUSED,
    ),
    _row(
        "丢了",
        _M.EXCEPTION,
        r"丢(?:了|失|件|掉)|遗失|失踪|灭失|失窃|被盗|找不到(?!收件|地址)|(?:未|没)找(?:到|见)(?!收件|地址)|查找未果|下落不明|去向不明",
        reason=_R.LOST,
        unless=r"已找回|找回了|地址",
    ),
    _row(
        "损坏",
        _M.EXCEPTION,
        r"破损|破裂|破碎|破烂|碎裂|摔[坏碎破]|压[坏扁破碎]|挤[坏扁]|磕坏|撞坏|损毁|损坏|毁坏|毁损|变形|受潮|淋湿|浸湿|水湿|泡水|进水|漏液|泄漏|渗漏"
        r"|污染|腐烂|变质",
        reason=_R.DAMAGED,
        unless=r"完好|无(?:破损|损坏)|未(?:破损|损坏|见)",
    ),
    _row(
        "地址有问题",
        _M.ATTEMPT_FAILED,
        r"(?:地址|门牌|房间|房号|楼栋|单位|名址|面单)[^，,。]{0,6}(?:不详|不清|不全|不完整|不存在|不符|不明|不准|有误|错误|模糊|缺失|缺少|无法识别|变更|迁)"
        r"|查无|搬(?:走|离|迁|家)|迁(?:址|移|走|离)|拆迁|无此(?:人|地址|单位|号)|(?:补充|核实|更正)[^，,。]{0,4}(?:地址|门牌|房间)",
        reason=_R.ADDRESS,
        unless=r"签收|转往新",
    ),
    _row(
        "联系不上",
        _M.ATTEMPT_FAILED,
        r"(?:电话|手机|拨打|来电|号码)[^，,。]{0,9}(?:未接|不接|没接|不通|没人|无人|占线|关机|停机|空号|不存在|拒接|错误|有误|无法接)"
        r"|(?:联系|联络)不[上到]|无法(?:联系|联络|通知)|未能?联系|占线",
        reason=_R.UNREACHABLE,
        unless=r"签收",
    ),
    _row(
        "无人在",
        _M.ATTEMPT_FAILED,
        r"无人(?:应答|在|签|收|开门)|没人|(?:不|没)在(?:家|单位|公司|现场)?[，,。;；]|(?:不|没)在家|敲门|(?:外出|出差|下班|休息|放假|关门|打烊)",
        reason=_R.ABSENT,
        unless=r"签收(?!$)|已放|网点",
    ),
    _row(
        "天气",
        _M.EXCEPTION,
        r"(?:天气|台风|暴雨|暴雪|大雪|大雾|洪水|洪涝|冰雪|冰冻|高温|地震|雨雪|沙尘)",
        reason=_R.WEATHER,
        unless=r"签收|防",
    ),
    _row(
        "晚了",
        _M.EXCEPTION,
        r"暂存(?:在|于|至)?(?:仓库|网点|营业部|站点)|晚(?:到|点|班)|延(?:误|迟|期|后)|推迟|积压|爆仓|堵(?:车|塞)|封(?:路|闭|控)|中断|滞留|搁置|暂缓|暂停|停运|(?:航班|班车|车次)[^，,。]{0,2}取消|车辆故障",
        reason=_R.DELAYED,
        unless=r"签收",
    ),
    _row(
        "从柜取出",
        _M.DELIVERED,
        rf"{_SHELF}[^，,。]{{0,8}}{_FETCHED}|{_FETCHED}[^，,。]{{0,4}}{_SHELF}|已?开柜取|取(?:出|走)[^，,。]{{0,4}}(?:柜|箱)",
        manner=Manner.LOCKER,
        unless=_NOT_FETCHED + r"|快递员|取件码[^，,。]{0,4}(?:短信|发送|下发)",
    ),
    _row(
        "在站取出",
        _M.DELIVERED,
        rf"{_SHOP}[^，,。]{{0,8}}{_FETCHED}|{_FETCHED}[^，,。]{{0,6}}{_SHOP}|{_SHOP}[^，,。]{{0,4}}】[^，,。]{{0,4}}(?:出库|取件|签收)",
        manner=Manner.POINT,
        unless=_NOT_FETCHED + r"|取件码见|揽|到店自提$",
    ),
    _row(
        "待取",
        _M.AWAITING_COLLECTION,
        r"等待[^，,。]{0,5}(?:领取|自提|自取|取件|提取|取走|取货)|待(?:取|提|领)|(?:请|凭)[^，,。]{0,10}(?:领取|提取|取件|取货|自提|自取|取走|来取)"
        r"|(?:到|在|至)[^，,。]{0,6}(?:自提|领取)|(?:取件|取货|提货|开柜|验证)码[^，,。]{0,6}(?:短信|发送|下发|已发)|[柜箱]$|入柜|投柜",
        unless=r"签收|揽|拒|未",
    ),
    _row(
        "邻居收",
        _M.DELIVERED,
        rf"{_NEIGHBOUR}.*{_TOOK}|{_TOOK}.*{_NEIGHBOUR}",
        manner=Manner.NEIGHBOUR,
        unless=r"未|请",
    ),
    _row(
        "家里人收",
        _M.DELIVERED,
        rf"{_KIN}.*{_TOOK}|{_TOOK}.*{_KIN}",
        manner=Manner.OTHER,
        unless=r"未|请(?!致|联|放)|非本人",
    ),
    _row(
        "前台收",
        _M.DELIVERED,
        rf"{_DESK}.*{_TOOK}|{_TOOK}.*{_DESK}",
        manner=Manner.AGENT,
        unless=r"未|请(?!致|联|放|及时)",
    ),
    _row(
        "放门口",
        _M.DELIVERED,
        rf"{_LEFT}.*{_DOOR}|{_DOOR}.*{_LEFT}",
        manner=Manner.SAFE_PLACE,
        unless=r"未|要求放|可放",
    ),
    _row(
        "本人收",
        _M.DELIVERED,
        r"本人.{0,4}签|当面.{0,6}(?:签|交|收)|(?:收件人|收货人|您)(?:本人|已|亲自|当面|验货|收到|成功)*(?:签收|签字|收货|收讫|签名)|(?:客户|用户|买家)(?:本人|亲自|当面|验货)(?:签收|签字|收货|收讫|签名)"
        r"|交(?:给|到|予|至)(?:收件人|客户|您)|手中|亲(?:自)?签|验货签收|送货上门并?签收",
        manner=Manner.SELF,
        unless=r"未|请(?!致|联|放)|等待|代|非本人|拒|待",
    ),
    _row("签收", _M.DELIVERED, r"(?:代签|代收|签收)(?:完成|成功)?$", unless=r"未|请|等待|待|准备"),
)

# --- English ---

_BOX = r"(?:locker|packstation|parcel box|parcel station|paczkomat)"
_POINT = (
    r"(?:post office|parcel ?shop|pick-?\s?up (?:point|location|spot|shop)|collection (?:point|spot|location)|service ?point|access ?point"
    r"|drop ?point|local (?:shop|store|branch)|retail|convenience|customer cent(?:er|re)|\w+ location|newsagent|counter|depot|branch|agency)"
)
_NOT_YET = r"ready|waiting|waits|awaiting|available|to be |can be|will be|not (?:yet )?(?:been )?(?:collected|picked)|use the code|must be"
_GIVEN = (
    r"\b(?:delivered|left|handed|given|signed|received|accepted|placed|dropped|put|released|taken|took|deposited)\b"
)
_NOT_GIVEN = r"\bwill be\b|\bto be (?:deliver|hand|sign)|\bnot (?:yet )?(?:be )?(?:deliver|hand)|out for delivery|from (?:the )?(?:customer|sender|shipper)|scheduled|information"

EN_FIRST: tuple[Saying, ...] = (
    _row(
        "delivery taken back",
        _M.EXCEPTION,
        r"(?:in error|by mistake|mistakenly|incorrectly|wrongly|erroneously|falsely|prematurely)\b.*deliver"
        r"|deliver.*(?:in error|by mistake|mistakenly|incorrectly|wrongly|erroneously|falsely|prematurely)"
        r"|deliver(?:y|ed) (?:scan|status|record|confirmation)?\s?(?:is |was |has been )?(?:void|revoked|reversed|corrected|cancel+ed|withdrawn|undone)"
        r"|(?:void|revok|revers|correct|withdr)\w*.*\b(?:delivery|delivered) (?:scan|status|record)",
        reason=_R.OTHER,
        unless=r"wrong (?:address|house|door|person)|address",
    ),
    _row(
        "wrong place",
        _M.EXCEPTION,
        r"deliver\w*.*\b(?:wrong|incorrect|another|different) (?:address|house|door|building|person|recipient|flat|street|city)"
        r"|\b(?:wrong|incorrect) (?:depot|facility|hub|station|city|branch|cent(?:er|re)|route|country|unit|office|truck|destination)"
        r"|\bmis-?(?:sort|sent|send|rout|direct|deliver|load|ship)|sort\w* error|routing error",
        reason=_R.MISSORTED,
        unless=r"unable|could not|cannot|due to",
    ),
)
EN: tuple[Saying, ...] = (
    _row("returned", _M.RETURNED, r"(?:delivered|handed)(?: back)? to (?:the )?(?:original )?(?:sender|shipper|merchant|seller)|return (?:was )?completed"),
    _row(
        "going back",
        _M.RETURNING,
        r"return\w* to (?:the |its )?(?:sender|shipper|origin|merchant|seller|retailer)|back to (?:the |its )?(?:sender|shipper|merchant|seller|origin|retailer)"
        r"|sent back|being returned|returning\b|\bunclaimed\b",
        unless=r"station|depot|facility|may be|if ",
    ),
    _row("stopped", _M.EXCEPTION, r"intercept|(?:stop|recall|halt)\w*\b.*\b(?:delivery|package|parcel|shipment)", reason=_R.INTERCEPTED, unless=r"damag|leak|weather"),
    _row(
        "refused",
        _M.ATTEMPT_FAILED,
        r"\brefus|declin\w+ (?:to |the |delivery|by)|reject(?:ed|s)|(?:did not|didn't|does not|doesn't) want|would not (?:accept|take)|not accepted by",
        reason=_R.REFUSED,
    ),
    _row(
        "address at fault",
        _M.ATTEMPT_FAILED,
        r"(?:address|street|house number|apartment|flat|unit number|postal code|postcode|zip)\b.*\b(?:incomplete|insufficient|incorrect|invalid|missing|unknown|not found|query|wrong|needed|required|exist|illegible)"
        r"|(?:incomplete|insufficient|incorrect|bad|invalid|wrong|no such|unknown)\b.{0,12}\b(?:address|street|number|house)"
        r"|(?:addressee|recipient|consignee|customer)(?: is)? (?:unknown|not known)|unknown (?:addressee|recipient)|\bmoved\b|no longer at",
        reason=_R.ADDRESS,
        unless=r"moved (?:to|through|from) (?:the )?(?:facility|hub|depot)|deliver\w* to",
    ),
    _row(
        "lost",
        _M.EXCEPTION,
        r"\blost\b|\bloss\b|\bmissing\b|(?:cannot|can't|can not|could not|couldn't|unable to|not able to)(?: be)? (?:locat|find|found|trac)|not (?:be )?found|never found|misplaced|stolen",
        reason=_R.LOST,
        unless=r"address|street|missing (?:number|apartment|information|documents?|data|paperwork)|number missing|found again|recipient",
    ),
    _row(
        "damaged",
        _M.EXCEPTION,
        r"damag|\bbroken\b|crush|\btorn\b|\bleak|\bwet\b|dented|smash|shatter|spoil|soaked|ripped|destroyed",
        reason=_R.DAMAGED,
        unless=r"not damaged|undamaged|no damage|broken seal of",
    ),
    _row(
        "nobody there",
        _M.ATTEMPT_FAILED,
        r"nobody|no[ -]one|not (?:at )?home|(?:not|n't) (?:present|available|in\b|there)|unavailable|absent|unattended|no answer|\bclosed\b|card (?:was )?left|notice (?:was )?left"
        r"|left (?:a )?(?:card|notice)|missed (?:delivery|you)|no (?:authori[sz]ed )?recipient",
        reason=_R.ABSENT,
        unless=r"road|delayed|closed shipment|container|closed bag",
    ),
    _row(
        "not reached",
        _M.ATTEMPT_FAILED,
        r"(?:unable to|could not|couldn't|cannot|can't|failed to)\b.{0,12}\b(?:contact|reach|phone|call)|unreachable|by phone|not answering",
        reason=_R.UNREACHABLE,
    ),
    _row("weather", _M.EXCEPTION, r"weather|snow|storm|flood|hurricane|typhoon|\bice\b|icy|blizzard|wildfire|earthquake", reason=_R.WEATHER),
    _row(
        "late",
        _M.EXCEPTION,
        r"delay|\blate\b|on hold|held up|postpon|cancel+ed flight|flight cancel|breakdown|broke down|accident|\bstrike\b|backlog|closure|congestion|high volume",
        reason=_R.DELAYED,
        unless=r"customs|clearance",
    ),
    _row(
        "taken from a locker",
        _M.DELIVERED,
        rf"(?:collected|picked up|removed|retrieved|taken|took|withdrawn|fetched)\b.*{_BOX}|{_BOX}.*(?:collected|picked up|emptied) by",
        manner=Manner.LOCKER,
        unless=_NOT_YET + r"|returned",
    ),
    _row(
        "taken from a point",
        _M.DELIVERED,
        rf"(?:collected|picked up|retrieved|taken|fetched)\b.*{_POINT}|{_POINT}.*(?:collected|picked up) by",
        manner=Manner.POINT,
        unless=_NOT_YET + r"|sender|from shipper|courier|driver",
    ),
    _row(
        "to be collected",
        _M.AWAITING_COLLECTION,
        rf"(?:ready|available|awaiting|waiting|waits|held|holding|being held|can be|to be)\b.*(?:collect|pick|fetch)"
        rf"|(?:placed|deposited|put|loaded|left|dropped(?: off)?|stored|brought|delivered|arrived)\b.*\b(?:in|into|at|to|inside)\b.*(?:{_BOX}|post office|parcel ?shop|service ?point|access ?point|pick-?\s?up point|collection point)"
        rf"|\b{_BOX} and waits",
        unless=r"from (?:the )?sender|courier|pickup (?:is |was )?scheduled|locker door|individual picked up|by recipient|parcel locker$",
    ),
    _row("neighbour took it", _M.DELIVERED, rf"{_GIVEN}.*(?:neighbo|next[ -]door)|(?:neighbo\w+|next[ -]door)\b.*{_GIVEN}", manner=Manner.NEIGHBOUR, unless=_NOT_GIVEN),
    _row(
        "household took it",
        _M.DELIVERED,
        rf"{_GIVEN}.*\b(?:household|family|spouse|wife|husband|partner|mother|father|relative|another (?:adult|person|resident)|someone (?:at|else)|room-?mate|flat-?mate|house-?mate|colleague|co-?worker|other person)\b",
        manner=Manner.OTHER,
        unless=_NOT_GIVEN,
    ),
    _row(
        "desk took it",
        _M.DELIVERED,
        rf"{_GIVEN}.*(?:reception|front desk|concierge|mail ?room|\bguard\b|security|doorman|porter\b|(?:leasing|management|building|site) office|janitor|caretaker|gatehouse|lobby staff|post room)",
        manner=Manner.AGENT,
        unless=_NOT_GIVEN,
    ),
    _row(
        "left at the place",
        _M.DELIVERED,
        rf"{_GIVEN}.*(?:safe ?place|\bdoor(?:step)?\b|porch|garage|mail ?box|letter ?box|planter|\bgate\b|\bshed\b|patio|drop-?off (?:location|spot)|preferred (?:place|location)|door ?mat|carport|garden|balcony|stairs|driveway)",
        manner=Manner.SAFE_PLACE,
        unless=_NOT_GIVEN,
    ),
    _row(
        "recipient took it",
        _M.DELIVERED,
        rf"{_GIVEN}.*(?:\baddressee|\brecipient|\bconsignee|\bcustomer\b|\bto you\b|in person|personally|\bresident\b|person named)|(?:recipient|addressee|consignee|customer) (?:has )?(?:signed|received|accepted)",
        manner=Manner.SELF,
        unless=_NOT_GIVEN,
    ),
)  # fmt: skip

HAN = re.compile(r"[\u4e00-\u9fff]")


def first_words(text: str) -> Saying | None:
    """Words that take a delivery back, or say that it went to the wrong place: whatever else the text holds."""
    return _first(text, ZH_FIRST, EN_FIRST)


def plain_words(text: str) -> Saying | None:
    """The first plain saying that fits a text."""
    return _first(text, ZH, EN)


def _first(text: str, chinese: Sequence[Saying], english: Sequence[Saying]) -> Saying | None:
    table, said = (chinese, text) if HAN.search(text) else (english, " ".join(text.lower().replace("_", " ").split()))
    return next((row for row in table if row.fits(said)), None)


VAGUE = frozenset({None, Reason.OTHER})
FAILED = frozenset({Milestone.ATTEMPT_FAILED, Milestone.EXCEPTION})


def sharpened(said: Meaning | None, plain: Meaning | None) -> Meaning | None:
    """What a phrase table says, with what plain words add: all where it says nothing, the hands of a delivery, the why of a
    failure that has none; and that a "delivery" to a point waits there for its buyer.
    """
    if said is None or plain is None:
        return said or plain
    if said.milestone is Milestone.DELIVERED and plain.milestone is Milestone.DELIVERED:
        return replace(said, manner=said.manner or plain.manner)
    if (
        said.milestone is Milestone.DELIVERED
        and said.manner is None
        and plain.milestone is Milestone.AWAITING_COLLECTION
    ):
        return plain
    why = plain.milestone in FAILED | {Milestone.RETURNING} and plain.reason not in {Reason.OTHER, Reason.DELAYED}
    return plain if why and said.milestone in FAILED and said.reason in VAGUE else said
