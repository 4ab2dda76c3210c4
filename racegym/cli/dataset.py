"""``racegym dataset`` and ``racegym replay``: recordings looked at, exported, shown and driven again."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from racegym.dataset import Dataset

app = typer.Typer(no_args_is_help=True, help="Look at recordings, export them, show an episode.")

Folder = Annotated[
    Path, typer.Argument(metavar="RECORDING", help="A recording's folder, or one of its parts.")
]
SHOWN = 20
"""Episodes that ``info`` lists."""


class Format(str, Enum):
    """What a recording can be exported to."""

    minari = "minari"
    hdf5 = "hdf5"
    csv = "csv"


@app.command()
def info(
    recording: Folder,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead.")] = False,
) -> None:
    """Say what a recording holds: episodes, steps, laps, endings, signals, size."""
    import json

    from racegym.dataset import Dataset

    data = Dataset(recording)
    if as_json:
        typer.echo(
            json.dumps({"episodes": [dict(episode.info) for episode in data.episodes], "steps": data.steps})
        )
        return
    _print(data)


def _print(data: Dataset) -> None:
    from racegym.driving import clock

    first = data[0]
    size = sum(path.stat().st_size for path in {episode.path for episode in data.episodes})
    simulators = sorted({episode.about["spec"]["name"] for episode in data.episodes})
    typer.secho(f"{data.path}: {', '.join(simulators)}", bold=True)
    typer.echo(
        f"  {len(data)} episodes, {data.steps} steps, {size / 1e6:.1f} MB "
        f"({size / max(1, data.steps):.0f} bytes a step)"
    )
    typer.echo(f"  signals  {', '.join(first.signals)}")
    for number, episode in enumerate(data.episodes[:SHOWN]):
        laps = " ".join(clock(time) for time in episode.info["lap_times"]) or "no lap"
        typer.echo(f"  {number:4}  {episode.steps:7} steps  {episode.info['ended_by']:10}  {laps}")
    if len(data) > SHOWN:
        typer.echo(f"  ... and {len(data) - SHOWN} more")


@app.command(name="import")
def bring_in(
    config: Annotated[
        str, typer.Argument(help="A run: its simulator names the game, its task judges the drives.")
    ],
    source: Annotated[
        Path, typer.Argument(help="What another program recorded: a file, or a folder of them.")
    ],
    out: Annotated[Path, typer.Argument(metavar="RECORDING", help="The folder to write.")],
    changes: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="A value of the run.")
    ] = None,
    trust: Annotated[
        bool, typer.Option("--trust", help="Read files that can run code when read (pickles).")
    ] = False,
) -> None:
    """Turn what another program recorded of a game into a recording."""
    from racegym.cli.settings import parse
    from racegym.config import load
    from racegym.dataset.foreign import bring_in as write

    episodes, steps = write(load(config, overrides=parse(changes or [])), source, out, trust)
    typer.echo(f"recording  {out}  ({episodes} episodes, {steps} steps)")


@app.command()
def export(
    recording: Folder,
    target: Annotated[str, typer.Argument(help="A file; for Minari an id such as racegym/aalborg-v0.")],
    to: Annotated[Format, typer.Option("--to", help="The format.")],
    task: Annotated[
        str | None,
        typer.Option(
            help="Work observations, rewards and actions out for this task: a shipped one, or YAML."
        ),
    ] = None,
    whole: Annotated[
        bool, typer.Option("--whole", help="Keep episodes as long as recorded, whatever the task would end.")
    ] = False,
) -> None:
    """Write a recording for other tools."""
    from racegym.dataset import Dataset
    from racegym.dataset.export import FORMATS

    typer.echo(FORMATS[to.value](Dataset(recording), target, task, whole))


@app.command()
def replay(
    recording: Folder,
    episode: Annotated[int, typer.Option(help="Number of the episode, from 0; negative from the end.")] = 0,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Draw it here: .png, .svg, .pdf, or .mp4 for a video.")
    ] = None,
    check: Annotated[
        bool,
        typer.Option("--check", help="Drive its actions again and report where the telemetry first differs."),
    ] = False,
) -> None:
    """Show a recorded episode as a picture or a video; drive it again in a deterministic simulator.

    The exit status is 1 when the drive came out differently.
    """
    from racegym.dataset import Dataset

    chosen = Dataset(recording)[episode]
    if out is not None or not check:
        _show(chosen, out or Path("replay.png"))
    if check:
        _check(chosen)


def _show(episode, out: Path) -> None:
    if out.suffix == ".mp4":
        from racegym.dataset.film import film

        frames = film(episode.drive(), out)
        typer.echo(f"video  {out}  ({frames} frames)")
    else:
        from racegym.picture import draw

        draw(episode.drive(), out)
        typer.echo(f"picture  {out}")


def _check(episode) -> None:
    from racegym.dataset.replay import redrive

    found = redrive(episode).divergence
    if found is None:
        typer.echo(f"{episode.steps} steps driven again: every row is the same")
        return
    typer.secho(f"the drive differs from step {found.step} on, at {found.time:.2f} s", fg=typer.colors.RED)
    for name, (was, now) in found.signals.items():
        typer.echo(f"  {name:20} {was:.9g} recorded, {now:.9g} now")
    raise typer.Exit(1)
