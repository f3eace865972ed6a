"""The table [travel]: who tells how long ways take, and what is missing for it."""

from pathlib import Path

import pytest

from config.checking import fit
from config.errors import ConfigError
from config.settings import load
from config.travel_settings import Travel
from doorstep.ways import Asked, travel_of
from scheduler.travel.extract import Extract
from scheduler.travel.straight import Haversine
from scheduler.travel.table import Slowed, WithFallback


def settings(folder: Path, text: str):
    file = folder / "doorstep.toml"
    file.write_text(f"[travel]\n{text}\n", encoding="utf-8")
    return load(file, environ={}, structs={"carriers": {}, "chats": {}})


def test_nothing_said_is_the_crow_s_flight(tmp_path: Path) -> None:
    assert travel_of(settings(tmp_path, "")) == Haversine()


def test_an_extract_is_read_beside_the_file_and_kept_in_the_cache(tmp_path: Path) -> None:
    made = travel_of(settings(tmp_path, 'by = "extract"\nextract = "town.osm.pbf"'))
    assert isinstance(made, WithFallback)
    assert isinstance(made.best, Extract)
    assert (made.best.file, made.best.cache.name) == (tmp_path / "town.osm.pbf", "cache")
    assert made.fallback == Haversine()


@pytest.mark.parametrize("by", ["osrm", "valhalla"])
def test_a_service_of_the_operator_s_has_the_crow_s_flight_behind_it(tmp_path: Path, by: str) -> None:
    made = travel_of(settings(tmp_path, f'by = "{by}"\nurl = "http://127.0.0.1:5000"\ntimes = 1.2'))
    assert isinstance(made, Slowed)
    assert made.times == 1.2
    assert isinstance(made.best, WithFallback)
    assert isinstance(made.best.best, Asked)


def test_a_key_may_lie_in_a_file_and_is_never_shown(tmp_path: Path) -> None:
    (tmp_path / "amap.key").write_text("secret\n", encoding="utf-8")
    told = settings(tmp_path, 'by = "amap"\nkey_file = "amap.key"').travel
    assert told.key == "secret"
    assert "secret" not in repr(told)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('by = "extract"', "extract: name an OpenStreetMap extract"),
        ('by = "osrm"', 'url: where osrm answers, like "http://127.0.0.1:5000"'),
        ('by = "valhalla"\nurl = "127.0.0.1:8002"', "url: where valhalla answers"),
        ('by = "amap"', "key: Amap answers with a key"),
        ('by = "google"', "by"),
        ("times = 0", "times"),
        ('[places]\nby = "nominatim"', "url: where your Nominatim answers"),
        ('[places]\nby = "amap"', "key: Amap answers with a key"),
        ('mod = "truck"', "mod"),
    ],
)
def test_what_is_missing_is_told_with_the_fix(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        settings(tmp_path, text)


@pytest.mark.parametrize(
    ("hours", "said"),
    [
        ([("09:00", "08:00")], "ends (08:00) must be after begins (09:00)"),
        ([("07:00", "09:00"), ("08:59", "10:00")], "two of them overlap"),
        ([("20:00", "00:00"), ("22:00", "23:00")], "two of them overlap"),
    ],
)
def test_hours_that_contradict_themselves_are_told(hours, said):
    """Over midnight it is written as two; one moment has one figure."""
    raw = {"hours": [{"begins": a, "ends": b, "times": 1.5} for a, b in hours]}
    assert said in " ".join(m.message for m in fit(raw, Travel).misfits)


def test_hours_side_by_side_are_good_and_amap_has_its_own():
    """The end of one may be the beginning of the next, and midnight an end; a service with traffic in its times wants none."""
    raw = {
        "hours": [{"begins": "9:00", "ends": "00:00", "times": 1.1}, {"begins": "07:00", "ends": "09:00", "times": 2}]
    }
    assert [one.times for one in fit(raw, Travel).value.hours] == [1.1, 2]
    told = fit({**raw, "by": "amap", "key": "K"}, Travel).misfits
    assert "Amap tells times with the traffic" in told[0].message
