"""Taking people out of texts before they are stored: phone numbers and the names that carriers write into scans."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache

# Each of these begins with a literal and looks back only after it: `re` then jumps from one such character to the next,
# which over a whole reply costs a tenth of trying every place.
MOBILE = re.compile(r"(1(?<!\d1)[3-9]\d)[\s-]?\d{4}[\s-]?(\d{4})(?!\d)")
"""Chinese mobile numbers: 11 digits, first three and last four kept (the common way to mask them)."""
LANDLINE = re.compile(r"(0(?<![\d-]0)\d{2,3})-?\d{3,4}(\d{4})(?!\d)")
INTERNATIONAL = re.compile(r"\+(?<!\w\+)\d{1,3}[\s.-]?(?:\(?\d{2,4}\)?[\s.-]?){2,4}\d{2,4}(?!\d)")
EMAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
NAMED = re.compile(
    r"([人员哥](?:(?<=签收人|收件人|派件员|派送员|快递员|业务员|揽投员|投递员|取件员|投柜员|联系人)|(?<=小哥))"
    r"(?:姓名)?[\s:\uff1a【\[(\uff08]+)([\u4e00-\u9fff·]{2,4})(?=[\s,(\uff08\uff0c。;\uff1b】\])\uff09、/:\uff1a\d]|$)"
)
"""A role, then a Chinese name: 派件员:张三丰, 签收人【李四】."""
MASKED_IN_BRACKETS = re.compile(r"\*\*\*\*(?<=[(\uff08]\d{3}\*{4})\d{4}")
BEFORE_STARS = 4
"""The bracket and the first digits of a masked number in brackets."""
CALLED = re.compile(r"[\u4e00-\u9fff]{1,2}\Z")
"""The given name before a (masked) phone number in brackets: 周春梅(199****2684)."""
ORDINARY = re.compile(
    "本人|他人|家人|门卫|前台|物业|邻居|同事|家属|代收|已签|签收|驿站|超市|菜鸟|丰巢|自提|快递|单位|收发|保安|朋友|亲戚|父母|正在|电话"
)
"""Words after 签收人 that say who it was without naming anybody; the detectors need them."""


NO_NAME = re.compile("[员话机线服点司部站号]|本人")
"""How words end that stand before a number without being a name: 快递员, 电话, 手机, 热线, 客服, 网点, 公司."""


def mask_name(name: str) -> str:
    """The family name stays, the rest becomes stars: 张三丰 → 张**."""
    return name[:1] + "*" * max(len(name) - 1, 1) if name else ""


def mask_phone(phone: str) -> str:
    """Everything but the last four digits becomes stars; 11-digit numbers keep their first three too."""
    digits = re.sub(r"\D", "", phone)
    if len(digits) == 11:
        return f"{digits[:3]}****{digits[-4:]}"
    return "*" * max(len(digits) - 4, 0) + digits[-4:] if digits else ""


def mask_text(text: str) -> str:
    """A carrier's text without phone numbers, addresses of mail and names. Masking twice changes nothing."""
    if "1" in text:  # what a pattern can't do without is looked for first: most texts have none of it
        text = MOBILE.sub(r"\1****\2", text)
    if "0" in text:
        text = LANDLINE.sub(r"\1****\2", text)
    if "+" in text:
        text = INTERNATIONAL.sub("+***", text)
    if "@" in text:
        text = EMAIL.sub("***@***", text)
    if "人" in text or "员" in text or "哥" in text:
        text = NAMED.sub(_mask_named, text)
    return _mask_called(text) if "****" in text else text


def _mask_named(match: re.Match[str]) -> str:
    role, name = match.groups()
    return match.group(0) if ORDINARY.search(name) else role + mask_name(name)


def _mask_called(text: str) -> str:
    """The text without the names before masked numbers in brackets."""
    parts, done = [], 0
    for stars in MASKED_IN_BRACKETS.finditer(text):
        bracket = stars.start() - BEFORE_STARS
        name = CALLED.search(text, max(bracket - 2, done), bracket)
        if name and not NO_NAME.search(name[0]):
            parts += [text[done : name.start()], "*" * len(name[0])]
            done = name.end()
    return "".join([*parts, text[done:]])


@dataclass(frozen=True, slots=True)
class Known:
    """A customer whom texts about their own parcels may name, so that they can be masked wherever they stand. It stays out of
    every repr, hence of logs.
    """

    name: str = field(default="", repr=False)
    phone: str = field(default="", repr=False)
    email: str = field(default="", repr=False)
    address: str = field(default="", repr=False)

    def hide(self, text: str) -> str:
        """A text without this customer, and without other people as far as patterns tell. Twice changes nothing."""
        return self.hider()(text)

    def hider(self) -> Callable[[str], str]:
        """``hide`` for many texts: what stands for this customer is made once."""
        masks = tuple(self._masks())

        def hide(text: str) -> str:
            for value, masked in masks:
                if value in text:
                    text = text.replace(value, masked)
            return mask_text(text)

        return hide if masks else mask_text

    def _masks(self) -> Iterator[tuple[str, str]]:
        """Each value that is long enough to be somebody's, and what stands for it."""
        if len(self.address) >= MIN_ADDRESS:
            yield self.address, "***"
        if self.email:
            yield self.email, "***@***"
        if len(self.phone) >= MIN_PHONE:
            yield self.phone, mask_phone(self.phone)
        if len(self.name) >= MIN_NAME:
            yield self.name, mask_name(self.name)


NOBODY = Known()
MIN_NAME, MIN_PHONE, MIN_ADDRESS = 2, 7, 4
"""Characters below which a name, phone or address is too short to be looked for in texts."""


@lru_cache(maxsize=2_048)  # a parcel that didn't move is answered with the same bytes
def scrub_body(body: bytes, fields: tuple[str, ...] = ()) -> bytes:
    """A raw reply without phone numbers, mail addresses and names, for keeping; the texts of JSON ``fields`` are blanked
    whatever they hold. Undecodable bytes are replaced.
    """
    text = mask_text(body.decode("utf-8", "replace"))
    here = tuple(name for name in fields if name in text)
    if here:
        text = _field(here).sub(r"\1\2***\2", text)
    return text.encode()


@lru_cache(maxsize=1_024)
def _field(names: tuple[str, ...]) -> re.Pattern[str]:
    """A JSON text under one of these names, also where the JSON itself stands in a JSON text, its quotes escaped (the
    backslash before the first one stays where it is).
    """
    return re.compile(r'("(?:' + "|".join(map(re.escape, names)) + r')\\?"\s*:\s*)(\\?")(?:[^"\\]|\\[^"])*\\?"')
