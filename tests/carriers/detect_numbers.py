"""Bare numbers of many carriers, made by a seed. The check digits are computed here as the carriers' documents word
them, apart from the product's own arithmetic.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from random import Random

DIGITS = "0123456789"
UPS_CHART = dict(zip("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "23456789012345678901234567", strict=True))
"""UPS's chart of what a letter counts: A 2, B 3, … H 9, I 0, …"""


def up_to_ten(total: int) -> str:
    """What is missing to the next multiple of ten, 0 where nothing is."""
    return str((10 - total % 10) % 10)


def s10_digit(serial: str) -> str:
    """UPU S10: multiply by 8 6 4 2 3 5 9 7, add, divide by 11, subtract the remainder from 11; 10 is 0, 11 is 5."""
    total = 0
    for place, weight in enumerate([8, 6, 4, 2, 3, 5, 9, 7]):
        total += weight * int(serial[place])
    result = 11 - total % 11
    if result == 10:
        return "0"
    return "5" if result == 11 else str(result)


def ups_digit(fifteen: str) -> str:
    """UPS: letters by the chart; add the odd places, add twice the even places, up to the next multiple of ten."""
    odd = even = 0
    for place, char in enumerate(fifteen, start=1):
        value = int(UPS_CHART.get(char, char))
        if place % 2:
            odd += value
        else:
            even += value
    return up_to_ten(odd + even * 2)


def mod10_digit(payload: str) -> str:
    """GS1 and USPS: from the right, add places 1, 3, 5, … and triple them; add places 2, 4, …; up to the next ten."""
    backwards = payload[::-1]
    odd = sum(map(int, backwards[::2]))
    even = sum(map(int, backwards[1::2]))
    return up_to_ten(odd * 3 + even)


def fedex_digit(payload: str) -> str:
    """FedEx Express: from the eleventh place leftwards 1, 3, 7, 1, …; the remainder by 11 is the digit, 10 is 0."""
    weights = "137" * len(payload)
    total = sum(int(digit) * int(weight) for digit, weight in zip(payload[::-1], weights, strict=False))
    return str(total % 11).replace("10", "0")


def dhl_digit(nine: str) -> str:
    """DHL Express: nine digits minus seven times their whole sevenths."""
    value = int(nine)
    return str(value - 7 * (value // 7))


def identcode_digit(eleven: str) -> str:
    """Deutsche Post: places 1, 3, … count four times, places 2, 4, … nine times; up to the next ten."""
    return up_to_ten(4 * sum(map(int, eleven[::2])) + 9 * sum(map(int, eleven[1::2])))


CHECKS_ON_DIGITS: tuple[tuple[int, Callable[[str], str]], ...] = (
    (10, dhl_digit),
    (12, fedex_digit),
    (12, identcode_digit),
    (15, mod10_digit),
    (16, mod10_digit),
)
"""Lengths at which nothing but a check digit tells a carrier."""


@dataclass(frozen=True)
class Made:
    """A number, whose it is, and whether its format has a check digit that comes before everything else."""

    carrier: str
    number: str
    checked: bool = False


def digits(rng: Random, count: int) -> str:
    return "".join(rng.choices(DIGITS, k=count))


def closed(payload: str, digit: Callable[[str], str]) -> str:
    return payload + digit(payload)


def s10(rng: Random, letters: str, country: str) -> str:
    serial = digits(rng, 8)
    return f"{rng.choice(letters)}{rng.choice('ABCDEFGH')}{serial}{s10_digit(serial)}{country}"


def ups(rng: Random) -> str:
    account = "".join(rng.choices(DIGITS + "".join(UPS_CHART), k=6))
    service = rng.choice(["01", "02", "03", "12", "13", "66", "A8", "YW"])
    body = account + service + digits(rng, 7)
    return "1Z" + body + ups_digit(body)


def impb(rng: Random) -> str:
    """A domestic USPS number of one of the services whose numbers usps.com shows."""
    service = rng.choice(["001", "021", "033", "055", "073", "088", "701"])
    channel, mailer = rng.choice([("92", "9"), ("93", rng.choice("012345678")), ("94", ""), ("95", "")])
    start = channel + service + mailer
    return closed(start + digits(rng, 21 - len(start)), mod10_digit)


def routed(rng: Random) -> str:
    return "420" + digits(rng, rng.choice([5, 9])) + impb(rng)


def economy(rng: Random) -> str:
    return closed("92612" + "9" + digits(rng, 15), mod10_digit)[2:]


MAKERS: tuple[tuple[str, bool, Callable[[Random], str]], ...] = (
    ("ups", True, ups),
    ("usps", True, impb),
    ("usps", True, routed),
    ("usps", True, lambda rng: s10(rng, "CELRU", "US")),
    ("fedex", True, lambda rng: closed(digits(rng, 11), fedex_digit)),
    ("fedex", True, lambda rng: closed(digits(rng, 14), mod10_digit)),
    ("fedex", True, lambda rng: "9611020" + closed(digits(rng, 14), mod10_digit)),
    ("fedex", True, economy),
    ("dhl", True, lambda rng: closed(digits(rng, 9), dhl_digit)),
    ("dhl", True, lambda rng: closed(digits(rng, 11), identcode_digit)),
    ("dhl", True, lambda rng: closed("00340" + digits(rng, 14), mod10_digit)),
    ("dhl", False, lambda rng: "GM" + digits(rng, 16)),
    ("dhl", False, lambda rng: "JJD" + digits(rng, 18)),
    ("dhl", False, lambda rng: "JD" + digits(rng, 18)),
    ("royalmail", True, lambda rng: s10(rng, "LRUV", "GB")),
    ("japanposten", True, lambda rng: s10(rng, "CELRU", "JP")),
    ("ems", True, lambda rng: s10(rng, "E", "CN")),
    ("ems", False, lambda rng: rng.choice(["10", "11", "12", "95", "97"]) + digits(rng, 11)),
    ("youzhengguoji", True, lambda rng: s10(rng, "CLRU", "CN")),
    ("youzhengguonei", False, lambda rng: rng.choice(["96", "98", "99"]) + digits(rng, 11)),
    ("shunfeng", False, lambda rng: "SF" + digits(rng, 13)),
    ("shunfeng", False, lambda rng: digits(rng, 12)),
    ("yuantong", False, lambda rng: "YT" + digits(rng, 13)),
    ("jtexpress", False, lambda rng: "JT" + digits(rng, 13)),
    ("jd", False, lambda rng: "JD" + rng.choice(["VA", "VB", "X0", "00"]) + digits(rng, 11)),
    ("zhongtong", False, lambda rng: "7" + digits(rng, 13)),
    ("zhongtong", False, lambda rng: digits(rng, 12)),
    ("shentong", False, lambda rng: "77" + digits(rng, 13)),
    ("yunda", False, lambda rng: rng.choice("34") + digits(rng, 14)),
    ("yunda", False, lambda rng: digits(rng, 13)),
    ("debangkuaidi", False, lambda rng: "DPK" + digits(rng, 12)),
)

STRANGE: tuple[Callable[[Random], str], ...] = (
    lambda rng: "TBA" + digits(rng, 12),  # Amazon
    lambda rng: "YT" + digits(rng, 16),  # YunExpress
    lambda rng: closed(digits(rng, 13), mod10_digit),  # Hermes in Germany
    lambda rng: "H" + digits(rng, 19),  # Hermes
    lambda rng: digits(rng, 14) + rng.choice("ABCDEFGH"),  # DPD
    lambda rng: digits(rng, 24),  # InPost
    lambda rng: digits(rng, 22),  # Österreichische Post, Estafeta
    lambda rng: closed("0037" + digits(rng, 15), mod10_digit),  # PostNord, Bring
    lambda rng: s10(rng, "CELRU", rng.choice(["NL", "FR", "HK", "SE", "IT"])),
    lambda rng: "1" + rng.choice("356789") + digits(rng, 9),  # a mobile phone in China
    lambda rng: "2026" + digits(rng, 14),  # a shop's order
    lambda rng: digits(rng, 18),  # another shop's order
)
"""Numbers of carriers that the house has no code for, and numbers that are no parcel's."""


def made(seed: int, each: int) -> Iterator[Made]:
    """``each`` numbers of every maker."""
    rng = Random(seed)
    for carrier, checked, make in MAKERS:
        for _ in range(each):
            yield Made(carrier, make(rng), checked)


def other_digits_fit(number: str) -> int:
    """How many of the formats of digits only the number's last digit fits."""
    return sum(len(number) == length and number == closed(number[:-1], digit) for length, digit in CHECKS_ON_DIGITS)
