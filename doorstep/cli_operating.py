"""The command line's part for whoever keeps it running: backups and their way back, a doctor, what got stuck."""

from pathlib import Path
from typing import Annotated

import typer

from doorstep.cli_parts import CONFIG, AsJson, Config, operate, show

stuck = typer.Typer(help="What got stuck: letters given up, items set aside. List, try again.", no_args_is_help=True)

store = typer.Typer(help="Where the rows are kept.", no_args_is_help=True)


def backup(
    target: Annotated[Path, typer.Argument(help="A new folder.")], config: Config = CONFIG, json: AsJson = False
) -> None:
    """Write a backup: database, photos and papers, with digests. The daemon may run meanwhile."""
    from doorstep.backups import make
    from doorstep.clock import wall
    from doorstep.running import read_settings

    settings = read_settings(config)
    made = make(settings.database, target, now=wall(), url=settings.store_url)
    answer = {"backup": str(target), "files": len(made.files), "schema": made.schema}
    show(
        answer,
        json,
        lambda a: [f"{a['backup']}: {a['files']} files, schema {a['schema']}; every digest is in its manifest"],
    )


def restore(
    source: Annotated[Path, typer.Argument(help="A folder that `doorstep backup` wrote.")],
    force: Annotated[bool, typer.Option("--force", help="Put what is there aside first.")] = False,
    config: Config = CONFIG,
    json: AsJson = False,
) -> None:
    """Verify a backup, bring it up to date, check it, and put it in the place of the database. The daemon must be stopped."""
    from doorstep.clock import wall
    from doorstep.restoring import restore as put_back
    from doorstep.running import read_settings
    from doorstep.wiring import open_house

    done = put_back(read_settings(config), source, open_house, now=wall(), force=force)
    answer = {
        "made_at": done.manifest.made_at.isoformat(), "files": len(done.manifest.files), "schema": done.schema,
        "erased_again": done.erased_again, "aside": done.aside,
    }  # fmt: skip
    aside = f"what was there: {', '.join(done.aside)}; delete it when all is well, no erasure reaches it"
    lines = [
        f"restored: {answer['files']} files of {answer['made_at']}; each digest right, everything is what its facts amount to",
        f"erased again: {done.erased_again} customers",
        *([aside] if done.aside else []),
    ]
    show(answer, json, lambda _: lines)


def doctor(
    ask: Annotated[
        bool, typer.Option("--ask", help="Try each account and chat for real; a question may cost money.")
    ] = False,
    lang: Annotated[str, typer.Option(help="zh or en; the installation's by default.")] = "",
    config: Config = CONFIG,
    json: AsJson = False,
) -> None:
    """Look at everything that must be right: one line each, the fix where it is wrong; exit 1 then."""
    from domain.errors import RuleError

    try:
        answer = operate(config, "doctor", ask=ask, lang=lang)
    except RuleError as exc:
        from doorstep.doctor import unopened

        answer = unopened(config, exc)
    show(answer, json, lambda a: [f"{'ok ' if one['ok'] else 'BAD'}  {one['says']}" for one in a["looks"]])
    if not answer["ok"]:
        raise typer.Exit(1)


@stuck.command("list")
def stuck_list(config: Config = CONFIG, json: AsJson = False) -> None:
    """Letters that were given up, and items that a fault of ours broke; these are tried again by themselves, too."""
    answer = operate(config, "stuck_list")
    lines = [f"{one['key']}  {one['tries']} tries since {one['since']}: {one['error']}" for one in answer["stuck"]]
    show(answer, json, lambda _: lines or ["nothing is stuck"])


@stuck.command("retry")
def stuck_retry(
    key: Annotated[str, typer.Argument(help="As `doorstep stuck list` names it, or: all.")],
    by: Annotated[str, typer.Option("--by", help="Who wants it: a person's id.", envvar="DOORSTEP_PERSON")] = "",
    config: Config = CONFIG,
) -> None:
    """Have it tried again now."""
    answer = operate(config, "stuck_retry", key=key, by=by)
    typer.echo("\n".join(f"{one}: due now" for one in answer["again"]) or "nothing that could be tried again")


@store.command("move")
def store_move(config: Config = CONFIG, json: AsJson = False) -> None:
    """Copy the SQLite database to the empty PostgreSQL database that `[store] url` names, and compare all of it. The daemon must be stopped."""
    from doorstep.moving import move
    from doorstep.running import read_settings

    moved = move(read_settings(config))
    show(
        {
            "tables": [{"table": one.table, "rows": one.rows, "digest": one.digest} for one in moved.tables],
            "kept": moved.kept,
        },
        json,
        lambda a: [
            *(f"{one['rows']:>10}  {one['table']}  {one['digest'][:16]}" for one in a["tables"] if one["rows"]),
            f"moved: {sum(one['rows'] for one in a['tables'])} rows of {len(a['tables'])} tables, the same on both sides; start the daemon",
            f"the SQLite file stays as {a['kept']}: delete it when all is well, no erasure reaches it",
        ],
    )


def add_to(app: typer.Typer) -> None:
    """Give the program these commands."""
    for command in (backup, restore, doctor):
        app.command()(command)
    app.add_typer(stuck, name="stuck")
    app.add_typer(store, name="store")
