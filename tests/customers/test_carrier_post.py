"""Enquiries by mail: written with the tick in one transaction, sent over a real mail server, and taken back where they never arrive."""

import asyncio

import pytest
from customer_support import HOUR, START, a_house, add_order, history, open_case, settings
from engines import ON_BOTH
from smtp_server import Behaviour, smtp

from config.customer_settings import Mail
from config.policies import load_detection
from domain.case import CaseEvent
from domain.steps import Step, fold_course
from doorstep.carrier_post import CarrierPost
from monitor import enquiries
from store import cases, check, people
from store.people import Person

POLICY = load_detection()


def house_with(tmp_path, port):
    mail = Mail(host="127.0.0.1", port=port, sender="青禾 <care@shop.example>", security="none")
    house = a_house(tmp_path, settings(mail=mail))
    house.store.write(people.save_person, Person("lin", "林晓", "agent"))
    return house, CarrierPost(house, house.settings.customers)


def asked(house, case_id, key="k1"):
    wanted = enquiries.Enquiry(
        [case_id], "zhongtong", "cn", "hz@zto.example", "查件 1 件", "您好！\n请查一下：\n731\n谢谢", "zh"
    )
    return house.store.write(enquiries.send, wanted, POLICY, now=house.now(), by="lin", channel="console", key=key)


@ON_BOTH
def test_a_branch_is_asked_by_mail_once(tmp_path):
    """The case is marked with who, and the mail goes out once under one id, however often the button is pressed."""
    does = Behaviour()
    with smtp(does) as port:
        house, post = house_with(tmp_path, port)
        case_id = house.store.write(open_case, house.store.write(add_order))
        assert [asked(house, case_id).done for _ in range(2)] == [1, 0]
        for _ in range(2):
            asyncio.run(post.send_due())
        [taken] = does.taken
        assert (taken.recipients, taken.message["Subject"]) == (["hz@zto.example"], "查件 1 件")
        assert "请查一下" in taken.message.get_content()
        contacted = [f for f in history(house.store, case_id) if f.event is CaseEvent.CARRIER_CONTACTED]
        assert [(f.by, f.data["means"]) for f in contacted] == [("lin", "mail")]
        house.store.close()


@pytest.mark.parametrize("refuses", [True, False], ids=["the recipient is refused", "nobody answers for half a day"])
def test_a_mail_that_never_arrives_asked_nobody(tmp_path, refuses):
    """The case says so, its step is open again, and the branch is to be asked another way."""
    does = Behaviour(rcpt="550 unknown") if refuses else Behaviour()
    with smtp(does) as port:
        house, post = house_with(tmp_path, port if refuses else 2)
        case_id = house.store.write(open_case, house.store.write(add_order))
        asked(house, case_id)
        for hours in (0, 1, 2, 6, 13, 14):
            house.now.set(START + hours * HOUR)
            asyncio.run(post.send_due())
        facts = history(house.store, case_id)
        assert [f.event for f in facts if f.event is CaseEvent.MESSAGE_FAILED] == [CaseEvent.MESSAGE_FAILED]
        assert Step.CARRIER_CONTACTED not in fold_course(facts).done
        due = house.store.read(enquiries.due, POLICY, now=house.now())
        assert due.waiting == []
        assert house.store.read(check.differences, now=house.now()) == []
        assert asked(house, case_id, "k2").done == 1
        assert house.store.read(cases.get, case_id).is_open
        house.store.close()
