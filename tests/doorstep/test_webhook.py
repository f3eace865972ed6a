"""Instructions to the merchant's system: the bytes and signatures, where they may go, and at least once under one id."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address, ip_network
from pathlib import Path

import msgspec
import pytest
from merchant_support import OTHER, SECRET, Receiver, receiver, verified

from config.merchant import Merchant as MerchantSettings
from config.settings import ConfigError, load
from domain.errors import AccessDenied, RateLimited, Unreachable
from domain.shipment import Item, Order
from doorstep.clock import SetClock
from doorstep.house import House
from doorstep.merchant import WAITS_S, Merchant, body_of, next_wait_s
from net.http import HttpReply
from net.webhook import Gone, address_of, check, is_allowed, message_id, signature, webhook
from store import intake, ledger, mail
from store.base import Store
from store.ledger import Instruction
from store.mail import Letter

NOW = datetime(2026, 11, 23, 2, tzinfo=UTC)
KEY = MerchantSettings(secret=SECRET).keys[0]


# --- bytes and signatures ------------------------------------------------------------------------------------------


def test_the_signature_is_the_specifications() -> None:
    """The reference vector of Standard Webhooks' own libraries."""
    found = signature([KEY], "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, b'{"test": 2432232314}')
    assert found == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_both_secrets_sign_while_one_is_changed() -> None:
    """The present one first; whoever knows either can check it."""
    keys = MerchantSettings(secret=OTHER, previous_secret=SECRET).keys
    request = webhook("https://shop.example/hook", keys, "msg_1", 7, b"{}", connect_to="192.0.2.1")
    headers = {name.lower(): value for name, value in request.headers.items()}
    assert len(headers["webhook-signature"].split(" ")) == 2
    assert verified(headers, b"{}", OTHER)
    assert verified(headers, b"{}", SECRET)
    assert not verified(headers, b"{ }", SECRET)


def test_the_golden_bytes_of_an_instruction() -> None:
    """What a receiver reads, to the letter: type, time and data; sorted keys, no spaces, the same at every try."""
    instruction = Instruction(
        "make-good-p1", "O1", "A#1", "refund", 4_900, "CNY", NOW, case_id=7, why="refund: carrier_loss", proposal="p1"
    )
    payload = ledger.to_payload(instruction)
    letter = Letter(instruction.letter_id, "merchant", "instruction", "refund", "order", "O1", payload, created_at=NOW)
    body = body_of(letter)
    assert body == (
        b'{"data":{"amount_cents":4900,"approval":"","carrier":"","case":7,"currency":"CNY","id":"make-good-p1",'
        b'"item":"A#1","kind":"refund","order":"O1","proposal":"p1","qty":1,"return":null,'
        b'"why":"refund: carrier_loss"},"timestamp":"2026-11-23T02:00:00+00:00","type":"instruction.refund"}'
    )
    message = message_id(letter.id)
    request = webhook("https://shop.example/hook", [KEY], message, 1_795_399_200, body, connect_to="192.0.2.1")
    assert dict(request.headers) == {
        "content-type": "application/json",
        "user-agent": "Doorstep",
        "webhook-id": "msg_f869a79960ac7a8a7b06040b074f4250",
        "webhook-timestamp": "1795399200",
        "webhook-signature": "v1,Rv+bk6A2IJOgyeQ2WfL8HosIOGlEpozfJEe/zJgJapo=",
    }


def test_an_id_holds_no_full_stop() -> None:
    """The signature joins by it: whatever a shop calls its returns, nothing can be shifted from one part to the next."""
    assert "." not in message_id("instruction-refund-a.1.b")
    assert message_id("a") != message_id("b")
    assert message_id("a") == message_id("a")


def test_no_secret_is_shown() -> None:
    """Not by the settings, nor by a request."""
    settings = MerchantSettings(url="https://shop.example/hook?token=t0k3n", secret=SECRET)
    request = webhook(settings.url, settings.keys, "msg_1", 7, b"{}", connect_to="192.0.2.1")
    assert not [secret for secret in (SECRET, "t0k3n", "v1,") if secret in f"{settings!r} {request!r}"]


# --- settings ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (f'url = "http://shop.example/"\nsecret = "{SECRET}"', "must begin with https://"),
        (f'url = "ftp://shop.example/"\nsecret = "{SECRET}"', "whole address"),
        (f'url = "https://u:p@shop.example/"\nsecret = "{SECRET}"', "user name or password"),
        ('url = "https://shop.example/"', "secret: is missing"),
        ('url = "https://shop.example/"\nsecret = "whsec_c2hvcnQ="', "24 to 64 random bytes"),
        ('url = "https://shop.example/"\nsecret = "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"', "must be whsec_"),
        ('private = ["10.0.0.0/33"]', "is no network"),
    ],
)
def test_settings_that_would_fail_later_fail_now(tmp_path: Path, text: str, says: str) -> None:
    """With the line and the fix, and without the secret."""
    file = tmp_path / "doorstep.toml"
    file.write_text(f"[merchant]\n{text}\n", encoding="utf-8")
    with pytest.raises(ConfigError, match=says) as told:
        load(file, environ={}, structs={})
    assert "c2hvcnQ" not in str(told.value)


def test_the_secret_can_stand_in_a_file(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text(f"{SECRET}\n")
    file = tmp_path / "doorstep.toml"
    file.write_text('[merchant]\nurl = "https://shop.example/"\nsecret_file = "secret"\n')
    assert load(file, environ={}, structs={}).merchant.keys == (KEY,)


# --- where it may go -----------------------------------------------------------------------------------------------

PRIVATE = (
    "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1",
    "255.255.255.255", "::1", "::", "fe80::1", "fd00::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1",
    "2002:7f00:1::", "ff02::1",
)  # fmt: skip


@pytest.mark.parametrize("address", PRIVATE)
def test_no_private_address_is_called(address: str) -> None:
    """Loopback, private, link-local (a cloud's metadata), shared, multicast, unspecified; also wrapped in IPv6."""
    assert not is_allowed(ip_address(address), ())


@pytest.mark.parametrize("address", ["93.184.216.34", "2606:2800:220:1::1", "64:ff9b::5db8:d822"])
def test_public_addresses_are(address: str) -> None:
    assert is_allowed(ip_address(address), ())


def test_a_network_that_was_named_is_allowed_and_no_other() -> None:
    """Also where its address comes wrapped."""
    named = (ip_network("10.0.0.0/8"),)
    assert is_allowed(ip_address("10.1.2.3"), named)
    assert is_allowed(ip_address("::ffff:10.1.2.3"), named)
    assert not is_allowed(ip_address("192.168.1.1"), named)


def test_a_name_is_looked_up_and_refused_by_its_address() -> None:
    """`localhost` is a name like any other; one without an address is unreachable for now."""
    with pytest.raises(AccessDenied, match="no public address"):
        asyncio.run(address_of("http://localhost:1/", (), "merchant"))
    named = (ip_network("127.0.0.0/8"), ip_network("::1/128"))
    assert asyncio.run(address_of("http://localhost:1/", named, "merchant")) in {"127.0.0.1", "::1"}
    with pytest.raises(Unreachable):
        asyncio.run(address_of("http://no-such-name.invalid/", (), "merchant"))


@pytest.mark.parametrize(
    ("status", "headers", "error"),
    [
        (301, {"location": "http://10.0.0.1/"}, Unreachable),
        (400, {}, Unreachable),
        (404, {}, Unreachable),
        (410, {}, Gone),
        (429, {"retry-after": "120"}, RateLimited),
        (500, {}, Unreachable),
        (503, {"retry-after": "7"}, RateLimited),
        (503, {}, Unreachable),
    ],
)
def test_only_2xx_is_taken(status: int, headers: dict, error: type[Exception]) -> None:
    """Everything else is tried again, but for 410; a redirect is no success."""
    for good in (200, 202, 204, 299):
        check(HttpReply(good, {}, b""), "merchant")
    with pytest.raises(error) as told:
        check(HttpReply(status, headers, b""), "merchant")
    if isinstance(told.value, RateLimited):
        assert told.value.retry_after_s == int(headers["retry-after"])


def test_the_waits_grow_and_end() -> None:
    """Nine waits over three days, each a little stretched, never shortened; what the other side asks for counts if longer."""
    error = Unreachable("merchant", "HTTP 500")
    waits = [next_wait_s("l1", n, error) for n in range(len(WAITS_S) + 1)]
    assert waits[-1] is None
    for wait, least in zip(waits, WAITS_S, strict=False):
        assert wait is not None
        assert least <= wait <= least * 1.1
    assert 3 * 86_400 < sum(WAITS_S) < 4 * 86_400
    assert next_wait_s("l1", 0, RateLimited("merchant", "429", retry_after_s=600)) == 600
    assert next_wait_s("l1", 0, error) != next_wait_s("l2", 0, error)


# --- sending -------------------------------------------------------------------------------------------------------


@dataclass
class Desk:
    house: House
    clock: SetClock
    other: Receiver
    runner: asyncio.Runner
    line: Merchant

    def write(self, n: int = 1) -> None:
        one = Instruction(f"i{n}", "O1", f"A#{n}", "refund", 100, "CNY", self.clock())
        assert self.house.store.write(ledger.write, one)

    def send(self, times: int = 1) -> None:
        for _ in range(times):
            self.runner.run(self.line.send_due())

    def later(self, length: timedelta) -> None:
        self.clock.at = self.clock() + length

    def letter(self, n: int = 1) -> Letter:
        found = self.house.store.read(mail.get, f"instruction-i{n}")
        assert found is not None
        return found


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with receiver() as other, asyncio.Runner() as runner, Store(tmp_path / "d.sqlite3", synchronous="OFF") as store:
        file = tmp_path / "doorstep.toml"
        file.write_text(
            f'[merchant]\nurl = "{other.url}"\nsecret = "{SECRET}"\nprivate = ["127.0.0.0/8"]\ntimeout_s = 1\n'
        )
        settings, clock = load(file, environ={}, structs={}), SetClock(NOW)
        house = House(store, settings, settings.detection, clock, wall=clock)
        store.write(lambda db: intake.add_order(db, Order("O1", (Item("A", "a", 50, 100),), NOW)))
        line = Merchant(house)
        yield Desk(house, clock, other, runner, line)
        runner.run(line.close())


def test_an_instruction_is_taken_once(desk: Desk) -> None:
    """Signed by what the settings say, at the time of the try, under an id of its own; then it is marked, and sent no more."""
    desk.write()
    desk.send(2)
    [one] = desk.other.got
    assert verified(one.headers, one.body)
    assert one.headers["webhook-timestamp"] == str(int(NOW.timestamp()))
    assert one.headers["host"] == f"127.0.0.1:{desk.other.port}"
    assert one.data["id"] == "i1"
    assert (desk.letter().sent_at, desk.letter().remote_id) == (NOW, one.id)


@pytest.mark.parametrize("answer", [500, 404, 302, "hang", "reset"])
def test_what_fails_is_tried_again_under_its_id(desk: Desk, answer: int | str) -> None:
    """Not before its time; the body and id are the same, the time and signature are the try's."""
    desk.other.answers = [answer]
    desk.other.headers = {"location": f"{desk.other.url}/elsewhere"}
    desk.write()
    desk.send(2)
    assert desk.letter().attempts == 1
    assert desk.letter().error
    desk.later(timedelta(seconds=6))
    desk.send()
    first, second = desk.other.got
    assert (first.id, first.body) == (second.id, second.body)
    assert first.headers["webhook-timestamp"] != second.headers["webhook-timestamp"]
    assert verified(second.headers, second.body)
    assert desk.letter().sent_at is not None


def test_a_receiver_that_is_gone_for_an_hour_gets_everything(desk: Desk) -> None:
    """Nobody listens: one letter at a time is tried, none is lost, and all come in when it is back."""
    for n in range(1, 6):
        desk.write(n)
    desk.other.stop()
    for _ in range(60):
        desk.send()
        desk.later(timedelta(minutes=1))
    assert desk.line.sending.error
    desk.other.start()
    for _ in range(120):
        desk.send()
        desk.later(timedelta(minutes=1))
    assert sorted({one.data["id"] for one in desk.other.got}) == [f"i{n}" for n in range(1, 6)]
    assert len(desk.other.got) == 5
    assert not desk.line.sending.error


def test_what_nobody_takes_is_dead_and_visible_and_can_be_sent_again(desk: Desk) -> None:
    """After ten tries over three days; a person sends it once more, under the id that it had."""
    desk.other.answers = [500] * 10
    desk.write()
    for _ in range(4 * 24 * 12):
        desk.send()
        desk.later(timedelta(minutes=5))
    assert (len(desk.other.got), desk.letter().attempts) == (10, 10)
    assert desk.letter().dead_at is not None
    assert desk.house.store.read(mail.counts_of, "merchant") == {"waiting": 0, "dead": 1}
    assert desk.house.store.write(mail.try_again, "instruction-i1", now=desk.clock())
    desk.send()
    assert len({one.id for one in desk.other.got}) == 1
    assert desk.letter().sent_at is not None


def test_410_ends_it_at_once(desk: Desk) -> None:
    """The other side wants no more of it: dead, for a person to see."""
    desk.other.answers = [410]
    desk.write()
    desk.send()
    assert desk.letter().dead_at == NOW
    assert "410" in desk.letter().error


def test_who_asks_for_a_pause_gets_it(desk: Desk) -> None:
    """429 with Retry-After: not before."""
    desk.other.answers, desk.other.headers = [429], {"retry-after": "900"}
    desk.write()
    desk.send()
    desk.later(timedelta(seconds=899))
    desk.send()
    assert len(desk.other.got) == 1
    desk.later(timedelta(seconds=2))
    desk.send()
    assert len(desk.other.got) == 2


def test_an_address_that_moves_inside_is_not_called(desk: Desk) -> None:
    """The same name, no longer allowed: nothing is sent, and the reason names the fix."""
    desk.line.settings = msgspec.structs.replace(desk.line.settings, url=desk.other.url, private=("10.0.0.0/8",))
    desk.write()
    desk.send()
    assert desk.other.got == []
    assert "private" in desk.letter().error


def test_no_proxy_of_the_environment_looks_the_address_up_again(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was checked is what is called: a proxy would choose for itself."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    line = Merchant(desk.house)
    desk.write()
    desk.runner.run(line.send_due())
    desk.runner.run(line.close())
    assert len(desk.other.got) == 1


def test_what_was_settled_meanwhile_is_not_sent(desk: Desk) -> None:
    """The platform paid it while it waited for its turn."""
    desk.write()
    desk.house.store.write(mail.needless, "instruction-i1", now=NOW, why="x")
    desk.send()
    assert desk.other.got == []
