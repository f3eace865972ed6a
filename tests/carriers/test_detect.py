"""Carrier detection: published numbers, two hundred bare ones and more, and what is never called sure."""

import json
import re
from collections import Counter
from pathlib import Path
from random import Random

import pytest
from detect_numbers import (
    DIGITS,
    STRANGE,
    closed,
    impb,
    made,
    mod10_digit,
    other_digits_fit,
    s10,
    s10_digit,
    ups,
    ups_digit,
)
from hypothesis import given
from hypothesis import strategies as st

from carriers import check_digits
from carriers.detect import Guess, guesses, ranked, sure_carrier
from carriers.detect_command import carriers_detect
from carriers.kuaidi100_carriers import ROWS
from carriers.number_formats import FORMATS, HowSure

EACH = 12
ALL_MADE = tuple(made(20261122, EACH))
DOC = Path(__file__).parents[2] / "docs" / "carrier-detection.md"

PUBLISHED = [
    # number, carrier, certainty; where it was published
    ("RR473124829GB", "royalmail", "sure"),  # the example of S10's check digit, 47312482-9
    ("RB123456785US", "usps", "sure"),
    ("RR 123 456 785 SG", "singpost", "sure"),
    ("1Z12345E6605272234", "ups", "sure"),  # UPS developer kit
    ("1ZCIETST0111111114", "ups", "sure"),  # UPS Track Alert, test numbers
    ("1ZCIETST0422222228", "ups", "sure"),
    ("1Z 999 AA1 01 2345 6784", "ups", "sure"),  # ups.com, what a tracking number looks like
    ("420 22153 9101026837331000039521", "usps", "likely"),  # 91: an older kind
    ("9505 5110 6960 5048 6006 24", "usps", "sure"),
    ("9361 2898 7870 0317 6337 95", "usps", "likely"),  # a service code that consolidators use
    ("92748931507708513018050063", "usps", "likely"),
    ("0307 1790 0005 2348 3741", "usps", "likely"),
    ("7196 9010 7560 0307 7385", "usps", "likely"),  # without its 91
    ("012345678983", "fedex", "likely"),  # FedEx, example of the Express check digit
    ("9611020987654312345672", "fedex", "likely"),  # FedEx Ground label layout specification
    ("0414 4176 0228 964", "fedex", "likely"),
    ("61299998820821171811", "fedex", "likely"),  # FedEx Ground Economy without its 92
    ("1001921334250001000300779017972697", "fedex", "likely"),
    ("00340433836442636597", "dhl", "likely"),  # paketda.de, check digits of parcel numbers
    ("201298452277", "dhl", "likely"),
    ("3318810025", "dhl", "likely"),
    ("JJD0099999999", "dhl", "likely"),  # dhl.com, tracking labels
    ("JVGL9999999999", "dhl", "likely"),
    ("GM99999999999", "dhl", "likely"),
    ("773039762404825", "shentong", "likely"),  # Kuaidi100's Java SDK
    ("YT9693083639795", "yuantong", "likely"),  # Kuaidi100's Python SDK
    ("906919164534", "shunfeng", "possible"),  # Kuaidi100's detection document
]


@pytest.mark.parametrize(("number", "carrier", "certainty"), PUBLISHED)
def test_published_numbers_are_told(number: str, carrier: str, certainty: str) -> None:
    """The numbers that the carriers' own documents and kits show, as people write them."""
    found = guesses(number)
    assert (carrier, certainty) in {(guess.carrier, guess.certainty.value) for guess in found}
    if certainty == "sure":
        assert len(found) == 1


PLACEHOLDERS = ["1Z12345E0205271688", "9400 1000 0000 0000 0000 00", "EA 000 000 000 US", "CP 000 000 000 US"]


@pytest.mark.parametrize("number", PLACEHOLDERS)
def test_a_wrong_check_digit_is_told_and_proves_nothing(number: str) -> None:
    """A shape that belongs to one carrier names it, and says that a character is wrong: it is never more than possible."""
    (guess,) = guesses(number)
    assert guess.carrier in {"ups", "usps"}
    assert guess.certainty is HowSure.POSSIBLE
    assert "doesn't fit" in guess.why


def test_at_least_two_hundred_numbers_of_nine_carriers_are_detected() -> None:
    """Each made number's carrier is among its guesses."""
    assert len(ALL_MADE) >= 200
    assert len({one.carrier for one in ALL_MADE}) >= 9
    missed = [one for one in ALL_MADE if one.carrier not in {guess.carrier for guess in guesses(one.number)}]
    assert missed == []


def test_none_of_them_is_wrongly_sure() -> None:
    """A carrier that is called sure is the right one, for numbers of many more seeds than the fixed one."""
    many = [one for seed in range(40) for one in made(seed, 3)]
    sure = [(one, sure_carrier(one.number)) for one in [*ALL_MADE, *many]]
    assert [one for one, carrier in sure if carrier not in {None, one.carrier}] == []
    assert Counter(carrier for _, carrier in sure).keys() >= {"ups", "usps", "ems", "royalmail", "japanposten"}


def test_a_check_digit_puts_its_carrier_first() -> None:
    """Unless the last digit fits another carrier's rule too, which one number in ten does by chance."""
    for one in ALL_MADE:
        if one.checked and other_digits_fit(one.number) < 2:
            assert guesses(one.number)[0].carrier == one.carrier, one


def test_numbers_of_strangers_are_never_sure() -> None:
    """Carriers without a code here, orders and phones: whatever they look like, nobody is named for certain."""
    rng = Random(5)
    for make in STRANGE:
        for _ in range(200):
            number = make(rng)
            assert sure_carrier(number) is None, number


def test_prefixes_without_a_check_digit_are_at_most_likely() -> None:
    """Letters that a carrier likes are no proof: others may use them tomorrow."""
    assert {row.certainty for row in FORMATS if row.check is None} == {HowSure.LIKELY, HowSure.POSSIBLE}


SURE_DIGITS = re.compile(
    "(420[0-9]{5}|420[0-9]{9})?(9[45](001|021|033|055|073|088|701)|92(001|021|033|055|073|088|701)9"
    "|93(001|021|033|055|073|088|701)[0-8])[0-9]+"
)


@given(st.integers(0, 42).flatmap(lambda length: st.text(DIGITS, min_size=length, max_size=length)))
def test_digits_alone_are_never_sure_without_a_service_code(number: str) -> None:
    """A bare check digit fits one number in seven to eleven by chance: digits are at most likely, but for USPS's
    five fixed digits with a check digit behind them.
    """
    if sure_carrier(number):
        assert SURE_DIGITS.fullmatch(number)


@pytest.mark.parametrize("length", [10, 12, 13, 14, 15, 16, 18, 20, 22, 26, 30, 34])
def test_random_digits_are_sure_less_than_once_in_ten_thousand(length: int) -> None:
    """Two digits of 100, three of 1000 and a check digit: 4/100 x 7/1000 x 1/10 at most, of numbers as long as USPS's."""
    rng = Random(length)
    wrong = sum(sure_carrier("".join(rng.choices(DIGITS, k=length))) is not None for _ in range(3000))
    assert wrong <= 1


@given(st.text(max_size=60))
def test_any_text_has_an_answer(text: str) -> None:
    """Nothing that people paste breaks it, and each carrier comes once, the best first."""
    found = guesses(text)
    assert len({guess.carrier for guess in found}) == len(found)
    order = [tuple(HowSure).index(guess.certainty) for guess in found]
    assert order == sorted(order)
    assert len(found) <= 1 or all(guess.certainty is not HowSure.SURE for guess in found)


SEEDS = st.integers(0, 2**32)
PLACES = st.integers(0, 100)
STEPS = st.integers(1, 9)


def with_digit_changed(number: str, place: int, step: int) -> str:
    """One of the number's digits, counted round, changed by ``step``."""
    spots = [spot for spot, char in enumerate(number) if char in DIGITS]
    spot = spots[place % len(spots)]
    return number[:spot] + str((int(number[spot]) + step) % 10) + number[spot + 1 :]


@given(SEEDS, PLACES, STEPS)
def test_a_changed_digit_of_a_usps_number_is_never_sure(seed: int, place: int, step: int) -> None:
    """Mod 10 with weights 3 and 1 sees every single change."""
    number = impb(Random(seed))
    assert sure_carrier(number) == "usps"
    assert sure_carrier(with_digit_changed(number, place, step)) is None


@given(SEEDS, PLACES, STEPS)
def test_a_changed_digit_of_a_postal_number_is_sure_only_where_s10_is_blind(seed: int, place: int, step: int) -> None:
    """S10 writes 5 for two different sums, so it can't see every change; every other one it sees."""
    number = s10(Random(seed), "CELRU", "US")
    assert sure_carrier(number) == "usps"
    changed = with_digit_changed(number, place, step)
    blind = changed[10] == "5" == s10_digit(changed[2:10])
    assert sure_carrier(changed) == ("usps" if blind else None)


@given(SEEDS, PLACES, STEPS)
def test_a_changed_digit_of_a_ups_number_is_sure_only_where_ups_is_blind(seed: int, place: int, step: int) -> None:
    """UPS doubles every second character, so a change by five there goes unseen; every other one is seen."""
    number = ups(Random(seed))
    assert sure_carrier(number) == "ups"
    changed = with_digit_changed(number, place, step)
    spot = next((spot for spot in range(len(number)) if number[spot] != changed[spot]), 0)
    blind = step == 5 and spot >= 2 and spot != 17 and (spot - 2) % 2 == 1
    assert sure_carrier(changed) == ("ups" if blind else None)
    assert blind == (changed.startswith("1Z") and ups_digit(changed[2:17]) == changed[17])


@given(SEEDS, STEPS, st.sampled_from([impb, ups, lambda rng: s10(rng, "E", "CN"), lambda rng: s10(rng, "R", "GB")]))
def test_a_changed_check_digit_is_never_sure(seed: int, step: int, make: object) -> None:
    """Whatever the rule, the check digit itself is seen."""
    assert callable(make)
    number = make(Random(seed))
    spot = 10 if len(number) == 13 else len(number) - 1
    changed = number[:spot] + str((int(number[spot]) + step) % 10) + number[spot + 1 :]
    assert sure_carrier(number) is not None
    assert sure_carrier(changed) is None


def test_where_two_carriers_fit_none_is_sure() -> None:
    """China Post's items go under two of the house's codes, FedEx's last mile under USPS's numbers."""
    for number in ("RR123456785CN", "LX123456785CN", "9261292700768711948021"):
        found = guesses(number)
        assert len(found) > 1
        assert all(guess.certainty is not HowSure.SURE for guess in found)


def test_a_sure_guess_beside_another_carriers_is_only_likely() -> None:
    """Should two rows of the table ever claim one number, a person decides: the best row of each carrier counts."""
    sure, same = Guess("ups", HowSure.SURE, "a"), Guess("ups", HowSure.POSSIBLE, "b")
    other, post = Guess("dhl", HowSure.POSSIBLE, "c"), Guess(None, HowSure.LIKELY, "d", "NL")
    assert ranked([same, sure, post]) == (sure,)
    assert ranked([other, same, sure]) == (Guess("ups", HowSure.LIKELY, "a"), other)
    assert ranked([post]) == (post,)
    assert ranked([]) == ()


def test_another_countrys_post_has_a_country_and_no_carrier() -> None:
    """What is certain is the country; the house has no code for its post, and doesn't make one up."""
    assert guesses("CP123456785NL") == (
        Guess(None, HowSure.LIKELY, "UPU S10, another country; the check digit fits", "NL"),
    )
    assert guesses("CP123456785NL")[0].name == "postal operator of NL"
    assert sure_carrier("CP123456785NL") is None
    assert guesses("CP123456785QQ") == ()


@pytest.mark.parametrize(
    "number", ["", " ", "-", "hello", "0" * 41, "9" * 40, "1Z", "SF", "JD1", "快递单号", "顺A123456785US"]
)
def test_what_fits_nothing_has_no_guess(number: str) -> None:
    """No guess is better than a made-up one."""
    assert guesses(number) == ()


@pytest.mark.parametrize("written", ["1z999aa10123456784", " 1Z-999-AA1-01-2345-6784 ", "１Ｚ999AA10123456784"])
def test_spelling_makes_no_difference(written: str) -> None:
    """Small letters, blanks, hyphens and full-width characters are how people copy numbers."""
    assert sure_carrier(written) == "ups"


def test_every_carrier_of_the_table_has_a_code_and_every_row_a_source() -> None:
    """A guess must be one that the rest of the house can ask about."""
    codes = {row[0] for row in ROWS}
    assert {row.carrier for row in FORMATS if row.carrier} <= codes
    assert all(len(row.source) > 5 and row.name for row in FORMATS)


def test_the_page_shows_the_table_as_it_is() -> None:
    """docs/carrier-detection.md names each row with its carrier and certainty."""
    shown = {tuple(cell.strip() for cell in line.split("|")[1:4]) for line in DOC.read_text("utf-8").splitlines()}
    missing = {(row.name, row.carrier or "–", row.certainty.value) for row in FORMATS} - shown
    assert missing == set()


@pytest.mark.parametrize(
    ("check", "number", "fits"),
    [
        (check_digits.s10, "EE471108151FR", True),
        (check_digits.s10, "EB000717594HK", False),
        (check_digits.ups_1z, "1ZCIETST0111111115", False),
        (check_digits.mod10, "00012345000000000027", True),  # the SSCC of FedEx Ground's specification
        (check_digits.mod10, closed("420", mod10_digit), True),
        (check_digits.fedex_mod11, "996578788855", False),
        (check_digits.dhl_express, "3318810034", False),
        (check_digits.identcode, "563102430313", True),  # activebarcode's Identcode
    ],
)
def test_check_digits_as_published(check: object, number: str, fits: bool) -> None:
    """Right ones fit, wrong ones don't."""
    assert callable(check)
    assert check(number) is fits


# --- the command ---


def test_the_command_prints_a_line_for_each_number(capsys: pytest.CaptureFixture[str]) -> None:
    """Number, carrier, certainty and why, with tabs between; the others behind."""
    assert carriers_detect(["1Z999AA10123456784", " CP123456785NL ", "986578788855", "hello"], as_json=False) == 0
    lines = [line.split("\t") for line in capsys.readouterr().out.splitlines()]
    assert [line[:3] for line in lines] == [
        ["1Z999AA10123456784", "ups", "sure"],
        ["CP123456785NL", "postal operator of NL", "likely"],
        ["986578788855", "fedex", "likely"],
        ["hello", "-", "-"],
    ]
    assert lines[2][3].endswith("(or shunfeng, zhongtong, shentong)")
    assert lines[3][3] == "fits no known format"


def test_the_command_prints_json(capsys: pytest.CaptureFixture[str]) -> None:
    """The same keys for every number, the best guess first and the others below it."""
    assert carriers_detect(["986578788855", "CP123456785NL", "hello"], as_json=True) == 0
    told = json.loads(capsys.readouterr().out)
    assert {tuple(one) for one in told} == {("number", "carrier", "country", "certainty", "why", "others")}
    assert [(one["carrier"], one["country"], one["certainty"]) for one in told] == [
        ("fedex", None, "likely"),
        (None, "NL", "likely"),
        (None, None, None),
    ]
    assert [other["carrier"] for other in told[0]["others"]] == ["shunfeng", "zhongtong", "shentong"]


@pytest.mark.parametrize("numbers", [[], [""], ["986578788855", " "]])
def test_the_command_wants_numbers(numbers: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Exit 2, nothing on stdout, the fix on stderr."""
    assert carriers_detect(numbers, as_json=False) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert "one or more tracking numbers" in err
