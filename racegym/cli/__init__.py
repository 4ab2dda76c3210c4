"""The command line, ``racegym``: one file a command; backends bring their own as ``racegym <backend> ...``."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from racegym.cli import benchmark, dataset, doctor, drive, race, record, show, track, train
from racegym.cli import list as listing
from racegym.cli import schema as schemas
from racegym.cli import speed as speeds
from racegym.cli import timing as timings
from racegym.cli.group import Commands

app = typer.Typer(
    cls=Commands,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Drive, inspect and check racing simulators for learning agents.",
    epilog="Start with: racegym drive bicycle/oval",
)


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"racegym {version('racegym')}")
        raise typer.Exit


@app.callback()
def options(
    debug: Annotated[
        bool, typer.Option("--debug", envvar="RACEGYM_DEBUG", help="Show the traceback of an error.")
    ] = False,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Options of every command; `debug` is read by `Commands.invoke`."""


app.command("drive")(drive.command)
app.command("race")(race.command)
app.command("record")(record.command)
app.add_typer(track.app, name="track")
app.command("list")(listing.command)
app.command("doctor")(doctor.command)
app.command("show")(show.command)
app.command("schema")(schemas.command)
app.command("timing")(timings.command)
app.command("speed")(speeds.command)
app.command("train")(train.command)
app.command("benchmark")(benchmark.command)
app.command("leaderboard")(benchmark.leaderboard)
app.add_typer(dataset.app, name="dataset")
app.command("replay")(dataset.replay)


def main() -> None:
    """The entry point of the script ``racegym``; agents and terms of yours may lie in the working directory."""
    sys.path.insert(0, os.getcwd())
    app(prog_name="racegym")
