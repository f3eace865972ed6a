"""Carriers by name: what people and shop systems write, and the Kuaidi100 code that stands for it.

Source: the code table that api.kuaidi100.com publishes for its query, in copies of several public projects. The codes
are the house's carrier codes: lower case, as the query wants them.
"""

from collections.abc import Mapping
from types import MappingProxyType

ROWS: tuple[tuple[str, str, str, tuple[str, ...]], ...] = (
    # code, Chinese name, English name, other spellings
    ("shunfeng", "顺丰速运", "SF Express", ("顺丰", "顺丰快递", "SF", "SFEXPRESS", "顺丰标快", "顺丰特快", "shunfeng")),
    ("shunfengkuaiyun", "顺丰快运", "SF Freight", ("SF Freight", "顺丰重货")),
    ("shunfenglengyun", "顺丰冷链", "SF Cold Chain", ("顺丰冷运",)),
    ("fengwang", "丰网速运", "Fengwang Express", ("丰网", "丰网速递")),
    ("zhongtong", "中通快递", "ZTO Express", ("中通", "中通速递", "ZTO", "ztoexpress")),
    ("zhongtongkuaiyun", "中通快运", "ZTO Freight", ("中通物流", "ZTO Freight", "ZTOKY")),
    ("zhongtongguoji", "中通国际", "ZTO International", ("ZTO International", "ZTOGLOBAL")),
    ("ztocc", "中通冷链", "ZTO Cold Chain", ()),
    ("yuantong", "圆通速递", "YTO Express", ("圆通", "圆通快递", "YTO", "ytoexpress")),
    ("yuantongkuaiyun", "圆通快运", "YTO Freight", ()),
    ("yuantongguoji", "圆通国际", "YTO International", ()),
    ("shentong", "申通快递", "STO Express", ("申通", "申通速递", "STO", "stoexpress")),
    ("stosolution", "申通国际", "STO International", ()),
    ("yunda", "韵达快递", "Yunda Express", ("韵达", "韵达速递", "YD", "yundaex", "韻達")),
    ("yundakuaiyun", "韵达快运", "Yunda Freight", ("韵达物流",)),
    ("jtexpress", "极兔速递", "J&T Express", ("极兔", "极兔快递", "J&T", "JT", "JTSD", "J&T速递", "J&T Express CN")),
    ("jet", "极兔国际", "J&T International", ()),
    ("jd", "京东物流", "JD Logistics", ("京东", "京东快递", "JDL", "JD", "京东配送", "京邦达")),
    ("jingdongkuaiyun", "京东快运", "JD Freight", ()),
    ("ems", "EMS", "China EMS", ("EMS快递", "邮政EMS", "邮政特快专递", "中国邮政EMS", "特快专递", "EMS特快")),
    ("emsguoji", "EMS国际", "EMS International", ("EMS-国际件", "国际EMS")),
    ("emsbg", "EMS包裹", "EMS Parcel", ()),
    (
        "youzhengguonei",
        "邮政快递包裹",
        "China Post Parcel",
        ("邮政", "邮政快递", "中国邮政", "邮政国内", "邮政包裹", "邮政小包", "快递包裹", "YZPY", "China Post"),
    ),
    ("youzhengbk", "邮政标准快递", "China Post Standard Express", ("邮政标快", "标准快递")),
    ("youzhengdsbk", "邮政电商标快", "China Post E-commerce Express", ("电商标快",)),
    ("youzhengguoji", "邮政国际包裹", "China Post International", ("邮政国际", "国际小包", "国际包裹")),
    ("debangkuaidi", "德邦快递", "Deppon Express", ("德邦", "DBKD", "Deppon", "DEPPON")),
    ("debangwuliu", "德邦物流", "Deppon Logistics", ("DBL", "DBWL", "德邦快运")),
    ("huitongkuaidi", "百世快递", "Best Express", ("百世", "百世汇通", "汇通快递", "汇通", "HTKY", "BEST")),
    ("baishiwuliu", "百世快运", "Best Freight", ("百世物流", "BTWL")),
    ("baishiguoji", "百世国际", "Best International", ()),
    ("tiantian", "天天快递", "TTK Express", ("天天", "海航天天", "TTK", "HHTT", "TTKDEX")),
    ("youshuwuliu", "优速快递", "UC Express", ("优速", "优速物流", "UC", "UCE")),
    ("zhaijisong", "宅急送", "ZJS Express", ("ZJS", "宅急送快递")),
    ("kuayue", "跨越速运", "KYE Express", ("跨越", "跨越物流", "KYE", "KYSY")),
    ("annengwuliu", "安能快运", "Ane Freight", ("安能", "安能物流", "ANE", "ANEKY")),
    ("ane66", "安能快递", "Ane Express", ()),
    ("yimidida", "壹米滴答", "Yimidida", ("一米滴答", "YMDD")),
    (
        "danniao",
        "菜鸟速递",
        "Cainiao Express",
        ("丹鸟", "丹鸟物流", "丹鸟快递", "菜鸟", "菜鸟快递", "菜鸟直送", "DNWL"),
    ),
    ("cainiaoglobal", "菜鸟国际", "Cainiao Global", ("菜鸟全球", "Cainiao")),
    ("cainiaodajian", "菜鸟大件", "Cainiao Bulky", ()),
    ("suning", "苏宁物流", "Suning Logistics", ("苏宁", "苏宁快递", "SNWL")),
    ("rrs", "日日顺物流", "RRS Logistics", ("日日顺", "RRS")),
    ("jiuyescm", "九曳供应链", "Jiuye Supply Chain", ("九曳",)),
    ("jinguangsudikuaijian", "京广速递", "Jingguang Express", ("京广", "京广快递")),
    ("sxjdfreight", "顺心捷达", "Shunxin Jieda", ("顺心",)),
    ("jiayunmeiwuliu", "加运美", "Jiayunmei", ("加运美物流", "加运美速递")),
    ("subida", "速必达", "Subida", ("速必达物流",)),
    ("annto", "安得物流", "Annto Logistics", ("安得", "安得智联")),
    ("ztky", "中铁快运", "China Railway Express", ("中铁", "ZTKY")),
    ("zhongtiewuliu", "中铁物流", "China Railway Logistics", ("中铁飞豹",)),
    ("pjbest", "品骏快递", "Pinjun Express", ("品骏", "唯品会快递")),
    ("guotongkuaidi", "国通快递", "GTO Express", ("国通", "GTO")),
    ("quanfengkuaidi", "全峰快递", "QFKD Express", ("全峰", "QFKD")),
    ("quanyikuaidi", "全一快递", "Apex Express", ("全一",)),
    ("kuaijiesudi", "快捷速递", "Fast Express", ("快捷快递", "快捷", "FAST")),
    ("suer", "速尔快递", "Sure Express", ("速尔", "速尔物流", "SURE")),
    ("longbanwuliu", "龙邦速递", "LBEX", ("龙邦", "龙邦快递", "龙邦物流", "LB")),
    ("tiandihuayu", "天地华宇", "Hoau Logistics", ("华宇", "HOAU")),
    ("xinfengwuliu", "信丰物流", "Xinfeng Logistics", ("信丰",)),
    ("xinbangwuliu", "新邦物流", "Xinbang Logistics", ("新邦",)),
    ("yuanchengwuliu", "远成物流", "Yuancheng Logistics", ("远成", "远成快运")),
    ("lianhaowuliu", "联昊通", "LHT Express", ("联昊通速递", "联昊通物流", "LHT")),
    ("zengyisudi", "增益速递", "Zengyi Express", ("增益",)),
    ("wanxiangwuliu", "万象物流", "Wanxiang Logistics", ("万象",)),
    ("nanjingshengbang", "晟邦物流", "Shengbang Logistics", ("晟邦",)),
    ("huangmajia", "黄马甲", "Huangmajia", ("黄马甲快递",)),
    ("zhimakaimen", "芝麻开门", "Zhima Kaimen", ()),
    ("zhuanyunsifang", "转运四方", "TransRush", ("转运四方速递",)),
    ("disifang", "递四方", "4PX", ("递四方速递", "4PX", "4px Express")),
    ("shangqiao56", "商桥物流", "Shangqiao Logistics", ("商桥",)),
    ("sanzhi56", "三志物流", "Sanzhi Logistics", ("三志",)),
    ("huolalawuliu", "货拉拉物流", "Lalamove Logistics", ("货拉拉",)),
    ("kerrytj", "嘉里大荣物流", "Kerry TJ", ("嘉里大荣",)),
    ("ups", "UPS", "UPS", ("UPS快递", "United Parcel Service", "联合包裹")),
    ("fedex", "FedEx", "FedEx", ("联邦国际", "FedEx-国际件", "FEDEX快递", "Federal Express")),
    ("lianbangkuaidi", "联邦快递", "FedEx China", ("联邦", "FedEx CN", "联邦快递国内")),
    ("dhl", "DHL", "DHL", ("DHL-中国件", "DHL快递", "敦豪", "中外运敦豪")),
    ("dhlen", "DHL-全球件", "DHL Global", ("DHL Express", "DHL Global")),
    ("tnt", "TNT", "TNT", ("TNT快递",)),
    ("usps", "USPS", "USPS", ("美国邮政", "United States Postal Service")),
    ("ontrac", "OnTrac", "OnTrac", ()),
    ("royalmail", "英国皇家邮政", "Royal Mail", ("皇家邮政",)),
    ("auspost", "澳大利亚邮政", "Australia Post", ("澳洲邮政", "AusPost")),
    ("canpost", "加拿大邮政", "Canada Post", ()),
    ("japanposten", "日本邮政", "Japan Post", ("日本郵便",)),
    ("koreapostcn", "韩国邮政", "Korea Post", ()),
    ("singpost", "新加坡邮政", "Singapore Post", ("SingPost",)),
    ("hermes", "Hermes", "Hermes", ("Evri",)),
    ("purolator", "Purolator", "Purolator", ()),
)

NEEDS_PHONE = frozenset({"shunfeng", "shunfengkuaiyun", "fengwang", "zhongtong"})
"""Carriers that answer Kuaidi100 only with the phone of either party: SF by its document, ZTO in practice."""


def _fold(name: str) -> str:
    """What makes spellings equal: no case, no white space, no hyphens, brackets or company endings."""
    plain = "".join(ch for ch in name.casefold() if ch.isalnum() or ch == "&")
    for ending in ("股份有限公司", "有限责任公司", "有限公司", "公司"):
        plain = plain.removesuffix(ending)
    return plain


_CODES: Mapping[str, str] = MappingProxyType(
    {_fold(spelling): code for code, zh, en, others in ROWS for spelling in (code, zh, en, *others)}
)
_NAMES: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {code: MappingProxyType({"zh": zh, "en": en}) for code, zh, en, _ in ROWS}
)


def carrier_code(name: str) -> str | None:
    """The code for a carrier's name, short name, English name, abbreviation or code; None where none is known."""
    return _CODES.get(_fold(name))


def carrier_name(code: str, lang: str = "zh") -> str:
    """The name to show for a code in "zh" (also "zh-CN") or "en"; the code itself where it is unknown."""
    names = _NAMES.get(code)
    return names["en" if lang.startswith("en") else "zh"] if names else code
