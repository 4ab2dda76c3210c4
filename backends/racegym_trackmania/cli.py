"""``racegym trackmania``: the plug-in, a look at what is missing, recorded lines, the HUD's digits, and how quick keys
and pixels are.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from racegym.errors import BackendUnavailable, ConfigurationError

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

    places = record(_nested(override or []), seconds, stand_in, typer.echo)
    track = line.from_drive(name, places, width, closed)
    kind = "a circuit" if track.closed else "from start to finish"
    typer.echo(f"{track.length:.0f} m, {kind}: {line.save(track)}")


def _nested(settings: list[str]) -> dict[str, Any]:
    """``deadlines.start=5`` as ``{"deadlines": {"start": "5"}}``."""
    options: dict[str, Any] = {}
    for text in settings:
        path, equals, value = text.partition("=")
        if not equals:
            raise ConfigurationError(f"--set {text}: an option and a value are wanted, as in game=tmnf")
        *folders, name = path.split(".")
        place = options
        for folder in folders:
            place = place.setdefault(folder, {})
        place[name] = value
    return options


Picture = Annotated[Path, typer.Argument(help="a .png file")]


@app.command()
def picture(
    file: Picture,
    game: Annotated[str, typer.Option(help="tm2020 or tmnf")] = "tmnf",
    display: Annotated[str | None, typer.Option(help="X display, by default $DISPLAY")] = None,
) -> None:
    """Save what the game's window shows, without its frame. Name it after the speed on it: 138.png."""
    from matplotlib import image

    from racegym import capture
    from racegym_trackmania.profiles import profile

    known = profile(game)
    window = capture.find(known.windows, None, display)
    if window is None:
        raise BackendUnavailable(
            f"trackmania: no window is called {' or '.join(known.windows)}; start the game"
        )
    screen = capture.Screen(display)
    try:
        image.imsave(file, screen.grab(window.rectangle()).pixels)
    finally:
        screen.close()
        window.close()
    typer.echo(f"{file}")


@app.command()
def digits(
    file: Annotated[Path, typer.Argument(help="the digits' file, .npz; the option hud of later runs")],
    pictures: Annotated[
        list[Path], typer.Argument(help="pictures named after the speed they show: 7.png 138.png ...")
    ],
    area: Annotated[
        str | None,
        typer.Option(
            metavar="LEFT,TOP,WIDTH,HEIGHT", help="Where the digits are, and nothing else as bright."
        ),
    ] = None,
    bright: Annotated[
        int, typer.Option(min=1, max=255, help="The digits are so bright in red, green and blue.")
    ] = 250,
    finish: Annotated[Path | None, typer.Option(help="A picture of the finish.")] = None,
    finish_area: Annotated[
        str | None,
        typer.Option(metavar="LEFT,TOP,WIDTH,HEIGHT", help="The part of it that shows at the finish alone."),
    ] = None,
) -> None:
    """Learn a game's digits, by which the speed is read off its HUD, from pictures of it (racegym trackmania picture).

    All ten must be on them. What was learnt is tried on each picture before it is written.
    """
    from racegym_trackmania.digits import Area, learn, load, patch, shown

    if (finish is None) != (finish_area is None):
        raise ConfigurationError("--finish and --finish-area go together")
    hud = learn([shown(one) for one in pictures], Area.parse(area) if area else None, bright)
    if finish is not None and finish_area is not None:
        hud = hud._replace(finish=patch(load(finish), Area.parse(finish_area)))
        if any(hud.finished(load(one)) for one in pictures):
            raise ConfigurationError(f"--finish-area {finish_area}: other pictures look the same there")
    hud.save(file)
    height, width = hud.templates.shape[1:]
    typer.echo(f"digits of {width} x {height} pixels, {len(pictures)} pictures read back: {file}")


@app.command()
def latency(
    presses: Annotated[int, typer.Option(min=1, help="How many key presses.")] = 100,
    own: Annotated[bool, typer.Option(help="On a display of our own even where there is another.")] = False,
) -> None:
    """Measure on the stand-in how long it takes from a key press to a changed pixel, and to changed telemetry."""
    from racegym_trackmania.latency import measure

    for what, (median, most) in measure(presses, own).items():
        typer.echo(f"{what:24}  median {median * 1000:6.2f} ms  99th percentile {most * 1000:6.2f} ms")
