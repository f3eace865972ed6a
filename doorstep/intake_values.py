"""Single values of the merchant's files and calls: references, money, times; each fault with its fix."""

import re
import unicodedata
from datetime import UTC, datetime, time
from decimal import Decimal, InvalidOperation
from typing import Any
from zoneinfo import ZoneInfo

from domain.errors import RuleError

MAX_TEXT = 2_000
MAX_CENTS = 10**11  # a thousand million: anything larger is a slipped column
YEARS = range(2000, 2100)

_SCIENTIFIC = re.compile(r"\d(?:\.\d+)?[Ee]\+?\d+")
_NUMBER = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{3,39}")
_REFERENCE = re.compile(r"[^\s\x00-\x1f\x7f]{1,64}")
_TIME = re.compile(
    r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?(?:[T\s]*(\d{1,2})[:时](\d{1,2})(?:[:分](\d{1,2})(?:\.\d+)?秒?)?分?)?"
)
_MONEY_SIGNS = re.compile(r"^(?:¥|￥|CNY|RMB|\$|€|£)\s*|\s*元$", re.IGNORECASE)
EXCEL_FIX = "format the column as text in the spreadsheet, enter the number again and export it anew"


def text_of(value: Any) -> str:
    """A value as a text without white space around; nothing is an empty text."""
    if value is None:
        return ""
    if isinstance(value, str):
        return unicodedata.normalize("NFC", value).strip()[:MAX_TEXT]
    if isinstance(value, float) and value.is_integer() and abs(value) < 10**15:
        return str(int(value))
    return str(value)


def reference(value: Any) -> str:
    """An order number, a tracking number, a phone: as people copy them, without quotes, blanks and a trailing ``.0``.

    Raises RuleError where a spreadsheet has thrown its digits away.
    """
    text = unicodedata.normalize("NFKC", text_of(value)).strip("'`\"‘’ \t=")
    text = re.sub(r"(?<=\d)\.0+$", "", "".join(text.split()))
    if _SCIENTIFIC.fullmatch(text):
        raise RuleError(f"{text} is a number that a spreadsheet has shortened, its digits are lost: {EXCEL_FIX}")
    return text


def order_reference(value: Any) -> str:
    text = reference(value)
    if not _REFERENCE.fullmatch(text):
        raise RuleError(f"{text!r} is no order number: 1 to 64 characters without blanks")
    return text


def tracking_number(value: Any) -> str:
    """Letters, digits and hyphens, in capitals: carriers don't tell them apart."""
    text = reference(value).upper()
    if not _NUMBER.fullmatch(text):
        raise RuleError(f"{text!r} is no tracking number: 4 to 40 letters, digits or hyphens")
    return text


def cents_of_text(value: Any) -> int:
    """An amount in the currency's main unit, as files say it: ``12.5``, ``¥1,234.50``, ``12元``.

    Raises RuleError below a cent, below zero, or where it is no amount.
    """
    text = _MONEY_SIGNS.sub("", unicodedata.normalize("NFKC", text_of(value)).replace(",", ""))
    try:
        cents = Decimal(text) * 100
    except InvalidOperation as exc:
        raise RuleError(f"{text_of(value)!r} is no amount; write it like 12.50") from exc
    if not cents.is_finite() or cents != cents.to_integral_value() or not 0 <= cents <= MAX_CENTS:
        raise RuleError(f"{text_of(value)!r} must be an amount from 0 up with at most two decimals, like 12.50")
    return int(cents)


def whole(value: Any, *, least: int, most: int) -> int:
    """A whole number within bounds, from JSON or a cell. Raises RuleError."""
    text = re.sub(r"\.0+$", "", unicodedata.normalize("NFKC", text_of(value)))
    if isinstance(value, bool) or not re.fullmatch(r"-?\d{1,15}", text) or not least <= int(text) <= most:
        raise RuleError(f"{text_of(value)!r} must be a whole number from {least} to {most}")
    return int(text)


def coordinate(value: Any, *, limit: int) -> float:
    try:
        number = float(text_of(value))
    except ValueError as exc:
        raise RuleError(f"{text_of(value)!r} is no coordinate; write degrees like 31.2304") from exc
    if not -limit <= number <= limit:
        raise RuleError(f"{number} is no coordinate: it must lie between -{limit} and {limit}")
    return number


def instant(value: Any, zone: ZoneInfo, *, end_of_day: bool = False) -> datetime:
    """A time as aware UTC; without an offset it is the shop's. ``end_of_day``: a date alone means its last second.

    Reads ISO 8601 and ``2026-11-22 18:00``, ``2026/11/22``, ``2026年11月22日 18:00``. Raises RuleError.
    """
    if isinstance(value, datetime):
        return _utc(value, zone)
    text = unicodedata.normalize("NFKC", text_of(value))
    if found := _TIME.fullmatch(text):
        return _utc(_local(text, found.groups(), end_of_day=end_of_day), zone)
    try:
        return _utc(datetime.fromisoformat(text), zone)
    except ValueError as exc:
        raise RuleError(f"{text!r} is no time; write it like 2026-11-22 18:00 or 2026-11-22T18:00+08:00") from exc


def _local(text: str, parts: tuple[str | None, ...], *, end_of_day: bool) -> datetime:
    numbers = [int(part) for part in parts if part is not None]
    try:
        day = datetime(*numbers)  # type: ignore[arg-type]  # noqa: DTZ001  # three to six numbers; the zone comes after
    except ValueError as exc:
        raise RuleError(f"{text!r} is no date of the calendar") from exc
    return datetime.combine(day, time(23, 59, 59)) if end_of_day and len(numbers) == 3 else day


def _utc(at: datetime, zone: ZoneInfo) -> datetime:
    if at.year not in YEARS:
        raise RuleError(f"{at:%Y-%m-%d} isn't a year of this century")
    return (at if at.tzinfo else at.replace(tzinfo=zone)).astimezone(UTC)
