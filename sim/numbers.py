"""Tracking numbers as each carrier prints them, with real check digits.

A serial is twelve digits: two of the world's seed, six of the order's place in line, four of chance.
"""

from collections.abc import Callable

Number = Callable[[str], str]
"""A tracking number from a serial; two orders of one world never share one."""


def prefixed(prefix: str) -> Number:
    return lambda serial: prefix + serial


def ems(serial: str) -> str:
    """Domestic EMS and parcels of China Post: thirteen digits."""
    return "1" + serial


def china_post(serial: str) -> str:
    return "9" + serial


def fedex(serial: str) -> str:
    """FedEx Express: twelve digits, the last of them modulo 11, then modulo 10, of the weights 3 1 7."""
    base = serial[:11]
    total = sum(int(digit) * weight for digit, weight in zip(base, (3, 1, 7) * 4, strict=False))
    return f"{base}{total % 11 % 10}"


def ups(serial: str) -> str:
    """1Z, six characters of the shipper, two of the service, seven of the package, a check digit modulo 10.

    Letters count as (their ASCII code - 63) modulo 10; every second place counts twice.
    """
    base = f"{serial[:2]}{serial[8:]}68{serial[2:8]}0"
    values = [int(c) if c.isdigit() else (ord(c) - 63) % 10 for c in base]
    total = sum(values[0::2]) + 2 * sum(values[1::2])
    return f"1Z{base}{-total % 10}"


def usps(serial: str) -> str:
    """Twenty-two digits, 9400 first; the check digit is modulo 10 of the weights 3 1 from the right."""
    base = f"94001000{serial}0"
    total = sum(int(digit) * (3 if n % 2 == 0 else 1) for n, digit in enumerate(reversed(base)))
    return f"{base}{-total % 10}"


def dhl_express(serial: str) -> str:
    """Ten digits, the last of them the other nine modulo 7."""
    base = f"4{serial[2:8]}{serial[10:]}"
    return f"{base}{int(base) % 7}"


S10_WEIGHTS = (8, 6, 4, 2, 3, 5, 9, 7)
S10_CHECK = {10: 0, 11: 5}


def s10(service: str, country: str) -> Number:
    """UPU S10: two letters, eight digits, a check digit, two letters of the country."""

    def number(serial: str) -> str:
        base = serial[:8]
        total = sum(int(digit) * weight for digit, weight in zip(base, S10_WEIGHTS, strict=True))
        check = 11 - total % 11
        return f"{service}{base}{S10_CHECK.get(check, check)}{country}"

    return number
