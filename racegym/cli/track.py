"""``racegym track``: the courses' geometry, as pictures and files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import numpy as np
import typer

from racegym.cli.group import Commands

if TYPE_CHECKING:
    from racegym.track import Track

app = typer.Typer(cls=Commands, no_args_is_help=True, help="Show or export the geometry of a course.")

Name = Annotated[
    str, typer.Argument(help="A course of `racegym list tracks`: torcs/road/aalborg, or road/aalborg.")
]


@app.command("show")
def show(
    name: Name,
    out: Annotated[Path, typer.Option(metavar="FILE", help="The picture: .png, .svg or .pdf.")] = Path(
        "track.png"
    ),
) -> None:
    """Draw a course: borders, ground, pit lane, start, elevation and curvature."""
    from racegym.chart import draw

    track = _load(name)
    draw(track, out)
    climb = track.elevation.max() - track.elevation.min()
    width = track.width_left + track.width_right
    typer.secho(track.name, bold=True)
    typer.echo(
        f"  {track.length:.1f} m, {width.min():.1f} to {width.max():.1f} m wide, {climb:.1f} m between lowest and highest"
    )
    typer.echo(f"  tightest bend {1 / max(abs(track.curvature).max(), 1e-6):.0f} m")
    _tell_ground(track)
    if track.pits is not None:
        pits = track.pits
        side = "left" if pits.side > 0 else "right"
        typer.echo(
            f"  pit lane on the {side} from {pits.entry:.0f} m to {pits.exit:.0f} m, {len(pits.places)} pits,"
            f" at most {pits.speed_limit * 3.6:.0f} km/h"
        )
    typer.echo(f"picture  {out}")


def _tell_ground(track: Track) -> None:
    """The surfaces of the road, and how far each goes."""
    from racegym.trackside import BANDS

    if track.ground is None:
        return
    steps = np.diff(track.stations, append=track.length)
    road = track.ground.surface[:, BANDS.index("road")]
    for number, surface in enumerate(track.ground.surfaces):
        if share := float(steps[road == number].sum()):
            typer.echo(f"  {share:7.0f} m of {surface.name}, friction {surface.friction:.2f}")


@app.command("check")
def check(
    names: Annotated[
        list[str], typer.Argument(help="Courses as for show, or a simulator for all of its courses.")
    ],
    override: Annotated[
        list[str] | None,
        typer.Option(
            "--set", metavar="DOTTED=VALUE", help="Change the configuration: simulator.beams=clean."
        ),
    ] = None,
) -> None:
    """Hold signals derived from a course's geometry against those that the game reports, over a lap."""
    from racegym import registry
    from racegym.benchmark.agreement import agreement
    from racegym.cli.settings import parse

    courses = []
    for name in names:
        backend = registry.backends().get(name)
        courses += [_full(name)] if backend is None else [f"{name}/{each}" for each in backend.courses()]
    typer.echo(f"{'course':30} {'on road':>8} {'position':>9} {'heading':>9} {'distance':>9} {'beams':>8}")
    typer.echo(f"{'':30} {'':>8} {'1':>9} {'rad':>9} {'m':>9} {'agree':>8}")
    for name in courses:
        found = agreement(name, parse(override or []))
        typer.echo(
            f"{found.course:30} {found.telemetries:8} {found.track_position:9.6f} {found.heading_error:9.6f}"
            f" {found.lap_distance:9.4f} {found.beams:8.2%}"
        )


@app.command("export")
def export(
    name: Name,
    out: Annotated[
        Path, typer.Option(metavar="FILE.npz", help="The track file, for `racegym.track.Track.load`.")
    ],
) -> None:
    """Write a course as a racegym track file."""
    track = _load(name)
    track.save(out)
    typer.echo(f"{track.name}: {len(track.points)} points to {out}")


def _load(name: str) -> Track:
    """The geometry of the course."""
    from racegym.config import load as run
    from racegym.config import simulator_data

    simulator = run({"simulator": simulator_data(_full(name))}).simulator.build()
    try:
        simulator.open()
        track = simulator.track
    finally:
        simulator.close()
    if track is None:
        from racegym.errors import ConfigurationError

        raise ConfigurationError(f"{name}: this simulator does not know its geometry")
    return track


def _full(name: str) -> str:
    """The name of a course with its simulator; TORCS has most."""
    from racegym import registry

    return name if name.partition("/")[0] in registry.backends() else f"torcs/{name}"
