"""``racegym race``: agents and the game's own drivers in one race, and its classification."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from racegym.agents import Agent
    from racegym.racing import Place


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
        Path | None, typer.Option(metavar="FILE", help="Write the classification as JSON, too.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead.")] = False,
) -> None:
    """Race agents against each other and print the classification. The exit status is 1 when nobody finished."""
    import json

    from racegym.cli.settings import parse
    from racegym.racing import Race, fit

    overrides = parse(override or [])
    if opponents:
        overrides["simulator.opponents"] = tuple(name for name in opponents.split(",") if name)
    entered = _enter(agents.split(","), config, simulator, overrides, seed)
    order = Race(fit(entered, config, simulator, overrides, laps), laps).run(seed)
    table = _table(order, laps, points)
    text = json.dumps({"laps": laps, "classification": table})
    if out is not None:
        out.write_text(text + "\n")
    if as_json:
        typer.echo(text)
    else:
        _print(table, points)
    if not any(place.agent and place.laps >= laps for place in order):
        raise typer.Exit(1)


def _enter(
    names: list[str], config: str, simulator: str | None, overrides: dict[str, Any], seed: int | None
) -> list[tuple[str, Agent]]:
    """The agents by name; those of the same name are numbered."""
    import racegym
    from racegym import agents

    entered = []
    for number, name in enumerate(names):
        space = None
        if name == "random":
            space = racegym.make(config, simulator, overrides).action_space
        label = name if names.count(name) == 1 else f"{name} {names[: number + 1].count(name)}"
        entered.append((label, agents.load(name, space, None if seed is None else seed + number)))
    return entered


def _table(order: list[Place], laps: int, wanted: bool) -> list[dict[str, Any]]:
    from racegym.benchmark.championship import Result, points

    names = _unique([place.name for place in order])
    won = points(
        Result(name, position, place.best_lap, place.damage)
        for position, (name, place) in enumerate(zip(names, order, strict=True), start=1)
    )
    return [
        {
            "position": position, "name": name, "agent": place.agent, "laps": place.laps,
            "finished": place.laps >= laps, "best_lap": round(place.best_lap, 3), "gap": round(place.gap, 3),
            "laps_behind": place.laps_behind, "damage": place.damage, **({"points": won[name]} if wanted else {}),
        }
        for position, (name, place) in enumerate(zip(names, order, strict=True), start=1)
    ]  # fmt: skip


def _unique(names: list[str]) -> list[str]:
    return [
        name if names.count(name) == 1 else f"{name} ({names[: i + 1].count(name)})"
        for i, name in enumerate(names)
    ]


def _print(table: list[dict[str, Any]], points: bool) -> None:
    from racegym.driving import clock

    width = max(len(row["name"]) for row in table)
    typer.secho(
        f"     {'':{width}}  laps   best lap         gap   damage{'  points' if points else ''}", bold=True
    )
    for row in table:
        best = clock(row["best_lap"]) if row["best_lap"] else "-"
        line = f"{row['position']:>3}  {row['name']:{width}}  {row['laps']:>4}  {best:>9}  {_gap(row):>10}  {row['damage']:>7.4g}"
        typer.secho(
            line + (f"  {row['points']:>6}" if points else ""), fg=None if row["agent"] else typer.colors.CYAN
        )


def _gap(row: dict[str, Any]) -> str:
    if not row["finished"] and row["laps_behind"] == 0:
        return "not there"
    if row["laps_behind"] > 0:
        return f"{row['laps_behind']} lap{'s' if row['laps_behind'] > 1 else ''}"
    return "" if row["position"] == 1 else f"+{row['gap']:.3f}"
