"""Starting things: reading settings, opening the house for one command or for good."""

import asyncio
import os
import secrets
import socket
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

import structlog
import typer

from config.settings import Settings, load
from domain.errors import RuleError
from doorstep import control, logs, service
from doorstep.clock import Clock, wall
from doorstep.wiring import STRUCTS, lines_of, open_house

if TYPE_CHECKING:
    from store.base import Store

SOLVE_SECONDS = 10.0
STAND_BY_S = 2.0
"""How often a daemon that stands by asks whether it is to tick."""


def read_settings(path: Path) -> Settings:
    """Raises ConfigError (a RuleError) with every problem: file, key, line and fix."""
    if not path.exists():
        raise RuleError(
            f"{path}: there is no settings file; write one with `doorstep init`, or name yours with --config"
        )
    return load(path, environ=os.environ, structs=STRUCTS)


def operate(config: Path, name: str, params: Mapping[str, Any]) -> dict[str, Any]:
    """Do an operation in the running daemon; without one, here under the database's lock."""
    from doorstep.operations import perform
    from store.base import Store

    settings = read_settings(config)
    answer = control.ask_daemon(settings.database, name, params)
    if answer is not None:
        return answer
    with Store(settings.database, url=settings.store_url) as store:
        return perform(open_house(settings, store), name, params)


def run_daemon(config: Path, *, now: Clock = wall) -> None:
    """Run until SIGTERM or SIGINT; SIGHUP takes the settings and the files of secrets anew. ``now`` is what parcels, promises and
    routes live by.
    """
    from doorstep.adopting import adopt_orphans
    from doorstep.carrier_post import CarrierPost
    from doorstep.chats import channels_of
    from doorstep.customer_post import CustomerPost, ways_of
    from doorstep.daemon import Daemon, serve
    from doorstep.erasures import reapply
    from doorstep.merchant import merchant_of
    from doorstep.nightly import Nightly
    from doorstep.nightly_backup import NightlyBackup
    from doorstep.solving import Apart
    from doorstep.watched_folder import importer
    from scheduler.router.problem import Seconds
    from store import files, postgres

    settings = read_settings(config)
    logs.set_up(settings.doorstep.log_level)

    def open_daemon() -> Daemon:
        house = open_house(settings, store, now=now)
        store.write(adopt_orphans, settings, now=house.now())
        # where it isn't installed there is no queue, and all is asked here
        if settings.store_url and postgres.is_installed("procrastinate"):
            from doorstep.worker import make_queue

            store.write(make_queue)
        store.write(files.sweep)  # a crash may have left bytes that no row speaks of
        reapply(house)  # a restored backup may know people who were erased since
        return Daemon(
            house,
            lines_of(settings),
            Apart(Seconds(SOLVE_SECONDS)),
            rng=Random(secrets.randbits(64)),
            before=importer(house),
            channels=channels_of(house),
            merchant=merchant_of(house),
            posts=(CustomerPost(house, ways_of(house)), CarrierPost(house, settings.customers)),
            nightly=Nightly(house),
            backup=NightlyBackup(settings, house.wall),
        )

    def renew() -> bool:
        nonlocal settings
        before, settings = settings, renewed(config, settings)
        return settings is not before

    with _leading(settings) as store:
        ports = (settings.doorstep.port, settings.doorstep.public_port)
        doors = [_door(settings, config, port) for port in ports if port]
        daemon = open_daemon()
        greet(daemon.house)
        asked = None if sys.stdin.isatty() else renew  # to a terminal that closes SIGHUP means: go
        while asyncio.run(serve(daemon, *(door.dup() for door in doors), renewable=asked)):
            daemon = open_daemon()  # calls that come meanwhile wait at the doors, which stay open
        if store.led:
            raise RuleError("another daemon has taken over this database; this one has stopped")


def _leading(settings: Settings) -> "Store":
    """The store of the one daemon that ticks: where another one does, this one stands by until that has gone."""
    from store.base import Store
    from store.postgres import Led

    said = False
    while True:
        try:
            return Store(settings.database, url=settings.store_url, leads=bool(settings.store_url))
        except Led:
            if not said:
                log = structlog.get_logger()
                log.info("standing by: another daemon ticks on this database")
            said = True
            service.notify(service.READY)
            service.notify(service.ALIVE)
            time.sleep(STAND_BY_S)


def _door(settings: Settings, config: Path, port: int) -> socket.socket:
    """A listening socket. Raises RuleError where the port can't be had."""
    from doorstep.daemon import listen

    try:
        return listen(settings.doorstep.host, port)
    except OSError as exc:
        raise RuleError(
            f"port {port} of {settings.doorstep.host} can't be used ({exc.strerror}): "
            f"stop what uses it, or set another `port` under [doorstep] in {config}"
        ) from exc


FIXED = ("database", "host", "port", "public_port")
"""What a running daemon can't change."""


def renewed(config: Path, running: Settings) -> Settings:
    """The settings as they are in the file now; those that run where it is wrong, or changes what needs a restart."""
    log = structlog.get_logger()
    try:
        new = read_settings(config)
    except RuleError as exc:
        log.warning("settings not taken; the old ones stay", problems=str(exc))
        return running
    changed = [name for name in FIXED if getattr(new.doorstep, name) != getattr(running.doorstep, name)]
    changed += ["store.url"] if new.store_url != running.store_url else []
    if changed:
        log.warning("settings not taken: these need a restart", changed=changed)
        return running
    log.info("settings taken anew")
    return new


def greet(house: Any) -> None:
    """Print a one-time sign-in link for the first administrator, so that nobody needs a password to begin."""
    from doorstep.web.auth import sign_in_link
    from store import people

    admins = [p for p in house.store.read(people.people) if p.role == "admin" and p.active]
    if admins:
        typer.echo(f"Doorstep is at {house.settings.doorstep.console_url}")
        typer.echo(f"Sign in as {admins[0].name} (once): {sign_in_link(house, admins[0].id)}")
    else:
        typer.echo("Nobody can sign in yet: stop me and run `doorstep people add ID NAME --role admin`")


def initialise(config: Path, person: str) -> None:
    """Write the template, create the database and the first administrator; what exists already stays."""
    from config.template import template
    from store import people
    from store.base import Store
    from store.people import Person

    if config.exists():
        typer.echo(f"{config} exists and stays as it is")
    else:
        config.parent.mkdir(parents=True, exist_ok=True)
        config.write_text(template(), encoding="utf-8")
        typer.echo(f"wrote {config}: read it, and put in your first carrier's account")
    settings = read_settings(config)
    with Store(settings.database, url=settings.store_url) as store:
        if not store.read(people.people):
            name = person or "Admin"
            store.write(people.save_person, Person("admin", name, "admin"))
            typer.echo(f"{name} is the first administrator (id: admin); `doorstep run` prints a sign-in link")
