"""``racegym record``: laps of the game's own drivers, with the controls that they chose, as training data."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from racegym.config import RunConfig


def command(
    config: Annotated[str, typer.Argument(help="As for `racegym drive`: torcs/aalborg, or a YAML file.")],
    expert: Annotated[str, typer.Option(metavar="NAME", help="The game's driver, as `racegym list agents` names it: bt.")],
    laps: Annotated[int, typer.Option(min=1, help="Laps of the race.")] = 1,
    seed: Annotated[int | None, typer.Option(help="Seed of whatever the simulator draws at random.")] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE.npz", help="racegym-out/<what>-<when>.npz by default.")
    ] = None,
    override: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="DOTTED=VALUE", help="Change the configuration: simulator.ticks=original."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead.")] = False,
) -> None:
    """Record laps of a driver that the game brings, at full speed, into an .npz.

    The file holds float64 arrays in SI units, no pickled objects: each signal by its name, a row for the start and one a
    step; `control_steer`, `control_throttle`, `control_brake`, `control_clutch` and `control_gear`, what the driver chose
    between a row and the next; and `metadata`, a JSON text. The exit status is 1 when no lap was completed.
    """
    import json

    from racegym.cli.progress import progress
    from racegym.recording import record

    run = _run(config, expert, laps, override or [])
    simulator = run.simulator.build()
    path = _path(out, f"{simulator.spec.name}-{expert}")
    try:
        with progress(laps, quiet=as_json) as watch:
            recording = record(simulator, laps, seed, watch)
    finally:
        simulator.close()
    about = recording.metadata
    about |= {"expert": expert, "options": run.simulator.options.model_dump(mode="json")}
    recording.save(path)
    if as_json:
        typer.echo(json.dumps(about | {"file": str(path)}))
    else:
        _print(about["simulator"], expert, about["lap_times"])
        typer.echo(f"  {about['steps']} steps, {about['steps_per_s']} a second\n{path}")
    if not about["laps"]:
        raise typer.Exit(1)


def _run(config: str, expert: str, laps: int, settings: list[str]) -> RunConfig:
    """The run as configured, with the expert seated and a race of `laps` laps, for which it takes its fuel."""
    from racegym import agents
    from racegym.cli.settings import parse
    from racegym.config import load

    overrides = parse(settings)
    game = load(config, overrides=overrides).simulator
    driver = agents.expert(game.backend, expert.removeprefix(f"{game.backend}:"))
    seated = {f"simulator.{option}": value for option, value in driver.simulator.items()}
    return load(config, overrides={**seated, **agents.race(game.options, laps), **overrides})


def _path(out: Path | None, what: str) -> Path:
    from racegym.errors import ConfigurationError

    name = what.replace("/", "-").replace(":", "-")
    path = out or Path("racegym-out") / f"{name}-{datetime.now():%Y%m%d-%H%M%S}.npz"
    path = path if path.suffix == ".npz" else Path(f"{path}.npz")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigurationError(
            f"{path.parent}: cannot be made ({error.strerror}); choose another file with --out"
        ) from error
    return path


def _print(simulator: str, expert: str, lap_times: list[float]) -> None:
    from racegym.driving import clock

    typer.secho(f"{simulator}, {expert}", bold=True)
    for number, time in enumerate(lap_times, start=1):
        typer.echo(f"  lap {number:<3} {clock(time):>9}")
    if not lap_times:
        typer.secho("  no lap completed", fg=typer.colors.RED)
