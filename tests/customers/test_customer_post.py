"""Sending to customers: a real mail server and an HTTP far side that fail, hang and refuse; hostile texts go nowhere."""

import asyncio
import base64
import hashlib
import hmac
import json

import httpx
import pytest
from customer_support import DAY, HOSTILE, HOUR, MINUTE, START, a_house, add_order, history, hook, messages, open_case
from customer_support import settings as customer_settings
from smtp_server import Behaviour, certificate, smtp

from config.customer_settings import Hook, Mail, Sms
from domain.case import CaseEvent
from domain.errors import AccessDenied, Permanent, Unreachable
from doorstep.clock import SetClock
from doorstep.customer_post import CustomerPost, Post, filled, public_only, ways_of
from doorstep.customers import look_after_due
from doorstep.letter_post import pause_s
from net import mail as net_mail
from net.mail import Mail as Letter
from net.mail import Server
from net.signing import signed
from store import intake, telling

LETTER = Letter("customer-auto-1-1-opened", "z@example.com", "Shop <care@shop.example>", "情况说明", "您好！\n.\n内容")


def house_with(tmp_path, port=2, transport=None, **more):
    mail = Mail(
        host="127.0.0.1", port=port, sender="青禾 <care@shop.example>", security="none", reply_to="us@shop.example"
    )
    own = customer_settings(**({"mail": mail} | more))
    house = a_house(tmp_path, own)
    return house, CustomerPost(house, ways_of(house, transport=transport))


def go_on(house, post, at):
    """One beat and one look of the post, at a time."""
    house.now.set(at)
    asyncio.run(look_after_due(house, now=at))
    asyncio.run(post.send_due())


# --- mail ------------------------------------------------------------------------------------------------------------


def test_a_message_arrives_whole(tmp_path):
    """To its one recipient, with name, body, a link that is good, and a Message-ID made of the letter's id."""
    does = Behaviour()
    with smtp(does) as port:
        house, post = house_with(tmp_path, port)
        case_id = house.store.write(open_case, house.store.write(add_order))
        go_on(house, post, START + HOUR)
        [taken] = does.taken
        text = taken.message.get_content()
        assert taken.recipients == ["z@example.com"]
        assert taken.message["Message-ID"] == f"<customer-auto-{case_id}-1-opened@shop.example>"
        assert taken.message["Auto-Submitted"] == "auto-generated"
        assert taken.message["Reply-To"] == "us@shop.example"
        assert taken.message.get_content_type() == "text/plain"
        assert text.startswith("张三丰，您好！")
        link = text[text.index("http") :].split()[0]
        assert house.order_of_link(link.rpartition("/")[2]) == "A1"
        assert messages(house.store, case_id)[0].sent_at == START + HOUR
        house.store.close()


def test_a_letter_sent_twice_is_the_same_message(tmp_path):
    """Killed between sending and noting it, the house sends it again under the same Message-ID."""
    does = Behaviour()
    with smtp(does) as port:
        server = Server("127.0.0.1", port, "none")
        ids = {net_mail.send_now(server, LETTER) for _ in range(2)}
        assert len(ids) == 1
        assert [t.message["Message-ID"] for t in does.taken] == [*ids, *ids]
        assert does.taken[0].message.get_content().replace("\r\n", "\n") == LETTER.text + "\n"


@pytest.mark.parametrize(
    ("does", "error"),
    [
        (Behaviour(rcpt="550 no such person"), Permanent),
        (Behaviour(rcpt="450 greylisted"), Unreachable),
        (Behaviour(data="554 spam"), Permanent),
        (Behaviour(data="451 later"), Unreachable),
        (Behaviour(hang=True), Unreachable),
    ],
)
def test_what_a_server_says_decides_what_is_done_next(does, error):
    """5xx: never again; 4xx, silence: later. The recipient's address is in no error."""
    with smtp(does) as port, pytest.raises(error) as caught:
        net_mail.send_now(Server("127.0.0.1", port, "none", timeout_s=0.3), LETTER)
    assert "z@example.com" not in str(caught.value)
    assert type(caught.value) is error


def test_nobody_listening_is_unreachable():
    with pytest.raises(Unreachable):
        net_mail.send_now(Server("127.0.0.1", 9, "none", timeout_s=1), LETTER)


def test_a_wrong_password_is_the_accounts_fault():
    with smtp(Behaviour(password="right")) as port, pytest.raises(AccessDenied):
        net_mail.send_now(Server("127.0.0.1", port, "none", "us", "wrong"), LETTER)


def test_without_starttls_nothing_is_sent():
    """A server that offers no encryption gets neither the password nor the message."""
    does = Behaviour(password="right")
    with smtp(does) as port, pytest.raises(AccessDenied, match="STARTTLS"):
        net_mail.send_now(Server("127.0.0.1", port, "starttls", "us", "right"), LETTER)
    assert does.taken == []


def test_starttls_with_a_known_certificate(tmp_path):
    """Encrypted before the password; a certificate that nobody vouches for is refused."""
    cert, context = certificate(tmp_path)
    does = Behaviour(password="right", tls=context)
    with smtp(does) as port:
        net_mail.send_now(Server("localhost", port, "starttls", "us", "right", cert), LETTER)
        assert [(t.encrypted, t.user) for t in does.taken] == [(True, "us")]
        with pytest.raises(AccessDenied, match="certificate"):
            net_mail.send_now(Server("localhost", port, "starttls", "us", "right"), LETTER)


@pytest.mark.parametrize("hostile", HOSTILE)
def test_hostile_texts_become_no_header_no_second_recipient_and_no_greeting(tmp_path, hostile):
    """As a name, a subject or an address: one message to one recipient, with the headers that we set."""
    does = Behaviour()
    with smtp(does) as port:
        house, post = house_with(tmp_path, port)
        case_id = house.store.write(open_case, house.store.write(add_order, name=hostile, address=hostile))
        go_on(house, post, START + HOUR)
        subject = Letter("x", "z@example.com", "Shop <c@s.example>", hostile, hostile)
        net_mail.send_now(Server("127.0.0.1", port, "none"), subject)
        first, second = does.taken
        assert {tuple(t.recipients) for t in does.taken} == {("z@example.com",)}
        assert "Bcc" not in second.message
        assert second.message.get_content_type() == "text/plain"
        shown = first.message.get_content()
        assert "evil" not in shown
        assert "<script>" not in shown
        assert "\u202e" not in shown
        assert messages(house.store, case_id)[0].sent_at
        house.store.close()


@pytest.mark.parametrize(
    "address", ["a@b.example, c@d.example", "a@b.example\r\nBcc: c@d.example", "<a@b.example>", "x", ""]
)
def test_what_is_no_single_address_is_written_to_by_nobody(address):
    with pytest.raises(Permanent):
        net_mail.written(Letter("x", address, "c@s.example", "s", "t"))


# --- retries ---------------------------------------------------------------------------------------------------------


def test_a_server_that_is_down_is_tried_again_at_stored_times(tmp_path):
    """Later and later, through a restart; then it goes out once."""
    house, post = house_with(tmp_path)  # nobody listens there
    case_id = house.store.write(open_case, house.store.write(add_order))
    go_on(house, post, START + HOUR)
    [letter] = messages(house.store, case_id)
    assert letter.attempts == 1
    assert letter.due_at > START + HOUR
    go_on(house, post, letter.due_at - MINUTE / 6)
    assert messages(house.store, case_id) == [letter]
    does = Behaviour()
    with smtp(does) as port:
        house.store.close()
        again, post = house_with(tmp_path, port)
        go_on(again, post, letter.due_at)
        go_on(again, post, letter.due_at + HOUR)
        assert len(does.taken) == 1
        again.store.close()


def test_a_retry_waits_for_the_morning_as_a_first_try_does(tmp_path):
    house, post = house_with(tmp_path)
    case_id = house.store.write(open_case, house.store.write(add_order))
    evening = START + 10 * HOUR + 59 * MINUTE  # 20:59 in Shanghai
    go_on(house, post, evening)
    go_on(house, post, evening + 2 * MINUTE)
    [letter] = messages(house.store, case_id)
    assert letter.due_at == START + 22 * HOUR
    house.store.close()


def test_a_refused_message_is_given_up_and_the_case_says_so(tmp_path):
    """A dead letter, a fact, a to-do: and nobody believes that the customer was told."""
    with smtp(Behaviour(rcpt="550 unknown")) as port:
        house, post = house_with(tmp_path, port)
        case_id = house.store.write(open_case, house.store.write(add_order))
        go_on(house, post, START + HOUR)
        assert messages(house.store, case_id)[0].dead_at == START + HOUR
        assert history(house.store, case_id)[-1].event is CaseEvent.MESSAGE_FAILED
        assert [todo.why for todo in house.store.read(telling.todos)] == ["failed"]
        house.store.close()


def test_after_two_days_it_is_given_up(tmp_path):
    """What would be said then isn't true any more."""
    house, post = house_with(tmp_path)
    case_id = house.store.write(open_case, house.store.write(add_order))
    go_on(house, post, START + HOUR)
    go_on(house, post, START + 2 * DAY + 3 * HOUR)
    assert [letter.dead_at is not None for letter in messages(house.store, case_id) if letter.reason == "opened"] == [
        True
    ]
    house.store.close()


def test_pauses_grow_to_an_hour():
    down = Unreachable("x", "y")
    assert [pause_s(n, down) for n in (1, 2, 3, 20)] == [30, 60, 120, 3_600]


# --- text messages and the shop's system ------------------------------------------------------------------------------


class FarSide:
    """Records what is posted, and answers as told."""

    def __init__(self, *replies):
        self.replies, self.asked = list(replies), []

    def transport(self):
        return httpx.MockTransport(self._answer)

    def _answer(self, request):
        self.asked.append(request)
        return self.replies.pop(0) if self.replies else httpx.Response(200, json={"code": 0})


def sms_only(**more):
    body = '{"mobile": "{phone}", "content": {"text": "{text}"}, "uid": "{id}", "n": 1}'
    sms = Sms(**{"url": "http://sms.example/send", "body": body, "headers": {"Authorization": "Bearer {key}"},
                 "key": "K", "secret": "top", "ok": {"code": 0}, **more})  # fmt: skip
    return {"ways": ("sms",), "sms": sms}


def test_a_text_message_in_the_providers_own_form(tmp_path):
    """The template's blanks are filled inside its texts, and the very bytes are signed."""
    far = FarSide()
    house, post = house_with(tmp_path, transport=far.transport(), **sms_only())
    case_id = house.store.write(open_case, house.store.write(add_order))
    go_on(house, post, START + HOUR)
    [request] = far.asked
    told = json.loads(request.content)
    assert (told["mobile"], told["uid"], told["n"]) == ("13812345678", f"customer-auto-{case_id}-1-opened", 1)
    assert "/s/" in told["content"]["text"]
    assert request.headers["authorization"] == "Bearer K"
    stamp = request.headers["webhook-timestamp"]
    wanted = hmac.new(b"top", f"{told['uid']}.{stamp}.".encode() + request.content, hashlib.sha256).digest()
    assert request.headers["webhook-signature"] == f"v1,{base64.b64encode(wanted).decode()}"
    house.store.close()


@pytest.mark.parametrize("text", ['", "mobile": "1', "{phone}", "\\", "\n\u2028", *HOSTILE])
def test_no_text_changes_the_shape_of_a_request(text):
    """Whatever it holds, it stays one text; a blank inside it is filled by nobody."""
    shape = {"to": "{phone}", "text": "x {text}", "list": ["{id}"], "n": 1}
    assert filled(shape, {"{phone}": "1", "{text}": text, "{id}": "i"}) == {
        "to": "1", "text": f"x {text}", "list": ["i"], "n": 1,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("reply", "dead", "again_in"),
    [
        (httpx.Response(200, json={"code": 0}), False, None),
        (httpx.Response(200, json={"code": 7}), True, None),
        (httpx.Response(200, text="ok"), True, None),
        (httpx.Response(400), True, None),
        (httpx.Response(503), False, 30),
        (httpx.Response(429, headers={"retry-after": "90"}), False, 90),
        (httpx.Response(401), False, 30),
    ],
)
def test_what_a_provider_answers_decides_what_is_done_next(tmp_path, reply, dead, again_in):
    far = FarSide(reply)
    house, post = house_with(tmp_path, transport=far.transport(), **sms_only())
    case_id = house.store.write(open_case, house.store.write(add_order))
    go_on(house, post, START + HOUR)
    [letter] = messages(house.store, case_id)
    assert (letter.dead_at is not None) == dead
    waits = (letter.due_at - START - HOUR).total_seconds() if not letter.sent_at and not dead else None
    assert waits == again_in
    house.store.close()


def test_the_shops_own_system_is_told_signed(tmp_path):
    """For a chat of the platform's: order, words and link, and no name, phone or address."""
    far = FarSide(httpx.Response(204))
    house, post = house_with(tmp_path, transport=far.transport(), ways=("webhook",), webhook=hook())
    house.store.write(open_case, house.store.write(add_order, name="x@evil.example"))
    go_on(house, post, START + HOUR)
    [request] = far.asked
    told = json.loads(request.content)
    assert (told["type"], told["order"]) == ("customer.message", "A1")
    assert told["link"] in told["text"]
    assert "13812345678" not in request.content.decode()
    house.store.close()


def test_a_signature_as_standard_webhooks_have_it():
    """Their own example (spec, "signature scheme")."""
    body = b'{"test": 2432232314}'
    at = SetClock(START)()
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    headers = signed(secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", at.fromtimestamp(1614265330, at.tzinfo), body)
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


# --- where it goes ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("host", ["127.0.0.1", "169.254.169.254", "10.1.2.3", "[::1]", "localhost"])
def test_no_message_goes_into_our_own_network(tmp_path, host):
    """An address inside, by number or by name, is refused before anything is sent, and says how to allow it."""
    with pytest.raises(AccessDenied, match="private"):
        asyncio.run(public_only((), "sms")(f"http://{host}:9/send"))


def test_a_network_that_the_operator_names_is_allowed(tmp_path):
    """And only that one."""
    networks = Sms(url="http://127.0.0.1:9/send", private=("127.0.0.0/8",)).networks
    assert asyncio.run(public_only(networks, "sms")("http://127.0.0.1:9/send")) == "127.0.0.1"
    with pytest.raises(AccessDenied):
        asyncio.run(public_only(networks, "sms")("http://10.0.0.1/send"))


def test_ways_look_up_where_they_go(tmp_path):
    """The real ways, as the daemon makes them, call nothing inside: neither the webhook nor the text messages."""
    inside = "http://127.0.0.1:9/x"
    house, _ = house_with(tmp_path, 2, webhook=Hook(url=inside, secret="whsec_c2VjcmV0"), sms=Sms(url=inside))
    ways = ways_of(house)
    for name in ("sms", "webhook"):
        letter = a_post(house)
        with pytest.raises(AccessDenied):
            asyncio.run(ways[name](letter))
    house.store.close()


def a_post(house):
    house.store.write(add_order)
    order = house.store.read(intake.find_order, "A1")
    return Post("L1", "subject", "text", "en", order, "http://x/s/1")
