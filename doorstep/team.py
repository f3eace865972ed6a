"""Who works here: colleagues added, given another role, deactivated. Each is on record; the last administrator stays."""

from dataclasses import dataclass, replace
from datetime import datetime

from domain.people import Right, Role, may
from domain.words import Words
from store import facts, people
from store.base import Db
from store.facts import FactRow
from store.people import Person

MAX_ID = 40


@dataclass(frozen=True, slots=True)
class Deed:
    """Who does it, when, through which channel; ``by`` None: whoever has the machine itself."""

    by: str | None
    at: datetime
    channel: str


def add(db: Db, person: Person, deed: Deed) -> Words | None:
    """Add a colleague; what was refused and why, else None."""
    if not _is_id(person.id):
        return Words("team.bad_id", {"id": person.id})
    if not person.name.strip():
        return Words("team.no_name", {})
    if person.role not in set(Role):
        return Words("team.bad_role", {"role": person.role, "roles": ", ".join(Role)})
    if people.find_person(db, person.id) is not None:
        return Words("team.known", {"id": person.id})
    people.save_person(db, person)
    _record(db, person.id, "added", deed, role=person.role)
    return None


def _is_id(text: str) -> bool:
    return (
        0 < len(text) <= MAX_ID and text.isascii() and text.replace("-", "").replace("_", "").replace(".", "").isalnum()
    )


def set_role(db: Db, person_id: str, role: str, deed: Deed) -> Words | None:
    """Give somebody another role; the last administrator keeps theirs."""
    person = people.find_person(db, person_id)
    if person is None:
        return Words("team.unknown", {"id": person_id})
    if role not in set(Role):
        return Words("team.bad_role", {"role": role, "roles": ", ".join(Role)})
    if person.role == role:
        return None
    if not may(role, Right.MANAGE) and _is_last_admin(db, person):
        return Words("team.last_admin", {"name": person.name})
    people.save_person(db, replace(person, role=role))
    _record(db, person_id, "role_changed", deed, role=role, was=person.role)
    return None


def set_active(db: Db, person_id: str, deed: Deed, *, active: bool) -> Words | None:
    """Let somebody in no more, at once and everywhere; or again. The last administrator can't be shut out."""
    person = people.find_person(db, person_id)
    if person is None:
        return Words("team.unknown", {"id": person_id})
    if person.active == active:
        return None
    if not active and _is_last_admin(db, person):
        return Words("team.last_admin", {"name": person.name})
    people.save_person(db, replace(person, active=active))
    if not active:
        people.end_sessions(db, person_id)
    _record(db, person_id, "activated" if active else "deactivated", deed)
    return None


def linked(db: Db, person_id: str, deed: Deed) -> Words | None:
    """Put on record that somebody gets a sign-in link; refused for whoever is not let in."""
    person = people.find_person(db, person_id)
    if person is None:
        return Words("team.unknown", {"id": person_id})
    if not person.active:
        return Words("team.inactive", {"name": person.name})
    _record(db, person_id, "link_made", deed)
    return None


def _is_last_admin(db: Db, person: Person) -> bool:
    managing = [one.id for one in people.people(db) if one.active and may(one.role, Right.MANAGE)]
    return managing == [person.id]


def _record(db: Db, person_id: str, event: str, deed: Deed, **data: str) -> None:
    facts.append(db, [FactRow("person", person_id, event, deed.at, deed.by, deed.channel, data=data)])
