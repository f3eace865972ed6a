"""Linking a chat account: asked first, confirmed by who is signed in, once, within ten minutes."""

from datetime import timedelta

from web_support import NOW

from doorstep.invitations import new_invitation, token_of
from store import chat_people, facts

IDENTITY = "@lin:chat.test"


def invite(house, *, minutes: int = 10) -> str:
    nonce, digest = new_invitation(house)
    house.store.write(
        chat_people.invite, digest, "matrix", IDENTITY, expires_at=NOW + timedelta(minutes=minutes)
    )  # fmt: skip
    return token_of(house, nonce)


def linked(house) -> str | None:
    return house.store.read(chat_people.person_of, "matrix", IDENTITY)


def test_opening_the_link_links_nobody_yet(house, lin):
    """A chat's preview, or somebody who was sent the link, opens it: it asks, and nothing is spent."""
    token = invite(house)
    for _ in range(2):
        page = lin.get(f"/chat/link/{token}")
        assert page.status_code == 200
        assert IDENTITY in page.text
    assert linked(house) is None


def test_confirmed_it_links_who_is_signed_in_once(house, lin, chen):
    """The second use, whoever tries it, is refused; who linked whom is on record."""
    token = invite(house)
    lin.get(f"/chat/link/{token}")
    assert lin.post(f"/chat/link/{token}").status_code == 200
    assert linked(house) == "lin"
    chen.get("/")
    assert chen.post(f"/chat/link/{token}").status_code == 410
    assert linked(house) == "lin"
    [fact] = house.store.read(facts.history, "chat", "matrix")
    assert (fact.event, fact.by, fact.data["identity"]) == ("linked", "lin", IDENTITY)


def test_a_stranger_is_asked_to_sign_in(house, stranger):
    token = invite(house)
    page = stranger.get(f"/chat/link/{token}")
    assert page.status_code == 303
    assert page.headers["location"].startswith("/sign-in")
    assert linked(house) is None


def test_too_late_or_made_up_links_nobody(house, lin):
    """After ten minutes the link is dead; a token that was never given out always was."""
    lin.get("/")
    for token in (invite(house, minutes=0), "x" * 64, token_of(house, "guess")):
        assert lin.get(f"/chat/link/{token}").status_code in {404, 410}
        assert lin.post(f"/chat/link/{token}").status_code in {404, 410}
    assert linked(house) is None


def test_guessing_is_locked(house, lin):
    """After ten wrong tokens from one address nothing more is looked at for a while, not even a right one."""
    token = invite(house)
    lin.get("/")
    for n in range(10):
        assert lin.get(f"/chat/link/guess-{n}").status_code == 410
    assert lin.get(f"/chat/link/{token}").status_code == 429
    assert lin.post(f"/chat/link/{token}").status_code == 429
    assert linked(house) is None


def test_another_site_cannot_confirm(house, lin):
    """A form without the visitor's own token is refused."""
    token = invite(house)
    assert lin.post(f"/chat/link/{token}", csrf=False).status_code == 403
    assert linked(house) is None
