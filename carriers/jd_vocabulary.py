"""What JD Logistics' codes mean, each with its source: ``category`` (the order's stage) and ``state`` (the scan itself).

A state says more than its category, so it decides where it is known. Every row rests on third-party copies of JDL's pages,
which want a login; rows that a live integration bears out too are marked with it.
"""

from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from types import MappingProxyType

from carriers.base import Meaning
from carriers.kuaidi100_phrases import MANNERS, PHRASES
from carriers.kuaidi100_troubles import FAILED
from carriers.phrases import phrase_in
from carriers.route_texts import stated
from domain.tracking import Manner, Milestone, Reason

STAGES = "JDL order stages (open.jdl.com access-guide 267/54018, 14 Aug 2024); third-party copy: OLTS jdl.csv"
NODES = "JDL trace nodes (open.jdl.com access-guide 442/55086, 19 Apr 2023); third-party copy: OLTS jdl.csv"
LIVE = NODES + "; borne out by a live integration of 2024 (cmhq, JDPushWuliuTracePush)"
PICKUP = NODES + "; the pickup failed, nobody held the parcel"
PAY = NODES + "; money, may come after the pickup"

CATEGORIES: Mapping[str, Meaning] = MappingProxyType(
    {
        "100": Meaning(Milestone.ANNOUNCED, STAGES, physical=False),
        "390": Meaning(Milestone.ANNOUNCED, STAGES, physical=False),  # handed down to a courier
        "403": Meaning(Milestone.EXCEPTION, STAGES, Reason.OTHER),  # held
        "420": Meaning(Milestone.PICKED_UP, STAGES),
        "430": Meaning(Milestone.IN_TRANSIT, STAGES),
        "440": Meaning(Milestone.OUT_FOR_DELIVERY, STAGES),
        "480": Meaning(Milestone.EXCEPTION, STAGES, Reason.INTERCEPTED),
        "500": Meaning(Milestone.EXCEPTION, STAGES, Reason.OTHER),  # ended abnormally
        "510": Meaning(Milestone.DELIVERED, STAGES),
        "530": Meaning(Milestone.ATTEMPT_FAILED, STAGES, Reason.REFUSED),
        "690": Meaning(Milestone.CANCELLED, STAGES, Reason.CANCELLED),
        "700": Meaning(Milestone.INFO, STAGES, physical=False),  # a refund of the freight
    }
)

STATES: Mapping[str, Meaning] = MappingProxyType(
    {
        "10010": Meaning(Milestone.ANNOUNCED, NODES, physical=False),
        "10032": Meaning(Milestone.IN_TRANSIT, NODES),  # checked at a hub
        "10033": Meaning(Milestone.AT_DESTINATION, NODES),  # checked at the station
        "10034": Meaning(Milestone.DELIVERED, LIVE),
        "10035": Meaning(Milestone.ATTEMPT_FAILED, LIVE, Reason.REFUSED),
        # some of the pieces: the rest is still owed, so it isn't delivered
        "10042": Meaning(Milestone.EXCEPTION, NODES, Reason.OTHER),
        "10054": Meaning(Milestone.IN_TRANSIT, NODES),  # left a hub
        "11000": Meaning(Milestone.OUT_FOR_DELIVERY, LIVE),
        "200001": Meaning(Milestone.PICKED_UP, LIVE),
        "200002": Meaning(Milestone.INFO, NODES, physical=False),  # label printed anew, same number
        # to be delivered again: the run before came to nothing
        "200003": Meaning(Milestone.ATTEMPT_FAILED, NODES, Reason.OTHER),
        "200004": Meaning(Milestone.IN_TRANSIT, NODES),  # 200004 to 200009: by rail
        "200006": Meaning(Milestone.IN_TRANSIT, NODES),
        "200007": Meaning(Milestone.IN_TRANSIT, NODES),
        "200008": Meaning(Milestone.IN_TRANSIT, NODES),
        "200009": Meaning(Milestone.IN_TRANSIT, NODES),
        "200010": Meaning(Milestone.CANCELLED, NODES, Reason.CANCELLED),
        "200011": Meaning(Milestone.IN_TRANSIT, NODES),  # on a load list
        "200012": Meaning(Milestone.IN_TRANSIT, NODES),
        "200013": Meaning(Milestone.IN_TRANSIT, NODES),
        "200017": Meaning(Milestone.IN_TRANSIT, NODES),  # received at a hub
        "200018": Meaning(Milestone.ANNOUNCED, NODES, physical=False),  # pickup assigned
        "200019": Meaning(Milestone.IN_TRANSIT, NODES),
        # a new label with a new number, which is in the remark: refused and sent back, unless the text says re-addressed
        "200020": Meaning(Milestone.RETURNING, LIVE),
        "200023": Meaning(Milestone.ATTEMPT_FAILED, NODES, Reason.OTHER),  # agreed to deliver again
        "200030": Meaning(Milestone.ANNOUNCED, NODES, physical=False),
        "200031": Meaning(Milestone.ATTEMPT_FAILED, NODES, Reason.OTHER),  # waits for another delivery
        "200032": Meaning(Milestone.EXCEPTION, NODES, Reason.DESTROYED),  # scrapped after another delivery
        "200033": Meaning(Milestone.RETURNING, NODES),  # sent back after another delivery
        "200034": Meaning(Milestone.ANNOUNCED, NODES, physical=False),
        "200035": Meaning(Milestone.ANNOUNCED, NODES, physical=False),
        "200036": Meaning(Milestone.ANNOUNCED, NODES, physical=False),
        "200037": Meaning(Milestone.ANNOUNCED, NODES, physical=False),
        "200038": Meaning(Milestone.ANNOUNCED, NODES, physical=False),  # the rider is at the shop
        "200039": Meaning(Milestone.INFO, NODES, physical=False),  # a friendly reminder
        "200040": Meaning(Milestone.TRANSFERRED, NODES),
        "200050": Meaning(Milestone.AT_DESTINATION, NODES),
        "200051": Meaning(Milestone.AWAITING_COLLECTION, NODES),
        "200052": Meaning(Milestone.ATTEMPT_FAILED, PICKUP, Reason.OTHER, physical=False),
        "200053": Meaning(Milestone.ATTEMPT_FAILED, PICKUP, Reason.OTHER, physical=False),  # to be fetched again
        "200054": Meaning(Milestone.RETURNED, NODES),  # taken back to the door that it was fetched from
        "200055": Meaning(Milestone.IN_TRANSIT, NODES),
        "200056": Meaning(Milestone.IN_TRANSIT, NODES),
        "200057": Meaning(Milestone.AWAITING_COLLECTION, NODES),
        "200059": Meaning(Milestone.ATTEMPT_FAILED, PICKUP, Reason.OTHER, physical=False),
        "200062": Meaning(Milestone.INFO, PAY, physical=False),
        "200063": Meaning(Milestone.INFO, PAY, physical=False),
        "200064": Meaning(Milestone.ATTEMPT_FAILED, PICKUP, Reason.OTHER, physical=False),  # no rider took it in time
        "200065": Meaning(Milestone.INFO, PAY, physical=False),
        "200066": Meaning(Milestone.INFO, PAY, physical=False),
        "200067": Meaning(Milestone.ATTEMPT_FAILED, PICKUP, Reason.OTHER, physical=False),
        "200068": Meaning(Milestone.RETURNING, NODES, Reason.REFUSED),
        "200069": Meaning(Milestone.ATTEMPT_FAILED, NODES, Reason.REFUSED),
        # given up by its owner, to be disposed of: nobody will receive it
        "200070": Meaning(Milestone.EXCEPTION, NODES, Reason.DESTROYED),
        "200072": Meaning(Milestone.IN_TRANSIT, NODES),
        "200075": Meaning(Milestone.AT_DESTINATION, NODES),
        "200076": Meaning(Milestone.IN_TRANSIT, NODES),
        "200077": Meaning(Milestone.IN_TRANSIT, NODES),
    }
)
"""By node. Left out, because their names don't say what they mean for a parcel: 200000 (other), 200058, 200060, 200061 (a
third party's handovers), 200071 (a group purchase). Their category decides, else they are unmapped."""

PAIRS: Mapping[tuple[str, str], Meaning] = MappingProxyType(
    {
        ("690", "200052"): Meaning(Milestone.CANCELLED, STAGES + "; the pickup was given up", Reason.CANCELLED),
    }
)
"""(category, state) that mean more together."""

_PLACES = frozenset({Milestone.AWAITING_COLLECTION, Milestone.RETURNED})
_FAILED = frozenset({Milestone.ATTEMPT_FAILED})
_AGAIN = _FAILED | {Milestone.OUT_FOR_DELIVERY, Milestone.RETURNING}
_TROUBLE = _FAILED | {Milestone.EXCEPTION, Milestone.AWAITING_COLLECTION, Milestone.CUSTOMS}
_SENT_BACK = frozenset({Milestone.RETURNING, Milestone.RETURNED})

REFINES: Mapping[str, frozenset[Milestone]] = MappingProxyType(
    {
        "403": _TROUBLE,
        "430": _TROUBLE
        | {Milestone.AT_DESTINATION, Milestone.OUT_FOR_DELIVERY, Milestone.RETURNING, Milestone.TRANSFERRED},
        "440": frozenset({Milestone.AWAITING_COLLECTION, Milestone.ATTEMPT_FAILED}),
        "480": frozenset({Milestone.RETURNING}),
        "500": _TROUBLE | _SENT_BACK | {Milestone.CANCELLED},
        "510": _PLACES,
        "530": _SENT_BACK,
        "10034": _PLACES,
        "10035": _SENT_BACK,
        "11000": frozenset({Milestone.AWAITING_COLLECTION, Milestone.ATTEMPT_FAILED}),
        "200003": _AGAIN,
        "200023": _AGAIN,
        "200031": _AGAIN,
        "200033": frozenset({Milestone.RETURNED}),
        "200052": _FAILED,
        "200053": _FAILED,
        "200059": _FAILED,
        "200064": _FAILED,
        "200067": _FAILED,
    }
)
"""Codes that leave something open, and the milestones to which a phrase of the remark may sharpen each."""

PICKUP_FAILED = frozenset({"200052", "200053", "200059", "200064", "200067"})
"""Their remarks begin with the bare failure (取件失败, 揽收失败) and then say why: only the whys are asked for."""

READDRESSED = ("改址", "改派", "转寄", "改地址")
"""What a remark of 200020 says where the parcel goes on to another address under its new number."""


@lru_cache(maxsize=16_384)  # carriers repeat themselves, and each poll repeats the whole list
def meaning_of(category: str, state: str, text: str) -> Meaning | None:
    """What a line means: by its state, else its category; sharpened by its text where that code leaves something open.
    A line without any code is read by its text alone.
    """
    statement = stated(text)
    row = phrase_in(statement, FAILED if state in PICKUP_FAILED else PHRASES)
    said = row.meaning if row else None
    if not category and not state:
        return _with_manner(said, said, statement)
    if state == "200020" and any(word in statement for word in READDRESSED):
        return replace(STATES[state], milestone=Milestone.IN_TRANSIT)
    pair = PAIRS.get((category, state))
    code = state if state in STATES else category
    meaning = pair or STATES.get(state) or CATEGORIES.get(category)
    if meaning and said and not pair and said.milestone in REFINES.get(code, frozenset()):
        why = said.reason or (None if meaning.reason is Reason.OTHER else meaning.reason)
        meaning = replace(said, physical=meaning.physical, reason=why)
    return _with_manner(meaning, said, statement)


def _with_manner(meaning: Meaning | None, said: Meaning | None, text: str) -> Meaning | None:
    """Whose hands a signed parcel came into, where the text names them."""
    if meaning is None or meaning.milestone is not Milestone.DELIVERED:
        return meaning
    named: Manner | None = next((manner for manner, words in MANNERS if any(word in text for word in words)), None)
    return replace(meaning, manner=named or (said.manner if said else None))
