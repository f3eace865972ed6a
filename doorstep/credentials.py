"""Every credential that is set: its health, what it may ask and spend and has, how it is called. For `doorstep carriers
list` and the page of sources.
"""

from dataclasses import dataclass
from datetime import datetime

from carriers.base import AccountSettings, Carrier
from carriers.registry import CARRIERS
from doorstep.house import House
from monitor import spending
from store import budgets, overviews
from store.base import Db
from store.budgets import Window
from store.overviews import SourceLine
from store.sources import SourceState


@dataclass(frozen=True, slots=True)
class Spent:
    """A budget: ``used`` of ``calls`` in the last ``per_s`` seconds; ``free_at``: when it allows more, None: now."""

    per_s: int
    calls: int
    used: int
    free_at: datetime | None


@dataclass(frozen=True, slots=True)
class Money:
    """Charged units in the last 24 hours, what they cost, and the cap; None where no price or cap is set."""

    units: int
    cost: float | None
    cap: float | None
    currency: str


@dataclass(frozen=True, slots=True)
class Credential:
    """``set_up`` False: nothing in the settings any more, but something is still watched through it."""

    line: SourceLine
    set_up: bool
    budgets: tuple[Spent, ...] = ()
    money: Money | None = None
    callback_url: str = ""
    proven: bool = False

    @property
    def name(self) -> str:
        return f"{self.line.state.source}/{self.line.state.account}"


def credentials(house: House, db: Db, *, now: datetime) -> list[Credential]:
    """What is set, and what was ever asked, by name."""
    known = {(line.state.source, line.state.account): line for line in overviews.source_lines(db)}
    pairs = {(source, account) for source, accounts in house.settings.carriers.items() for account in accounts}
    return [
        _credential(house, db, known.get(pair) or SourceLine(SourceState(*pair), 0, 0, []), now=now)
        for pair in sorted(pairs | known.keys())
    ]


def _credential(house: House, db: Db, line: SourceLine, *, now: datetime) -> Credential:
    source, account = line.state.source, line.state.account
    settings = house.settings.carriers.get(source, {}).get(account)
    carrier = CARRIERS.get(source)
    if carrier is None or settings is None:
        return Credential(line, set_up=False)
    push = carrier.push
    return Credential(
        line,
        set_up=True,
        budgets=_spent(db, carrier, account, settings, now=now),
        money=_money(db, carrier, account, settings, now=now),
        callback_url=house.callback_url(source, account) if push else "",
        proven=push is not None and push.verify is not None,
    )


def _spent(db: Db, carrier: Carrier, account: str, settings: AccountSettings, *, now: datetime) -> tuple[Spent, ...]:
    name = spending.credential(carrier, account)

    def of(window: Window) -> Spent:
        used = budgets.spent(db, name, window.per_s, now=now)
        return Spent(window.per_s, window.calls, used, budgets.free_again(db, name, window, now=now))

    return tuple(of(window) for window in spending.windows_of(carrier, settings))


def _money(db: Db, carrier: Carrier, account: str, settings: AccountSettings, *, now: datetime) -> Money | None:
    if not carrier.charged:
        return None
    units = budgets.spent(db, spending.purse(carrier, account), spending.DAY_S, now=now)
    cost = None if settings.price is None else units * settings.price
    return Money(units, cost, settings.daily_cap, settings.currency)
