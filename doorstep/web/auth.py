"""Who is at the door: passwords, sessions, one-time sign-in links. Only hashes of secrets are kept."""

import hashlib
import secrets
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from threading import Lock

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from doorstep.house import House
from store import people
from store.people import Person

SESSION = timedelta(hours=12)
LINK_LIFE = timedelta(hours=24)
TOKEN_BYTES = 32
MAX_PASSWORD = 200  # characters: a hash of a longer text is a way to keep the machine busy

_hasher = PasswordHasher()


@cache
def _nobody() -> str:
    """Checked where there is no such person, so that the answer takes as long and tells nothing."""
    return _hasher.hash(secrets.token_urlsafe(TOKEN_BYTES))


def hash_password(password: str) -> str:
    """An Argon2id hash to keep in ``Person.password_hash``."""
    return _hasher.hash(password)


def digest(token: str) -> str:
    """What is kept of a random token; a token has too many bits to be guessed from it."""
    return hashlib.sha256(token.encode()).hexdigest()


def check_password(person: Person | None, password: str) -> bool:
    kept = person.password_hash if person and person.active and person.password_hash else _nobody()
    try:
        matches = _hasher.verify(kept, password[:MAX_PASSWORD])
    except (VerificationError, InvalidHashError):
        return False
    return matches and kept is not _nobody()


@dataclass(frozen=True, slots=True)
class Session:
    """A new session: ``token`` goes into the cookie and nowhere else."""

    token: str
    expires_at: datetime


def start_session(house: House, person_id: str) -> Session:
    """Sign a person in, for 12 hours of real time."""
    token, expires_at = secrets.token_urlsafe(TOKEN_BYTES), house.wall() + SESSION
    csrf = secrets.token_urlsafe(TOKEN_BYTES)
    house.store.write(people.start_session, digest=digest(token), person_id=person_id, csrf=csrf, expires_at=expires_at)
    return Session(token, expires_at)


def sign_in_link(house: House, person_id: str) -> str:
    """A link that signs a person in once, within a day: printed at start, or handed to a new colleague."""
    token = secrets.token_urlsafe(TOKEN_BYTES)
    expires_at = house.wall() + LINK_LIFE
    house.store.write(people.add_link, digest=digest(token), person_id=person_id, expires_at=expires_at)
    return f"{house.settings.doorstep.console_url}/enter/{token}"


@dataclass(slots=True)
class Attempts:
    """Slows guessing down: after ``LIMIT`` failures for one name or from one address, nothing more is tried for a
    while. Kept in memory: a restart forgets it, and costs the guesser more than it gives.
    """

    LIMIT = 10
    SPAN = timedelta(minutes=10)
    KEYS = 10_000  # names and addresses remembered at most
    _failed: defaultdict[str, list[datetime]] = field(default_factory=lambda: defaultdict(list))
    _lock: Lock = field(default_factory=Lock)

    def too_many(self, keys: tuple[str, ...], now: datetime) -> bool:
        with self._lock:
            return any(len(self._recent(key, now)) >= self.LIMIT for key in keys)

    def failed(self, keys: tuple[str, ...], now: datetime) -> None:
        with self._lock:
            if len(self._failed) > self.KEYS:
                self._failed.clear()
            for key in keys:
                self._failed[key] = [*self._recent(key, now), now]

    def _recent(self, key: str, now: datetime) -> list[datetime]:
        return [at for at in self._failed.get(key, []) if now - at < self.SPAN]


class Looks(Attempts):
    """The same for what isn't guessing: how often one customer's page is asked for in ten minutes."""

    LIMIT = 120
