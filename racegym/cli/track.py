"""``racegym track``: the courses' geometry, as pictures and files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

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
    """Draw a course: borders, start, elevation and curvature."""
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
    typer.echo(f"picture  {out}")


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
    from racegym import registry
    from racegym.config import load as run
    from racegym.config import simulator_data

    if name.partition("/")[0] not in registry.backends():
        name = f"torcs/{name}"
    simulator = run({"simulator": simulator_data(name)}).simulator.build()
    try:
        simulator.open()
        track = simulator.track
    finally:
        simulator.close()
    if track is None:
        from racegym.errors import ConfigurationError

        raise ConfigurationError(f"{name}: this simulator does not know its geometry")
    return track
