"""Codes turned into zh-CN or English where people read them. The texts: config/texts/<topic>.<language>.toml.

A code is a dotted way into the file (``evidence.silence``). A blank ``{name}`` is filled by the parameter of that name,
formatted by how it ends: ``_at`` (and ``at``) an ISO time in the reader's zone, ``_s`` seconds as the two largest units, ``_cents``
money in the parameter ``currency``, ``_share`` a percentage, ``_code`` (and the names in TABLE_OF) looked up in another
table. Other values stand as they are; None and an empty text say "unknown". A part in ``[[…]]`` is only said where all of
its blanks have parameters.
"""

import re
import tomllib
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import cache, partial
from importlib.resources import files
from typing import Any
from zoneinfo import ZoneInfo

from domain.errors import RuleError
from domain.words import Words

LANGS = ("zh", "en")
DEFAULT_CURRENCY = "CNY"

TABLE_OF = {
    "milestone": "milestone",
    "kind": "kind",
    "reason": "reason",
    "fail_reason": "fail_reason",
    "manner": "manner",
    "no_data": "no_data",
    "way": "way",
    "want": "want",
    "fault": "fault",
    "payer": "payer",
    "status": "return_status",
    "role": "role",
}
"""Parameters whose values are codes of a table; a value that isn't one stands as it is."""

_BLANK = re.compile(r"\{(\w+)\}")
_OPTION = re.compile(r"\[\[(.*?)\]\]")


def say(words: Words, lang: str, zone: ZoneInfo, *, strict: bool = False) -> str:
    """The sentence in ``lang``, times in ``zone``.

    An unknown code or a blank without its parameter is shown as such, so that no page breaks over a word; with
    ``strict`` it raises RuleError.
    """
    text = texts(lang).get(words.code)
    if text is None:
        return _unsaid(words.code, strict=strict)
    return fill(text, words, lang, zone, strict=strict)


def fill(text: str, words: Words, lang: str, zone: ZoneInfo, *, strict: bool = False) -> str:
    """``text`` with its blanks filled by the words' parameters, whose code only names it in errors."""

    def filled(blank: re.Match[str]) -> str:
        name = blank.group(1)
        if name not in words.params:
            return _unsaid(f"{words.code}: {{{name}}}", strict=strict)
        return _said(name, words.params[name], words.params, lang, zone)

    return _BLANK.sub(filled, _OPTION.sub(partial(_chosen, words.params), text))


def blanks_of(text: str) -> frozenset[str]:
    return frozenset(_BLANK.findall(text))


def _chosen(params: Mapping[str, Any], option: re.Match[str]) -> str:
    """An optional part, where there is something to say in each of its blanks."""
    has_all = all(params.get(name) not in (None, "") for name in _BLANK.findall(option.group(1)))
    return option.group(1) if has_all else ""


def label(table: str, code: str, lang: str, *, strict: bool = False) -> str:
    """The name of one code of a table: ``label("milestone", "in_transit", "en")``."""
    text = texts(lang).get(f"{table}.{code}")
    return _unsaid(f"{table}.{code}", strict=strict) if text is None else text


def knows(code: str) -> bool:
    """Whether a code can be said in every language."""
    return all(code in texts(lang) for lang in LANGS)


def _unsaid(what: str, *, strict: bool) -> str:
    if strict:
        raise RuleError(f"no words for {what}: add it to a pair of files in config/texts")
    return f"[{what}]"


@cache
def texts(lang: str) -> Mapping[str, str]:
    """Every text of a language by its dotted code: all topics together.

    Raises RuleError for a language that we don't speak, and where two topics say the same code.
    """
    if lang not in LANGS:
        raise RuleError(f"language {lang!r}: one of {', '.join(LANGS)}")
    found: dict[str, str] = {}
    for file in sorted(files("config").joinpath("texts").iterdir(), key=lambda file: file.name):
        if file.name.endswith(f".{lang}.toml"):
            topic = dict(_flat(tomllib.loads(file.read_text(encoding="utf-8")), ""))
            if twice := topic.keys() & found.keys():
                raise RuleError(f"config/texts/{file.name}: said in another topic already: {', '.join(sorted(twice))}")
            found |= topic
    return found


def _flat(table: Mapping[str, Any], prefix: str) -> list[tuple[str, str]]:
    found = []
    for key, value in table.items():
        found += _flat(value, f"{prefix}{key}.") if isinstance(value, Mapping) else [(f"{prefix}{key}", str(value))]
    return found


def _said(name: str, value: Any, params: Mapping[str, Any], lang: str, zone: ZoneInfo) -> str:
    if value is None or value == "":
        return texts(lang).get(f"unknown.{name}", texts(lang)["unknown.any"])
    if name.endswith("_at") or name == "at":
        return moment(value, lang, zone)
    if name.endswith("_s") and isinstance(value, int | float):
        return span(value, lang)
    if name.endswith("_cents") and isinstance(value, int):
        return money(value, str(params.get("currency") or DEFAULT_CURRENCY))
    if name.endswith("_share") and isinstance(value, int | float):
        return f"{value:.0%}"
    if isinstance(value, list | tuple):
        return ", ".join(_said(name, one, params, lang, zone) for one in value)
    table = TABLE_OF.get(name) or name.removesuffix("_code")
    return texts(lang).get(f"{table}.{value}", str(value))


def moment(at: Any, lang: str, zone: ZoneInfo) -> str:
    """A time (aware datetime or ISO text) on the reader's clock, with its weekday; a text that is no time as it is."""
    try:
        read = at if isinstance(at, datetime) else datetime.fromisoformat(str(at))
    except ValueError:
        return str(at)
    local = read.astimezone(zone) if read.tzinfo else read
    book = texts(lang)
    parts = {
        "weekday": book[f"weekday.{local.weekday()}"],
        "month": book[f"month.{local.month}"],
        "day": str(local.day),
        "clock": f"{local:%H:%M}",
    }
    return _BLANK.sub(lambda blank: parts[blank.group(1)], book["format.moment"])


UNITS = (("d", 86_400), ("h", 3_600), ("min", 60))


def span(length: float | timedelta, lang: str) -> str:
    """A length of time in its two largest units: ``2 d 3 h``; below a minute, ``0 min``."""
    left = int(length.total_seconds() if isinstance(length, timedelta) else length)
    sign, left = "-" if left < 0 else "", abs(left)
    said: list[tuple[int, str]] = []
    for unit, size in UNITS:
        count, left = divmod(left, size)
        if count or said:
            said.append((count, unit))
    shown = [(count, unit) for count, unit in said[:2] if count] or [(0, "min")]
    return sign + " ".join(texts(lang)[f"unit.{unit}"].replace("{n}", str(count)) for count, unit in shown)


SYMBOLS = {"CNY": "¥", "USD": "$", "EUR": "€", "GBP": "£", "HKD": "HK$", "JPY": "JP¥"}
WITHOUT_CENTS = frozenset({"JPY", "KRW", "VND"})  # ISO 4217: no minor unit


def money(cents: int, currency: str) -> str:
    """An amount in the smallest unit of its currency: ``¥12.50``, ``CHF 12.50``."""
    amount = f"{abs(cents):,}" if currency in WITHOUT_CENTS else f"{abs(cents) / 100:,.2f}"
    return f"{'-' if cents < 0 else ''}{SYMBOLS.get(currency, f'{currency} ')}{amount}"
