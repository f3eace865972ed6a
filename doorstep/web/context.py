"""What every page needs: who asks, in which language, a form that is proven to be theirs, and a way to answer."""

import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from dataclasses import field as field_
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from fastapi import Depends, HTTPException, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from jinja2 import Environment
from starlette.datastructures import FormData, UploadFile

from domain.files import MAX_FILE_BYTES
from domain.people import Right, may
from doorstep.house import House
from doorstep.web.auth import TOKEN_BYTES, Attempts, Looks, digest
from doorstep.web.pmtiles import Archive
from doorstep.web.tongue import HTML_LANG, LANGS, Tongue
from store import facts, people
from store.facts import FactRow
from store.people import Person

SESSION_COOKIE, FORM_COOKIE, LANG_COOKIE = "doorstep_session", "doorstep_form", "doorstep_lang"
YEAR_S = 365 * 86_400
MAX_FORM_BYTES, MAX_FIELDS = 64 * 1024, 200
MAX_LONG_BYTES, MAX_LONG_FIELDS = 1024 * 1024, 500
MAX_UPLOADS = 5
MAX_UPLOAD_BYTES = MAX_UPLOADS * MAX_FILE_BYTES + MAX_FORM_BYTES


@dataclass(frozen=True, slots=True)
class Web:
    """What the pages share. ``tiles`` is the operator's own map archive, where one is
    named; ``looks`` counts what customers ask of their pages; ``speed`` sets how fast simulated time runs, None outside a demo.
    """

    house: House
    pages: Environment
    attempts: Attempts
    tiles: Archive | None = None
    speed: Callable[[int], None] | None = None
    looks: Looks = field_(default_factory=Looks)

    @property
    def demo(self) -> bool:
        """Whether time is simulated: only then may one act as another, or change the speed."""
        return bool(self.house.settings.doorstep.clock_url) or self.speed is not None


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who asks. ``csrf`` is what a form of theirs must carry; ``person`` is None before sign-in."""

    person: Person | None
    csrf: str
    lang: str
    session: str = ""


@dataclass(frozen=True, slots=True)
class Desk:
    """A signed-in visitor."""

    person: Person
    csrf: str
    lang: str
    session: str


class SignInFirst(Exception):
    """Nobody is signed in: the page asks for that, and comes back."""


def web_of(request: Request) -> Web:
    web: Web = request.app.state.web
    return web


def visitor(request: Request) -> Visitor:
    """Whoever asks, signed in or not."""
    web = web_of(request)
    token = request.cookies.get(SESSION_COOKIE, "")
    known = web.house.store.read(people.session_person, digest(token), now=web.house.wall()) if token else None
    if known is None:
        return Visitor(None, request.cookies.get(FORM_COOKIE, ""), _lang(request, web, ""))
    person, csrf = known
    return Visitor(person, csrf, _lang(request, web, person.lang), digest(token))


def _lang(request: Request, web: Web, chosen: str) -> str:
    """The person's choice, else the browser's, else the installation's."""
    wanted = (chosen, request.cookies.get(LANG_COOKIE, ""), request.headers.get("accept-language", "")[:2].lower())
    return next((lang for lang in wanted if lang in LANGS), web.house.settings.doorstep.lang)


def signed_in(asking: Annotated[Visitor, Depends(visitor)]) -> Desk:
    if asking.person is None:
        raise SignInFirst
    return Desk(asking.person, asking.csrf, asking.lang, asking.session)


def needs(right: Right) -> Callable[..., Desk]:
    """A dependency: whoever is signed in and has the right. 403 for the others, and the refusal is on record."""

    def allowed(request: Request, who: Annotated[Desk, Depends(signed_in)]) -> Desk:
        if not may(who.person.role, right):
            house = web_of(request).house
            refused = FactRow(
                "person", who.person.id, "refused", house.now(), who.person.id, "console",
                data={"right": right.value, "path": request.url.path},
            )  # fmt: skip
            house.store.write(facts.append, [refused])
            raise HTTPException(403, "role")
        return who

    return allowed


async def small_form(
    request: Request, *, most_bytes: int = MAX_FORM_BYTES, files: int = 0, fields: int = MAX_FIELDS
) -> FormData:
    """A form as short as ours are. 413 where it is longer, or doesn't say how long it is."""
    length = request.headers.get("content-length", "")
    if not (length.isascii() and length.isdigit() and int(length[:9]) <= most_bytes):
        raise HTTPException(413, "form")
    return await request.form(max_files=files, max_fields=fields, max_part_size=most_bytes)


async def form_of(request: Request, asking: Annotated[Visitor, Depends(visitor)]) -> FormData:
    """A submitted form that carries its visitor's token. 403 otherwise: another site may have sent it."""
    return _proven(request, asking, await small_form(request))


async def long_form_of(request: Request, asking: Annotated[Visitor, Depends(visitor)]) -> FormData:
    """The same, with a text for each of many cases."""
    return _proven(request, asking, await small_form(request, most_bytes=MAX_LONG_BYTES, fields=MAX_LONG_FIELDS))


async def upload_of(request: Request, asking: Annotated[Visitor, Depends(visitor)]) -> FormData:
    """The same, with files."""
    return _proven(request, asking, await small_form(request, most_bytes=MAX_UPLOAD_BYTES, files=MAX_UPLOADS))


def _proven(request: Request, asking: Visitor, form: FormData) -> FormData:
    sent = str(form.get("csrf") or request.headers.get("x-csrf-token") or "")
    if not asking.csrf or not secrets.compare_digest(sent.encode(), asking.csrf.encode()):
        raise HTTPException(403, "csrf")
    return form


def taken_out(web: Web, who: Desk, what: str, count: int) -> None:
    """Put on record that somebody took data out of the house: which, and how many records."""
    data = {"what": what, "count": count}
    told = FactRow("person", who.person.id, "exported", web.house.now(), who.person.id, "console", data=data)
    web.house.store.write(facts.append, [told])


Shared = Annotated[Web, Depends(web_of)]
Asking = Annotated[Visitor, Depends(visitor)]
SignedIn = Annotated[Desk, Depends(signed_in)]
Acting = Annotated[Desk, Depends(needs(Right.ACT))]
"""Signed in, and allowed to work on cases."""
Revealing = Annotated[Desk, Depends(needs(Right.REVEAL))]
"""Signed in, and allowed to see what is masked."""
Managing = Annotated[Desk, Depends(needs(Right.MANAGE))]
"""Signed in, and allowed to manage people and customers' data."""
Exporting = Annotated[Desk, Depends(needs(Right.EXPORT))]
"""Signed in, and allowed to take data out of the house: whoever answers such a request says how much, with ``taken_out``."""
Form = Annotated[FormData, Depends(form_of)]
LongForm = Annotated[FormData, Depends(long_form_of)]
Upload = Annotated[FormData, Depends(upload_of)]


def field(form: FormData, name: str, limit: int = 2_000) -> str:
    """One text field of a form, trimmed; empty where it is missing or a file."""
    value = form.get(name)
    return value.strip()[:limit] if isinstance(value, str) else ""


def numbers(form: FormData, name: str) -> list[int]:
    """All whole numbers that a form gives under one name, each once."""
    sent = [value for value in form.getlist(name) if isinstance(value, str) and value.isascii() and value.isdigit()]
    return list(dict.fromkeys(int(value) for value in sent if len(value) < 10))


async def files_of(form: FormData, name: str) -> list[bytes]:
    """The files of a form, those without content left out."""
    sent = [await one.read() for one in form.getlist(name) if isinstance(one, UploadFile)]
    return [data for data in sent if data]


def tongue(web: Web, lang: str, *, veiled: bool = False) -> Tongue:
    return Tongue(lang, ZoneInfo(web.house.settings.doorstep.timezone), web.house.now(), veiled)


def render(
    request: Request,
    who: Visitor | Desk,
    template: str,
    /,
    *,
    status: int = 200,
    headers: dict[str, str] | None = None,
    **values: Any,
) -> HTMLResponse:
    """Fill a template for a visitor."""
    web = web_of(request)
    speech = tongue(web, who.lang, veiled=isinstance(who, Desk) and not may(who.person.role, Right.REVEAL))
    shared = {
        **{
            name: getattr(speech, name)
            for name in (
                "t",
                "words",
                "when",
                "clock",
                "ago",
                "span",
                "money",
                "plain_money",
                "label",
                "event",
                "unserved",
                "refusal",
                "said",
                "service",
                "window",
                "carrier",
                "channel",
            )
        },
        "speech": speech,
        "lang": who.lang,
        "html_lang": HTML_LANG[who.lang],
        "langs": LANGS,
        "who": who,
        "now": speech.now,
        "path": request.url.path,
        "query": request.query_params,
        "here": request.url.path + (f"?{request.url.query}" if request.url.query else ""),
        "demo": web.demo,
        "can_speed": web.speed is not None,
        "cast": cast(web) if who.person else [],
        "may_act": who.person is not None and may(who.person.role, Right.ACT),
        "may": lambda right: who.person is not None and may(who.person.role, Right(right)),
        "new_id": web.house.new_id,
        "settings": web.house.settings,
    }
    return HTMLResponse(web.pages.get_template(template).render(**shared, **values), status, headers)


def cast(web: Web) -> list[Person]:
    """Whom a demo lets one act as."""
    return [person for person in web.house.store.read(people.people) if person.active] if web.demo else []


def names_of(web: Web, team: Iterable[Person]) -> dict[str, str]:
    """What to call whoever did something: staff and couriers, by id."""
    couriers = {courier.id: courier.name for courier in web.house.settings.couriers}
    return couriers | {person.id: person.name for person in team}


def is_htmx(request: Request) -> bool:
    return request.headers.get("hx-request") == "true"


def wants_json(request: Request) -> bool:
    return "application/json" in request.headers.get("accept", "")


def go(url: str) -> Response:
    """See another page of this house; an address elsewhere leads to the desk."""
    return RedirectResponse(inside(url), 303)


def inside(url: str) -> str:
    """The address if it is a path of this house, else the desk: nobody is sent away by a crafted link."""
    return url if url.startswith("/") and not url.startswith(("//", "/\\")) and "\n" not in url else "/"


def set_cookie(request: Request, response: Response, name: str, value: str, max_age_s: int) -> None:
    secure = web_of(request).house.settings.doorstep.public_url.startswith("https:")
    response.set_cookie(name, value, max_age=max_age_s, httponly=True, samesite="lax", secure=secure, path="/")


def form_token(request: Request, asking: Visitor) -> tuple[Visitor, str]:
    """A visitor with a token for forms before sign-in; the second is to be set as a cookie, empty where it is."""
    if asking.csrf or asking.person:
        return asking, ""
    token = request.cookies.get(FORM_COOKIE) or secrets.token_urlsafe(TOKEN_BYTES)
    return Visitor(None, token, asking.lang), token
