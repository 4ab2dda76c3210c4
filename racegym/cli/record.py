"""``racegym record``: laps of the game's own drivers as a recording, to learn from and to compare with."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from racegym.agents.expert import Expert
    from racegym.config import RunConfig
    from racegym.driving import Drive


def command(
    configs: Annotated[
        list[str],
        typer.Argument(
            metavar="CONFIG...",
            help="As for `racegym drive`: torcs/aalborg, or a YAML file; 'torcs/road/*' is every course that matches.",
        ),
    ],
    expert: Annotated[
        list[str],
        typer.Option(
            metavar="NAME",
            help="The game's driver, as `racegym list agents` names it: bt. As often as you like.",
        ),
    ],
    laps: Annotated[int, typer.Option(min=1, help="Laps of a race.")] = 1,
    races: Annotated[
        int, typer.Option(min=1, help="Races of each driver on each course; every race is an episode.")
    ] = 1,
    disturb: Annotated[
        float,
        typer.Option(
            min=0,
            help="Meddle with its steering and pedals in bursts, by this deviation (0.15), to show how it recovers.",
        ),
    ] = 0.0,
    seed: Annotated[
        int | None,
        typer.Option(help="Of whatever is drawn at random in the first race; the others count on from it."),
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
    """Record laps of drivers that the game brings, at full speed; `racegym dataset info` looks at them.

    Recording into the same folder again adds to it. The exit status is 1 when no lap was completed.
    """
    import json

    from racegym.cli.settings import parse

    names = list(_names(configs, expert))
    folder = out or Path("racegym-out") / _label(names)
    told = []
    for number, (config, name) in enumerate(names):
        first = None if seed is None else seed + number * races
        driver, run = _run(config, name, laps, parse(override or []), disturb, first)
        driven = _record(run, driver, folder, laps, races, first, as_json)
        told.append(_about(driven, run, driver))
        if not as_json:
            _print(told[-1])
    steps, done = sum(part["steps"] for part in told), sum(part["laps"] for part in told)
    if as_json:
        typer.echo(json.dumps({"folder": str(folder), "laps": done, "steps": steps, "recorded": told}))
    else:
        typer.echo(f"recording  {folder}  ({steps} steps, {done} laps)")
    if not done:
        raise typer.Exit(1)


def _names(configs: Sequence[str], experts: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Every configuration with every driver."""
    from racegym import registry

    for config in configs:
        for name in [config] if config.endswith((".yaml", ".yml")) else registry.matching(config):
            for expert in experts:
                yield name, expert


def _run(
    config: str, expert: str, laps: int, overrides: dict[str, Any], disturb: float, seed: int | None
) -> tuple[Expert, RunConfig]:
    """The expert, and the run with it seated: races of `laps` laps, for which it takes its fuel."""
    from racegym import agents
    from racegym.agents.expert import Disturbed
    from racegym.agents.fit import seat
    from racegym.config import load

    game = load(config, overrides=overrides).simulator
    driver = agents.expert(game.backend, expert.removeprefix(f"{game.backend}:"))
    if disturb:
        driver = Disturbed(driver.simulator["expert"], disturb, seed)
    # the expert's race is over when its laps are done, and not before
    endings = {"task.termination": {"laps": {"count": laps}, "finished": {}}, "task.truncation": {}}
    return driver, seat(driver, config, overrides={**endings, **overrides}, laps=laps)


def _record(
    run: RunConfig, driver: Expert, folder: Path, laps: int, races: int, seed: int | None, quiet: bool
) -> list[Drive]:
    import racegym
    from racegym.cli.progress import progress
    from racegym.driving import drive
    from racegym.recording import Recorder

    driven = []
    with Recorder(racegym.make(run), folder, agent=_agent(run, driver)) as env:
        for number in range(races):
            with progress(laps, quiet or not sys.stdout.isatty()) as watch:
                driven.append(drive(env, driver, laps, None if seed is None else seed + number, watch=watch))
    return driven


def _agent(run: RunConfig, driver: Expert) -> str:
    return f"{run.simulator.backend}:{driver.simulator['expert']}"


def _label(names: Sequence[tuple[str, str]]) -> str:
    """What the folder is called: by the first that is recorded."""
    config, expert = names[0]
    stem = config.removesuffix(".yaml").removesuffix(".yml").replace("/", "-")
    return f"{stem}-{expert}-{datetime.now():%Y%m%d-%H%M%S}".replace(":", "-")


def _about(driven: list[Drive], run: RunConfig, driver: Expert) -> dict[str, Any]:
    steps = sum(drive.steps for drive in driven)
    times = [time for drive in driven for time in drive.lap_times]
    return {
        "simulator": driven[0].simulator,
        "expert": _agent(run, driver),
        "options": run.simulator.options.model_dump(mode="json"),
        "races": len(driven),
        "laps": len(times),
        "lap_times": [round(time, 4) for time in times],
        "steps": steps,
        "steps_per_s": round(steps / max(1e-9, sum(drive.wall_time for drive in driven))),
    }


def _print(about: dict[str, Any]) -> None:
    from racegym.driving import clock

    times = about["lap_times"]
    laps = f"{len(times)} laps, best {clock(min(times))}" if times else typer.style("no lap", fg="red")
    told = f"{about['steps']} steps, {about['steps_per_s']} a second"
    typer.echo(f"{about['simulator']}, {about['expert']}: {laps}; {told}")
