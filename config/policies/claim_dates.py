"""From when and until when a claim about one shipment can be filed: the policy's rows, counted from what happened."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from config.calendars import Calendar
from config.policies.claims import ClaimRule, ClaimsPolicy, From
from domain.claim import ClaimReason
from domain.parcel import ParcelState
from domain.shipment import Shipment


@dataclass(frozen=True, slots=True)
class Window:
    """``opens_at`` None: not known yet (as soon as the carrier confirms). ``last_on`` is the last day in the carrier's zone,
    ``last_at`` the moment at which it is over; None: no last day is known. ``assumed``: counted from the day of shipping,
    because what the rule counts from isn't known; that is the safe side.
    """

    rule: ClaimRule
    opens_at: datetime | None
    opens_on: date | None
    last_at: datetime | None
    last_on: date | None
    assumed: bool = False

    def to_json(self) -> dict[str, Any]:
        """As a claim's facts keep it, with the rule as it was read."""
        rule = self.rule
        return {
            **{name: _iso(getattr(self, name)) for name in ("opens_at", "opens_on", "last_at", "last_on")},
            "assumed": self.assumed,
            "opens_from": rule.earliest_from,
            "source": rule.source,
            "note": rule.note,
            "certainty": rule.certainty,
            "checked_on": rule.checked_on.isoformat(),
            "answer_d": rule.answer_d,
            "answer_business": rule.answer_business,
            "appeal_d": rule.appeal_d,
            "filer": rule.filer,
            "filer_certainty": rule.filer_certainty,
        }


def window(
    policy: ClaimsPolicy,
    shipment: Shipment,
    state: ParcelState,
    reason: ClaimReason,
    calendar: Calendar,
    *,
    confirmed_at: datetime | None = None,
) -> Window | None:
    """The window of a claim; None where no row speaks of it.

    Where several rows may apply (mail whose way isn't known to cross a border), the one that ends first counts: a claim
    filed early is never too late.
    """
    begins: dict[From, datetime | None] = {
        "shipped": shipment.created_at,
        "promised": shipment.promised_at,
        "delivered": state.delivered_at,
        "last_scan": state.last_physical_at,
        "confirmed": confirmed_at,
    }
    scope = _scope(shipment)
    rules = [rule for rule in policy.rules_for(shipment, reason) if scope is None or rule.scope in {scope, "any"}]
    found = [_window(rule, begins, shipment, calendar) for rule in rules]
    return min(found, key=lambda one: one.last_at or datetime.max.replace(tzinfo=UTC), default=None)


def _scope(shipment: Shipment) -> str | None:
    """Whether the way crosses a border, by the first parts of its places; None where they aren't known."""
    origin, destination = shipment.origin.split("/")[0], shipment.destination.split("/")[0]
    if not (origin and destination):
        return None
    return "domestic" if origin == destination else "international"


def _window(rule: ClaimRule, begins: dict[From, datetime | None], shipment: Shipment, calendar: Calendar) -> Window:
    opens_at = _opens(rule, begins[rule.earliest_from], calendar)
    start = begins[rule.latest_from]
    last_on = None
    if rule.latest_d is not None:
        last_on = _day(start or shipment.created_at, calendar) + timedelta(days=rule.latest_d)
    return Window(
        rule,
        opens_at,
        _day(opens_at, calendar) if opens_at else None,
        _end_of(last_on, calendar) if last_on else None,
        last_on,
        assumed=last_on is not None and start is None,
    )


def _opens(rule: ClaimRule, begin: datetime | None, calendar: Calendar) -> datetime | None:
    if begin is None:
        return None
    if not rule.business:
        return begin + timedelta(days=rule.earliest_d)
    return working_days_after(begin, rule.earliest_d, calendar) if rule.earliest_d else begin


def working_days_after(begin: datetime, days: int, calendar: Calendar) -> datetime:
    """The same hour some working days later."""
    return calendar.working_day(begin, days, begin.astimezone(calendar.zone).time())


def answer_by(asked_at: datetime, days: int | None, calendar: Calendar, *, business: bool) -> datetime | None:
    """When somebody's answer is due: so many days after they were asked, by the end of that day; None where nobody said."""
    if days is None:
        return None
    due = working_days_after(asked_at, days, calendar) if business and days else asked_at + timedelta(days=days)
    return _end_of(_day(due, calendar), calendar) - timedelta(minutes=1)


def _day(at: datetime, calendar: Calendar) -> date:
    return at.astimezone(calendar.zone).date()


def _end_of(day: date, calendar: Calendar) -> datetime:
    return datetime.combine(day + timedelta(days=1), time(), calendar.zone).astimezone(UTC)


def _iso(value: datetime | date | None) -> str | None:
    return value.isoformat() if value else None
