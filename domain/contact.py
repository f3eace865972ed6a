"""How a customer can be reached and recognised: addresses made plain, and nothing of theirs turned into a link or a header."""

import re
import unicodedata

EMAIL = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}@(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?\.)+[A-Za-z]{2,}")
"""Addresses that are written to: one only, without display name, quotes or comments."""
MAX_EMAIL = 254
EXTENSION = re.compile(r"(转|ext|x|#|,)", re.IGNORECASE)
"""A platform's virtual number carries an extension, is shared and expires: it tells nobody apart."""
MAX_NAME = 24
NO_NAME = re.compile(r"[:/\\@.<>&;\"'=%{}\[\]|`]|www|\d{3}", re.IGNORECASE)
"""What stands in no name: an address of the web or of mail, markup, a number."""


def email_of(text: str) -> str:
    """The one mail address in ``text``; empty where it isn't exactly that."""
    trimmed = text.strip()
    return trimmed if len(trimmed) <= MAX_EMAIL and EMAIL.fullmatch(trimmed) and ".." not in trimmed else ""


def phone_of(text: str) -> str:
    """A number that can be texted, as digits with + before a country code; empty where it can't: a landline's extension,
    a masked or a virtual number.
    """
    if EXTENSION.search(text) or "*" in text:
        return ""
    digits = re.sub(r"\D", "", text)
    abroad = text.strip().startswith("+") or digits.startswith("00")
    digits = digits.removeprefix("00") if digits.startswith("00") else digits
    if digits.startswith("86") and len(digits) == 13:
        digits, abroad = digits[2:], False
    if not 8 <= len(digits) <= 15:
        return ""
    return f"+{digits}" if abroad else digits


def keys_of(phone: str, email: str) -> list[str]:
    """What the same customer is known again by: normalised phone and mail address."""
    number, address = phone_of(phone), email_of(email).casefold()
    return [key for key in (f"phone:{number}" if number else "", f"email:{address}" if address else "") if key]


def plain(text: str, limit: int = 200) -> str:
    """One line without control, format and bidirectional characters."""
    kept = "".join(" " if unicodedata.category(c) in {"Zl", "Zp"} or c in "\r\n\t" else c for c in text)
    kept = "".join(c for c in kept if unicodedata.category(c)[0] != "C")
    return " ".join(kept.split())[:limit]


def greeted_name(name: str) -> str:
    """A name as a message greets with; empty where it is none: too long, or something that a phone would make a link of."""
    told = plain(name)
    return "" if len(told) > MAX_NAME or NO_NAME.search(told) else told
