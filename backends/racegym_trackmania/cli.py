"""``racegym trackmania``: the plug-in, a look at what is missing, recorded lines, and how quick keys and pixels are."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

app = typer.Typer(help="TrackMania, in real time by screen, keys and telemetry.", no_args_is_help=True)


@app.command()
def install(
    game: Annotated[str, typer.Option(help="tm2020 or tmnf")] = "tm2020",
    folder: Annotated[
        Path | None, typer.Option(help="Openplanet's folder, where it is not in the usual place")
    ] = None,
) -> None:
    """Copy racegym's plug-in into Openplanet."""
    from racegym_trackmania.install import install as put

    typer.echo(f"the plug-in is in {put(game, folder)}")
    typer.echo("in the game: F3, Developer, Signature mode, Developer; then Developer, Load plug-in, Racegym")


@app.command()
def doctor() -> None:
    """Say for each part whether it is there, and which command mends it."""
    from racegym_trackmania.install import requirements

    lines = requirements()
    width = max(len(line.name) for line in lines)
    for line in lines:
        state = "ok" if line.met else "optional" if line.optional else "missing"
        typer.echo(f"{state:8}  {line.name:{width}}  {line.found}" + ("" if line.met else f"; {line.remedy}"))
    if not all(line.met or line.optional for line in lines):
        raise typer.Exit(1)


@app.command("record-line")
def record_line(
    name: Annotated[str, typer.Argument(help="what the line is called; the option map of later runs")],
    seconds: Annotated[
        float, typer.Option(min=1, help="Stop after so long, if the finish does not come first.")
    ] = 600,
    width: Annotated[
        float, typer.Option(min=1, help="Width of the road, m: borders lie half of it to each side.")
    ] = 12,
    closed: Annotated[
        bool | None, typer.Option("--closed/--open", help="A circuit, or not; by default as the ends tell.")
    ] = None,
    stand_in: Annotated[
        bool, typer.Option(help="Let the scripted driver drive the stand-in instead of you.")
    ] = False,
    override: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="OPTION=VALUE", help="Options of the backend: game=tmnf."),
    ] = None,
) -> None:
    """Record a line: restart the race, drive it to the finish; what was driven becomes a racegym track.

    Ctrl-C ends the recording, too, and keeps what was driven.
    """
    from racegym_trackmania import line
    from racegym_trackmania.record import record

    options: dict[str, Any] = {}
    for text in override or []:
        key, _, value = text.partition("=")
        options[key] = int(value) if value.isdigit() else value
    places = record(options, seconds, stand_in, typer.echo)
    track = line.from_drive(name, places, width, closed)
    kind = "a circuit" if track.closed else "from start to finish"
    typer.echo(f"{track.length:.0f} m, {kind}: {line.save(track)}")


@app.command()
def latency(
    presses: Annotated[int, typer.Option(min=1, help="How many key presses.")] = 100,
    own: Annotated[bool, typer.Option(help="On a display of our own even where there is another.")] = False,
) -> None:
    """Measure on the stand-in how long it takes from a key press to a changed pixel, and to changed telemetry."""
    from racegym_trackmania.latency import measure

    for what, (median, most) in measure(presses, own).items():
        typer.echo(f"{what:24}  median {median * 1000:6.2f} ms  99th percentile {most * 1000:6.2f} ms")
