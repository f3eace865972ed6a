"""Nobody sees anything without having signed in; secrets are kept as hashes only; every form proves whose it is."""

from datetime import timedelta

import pytest
from fastapi.routing import APIRoute
from web_support import HTMX, PASSWORD, Browser, add_parcel, app_of, open_case

from doorstep.web.app import PAGES
from doorstep.web.auth import Attempts, digest, sign_in_link
from doorstep.web.context import SESSION_COOKIE
from store import people, tables

OPEN = ("/sign-in", "/enter/", "/courier/", "/collector/", "/s/", "/static", "/favicon.ico", "/language")


def page_paths():
    routes = [r for page in PAGES for r in page.router.routes if isinstance(r, APIRoute)]
    return sorted({(next(iter(r.methods)), r.path) for r in routes if not r.path.startswith(OPEN)})


def test_no_page_answers_without_a_session(stranger):
    """Every page and every form but the sign-in's, the courier's, the collector's and the customer's leads a stranger to the sign-in."""
    paths = page_paths()
    assert len(paths) > 15
    for method, path in paths:
        url = path.replace("{case_id}", "1").replace("{number:path}", "1").replace("{ref:path}", "1")
        for name in ("instruction_id", "shipment_id", "file_id", "record_id"):
            url = url.replace(f"{{{name}}}", "1")
        reply = stranger.get(url) if method == "GET" else stranger.post(url)
        assert reply.status_code in {303, 401, 403}, (method, path, reply.status_code)
        if reply.status_code == 303:
            assert reply.headers["location"].startswith("/sign-in?next=")


def test_a_page_is_come_back_to_after_sign_in(stranger):
    reply = stranger.get("/returns?status=failed")
    assert reply.headers["location"] == "/sign-in?next=%2Freturns%3Fstatus%3Dfailed"
    stranger.get(reply.headers["location"])
    signed = stranger.post("/sign-in", {"name": "lin", "password": PASSWORD, "next": "/returns?status=failed"})
    assert signed.headers["location"] == "/returns?status=failed"


@pytest.mark.parametrize("url", ["https://evil.example", "//evil.example", "/\\evil.example", "javascript:alert(1)"])
def test_sign_in_never_leads_to_another_site(stranger, url):
    stranger.get("/sign-in")
    signed = stranger.post("/sign-in", {"name": "lin", "password": PASSWORD, "next": url})
    assert signed.headers["location"] == "/"


@pytest.mark.parametrize(
    ("name", "password"), [("lin", "wrong"), ("nobody", PASSWORD), ("gone", PASSWORD), ("lin", "")]
)
def test_a_wrong_password_an_unknown_name_and_a_former_colleague_are_refused_alike(stranger, name, password):
    stranger.get("/sign-in")
    reply = stranger.post("/sign-in", {"name": name, "password": password})
    assert reply.status_code == 401
    assert "Name or password is wrong." in reply.text or "用户名或密码不正确" in reply.text
    assert SESSION_COOKIE not in stranger.cookies


def test_the_session_cookie_is_kept_from_scripts_and_other_sites_and_only_its_hash_is_stored(house, stranger):
    stranger.get("/sign-in")
    reply = stranger.post("/sign-in", {"name": "lin", "password": PASSWORD})
    cookie = reply.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    token = stranger.cookies[SESSION_COOKIE]

    def stored(db):
        return [row.digest for row in db.execute(tables.table(tables.Session).select())]

    assert house.store.read(stored) == [digest(token)]
    assert token not in house.store.read(stored)


def test_a_session_ends_after_twelve_hours_of_real_time(house, lin):
    """Simulated time doesn't sign anybody out; real time does."""
    house.now.set(house.now() + timedelta(days=30))
    assert lin.get("/").status_code == 200
    house.wall.set(house.wall() + timedelta(hours=12, seconds=1))
    assert lin.get("/").status_code == 303


def test_signing_out_ends_the_session_for_whoever_kept_the_cookie(lin):
    token = lin.cookies[SESSION_COOKIE]
    assert lin.post("/sign-out").status_code == 303
    assert lin.get("/", headers={"Cookie": f"{SESSION_COOKIE}={token}"}).status_code == 303


def test_a_sign_in_link_works_once(house, stranger):
    path = sign_in_link(house, "chen").removeprefix(house.settings.doorstep.public_url)
    assert stranger.get(path).headers["location"] == "/"
    assert "Chen Mo" in stranger.get("/").text
    other = Browser(app_of(house))
    assert other.get(path).status_code == 410
    assert other.get("/").status_code == 303
    other.close()


def test_a_sign_in_link_is_too_old_after_a_day(house, stranger):
    path = sign_in_link(house, "chen").removeprefix(house.settings.doorstep.public_url)
    house.wall.set(house.wall() + timedelta(hours=24, seconds=1))
    assert stranger.get(path).status_code == 410


def test_guessing_is_slowed_down(house, stranger):
    """After ten failures even the right password waits."""
    stranger.get("/sign-in")
    for _ in range(Attempts.LIMIT):
        assert stranger.post("/sign-in", {"name": "lin", "password": "guess"}).status_code == 401
    assert stranger.post("/sign-in", {"name": "lin", "password": PASSWORD}).status_code == 429
    house.wall.set(house.wall() + Attempts.SPAN)
    assert stranger.post("/sign-in", {"name": "lin", "password": PASSWORD}).status_code == 303


@pytest.mark.parametrize("token", [None, "", "forged"])
def test_a_form_without_its_visitors_token_changes_nothing(house, lin, token):
    case_id = open_case(house, add_parcel(house))
    form = {"act": "acknowledge"} | ({} if token is None else {"csrf": token})
    assert lin.post(f"/cases/{case_id}/acts", form, csrf=False).status_code == 403
    assert "nobody yet" in lin.get(f"/cases/{case_id}").text


def test_one_persons_token_is_worth_nothing_in_anothers_session(house, lin, chen):
    case_id = open_case(house, add_parcel(house))
    form = {"act": "acknowledge", "csrf": chen.csrf}
    assert lin.post(f"/cases/{case_id}/acts", form, csrf=False).status_code == 403


def test_the_sign_in_form_too_must_come_from_its_own_page(stranger):
    assert stranger.post("/sign-in", {"name": "lin", "password": PASSWORD}, csrf=False).status_code == 403


def test_a_form_longer_than_ours_is_not_even_read(lin):
    assert lin.post("/language", {"lang": "zh" + "x" * 70_000}).status_code == 413


def test_the_language_is_the_persons_own(house, lin):
    assert '<html lang="en">' in lin.get("/").text
    lin.post("/language", {"lang": "zh", "next": "/parcels"})
    page = lin.get("/")
    assert '<html lang="zh-CN">' in page.text
    assert "工作台" in page.text
    assert house.store.read(people.find_person, "lin").lang == "zh"


def test_the_browsers_language_holds_before_sign_in_and_a_choice_outweighs_it(stranger):
    assert '<html lang="en">' in stranger.get("/sign-in", headers={"Accept-Language": "en-GB"}).text
    stranger.post("/language", {"lang": "zh", "next": "/sign-in"})
    assert '<html lang="zh-CN">' in stranger.get("/sign-in", headers={"Accept-Language": "en-GB"}).text


def test_a_fragment_takes_its_page_to_the_sign_in(stranger):
    reply = stranger.get("/desk/board", headers=HTMX)
    assert reply.status_code == 401
    assert reply.headers["hx-redirect"].startswith("/sign-in")


def test_pages_are_kept_out_of_caches_and_allow_nothing_from_elsewhere(lin):
    headers = lin.get("/").headers
    assert headers["cache-control"] == "no-store"
    policy = headers["content-security-policy"]
    assert "script-src 'self';" in policy
    assert "unsafe" not in policy
    assert "http" not in policy
