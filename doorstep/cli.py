"""The command line. Bodies import what they need: `doorstep --help` loads nothing of the house."""

import os
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from doorstep import cli_operating
from doorstep.cli_couriers import couriers
from doorstep.cli_money import money
from doorstep.cli_parts import CONFIG, AsJson, Config, operate, read_json, show, show_outcome
from doorstep.cli_people import customers, people
from doorstep.cli_pickups import pickups

app = typer.Typer(
    name="doorstep",
    help="Watches every parcel, promises every customer an answer, fetches returns at the door.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
cases = typer.Typer(help="Cases: list, acknowledge, resolve.", no_args_is_help=True)
routes = typer.Typer(help="Pickup routes: plan, show, solve a problem file.", no_args_is_help=True)
carriers = typer.Typer(
    help="Carriers: list, test, plan, detect, unmapped codes, read a recorded reply.", no_args_is_help=True
)
chat = typer.Typer(help="Chats: list, test, link somebody to the desk.", no_args_is_help=True)
config = typer.Typer(help="The configuration.", no_args_is_help=True)
keys = typer.Typer(help="API keys.", no_args_is_help=True)
for name, group in (
    ("cases", cases), ("routes", routes), ("carriers", carriers), ("pickups", pickups), ("money", money), ("chat", chat),
    ("config", config), ("keys", keys), ("people", people), ("customers", customers),
    ("couriers", couriers),
):  # fmt: skip
    app.add_typer(group, name=name)
cli_operating.add_to(app)


def main() -> None:
    """Run a command; a broken rule ends with its message and exit code 2, never with a traceback."""
    from domain.errors import RuleError

    try:
        app()
    except RuleError as exc:
        typer.echo(str(exc), err=True)
        sys.exit(2)
    except BrokenPipeError:
        sys.exit(1)


# --- running -------------------------------------------------------------------------------------------------------


@app.command()
def run(config: Config = CONFIG) -> None:
    """Run the daemon: pages, interface, polling, routes."""
    from doorstep.running import run_daemon

    run_daemon(config)


@app.command()
def worker(
    queues: Annotated[
        str,
        typer.Option(
            "--queues",
            help="Only these jobs, with commas between: carriers' ids (asking them), sends, refits, solves; all by default.",
        ),
    ] = "",
    metrics_port: Annotated[int, typer.Option(help="A port on which this worker prints its figures; 0: none.")] = 0,
    config: Config = CONFIG,
) -> None:
    """Do the daemon's work beside it, as many workers as there is work: for installations on PostgreSQL."""
    from store.postgres import have

    have("procrastinate")
    from doorstep.worker import run_worker

    run_worker(config, [name.strip() for name in queues.split(",") if name.strip()], metrics_port=metrics_port)


@app.command()
def demo(
    folder: Annotated[Path, typer.Option(help="Where the demo keeps its files.")] = Path("demo"),
    port: Annotated[int, typer.Option(help="The console's port.")] = 8722,
    parcels: Annotated[int, typer.Option(min=20, max=5_000, help="Parcels of the simulated shop.")] = 320,
    seed: Annotated[int, typer.Option(help="Another seed, another town's month.")] = 7,
    days: Annotated[int, typer.Option(min=3, max=60, help="Days of the past that are played first.")] = 21,
    troubles: Annotated[
        float, typer.Option(min=0.0, max=1.0, help="Share of parcels that go wrong; 0.12 is like life.")
    ] = 0.3,
    fresh: Annotated[bool, typer.Option("--fresh", help="Forget an earlier demo and begin anew.")] = False,
) -> None:
    """Show the whole product on a simulated shop, carriers, customers and couriers."""
    from doorstep.demo import run_demo

    run_demo(folder, port=port, parcels=parcels, seed=seed, days=days, troubles=troubles, fresh=fresh)


@app.command()
def simulate(
    out: Annotated[Path, typer.Option(help="The folder for summary.json.")],
    days: Annotated[int, typer.Option(help="Days to live through.")] = 31,
    parcels: Annotated[int, typer.Option(help="Parcels of the simulated shop.")] = 500,
    seed: Annotated[int, typer.Option(help="The same seed gives the same month, to the last digit of its digest.")] = 0,
    faults: Annotated[str, typer.Option(help="all, none, or some with commas between: docs/simulating.md.")] = "all",
) -> None:
    """Live a month in a simulated world under faults, and check it against what truly happened."""
    from doorstep.simulating import command

    raise typer.Exit(command(days=days, parcels=parcels, seed=seed, named=faults, out=out))


@app.command()
def init(
    config: Config = CONFIG,
    person: Annotated[str, typer.Option(help="Your name: you become the first administrator.")] = "",
) -> None:
    """Write a commented settings file, create the database and the first administrator."""
    from doorstep.running import initialise

    initialise(config, person)


# --- operations ----------------------------------------------------------------------------------------------------


@app.command("import")
def import_(
    kind: Annotated[str, typer.Argument(help="orders, shipments, returns, disputes, cases, refunds or events.")],
    file: Annotated[Path, typer.Argument(help="A CSV or XLSX file; UTF-8 or GB18030.")],
    config: Config = CONFIG,
    json: AsJson = False,
) -> None:
    """Take rows of a file; bad ones are reported with their line, the others are taken."""
    answer = operate(config, "import", kind=kind, file=str(file.resolve()))
    show(answer, json, lambda a: a["lines"])
    if answer["rejected"]:
        raise typer.Exit(1)


@app.command()
def figures(
    config: Config = CONFIG,
    json: AsJson = False,
    since: Annotated[
        str, typer.Option(help="The first day, like 2026-11-01; by default eight weeks or 14 days ago.")
    ] = "",
    until: Annotated[str, typer.Option(help="The last day; today by default.")] = "",
    step: Annotated[str, typer.Option(help="day or week.")] = "week",
    csv: Annotated[bool, typer.Option("--csv", help="Every value as a row of a CSV file.")] = False,
) -> None:
    """How well the promise is kept; how carriers, collectors, shops and people do."""
    answer = operate(config, "figures", since=since, until=until, step=step)
    if csv:
        from doorstep.figures import to_csv

        typer.echo(to_csv(answer["figures"]), nl=False)
        return
    show(answer, json, figure_lines)


def figure_lines(answer: dict[str, Any]) -> list[str]:
    """The values of the whole range; the others are in --json and --csv."""
    head = f"{answer['from']} to {answer['to']}; promised: an answer within {answer['promised_h']:g} h"
    whole = [row for row in answer["figures"] if not row["by"]]
    return [head, *(f"{row['figure']:<18} {figure_value(row):>14}   n={row['n']}" for row in whole)]


def figure_value(row: dict[str, Any]) -> str:
    value, how = row["value"], row["how"]
    if value is None:
        return "-"
    if row["figure"] == "pickup_cost" or how in {"sum", "per_10k"}:
        return f"{value:,.1f}"
    return f"{value:.1%}" if how == "share" else f"{value / 3600:,.1f} h"


@cases.command("list")
def cases_list(
    config: Config = CONFIG,
    json: AsJson = False,
    everything: Annotated[bool, typer.Option("--all", help="Closed ones too.")] = False,
) -> None:
    """Open cases by promise left."""
    answer = operate(config, "cases_list", all=everything)
    show(answer["cases"], json, lambda found: [case_line(c) for c in found] or ["no open cases"])


def case_line(case: dict[str, Any]) -> str:
    promise = case["promise_by"] or "no promise"
    return f"#{case['id']:<6} {case['kind']:<16} {case['number']:<22} {case['status']:<13} {promise}  {case['owner'] or '-'}"


By = Annotated[str, typer.Option("--by", help="Who does it: a person's id.", envvar="DOORSTEP_PERSON")]


@cases.command("ack")
def cases_ack(case: int, by: By, config: Config = CONFIG, json: AsJson = False) -> None:
    """Acknowledge a case: you took it."""
    answer = operate(config, "case_act", case=case, kind="acknowledge", by=by)
    show(answer["case"], json, lambda c: [case_line(c)])


@cases.command("resolve")
def cases_resolve(
    case: int,
    by: By,
    reason: Annotated[str, typer.Option(help="How it was solved.")],
    config: Config = CONFIG,
    json: AsJson = False,
) -> None:
    """Resolve a case, with the reason."""
    answer = operate(config, "case_act", case=case, kind="resolve", by=by, words=reason)
    show(answer["case"], json, lambda c: [case_line(c)])


@routes.command("plan")
def routes_plan(config: Config = CONFIG, json: AsJson = False) -> None:
    """Plan now what waits and is past its cut-off."""
    answer = operate(config, "routes_plan")
    show(
        answer,
        json,
        lambda a: [f"{len(a['dispatched'])} routes dispatched, {len(a['failed'])} plans failed", *a["failed"]],
    )


@routes.command("collector-link")
def routes_collector_link(collector: str, config: Config = CONFIG, json: AsJson = False) -> None:
    """The signed link to a collector's own page, for its dispatcher; it holds for 90 days."""
    show(operate(config, "collector_link", collector=collector), json, lambda a: [a["url"]])


@routes.command("show")
def routes_show(
    config: Config = CONFIG,
    day: Annotated[str, typer.Option(help="YYYY-MM-DD, today by default.")] = "",
    json: AsJson = False,
) -> None:
    """The routes of a day with their stops."""
    answer = operate(config, "routes_show", day=day)
    show(answer, json, _route_lines)


def _route_lines(answer: dict[str, Any]) -> list[str]:
    lines = [f"{answer['day']}: {len(answer['routes'])} routes"]
    for route in answer["routes"]:
        lines.append(f"{route['id']}  {route['courier']}  {route['status']}  {route['distance_m'] / 1000:.1f} km")
        lines += [f"   {s['start_at']}  {s['return']}  {s['status']}" for s in route["stops"]]
    return lines


@routes.command("solve")
def routes_solve(
    problem: Annotated[Path, typer.Argument(help="PROBLEM.json, see docs/formats.md.")],
    out: Annotated[Path, typer.Option(help="Where the plan goes.")],
    seed: Annotated[int, typer.Option(help="The same seed and steps give the same plan.")] = 0,
    seconds: Annotated[float | None, typer.Option(help="Wall time after imports and compilation.")] = None,
    steps: Annotated[int | None, typer.Option(help="Search steps instead of time.")] = None,
    engine: Annotated[str, typer.Option(help="auto, ortools or kernel.")] = "auto",
    cores: Annotated[int, typer.Option(min=1, max=2)] = 1,
) -> None:
    """Solve a routing problem file."""
    from scheduler.routes_command import routes_solve as solve

    raise typer.Exit(solve(problem, seconds=seconds, steps=steps, seed=seed, engine=engine, cores=cores, out=out))


@carriers.command("read")
def carriers_read(
    carrier: str,
    file: Path,
    number: Annotated[str, typer.Option(help="The number that was asked about.")],
    push: Annotated[bool, typer.Option("--push", help="The file is a push, not a reply.")] = False,
    status: Annotated[int, typer.Option(help="The reply's HTTP status.")] = 200,
    header: Annotated[list[str] | None, typer.Option(help="A reply header, K:V.")] = None,
    now: Annotated[str, typer.Option(help="ISO time to read it at; now by default.")] = "",
) -> None:
    """Read a recorded reply of a carrier and print what Doorstep makes of it."""
    from carriers.read_command import carriers_read as read
    from doorstep.clock import given_or_wall

    raise typer.Exit(
        read(carrier, file, number=number, push=push, status=status, headers=header or [], now=given_or_wall(now))
    )


@carriers.command("detect")
def carriers_detect(numbers: list[str], json: AsJson = False) -> None:
    """Say whose tracking numbers these are, as far as the numbers alone can tell."""
    from carriers.detect_command import carriers_detect as detect

    raise typer.Exit(detect(numbers, json))


@carriers.command("list")
def carriers_list(config: Config = CONFIG, json: AsJson = False) -> None:
    """Every carrier account: health, quota and money used, last answer, where it calls us."""
    show(operate(config, "carriers_list"), json, _credential_lines)


def _credential_lines(answer: dict[str, Any]) -> list[str]:
    lines = []
    for one in answer["credentials"]:
        health = (
            f"failing since {one['failing_since']}: {one['error']}"
            if one["failing_since"]
            else (f"last answer {one['last_ok_at']}" if one["last_ok_at"] else "not asked yet")
        )
        lines.append(f"{one['name']:<24} {one['watched']:>7} watched, {one['subscribed']} subscribed; {health}")
        if one["used_up_until"]:
            lines.append(f"{'':<24} quota used up, free again {one['used_up_until']}")
        lines += [f"{'':<24} {b['used']} of {b['calls']} calls in {b['per_s']} s" for b in one["budgets"]]
        if one["money"]:
            lines.append(f"{'':<24} {_money_line(one['money'])}")
        if one["callback_url"]:
            lines.append(f"{'':<24} calls us at {one['callback_url']}{'' if one['proven'] else ' (a hint only)'}")
        if not one["set_up"]:
            lines.append(f"{'':<24} not in the settings any more")
    return lines or [f"no carrier is set; known are {', '.join(answer['known'])}: see docs/carriers/"]


def _money_line(money: dict[str, Any]) -> str:
    if money["cost"] is None:
        return f"{money['units']} charged in 24 h; set `price` to know what they cost"
    cap = f" of {money['cap']:.2f}" if money["cap"] is not None else ""
    return f"{money['cost']:.2f}{cap} {money['currency']} in 24 h ({money['units']} charged)"


@carriers.command("test")
def carriers_test(
    carrier: str,
    number: Annotated[str, typer.Option(help="A number to ask about; a made-up one by default.")] = "",
    account: Annotated[str, typer.Option(help="The account's name; main by default.")] = "",
    of: Annotated[str, typer.Option(help="Whose number it is, where the source wants to know: zhongtong.")] = "",
    phone4: Annotated[str, typer.Option(help="The last four digits of the phone, where the carrier wants them.")] = "",
    config: Config = CONFIG,
    json: AsJson = False,
) -> None:
    """Ask a carrier one question now, and say in one sentence whether the account works."""
    answer = operate(config, "carriers_test", carrier=carrier, number=number, account=account, of=of, phone4=phone4)
    show(answer, json, lambda a: [f"{'works' if a['ok'] else 'does not work'}: {a['says']}"])
    if not answer["ok"]:
        raise typer.Exit(1)


@carriers.command("plan")
def carriers_plan(config: Config = CONFIG, json: AsJson = False) -> None:
    """How often today's parcels can be asked about, what it costs, and what comes too late at that pace."""
    show(operate(config, "carriers_plan"), json, _plan_lines)


def _plan_lines(answer: dict[str, Any]) -> list[str]:
    lines = []
    for one in answer["plans"]:
        possible = one["possible_per_day"] if one["possible_per_day"] is not None else "no limit"
        cost = (
            f"{one['cost_per_day']:.2f} {one['currency']} a day" if one["cost_per_day"] is not None else "price not set"
        )
        lines.append(
            f"{one['name']}: {one['parcels']} parcels, {one['wanted_per_day']} questions a day wanted, {possible} possible"
        )
        lines.append(f"   a parcel on its way is asked about every {one['every_h']} h; {cost}")
        if one["late"]:
            lines.append(f"   too late at this pace: {', '.join(one['late'])}")
    return lines or ["no carrier is set: see docs/carriers/"]


@carriers.command("unmapped")
def carriers_unmapped(
    carrier: Annotated[str, typer.Argument(help="One source only.")] = "",
    limit: Annotated[int, typer.Option(min=1, max=10_000)] = 500,
    rows: Annotated[bool, typer.Option("--rows", help="As rows for the adapter's table.")] = False,
    config: Config = CONFIG,
    json: AsJson = False,
) -> None:
    """Codes and phrases that carriers sent and no table knows, with how often and their text."""
    answer = operate(config, "carriers_unmapped", carrier=carrier, limit=limit)
    show(answer["unmapped"], json, lambda found: _unmapped_lines(found, as_rows=rows))


def _unmapped_lines(found: list[dict[str, Any]], *, as_rows: bool) -> list[str]:
    from doorstep.carrier_operations import table_row

    if as_rows:
        return [table_row(one) for one in found]
    lines = [f"{one['count']:>6}  {one['source']:<12} {one['code'] or '-':<16} {one['text']}" for one in found]
    return lines or ["every code and phrase that came is in a table"]


@carriers.command("intercept")
def carriers_intercept(
    number: str,
    what: Annotated[str, typer.Option(help="return, branch or address: what shall become of it.")],
    key: Annotated[str, typer.Option("--id", help="Your id for it: the same one asks once only.")],
    to: Annotated[
        Path | None, typer.Option(help="A JSON file with the address: {name, phone, address, city, …}.")
    ] = None,
    source: Annotated[str, typer.Option(help="Through whom: kuaidi100 or sf.")] = "",
    of: Annotated[str, typer.Option(help="Whose parcel it is; its shipment says it where it is known.")] = "",
    account: Annotated[str, typer.Option(help="The account's name; main by default.")] = "",
    reason: str = "",
    config: Config = CONFIG,
    json: AsJson = False,
) -> None:
    """Call a parcel back that is on its way."""
    body: dict[str, Any] = {
        "number": number,
        "what": what,
        "id": key,
        "source": source,
        "carrier": of,
        "account": account,
    }
    body = {**body, "reason": reason, "to": read_json(to) if to else None}
    show_outcome(operate(config, "carriers_intercept", body=body), json, _intercept_lines)


def _intercept_lines(answer: dict[str, Any]) -> list[str]:
    return [f"{answer['number']}: the carrier took the order; whether it catches the parcel shows in its scans"]


@chat.command("list")
def chat_list(config: Config = CONFIG, json: AsJson = False) -> None:
    """Every chat channel that is set: what waits for it, what was given up."""
    answer = operate(config, "chats_list")
    lines = [f"{c['name']:<24} {c['waiting']} waiting, {c['dead']} given up" for c in answer["channels"]]
    show(answer, json, lambda a: lines or [f"no chat is set; known are {', '.join(a['known'])}: see docs/chat/"])


@chat.command("link")
def chat_link(adapter: str, identity: str, person: str, config: Config = CONFIG) -> None:
    """Say which member of the desk somebody in a chat is: matrix @sam:example.org sam."""
    answer = operate(config, "chat_link", adapter=adapter, identity=identity, person=person)
    typer.echo(f"{answer['identity']} in {answer['adapter']} is {answer['person']}")


@chat.command("test")
def chat_test(
    channel: Annotated[str, typer.Argument(help="As `doorstep chat list` names it: matrix:desk.")],
    wait: Annotated[int, typer.Option(min=5, max=900, help="Seconds to wait for the click.")] = 120,
    config: Config = CONFIG,
) -> None:
    """Send a test message, wait for its click, and tell each hop: sent, shown, clicked, verified, committed, edited."""
    from doorstep.chat_test import chat_test as run_test

    raise typer.Exit(run_test(lambda name, params: operate(config, name, **params), channel, wait))


@app.command()
def check(config: Config = CONFIG, json: AsJson = False) -> None:
    """Rebuild everything from the facts and compare it with what is stored."""
    answer = operate(config, "check")
    clean = ["clean: everything stored is what its facts amount to", f"digest {answer['digest']}"]
    show(answer, json, lambda a: a["differences"] or clean)
    if answer["differences"]:
        raise typer.Exit(1)


@app.command()
def explain(number: str, config: Config = CONFIG, json: AsJson = False) -> None:
    """All that is thought of a parcel: its risk and what it rests on, each rule, when we look again."""
    answer = operate(config, "explain", number=number)
    show(answer, json, lambda a: [line for one in a["shipments"] for line in (*one["lines"], "")][:-1])


@app.command()
def replay(
    evaluate_from: Annotated[str, typer.Option(metavar="DATE", help="Parcels handed over from then on are judged.")],
    out: Annotated[Path, typer.Option(help="The folder for alarms, scores, summary and report.")],
    shipments: Annotated[Path | None, typer.Option(help="shipments.csv, see docs/replay.md.")] = None,
    events: Annotated[Path | None, typer.Option(help="events.csv.")] = None,
    own: Annotated[
        bool, typer.Option("--own", help="Your own parcels, from the database, instead of two files.")
    ] = False,
    policy: Annotated[Path | None, typer.Option(help="A detection.toml laid over the shipped one.")] = None,
    grace_days: Annotated[
        float | None, typer.Option(help="Days after the promise; the policy's by default (7).")
    ] = None,
    scores: Annotated[
        str, typer.Option(metavar="EVERY", help="How often scores.csv has each parcel: 24h, 1d.")
    ] = "24h",
    config: Config = CONFIG,
) -> None:
    """Walk through a history and see what the desk would have been told, and when."""
    for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"):  # small matrices: threads would only wait for each other
        os.environ.setdefault(name, "1")
    from doorstep.replaying import play

    summary = play(
        shipments, events, own=own, config=config, wanted=(evaluate_from, policy, grace_days, scores), out=out
    )
    parcels, told = summary["parcels"], summary["alarms"]
    typer.echo(f"{parcels['evaluated']} parcels judged, {told['alerts']} alerts; see {out / 'report.html'}")
    rejected = sum(summary["rejected"].values())
    if rejected:
        typer.echo(f"{rejected} rows left out; summary.json says why")


@config.command("check")
def config_check(config: Config = CONFIG) -> None:
    """Read the settings and say everything that is wrong with them."""
    from config.licences import licence_warnings
    from doorstep.clock import wall
    from doorstep.running import read_settings

    settings = read_settings(config)
    if year := settings.untold_year(wall()):
        typer.echo(
            f"{config}: warning: desk.holidays: the days off of {year} aren't known yet;"
            " name a file with them in [policy] workdays, or list them in [desk] closed and extra"
        )
    for said in licence_warnings(settings.collectors, wall().astimezone(settings.zone).date()):
        typer.echo(f"{config}: warning: {said}")
    typer.echo(
        f"{config}: good. {len(settings.carriers)} carriers, {len(settings.depots)} depots, {len(settings.couriers)} couriers."
    )


@keys.command("create")
def keys_create(
    name: str,
    scope: Annotated[
        list[str] | None, typer.Option(help="intake, money or pickups, several times; everything by default.")
    ] = None,
    config: Config = CONFIG,
    json: AsJson = False,
) -> None:
    """Create an API key; it is shown once."""
    answer = operate(config, "key_create", name=name, scopes=scope or [])
    show(answer, json, lambda a: [a["key"]])


@keys.command("list")
def keys_list(config: Config = CONFIG, json: AsJson = False) -> None:
    """Every API key, what it may do, and whether it was revoked."""
    answer = operate(config, "keys_list")
    lines = [
        f"{k['name']:<24} {' '.join(k['scopes'])}{'  revoked ' + k['revoked_at'] if k['revoked_at'] else ''}"
        for k in answer["keys"]
    ]
    show(answer, json, lambda _: lines or ["no key yet: doorstep keys create NAME"])


@keys.command("revoke")
def keys_revoke(name: str, config: Config = CONFIG) -> None:
    """Make a key worthless at once."""
    typer.echo(f"{operate(config, 'key_revoke', name=name)['name']} is no key any more")


if __name__ == "__main__":
    main()
