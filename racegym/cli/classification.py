"""The classification of a race as a table, for people and for JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from racegym.racing import Place


def table(order: list[Place], laps: int, with_points: bool) -> list[dict[str, Any]]:
    """A line for each car, the winner first, ready for JSON; `with_points` adds the SCR championship's."""
    from racegym.benchmark.championship import Result, points

    names = _unique([place.name for place in order])
    won = points(
        Result(name, position, place.best_lap, place.damage)
        for position, (name, place) in enumerate(zip(names, order, strict=True), start=1)
    )
    return [
        {
            "position": position, "name": name, "agent": place.agent, "laps": place.laps,
            "finished": place.laps >= laps, "out": place.out, "best_lap": round(place.best_lap, 3),
            "gap": round(place.gap, 3), "laps_behind": place.laps_behind, "damage": place.damage,
            **({"points": won[name]} if with_points else {}),
        }
        for position, (name, place) in enumerate(zip(names, order, strict=True), start=1)
    ]  # fmt: skip


def _unique(names: list[str]) -> list[str]:
    return [
        name if names.count(name) == 1 else f"{name} ({names[: i + 1].count(name)})"
        for i, name in enumerate(names)
    ]


def title(about: dict[str, Any]) -> str:
    """Where a race was, and how long."""
    return f"{about['simulator']}, {about['laps']} lap{'s' if about['laps'] > 1 else ''}"


def show(about: dict[str, Any], points: bool, files: dict[str, str]) -> None:
    """Print the classification; the game's own drivers are coloured."""
    from racegym.driving import clock

    rows = about["classification"]
    width = max(len(row["name"]) for row in rows)
    typer.secho(title(about), bold=True)
    typer.secho(
        f"     {'':{width}}  laps   best lap         gap   damage{'  points' if points else ''}", bold=True
    )
    for row in rows:
        best = clock(row["best_lap"]) if row["best_lap"] else "-"
        line = f"{row['position']:>3}  {row['name']:{width}}  {row['laps']:>4}  {best:>9}  {_gap(row):>10}"
        line += f"  {row['damage']:>7.0f}" if row["damage"] > 1 else f"  {row['damage']:>7.2g}"
        typer.secho(
            line + (f"  {row['points']:>6}" if points else ""), fg=None if row["agent"] else typer.colors.CYAN
        )
    for what, path in files.items():
        typer.echo(f"{what:9}  {path}")


def _gap(row: dict[str, Any]) -> str:
    if row["out"]:
        return "out"
    if row["laps_behind"] > 0:
        return f"{row['laps_behind']} lap{'s' if row['laps_behind'] > 1 else ''}"
    if not row["finished"]:
        return "on its way"
    return "" if row["position"] == 1 else f"+{row['gap']:.3f}"
