"""API keys: bound to scopes, revoked at once, and wrong ones slowed down; a key that was made before scopes does everything."""

import pytest
from api_support import BODIES, NOW, Door, door

from domain.errors import RuleError
from doorstep.keys import SCOPES, key_digest
from doorstep.operations import perform
from doorstep.web.booking_api import booking_router
from doorstep.web.money_api import money_router
from store import people

PATHS = {
    "intake": ("POST", "/api/orders"), "money": ("GET", "/api/instructions"), "pickups": ("GET", "/api/pickups"),
}  # fmt: skip


@pytest.fixture
def at(tmp_path):  # type: ignore[no-untyped-def]
    with door(tmp_path, booking_router, money_router) as made:
        yield made


def asked(at: Door, scope: str, key: str) -> int:
    method, path = PATHS[scope]
    headers = {"authorization": f"Bearer {key}"}
    reply = (
        at.client.post(path, json=BODIES["orders"], headers=headers)
        if method == "POST"
        else at.client.get(path, headers=headers)
    )
    return reply.status_code


@pytest.mark.parametrize("scope", SCOPES)
def test_a_key_does_what_its_scope_says_and_nothing_else(at: Door, scope: str) -> None:
    """403 elsewhere, with how to get the right one; before anything is read or written."""
    key = perform(at.house, "key_create", {"name": "bound", "scopes": [scope]})["key"]
    assert asked(at, scope, key) in {200, 201}
    assert {asked(at, other, key) for other in SCOPES if other != scope} == {403}


def test_a_key_from_before_scopes_does_everything(at: Door) -> None:
    """An upgrade locks no shop out."""
    at.house.store.write(people.add_api_key, name="old", digest=key_digest("ds_old"), now=NOW)
    assert {asked(at, scope, "ds_old") for scope in SCOPES} <= {200, 201}


def test_a_revoked_key_is_none(at: Door) -> None:
    """At once, and it can't be revoked twice."""
    key = perform(at.house, "key_create", {"name": "lost", "scopes": []})["key"]
    perform(at.house, "key_revoke", {"name": "lost"})
    assert asked(at, "intake", key) == 401
    assert {k["name"]: bool(k["revoked_at"]) for k in perform(at.house, "keys_list", {})["keys"]}["lost"]
    with pytest.raises(RuleError, match="keys list"):
        perform(at.house, "key_revoke", {"name": "lost"})


def test_wrong_keys_are_slowed_down_and_good_ones_are_not(at: Door) -> None:
    """After ten from one address 429; who has a key is never locked out by somebody who hasn't."""
    assert [asked(at, "intake", f"guess-{n}") for n in range(12)] == [401] * 10 + [429] * 2
    assert asked(at, "intake", at.key) in {200, 201}


def test_an_unknown_scope_is_refused(at: Door) -> None:
    """With those that there are."""
    with pytest.raises(RuleError, match="intake, money, pickups"):
        perform(at.house, "key_create", {"name": "x", "scopes": ["everything"]})
