"""``racegym race``: agents and the game's own drivers in one race, and its classification."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from racegym.agents import Agent
    from racegym.racelog import RaceLog
    from racegym.racing import Place, Race


def command(
    config: Annotated[
        str, typer.Argument(help="A shipped configuration (torcs/forza), a YAML file, or a task.")
    ],
    agents: Annotated[
        str,
        typer.Option(
            "--agents", metavar="A,B,...", help="One agent a car, as `racegym list agents` names them."
        ),
    ] = "scripted,scripted",
    opponents: Annotated[
        str,
        typer.Option(
            "--opponents", metavar="X,Y,...", help="The game's own drivers beside them: bt:3,inferno:1."
        ),
    ] = "",
    laps: Annotated[int, typer.Option(min=1, help="Length of the race.")] = 2,
    simulator: Annotated[
        str | None, typer.Option("--simulator", metavar="NAME[/TRACK]", help="Race there instead.")
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Seed of whatever the simulator draws at random.")] = None,
    override: Annotated[
        list[str] | None,
        typer.Option(
            "--set", metavar="DOTTED=VALUE", help="Change the configuration: simulator.grid.rows=2."
        ),
    ] = None,
    points: Annotated[bool, typer.Option("--points", help="Add the SCR championship's points.")] = False,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Where to write; racegym-out/<what>-<when> by default.")
    ] = None,
    record: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Record the race, a folder for each agent (racegym[record])."),
    ] = None,
    video: Annotated[
        Path | None, typer.Option(metavar="FILE.mp4", help="Film the race from one car (racegym[record]).")
    ] = None,
    follow: Annotated[int, typer.Option(min=1, help="Which agent's car the video is of, as entered.")] = 1,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead.")] = False,
) -> None:
    """Race agents against each other; print the classification, write it with a picture and the telemetry.

    Ctrl-C ends the race as it stands. The exit status is 1 when no agent finished.
    """
    import json

    from racegym.cli.classification import show, table
    from racegym.cli.progress import race_progress
    from racegym.racelog import RaceLog
    from racegym.racing import Race, fit

    overrides = _overrides(override or [], opponents)
    entered = _enter(_names(agents), config, simulator, overrides, seed)
    fitted = fit(entered, config, simulator, overrides, laps, None if video is None else "rgb_array")
    race, log = Race(fitted, laps, record), RaceLog()
    with race_progress(log, laps, quiet=as_json) as progress:
        order = _run(race, seed, [log, progress], video, follow - 1)
    rows = table(order, laps, points)
    about = {"simulator": race.simulator.spec.name, "laps": laps, "seed": seed, "classification": rows}
    files = _keep(about, order, log, out or Path("racegym-out") / _label(race.simulator.spec.name))
    if video is not None:
        files["video"] = str(video)
    if as_json:
        typer.echo(json.dumps({**about, **files}))
    else:
        show(about, points, files)
    if not any(place.agent and place.laps >= laps for place in order):
        raise typer.Exit(1)


def _names(agents: str) -> list[str]:
    from racegym.errors import ConfigurationError

    names = [name.strip() for name in agents.split(",")]
    if not all(names):
        raise ConfigurationError(
            f"--agents {agents!r}: names with commas between are wanted: scripted,my_model.zip"
        )
    return names


def _overrides(settings: list[str], opponents: str) -> dict[str, Any]:
    from racegym.cli.settings import parse

    overrides = parse(settings)
    if opponents:
        overrides["simulator.opponents"] = tuple(
            name.strip() for name in opponents.split(",") if name.strip()
        )
    return overrides


def _enter(
    names: list[str], config: str, simulator: str | None, overrides: dict[str, Any], seed: int | None
) -> list[tuple[str, Agent]]:
    """The agents by name; the same name several times on end is one agent in several cars. Equal names are numbered."""
    from racegym import agents

    entered: list[tuple[str, Agent]] = []
    for number, name in enumerate(names):
        if number and names[number - 1] == name:
            agent = entered[-1][1]
        else:
            cars = {**overrides, "simulator.cars": len(names)}
            space = _action_space(config, simulator, cars) if name == "random" else None
            agent = agents.load(name, space, None if seed is None else seed + number)
        label = name if names.count(name) == 1 else f"{name} {names[: number + 1].count(name)}"
        entered.append((label, agent))
    return entered


def _action_space(config: str, simulator: str | None, overrides: dict[str, Any]) -> Any:
    """Of one car."""
    from racegym.config import load
    from racegym.task import Task

    run = load(config, simulator, overrides)
    return Task(run.task, run.simulator.build().spec, 1).actuator.space


def _run(race: Race, seed: int | None, watches: list[Any], video: Path | None, row: int) -> list[Place]:
    from racegym.errors import ConfigurationError

    if video is None:
        return race.run(seed, _all(watches))
    if row >= len(race.names):
        raise ConfigurationError(f"--follow {row + 1}: there are {len(race.names)} agents")
    from racegym.racelog import RaceFilm

    film = RaceFilm(video, row)
    try:
        return race.run(seed, _all([*watches, film]))
    finally:
        film.close()


def _all(watches: list[Any]) -> Any:
    def watch(race: Race) -> None:
        for each in watches:
            each(race)

    return watch


def _label(simulator: str) -> str:
    return f"{simulator.replace('/', '-')}-race-{datetime.now():%Y%m%d-%H%M%S}"


def _keep(about: dict[str, Any], order: list[Place], log: RaceLog, folder: Path) -> dict[str, str]:
    """Write picture, telemetry and classification; their paths by what they are."""
    import json

    from racegym.cli.classification import title
    from racegym.racechart import draw

    folder.mkdir(parents=True, exist_ok=True)
    paths = {
        "picture": folder / "race.png",
        "telemetry": folder / "telemetry.npz",
        "results": folder / "results.json",
    }
    draw(log, order, title(about), paths["picture"])
    log.save(paths["telemetry"])
    paths["results"].write_text(json.dumps(about, indent=2) + "\n", encoding="utf-8")
    return {what: str(path) for what, path in paths.items()}
