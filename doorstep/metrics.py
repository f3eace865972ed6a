"""Figures for Prometheus, and what /readyz answers."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from prometheus_client import CollectorRegistry, Counter, Gauge, generate_latest

from domain.errors import MESSAGE_LIMIT
from doorstep.beat import Beat
from doorstep.chats import Channel
from doorstep.merchant import Merchant
from doorstep.nightly_backup import NightlyBackup
from doorstep.outbound import Outbound
from store.jobs import Counts
from store.ledger import CHANNEL

STALE = timedelta(seconds=60)
"""No beat for this long: something hangs."""


class Metrics:
    """What the daemon did so far; one for each process."""

    def __init__(
        self,
        channels: Sequence[Channel] = (),
        merchant: Merchant | None = None,
        backup: NightlyBackup | None = None,
        posts: Sequence[Outbound] = (),
    ) -> None:
        self.registry = CollectorRegistry()
        self._backup = backup
        self._channels = channels
        self._merchant = merchant
        self._outwards = (*channels, *posts, *([merchant] if merchant else []))
        self._sent_outside = 0
        self._counters = {
            name: Counter(f"doorstep_{name}", text, registry=self.registry)
            for name, text in (
                ("beats_total", "Beats that ended well"),
                ("beats_failed_total", "Beats that ended in an error"),
                ("asks_total", "Numbers that carriers were asked about"),
                ("calls_total", "Calls made to carriers"),
                ("asks_failed_total", "Asks without a usable answer"),
                ("scan_events_total", "New scan events"),
                ("letters_sent_total", "Letters of the outbox delivered"),
                ("routes_dispatched_total", "Routes sent to couriers"),
            )
        }
        self.open_cases = Gauge("doorstep_open_cases", "Cases open now", registry=self.registry)
        self.unheard = Gauge(
            "doorstep_cases_unheard",
            "Open cases without a delivered alert a while after they were opened",
            registry=self.registry,
        )
        self.set_aside = Gauge(
            "doorstep_set_aside", "Items that a fault of ours broke, waiting to be tried again", registry=self.registry
        )
        self.letters = Gauge(
            "doorstep_letters",
            "Letters to a chat or to the merchant's system that wait, or were given up",
            ("channel", "state"),
            registry=self.registry,
        )
        self._chat_up = Gauge(
            "doorstep_chat_up", "1 where a chat is well, 0 where it fails", ("channel", "way"), registry=self.registry
        )
        self._chat_acts = Gauge(
            "doorstep_chat_acts", "What people did in a chat since the start", ("channel",), registry=self.registry
        )
        self._jobs = Gauge("doorstep_jobs", "Jobs for workers, by state", ("state",), registry=self.registry)
        self._workers = Gauge("doorstep_workers", "Workers that live", registry=self.registry)
        if backup:
            at = Gauge(
                "doorstep_backup_seconds",
                "When the newest backup was made (Unix time); 0: none",
                registry=self.registry,
            )
            at.set_function(lambda: backup.last_at.timestamp() if backup.last_at else 0)
        self.last_at: datetime | None = None
        self.error = ""

    def done(self, beat: Beat, at: datetime) -> None:
        polled = beat.monitor.polled
        outside = sum(one.sent for one in self._outwards)
        new_outside, self._sent_outside = outside - self._sent_outside, outside
        routes = sum(len(d.routes) for d in beat.pickups.dispatched)
        counted = (
            ("beats_total", 1), ("asks_total", polled.asked), ("calls_total", polled.calls),
            ("asks_failed_total", polled.failed), ("scan_events_total", polled.events),
            ("letters_sent_total", beat.sent + new_outside), ("routes_dispatched_total", routes),
        )  # fmt: skip
        for name, count in counted:
            self._counters[name].inc(count)
        self.last_at, self.error = at, ""

    def failed(self, error: Exception, at: datetime) -> None:
        self._counters["beats_failed_total"].inc()
        self.last_at, self.error = at, f"{type(error).__name__}: {error}"[:MESSAGE_LIMIT]

    def trouble(self, now: datetime) -> str:
        """What is wrong with the ticking, in one sentence; '' where nothing is."""
        if self.error:
            return f"the last beat failed: {self.error}"
        if self.last_at is not None and now - self.last_at > STALE:
            return f"no beat since {self.last_at.isoformat()}"
        return ""

    def backup(self) -> dict[str, str | None] | None:
        """When the newest backup was made, and what went wrong since; None where none are made."""
        if self._backup is None or not self._backup.settings.backup.keep:
            return None
        last = self._backup.last_at
        return {"last_at": last.isoformat() if last else None, "error": self._backup.health.error}

    def chats(self, counts: Mapping[str, Mapping[str, int]]) -> None:
        """How the chats are doing, and what waits for them."""
        for name, states in counts.items():
            for state, n in states.items():
                self.letters.labels(name, state).set(n)
        for channel in self._channels:
            for way, health in (("send", channel.sending), ("listen", channel.hearing)):
                self._chat_up.labels(channel.name, way).set(not health.error)
            self._chat_acts.labels(channel.name).set(channel.acts)
        if self._merchant:
            self._chat_up.labels(CHANNEL, "send").set(not self._merchant.sending.error)

    def queue(self, counts: Counts) -> None:
        """How the queue of jobs stands."""
        self._jobs.labels("waiting").set(counts.waiting)
        self._jobs.labels("running").set(counts.running)
        self._workers.set(counts.workers)

    def text(self) -> bytes:
        return generate_latest(self.registry)
