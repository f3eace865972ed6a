"""Settings: what the file, the environment and secret files say, and how every fault of them is told."""

from datetime import time, timedelta
from pathlib import Path

import msgspec
import pytest

from chat.registry import CHATS
from config.errors import ConfigError
from config.settings import load
from config.template import template
from config.toml_text import dotted, lines_of
from doorstep.wiring import fleet_of
from scheduler.plan_types import NO_LIMIT, Load


class CarrierSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    customer: str
    key: str
    base_url: str = "https://poll.example.com"
    per_minute: int = 60


STRUCTS = {
    "carriers": {"kuaidi100": CarrierSettings, "fedex": CarrierSettings},
    "chats": {
        "console": CarrierSettings,
        **{name: chat.settings for name, chat in CHATS.items() if chat.outward is not None},
    },
}
GOOD = """
[doorstep]
port = 8800
shop = "小店"

[carriers.kuaidi100.main]
customer = "C1"
key = "secret-key"

[[depots]]
id = "west"
name = "West"
lat = 31.2
lon = 121.4
cut_off = "9:30"

[[collectors]]
id = "fast"
name = "Fast"
depots = ["west"]
cost_per_stop_cents = 500

[[couriers]]
id = "li"
name = "Li"
collector = "fast"
depot = "west"
shift = ["09:00", "18:00"]
breaks = [{ between = ["11:30", "13:30"], for_min = 30 }]
"""


def read(tmp_path: Path, text: str, **environ: str):
    path = tmp_path / "doorstep.toml"
    path.write_text(text, encoding="utf-8")
    return load(path, environ=environ, structs=STRUCTS)


def faults(tmp_path: Path, text: str, **environ: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, text, **environ)
    return [str(p).replace(str(tmp_path), "") for p in caught.value.problems]


def test_a_good_file_becomes_typed_values(tmp_path):
    """Every table is a struct; clock times may leave out the seconds and the leading zero."""
    settings = read(tmp_path, GOOD)
    assert settings.doorstep.port == 8800
    assert settings.doorstep.public_url == "http://127.0.0.1:8800"
    assert settings.carriers["kuaidi100"]["main"] == CarrierSettings("C1", "secret-key")
    assert settings.depots[0].cut_off == time(9, 30)
    assert settings.couriers[0].breaks[0].between == (time(11, 30), time(13, 30))
    assert settings.database == tmp_path / "var/doorstep.sqlite3"
    assert settings.zone.key == "Asia/Shanghai"


def test_an_empty_file_is_good(tmp_path):
    """Everything has a default."""
    settings = read(tmp_path, "")
    assert (settings.desk.open, settings.desk.close, settings.desk.agents) == (time(9), time(21), None)
    assert settings.carriers == {}
    assert settings.detection.promise == timedelta(hours=24)


def test_the_template_loads_and_so_does_every_line_of_it(tmp_path):
    """What `doorstep init` writes is good as it stands, and with every example line taken in."""
    assert read(tmp_path, template()).doorstep.port == 8722
    lines = []
    for line in template().splitlines():
        bare = line.removeprefix("# ")
        example = line.startswith("# ") and (
            bare.startswith("[") or (bare.split(" = ")[0].isidentifier() and " = " in bare)
        )
        lines.append(bare if example else line)
    text = "\n".join(lines).replace('detection = "detection.toml"', "").replace('claims = "claims.toml"', "")
    text = text.replace('desk = "desk.toml"', "").replace('texts = "customers.toml"', "")
    text = text.replace('make_good = "make_good.toml"', "")
    text = text.replace('enquiries = "enquiries.toml"', "").replace('privacy = "privacy.toml"', "")
    text = text.replace('case_types = "case_types.toml"', "").replace('workdays = "workdays.toml"', "")
    text = text.replace('partner_id = ""\ncheckword = ""', 'customer = ""\nkey = ""').replace(
        "carriers.sf", "carriers.fedex"
    )
    text = text.replace('[carriers.fedex.main]\nclient_id = ""\nclient_secret = ""', "")
    settings = read(tmp_path, text)
    assert settings.couriers[0].collector == settings.collectors[0].id == "fast"


def test_the_environment_goes_before_the_file(tmp_path):
    """DOORSTEP__table__key sets a key, as a number or a list where one is wanted, and creates tables that aren't there."""
    settings = read(
        tmp_path,
        GOOD,
        DOORSTEP__doorstep__port="9000",
        DOORSTEP__carriers__fedex__main__customer="E",
        DOORSTEP__carriers__fedex__main__key="123",
        DOORSTEP__CARRIERS__KUAIDI100__MAIN__PER_MINUTE="7",
        DOORSTEP__couriers__0__shift='["8:00", "12:00"]',
        DOORSTEP="1",
        PATH="/bin",
    )
    assert settings.doorstep.port == 9000
    assert settings.carriers["fedex"]["main"] == CarrierSettings("E", "123")
    assert settings.carriers["kuaidi100"]["main"].per_minute == 7
    assert settings.couriers[0].shift == (time(8), time(12))


def test_a_variable_that_does_not_fit_is_named(tmp_path):
    """The message names the variable, not a line of a file that has nothing to do with it."""
    told = faults(tmp_path, GOOD, DOORSTEP__doorstep__port="many", DOORSTEP__lang="en", DOORSTEP__a__b__c__d__e__f="1")
    assert any(t.startswith("environment: DOORSTEP__doorstep__port: expected `int`") for t in told)
    assert any("DOORSTEP__lang: must name a table and a key" in t for t in told)
    assert len(told) == 3


def test_a_secret_may_stay_in_a_file(tmp_path):
    """`key_file` stands for `key`; its path is counted from the settings' folder; the line end isn't part of the secret."""
    (tmp_path / "secret").write_text("s3cret\n", encoding="utf-8")
    settings = read(tmp_path, '[carriers.kuaidi100.main]\ncustomer = "C"\nkey_file = "secret"\n')
    assert settings.carriers["kuaidi100"]["main"].key == "s3cret"
    from_env = read(
        tmp_path, '[carriers.kuaidi100.main]\ncustomer = "C"\nkey_file = "secret"\n',
        DOORSTEP__carriers__kuaidi100__main__key="other",
    )  # fmt: skip
    assert from_env.carriers["kuaidi100"]["main"].key == "other"


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ('key_file = "nowhere"', "can't be read: No such file"),
        ('key_file = "empty"', "is empty"),
        ('key_file = "secret"\nkey = "x"', "`key` is set as well: keep one of the two"),
        ("key_file = 3", "expected the path of a file"),
    ],
)
def test_a_secret_file_that_says_nothing_is_a_fault(tmp_path, lines, said):
    """A secret file must be there, hold something, and be the only place of its secret."""
    (tmp_path / "secret").write_text("s", encoding="utf-8")
    (tmp_path / "empty").write_text("\n", encoding="utf-8")
    told = faults(tmp_path, f'[carriers.kuaidi100.main]\ncustomer = "C"\n{lines}\n')
    assert any("/doorstep.toml:3: carriers.kuaidi100.main.key_file: " in t and said in t for t in told)


def test_a_missing_secret_says_where_to_put_it(tmp_path):
    """Key, table, the file form and the variable's name: nothing is left to look up."""
    (told,) = faults(tmp_path, '[carriers.kuaidi100.main]\ncustomer = "C"\n')
    assert told == (
        "/doorstep.toml:1: carriers.kuaidi100.main.key: is missing; set `key` under [carriers.kuaidi100.main], "
        "or name a file that holds it with `key_file`, or set DOORSTEP__carriers__kuaidi100__main__key in the environment"
    )


def test_every_fault_is_told_at_once(tmp_path):
    """One look at the message is enough to put the whole file right."""
    told = faults(
        tmp_path,
        """
[doorstep]
prot = 1
timezone = "Mars/Olympus"
port = 70000

[carriers.kuaidi10.main]
key = "x"

[carriers.fedex]
customer = "C"
key = "k"

[desk]
open = "22:00"
[[depots]]
id = "a"
name = "A"
lat = 95
lon = 1
[[couriers]]
id = "li"
name = "Li"
collector = "none"
depot = "a"
""",
    )
    text = "\n".join(told)
    assert "/doorstep.toml:3: doorstep.prot: unknown key; did you mean `port`?" in text
    assert "/doorstep.toml:5: doorstep.port: expected `int` <= 65535" in text
    assert "/doorstep.toml:7: carriers.kuaidi10: unknown carrier; did you mean `kuaidi100`?" in text
    assert "/doorstep.toml:10: carriers.fedex: needs an account name: write [carriers.fedex.main]" in text
    assert "/doorstep.toml:2: doorstep: timezone: unknown time zone 'Mars/Olympus'" in text
    assert "open (22:00) must be before close (21:00)" in text
    assert "/doorstep.toml:19: depots[1].lat: expected `float` <= 90" in text


def test_tables_that_contradict_each_other_are_told(tmp_path):
    """Ids are taken once; collectors and couriers name depots and collectors that exist."""
    text = GOOD.replace('collector = "fast"', 'collector = "fats"').replace('depots = ["west"]', 'depots = ["east"]')
    told = faults(tmp_path, text + '\n[[depots]]\nid = "west"\nname = "Again"\nlat = 1\nlon = 1\n')
    assert any("no collector has the id `fats`; did you mean `fast`?" in t for t in told)
    assert any("no depot has the id `east`; did you mean `west`?" in t for t in told)
    assert any("depots[2].id: `west` is taken already" in t for t in told)


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b"[doorstep\nport = 1\n", "/doorstep.toml:1: not valid TOML"),
        (b'[doorstep]\nshop = "\xff\xfe"\n', "isn't UTF-8"),
        (b'[doorstep]\npublic_url = "doorstep.example.com"\n', "must begin with http:// or https://"),
        (b"[promise]\nhours = 72\n", "/doorstep.toml:2: promise.hours: expected `int` <= 48"),
        (b"carriers = 3\n", "carriers: expected `object`"),
        (b'[policy]\ndetection = "mine.toml"\n', "/mine.toml: can't be read"),
    ],
)
def test_files_that_are_wrong_in_other_ways(tmp_path, raw, said):
    """Syntax, encoding, limits, shapes and files named in the file."""
    (tmp_path / "doorstep.toml").write_bytes(raw)
    with pytest.raises(ConfigError, match=r".") as caught:
        load(tmp_path / "doorstep.toml", environ={}, structs=STRUCTS)
    assert said in str(caught.value).replace(str(tmp_path), "")


def test_a_missing_file_is_a_rule_error(tmp_path):
    """The operator is told which path was looked at."""
    with pytest.raises(ConfigError, match=r"nowhere\.toml: can't be read"):
        load(tmp_path / "nowhere.toml", environ={}, structs=STRUCTS)


def test_secrets_are_in_no_message_and_no_repr(tmp_path):
    """A wrong file is pasted into chats: it must not take the keys along."""
    told = faults(tmp_path, GOOD.replace('customer = "C1"', 'customers = "C1"'))
    assert "secret-key" not in "\n".join(told)
    assert "secret-key" not in repr(read(tmp_path, GOOD))


def test_the_desk_goes_before_the_policy(tmp_path):
    """How many people work, and what they can take, is the shop's to say; the policy's figures stand in."""
    mine = read(tmp_path, "[desk]\nagents = 2\nalerts_per_agent_day = 5\n").detection
    assert (mine.agents, mine.alerts_per_agent_day) == (2, 5)
    shipped = read(tmp_path, "").detection
    assert (shipped.agents, shipped.alerts_per_agent_day) == (None, 10)


def test_the_shop_changes_the_promise(tmp_path):
    """[promise] hours is what cases are opened with."""
    assert read(tmp_path, "[promise]\nhours = 36\n").detection.promise == timedelta(hours=36)


def test_lines_are_found_in_arrays_of_tables():
    """Each [[table]] counts on; a sub-table belongs to the last one; dotted and quoted keys are keys."""
    lines = lines_of('[[a]]\nx = 1\n[[a]]\n[a.sub]\n"y" = 2\n[b]\nc.d = 3\n')
    assert lines["a", 0, "x"] == 2
    assert lines["a", 1, "sub", "y"] == 5
    assert lines["b", "c", "d"] == 7
    assert dotted(("a", 1, "sub", "y")) == "a[2].sub.y"


def test_a_vehicles_room_is_the_couriers_or_else_the_collectors(tmp_path):
    """Parcels, kilograms and litres each by itself; what neither says has no limit."""
    firm, rider = GOOD.partition("[[couriers]]")[::2]
    text = firm.replace('id = "fast"', 'id = "fast"\ncapacity_kg = 120.5\ncapacity = 12') + "[[couriers]]" + rider
    settings = read(tmp_path, text.replace('id = "li"', 'id = "li"\ncapacity_kg = 80'))
    [li] = fleet_of(settings).couriers
    assert li.room == Load(12, 80_000, NO_LIMIT)
    assert fleet_of(read(tmp_path, text)).couriers[0].room.g == 120_500


def test_streets_that_are_slow_at_any_hour_reach_the_slots(tmp_path: Path) -> None:
    assert fleet_of(read(tmp_path, GOOD + "\n[travel]\ntimes = 1.3\n")).times == 1.3
    assert fleet_of(read(tmp_path, GOOD)).times == 1.0
