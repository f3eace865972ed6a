"""Until when a claim can be filed with a carrier: the shipped table (claims.toml), or a person's own."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Literal

from msgspec import Meta, Struct

from config.checking import fit
from config.errors import ConfigError, Problem
from config.toml_text import dotted, line_of, lines_of, read_toml
from domain.shipment import Shipment

Days = Annotated[int, Meta(ge=0, le=3650)]
From = Literal["shipped", "promised", "delivered", "last_scan", "confirmed"]


class ClaimRule(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A row: from when and until when a carrier takes a claim. ``latest_d`` None: no last day is known. ``service`` is
    part of the service's name, empty for any. ``business`` counts the earliest day in business days.
    """

    carrier: str
    service: str = ""
    scope: Literal["domestic", "international", "any"] = "any"
    cause: Literal["loss", "damage", "any"] = "any"
    earliest_d: Days
    earliest_from: From
    latest_d: Days | None = None
    latest_from: From = "shipped"
    answer_d: Days | None = None
    business: bool = False
    note: str = ""
    source: str
    certainty: Literal["statute", "merchant", "second_hand", "memory"]
    checked_on: date

    def fits(self, shipment: Shipment) -> bool:
        """Whether the row speaks of this shipment's carrier and service."""
        return self.carrier == shipment.carrier and self.service in shipment.service.lower().replace("_", " ")

    def last_day(self, shipment: Shipment) -> datetime | None:
        """The last day of the row, counted from what is known of the shipment when it sets out; None where unknown."""
        begins = {"shipped": shipment.created_at, "promised": shipment.promised_at}.get(self.latest_from)
        return None if begins is None or self.latest_d is None else begins + timedelta(days=self.latest_d)


@dataclass(frozen=True, slots=True)
class ClaimsPolicy:
    rules: tuple[ClaimRule, ...] = ()

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


def load_claims(own: Path | None = None) -> ClaimsPolicy:
    """The shipped table; with a file of one's own, its rows instead of the shipped ones of the same carriers.

    Raises ConfigError with the file, line and key of every misfit.
    """
    with files("config").joinpath("policies/claims.toml").open("rb") as shipped:
        path = Path(shipped.name)
    rules = _rules(path)
    if own is None:
        return ClaimsPolicy(rules)
    theirs = _rules(own)
    carriers = {rule.carrier for rule in theirs}
    return ClaimsPolicy((*(rule for rule in rules if rule.carrier not in carriers), *theirs))


def _rules(path: Path) -> tuple[ClaimRule, ...]:
    tables, text = read_toml(path)
    fitted = fit(tables, _File)
    if fitted.misfits:
        lines = lines_of(text)
        raise ConfigError(
            [Problem(str(path), dotted(m.path), m.message, line=line_of(lines, m.path)) for m in fitted.misfits]
        )
    rules: tuple[ClaimRule, ...] = fitted.value.claims
    return rules
