"""What an operator sets: typed tables of doorstep.toml. Loading and its errors: load().

Every key, its default and its meaning: docs/configuration.md; a commented file to start from: template.toml.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
from msgspec import Meta, Struct

from config.areas import load_areas
from config.checking import Misfit, did_you_mean, fit
from config.customer_settings import CUSTOMER_WAYS, Customers, Hook, Mail, Sms
from config.customer_texts import Overlaid, load_overlaid
from config.environment import Overlay, overlay, variable_of
from config.errors import ConfigError, Problem
from config.merchant import Merchant
from config.place_settings import Places
from config.policies import (
    ClaimsPolicy,
    DeskPolicy,
    DetectionPolicy,
    EnquiryPolicy,
    PrivacyPolicy,
    Types,
    load_case_types,
    load_claims,
    load_desk,
    load_detection,
    load_enquiries,
    load_make_good,
    load_privacy,
)
from config.policies.detection_file import WEEKDAYS, Weekday
from config.policies.workdays import Years, announced, load_workdays, missing
from config.secrets import take_files, take_own_files, take_table
from config.toml_text import Path_, dotted, line_of, lines_of, read_toml
from config.travel_settings import Travel
from domain.area import Area
from domain.desk_hours import DeskHours, fault_of
from domain.licence import ASKED_IN, Licence
from domain.make_good import Policy as MakeGoodPolicy
from domain.rota import Override, Rota, Turn
from domain.statement import Tariff

Id = Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$", max_length=64)]
Amount = Annotated[float, Meta(gt=0, le=100_000)]
Cents = Annotated[int, Meta(ge=0)]
Latitude = Annotated[float, Meta(ge=-90, le=90)]
Longitude = Annotated[float, Meta(ge=-180, le=180)]


class _Table(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A table of the file."""


class Doorstep(_Table, frozen=True):
    """The program itself. Relative paths are counted from the folder of the file. ``public_url`` is how others reach us, ``console_url``
    how colleagues do. ``public_port``: a port of its own for signed links and calls from outside; 0: the console's.
    ``heartbeat_url`` is called each minute while all is well.
    ``reachable``: whether carriers are asked to call us there; None: where a ``public_url`` is set.
    """

    database: str = "var/doorstep.sqlite3"
    host: str = "127.0.0.1"
    port: Annotated[int, Meta(ge=1, le=65535)] = 8722
    public_url: str = ""
    public_port: Annotated[int, Meta(ge=0, le=65535)] = 0
    console_url: str = ""
    heartbeat_url: str = ""
    lang: Literal["zh", "en"] = "zh"
    timezone: str = "Asia/Shanghai"
    shop: str = ""
    import_folder: str = ""
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    clock_url: str = ""
    reachable: bool | None = None

    def __post_init__(self) -> None:
        try:
            ZoneInfo(self.timezone)
        except (ZoneInfoNotFoundError, ValueError) as exc:
            raise ValueError(f"timezone: unknown time zone {self.timezone!r}; write it like Asia/Shanghai") from exc
        for name in ("public_url", "console_url", "heartbeat_url"):
            url = getattr(self, name)
            if url and not url.startswith(("http://", "https://")):
                raise ValueError(f"{name}: {url!r} must begin with http:// or https://")
        if self.public_port == self.port:
            raise ValueError("public_port: must be another port than `port`; leave it out for one port")


class Desk(_Table, frozen=True):
    """When people work, and how many alerts they can take; None keeps what the detection policy says. ``periods`` go before
    ``open`` and ``close``; an end of 00:00 is the end of the day. ``closed``: days off, ``extra``: days that are worked though
    they aren't among ``days``; ``holidays``: a country whose announced days off and make-up workdays are added to them.
    """

    open: time = time(9)
    close: time = time(21)
    periods: tuple[tuple[time, time], ...] = ()
    days: Annotated[tuple[Weekday, ...], Meta(min_length=1)] = WEEKDAYS
    closed: tuple[date, ...] = ()
    extra: tuple[date, ...] = ()
    holidays: Literal["", "cn"] = ""
    agents: Annotated[int, Meta(ge=1)] | None = None
    alerts_per_agent_day: Annotated[int, Meta(ge=1)] | None = None

    def __post_init__(self) -> None:
        if not self.periods and self.open >= self.close:
            raise ValueError(f"open ({self.open:%H:%M}) must be before close ({self.close:%H:%M})")
        if self.periods and (fault := fault_of(self.periods)):
            raise ValueError(f"periods: {fault}")
        if both := sorted(set(self.closed) & set(self.extra)):
            raise ValueError(f"extra: {', '.join(map(str, both))} can't be both closed and worked: keep one")

    def hours(self, zone: ZoneInfo, years: Years) -> DeskHours:
        """What is said here wins over the announced days."""
        days = announced(self.holidays, years)
        return DeskHours(
            zone,
            self.periods or ((self.open, self.close),),
            frozenset(WEEKDAYS.index(day) for day in self.days),
            closed=(days.closed - set(self.extra)) | set(self.closed),
            extra=(days.extra - set(self.closed)) | set(self.extra),
        )


class RotaTurn(_Table, frozen=True):
    """Who is on call on some weekdays, between two local times where they are given. ``people``: ids, in order."""

    people: Annotated[tuple[Id, ...], Meta(min_length=1)]
    days: Annotated[tuple[Weekday, ...], Meta(min_length=1)] = WEEKDAYS
    begins: time = time()
    ends: time = time()


class RotaOverride(_Table, frozen=True):
    """Other people from ``first`` to ``last``, both days included."""

    first: date
    last: date
    people: Annotated[tuple[Id, ...], Meta(min_length=1)]

    def __post_init__(self) -> None:
        if self.first > self.last:
            raise ValueError(f"last ({self.last}) must not be before first ({self.first})")


class Promise(_Table, frozen=True):
    """What a customer is promised when a case opens: elapsed hours, at most 48."""

    hours: Annotated[int, Meta(ge=1, le=48)] = 24


class Depot(_Table, frozen=True):
    """Where routes start and end. A return joins the day's plan until ``cut_off``, local time."""

    id: Id
    name: str
    lat: Latitude
    lon: Longitude
    cut_off: time = time(10)
    address: str = ""


class Collector(_Table, frozen=True):
    """A third-party firm that fetches returns. ``areas``: the districts that it serves; ``area_file``: a GeoJSON file of what else it
    serves, drawn on maps of ``area_datum``. Neither is everywhere.

    ``licence``: the number of its express licence, ``licence_until`` the last day on which it holds; without one it gets no routes
    where the law of ``country`` asks for it (快递市场管理办法 19). ``express``: it acts as an express firm at the door, so that its couriers
    check identity and content. ``capacity`` (parcels), ``capacity_kg``, ``capacity_l``: of each of its vehicles, where the courier's
    own table doesn't say.
    """

    id: Id
    name: str
    depots: Annotated[tuple[str, ...], Meta(min_length=1)]
    areas: tuple[str, ...] = ()
    area_file: str = ""
    area_datum: Literal["wgs84", "gcj02", "bd09"] = "wgs84"
    country: Annotated[str, Meta(pattern="^[A-Z]{2}$")] = "CN"
    licence: str = ""
    licence_until: date | None = None
    express: bool = False
    capacity: Annotated[int, Meta(ge=1)] = 30
    capacity_kg: Amount | None = None
    capacity_l: Amount | None = None
    fixed_cents: Cents = 0
    cost_per_stop_cents: Cents = 0
    cost_per_km_cents: Cents = 0
    cost_per_hour_cents: Cents = 0
    cost_per_failed_stop_cents: Cents = 0

    @property
    def tariff(self) -> Tariff:
        return Tariff(
            self.fixed_cents,
            self.cost_per_stop_cents,
            self.cost_per_km_cents,
            self.cost_per_hour_cents,
            self.cost_per_failed_stop_cents,
        )

    @property
    def held(self) -> Licence:
        return Licence(self.licence, self.licence_until, asked=self.country in ASKED_IN)


class Break(_Table, frozen=True):
    """A pause of ``for_min`` minutes that starts between two local times."""

    between: tuple[time, time]
    for_min: Annotated[int, Meta(ge=1, le=240)]


class Courier(_Table, frozen=True):
    """A person on a route. ``shift``: local times. ``capacity``: parcels, ``capacity_kg`` and ``capacity_l`` what else limits their vehicle; None:
    their collector's. What they cost is their collector's price.
    """

    id: Id
    name: str
    collector: str
    depot: str
    shift: tuple[time, time] = (time(9), time(18))
    capacity: Annotated[int, Meta(ge=1)] | None = None
    capacity_kg: Amount | None = None
    capacity_l: Amount | None = None
    breaks: tuple[Break, ...] = ()

    def __post_init__(self) -> None:
        if self.shift[0] >= self.shift[1]:
            raise ValueError(f"shift must end after it begins: {self.shift[0]:%H:%M} to {self.shift[1]:%H:%M}")


class Returns(_Table, frozen=True):
    """What of the shipped return policy this shop changes; None keeps the shipped value. ``file``: one of the shop's own, laid
    over the shipped one. ``hold_days``: how many days a return without a slot may wait for a route that passes by; 0 is none.
    ``carrier_cents``: what a carrier takes for fetching a return, by contract. ``courier_positions``: whether couriers are asked to
    share where they are.
    """

    file: str = ""
    profile: str | None = None
    freight_cents: Cents | None = None
    hold_days: Annotated[int, Meta(ge=0, le=30)] = 2
    carrier_cents: Cents | None = None
    courier_positions: bool = False


class Backup(_Table, frozen=True):
    """Nightly backups: the ``folder``, the local time ``at`` which one is made, how many are kept; 0: none are made."""

    folder: str = "var/backups"
    at: time = time(3, 30)
    keep: Annotated[int, Meta(ge=0, le=365)] = 7


class Rows(_Table, frozen=True):
    """Where the rows are kept: ``url`` names a PostgreSQL database; empty: the embedded SQLite file `[doorstep] database`."""

    url: str = ""

    def __post_init__(self) -> None:
        if self.url and not self.url.startswith(("postgresql://", "postgres://")):
            raise ValueError("url: must name a PostgreSQL database, like postgresql://user@host/database")


class PolicyFiles(_Table, frozen=True):
    """Files laid over the shipped policies, none where empty."""

    detection: str = ""
    case_types: str = ""
    workdays: str = ""
    claims: str = ""
    desk: str = ""
    make_good: str = ""
    enquiries: str = ""
    privacy: str = ""


class Map(_Table, frozen=True):
    """What routes are drawn on: a tile server, or files for use without one. All empty: routes without a map."""

    tiles_url: str = ""
    attribution: str = ""
    pmtiles: str = ""
    geojson: str = ""


class _File(_Table, frozen=True):
    doorstep: Doorstep = Doorstep()
    carriers: dict[str, Any] = {}
    chats: dict[str, Any] = {}
    desk: Desk = Desk()
    rota: tuple[RotaTurn, ...] = ()
    rota_overrides: tuple[RotaOverride, ...] = ()
    promise: Promise = Promise()
    depots: tuple[Depot, ...] = ()
    collectors: tuple[Collector, ...] = ()
    couriers: tuple[Courier, ...] = ()
    returns: Returns = Returns()
    travel: Travel = Travel()
    places: Places = Places()
    policy: PolicyFiles = PolicyFiles()
    map: Map = Map()
    merchant: Merchant = Merchant()
    customers: Customers = Customers()
    backup: Backup = Backup()
    store: Rows = Rows()


@dataclass(frozen=True, slots=True, repr=False)
class Settings:
    """Everything set. ``carriers`` and ``chats``: adapter id, then account name, to the adapter's own settings struct.

    Its ``repr`` shows the file only: the adapters' settings hold secrets.
    """

    file: Path
    doorstep: Doorstep
    carriers: Mapping[str, Mapping[str, Any]]
    chats: Mapping[str, Mapping[str, Any]]
    desk: Desk
    promise: Promise
    depots: tuple[Depot, ...]
    collectors: tuple[Collector, ...]
    couriers: tuple[Courier, ...]
    returns: Returns
    travel: Travel
    places: Places
    map: Map
    detection: DetectionPolicy
    merchant: Merchant
    make_good: MakeGoodPolicy
    privacy: PrivacyPolicy
    customers: Customers = field(default_factory=Customers)
    customer_texts: Overlaid = field(default_factory=dict)
    workdays: Years = ()
    backup: Backup = field(default_factory=Backup)
    store_url: str = ""
    areas: Mapping[str, Area] = field(default_factory=dict)

    def __repr__(self) -> str:
        return f"Settings({str(self.file)!r})"

    def path(self, text: str) -> Path:
        """A path from the file, counted from the file's folder."""
        return self.file.parent / Path(text).expanduser()

    def untold_year(self, at: datetime) -> int | None:
        """The year, here or near, whose days off the desk's calendar lacks; None where it lacks none."""
        return missing(self.desk.holidays, self.workdays, at.astimezone(self.zone).date())

    @property
    def database(self) -> Path:
        return self.path(self.doorstep.database)

    @property
    def import_folder(self) -> Path | None:
        return self.path(self.doorstep.import_folder) if self.doorstep.import_folder else None

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.doorstep.timezone)


Structs = Mapping[str, type[Struct]]
ADAPTERS = ("carriers", "chats")


def load(path: Path, *, environ: Mapping[str, str], structs: Mapping[str, Structs]) -> Settings:
    """The settings of a file under the environment's variables.

    ``structs``: for ``carriers`` and ``chats`` each adapter's id to its settings struct. Raises ConfigError with every
    problem: file, line, key and what to do.
    """
    tables, text = read_toml(path)
    laid = overlay(tables, environ)
    tables, from_files = take_files(laid.tables, path.parent, structs)
    tables, of_merchant = take_table(tables, "merchant", Merchant, path.parent)
    tables, of_travel = take_table(tables, "travel", Travel, path.parent)
    tables, of_places = take_table(tables, "places", Places, path.parent)
    tables, of_store = take_table(tables, "store", Rows, path.parent)
    tables, of_customers = take_own_files(tables, path.parent, "customers", CUSTOMER_WAYS)
    fitted = fit(tables, _File)
    adapters = {kind: _adapters(kind, tables.get(kind, {}), structs.get(kind, {})) for kind in ADAPTERS}
    misfits = [
        *laid.misfits,
        *from_files,
        *of_merchant,
        *of_travel,
        *of_places,
        *of_store,
        *of_customers,
        *fitted.misfits,
        *(m for _, found in adapters.values() for m in found),
    ]
    if not fitted.misfits:
        misfits += _crossed(fitted.value)
    lines = lines_of(text)
    problems = [_problem(m, path, lines, laid) for m in misfits]
    detection, own_problems = _detection(tables, path)
    make_good, more_problems = _policy(load_make_good, tables, "make_good", path)
    privacy, of_privacy = _policy(load_privacy, tables, "privacy", path)
    workdays, of_workdays = _policy(load_workdays, tables, "workdays", path)
    areas, of_areas = (
        load_areas(fitted.value.collectors, fitted.value.depots, path.parent) if fitted.value else ({}, [])
    )
    texts, text_problems = _texts(fitted.value.customers.texts if fitted.value else "", path)
    if wrong := [*problems, *own_problems, *more_problems, *of_privacy, *of_workdays, *of_areas, *text_problems]:
        raise ConfigError(wrong)
    made = _settings(
        path, fitted.value, adapters["carriers"][0], adapters["chats"][0], _for_this_desk(detection, fitted.value, workdays),
        make_good, privacy)  # fmt: skip
    return replace(made, customer_texts=texts, workdays=workdays, areas=areas)


def defaults(path: Path) -> Settings:
    """The settings of an empty file that would stand at ``path``: no carriers, no chats."""
    detection = replace(load_detection(), claims=load_claims(), desk=load_desk(), enquiries=load_enquiries())
    detection = _for_this_desk(detection, _File(), load_workdays())
    return _settings(path, _File(), {}, {}, detection, load_make_good(), load_privacy())


def _settings(
    path: Path,
    file: _File,
    carriers: Mapping[str, Mapping[str, Any]],
    chats: Mapping[str, Mapping[str, Any]],
    detection: DetectionPolicy,
    make_good: MakeGoodPolicy,
    privacy: PrivacyPolicy,
) -> Settings:
    doorstep = file.doorstep
    own = f"http://{doorstep.host}:{doorstep.port}"
    url = doorstep.public_url.rstrip("/") or (f"http://{doorstep.host}:{doorstep.public_port or doorstep.port}")
    console = doorstep.console_url.rstrip("/") or (own if doorstep.public_port else url)
    return Settings(
        file=path,
        doorstep=msgspec.structs.replace(doorstep, public_url=url, console_url=console, reachable=_reachable(doorstep)),
        carriers=carriers,
        chats=chats,
        desk=file.desk,
        promise=file.promise,
        depots=file.depots,
        collectors=file.collectors,
        couriers=file.couriers,
        returns=file.returns,
        travel=file.travel,
        places=file.places,
        map=file.map,
        detection=detection,
        merchant=file.merchant,
        make_good=make_good,
        privacy=privacy,
        customers=file.customers,
        backup=file.backup,
        store_url=file.store.url,
    )


def _texts(own: str, path: Path) -> tuple[Overlaid, tuple[Problem, ...]]:
    """The operator's own texts for customers, and everything that is wrong with their file."""
    try:
        return (load_overlaid(path.parent / own) if own else {}), ()
    except ConfigError as exc:
        return {}, tuple(exc.problems)


def _reachable(doorstep: Doorstep) -> bool:
    return bool(doorstep.public_url) if doorstep.reachable is None else doorstep.reachable


def _for_this_desk(detection: DetectionPolicy, file: _File, years: Years) -> DetectionPolicy:
    """What the settings say of people and promises goes before the policy's own figures."""
    return replace(
        detection,
        promise=timedelta(hours=file.promise.hours),
        agents=file.desk.agents or detection.agents,
        alerts_per_agent_day=file.desk.alerts_per_agent_day or detection.alerts_per_agent_day,
        desk=replace(detection.desk, hours=file.desk.hours(ZoneInfo(file.doorstep.timezone), years), rota=_rota(file)),
    )


def _rota(file: _File) -> Rota:
    turns = (Turn(frozenset(map(WEEKDAYS.index, t.days)), t.people, t.begins, t.ends) for t in file.rota)
    overrides = (Override(o.first, o.last, o.people) for o in file.rota_overrides)
    return Rota(ZoneInfo(file.doorstep.timezone), tuple(turns), tuple(overrides))


def _adapters(kind: str, tables: Any, structs: Structs) -> tuple[dict[str, dict[str, Any]], list[Misfit]]:
    """The tables ``[carriers.<id>.<account>]``, each fitted into the struct of its adapter."""
    accounts: dict[str, dict[str, Any]] = {}
    misfits: list[Misfit] = []
    for adapter, named in tables.items() if isinstance(tables, Mapping) else ():
        if adapter not in structs:
            misfits.append(Misfit((kind, adapter), f"unknown {kind[:-1]}{did_you_mean(adapter, dict(structs))}"))
        elif not isinstance(named, Mapping) or not all(isinstance(table, Mapping) for table in named.values()):
            misfits.append(Misfit((kind, adapter), f"needs an account name: write [{kind}.{adapter}.main]"))
        else:
            fitted = {name: fit(table, structs[adapter], (kind, adapter, name)) for name, table in named.items()}
            accounts[adapter] = {name: f.value for name, f in fitted.items()}
            misfits += [m for f in fitted.values() for m in f.misfits]
    return accounts, misfits


def _crossed(file: _File) -> list[Misfit]:
    """What each table says well by itself and the tables say wrongly together."""
    depots, collectors = [d.id for d in file.depots], [c.id for c in file.collectors]
    found = []
    for table in ("depots", "collectors", "couriers"):
        ids = [row.id for row in getattr(file, table)]
        found += [Misfit((table, i, "id"), f"`{x}` is taken already") for i, x in enumerate(ids) if x in ids[:i]]
    for i, collector in enumerate(file.collectors):
        found += [
            _stranger("depot", d, depots, ("collectors", i, "depots")) for d in collector.depots if d not in depots
        ]
    for i, courier in enumerate(file.couriers):
        if courier.collector not in collectors:
            found.append(_stranger("collector", courier.collector, collectors, ("couriers", i, "collector")))
        if courier.depot not in depots:
            found.append(_stranger("depot", courier.depot, depots, ("couriers", i, "depot")))
    return found


def _stranger(what: str, name: str, known: list[str], path: Path_) -> Misfit:
    return Misfit(path, f"no {what} has the id `{name}`{did_you_mean(name, known)}")


def _detection(tables: Mapping[str, Any], path: Path) -> tuple[DetectionPolicy, tuple[Problem, ...]]:
    """The detection policy with claims, enquiries and the desk's steps, and everything that is wrong with the files laid over them."""
    detection, problems = _policy(load_detection, tables, "detection", path)
    claims, of_claims = _policy(load_claims, tables, "claims", path)
    desk, of_desk = _policy(load_desk, tables, "desk", path)
    enquiries, of_enquiries = _policy(load_enquiries, tables, "enquiries", path)
    types, of_types = _policy(load_case_types, tables, "case_types", path)
    laid = replace(detection, claims=claims, desk=desk, enquiries=enquiries, case_types=types)
    return laid, (*problems, *of_claims, *of_desk, *of_enquiries, *of_types)


P_ = TypeVar(
    "P_", DetectionPolicy, ClaimsPolicy, DeskPolicy, EnquiryPolicy, MakeGoodPolicy, PrivacyPolicy, Types, Years
)


def _policy(
    read: Callable[[Path | None], P_], tables: Mapping[str, Any], name: str, path: Path
) -> tuple[P_, tuple[Problem, ...]]:
    policy = tables.get("policy")
    own = policy.get(name) if isinstance(policy, Mapping) else None
    try:
        return read(path.parent / own if isinstance(own, str) and own else None), ()
    except ConfigError as exc:
        return read(None), tuple(exc.problems)


def _problem(misfit: Misfit, file: Path, lines: Mapping[Path_, int], laid: Overlay) -> Problem:
    variable = laid.variables.get(misfit.path)
    if variable:
        return Problem("environment", variable, misfit.message, "correct or unset it")
    line = line_of(lines, misfit.path)
    return Problem(str(file), dotted(misfit.path), misfit.message, _fix(misfit), line=line)


def _fix(misfit: Misfit) -> str:
    """How to give a missing key: in the file, in a file of its own where it may be a secret, in the environment."""
    if not misfit.missing:
        return ""
    key, table = misfit.path[-1], dotted(misfit.path[:-1])
    in_table = f"set `{key}` under [{table}]" if misfit.path[0] in ADAPTERS else f"set `{key}` in {table}"
    in_file = f", or name a file that holds it with `{key}_file`" if misfit.path[0] in ADAPTERS else ""
    return f"{in_table}{in_file}, or set {variable_of(misfit.path)} in the environment"


__all__ = [
    "Break", "Collector", "ConfigError", "Courier", "Customers", "Depot", "Desk", "Doorstep", "Hook", "Mail", "Map",
    "Merchant", "PolicyFiles", "Promise", "Returns", "RotaOverride", "RotaTurn", "Settings", "Sms", "defaults", "load",
]  # fmt: skip
