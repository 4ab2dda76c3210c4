"""``racegym list``: what is installed, by name."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from enum import Enum
from typing import Annotated

import typer

Rows = Iterable[tuple[str, str]]


class Kind(str, Enum):
    """What can be listed."""

    simulators = "simulators"
    configs = "configs"
    tasks = "tasks"
    agents = "agents"
    tracks = "tracks"
    cars = "cars"


def command(
    kind: Annotated[
        Kind | None, typer.Argument(help="What to list; all but tracks and cars by default.")
    ] = None,
) -> None:
    """List simulators, configurations, tasks, agents, tracks or cars, by the names that other commands take."""
    if kind:
        _print(LISTINGS[kind](), indent="")
        return
    for each in (Kind.simulators, Kind.configs, Kind.tasks, Kind.agents):
        typer.secho(each.value, bold=True)
        _print(LISTINGS[each](), indent="  ")


def _print(rows: Rows, indent: str) -> None:
    rows = list(rows)
    width = max((len(name) for name, _ in rows), default=0)
    for name, note in rows:
        typer.echo(f"{indent}{name:{width}}  {note}".rstrip())


def _simulators() -> Rows:
    from racegym import registry

    return [(name, backend.title) for name, backend in registry.backends().items()]


def _configs() -> Rows:
    from racegym import registry

    return [
        (name, "any track of `racegym list tracks`" if "{" in name else "") for name in registry.configs()
    ]


def _tasks() -> Rows:
    from racegym import registry

    return [(name, "") for name in registry.tasks()]


def _agents() -> Rows:
    from racegym import agents, registry

    yield from ((name, note) for name, (_, note) in agents.SHIPPED.items())
    yield "module:object", "an agent of yours: a class, a factory or an instance"
    for backend in registry.backends().values():
        yield from ((f"{backend.name}:{name}", note) for name, note in backend.agents.items())


def _tracks() -> Rows:
    from racegym import registry

    return [
        (f"{name}/{course}", "")
        for name, backend in registry.backends().items()
        for course in backend.courses()
    ]


def _cars() -> Rows:
    from racegym import registry

    return [(f"{name}: {car}", "") for name, backend in registry.backends().items() for car in backend.cars()]


LISTINGS: dict[Kind, Callable[[], Rows]] = {
    Kind.simulators: _simulators,
    Kind.configs: _configs,
    Kind.tasks: _tasks,
    Kind.agents: _agents,
    Kind.tracks: _tracks,
    Kind.cars: _cars,
}
