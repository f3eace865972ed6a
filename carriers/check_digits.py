"""Check digits of carriers' numbers: whether a number's last digit is the one that its other characters ask for.

Each takes a number in its documented format, capitals and digits only; the formats stand in carriers/number_formats.py.
"""

from itertools import cycle

S10_WEIGHTS = (8, 6, 4, 2, 3, 5, 9, 7)
DIGITS_ON_1_3_7 = 14  # the longest part that FedEx's mod 11 covers


def s10(number: str) -> bool:
    """UPU S10: two letters, eight digits, the check digit, a country. Source: UPU standard S10, check digit algorithm.

    The remainder of the weighted sum is taken from 11; 10 is written 0, 11 is written 5, so that 5 stands for two sums.
    """
    serial, check = number[2:10], int(number[10])
    rest = 11 - sum(int(digit) * weight for digit, weight in zip(serial, S10_WEIGHTS, strict=True)) % 11
    return check == {10: 0, 11: 5}.get(rest, rest)


def ups_1z(number: str) -> bool:
    """UPS 1Z: fifteen letters or digits after "1Z", then the check digit. Source: UPS's modified mod 10 for 1Z numbers.

    A letter counts as in UPS's chart (A 2, B 3, … H 9, I 0, J 1, …); every second character counts twice. A change by
    five in a doubled place goes unseen.
    """
    values = [int(char) if char.isdigit() else (ord(char) - ord("A") + 2) % 10 for char in number[2:17]]
    total = sum(values[0::2]) + 2 * sum(values[1::2])
    return int(number[17]) == -total % 10


def mod10(number: str) -> bool:
    """From the right, every second digit counts three times, and the whole is a multiple of ten.

    Source: GS1 General Specifications (SSCC); the same rule in USPS Publication 199 (IMpb), in FedEx Ground's bar code
    and label layout specification, and for DHL's 20-digit parcel numbers.
    """
    return sum(int(digit) * weight for digit, weight in zip(reversed(number), cycle((1, 3)))) % 10 == 0


def mod10_after_91(number: str) -> bool:
    """USPS's 20-digit numbers that leave out their application identifier: 91 counts, though it isn't printed."""
    return mod10("91" + number)


def mod10_after_92(number: str) -> bool:
    """FedEx Ground Economy's 20 digits are a USPS number without its 92, which counts, though it isn't printed."""
    return mod10("92" + number)


def fedex_mod11(number: str) -> bool:
    """FedEx Express: from the right the digits count 1, 3 and 7 times; the remainder of the sum by 11, 10 written 0.

    Source: FedEx's rule for 12-digit Express numbers; the 34-digit bar codes end in 14 digits under the same rule.
    """
    serial, check = number[-DIGITS_ON_1_3_7:-1], int(number[-1])
    total = sum(int(digit) * weight for digit, weight in zip(reversed(serial), cycle((1, 3, 7))))
    return check == total % 11 % 10


def dhl_express(number: str) -> bool:
    """DHL Express: the first nine digits as one number, its remainder by 7. Source: DHL's waybill number rule."""
    return int(number[:-1]) % 7 == int(number[-1])


def identcode(number: str) -> bool:
    """Deutsche Post's 12-digit Identcode: weights 4 and 9 in turn, up to the next multiple of ten."""
    total = sum(int(digit) * weight for digit, weight in zip(number[:-1], cycle((4, 9))))
    return int(number[-1]) == -total % 10
