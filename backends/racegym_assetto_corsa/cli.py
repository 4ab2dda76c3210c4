"""``racegym assetto_corsa``: install the plug-in, see what is missing, import courses and recorded laps,
measure latency."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from racegym_assetto_corsa import doctor as examination
from racegym_assetto_corsa import install as installation
from racegym_assetto_corsa import places
from racegym_assetto_corsa.tracks import store

app = typer.Typer(help="Assetto Corsa.", no_args_is_help=True)
_out = Console()

Game = Annotated[Path, typer.Argument(metavar="GAME_DIR", help="the game's folder, with acs.exe in it")]
Documents = Annotated[
    Path | None,
    typer.Option(help="the player's folder Documents/Assetto Corsa, where it is not found by itself"),
]


@app.command()
def install(
    game: Game,
    documents: Documents = None,
    dlls: Annotated[
        list[Path] | None, typer.Option(help="folder with _socket.pyd of a 64-bit Python 3.3")
    ] = None,
) -> None:
    """Copy the plug-in into the game and switch it on; again is harmless."""
    where = places.find(game, documents)
    installation.install(where, dlls or [], lambda text: _out.print(text, highlight=False, soft_wrap=True))
    _out.print(
        "Installed. Start a session in the game; `racegym assetto_corsa doctor` tells what is still missing."
    )


@app.command()
def doctor(
    game: Annotated[
        Path | None, typer.Argument(metavar="[GAME_DIR]", help="the game's folder; the one installed to")
    ] = None,
    documents: Documents = None,
    listen: Annotated[bool, typer.Option(help="join the running session and measure its rate")] = False,
) -> None:
    """Say for each part whether it is there, and what mends it."""
    home = game or store.game()
    lines = (
        list(examination.requirements()) if home is None else examination.game(places.find(home, documents))
    )
    if listen:
        from racegym_assetto_corsa import probe

        lines += probe.listen()
    table = Table("part", "found", "remedy")
    for line in lines:
        colour = "green" if line.met else "yellow" if line.optional else "red"
        table.add_row(line.name, f"[{colour}]{line.found}[/]", "" if line.met else line.remedy)
    _out.print(table)
    if not all(line.met or line.optional for line in lines):
        raise typer.Exit(1)


@app.command()
def track(
    game: Game,
    name: Annotated[
        str, typer.Argument(metavar="TRACK", help="track, or track-layout, as in content/tracks")
    ],
    out: Annotated[Path | None, typer.Option(help="file to write instead of racegym's own folder")] = None,
) -> None:
    """Make a racegym track of one of the game's, offline, from its fast_lane.ai."""
    made, path = store.import_track(game.expanduser(), name, out)
    _out.print(f"{made.name}: {made.length:.0f} m, {path}", highlight=False, soft_wrap=True)


@app.command()
def latency(
    steps: Annotated[int, typer.Option(min=50, help="steps of each run")] = 500,
    live: Annotated[
        bool, typer.Option(help="the running session instead of the stand-in's variants")
    ] = False,
) -> None:
    """Measure the time from a state to its control in the plug-in, and the period of the steps."""
    from racegym_assetto_corsa import latency as measurement
    from racegym_assetto_corsa.options import LIVE, AssettoCorsaOptions

    runs = (
        [("live", AssettoCorsaOptions(track=LIVE))]
        if live
        else [
            (
                f"{frames} frames/s, lock {'held' if held else 'free'}, linger {linger} ms",
                measurement.variant(frames, held, linger),
            )
            for frames, held, linger in measurement.VARIANTS
        ]
    )
    table = Table("run", "p50, ms", "p99, ms", "period, ms", "spread, ms", "skipped")
    for name, options in runs:
        one = measurement.measure(options, steps)
        numbers = (one.median, one.p99, one.period, one.period_spread)
        table.add_row(name, *(f"{number * 1000:.2f}" for number in numbers), str(one.skipped))
    _out.print(table)
