"""What was heard in a chat becomes acts and answers: who it was, which case it means, one effect for each delivery.

Everything about one delivery is one transaction: its key in the inbox, the act with its audit entry, the edited message, the
answer in the outbox. Whoever isn't known is invited to link themselves; whoever may not act is told so alone, and it is on record.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, cast

import msgspec

from chat.acts import ME, ActKind, ChatAct, Heard, Question, RouteWord, Wish
from chat.messages import Answer
from chat.registry import CHATS
from chat.sender import Said
from chat.text import inert, title_of
from config.policies import DeskPolicy
from domain.desk_hours import DeskHours
from domain.people import Right, may
from domain.words import Words
from monitor import acts, alerts, incident_acts
from store import cases, chat_codes, chat_people, chat_queue, facts, mail, people, reads
from store.base import Db
from store.cases import CaseRow
from store.chat_queue import ChannelRow
from store.facts import FactRow
from store.mail import Letter
from store.people import Person

MAX_LISTED = 10
SOON = timedelta(hours=4)
INVITATION = timedelta(minutes=10)


def not_for_couriers(db: Db, heard: Heard, channel: ChannelRow, now: datetime) -> tuple[Answer, str] | None:
    """A house without couriers: what is said to us alone is nothing to it."""
    del db, heard, channel, now
    return None


@dataclass(frozen=True, slots=True)
class Ear:
    """What listening to a channel needs of the house: ``invite`` gives a new invitation's nonce and the hash of its token;
    ``desk`` says when it works and who is on call; ``wall`` is the clock that invitations live by; ``open_case`` opens a case; ``couriers``
    does what a courier says.
    """

    channel: str
    account: str
    invite: Callable[[], tuple[str, str]]
    wall: Callable[[], datetime]
    desk: DeskPolicy
    open_case: "Opening"
    couriers: "OfCouriers" = not_for_couriers


Opening = Callable[[Db, str, str, str, datetime], int | Words]
"""Opens a case of what a person (an id) wrote, from a chat (its id): the case's id, or why there is none."""


OfCouriers = Callable[[Db, Heard, ChannelRow, datetime], tuple[Answer, str] | None]
"""Does what a courier says: what they are answered and in which language; None where it is nothing to us."""


def take(db: Db, heard: Heard, ear: Ear, *, now: datetime) -> bool:
    """Do what somebody asked for in a chat; False where it came before, or is about nothing of ours."""
    channel = next((c for c in chat_queue.channels(db) if c.name == ear.channel), None)
    if channel is None or mail.received_before(db, channel.adapter, ear.account, heard.key) is not None:
        return False
    if heard.alone or isinstance(heard.wish.kind, RouteWord):
        return _of_courier(db, heard, channel, ear, now=now)
    about = (
        chat_queue.about_message(db, channel.name, heard.about) if heard.about else ("case", heard.wish.case_id or 0)
    )
    if about is None:
        # to somebody else's message, or to one of ours that was sent a moment ago and isn't noted yet
        tested = people.meta(db, test_key(channel.name)) == heard.about
        chat_queue.keep_unplaced(db, channel.name, heard.key, heard.about, to_json(heard), now=now, wanted=tested)
        return False
    if heard.code:
        chat_codes.keep(db, channel.name, heard.about, (about[0], str(about[1])), heard.code, now=now)
    if heard.of and heard.of != f"{about[0]}/{about[1]}":
        return False  # a button that was signed for another message
    _taken(db, heard, about, channel, ear, now=now)
    return True


def _of_courier(db: Db, heard: Heard, channel: ChannelRow, ear: Ear, *, now: datetime) -> bool:
    """What somebody told us about their route; they are answered alone. False where it is nothing to us."""
    found = ear.couriers(db, heard, channel, now)
    if found is None:
        return False
    answer, lang = found
    content = CHATS[channel.adapter].render(answer, alerts.reader_of(replace(channel, lang=lang or channel.lang)))
    letter = {"who": heard.who, "content": content}
    mail.post(db, [_letter("private", heard, letter, channel, "answered")], now=now)
    mail.receive(db, channel.adapter, ear.account, heard.key, at=now)
    return True


def test_key(channel: str) -> str:
    """Under which name the id of a channel's last test message is kept."""
    return f"chat_test/{channel}"


def sent(db: Db, letter: Letter, said: Said, ear: Ear, *, now: datetime) -> None:
    """A letter went out as this message: note that, and do what people did to it meanwhile."""
    mail.mark_sent(db, letter.id, now=now, remote_id=said.remote_id)
    chat_queue.empty_older(db, letter)
    if said.code and letter.subject_type in {"case", "incident"}:
        about = (letter.subject_type, letter.subject_id)
        chat_codes.keep(db, letter.channel, said.remote_id, about, said.code, now=now)
    for kept in chat_queue.take_unplaced(db, letter.channel, said.remote_id):
        take(db, from_json(kept), ear, now=now)


def to_json(heard: Heard) -> dict[str, Any]:
    return cast(dict[str, Any], msgspec.to_builtins(heard))


def from_json(kept: dict[str, Any]) -> Heard:
    """What ``to_json`` wrote."""
    wish = kept["wish"]
    kind = ActKind(wish["kind"]) if wish["kind"] in set(ActKind) else Question(wish["kind"])
    length = msgspec.convert(wish["length"], timedelta | None)
    return Heard(**{**kept, "wish": Wish(**{**wish, "kind": kind, "length": length})})


def _taken(db: Db, heard: Heard, about: tuple[str, int], channel: ChannelRow, ear: Ear, *, now: datetime) -> None:
    person_id = chat_people.person_of(db, channel.adapter, heard.who)
    person = people.find_person(db, person_id) if person_id else None
    if person is None:
        outcome = _invite(db, heard, channel, ear, now=now)
    elif isinstance(heard.wish.kind, Question):
        outcome = _answer(db, heard, person, channel, ear, now=now)
    else:
        assert isinstance(heard.wish.kind, ActKind)  # a courier's words were taken before
        act = _chat_act(db, heard, heard.wish.kind, about, person, channel, ear, now=now)
        outcome = _act(db, act, heard, channel, now)
    mail.receive(db, channel.adapter, ear.account, heard.key, at=now, answer=outcome)


# --- acts ----------------------------------------------------------------------------------------------------------


def _chat_act(
    db: Db, heard: Heard, kind: ActKind, about: tuple[str, int], person: Person, channel: ChannelRow, ear: Ear, *,
    now: datetime,
) -> ChatAct:  # fmt: skip
    wish, (what, number) = heard.wish, about
    until = now + wish.length if wish.length else None
    to = person.id if wish.to == ME else _person_named(db, wish.to) if wish.to else None
    return ChatAct(
        channel.adapter, ear.account, heard.key, person.id, number if what == "case" else 0, kind, wish.words, to, until,
        number if what == "incident" else None,
    )  # fmt: skip


def _person_named(db: Db, name: str) -> str:
    """A person's id by id or name; a name that two have, or nobody, stays as it is and is refused as such."""
    team = people.people(db)
    wanted = name.removeprefix("@").casefold()
    found = [p.id for p in team if wanted in {p.id.casefold(), p.name.casefold()}]
    return found[0] if len(found) == 1 else name


def _act(db: Db, act: ChatAct, heard: Heard, channel: ChannelRow, now: datetime) -> str:
    outcome = (incident_acts if act.incident_id else acts).perform(db, act, now=now)
    if not isinstance(outcome, acts.Refused):
        return act.kind.value
    why = outcome.why
    about = {"incident": act.incident_id} if act.incident_id else {"case": act.case_id}
    refused = {**about, "act": act.kind.value, "identity": heard.who}
    facts.append(
        db, [FactRow("chat", channel.name, "act_refused", now, act.actor, channel.name, why.code, refused)]
    )  # fmt: skip
    if why.params.get("by") != act.actor:  # who pressed twice sees their own name on the message already
        named = Words(why.code, {**why.params, **_names(db, why.params)})
        _whisper(db, heard, (_case_line(db, outcome.case), named), channel, now=now)
    return why.code


def _names(db: Db, params: dict[str, Any]) -> dict[str, str]:
    """The names of people that a refusal mentions by id."""
    found = {name: people.find_person(db, params[name]) for name in ("by", "to") if isinstance(params.get(name), str)}
    return {name: inert(person.name if person else params[name]) for name, person in found.items()}


def _case_line(db: Db, case: CaseRow | None) -> Words:
    if case is None:
        return Words("chat.refused", {})
    return title_of(case.id, case.kind.value, reads.subject_number(db, case.subject))


# --- who isn't known -----------------------------------------------------------------------------------------------


def _invite(db: Db, heard: Heard, channel: ChannelRow, ear: Ear, *, now: datetime) -> str:
    """A one-time link to that person alone; only its hash and what it is made from are kept, never the link itself."""
    if not chat_people.is_invited(db, channel.adapter, heard.who, now=ear.wall()):
        nonce, digest = ear.invite()
        chat_people.invite(db, digest, channel.adapter, heard.who, expires_at=ear.wall() + INVITATION)
        letter = {"who": heard.who, "invitation": nonce}
        mail.post(db, [_letter("private", heard, letter, channel, "not_linked")], now=now)
    return "not_linked"


def invitation(url: str) -> Answer:
    """What somebody who isn't known is told."""
    minutes = int(INVITATION.total_seconds() // 60)
    return Answer((Words("chat.invite", {}), Words("chat.invite_link", {"url": url, "minutes": minutes})))


# --- questions -----------------------------------------------------------------------------------------------------


def _answer(db: Db, heard: Heard, person: Person, channel: ChannelRow, ear: Ear, *, now: datetime) -> str:
    acts_too = heard.wish.kind is Question.OPEN
    if not person.active or (acts_too and not may(person.role, Right.ACT)):
        refused = {"question": heard.wish.kind.value, "identity": heard.who}
        facts.append(
            db, [FactRow("chat", channel.name, "act_refused", now, person.id, channel.name, "refused.role", refused)]
        )  # fmt: skip
        _whisper(db, heard, (Words("refused.role", {}),), channel, now=now)
        return "refused.role"
    assert isinstance(heard.wish.kind, Question)
    content = ANSWERS[heard.wish.kind](db, heard.wish, person, channel, ear, now)
    payload = {"to": heard.here, "content": content}
    letter = _letter("reply", heard, payload, channel, heard.wish.kind.value)
    about = heard.wish.case_id
    if about is not None and cases.get(db, about) is not None:
        letter = replace(letter, subject_type="case", subject_id=str(about))  # it can be acted on like the alert itself
    mail.post(db, [letter], now=now)
    return heard.wish.kind.value


def _rendered(answer: Answer, channel: ChannelRow) -> dict[str, Any]:
    return CHATS[channel.adapter].render(answer, alerts.reader_of(channel))


def _mine(db: Db, wish: Wish, person: Person, channel: ChannelRow, ear: Ear, now: datetime) -> dict[str, Any]:
    del wish, ear, now
    found = cases.of_owner(db, person.id)
    return _rendered(_listed(db, "chat.mine", found), channel)


def _due(db: Db, wish: Wish, person: Person, channel: ChannelRow, ear: Ear, now: datetime) -> dict[str, Any]:
    del wish, person, ear
    found = [c for c in cases.list_cases(db) if c.promise_by and c.promise_by <= now + SOON and c.told_at is None]
    return _rendered(_listed(db, "chat.due", found), channel)


def _listed(db: Db, head: str, found: list[CaseRow]) -> Answer:
    shown = [_standing(db, case) for case in found[:MAX_LISTED]]
    more = [Words("chat.more", {"n": len(found) - MAX_LISTED})] if len(found) > MAX_LISTED else []
    return Answer((Words(head, {"n": len(found)}), *shown, *more))


def _standing(db: Db, case: CaseRow) -> Words:
    """A case in one line: what, which parcel, who has it, until when."""
    title = title_of(case.id, case.kind.value, reads.subject_number(db, case.subject))
    owner = people.find_person(db, case.owner) if case.owner else None
    promise = {"promise_at": case.promise_by.isoformat()} if case.promise_by else {}
    return Words("chat.line", {**title.params, **promise, "by": inert(owner.name) if owner else None})


def _case(db: Db, wish: Wish, person: Person, channel: ChannelRow, ear: Ear, now: datetime) -> dict[str, Any]:
    del person, ear, now
    case = cases.get(db, wish.case_id or 0)
    if case is None:
        return _rendered(Answer((Words("refused.no_such_case", {"case": wish.case_id}),)), channel)
    alert = alerts.with_names(db, alerts.alert_of(db, case, "asked"))
    reader = alerts.reader_of(channel)
    return CHATS[channel.adapter].render(alert, reader)


def _on_call(db: Db, wish: Wish, person: Person, channel: ChannelRow, ear: Ear, now: datetime) -> dict[str, Any]:
    """Whether the desk works, whose turn it is, and who may act with how many cases each has: whom to turn to."""
    del wish, person
    team = [p for p in people.people(db) if p.active and may(p.role, Right.ACT)]
    names = {p.id: inert(p.name) for p in team}
    turn = [names[one] for one in ear.desk.rota.on_call(now) if one in names]
    counts = cases.owned(db)
    lines = (Words("chat.on_call_line", {"by": names[p.id], "n": counts.get(p.id, 0)}) for p in team)
    whose = (Words("chat.on_call", {"names": turn}),) if turn else ()
    return _rendered(Answer((_hours(ear.desk.hours, now), *whose, *lines)), channel)


def _hours(hours: DeskHours, now: datetime) -> Words:
    periods = [f"{opens:%H:%M}-{closes:%H:%M}" for opens, closes in hours.periods]
    if hours.is_open(now):
        return Words("chat.desk_open", {"hours": periods})
    return Words("chat.desk_closed", {"hours": periods, "opens_at": hours.next_open(now).isoformat()})


def _open(db: Db, wish: Wish, person: Person, channel: ChannelRow, ear: Ear, now: datetime) -> dict[str, Any]:
    """A case that somebody wants opened; its own message comes as of any other."""
    opened = ear.open_case(db, wish.words, person.id, channel.adapter, now)
    if isinstance(opened, Words):
        return _rendered(Answer((opened,)), channel)
    case = cases.get(db, opened)
    assert case is not None
    return _rendered(Answer((Words("chat.opened", {}), _standing(db, case))), channel)


def _help(db: Db, wish: Wish, person: Person, channel: ChannelRow, ear: Ear, now: datetime) -> dict[str, Any]:
    del db, wish, person, ear, now
    return _rendered(Answer((Words("chat.help", {}), Words("chat.hint", {}))), channel)


ANSWERS: dict[Question, Callable[[Db, Wish, Person, ChannelRow, Ear, datetime], dict[str, Any]]] = {
    Question.MINE: _mine,
    Question.DUE: _due,
    Question.CASE: _case,
    Question.ON_CALL: _on_call,
    Question.OPEN: _open,
    Question.HELP: _help,
}


# --- letters -------------------------------------------------------------------------------------------------------


def _whisper(db: Db, heard: Heard, lines: tuple[Words, ...], channel: ChannelRow, *, now: datetime) -> None:
    """Tell one person alone."""
    letter = {"who": heard.who, "content": _rendered(Answer(lines), channel)}
    mail.post(db, [_letter("private", heard, letter, channel, "refused")], now=now)


def _letter(kind: str, heard: Heard, payload: dict[str, Any], channel: ChannelRow, reason: str) -> Letter:
    """An answer to what was heard, under an id made of it: written once, however often it is delivered."""
    told = hashlib.sha256(heard.key.encode()).hexdigest()[:24]
    return Letter(
        f"{kind}-{told}@{channel.name}", channel.name, kind, reason, "chat", heard.who, payload,
        priority=alerts.ANSWERED,
    )  # fmt: skip
