"""What Kuaidi100's status codes and status words mean, each with its source.

An event's code decides. Codes that only say "moving", "with the courier", "signed" or "trouble" are GENERIC: the route
text may say it more exactly, within the milestones that REFINES lists. Where there is no code, the phrases of
carriers/kuaidi100_phrases.py decide alone.
"""

from collections.abc import Mapping
from types import MappingProxyType

from carriers.base import Meaning
from domain.tracking import Manner, Milestone, Reason

STATE = "api.kuaidi100.com/document/5f0ffb5ebc8da837cbd8aefc, state table"
ADVANCED = "api.kuaidi100.com/document/5f0ffb5ebc8da837cbd8aefc, advanced state table (resultv2=4)"
TIMEOUT = ADVANCED + "; written by Kuaidi100's own timers, no scan"


CODES: Mapping[str, Meaning] = MappingProxyType(
    {
        "0": Meaning(Milestone.IN_TRANSIT, STATE),
        "1001": Meaning(Milestone.AT_DESTINATION, ADVANCED),
        "1002": Meaning(Milestone.IN_TRANSIT, ADVANCED),
        "1003": Meaning(Milestone.IN_TRANSIT, ADVANCED),  # sent on to a new address, by the same carrier
        "1": Meaning(Milestone.PICKED_UP, STATE),
        "101": Meaning(Milestone.ANNOUNCED, ADVANCED, physical=False),
        "102": Meaning(Milestone.ANNOUNCED, ADVANCED, physical=False),
        "103": Meaning(Milestone.PICKED_UP, ADVANCED),
        "2": Meaning(Milestone.EXCEPTION, STATE, Reason.OTHER),
        "201": Meaning(Milestone.EXCEPTION, TIMEOUT, Reason.DELAYED, physical=False),
        "202": Meaning(Milestone.EXCEPTION, TIMEOUT, Reason.DELAYED, physical=False),
        "203": Meaning(Milestone.ATTEMPT_FAILED, ADVANCED, Reason.REFUSED),
        "204": Meaning(Milestone.ATTEMPT_FAILED, ADVANCED, Reason.OTHER),
        "205": Meaning(Milestone.AWAITING_COLLECTION, TIMEOUT, Reason.OVERDUE_AT_POINT, physical=False),
        "206": Meaning(Milestone.ATTEMPT_FAILED, ADVANCED, Reason.UNREACHABLE),
        "207": Meaning(Milestone.EXCEPTION, ADVANCED, Reason.OUT_OF_AREA),
        "208": Meaning(Milestone.EXCEPTION, ADVANCED, Reason.DELAYED),
        "209": Meaning(Milestone.EXCEPTION, ADVANCED, Reason.DAMAGED),
        "210": Meaning(Milestone.CANCELLED, ADVANCED, Reason.CANCELLED),
        "3": Meaning(Milestone.DELIVERED, STATE),
        "301": Meaning(Milestone.DELIVERED, ADVANCED, manner=Manner.SELF),
        "302": Meaning(Milestone.DELIVERED, ADVANCED),
        "303": Meaning(Milestone.DELIVERED, ADVANCED, manner=Manner.OTHER),
        # The table's copies disagree: "taken out of locker or station and signed", or "signed by" one. The text tells
        # which of them, and whether it was only dropped there (JD's 已由驿站代收 comes under 304); a station unless it does.
        "304": Meaning(Milestone.DELIVERED, ADVANCED, manner=Manner.POINT),
        "4": Meaning(Milestone.RETURNED, STATE),
        "401": Meaning(Milestone.CANCELLED, ADVANCED, Reason.CANCELLED),
        "5": Meaning(Milestone.OUT_FOR_DELIVERY, STATE),
        "501": Meaning(Milestone.AWAITING_COLLECTION, ADVANCED),
        "6": Meaning(Milestone.RETURNING, STATE),
        "7": Meaning(Milestone.TRANSFERRED, STATE),
        "8": Meaning(Milestone.CUSTOMS, STATE),
        "10": Meaning(Milestone.CUSTOMS, STATE),
        "11": Meaning(Milestone.CUSTOMS, STATE),
        "12": Meaning(Milestone.CUSTOMS, STATE),
        "13": Meaning(Milestone.CUSTOMS, STATE, Reason.CUSTOMS),
        "14": Meaning(Milestone.ATTEMPT_FAILED, STATE, Reason.REFUSED),
    }
)
"""By statusCode."""

_WORDS: tuple[tuple[str, str], ...] = (
    ("在途", "0"),
    ("到达派件城市", "1001"),
    ("干线", "1002"),
    ("转递", "1003"),
    ("揽收", "1"),
    ("揽件", "1"),  # older name of state 1
    ("已下单", "101"),
    ("待揽收", "102"),
    ("已揽收", "103"),
    ("疑难", "2"),
    ("超时未签收", "201"),
    ("超时未更新", "202"),
    ("拒收", "203"),
    ("派件异常", "204"),
    ("柜或驿站超时未取", "205"),
    ("无法联系", "206"),
    ("超区", "207"),
    ("滞留", "208"),
    ("破损", "209"),
    ("销单", "210"),
    ("签收", "3"),
    ("本人签收", "301"),
    ("派件异常后签收", "302"),
    ("代签", "303"),
    ("投柜或站签收", "304"),
    ("退签", "4"),
    ("已销单", "401"),
    ("派件", "5"),
    ("投柜或驿站", "501"),
    ("退回", "6"),
    ("转投", "7"),
    ("转单", "7"),  # older name of state 7
    ("清关", "8"),
    ("待清关", "10"),
    ("清关中", "11"),
    ("已清关", "12"),
    ("清关异常", "13"),
    ("拒签", "14"),
)

CODE_OF_WORD: Mapping[str, str] = MappingProxyType(dict(_WORDS))
"""The code of each status word: the same tables' second column."""

WORDS: Mapping[str, Meaning] = MappingProxyType({word: CODES[code] for word, code in _WORDS})
"""By status word, for replies without statusCode (resultv2=1)."""

MANNERS_OF: Mapping[str, frozenset[Manner]] = MappingProxyType(
    {
        "301": frozenset({Manner.SELF}),
        "303": frozenset(Manner) - {Manner.SELF},
        "304": frozenset({Manner.LOCKER, Manner.POINT}),
    }
)
"""What a text may say of the manner where the code has settled the rest."""

_TROUBLE = frozenset({Milestone.EXCEPTION, Milestone.ATTEMPT_FAILED, Milestone.AWAITING_COLLECTION, Milestone.CUSTOMS})
_MOVING = _TROUBLE | {
    Milestone.OUT_FOR_DELIVERY,
    Milestone.AT_DESTINATION,
    Milestone.PICKED_UP,
    Milestone.RETURNING,
    Milestone.TRANSFERRED,
}

REFINES: Mapping[str, frozenset[Milestone]] = MappingProxyType(
    {
        # With resultv2=1 YTO's "快件已由…代收，请及时取件" comes under 在途, and so do its failed attempts.
        # Lines before the first scan (您提交了订单, 等待揽收) come under it too.
        "0": _MOVING | {Milestone.ANNOUNCED, Milestone.CANCELLED},
        "1002": _MOVING - {Milestone.PICKED_UP},
        "1": frozenset({Milestone.ANNOUNCED}),
        "2": _TROUBLE | {Milestone.RETURNING, Milestone.CANCELLED},
        "203": frozenset({Milestone.RETURNING}),  # refused, and on its way back already
        "204": frozenset({Milestone.ATTEMPT_FAILED, Milestone.EXCEPTION}),
        "3": frozenset({Milestone.AWAITING_COLLECTION, Milestone.RETURNED}),
        "304": frozenset({Milestone.AWAITING_COLLECTION}),
        "5": frozenset({Milestone.AWAITING_COLLECTION, Milestone.ATTEMPT_FAILED}),
        "501": frozenset({Milestone.AWAITING_COLLECTION}),
        "6": frozenset({Milestone.RETURNED, Milestone.RETURNING}),  # returning with its reason
        "8": frozenset({Milestone.CUSTOMS}),
        "14": frozenset({Milestone.RETURNING}),
    }
)
"""GENERIC codes, and the milestones to which a phrase of the route text may sharpen each."""
