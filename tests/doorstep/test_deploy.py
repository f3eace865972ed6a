"""What is shipped to run it as a service: the unit, the image and the compose file say what the pages promise."""

import configparser
import tomllib
from pathlib import Path

import pytest

DEPLOY = Path(__file__).parents[2] / "deploy"


@pytest.mark.parametrize("name", ["doorstep", "doorstep-worker@"])
def test_the_unit_is_told_and_hardened(name: str) -> None:
    """It notifies, is watched, reloads by SIGHUP (a worker doesn't) and may write one folder only; a start waits longer than a large upgrade takes."""
    unit = configparser.ConfigParser(strict=False, interpolation=None)
    unit.optionxform = str  # type: ignore[assignment,method-assign]
    unit.read(DEPLOY / f"{name}.service")
    service = unit["Service"]
    assert service["Type"] == "notify"
    assert ("-HUP $MAINPID" in service.get("ExecReload", "")) == (name == "doorstep")
    assert int(service["WatchdogSec"]) >= 60
    wanted = {"NoNewPrivileges": "yes", "ProtectSystem": "strict", "ProtectHome": "yes", "DynamicUser": "yes"}
    assert {name: service[name] for name in wanted} == wanted
    assert service["CapabilityBoundingSet"] == ""
    assert "AF_UNIX" in service["RestrictAddressFamilies"]  # sd_notify


def test_the_image_runs_as_nobody_and_the_root_is_read_only() -> None:
    """The last user of the image isn't root, what it installs is locked by hashes, and compose takes every capability away."""
    image = (DEPLOY / "Dockerfile").read_text()
    users = [line.split()[1] for line in image.splitlines() if line.startswith("USER")]
    assert users
    assert not users[-1].startswith(("0", "root"))
    assert "--require-hashes" in image
    compose = (DEPLOY / "compose.yaml").read_text()
    assert all(word in compose for word in ("read_only: true", "cap_drop:", "no-new-privileges:true"))
    assert "0.0.0.0:" not in compose


def test_the_settings_that_they_name_exist() -> None:
    """A container with these settings starts: each key is one of ours."""
    import msgspec

    from config.settings import Backup, Doorstep

    told = tomllib.loads(
        '[doorstep]\nhost = "0.0.0.0"\ndatabase = "/data/doorstep.sqlite3"\npublic_port = 8723\n'
        '[backup]\nfolder = "/data/backups"\n'
    )
    assert msgspec.convert(told["doorstep"], Doorstep).public_port == 8723
    assert msgspec.convert(told["backup"], Backup).folder == "/data/backups"
    for line in ("0.0.0.0", "/data/doorstep.sqlite3", "public_port = 8723", "/data/backups"):
        assert line in (DEPLOY / "compose.yaml").read_text()


def test_the_server_beside_it_is_one_that_we_take() -> None:
    """Encoding and locale as the store wants them, a password from a file, no port outside; and the image has driver and tools."""
    from store.postgres import LOCALES, OLDEST

    compose, image = ((DEPLOY / name).read_text() for name in ("compose.postgres.yaml", "Dockerfile"))
    assert "--encoding=UTF8 --locale=C " in compose
    assert "C" in LOCALES
    major = compose.partition("image: postgres:")[2][:2]
    assert int(major) >= OLDEST
    assert "POSTGRES_PASSWORD_FILE" in compose
    assert "ports:" not in compose
    assert all(word in image for word in ("postgresql-client", "requirements-postgres.txt"))


def test_the_images_lock_is_ours_with_the_driver() -> None:
    """Every pin of requirements.txt is the same there; what is more are driver and queue, with what they need."""
    ours, images = (
        {line.split(" ")[0] for line in (DEPLOY.parent / name).read_text().splitlines() if "==" in line}
        for name in ("requirements.txt", "requirements-postgres.txt")
    )
    assert ours <= images
    assert {"psycopg", "psycopg-binary", "procrastinate"} <= {pin.partition("==")[0] for pin in images - ours}
