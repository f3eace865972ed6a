"""What a credential may spend now: its calls in every window, and its money; and saying once that it is used up."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import structlog

from carriers.base import Account, AccountSettings, Carrier, Charged
from carriers.sender import Line
from store import budgets, facts, sources
from store.asking import NEAR, Due
from store.base import Db
from store.budgets import Window
from store.facts import FactRow
from store.sources import SourceState

log = structlog.get_logger()
DAY_S = 86_400
LONG_S = 3_600
LONG = timedelta(seconds=LONG_S)
"""From this length on a budget that is used up is worth saying."""
KEPT_SHARE = 25
"""One call in so many of a long budget is kept for what is urgent: less than the twentieth that may go unused."""


def credential(carrier: Carrier, account: str) -> str:
    return f"{carrier.id}/{account}"


def purse(carrier: Carrier, account: str) -> str:
    """The credential's name in the budgets under which charged units are counted."""
    return f"{carrier.id}/{account}/money"


def windows_of(carrier: Carrier, settings: AccountSettings) -> tuple[Window, ...]:
    """The windows that a credential's calls are counted in."""
    return tuple(
        Window(b.calls, b.per_s, b.calls // KEPT_SHARE if b.per_s >= LONG_S else 0)
        for b in carrier.budgets_of(settings)
        if not b.per_number
    )


def money_window(settings: AccountSettings) -> Window | None:
    """How many charged units the daily cap buys; None without a price or a cap."""
    if settings.price is None or settings.daily_cap is None or settings.price == 0:
        return None
    units = int(settings.daily_cap / settings.price + 1e-9)
    return Window(units, DAY_S, units // KEPT_SHARE)


def possible(db: Db, line: Line, *, now: datetime) -> int | None:
    """The most calls that any window leaves now, what is kept for the urgent included; None where nothing limits them."""
    windows = windows_of(line.carrier, line.account.settings)
    free = budgets.left(db, credential(line.carrier, line.account.name), windows, now=now)
    return max(min(free.values()), 0) if free else None


def afford(db: Db, line: Line, wanted: Sequence[Due], *, now: datetime) -> list[Due]:
    """As many of these, in their order, as calls and money allow now; they are spent with it."""
    carrier, settings = line.carrier, line.account.settings
    paid = _payable(db, line, wanted, Charged.QUESTION, now=now)
    calls = -(-len(paid) // carrier.batch_size)
    tokens = 1 if calls and carrier.tokens_count and line.needs_token else 0
    urgent = -(-sum(one.worth >= NEAR for one in paid) // carrier.batch_size)
    name = credential(carrier, line.account.name)
    windows = windows_of(carrier, settings)
    granted = budgets.take(db, name, windows, now=now, wanted=calls + tokens, urgent=urgent + tokens, least=tokens + 1)
    turn = list(paid[: max(granted - tokens, 0) * carrier.batch_size])
    pay(db, line.carrier, line.account, len(turn), Charged.QUESTION, now=now)
    if len(turn) < len(wanted):
        _say_if_used_up(db, line, windows, now=now)
    return turn


def payable(db: Db, line: Line, wanted: Sequence[Due], *, now: datetime) -> list[Due]:
    """As many of these as the money for registrations and the calls for them allow; both are spent with it."""
    paid = _payable(db, line, wanted, Charged.REGISTRATION, now=now)
    assert line.carrier.push
    assert line.carrier.push.subscription
    batch = line.carrier.push.subscription.batch
    windows = windows_of(line.carrier, line.account.settings)
    name = credential(line.carrier, line.account.name)
    calls = budgets.take(db, name, windows, now=now, wanted=-(-len(paid) // batch), urgent=-(-len(paid) // batch))
    turn = list(paid[: calls * batch])
    pay(db, line.carrier, line.account, len(turn), Charged.REGISTRATION, now=now)
    if len(turn) < len(wanted):
        _say_if_used_up(db, line, windows, now=now)
    return turn


def try_out(db: Db, carrier: Carrier, account: Account, *, now: datetime) -> bool:
    """Spend one question that a person asks, and its token; False where calls or money don't allow it: nothing is spent."""
    money, charged = money_window(account.settings), Charged.QUESTION in carrier.charged
    if money and charged and budgets.left(db, purse(carrier, account.name), [money], now=now)[money] < 1:
        return False
    calls = 2 if carrier.token and carrier.tokens_count else 1
    windows = windows_of(carrier, account.settings)
    if not budgets.take(
        db, credential(carrier, account.name), windows, now=now, wanted=calls, urgent=calls, least=calls
    ):
        return False
    pay(db, carrier, account, 1, Charged.QUESTION, now=now)
    return True


def asked_again(db: Db, line: Line, *, now: datetime) -> None:
    """Count what a stale token cost: the call that was refused is made twice, and a token is fetched."""
    calls = 2 if line.carrier.tokens_count else 1
    windows = windows_of(line.carrier, line.account.settings)
    budgets.spend(db, credential(line.carrier, line.account.name), windows, calls, now=now)


def _payable(db: Db, line: Line, wanted: Sequence[Due], what: Charged, *, now: datetime) -> Sequence[Due]:
    window = money_window(line.account.settings)
    if window is None or what not in line.carrier.charged:
        return wanted
    free = budgets.left(db, purse(line.carrier, line.account.name), [window], now=now)[window]
    urgent = sum(one.worth >= NEAR for one in wanted)
    return wanted[: max(min(urgent, free), free - window.kept, 0)]


def pay(db: Db, carrier: Carrier, account: Account, units: int, what: Charged, *, now: datetime) -> None:
    """Count charged units, also where no cap is set: people want to know what was spent."""
    if what in carrier.charged:
        counted = money_window(account.settings) or Window(0, DAY_S)
        budgets.spend(db, purse(carrier, account.name), [counted], units, now=now)


def _say_if_used_up(db: Db, line: Line, windows: Sequence[Window], *, now: datetime) -> None:
    """A long budget or the money is used up: known until it is free again, and said once."""
    name = credential(line.carrier, line.account.name)
    money = money_window(line.account.settings)
    frees = [budgets.free_again(db, name, w, now=now) for w in windows if w.per_s >= LONG_S]
    if money and line.carrier.charged:
        frees.append(budgets.free_again(db, purse(line.carrier, line.account.name), money, now=now))
    until = max((at for at in frees if at), default=None)
    if until is not None:
        used_up(db, sources.state(db, line.carrier.id, line.account.name), until, now=now)


SAID_AGAIN_AFTER = timedelta(hours=6)
"""A budget that fills drop by drop runs out again and again: it is said once in so long."""


def used_up(db: Db, state: SourceState, until: datetime, *, now: datetime) -> None:
    """Remember until when a quota is used up; a fact and a log line only where that is news."""
    if state.used_up_until == until.replace(microsecond=0):
        return  # known, to the stored second: a tick that can't ask writes nothing
    news = state.used_up_until is None or now - state.used_up_until >= SAID_AGAIN_AFTER
    sources.save(db, replace(state, used_up_until=until))
    if news:
        name = f"{state.source}/{state.account}"
        facts.append(db, [FactRow("source", name, "used_up", now, data={"until": until.isoformat()})])
        log.warning("quota used up", source=name, until=until.isoformat())
