"""Every message that a customer can get, in both languages, word for word; DOORSTEP_GOLDEN=write writes the files anew."""

import os
from datetime import timedelta
from pathlib import Path

import pytest
from customer_support import START, ZONE, add_order, open_case, opened, rules

from config.customer_texts import load_overlaid, said, text_of
from config.errors import ConfigError
from config.words import LANGS, blanks_of
from domain.case import Kind, Subject, SubjectType
from domain.shipment import Customer, Order
from domain.telling import Step
from monitor.customer_words import compose, whole
from store import cases, intake

HERE = Path(__file__).parent
LINK = "https://shop.example/s/TOKEN"


def every_message(store, lang):
    """(kind, step, way) → the whole message, of a parcel's case with a promise and a next date."""
    shipment = store.write(add_order)
    order = store.read(intake.find_order, "A1")
    for kind in Kind:
        case_id = store.write(open_case, shipment, kind)
        case = store.read(cases.get, case_id)
        for step in Step:
            made = store.read(
                compose, rules(), case, step, order, now=START, lang=lang, next_at=START + timedelta(hours=30)
            )
            payload = {"lang": lang, "text": made.text, "ask": step is Step.FOLLOW_UP}
            for way in ("mail", "sms"):
                yield kind, step, way, made.subject, whole(rules(), payload | {"way": way}, order, LINK)


@pytest.mark.parametrize("lang", LANGS)
def test_every_message_word_for_word(tmp_path, lang):
    """A change of a text shows here, and is read by whoever makes it."""
    with opened(tmp_path) as store:
        blocks = [
            f"=== {kind} / {step} / {way}\n{f'--- {subject}{chr(10)}' if way == 'mail' else ''}{text}\n"
            for kind, step, way, subject, text in every_message(store, lang)
        ]
    file = HERE / f"golden_messages.{lang}.txt"
    if os.environ.get("DOORSTEP_GOLDEN") == "write":
        file.write_text("\n".join(blocks), encoding="utf-8")
    assert "\n".join(blocks) == file.read_text(encoding="utf-8")
    assert len(blocks) == len(Kind) * len(Step) * 2


@pytest.mark.parametrize("lang", LANGS)
def test_every_message_reads_well_with_nothing_known(lang):
    """No blank, no code and no doubled space is left, whatever isn't known."""
    nothing = dict.fromkeys(("promised_at", "answer_by_at", "next_at"))
    params = {"order": "A1", "number": "A1", "carrier": "X", "shop": "S"} | nothing
    for kind in Kind:
        for step in Step:
            text = said({}, lang, step, kind, params, ZONE)
            assert text
            assert not set("{}[]") & set(text), (kind, step, text)
            assert "  " not in text
            assert "unknown" not in text


@pytest.mark.parametrize("name", ["", "<b>x</b>", "http://evil.example", "a\r\nb@c.example", "x" * 500])
def test_a_name_that_is_none_is_not_greeted(name):
    """The message then begins without a name; nothing of it gets in."""
    order = Order("A1", (), START, customer=Customer(name=name))
    text = whole(rules(), {"lang": "en", "text": "Body.", "way": "mail"}, order, LINK)
    assert (
        text == f"Hello,\n\nBody.\n\nSee where it is, write to us or send a photo: {LINK}\n\n青禾家居, customer service"
    )


def test_an_orders_own_case_speaks_of_its_one_parcel(tmp_path):
    """A dispute is about the order; its text may still name the parcel, where there is one only."""
    with opened(tmp_path) as store:
        store.write(add_order, number="ZT77")
        found = store.write(_order_case)
        order = store.read(intake.find_order, "A1")
        made = store.read(compose, rules(), store.read(cases.get, found), Step.OUTCOME, order, now=START, lang="en")
        assert "A1" in made.text


def _order_case(db):
    from customer_support import POLICY

    from domain.case import Finding
    from monitor import look

    found = Finding(Kind.DISPUTED, Subject(SubjectType.ORDER, "A1"), START, ())
    return look.open_and_say(db, found, POLICY, now=START, order_ref="A1")


# --- texts of one's own ----------------------------------------------------------------------------------------------


def test_own_texts_lie_over_the_shipped_ones(tmp_path):
    """What the file says is said; what it doesn't say stays."""
    file = tmp_path / "own.toml"
    file.write_text('[zh.opened]\nstalled = "包裹 {number} 慢了。"\n[en.frame]\nsign = "The {shop} people"\n', "utf-8")
    own = load_overlaid(file)
    assert said(own, "zh", "opened", "stalled", {"number": "7"}, ZONE) == "包裹 7 慢了。"
    assert said(own, "en", "frame", "sign", {"shop": "Mug"}, ZONE) == "The Mug people"
    assert text_of(own, "en", "opened", "stalled") == text_of({}, "en", "opened", "stalled")


@pytest.mark.parametrize(
    ("text", "said_"),
    [
        ('[de.opened]\nother = "x"\n', "the outermost tables are languages: zh, en"),
        ('[zh.begun]\nother = "x"\n', "unknown table"),
        ('[zh.opened]\nstaled = "x"\n', ":2: zh.opened.staled: unknown key: a kind of case, or `other`"),
        ('[zh.opened]\nstalled = "{name}"\n', "unknown blank {name}"),
        ('[zh.opened]\nstalled = ""\n', "expected a text"),
        ("[zh.opened]\nstalled = 3\n", "expected a text"),
        ('zh = "x"\n', "unknown table"),
    ],
)
def test_a_slip_in_own_texts_is_told_with_its_line(tmp_path, text, said_):
    """A blank that we don't fill would reach customers as such."""
    file = tmp_path / "own.toml"
    file.write_text(text, "utf-8")
    with pytest.raises(ConfigError) as caught:
        load_overlaid(file)
    assert said_ in str(caught.value)


def test_no_text_speaks_of_what_strangers_wrote():
    """The texts of cases know these blanks only."""
    from config.customer_texts import BLANKS

    for lang in LANGS:
        for kind in Kind:
            for step in Step:
                assert blanks_of(text_of({}, lang, step, kind)[1]) <= BLANKS
