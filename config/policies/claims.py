"""Claims as policy: when one can be filed with a carrier, with which evidence, and where to appeal. The shipped table
(claims.toml), or a person's own.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Literal

from msgspec import Meta, Struct

from config.policies.reading import read_policy
from domain.claim import ClaimReason, EvidenceItem
from domain.claim_clock import REMIND_DAYS
from domain.shipment import Shipment

ANY = "*"
"""A row for every carrier of its region that has no rows of its own."""
Days = Annotated[int, Meta(ge=0, le=3650)]
From = Literal["shipped", "promised", "delivered", "last_scan", "confirmed"]
Certainty = Literal["statute", "merchant", "second_hand", "memory"]
CAUSE = {
    ClaimReason.LOST: "loss",
    ClaimReason.MISDELIVERED: "loss",
    ClaimReason.DAMAGED: "damage",
    ClaimReason.MISSING_CONTENTS: "damage",
    ClaimReason.DELAY: "delay",
}
"""What a carrier's table calls the reasons: what never came to the right hands is a loss."""


class ClaimRule(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A row: from when and until when a carrier takes a claim. ``latest_d`` None: no last day is known. ``service`` is
    part of the service's name, empty for any. ``business`` counts the earliest day in business days, ``answer_business``
    the answer. ``appeal_d``: days after a refusal in which it can be appealed. ``filer``: who must file.
    """

    carrier: str
    region: str = ""
    service: str = ""
    scope: Literal["domestic", "international", "any"] = "any"
    cause: Literal["loss", "damage", "delay", "any"] = "any"
    earliest_d: Days
    earliest_from: From
    latest_d: Days | None = None
    latest_from: From = "shipped"
    answer_d: Days | None = None
    answer_business: bool = False
    appeal_d: Days | None = None
    filer: Literal["sender", "either", "unknown"] = "unknown"
    filer_certainty: Certainty = "memory"
    business: bool = False
    note: str = ""
    source: str
    certainty: Certainty
    checked_on: date

    def fits(self, shipment: Shipment) -> bool:
        """Whether the row speaks of this shipment's carrier and service."""
        return self.carrier == shipment.carrier and self.service in shipment.service.lower().replace("_", " ")

    def stands_in(self, shipment: Shipment) -> bool:
        """Whether the row speaks of every carrier of this shipment's region."""
        return self.carrier == ANY and self.region == shipment.region

    def last_day(self, shipment: Shipment) -> datetime | None:
        """The last day of the row, counted from what is known of the shipment when it sets out; None where unknown."""
        begins = {"shipped": shipment.created_at, "promised": shipment.promised_at}.get(self.latest_from)
        return None if begins is None or self.latest_d is None else begins + timedelta(days=self.latest_d)


class EvidenceRule(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a carrier (ANY: each) wants to see for some reasons; no reasons: for each."""

    carrier: str = ANY
    reasons: tuple[ClaimReason, ...] = ()
    wants: tuple[EvidenceItem, ...]
    source: str
    certainty: Certainty
    checked_on: date


class AppealStep(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A rung of a region's ladder, the first is the carrier itself. ``answer_d``: how long they have."""

    region: str
    to: str
    answer_d: Days | None = None
    note: str = ""
    source: str
    certainty: Certainty
    checked_on: date


@dataclass(frozen=True, slots=True)
class ClaimsPolicy:
    """``remind_d``: how many days before a last day somebody is reminded. ``file_within_d``: how soon the house wants a
    draft filed once its window is open.
    """

    rules: tuple[ClaimRule, ...] = ()
    evidence: tuple[EvidenceRule, ...] = ()
    appeals: tuple[AppealStep, ...] = ()
    remind_d: tuple[int, ...] = REMIND_DAYS
    file_within_d: int = 2

    def rules_for(self, shipment: Shipment, reason: ClaimReason) -> list[ClaimRule]:
        """The rows that may apply: the carrier's own before its region's, a service's or a cause's own before the general."""
        own = [rule for rule in self.rules if rule.fits(shipment)]
        found = own or [rule for rule in self.rules if rule.stands_in(shipment)]
        found = [rule for rule in found if rule.cause in {CAUSE[reason], "any"}]
        found = [rule for rule in found if rule.service] or found
        return [rule for rule in found if rule.cause != "any"] or found

    def wanted(self, carrier: str, reason: ClaimReason) -> list[EvidenceItem]:
        """What the carrier wants to see, each once."""
        fitting = [rule for rule in self.evidence if rule.carrier in {carrier, ANY}]
        items = [item for rule in fitting if not rule.reasons or reason in rule.reasons for item in rule.wants]
        return list(dict.fromkeys(items))

    def ladder(self, region: str) -> list[AppealStep]:
        return [step for step in self.appeals if step.region == region]

    def last_day(self, shipment: Shipment) -> datetime | None:
        """The last moment at which any claim about this shipment could be filed; None where no last day is known.

        Where several rows fit (scopes, causes), the latest counts: watching too long costs a few questions, watching
        too short may cost a claim. A row without a last day leaves it open.
        """
        fitting = [rule for rule in self.rules if rule.fits(shipment)]
        days = [rule.last_day(shipment) for rule in fitting if rule.latest_from in {"shipped", "promised"}]
        known = [day for day in days if day is not None]
        return max(known) if known and len(known) == len(days) else None


class _File(Struct, frozen=True, forbid_unknown_fields=True):
    claims: tuple[ClaimRule, ...] = ()
    evidence: tuple[EvidenceRule, ...] = ()
    appeals: tuple[AppealStep, ...] = ()
    remind_d: tuple[int, ...] = ()
    file_within_d: Days | None = None


def load_claims(own: Path | None = None) -> ClaimsPolicy:
    """The shipped table; with a file of one's own, its rows instead of the shipped ones of the same carriers.

    Raises ConfigError with the file, line and key of every misfit.
    """
    with files("config").joinpath("policies/claims.toml").open("rb") as shipped:
        path = Path(shipped.name)
    ours = read_policy(path, _File)
    if own is None:
        return _policy(ours)
    theirs = read_policy(own, _File)
    carriers = {rule.carrier for rule in theirs.claims}
    wanting = {rule.carrier for rule in theirs.evidence}
    regions = {rule.region for rule in theirs.appeals}
    return ClaimsPolicy(
        (*(rule for rule in ours.claims if rule.carrier not in carriers), *theirs.claims),
        (*(rule for rule in ours.evidence if rule.carrier not in wanting), *theirs.evidence),
        (*(rule for rule in ours.appeals if rule.region not in regions), *theirs.appeals),
        theirs.remind_d or ours.remind_d,
        _days(theirs.file_within_d, ours.file_within_d),
    )


def _policy(file: _File) -> ClaimsPolicy:
    return ClaimsPolicy(
        file.claims, file.evidence, file.appeals, file.remind_d, _days(file.file_within_d, file.file_within_d)
    )


def _days(own: int | None, shipped: int | None) -> int:
    return own if own is not None else shipped or 0
