"""The command line."""

import asyncio
import gc
from collections.abc import Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn, TypeVar

import typer

from contact_center.settings import Settings, SettingsError, config_directory, load_settings

if TYPE_CHECKING:
    from contact_center.mentions import Mention
    from contact_center.policies.choosing import Policies
    from contact_center.procedure import Procedure

T = TypeVar("T")

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)

Config = Annotated[
    Path | None, typer.Option("--config", help="Directory with settings.toml.", show_default=False)
]


@app.command()
def serve(
    config: Config = None,
    roles: Annotated[str, typer.Option(help="Some of web,intake,relay,scheduler.")] = "",
    demo: Annotated[bool, typer.Option(help="Fill an empty database with demo data.")] = False,
) -> None:
    """Run the contact centre: it brings the database up to date, then serves until stopped."""
    gc.disable()  # imports leave nothing to collect
    from contact_center.log import set_up_logging
    from contact_center.serve import run

    settings, directory = _load(config, roles)
    set_up_logging(level=settings.log.level, as_json=settings.log.format == "json")
    gc.enable()
    run(settings, directory, demo=demo)


@app.command()
def demo(
    config: Config = None,
    traffic: Annotated[bool, typer.Option(help="Play customers of the running service.")] = False,
    agents: Annotated[bool, typer.Option(help="With --traffic: play agents, too.")] = False,
    minutes: Annotated[float, typer.Option(help="With --traffic: how long; 0 is forever.")] = 0,
    rate: Annotated[float, typer.Option(help="With --traffic: new customers a minute.")] = 6,
    seed: Annotated[int | None, typer.Option(help="With --traffic: play it the same way.")] = None,
) -> None:
    """Fill an empty database with demo data, or play live customers."""
    from contact_center.commands import seed_demo

    settings, _ = _load(config)
    if not traffic:
        typer.echo(f"The database was filled with {_run(seed_demo(settings))} tickets.")
        return
    from contact_center.demo.traffic import Pace, play_traffic
    from contact_center.serve import secret_key

    pace = Pace(minutes=minutes, rate=rate, agents=agents, seed=seed)
    _run(play_traffic(settings, secret_key(settings), pace, say=typer.echo))


@app.command()
def migrate(config: Config = None) -> None:
    """Bring the database to the current schema."""
    from contact_center.commands import migrate_database

    settings, _ = _load(config)
    _run(migrate_database(settings))
    typer.echo("The database is up to date.")


@app.command("check-config")
def check_config(
    config: Config = None,
    database: Annotated[
        bool, typer.Option("--database", help="Look up the teams and skills it names, too.")
    ] = False,
) -> None:
    """Read the whole configuration and say what is wrong with it."""
    from contact_center.calendars.loading import load_calendars
    from contact_center.errors import Invalid
    from contact_center.ladder import load_ladder
    from contact_center.mentions import mentions
    from contact_center.policies.loading import load_policies
    from contact_center.procedure import FILE, load_procedure
    from contact_center.sources.rules import load_sources
    from contact_center.switchboard import load_switchboard
    from contact_center.texts import load_texts, missing_texts

    settings, directory = _load(config)
    try:
        calendars = load_calendars(directory)
        switchboard = load_switchboard(directory / "routing.toml", calendars=calendars)
        sources = load_sources(directory)
        policies = load_policies(directory, calendars=calendars)
        presets = {name: one.contents for name, one in policies.presets.items()}
        procedure = load_procedure(directory / FILE, presets=presets)
        load_ladder(directory / "escalations.toml")
    except (Invalid, SettingsError) as error:
        _fail(str(error))
    if missing := missing_texts(load_texts(directory / "texts")):
        _fail(f"{directory / 'texts'}: missing {', '.join(missing)}")
    if database:
        _look_up(settings, directory, mentions(switchboard, policies, sources))
    _tell_of_presets(policies, procedure, directory / FILE)
    typer.echo(f"{directory}: everything is fine.")


def _tell_of_presets(policies: "Policies", procedure: "Procedure", file: Path) -> None:
    from contact_center.policies.explaining import evidence_in_words

    for name, preset in {line.policy: line.preset for line in policies.lines}.items():
        if preset.jurisdiction:
            mark = f"{preset.evidence}: {evidence_in_words(preset.evidence, 'en')}"
            typer.echo(f"{name} is on ({preset.jurisdiction}; {mark}).")
    if not policies.promises_by(procedure.preset, kind="complaint"):
        typer.echo(
            f"{file}: preset: {procedure.preset} is in no policy for complaints: its "
            "contents are asked for, and its clocks do not run."
        )


def _look_up(settings: Settings, directory: Path, found: "list[Mention]") -> None:
    from contact_center.commands import unknown_names

    if unknown := _run(unknown_names(settings, found)):
        _fail("\n".join(f"{directory}/{one}" for one in unknown))


user = typer.Typer(no_args_is_help=True, help="People who work here.")
app.add_typer(user, name="user")
token = typer.Typer(no_args_is_help=True, help="Tokens for other systems.")
app.add_typer(token, name="token")


@user.command("add")
def add_user(
    email: str,
    password: Annotated[str, typer.Option(prompt=True, hide_input=True, confirmation_prompt=True)],
    name: Annotated[str, typer.Option(help="What customers and colleagues read.")] = "",
    role: Annotated[str, typer.Option(help="agent, lead, manager or admin.")] = "agent",
    config: Config = None,
) -> None:
    """Let somebody log in."""
    from contact_center.commands import add_agent

    settings, _ = _load(config)
    _run(add_agent(settings, email=email, name=name or email, role=role, password=password))
    typer.echo(f"{email} can log in.")


@token.command("create")
def create_token(
    name: str,
    scopes: Annotated[str, typer.Option(help="For example messages:submit,tickets:read.")],
    config: Config = None,
) -> None:
    """Make a token; it is shown once."""
    from contact_center.commands import create_token as work

    settings, _ = _load(config)
    typer.echo(_run(work(settings, name=name, scopes=scopes.split(","))))


@app.command()
def backup(file: Path, config: Config = None) -> None:
    """Copy the SQLite database while it is in use (PostgreSQL: use pg_dump)."""
    from contact_center.commands import backup_database

    settings, _ = _load(config)
    _run(backup_database(settings, file))
    typer.echo(f"{file} is a copy of the database; attachments are in their directory.")


@app.command()
def version() -> None:
    """Say which version this is."""
    from importlib.metadata import version as installed

    typer.echo(installed("contact-center"))


def _run(work: Coroutine[Any, Any, T]) -> T:
    from contact_center.errors import ContactCenterError

    try:
        return asyncio.run(work)
    except (ContactCenterError, ValueError) as error:
        _fail(str(error))


def _load(config: Path | None, roles: str = "") -> tuple[Settings, Path]:
    try:
        directory = config_directory(config)
        settings = load_settings(directory)
        if roles:
            changed: dict[str, Any] = settings.model_dump()
            changed["server"]["roles"] = roles.split(",")
            settings = Settings(**changed)
    except (SettingsError, ValueError) as error:
        _fail(str(error))
    return settings, directory


def _fail(message: str) -> NoReturn:
    typer.secho(message, err=True, fg=typer.colors.RED)
    raise typer.Exit(2)


if __name__ == "__main__":
    app()
