"""Sign-in by password or by a one-time link, sign-out, and the choice of language."""

from dataclasses import replace

from fastapi import APIRouter, Request
from fastapi.responses import Response

from doorstep.web.auth import SESSION, check_password, digest, start_session
from doorstep.web.context import (
    FORM_COOKIE,
    LANG_COOKIE,
    SESSION_COOKIE,
    YEAR_S,
    Asking,
    Form,
    Shared,
    SignedIn,
    Visitor,
    field,
    form_token,
    go,
    inside,
    render,
    set_cookie,
    web_of,
)
from doorstep.web.tongue import LANGS
from store import people
from store.base import Db

router = APIRouter()


@router.get("/sign-in")
def sign_in_page(request: Request, asking: Asking) -> Response:
    next_page = inside(request.query_params.get("next", "/"))
    return go(next_page) if asking.person else _sign_in_form(request, asking, next_page)


def _sign_in_form(
    request: Request, asking: Visitor, next_page: str, *, error: str = "", name: str = "", status: int = 200
) -> Response:
    asking, new_token = form_token(request, asking)
    page = render(request, asking, "sign_in.html", status=status, next_page=next_page, error=error, name=name)
    if new_token:
        set_cookie(request, page, FORM_COOKIE, new_token, YEAR_S)
    return page


@router.post("/sign-in")
def sign_in(request: Request, asking: Asking, web: Shared, form: Form) -> Response:
    name, next_page = field(form, "name", 100), inside(field(form, "next") or "/")
    keys = (f"name {name}", f"from {request.client.host if request.client else ''}")
    if web.attempts.too_many(keys, web.house.wall()):
        return _sign_in_form(request, asking, next_page, error="sign_in.too_many", name=name, status=429)
    person = web.house.store.read(people.find_person, name)
    if not check_password(person, field(form, "password")):
        web.attempts.failed(keys, web.house.wall())
        return _sign_in_form(request, asking, next_page, error="sign_in.wrong", name=name, status=401)
    return _enter(request, name, next_page)


@router.get("/enter/{token}")
def enter(request: Request, asking: Asking, web: Shared, token: str) -> Response:
    """A sign-in link: it works once."""
    person_id = web.house.store.write(people.use_link, digest(token), now=web.house.wall())
    if person_id is None:
        return _sign_in_form(request, asking, "/", error="sign_in.link_spent", status=410)
    return _enter(request, person_id, "/")


def _enter(request: Request, person_id: str, next_page: str) -> Response:
    session = start_session(web_of(request).house, person_id)
    response = go(next_page)
    set_cookie(request, response, SESSION_COOKIE, session.token, int(SESSION.total_seconds()))
    return response


@router.post("/sign-out")
def sign_out(web: Shared, who: SignedIn, form: Form) -> Response:
    del form
    web.house.store.write(people.end_session, who.session)
    response = go("/sign-in")
    response.delete_cookie(SESSION_COOKIE, path="/")
    return response


@router.post("/language")
def language(request: Request, asking: Asking, web: Shared, form: Form) -> Response:
    """The person's own language from now on; before sign-in, this browser's."""
    lang = field(form, "lang")
    response = go(field(form, "next") or "/")
    if lang in LANGS:
        set_cookie(request, response, LANG_COOKIE, lang, YEAR_S)
        if asking.person:
            web.house.store.write(_save_lang, asking.person.id, lang)
    return response


def _save_lang(db: Db, person_id: str, lang: str) -> None:
    person = people.find_person(db, person_id)
    if person is not None:
        people.save_person(db, replace(person, lang=lang))
