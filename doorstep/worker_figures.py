"""Figures of one worker for Prometheus, under the daemon's names: sums over all processes are right."""

from prometheus_client import CollectorRegistry, Counter, start_http_server

from monitor.poll import PollReport

COUNTED = {
    "asks_total": ("asked", "Numbers that carriers were asked about"),
    "calls_total": ("calls", "Calls made to carriers"),
    "asks_failed_total": ("failed", "Asks without a usable answer"),
    "scan_events_total": ("events", "New scan events"),
}


class Figures:
    """What a worker did so far."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.jobs = self.asked = self.sent = 0
        self._counters = {
            name: Counter(f"doorstep_{name}", text, registry=self.registry)
            for name, text in (
                *((name, text) for name, (_, text) in COUNTED.items()),
                ("letters_sent_total", "Letters of the outbox delivered"),
                ("routes_dispatched_total", "Routes sent to couriers"),
                ("jobs_total", "Jobs that a worker did"),
                ("jobs_failed_total", "Jobs that ended in an error"),
            )
        }

    def serve(self, host: str, port: int) -> None:
        """Print them at http://host:port/metrics. Raises OSError where the port is taken."""
        start_http_server(port, addr=host, registry=self.registry)

    def polled(self, report: PollReport) -> None:
        self._done()
        self.asked += report.asked
        for name, (part, _) in COUNTED.items():
            self._counters[name].inc(getattr(report, part))

    def sent_letters(self, letters: int) -> None:
        self._done()
        self.sent += letters
        self._counters["letters_sent_total"].inc(letters)

    def computed(self, routes: int = 0) -> None:
        self._done()
        self._counters["routes_dispatched_total"].inc(routes)

    def failed(self) -> None:
        self._counters["jobs_failed_total"].inc()

    def _done(self) -> None:
        self.jobs += 1
        self._counters["jobs_total"].inc()
