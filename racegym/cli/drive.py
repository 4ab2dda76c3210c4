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
    agent: Annotated[str, typer.Option(help="Who drives: scripted, random, torcs:bt or module:object.")] = "scripted",
    laps: Annotated[int, typer.Option(min=1, help="Laps to drive.")] = 1,
    seed: Annotated[int | None, typer.Option(help="Seed of whatever the simulator draws at random.")] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Where to write; racegym-out/<what>-<when> by default.")
    ] = None,
    override: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="DOTTED=VALUE", help="Change the configuration: task.action.repeat=2."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead.")] = False,
) -> None:
    """Drive some laps; write a picture of them and the telemetry.

    Ctrl-C ends the drive and keeps what was driven. The exit status is 1 when no lap was completed.
    """
    from racegym.cli.progress import progress

    folder = _folder(out) if out else None
    run, driver = _prepare(config, simulator, override or [], agent, laps, seed)
    with progress(laps, quiet=as_json) as watch:
        driven = _drive(run, driver, laps, seed, agent, watch)
    folder = folder or _folder(Path("racegym-out") / _label(driven.simulator))
    files = _keep(driven, folder)
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
    from racegym.cli.settings import parse
    from racegym.config import load

    overrides = parse(settings)
    run = load(config, simulator, overrides)
    driver = agents.load(agent, racegym.make(run).action_space, seed)
    needed = {f"task.{part}": value for part, value in getattr(driver, "task", {}).items()}
    if options := getattr(driver, "simulator", {}):
        needed |= {f"simulator.{option}": value for option, value in options.items()}
        needed |= agents.race(run.simulator.options, laps)
    return load(config, simulator, {**needed, **overrides, **_endings(run, laps)}), driver


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
    run: RunConfig, driver: Agent, laps: int, seed: int | None, name: str, watch: Watch | None
) -> Drive:
    import racegym
    from racegym.driving import drive

    env = racegym.make(run)
    try:
        return drive(env, driver, laps, seed, name, watch)
    finally:
        env.close()


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
