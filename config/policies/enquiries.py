"""How long carriers have for an answer, and where their branches are reached: enquiries.toml, or a person's own file."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Literal

from msgspec import Meta, Struct

from config.policies.reading import read_policy

ANY = "*"
Means = Literal["*", "group_chat", "phone", "mail", "portal", "complaint"]
Hours = Annotated[int, Meta(ge=1, le=24 * 90)]
MEANS = ("group_chat", "phone", "mail", "portal", "complaint")
"""Ways to reach a carrier; a complaint is the formal one, to which the law sets a time."""
INTERCEPT = "intercept"
"""... and the way that no person picks: a parcel was called back through the carrier's interface."""


class AnswerRule(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How long an answer may take. ``basis``: whose rule that is: the carrier's own, a statute, or the house's."""

    carrier: str = ANY
    region: str = ANY
    means: Means = "*"
    answer_h: Hours
    basis: Literal["carrier", "statute", "house"]
    source: str
    certainty: Literal["statute", "merchant", "second_hand", "memory", "house"]
    checked_on: date

    def fits(self, carrier: str, region: str, means: str) -> bool:
        return self.carrier in {carrier, ANY} and self.region in {region, ANY} and self.means in {means, ANY}

    @property
    def weight(self) -> tuple[bool, bool, bool]:
        """The carrier's own row before one for the way, before one for the region."""
        return (self.carrier != ANY, self.means != ANY, self.region != ANY)


class Contact(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Where a carrier's branch is reached; ``branch`` is part of its region's name, '' for all."""

    carrier: str
    branch: str = ""
    mail: str = ""
    group: str = ""
    phone: str = ""
    lang: Literal["zh", "en"] = "zh"


@dataclass(frozen=True, slots=True)
class EnquiryPolicy:
    """``usual``: how long an answer may take where nothing else is said."""

    answers: tuple[AnswerRule, ...] = ()
    contacts: tuple[Contact, ...] = ()
    usual: timedelta = timedelta(hours=24)

    def answer_by(self, carrier: str, region: str, means: str, *, asked_at: datetime) -> tuple[datetime, str]:
        """When the answer is due, elapsed, and by whose rule."""
        fitting = [rule for rule in self.answers if rule.fits(carrier, region, means)]
        rule = max(fitting, key=lambda one: one.weight, default=None)
        return (asked_at + timedelta(hours=rule.answer_h), rule.basis) if rule else (asked_at + self.usual, "house")

    def contact(self, carrier: str, branch: str) -> Contact | None:
        """The branch's own address before the carrier's."""
        own = [one for one in self.contacts if one.carrier == carrier]
        named = [one for one in own if one.branch and one.branch in branch]
        return next(iter(named or [one for one in own if not one.branch]), None)


class _File(Struct, frozen=True, forbid_unknown_fields=True):
    answers: tuple[AnswerRule, ...] = ()
    contacts: tuple[Contact, ...] = ()
    usual_h: Hours = 24


def load_enquiries(own: Path | None = None) -> EnquiryPolicy:
    """The shipped answer times; with a file of one's own, its rows before them, and its contacts.

    Raises ConfigError with the file, line and key of every misfit.
    """
    with files("config").joinpath("policies/enquiries.toml").open("rb") as shipped:
        path = Path(shipped.name)
    ours = read_policy(path, _File)
    if own is None:
        return EnquiryPolicy(ours.answers, ours.contacts, timedelta(hours=ours.usual_h))
    theirs = read_policy(own, _File)
    said = {(rule.carrier, rule.region, rule.means) for rule in theirs.answers}
    kept = tuple(rule for rule in ours.answers if (rule.carrier, rule.region, rule.means) not in said)
    return EnquiryPolicy((*theirs.answers, *kept), theirs.contacts, timedelta(hours=theirs.usual_h))
