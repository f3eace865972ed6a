"""[customers]: secrets in files of their own, slips told with line and fix, no secret in any repr."""

import pytest

from config.errors import ConfigError
from config.settings import load

GOOD = """
[customers]
ways = ["sms", "mail"]
quiet_from = "22:00"
langs = { "Shop abroad" = "en" }
follow_up_d_of = { lost = 7 }

[customers.mail]
host = "smtp.example.com"
sender = "Shop <care@shop.example>"
user = "us"
password_file = "smtp.secret"

[customers.sms]
url = "https://sms.example.com"
key = "SECRET-KEY"
ok = { code = 0 }
"""


def read(folder, text, **environ):
    file = folder / "doorstep.toml"
    file.write_text(text, "utf-8")
    return load(file, environ=environ, structs={"carriers": {}, "chats": {}})


def test_a_secret_stays_in_its_file_and_out_of_every_repr(tmp_path):
    (tmp_path / "smtp.secret").write_text("SECRET-PASSWORD\n")
    own = read(tmp_path, GOOD).customers
    assert own.mail.password == "SECRET-PASSWORD"
    assert (own.sms.key, own.follow_up_d_of, own.quiet_from.hour) == ("SECRET-KEY", {"lost": 7}, 22)
    assert "SECRET" not in repr(own)


def test_a_secret_can_come_from_the_environment(tmp_path):
    (tmp_path / "smtp.secret").write_text("x")
    own = read(
        tmp_path, GOOD, DOORSTEP__customers__sms__secret="top", DOORSTEP__customers__first_after_min="5"
    ).customers
    assert (own.sms.secret, own.first_after_min) == ("top", 5)


def test_without_the_table_nobody_is_written_to(tmp_path):
    own = read(tmp_path, "").customers
    assert (own.mail, own.sms, own.webhook) == (None, None, None)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (('host = "smtp.example.com"', ""), "customers.mail.host: is missing"),
        (('sender = "Shop <care@shop.example>"', 'sender = "Shop"'), "write it like Shop <care@shop.example>"),
        (('password_file = "smtp.secret"', 'password_file = "gone"'), "gone can't be read"),
        (('url = "https://sms.example.com"', 'url = "sms.example.com"'), "must begin with http:// or https://"),
        (("ok = { code = 0 }", 'body = "{phone}"'), "must be JSON"),
        (("ok = { code = 0 }", 'body = "[1]"'), "must be a JSON object"),
        (('ways = ["sms", "mail"]', 'ways = ["fax"]'), "customers.ways"),
        (("follow_up_d_of = { lost = 7 }", "follow_up_d_of = { losst = 7 }"), "no kind of case is called losst"),
        (('quiet_from = "22:00"', 'zone = "Mars/Base"'), "unknown time zone 'Mars/Base'"),
        (('quiet_from = "22:00"', 'live_help_url = "javascript:alert(1)"'), "must begin with https://"),
        (('quiet_from = "22:00"', 'texts = "gone.toml"'), "gone.toml"),
        (('quiet_from = "22:00"', "quiet_form = 1"), "did you mean `quiet_from`?"),
    ],
)
def test_a_slip_is_told_with_what_to_do(tmp_path, change, told):
    (tmp_path / "smtp.secret").write_text("x")
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, GOOD.replace(*change))
    assert told in str(caught.value)
    assert "SECRET" not in str(caught.value)
