"""``racegym drive``: let an agent drive some laps and keep what happened, with a picture."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from racegym.agents import Agent
    from racegym.config import RunConfig
    from racegym.driving import Drive, Watch


def command(
    config: Annotated[
        str,
        typer.Argument(
            help="A shipped configuration (torcs/aalborg), a YAML file, or a task with --simulator."
        ),
    ],
    simulator: Annotated[
        str | None, typer.Option("--simulator", metavar="NAME[/TRACK]", help="Drive this simulator instead.")
    ] = None,
    agent: Annotated[
        str,
        typer.Option(
            help="Who drives: scripted, random, torcs:bt, a file (.zip, .pt, .onnx), or module:object."
        ),
    ] = "scripted",
    laps: Annotated[int, typer.Option(min=1, help="Laps to drive.")] = 1,
    seed: Annotated[int | None, typer.Option(help="Seed of whatever the simulator draws at random.")] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Where to write; racegym-out/<what>-<when> by default.")
    ] = None,
    override: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="DOTTED=VALUE", help="Change the configuration: task.action.repeat=2."),
    ] = None,
    record: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Record the drive into this folder (racegym[record]).")
    ] = None,
    frames: Annotated[
        int, typer.Option(min=0, metavar="N", help="Record every N-th step's picture, too; 0: none.")
    ] = 0,
    video: Annotated[
        Path | None, typer.Option(metavar="FILE.mp4", help="Film the drive (racegym[record]).")
    ] = None,
    watch: Annotated[bool, typer.Option("--watch", help="Look on: the game's window, in real time.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead.")] = False,
) -> None:
    """Drive some laps; write a picture of them and the telemetry.

    Ctrl-C ends the drive and keeps what was driven. The exit status is 1 when no lap was completed.
    """
    from racegym.cli.progress import progress

    if frames and record is None:
        raise typer.BadParameter("pictures are part of a recording; add --record DIR", param_hint="--frames")
    folder = _folder(out) if out else None
    run, driver = _prepare(config, simulator, override or [], agent, laps, seed)
    mode = "human" if watch else getattr(driver, "render_mode", None)
    with progress(laps, quiet=as_json) as show:
        driven = _drive(run, driver, laps, seed, agent, show, record, mode, video, frames)
    folder = folder or _folder(Path("racegym-out") / _label(driven.simulator))
    files = _keep(driven, folder)
    if video is not None:
        files["video"] = str(_filmed(driven, video))
    if as_json:
        _print_json(driven, files)
    else:
        _print(driven, files)
    if not driven.lap_times:
        raise typer.Exit(1)


def _prepare(
    config: str, simulator: str | None, settings: list[str], agent: str, laps: int, seed: int | None
) -> tuple[RunConfig, Agent]:
    """The run as configured, with what the agent needs and the endings of a drive; and the agent."""
    import racegym
    from racegym import agents
    from racegym.agents.fit import seat
    from racegym.cli.settings import parse
    from racegym.config import load

    overrides = parse(settings)
    run = load(config, simulator, overrides)
    driver = agents.load(agent, racegym.make(run).action_space, seed)
    return seat(driver, config, simulator, {**overrides, **_endings(run, laps)}, laps), driver


def _endings(run: RunConfig, laps: int) -> dict[str, Any]:
    """The drive ends after `laps` laps, neither sooner nor later; how long it may take is the drive's own business."""
    endings: dict[str, Any] = {
        "task.termination": {**run.task.termination, "laps": {"count": laps}},
        "task.truncation": {},
    }
    # a race of fewer laps would be over for the simulator before it is for us
    if (getattr(run.simulator.options, "laps", None) or laps) < laps:
        endings["simulator.laps"] = laps
    return endings


def _drive(
    run: RunConfig,
    driver: Agent,
    laps: int,
    seed: int | None,
    name: str,
    watch: Watch | None,
    record: Path | None,
    mode: str | None = None,
    video: Path | None = None,
    frames: int = 0,
) -> Drive:
    import racegym
    from racegym import registry
    from racegym.driving import drive

    views = registry.backend(run.simulator.backend).views
    pictured = "rgb_array" in views or run.simulator.build().spec.cameras
    if mode is None and (frames or (video is not None and pictured)):
        mode = "rgb_array"
    env: Any = racegym.make(run, render_mode=mode)
    if hasattr(driver, "listen"):
        driver.listen(env.session)  # pyright: ignore[reportAttributeAccessIssue]
    film = None
    if video is not None and mode is not None:
        from racegym.render import Footage

        film = Footage(env.screen, video)
        watch = film.watching(watch)
    if record is not None:
        from racegym.recording import Recorder

        screen = env.screen
        env = Recorder(env, record, name, bool(frames) and (lambda: screen.frames()[0]), max(1, frames))
    try:
        return drive(env, driver, laps, seed, name, watch)
    finally:
        env.close()
        if film is not None:
            film.close()


def _label(simulator: str) -> str:
    return f"{simulator.replace('/', '-')}-{datetime.now():%Y%m%d-%H%M%S}"


def _folder(path: Path) -> Path:
    from racegym.errors import ConfigurationError

    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigurationError(
            f"{path}: cannot be made ({error.strerror}); choose another folder with --out"
        ) from error
    return path


def _filmed(driven: Drive, video: Path) -> Path:
    """The video of a drive: the game's own pictures, taken on the way, or else a drawing from above."""
    if not video.exists():
        from racegym.dataset.film import film

        film(driven, video)
    return video


def _keep(driven: Drive, folder: Path) -> dict[str, str]:
    """Write picture and telemetry; their paths by what they are."""
    from racegym.picture import draw

    picture, telemetry = folder / "drive.png", folder / "telemetry.npz"
    draw(driven, picture)
    driven.save(telemetry)
    return {"picture": str(picture), "telemetry": str(telemetry)}


def _print_json(driven: Drive, files: dict[str, str]) -> None:
    import json

    typer.echo(json.dumps(driven.summary() | files))


def _print(driven: Drive, files: dict[str, str]) -> None:
    from racegym.driving import clock

    best = min(driven.lap_times, default=0.0)
    typer.secho(f"{driven.simulator}, {driven.agent}", bold=True)
    for number, time in enumerate(driven.lap_times, start=1):
        gap = "best" if time == best else f"+{time - best:.3f}"
        typer.echo(f"  lap {number:<3} {clock(time):>9}  {gap}")
    if not driven.lap_times:
        typer.secho("  no lap completed", fg=typer.colors.RED)
    typer.echo(f"  {_account(driven)}")
    for what, path in files.items():
        typer.echo(f"{what:9}  {path}")


def _account(driven: Drive) -> str:
    pace = driven.duration / driven.wall_time if driven.wall_time else 0.0
    parts = [
        driven.distance is not None and f"{driven.distance:.0f} m",
        driven.off_track_time is not None and f"{driven.off_track_time:.1f} s off the track",
        bool(driven.damage) and f"damage {driven.damage:.1%}",
        f"{driven.steps} steps in {driven.wall_time:.1f} s ({pace:.0f} times real time)",
        f"ended by {driven.ended_by}" + (f" ({driven.fault})" if driven.fault else ""),
    ]
    return ", ".join(part for part in parts if part)
