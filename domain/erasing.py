"""Taking one customer out of texts: what they are known by, and every way in which it may be written."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from domain.privacy import MIN_ADDRESS, MIN_NAME, MIN_PHONE, mask_phone, mask_text

ERASED = "[erased]"
"""What stands where a customer's name, phone, address or own words stood."""

SAID = frozenset({"text", "note", "said", "words"})
"""JSON keys of a customer's own records whose texts go as a whole: what they, a courier or a colleague wrote freely."""

_CODE = re.compile(r"[a-z][a-z0-9_.]*")
_LETTER = r"[A-Za-z0-9_\u00c0-\u024f]"
_LATIN = re.compile(r"[\x00-\u024f]+")


@dataclass(frozen=True, slots=True)
class Personal:
    """What a customer is known by; of several records, all of it."""

    names: frozenset[str] = frozenset()
    phones: frozenset[str] = frozenset()
    emails: frozenset[str] = frozenset()
    addresses: frozenset[str] = frozenset()

    def __or__(self, other: "Personal") -> "Personal":
        return Personal(
            self.names | other.names,
            self.phones | other.phones,
            self.emails | other.emails,
            self.addresses | other.addresses,
        )

    @property
    def values(self) -> list[str]:
        return sorted({*self.names, *self.phones, *self.emails, *self.addresses})


def personal(name: str = "", phone: str = "", email: str = "", address: str = "") -> Personal:
    """Of one record; what is too short to be anybody's is left out."""
    return Personal(
        names=_those(name.strip(), MIN_NAME),
        phones=frozenset({phone.strip()}) if len(digits_of(phone)) >= MIN_PHONE else frozenset(),
        emails=_those(email.strip() if "@" in email else "", 1),
        addresses=_those(address.strip(), MIN_ADDRESS),
    )


def _those(text: str, least: int) -> frozenset[str]:
    return frozenset({text}) if len(text) >= least and _hook(text) else frozenset()


def digits_of(phone: str) -> str:
    """A phone's digits, without China's country code."""
    digits = re.sub(r"\D", "", phone)
    return digits[2:] if len(digits) == 13 and digits.startswith("86") else digits


Rewrite = Callable[[str], str]


def rewriter(who: Personal) -> Rewrite:
    """A text without these people. Doing it twice changes nothing."""
    pattern = _pattern(who)
    return (lambda text: pattern.sub(ERASED, text)) if pattern else (lambda text: text)


def own_rewriter(who: Personal) -> Rewrite:
    """The same for records of the customer's own: masked forms of their phone and everybody else's data go too."""
    masked = sorted({mask_phone(digits) for phone in who.phones if len(digits := digits_of(phone)) == 11})
    plain = rewriter(who)

    def rewrite(text: str) -> str:
        text = plain(text)
        for one in masked:
            text = text.replace(one, ERASED)
        return mask_text(text)

    return rewrite


def _pattern(who: Personal) -> re.Pattern[str] | None:
    parts = [
        *(_spaced(address) for address in sorted(who.addresses, key=len, reverse=True)),
        *(re.escape(email) for email in sorted(who.emails)),
        *(_phone(digits_of(phone)) for phone in sorted(who.phones)),
        *(_name(name) for name in sorted(who.names, key=len, reverse=True)),
    ]
    return re.compile("|".join(parts), re.IGNORECASE) if parts else None


def _spaced(text: str) -> str:
    """However its blanks are written."""
    return r"\s*".join(re.escape(part) for part in text.split())


def _phone(digits: str) -> str:
    return r"(?:(?<!\d)\+?86[\s-]?|(?<!\d))" + r"[\s.-]?".join(digits) + r"(?!\d)"


def _name(name: str) -> str:
    """A name in Latin letters as words of its own; Chinese has no blanks between words."""
    found = _spaced(name)
    if not _LATIN.fullmatch(name):
        return found
    before = rf"(?<!{_LETTER})" if re.match(_LETTER, name[0]) else ""
    after = rf"(?!{_LETTER})" if re.match(_LETTER, name[-1]) else ""
    return f"{before}{found}{after}"


@dataclass(frozen=True, slots=True)
class Hooks:
    """What a text must contain before it is worth rewriting: ``texts`` in small letters, or ``digits`` once blanks, hyphens
    and dots are gone. None of them has a quote or backslash in it, so that they are found in JSON, too.
    """

    texts: tuple[str, ...] = ()
    digits: tuple[str, ...] = ()


def hooks(who: Personal) -> Hooks:
    texts = {_hook(text) for text in (*who.names, *who.emails, *who.addresses)} - {""}
    return Hooks(tuple(sorted(texts)), tuple(sorted({digits_of(phone) for phone in who.phones})))


def _hook(text: str) -> str:
    return max(re.split(r"[\s\"\\\x00-\x1f]+", _small(text)), key=len)


def _small(text: str) -> str:
    """Small letters as SQLite makes them: of ASCII only."""
    return re.sub(r"[A-Z]+", lambda found: found[0].lower(), text)


def in_json(value: Any, rewrite: Rewrite, *, own: bool = False) -> Any:
    """JSON with every text rewritten; codes of ours (``lost``, ``evidence.silence``) stay. ``own``: a customer's own record,
    of which free texts go as a whole.
    """
    if isinstance(value, str):
        return value if _CODE.fullmatch(value) else rewrite(value)
    if isinstance(value, dict):
        return {in_json(k, rewrite): _member(k, v, rewrite, own=own) for k, v in value.items()}
    if isinstance(value, list):
        return [in_json(one, rewrite, own=own) for one in value]
    if isinstance(value, int) and not isinstance(value, bool) and rewrite(str(value)) != str(value):
        return ERASED
    return value


def _member(key: str, value: Any, rewrite: Rewrite, *, own: bool) -> Any:
    if own and key in SAID and isinstance(value, str):
        return ERASED if value and not _CODE.fullmatch(value) else value
    return in_json(value, rewrite, own=own)


def forms(who: Personal) -> Iterable[bytes]:
    """What a search for traces looks for: each value as UTF-8 and as JSON escapes it, phones also as bare digits."""
    for text in {*who.values, *(digits_of(phone) for phone in who.phones)}:
        yield text.encode()
        escaped = text.encode("unicode_escape")
        if escaped != text.encode():
            yield escaped
        if not text.isascii():
            yield text.encode("gb18030")
