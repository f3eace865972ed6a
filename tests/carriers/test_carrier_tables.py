"""The tables of carriers: whole, well-formed, and any of a carrier's names leads to it, or to nobody where two bear it."""

import re
from collections import Counter

import pytest

from carriers.carrier_links import LINKS
from carriers.carrier_tables import (
    LANGUAGES,
    AmbiguousCarrierError,
    candidates,
    carrier_of,
    fold,
    house_carrier,
    known_carriers,
    kuaidi100_names,
    parts_of,
    track17_names,
)
from carriers.kuaidi100_carriers import carrier_code, carrier_name
from carriers.track17_vocabulary import carrier_number
from domain.errors import RuleError


def test_the_tables_hold_the_published_lists() -> None:
    """Some 3,500 carriers of 17TRACK and the whole code table of Kuaidi100."""
    assert len(track17_names()) == 3461
    assert len(kuaidi100_names()) == 1369
    assert len(known_carriers()) == len(kuaidi100_names()) + len(track17_names()) - len(_keys_of_kuaidi100())


def _keys_of_kuaidi100() -> set[int | None]:
    return {one.track17 for one in known_carriers().values() if one.kuaidi100} - {None}


def test_every_row_is_well_formed() -> None:
    """A code is what the query wants, a key is a number, and nobody is called nothing or "Unknown"."""
    for code, names in kuaidi100_names().items():
        assert re.fullmatch(r"[a-z0-9_]{2,32}", code), code
        assert len(names) == 1
        assert names[0] == names[0].strip() != "", code
    for key, called in track17_names().items():
        assert 1000 < key < 1_000_000
        assert 1 <= len(called) <= 2, key
        assert all(name == " ".join(name.split()) != "" for name in called), key
        assert "Unknown" not in called


def test_rows_are_sorted_and_each_is_there_once() -> None:
    """A row twice would hide that its two copies differ; sorted, a new list shows what changed."""
    assert list(track17_names()) == sorted(track17_names())
    assert list(kuaidi100_names()) == sorted(kuaidi100_names())
    rows = [(code, key) for code, key, _ in LINKS]
    assert len(set(rows)) == len(rows) == len({code for code, _ in rows})


@pytest.mark.parametrize(("code", "key", "name"), LINKS, ids=[code for code, *_ in LINKS])
def test_a_join_by_hand_names_the_carrier_that_it_means(code: str, key: int, name: str) -> None:
    """A key mistyped by a digit is another carrier."""
    assert track17_names()[key][0] == name
    assert known_carriers()[code].track17 == key


@pytest.mark.parametrize(
    ("name", "code", "key"),
    [
        ("中通快递", "zhongtong", 190455),
        ("ZTO", "zhongtong", 190455),
        (" zto  express ", "zhongtong", 190455),
        ("韵达速递", "yunda", None),
        ("韵达快运", "yundakuaiyun", 191197),
        ("京东物流", "jd", 191121),
        ("JDL Express", None, 100228),
        ("安能物流", "annengwuliu", 191174),
        ("百世快运", "baishiwuliu", 190846),
        ("白鲸物流", None, 190934),
        ("极兔", "jtexpress", 190442),
        ("邮政电商标快", "youzhengdsbk", None),
        ("哪都通", None, None),
        ("荣庆物流", "rokin", None),
        ("德坤物流", "dekuncn", None),
        ("众邮快递", "zhongyouex", None),
        ("京广速递", "jinguangsudikuaijian", 190426),
        ("燕文物流", "yw56", 190012),
        ("Yanwen", "yw56", 190012),
        ("万邑通", "winit", 190284),
        ("FEDEX", "fedex", 100003),
        ("FedEx®", "fedex", 100003),
        ("DHL Paket", None, 7041),
        ("La Poste", "csuivi", 6051),
        ("Japan Post", "japanposten", 10021),
        ("日本（Japan Post）", "japanposten", 10021),
        ("Australia Post", "auspost", 1151),
        ("India Post", "india", 9021),
        ("GLS", "gls", 100005),
        ("GLS (IT)", None, 100024),
        ("gls it", None, 100024),
        ("Colis Prive", None, 100027),
        ("NZ Post", "newzealand", 14061),
        ("Jitsu", None, 100272),
        ("云途", "yuntrack", 190008),
        ("Yamato", None, 100062),
        ("ヤマト運輸", None, 100062),
        ("佐川急便", "sagawa", 100040),
        ("로젠택배", None, 100618),
        ("Еконт", None, 100568),
        ("Inter Rapidísimo", None, 100491),
        ("R+L Carriers", "rl_carriers", 100339),
        ("17track:100618", None, 100618),
    ],
)
def test_any_name_leads_to_its_carrier(name: str, code: str | None, key: int | None) -> None:
    """In Chinese, English or its own script, short or long, in any case and spacing."""
    assert carrier_code(name) == code
    assert carrier_number(name) == key


@pytest.mark.parametrize(
    "name", ["YHT", "LEX", "ZYGJ", "J&T Cargo", "DHL eCommerce", "Speedy", "民航快递", "Amazon", ""]
)
def test_a_name_of_two_carriers_or_of_none_is_never_guessed(name: str) -> None:
    """Asking the wrong house costs money, and its silence looks like a lost parcel."""
    assert carrier_code(name) is None
    assert carrier_number(name) is None


def test_an_ambiguous_name_says_who_it_could_be() -> None:
    """The person who wrote it can pick one."""
    with pytest.raises(AmbiguousCarrierError, match=r"YHT \(17track:190114\), YHT \(17track:190772\)") as caught:
        house_carrier("YHT")
    assert isinstance(caught.value, RuleError)
    assert [one.track17 for one in caught.value.candidates] == [190114, 190772]


def test_a_code_is_no_name_in_other_letters() -> None:
    """correios is Kuaidi100's code for Mozambique; people who write "Correios" mean Brazil's, or Portugal's."""
    assert carrier_code("correios") == "correios"
    assert carrier_code("Correios") is None
    assert carrier_code("India") is None


def test_every_carrier_is_found_by_its_id() -> None:
    """What the house wrote down once can be looked up for ever."""
    for known, carrier in known_carriers().items():
        assert known == carrier.id
        assert candidates(known) == (carrier,)
        assert carrier.kuaidi100 == (None if known.startswith("17track:") else known)
        assert carrier.kuaidi100 or carrier.track17
        assert set(carrier.names) == {"zh", "en"}
        assert all(carrier.names.values())


def test_an_id_stays_good_when_its_key_is_joined() -> None:
    """A shipment written under 17track:190012 is Yanwen's for ever."""
    assert "17track:190012" not in known_carriers()
    assert carrier_of("17track:190012") is carrier_of("yw56")
    assert carrier_code("17track:190012") == "yw56"
    assert carrier_name("17track:190012") == "燕文物流"
    assert carrier_of("17track:1") is None


def test_every_whole_name_leads_to_its_carrier_or_is_shared() -> None:
    """No row is out of reach: its name means it, or several."""
    for key, names in track17_names().items():
        for name in names:
            found = candidates(name)
            assert key in {one.track17 for one in found} or _spelt_by_hand(name), (key, name)
    for code, names in kuaidi100_names().items():
        found = candidates(names[0])
        assert code in {one.id for one in found} or code in LANGUAGES or _spelt_by_hand(names[0]), code


def _spelt_by_hand(name: str) -> bool:
    found = candidates(name)
    return len(found) == 1 and found[0].kuaidi100 is not None


def test_only_hand_joined_carriers_share_a_key() -> None:
    """Two codes with one key are one carrier's domestic and foreign parcels, which a person has checked."""
    keys = Counter(one.track17 for one in known_carriers().values() if one.track17)
    shared = {key for key, count in keys.items() if count > 1}
    assert shared == {key for key, count in Counter(key for _, key, _ in LINKS).items() if count > 1}


def test_carriers_are_shown_by_name() -> None:
    """In the reader's language where there is a name in it."""
    assert carrier_name("17track:100618", "zh") == "Logen (로젠택배)"
    assert carrier_name("17track:190068", "en") == "ZDSD"
    assert carrier_name("yw56") == "燕文物流"
    assert carrier_name("yw56", "en") == "Yanwen"
    assert carrier_name("ukraine", "en") == "Ukrposhta"
    assert carrier_name("auspost", "en") == "Australia Post"


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("Sagawa (佐川急便)", ("Sagawa", "佐川急便")),
        ("롯데글로벌로지스 (Lotte Global Logistics)", ("롯데글로벌로지스", "Lotte Global Logistics")),
        ("日本（Japan Post）", ("Japan Post",)),
        ("法国大包、EMS-英文(Chronopost France)", ("Chronopost France",)),
        ("Speedy (DPD)", ("Speedy",)),
        ("GLS (IT)", ()),
        ("DPD", ()),
    ],
)
def test_a_name_holds_other_names(name: str, parts: tuple[str, ...]) -> None:
    """A country alone is no carrier's name, nor is a group's in brackets its member's."""
    assert parts_of(name) == parts


def test_spellings_fold_together() -> None:
    """Case, accents, width, white space, punctuation and company endings tell no carriers apart."""
    assert fold("Ｃｏｌｉｓ Privé") == fold("colis-prive")
    assert fold("中通快递有限公司") == fold("中通快递")
    assert fold("J&T") != fold("JT")
