"""Reading the route texts of the Chinese carriers, which pass through Kuaidi100 and Kuaidiniao in the same words.

The sources' codes differ and stay with their adapters; a ``Vocabulary`` ties a source's codes to the common phrases.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from carriers.base import Meaning
from carriers.kuaidi100_phrases import MANNERS
from carriers.phrases import Phrase, phrase_in
from carriers.plain_words import first_words, plain_words, sharpened
from domain.tracking import Manner, Milestone

_CLAUSE = "[^，,。；;！!]*"
_SUPPOSED = re.compile(
    r"(?:[如若](?:有|遇|果|您|无|需|收|客|未|拒|签|发)|是否|以免|避免|防止)[^，,。；;！!]*",
)
"""Place names such as 如皋 and 如东 stay."""

_ADVICE = re.compile(
    "(?:(?:^|(?<=[，,。；;！!、：: （(]))[如若](?!皋|东|意|家酒店|家宾馆|是|尔)"  # at the head of a clause, but no place name
    "|请勿|切勿|严禁|禁止|谨防|警惕|小心|当心|可能|万一|倘若|假如"
    "|(?:超过|逾期|超时|过期)[^，,。；;！!]*(?:将|会被?|自动|需)(?=[^，,。；;！!]*(?:退|收费|费用))"  # what waits for those who don't come
    "|(?:请|可|可以|有权)(?:您)?(?:当面|直接)?(?:拒收|拒签|拒绝签收|退回))" + _CLAUSE
)


def stated(text: str) -> str:
    """A route text without what it only supposes (如有破损…, 若收件人不在…, 是否…, 以免丢失), advises, warns of or forbids: 请勿寄递违禁品,
    谨防快递丢失诈骗, 可拒签, 逾期将退回.
    """
    return _ADVICE.sub(" ", _SUPPOSED.sub(" ", text))


TAKEN_OUT = frozenset({Manner.LOCKER, Manner.POINT})


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """A source's tables. ``codes``: what a code means. ``refines``: generic codes, and the milestones to which the text
    may sharpen each. ``manners``: what a text may say of the manner where the code has settled the rest, any where it
    hasn't. ``phrases``: what decides where there is no code.
    """

    codes: Mapping[str, Meaning]
    refines: Mapping[str, frozenset[Milestone]]
    manners: Mapping[str, frozenset[Manner]]
    phrases: tuple[Phrase, ...]

    def is_settled(self, code: str) -> bool:
        """Whether no text can say more than the code does, or anything of an unknown one."""
        meaning = self.codes.get(code)
        return meaning is None or (code not in self.refines and meaning.milestone is not Milestone.DELIVERED)

    def read(self, code: str, text: str) -> tuple[Phrase | None, Meaning | None]:
        """The phrase that the text holds (where it matters), and the event's meaning: by its code, sharpened by the text where the code is
        generic; without a code by the text alone. An unknown code has no meaning, whatever the text says.
        """
        if code and self.is_settled(code):
            return None, self.codes.get(code)
        statement = stated(text)
        row = phrase_in(statement, self.phrases)
        said = row.meaning if row else None
        if not code:
            return _by_words(row, statement)
        meaning = self.codes.get(code)
        if meaning and said and said.milestone in self.refines.get(code, frozenset()):
            meaning = said
        return row, with_manner(meaning, statement, self.manners.get(code))


def _by_words(row: Phrase | None, text: str) -> tuple[Phrase | None, Meaning | None]:
    """A text without a code: by plain words that take a delivery back, else by its phrase, sharpened by the plain words."""
    first = first_words(text)
    if first and (row is None or row.meaning.milestone not in _NEVER_UNDONE):
        return Phrase(first.name, first.meaning), first.meaning
    plain = plain_words(text)
    if row is None:
        return (Phrase(plain.name, plain.meaning), plain.meaning) if plain else (None, None)
    return row, sharpened(with_manner(row.meaning, text), plain.meaning if plain else None)


_NEVER_UNDONE = frozenset({Milestone.CANCELLED, Milestone.RETURNED, Milestone.CUSTOMS, Milestone.INFO})
"""What a phrase says so exactly that a word of error in the text is about something else."""


def with_manner(meaning: Meaning | None, text: str, allowed: frozenset[Manner] | None = None) -> Meaning | None:
    """A delivery with the manner that its text names, where that is allowed (None: any). Who fetched a parcel from a
    locker or point doesn't matter: it stays fetched from there.
    """
    if meaning is None or meaning.milestone is not Milestone.DELIVERED:
        return meaning
    if allowed is None and meaning.manner in TAKEN_OUT:
        allowed = TAKEN_OUT
    named = manner_in(text)
    return replace(meaning, manner=named) if named and (allowed is None or named in allowed) else meaning


def manner_in(text: str) -> Manner | None:
    """Who or what took the parcel, as far as the route text names them."""
    return next((manner for manner, words in MANNERS if any(word in text for word in words)), None)
