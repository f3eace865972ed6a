"""Asking a carrier: token, request, reply, readings. Never waits, never retries by the clock: the caller's stored
deadline moves instead. The one repeat is of a call refused for a stale token.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import zip_longest
from typing import TypeVar

from carriers.base import Account, Carrier, Standing, no_data_of, read_safely, standing_softly
from carriers.parts import THE_SAME, digests
from domain.errors import AccessDenied, OutsideError
from domain.tracking import Ask, Failed, Found, NotFound, Reading
from net.http import Http, HttpReply, HttpRequest

R = TypeVar("R")

TOKEN_MARGIN = timedelta(seconds=30)
"""A token this near its end is fetched anew: it would die on the way."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What asking brought: one reading per ask, the raw reply where one came, and digests of what it says of each ask."""

    asks: tuple[Ask, ...]
    readings: tuple[Reading, ...]
    reply: HttpReply | None = None
    digests: tuple[bytes | None, ...] = ()

    @property
    def is_news(self) -> bool:
        """Whether any of it had to be read."""
        return any(reading is not THE_SAME for reading in self.readings)

    def singly(self) -> Iterator["Answer"]:
        """The same, each ask for itself."""
        for ask, reading, digest in zip_longest(self.asks, self.readings, self.digests):
            yield Answer((ask,), (reading,), self.reply, (digest,))


class Line:
    """One credential of one carrier and its open connection. ``wall`` is the clock that tokens live by."""

    def __init__(self, carrier: Carrier, account: Account, http: Http, wall: Callable[[], datetime]) -> None:
        self.carrier = carrier
        self.account = account
        self._http = http
        self._wall = wall

    @property
    def needs_token(self) -> bool:
        """Whether the next call fetches a token first."""
        token = self.account.token
        return self.carrier.token is not None and not (token and token.expires_at - TOKEN_MARGIN > self._wall())

    async def ask(self, asks: Sequence[Ask], nonce: str, known: Sequence[bytes | None] = ()) -> Answer:
        """Ask about at most ``carrier.batch_size`` numbers in one call. ``known``: for each ask the digest of what was last
        recorded of it, if any; what says just that again is THE_SAME.
        """
        try:
            answer = await self._ask(asks, nonce, known)
            if self.carrier.token and _denied(answer):
                self._forget_token()
                answer = await self._ask(asks, nonce, known)
        except OutsideError as exc:
            return Answer(tuple(asks), tuple(Failed(exc, no_data_of(exc)) for _ in asks))
        return answer

    async def _ask(self, asks: Sequence[Ask], nonce: str, known: Sequence[bytes | None]) -> Answer:
        await self._ensure_token()
        reply = await self._http.send(self.carrier.request(asks, self.account, self._wall(), nonce))
        return answer_of(self.carrier, reply, asks, known, self._wall())

    def now(self) -> datetime:
        """The clock that the line lives by."""
        return self._wall()

    async def call(
        self, request: Callable[[Account, datetime], HttpRequest], read: Callable[[HttpReply, datetime], R]
    ) -> R:
        """One call that is no question about parcels, with the line's token. Raises OutsideError."""
        try:
            return await self._call(request, read)
        except AccessDenied:
            if self.carrier.token is None:
                raise
            self._forget_token()  # a stale token: the call was refused, so nothing happened yet
            return await self._call(request, read)

    async def _call(
        self, request: Callable[[Account, datetime], HttpRequest], read: Callable[[HttpReply, datetime], R]
    ) -> R:
        await self._ensure_token()
        reply = await self._http.send(request(self.account, self._wall()))
        return read(reply, self._wall())

    async def _ensure_token(self) -> None:
        flow, now = self.carrier.token, self._wall()
        if flow is None or not self.needs_token:
            return
        reply = await self._http.send(flow.request(self.account, now))
        self.account = replace(self.account, token=flow.read(reply, now))

    def _forget_token(self) -> None:
        self.account = replace(self.account, token=None)

    async def subscribe(self, asks: Sequence[Ask], callback_url: str) -> tuple[Standing, ...]:
        """Subscribe to at most ``batch`` numbers in one call; one standing per ask."""
        subscription = self.carrier.push.subscription if self.carrier.push else None
        assert subscription is not None, f"{self.carrier.id} can't be subscribed to"
        try:
            await self._ensure_token()
            reply = await self._http.send(subscription.request(asks, self.account, callback_url, self._wall()))
        except OutsideError as exc:
            return tuple(Failed(exc, no_data_of(exc)) for _ in asks)
        standings = standing_softly(self.carrier.id, lambda: subscription.read(reply, asks), asks)
        assert len(standings) == len(asks), f"{self.carrier.id}: {len(standings)} standings for {len(asks)} asks"
        return tuple(standings)

    async def detect(self, number: str) -> tuple[str, ...]:
        """The carriers that a bare number may be of, the likeliest first; () for none. Raises OutsideError."""
        assert self.carrier.detect is not None, f"{self.carrier.id} detects no carriers"
        await self._ensure_token()
        return self.carrier.detect.read(await self._http.send(self.carrier.detect.request(number, self.account)))

    async def close(self) -> None:
        await self._http.close()


def answer_of(
    carrier: Carrier, reply: HttpReply, asks: Sequence[Ask], known: Sequence[bytes | None], now: datetime
) -> Answer:
    """Read what a reply says anew; the rest is THE_SAME."""
    told = digests(carrier, reply, asks)
    same = [digest is not None and digest == before for digest, before in zip_longest(told, known[: len(told)])]
    fresh = [ask for ask, unchanged in zip(asks, same, strict=True) if not unchanged]
    read = read_safely(carrier, reply, fresh, now) if fresh else []
    assert len(read) == len(fresh), f"{carrier.id}: {len(read)} readings for {len(fresh)} asks"
    rest = iter(read)
    return Answer(tuple(asks), tuple(THE_SAME if unchanged else next(rest) for unchanged in same), reply, tuple(told))


def _denied(answer: Answer) -> bool:
    return bool(answer.readings) and all(
        isinstance(r, Failed) and isinstance(r.error, AccessDenied) for r in answer.readings
    )


def answered(reading: Reading) -> bool:
    """Whether the source itself worked, whatever it said of the parcel."""
    return isinstance(reading, Found | NotFound)
