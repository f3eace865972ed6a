"""How pages say things: texts, times, money and masks in the reader's language and the shop's zone."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from markupsafe import Markup, escape

from carriers.kuaidi100_carriers import carrier_name
from config.words import WITHOUT_CENTS, knows, label, money, say, span
from domain.pickup import WAITING_FOR_ROUTE, ReturnStatus
from domain.privacy import mask_name, mask_phone
from domain.returns import Return
from domain.shipment import Shipment
from domain.words import Words
from store.masking import FREE
from store.unidentified import UNKNOWN

LANGS = {"zh": "中文", "en": "English"}
HTML_LANG = {"zh": "zh-CN", "en": "en"}


@dataclass(frozen=True, slots=True)
class Tongue:
    """``now`` is the time that the page was asked for, on the shipments' clock. ``veiled``: the reader may not see personal data, so
    nothing that people wrote freely, which may name anybody, is shown either.
    """

    lang: str
    zone: ZoneInfo
    now: datetime
    veiled: bool = False

    def t(self, key: str, **params: object) -> str:
        """A text of the pages, from ``[ui]`` of config/texts."""
        return say(Words(f"ui.{key}", params), self.lang, self.zone)

    def words(self, words: Words | None) -> str:
        """A sentence that another room said as a code with parameters."""
        if words and self.veiled and not FREE.isdisjoint(words.params):
            words = Words(words.code, {name: "…" if name in FREE else one for name, one in words.params.items()})
        return say(words, self.lang, self.zone) if words else ""

    def when(self, at: datetime | None, *, date: bool = False) -> Markup:
        """A time in the shop's zone; the exact UTC is in its title."""
        if at is None:
            return Markup("—")
        local = at.astimezone(self.zone)
        year = "%Y-" if local.year != self.now.astimezone(self.zone).year else ""
        text = local.strftime(f"{year}%m-%d" if date else f"{year}%m-%d %H:%M")
        return _time(at, text)

    def clock(self, at: datetime | None) -> Markup:
        """Hours and minutes only, where the day is said beside it."""
        return _time(at, at.astimezone(self.zone).strftime("%H:%M")) if at else Markup("—")

    def ago(self, at: datetime | None) -> Markup:
        """How long ago, with the time itself in the title."""
        if at is None:
            return Markup("—")
        key = "time.ago" if at <= self.now else "time.in"
        return _time(at, self.t(key, span=self.span(abs(self.now - at))))

    def span(self, length: timedelta | float | None) -> str:
        """A length of time in its two largest units."""
        return "—" if length is None else span(length, self.lang)

    def money(self, cents: int, currency: str) -> str:
        return money(cents, currency)

    def plain_money(self, cents: int, currency: str) -> str:
        """An amount as a person types it: in the main unit, without its sign."""
        return str(cents) if currency in WITHOUT_CENTS else f"{cents / 100:.2f}"

    def label(self, table: str, code: object) -> str:
        """The name of one code of a table; a code that isn't in it stands as it is."""
        return label(table, str(code), self.lang) if knows(f"{table}.{code}") else str(code)

    def event(self, key: str) -> str:
        """What happened, by the table and name of a fact: ``case_event.opened``."""
        if knows(key):
            return say(Words(key, {}), self.lang, self.zone)
        return self.t(f"event.{key}") if knows(f"ui.event.{key}") else key.partition(".")[2].replace("_", " ")

    def said(self, text: str) -> str:
        """A code of ours as its sentence (``cleared.lost``); what a person wrote stands as it is, for whoever may see it."""
        if "." in text and knows(text):
            return self.words(Words(text, {}))
        return self.t("veiled") if text and self.veiled else text

    def carrier(self, code: str) -> str:
        """A carrier by its name."""
        if code == UNKNOWN:
            return self.t("parcel.unknown_carrier")
        return carrier_name(code, self.lang) if code else ""

    def service(self, shipment: Shipment) -> str:
        """A carrier's service; its wire code as words: ``FEDEX_GROUND`` is "Ground"."""
        text = shipment.service
        if not (text.isupper() and "_" in text):
            return text
        return text.removeprefix(f"{shipment.carrier.upper()}_").replace("_", " ").capitalize()

    def window(self, per_s: int) -> str:
        """The length of a budget's window."""
        return self.t("source.seconds", n=per_s) if per_s < 60 else self.span(per_s)

    def channel(self, code: str) -> str:
        """Through what something came or went: ``console``, ``courier:li``."""
        kind, _, whom = code.partition(":")
        known = self.t(f"channel.{kind}") if knows(f"ui.channel.{kind}") else kind
        return f"{known} {whom}".strip()

    def unserved(self, value: Return) -> str:
        """Why the last plan left out a return that waits for a route; empty for every other return."""
        if not value.unserved_code or value.status not in WAITING_FOR_ROUTE:
            return ""
        return self._known("unserved", value.unserved_code)

    def refusal(self, value: Return) -> str:
        """Why a return was refused, with the rule; empty for every other return."""
        if value.status is not ReturnStatus.REFUSED:
            return ""
        why = self._known("refusal", value.unserved_code.removeprefix("return_"))
        return self.t("refusal.by_rule", why=why, rule=value.rule) if value.rule else why

    def _known(self, table: str, code: str) -> str:
        """The text of a code, or of `other`: a policy of the operator's own may name codes that no table knows."""
        return self.t(f"{table}.{code if knows(f'ui.{table}.{code}') else 'other'}")

    def name(self, text: str) -> str:
        return mask_name(text) or "—"

    def phone(self, text: str) -> str:
        return mask_phone(text) or "—"


def _time(at: datetime, text: str) -> Markup:
    exact = at.astimezone(UTC)
    return Markup('<time datetime="{}" title="{}">{}</time>').format(
        exact.isoformat(), exact.strftime("%Y-%m-%d %H:%M:%S UTC"), escape(text)
    )
