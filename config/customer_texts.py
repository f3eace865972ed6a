"""What customers are told: the shipped texts (config/texts/customers.*.toml) under an operator's own file.

A text is found by step and kind of case (``customer.opened.stalled``), else by the step's ``other``. The own file has the same
tables below its languages: ``[zh.opened]``, ``stalled = "…"``; what it doesn't say stays as shipped.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from config.errors import ConfigError, Problem
from config.toml_text import dotted, line_of, lines_of, read_toml
from config.words import LANGS, blanks_of, fill, texts
from domain.case import Kind
from domain.telling import Step
from domain.words import Words

Overlaid = Mapping[str, Mapping[str, str]]
"""Language to dotted code to text."""
BLANKS = frozenset({"order", "number", "carrier", "promised_at", "answer_by_at", "next_at", "shop"})
"""What a text for customers may speak of. Nothing that somebody outside wrote is among it."""
TABLES = (*Step, "subject", "frame")
MAX_TEXT = 1_000


def load_overlaid(file: Path) -> Overlaid:
    """An operator's own texts. Raises ConfigError with every misfit: an unknown table, kind or blank, a text too long."""
    tables, source = read_toml(file)
    lines = lines_of(source)
    found: dict[str, dict[str, str]] = {}
    problems: list[Problem] = []
    for lang, steps in tables.items():
        for step, named in steps.items() if isinstance(steps, Mapping) else [("", None)]:
            for key, text in named.items() if isinstance(named, Mapping) else [("", None)]:
                if fault := _fault(lang, step, key, text):
                    path = tuple(part for part in (lang, step, key) if part)
                    problems.append(Problem(str(file), dotted(path), fault, line=line_of(lines, path)))
                else:
                    found.setdefault(lang, {})[f"customer.{step}.{key}"] = str(text)
    if problems:
        raise ConfigError(problems)
    return found


def _fault(lang: str, step: str, key: str, text: Any) -> str:
    if lang not in LANGS:
        return f"the outermost tables are languages: {', '.join(LANGS)}"
    if step not in TABLES:
        return f"unknown table; known here: {', '.join(TABLES)}"
    if f"customer.{step}.{key}" not in texts(lang) and (step not in set(Step) or key not in {*Kind, "other"}):
        return "unknown key: a kind of case, or `other`"
    if not isinstance(text, str) or not text.strip() or len(text) > MAX_TEXT:
        return f"expected a text of 1 to {MAX_TEXT} characters"
    allowed = blanks_of(texts(lang).get(f"customer.{step}.{key}", "")) if step == "frame" else BLANKS
    strange = sorted(blanks_of(text) - allowed)
    return f"unknown blank {{{strange[0]}}}; known here: {', '.join(sorted(allowed))}" if strange else ""


def text_of(own: Overlaid, lang: str, step: str, key: str) -> tuple[str, str]:
    """(code, text) of a message: the operator's for the kind, the shipped for the kind, then the same for `other`."""
    for code in (f"customer.{step}.{key}", f"customer.{step}.other"):
        for book in (own.get(lang, {}), texts(lang)):
            if code in book:
                return code, book[code]
    return f"customer.{step}.other", ""


def said(own: Overlaid, lang: str, step: str, key: str, params: Mapping[str, Any], zone: ZoneInfo) -> str:
    """The text with its blanks filled."""
    code, text = text_of(own, lang, step, key)
    return fill(text, Words(code, dict(params)), lang, zone)
