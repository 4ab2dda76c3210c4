"""``racegym record``: laps of the game's own drivers as a recording, to learn from and to compare with."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from racegym.agents.expert import Expert
    from racegym.config import RunConfig
    from racegym.driving import Drive


def command(
    config: Annotated[str, typer.Argument(help="As for `racegym drive`: torcs/aalborg, or a YAML file.")],
    expert: Annotated[
        str, typer.Option(metavar="NAME", help="The game's driver, as `racegym list agents` names it: bt.")
    ],
    laps: Annotated[int, typer.Option(min=1, help="Laps of a race.")] = 1,
    races: Annotated[int, typer.Option(min=1, help="Races, each an episode with a seed of its own.")] = 1,
    disturb: Annotated[
        float,
        typer.Option(min=0, help="Jerk at the wheel with this deviation (0.1), to show how it recovers."),
    ] = 0.0,
    seed: Annotated[
        int | None, typer.Option(help="Seed of whatever the simulator draws at random; of the first race.")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="The recording's folder; racegym-out/<what>-<when> by default."),
    ] = None,
    override: Annotated[
        list[str] | None,
        typer.Option(
            "--set", metavar="DOTTED=VALUE", help="Change the configuration: simulator.ticks=original."
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead.")] = False,
) -> None:
    """Record laps of a driver that the game brings, at full speed; `racegym dataset info` looks at them.

    Recording into the same folder again adds to it. The exit status is 1 when no lap was completed.
    """
    import json

    import racegym
    from racegym.recording import Recorder

    driver, run = _run(config, expert, laps, override or [], disturb, seed)
    name = f"{run.simulator.backend}:{driver.simulator['expert']}"
    env = racegym.make(run)
    folder = out or Path("racegym-out") / _label(env.session.spec.name, expert)
    driven = _drive(Recorder(env, folder, agent=name), driver, laps, races, seed, as_json)
    times = [time for drive in driven for time in drive.lap_times]
    if as_json:
        options = run.simulator.options.model_dump(mode="json")
        typer.echo(
            json.dumps(_about(driven, times) | {"expert": expert, "options": options, "folder": str(folder)})
        )
    else:
        _print(name, driven, times, folder)
    if not times:
        raise typer.Exit(1)


def _run(
    config: str, expert: str, laps: int, settings: list[str], disturb: float, seed: int | None
) -> tuple[Expert, RunConfig]:
    """The expert, and the run with it seated: races of `laps` laps, for which it takes its fuel."""
    from racegym import agents
    from racegym.agents.expert import Disturbed
    from racegym.agents.fit import seat
    from racegym.cli.settings import parse
    from racegym.config import load

    overrides = parse(settings)
    game = load(config, overrides=overrides).simulator
    driver = agents.expert(game.backend, expert.removeprefix(f"{game.backend}:"))
    if disturb:
        driver = Disturbed(driver.simulator["expert"], disturb, seed)
    # the expert's race is over when its laps are done, and not before
    endings = {"task.termination": {"laps": {"count": laps}, "finished": {}}, "task.truncation": {}}
    return driver, seat(driver, config, overrides={**endings, **overrides}, laps=laps)


def _drive(env: Any, driver: Expert, laps: int, races: int, seed: int | None, quiet: bool) -> list[Drive]:
    from racegym.cli.progress import progress
    from racegym.driving import drive

    driven = []
    try:
        for number in range(races):
            with progress(laps, quiet=quiet) as watch:
                driven.append(drive(env, driver, laps, None if seed is None else seed + number, watch=watch))
    finally:
        env.close()
    return driven


def _label(simulator: str, expert: str) -> str:
    return f"{simulator}-{expert}-{datetime.now():%Y%m%d-%H%M%S}".replace("/", "-").replace(":", "-")


def _about(driven: list[Drive], times: list[float]) -> dict[str, Any]:
    steps = sum(drive.steps for drive in driven)
    return {
        "simulator": driven[0].simulator,
        "races": len(driven),
        "laps": len(times),
        "lap_times": [round(time, 4) for time in times],
        "steps": steps,
        "steps_per_s": round(steps / max(1e-9, sum(drive.wall_time for drive in driven))),
    }


def _print(name: str, driven: list[Drive], times: list[float], folder: Path) -> None:
    from racegym.driving import clock

    about = _about(driven, times)
    typer.secho(f"{about['simulator']}, {name}", bold=True)
    for number, time in enumerate(times, start=1):
        typer.echo(f"  lap {number:<3} {clock(time):>9}")
    if not times:
        typer.secho("  no lap completed", fg=typer.colors.RED)
    typer.echo(f"  {about['steps']} steps, {about['steps_per_s']} a second\n{folder}")
