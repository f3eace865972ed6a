"""SF's own list of operation codes, for those that no recorded route has shown yet.

Source: the list 操作码(opCode) 操作名称(opName) of SF's open platform in two public copies of 2022 and later. It agrees with
the real traffic behind carriers/sf_vocabulary.py wherever both have a code; another list that goes round, in which 30 is
"collected" and 70 "departed", doesn't, and isn't used. The names are SF's; codes whose name doesn't say what happened to
the parcel (51, 135, 151 to 154, 632, 658, 664, 830, 831, 847, …) stay out.
"""

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from carriers.base import Meaning
from domain.tracking import Manner, Milestone, Reason

LIST = "SF's list of operation codes (public copies; no recorded route)"


def _same(meaning: Meaning, codes: Iterable[str]) -> dict[str, Meaning]:
    return dict.fromkeys(codes, meaning)


LISTED: Mapping[str, Meaning] = MappingProxyType(
    {
        # told, not yet held: preparing, picking, packing, put into a Hive Box by the sender, that collection failing
        **_same(Meaning(Milestone.ANNOUNCED, LIST, physical=False), ("127", "141", "201", "205", "206", "646", "647")),
        "131": Meaning(Milestone.ANNOUNCED, LIST, Reason.OTHER, physical=False),  # 快递员从丰巢收件失败
        # collected: from a Hive Box, by partners, with a photo
        **_same(
            Meaning(Milestone.PICKED_UP, LIST), ("129", "188", "214", "651", "655", "700", "701", "850", "851", "950")
        ),
        # departures and arrivals by road, rail, water and air, loading, handing on between SF's own stations
        **_same(
            Meaning(Milestone.IN_TRANSIT, LIST),
            (
                *("10", "11", "41", "43", "46", "64", "65", "86", "87", "88", "89", "96", "136", "137", "147"),
                *("186", "187", "189", "190", "304", "405", "406", "570", "571", "605", "633", "649", "656"),
                *("921", "930", "931"),
            ),
        ),
        "657": Meaning(Milestone.AT_DESTINATION, LIST),  # 合作点从顺丰交接
        **_same(
            Meaning(Milestone.OUT_FOR_DELIVERY, LIST),
            ("47", "122", "212", "630", "677", "844", "880", "933"),
        ),
        "678": Meaning(Milestone.AWAITING_COLLECTION, LIST),  # 快件到达驿站
        "128": Meaning(Milestone.DELIVERED, LIST, manner=Manner.LOCKER),  # 客户从丰巢取件成功
        "679": Meaning(Milestone.DELIVERED, LIST, manner=Manner.POINT),  # 驿站完成派件
        **_same(Meaning(Milestone.DELIVERED, LIST), ("97", "935")),
        **_same(Meaning(Milestone.RETURNED, LIST), ("215", "660")),  # 退件给客户
        **_same(Meaning(Milestone.TRANSFERRED, LIST), ("208", "626", "627", "932")),
        # released, inspected, to be declared, quarantine; then held, tax owed, slow
        **_same(
            Meaning(Milestone.CUSTOMS, LIST),
            ("14", "15", "16", "17", "604", "606", "612", "619", "620", "623"),
        ),
        **_same(Meaning(Milestone.CUSTOMS, LIST, Reason.CUSTOMS), ("18", "611", "621")),
        "613": Meaning(Milestone.CUSTOMS, LIST, Reason.PAYMENT),  # 海关放行待补税
        "614": Meaning(Milestone.CUSTOMS, LIST, Reason.DELAYED),  # 清关时效延长
        **_same(Meaning(Milestone.EXCEPTION, LIST, Reason.DELAYED), ("66", "77", "833")),  # 滞留
        **_same(Meaning(Milestone.EXCEPTION, LIST, Reason.OTHER), ("72", "934")),
    }
)
