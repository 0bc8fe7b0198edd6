"""The command line: `watchbill serve` and friends. Imports only what the given command needs."""

import importlib
import os
import sys
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path

import click

from watchbill import env, folder
from watchbill.lib import lifeline, logs

_HERE = Path(__file__).parent


class Commands(click.Group):
    """The commands of this file, and those that apps offer as `COMMANDS` in their `cli.py`."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [*super().list_commands(ctx), *sorted(self._of_apps())]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        return super().get_command(ctx, cmd_name) or self._of_apps().get(cmd_name)

    @staticmethod
    def _of_apps() -> dict[str, click.Command]:
        found: dict[str, click.Command] = {}
        for file in sorted(_HERE.glob("*/cli.py")):
            module = importlib.import_module(f"watchbill.{file.parent.name}.cli")
            commands: Iterable[click.Command] = module.COMMANDS
            found.update({command.name: command for command in commands if command.name})
        return found


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
def watchbill() -> None:
    """One platform for incidents, monitoring and maintenance, on one ladder."""


def _begin(process: str) -> None:
    """What every process does first: the data folder, logs, and its lifeline if it has a parent."""
    folder.prepare(env.read(os.environ)["WATCHBILL_DATA"])
    from watchbill import settings  # reads the keys that lie in the folder now

    logs.set_up(process, form=settings.LOG_FORMAT, level=settings.LOG_LEVEL)
    lifeline.hold(settings.LIFELINE)


def _django() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "watchbill.settings")
    import django

    django.setup()


@watchbill.command()
@click.option(
    "--demo", is_flag=True, help="With an example system, team and thirty days of history."
)
def serve(demo: bool) -> None:
    """Run everything: telemetry, web and work, on one data folder."""
    _begin("serve")
    from watchbill.serve import run

    sys.exit(run(demo=demo))


@watchbill.command()
def web() -> None:
    """Run the pages and the API alone."""
    _begin("web")
    from watchbill.wsgi import run

    run()


@watchbill.command()
def work() -> None:
    """Run what happens without a person alone: rules, pages sent, steps run."""
    _begin("work")
    _django()
    from watchbill.work import run

    run()


@watchbill.command()
def telemetry() -> None:
    """Run the engine for metrics and logs alone."""
    _begin("telemetry")
    from watchbill import settings
    from watchbill.telemetry.config import QueryLimits, TelemetryConfig
    from watchbill.telemetry.server import FolderInUseError, run
    from watchbill.telemetry.store.chunks import StoreDamagedError

    host, port = settings.TELEMETRY_LISTEN
    try:
        run(
            TelemetryConfig(
                folder=settings.DATA / "telemetry",
                host=host,
                port=port,
                tokens=settings.DATA / "tokens.json",
                scrape_config=settings.SCRAPE_CONFIG,
                retention=settings.RETENTION,
                size_limit=settings.RETENTION_SIZE,
                series_limit=settings.SERIES_LIMIT,
                late=settings.OUT_OF_ORDER,
                host_metrics=settings.HOST_METRICS,
                code_cache=settings.CODE_CACHE,
                promql_features=settings.PROMQL_FEATURES,
                queries=QueryLimits(
                    timedelta(seconds=settings.QUERY_SECONDS),
                    settings.QUERY_SAMPLES,
                    settings.QUERIES_AT_ONCE,
                    settings.QUERIES_WAITING,
                ),
            )
        )
    except (FolderInUseError, StoreDamagedError) as error:
        click.echo(f"watchbill: {error}", err=True)
        sys.exit(1)


@watchbill.command()
@click.option("--first-run", is_flag=True, help="Then print the link as `first-run` does.")
def migrate(first_run: bool) -> None:
    """Bring the database to this version."""
    _begin("migrate")
    _django()
    from django.core.management import call_command
    from django.db import InterfaceError, OperationalError

    try:
        call_command("migrate", interactive=False, verbosity=0)
    except (OperationalError, InterfaceError) as error:
        click.echo(f"watchbill: the database does not answer: {error}".strip(), err=True)
        sys.exit(os.EX_TEMPFAIL)
    if first_run:
        _print_first_run_link()


@watchbill.command("first-run")
def first_run() -> None:
    """Print the one-time link by which the first person becomes the owner, if there is none."""
    _begin("first-run")
    _django()
    _print_first_run_link()


def _print_first_run_link() -> None:
    from watchbill.accounts.first_run import link

    if url := link():
        click.echo(url)


@watchbill.command()
def settings() -> None:
    """List every setting: its name, its value and its meaning."""
    values = env.read(os.environ)
    for setting in env.TABLE:
        text = os.environ.get(setting.name, setting.default)
        shown = "(set)" if setting.secret and text else text or "(empty)"
        origin = "" if setting.name in os.environ else " (default)"
        click.echo(f"{setting.name}={shown}{origin}\n    {setting.doc}")
    click.echo(f"\nThe data folder is {values['WATCHBILL_DATA']}.")


@watchbill.command()
@click.argument("into", type=click.Path(path_type=Path, file_okay=False), default=Path("docs"))
def docs(into: Path) -> None:
    """Write the reference pages that are printed from the code into INTO/reference."""
    _django()
    pages = {"settings.md": env.reference}
    for file in sorted(_HERE.glob("*/reference.py")):
        pages |= importlib.import_module(f"watchbill.{file.parent.name}.reference").PAGES
    pages["commands.md"] = command_reference
    for name, render in pages.items():
        page = into / "reference" / name
        page.parent.mkdir(parents=True, exist_ok=True)
        page.write_text(render())
        click.echo(f"wrote {page}")


def command_reference() -> str:
    """Every command with its help, as the page `docs/reference/commands.md`."""
    lines = ["<!-- Written by `watchbill docs` from the code: change it there. -->\n\n# Commands\n"]
    context = watchbill.make_context("watchbill", ["version"], resilient_parsing=True)
    context.terminal_width = 90
    for name in sorted(watchbill.list_commands(context)):
        command = watchbill.get_command(context, name)
        assert command is not None
        within = click.Context(command, info_name=name, parent=context, terminal_width=90)
        lines.append(f"\n## watchbill {name}\n\n```\n{command.get_help(within)}\n```\n")
    return "".join(lines)


@watchbill.command()
def version() -> None:
    """Print the version."""
    from importlib.metadata import version as of

    click.echo(f"watchbill {of('watchbill')}")


def main() -> None:
    """The entry point. What only the operator can mend ends with a message, not a stack trace."""
    try:
        watchbill(prog_name="watchbill")
    except env.SettingsError as error:
        click.echo(f"watchbill: {error}", err=True)
        sys.exit(2)
    except folder.FolderError as error:
        click.echo(f"watchbill: {error}", err=True)
        sys.exit(1)
