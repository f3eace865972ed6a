"""What couriers are told: a new route, or that the one they have was changed."""

from collections.abc import Callable

from domain.returns import Route
from store.mail import Letter

Link = Callable[[str], str]
"""The signed, absolute link to a route's page."""


def route_letter(route: Route, link: Link, *, reason: str = "dispatched", about: str = "") -> Letter:
    """The letter to a route's courier. ``about``: what changed (a stop's id); each change is told once, under its own id."""
    left = sum(stop.ended_at is None for stop in route.stops)
    payload = {"route": route.id, "url": link(route.id), "day": route.day, "stops": left}
    name = f"route-{route.id}-{about}" if about else f"route-{route.id}"
    return Letter(name, f"courier:{route.courier}", "route", reason, "route", route.id, payload)
