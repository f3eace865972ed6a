"""What a world is made of: orders with everything that will ever happen to them, and the truth about each."""

from dataclasses import dataclass
from datetime import datetime

from domain.case import Kind
from domain.shipment import Order
from sim.lives import Step


@dataclass(frozen=True, slots=True)
class Scan:
    """A step of a parcel's life as its source shows it: from ``shown_at`` on, and not after ``hidden_at``.

    ``dated`` is the time that the source writes beside it; carriers' clocks run ahead at times. ``variant`` picks among
    the source's wordings; ``man`` and ``phone`` are the carrier's people, who stand in the texts. ``state``: in the US.
    """

    step: Step
    at: datetime
    dated: datetime
    shown_at: datetime
    place: str
    next_place: str
    area: str
    offset_h: float
    country: str
    variant: int
    man: str
    phone: str
    hidden_at: datetime | None = None
    state: str = ""


@dataclass(frozen=True, slots=True)
class Quirks:
    """Habits of a source in the list of one parcel. ``repeated``, ``swapped``, ``unpadded`` and ``naive`` are indices of
    scans; ``naive`` is one whose time comes without its zone. ``lagging_state``: the parcel's state, or the newest line's time,
    isn't worked out yet.
    """

    repeated: int | None = None
    swapped: int | None = None
    unpadded: int | None = None
    lagging_state: bool = False
    closing_line: bool = False
    naive: int | None = None


@dataclass(frozen=True, slots=True)
class Parcel:
    order_ref: str
    source: str
    carrier: str
    service: str
    number: str
    phone4: str
    buyer: str
    origin: str
    destination: str
    uploaded_at: datetime
    promised_at: datetime
    scans: tuple[Scan, ...]
    quirks: Quirks
    abroad: bool = False

    def shown(self, now: datetime) -> list[Scan]:
        """What the source shows at ``now``, oldest report first."""
        return [s for s in self.known(now) if s.hidden_at is None or now < s.hidden_at]

    def known(self, now: datetime) -> list[Scan]:
        """As ``shown``, with what the source dropped: an aggregator that heard of a scan keeps it."""
        return [s for s in self.scans if s.shown_at <= now]


@dataclass(frozen=True, slots=True)
class Truth:
    """What really is the matter: ``kind`` None for an ordinary life (``plot`` then says whose twin it is).

    ``since``: when it went wrong; ``visible_at``: when the source, the order or the buyer first gave it away.
    """

    plot: str
    kind: Kind | None
    twin: bool = False
    since: datetime | None = None
    visible_at: datetime | None = None
    delivered_at: datetime | None = None
    last_touch_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ReturnWish:
    """A buyer who wants to send something back, and asks at ``at``."""

    at: datetime
    reason: str
    want: str
    items: tuple[tuple[str, int], ...]
    slot: str


@dataclass(frozen=True, slots=True)
class Dispute:
    """A buyer who says at ``at`` that a delivered parcel never came."""

    at: datetime
    text: str


@dataclass(frozen=True, slots=True)
class Tale:
    """One order and everything that will ever happen to it."""

    order: Order
    truth: Truth
    parcel: Parcel | None = None
    wish: ReturnWish | None = None
    dispute: Dispute | None = None

    @property
    def injected(self) -> bool:
        """Whether something is wrong that must be found."""
        return self.truth.kind is not None


@dataclass(frozen=True, slots=True)
class Entry:
    """Something that the shop or a buyer does at ``at``: ``what`` is orders, shipments, returns or disputes."""

    at: datetime
    what: str
    tale: Tale


@dataclass(frozen=True, slots=True)
class Outage:
    """A span in which a source is in trouble. ``manner``: http_503 | timeout | busy (said inside an HTTP 200) | rate_limit | garbage
    | slow (every other answer comes too late).
    """

    source: str
    since: datetime
    until: datetime
    manner: str

    @property
    def silent(self) -> bool:
        """Whether nothing at all can be learnt from the source."""
        return self.manner != "slow"


@dataclass(frozen=True, slots=True)
class Span:
    """From ``since`` up to ``until``, which isn't part of it."""

    since: datetime
    until: datetime

    def holds(self, at: datetime) -> bool:
        return self.since <= at < self.until
