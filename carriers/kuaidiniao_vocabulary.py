"""What Kuaidiniao's Action codes mean, each with its source, and its codes of the carriers.

Kuaidi100 gives the same digits other meanings (201, 202, 203, 4 and 6), so nothing here is shared with its tables of
codes. Only the carriers' own route texts are the same through both: their phrases decide where a trace has no Action, and
sharpen the generic codes that REFINES lists.
"""

from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType

from carriers.base import Meaning
from carriers.kuaidi100_phrases import PHRASES
from carriers.route_texts import Vocabulary
from domain.tracking import Manner, Milestone, Reason

STATE = "Kuaidiniao query document, State table (constants of the SDK bububa/kdniao)"
STATE_EX = "Kuaidiniao query document, StateEx and Action table (copy: apifox 2538027/doc-2283185)"
TIMER = STATE_EX + "; written by Kuaidiniao's own timers, no scan"
NO_LINE = STATE_EX + "; says that there is no line yet"

CODES: Mapping[str, Meaning] = MappingProxyType(
    {
        "0": Meaning(Milestone.INFO, NO_LINE, physical=False),
        "1": Meaning(Milestone.PICKED_UP, STATE),
        "10": Meaning(Milestone.ANNOUNCED, STATE_EX, physical=False),
        "2": Meaning(Milestone.IN_TRANSIT, STATE),
        "201": Meaning(Milestone.AT_DESTINATION, STATE_EX),
        "202": Meaning(Milestone.OUT_FOR_DELIVERY, STATE_EX),
        "204": Meaning(Milestone.IN_TRANSIT, STATE_EX),
        "205": Meaning(Milestone.AT_DESTINATION, STATE_EX),
        "206": Meaning(Milestone.IN_TRANSIT, STATE_EX),
        "211": Meaning(Milestone.AWAITING_COLLECTION, STATE_EX),
        "3": Meaning(Milestone.DELIVERED, STATE),
        # "normally signed", by the document by the addressee; a text that names another hand or a locker wins
        "301": Meaning(Milestone.DELIVERED, STATE_EX, manner=Manner.SELF),
        "302": Meaning(Milestone.DELIVERED, STATE_EX),
        "304": Meaning(Milestone.DELIVERED, STATE_EX, manner=Manner.OTHER),
        # "signed by locker or station", in older copies "taken out of" it: the text tells which, a locker unless it does
        "311": Meaning(Milestone.DELIVERED, STATE_EX, manner=Manner.LOCKER),
        "4": Meaning(Milestone.EXCEPTION, STATE, Reason.OTHER),
        "401": Meaning(Milestone.ANNOUNCED, TIMER, Reason.DELAYED, physical=False),  # shipped, and no scan since
        "402": Meaning(Milestone.EXCEPTION, TIMER, Reason.DELAYED, physical=False),  # 36 h after a delivery scan
        "403": Meaning(Milestone.EXCEPTION, TIMER, Reason.DELAYED, physical=False),  # 5 days without a line
        "404": Meaning(Milestone.RETURNING, STATE_EX, Reason.REFUSED),  # a refusal that sets off a return
        "405": Meaning(Milestone.ATTEMPT_FAILED, STATE_EX, Reason.OTHER),
        "406": Meaning(Milestone.RETURNED, STATE_EX),
        "407": Meaning(Milestone.RETURNING, STATE_EX),  # the return is not signed yet
        "412": Meaning(Milestone.AWAITING_COLLECTION, TIMER, Reason.OVERDUE_AT_POINT, physical=False),  # 18 h
        "413": Meaning(Milestone.EXCEPTION, STATE_EX, Reason.INTERCEPTED),
        "414": Meaning(Milestone.EXCEPTION, STATE_EX, Reason.DAMAGED),
        "415": Meaning(Milestone.CANCELLED, STATE_EX, Reason.CANCELLED),
        "416": Meaning(Milestone.ATTEMPT_FAILED, STATE_EX, Reason.UNREACHABLE),
        "417": Meaning(Milestone.EXCEPTION, STATE_EX, Reason.DELAYED),
        # taken out of the locker by the courier: collected by nobody, back on the way
        "418": Meaning(Milestone.ATTEMPT_FAILED, STATE_EX, Reason.OTHER),
        "419": Meaning(Milestone.OUT_FOR_DELIVERY, STATE_EX),
        "420": Meaning(Milestone.ATTEMPT_FAILED, STATE_EX, Reason.ADDRESS),
        "421": Meaning(Milestone.ATTEMPT_FAILED, STATE_EX, Reason.UNREACHABLE),
        "422": Meaning(Milestone.EXCEPTION, STATE_EX, Reason.MISSORTED),
        "423": Meaning(Milestone.EXCEPTION, STATE_EX, Reason.OUT_OF_AREA),
        "5": Meaning(Milestone.IN_TRANSIT, STATE_EX),  # sent on to another address, by the same carrier
        "6": Meaning(Milestone.CUSTOMS, STATE_EX),
        "601": Meaning(Milestone.CUSTOMS, STATE_EX),
        "602": Meaning(Milestone.CUSTOMS, STATE_EX),
        "603": Meaning(Milestone.CUSTOMS, STATE_EX),
        "604": Meaning(Milestone.CUSTOMS, STATE_EX, Reason.CUSTOMS),
    }
)
"""By Action. 4 and 401 to 423 are Kuaidiniao's "problem"; an exception only where no other milestone fits."""

_TROUBLE = frozenset({Milestone.EXCEPTION, Milestone.ATTEMPT_FAILED, Milestone.AWAITING_COLLECTION, Milestone.CUSTOMS})
_MOVING = _TROUBLE | {
    Milestone.OUT_FOR_DELIVERY,
    Milestone.AT_DESTINATION,
    Milestone.PICKED_UP,
    Milestone.RETURNING,
    Milestone.TRANSFERRED,
}
_SIGNED = frozenset({Milestone.AWAITING_COLLECTION, Milestone.RETURNED})

REFINES: Mapping[str, frozenset[Milestone]] = MappingProxyType(
    {
        "1": frozenset({Milestone.ANNOUNCED}),
        # lines before the first scan come under it too
        "2": _MOVING | {Milestone.ANNOUNCED, Milestone.CANCELLED},
        "202": frozenset({Milestone.AWAITING_COLLECTION, Milestone.ATTEMPT_FAILED}),
        "3": _SIGNED,
        "301": _SIGNED,
        "304": _SIGNED,  # a station's 代收 comes as signed by another, while the parcel waits there
        "4": _TROUBLE | {Milestone.RETURNING, Milestone.RETURNED, Milestone.CANCELLED},
        "311": frozenset({Milestone.AWAITING_COLLECTION}),  # only dropped there, if the text says so
        "404": frozenset({Milestone.RETURNED}),
        "405": frozenset({Milestone.ATTEMPT_FAILED, Milestone.EXCEPTION}),
        "413": frozenset({Milestone.RETURNING}),
        "5": frozenset({Milestone.TRANSFERRED}),
    }
)
"""GENERIC codes, and the milestones to which a phrase of the route text may sharpen each."""

MANNERS_OF: Mapping[str, frozenset[Manner]] = MappingProxyType(
    {
        "304": frozenset(Manner) - {Manner.SELF},
        "311": frozenset({Manner.LOCKER, Manner.POINT}),
    }
)
"""What a text may say of the manner where the code has settled the rest."""


VOCABULARY = Vocabulary(CODES, REFINES, MANNERS_OF, PHRASES)


@lru_cache(maxsize=16_384)  # carriers repeat themselves, and each poll repeats the whole list
def meaning_of(action: str, text: str) -> Meaning | None:
    """What a trace means: by its Action, sharpened by its text where the code is generic; without one by the text."""
    return VOCABULARY.read(action, text)[1]


SHIPPERS: Mapping[str, str] = MappingProxyType(
    {
        "shunfeng": "SF",
        "zhongtong": "ZTO",
        "yuantong": "YTO",
        "shentong": "STO",
        "yunda": "YD",
        "jtexpress": "JTSD",
        "ems": "EMS",
        "youzhengguonei": "YZPY",
        "jd": "JD",
        "debangkuaidi": "DBL",
        "huitongkuaidi": "HTKY",
        "tiantian": "HHTT",
        "youshuwuliu": "UC",
        "zhaijisong": "ZJS",
        "debangwuliu": "DBLKY",
        "baishiwuliu": "BTWL",
        "zhongtongkuaiyun": "ZTOKY",
        "annengwuliu": "ANEKY",
        "kuayue": "KYSY",
        "youzhengbk": "YZBK",
        "youzhengguoji": "GJYZ",
        "emsguoji": "EMSGJ",
        "stosolution": "STO_INTL",
        "suning": "SNWL",
        "rrs": "RRS",
        "jiuyescm": "JIUYE",
        "jinguangsudikuaijian": "JGSD",
        "jiayunmeiwuliu": "JYM",
        "subida": "SUBIDA",
        "ztky": "ZTKY",
        "zhongtiewuliu": "ZTWL",
        "pjbest": "PJ",
        "guotongkuaidi": "GTO",
        "quanyikuaidi": "UAPEX",
        "suer": "SURE",
        "longbanwuliu": "LB",
        "tiandihuayu": "HOAU",
        "xinfengwuliu": "XFEX",
        "yuanchengwuliu": "YCWL",
        "lianhaowuliu": "LHT",
        "zengyisudi": "ZENY",
        "nanjingshengbang": "SBWL",
        "yimidida": "YMDD",
        "ups": "UPS",
        "fedex": "FEDEX_GJ",
        "lianbangkuaidi": "FEDEX",
        "dhl": "DHL",
        "dhlen": "DHL_GLB",
        "tnt": "TNT",
        "usps": "USPS",
        "ontrac": "ONTRAC",
        "japanposten": "JP",
        "canpost": "CA",
    }
)
"""Kuaidiniao's ShipperCode for the house's carrier codes. Source: its published table of carriers (快递公司编码), in the
public copy LaoHu97/users-util KDN.js, its first dozen also in HuaS-springboot/leyou and clong1995/basic; JTSD is younger
than those copies and stands in none of them: confirm it with the first J&T parcel."""
