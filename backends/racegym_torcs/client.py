"""``racegym torcs client``: any agent as a client of the SCR competition, with the parameters of its manual."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Annotated, Any

import typer

from racegym.errors import ConfigurationError, SimulatorLost, SimulatorTimeout

STAGES = ("warm-up", "qualifying", "race", "unknown")
_UNKNOWN_ANSWER = 5.0
"""Patience with a server of unknown pace for each state, s."""


@dataclass(frozen=True)
class Parameters:
    """What the manual's clients take as ``name:value`` (sections 4.1 and 5.1), under its names."""

    host: str = "localhost"
    port: int = 3001
    id: str = "SCR"
    maxEpisodes: int = 1  # noqa: N815 - the manual's names
    maxSteps: int = 0  # noqa: N815
    """Of an episode; 0: until the race is over."""
    track: str = "unknown"
    """The agent's own name for the track."""
    stage: int = 3
    """An index of `STAGES`."""
    verbose: str = "off"


def parse(words: Sequence[str]) -> Parameters:
    """Parameters given as ``name:value``; `ConfigurationError` for one that is unknown or has no such value."""
    kinds = {field.name: field.type for field in fields(Parameters)}
    values: dict[str, Any] = {}
    for word in words:
        name, colon, text = word.partition(":")
        if not colon or name not in kinds:
            raise ConfigurationError(
                f"{word!r}: expected name:value, with one of the names {', '.join(kinds)}"
            )
        if kinds[name] == "int" and not text.isdigit():
            raise ConfigurationError(f"{word!r}: expected a whole number from 0 on")
        values[name] = int(text) if kinds[name] == "int" else text
    given = Parameters(**values)
    if given.stage >= len(STAGES):
        raise ConfigurationError(
            f"stage:{given.stage}: expected 0 (warm-up), 1 (qualifying), 2 (race) or 3 (unknown)"
        )
    return given


def command(
    context: typer.Context,
    agent: Annotated[str, typer.Argument(metavar="MODULE:OBJECT", help="As for racegym drive --agent.")],
    parameters: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[NAME:VALUE]...",
            help="host:localhost port:3001 id:SCR maxEpisodes:1 maxSteps:0 track:unknown stage:3 verbose:off",
        ),
    ] = None,
) -> None:
    """Drive on any SCR server; an agent that has a method `prepare(track, stage)` is told both first."""
    given = parse(parameters or [])
    driver = context.obj.agent(agent)
    if hasattr(driver, "prepare"):
        driver.prepare(given.track, STAGES[given.stage])
    env = context.obj.environment(
        driver,
        "torcs",
        {
            "simulator.connect": f"{given.host}:{given.port}",
            "simulator.client_id": given.id,
            "simulator.deadlines": {"step": _UNKNOWN_ANSWER},
            "task.termination": {},
            "task.truncation": {},
        },
    )
    try:
        run(env, driver, given)
    finally:
        env.close()


def run(env: Any, agent: Any, given: Parameters) -> int:
    """Drive episodes until the server ends the race, or as many as given; how many there were."""
    over = False
    episode = 0
    while not over and episode < max(given.maxEpisodes, 1):
        steps, over = _episode(env, agent, given)
        episode += 1
        now = env.unwrapped.session.now
        typer.echo(
            f"episode {episode}: {steps} steps, {now['distance'][0]:.2f} m, laps {now['laps'][0]:.0f},"
            f" last lap {now['last_lap_time'][0]:.3f} s, damage {now['damage'][0] * 10000:.0f}"
            + (", the server has ended the race" if over else "")
        )
    return episode


def _episode(env: Any, agent: Any, given: Parameters) -> tuple[int, bool]:
    """Steps driven, and whether the race is over."""
    observation, _ = env.reset()
    agent.reset(1)
    now = env.unwrapped.session.now
    steps = 0
    try:
        while now["finished"][0] == 0 and (given.maxSteps == 0 or steps < given.maxSteps):
            observation, _, _, truncated, info = env.step(agent.act(observation[None])[0])
            steps += 1
            if "fault" in info:
                typer.echo(info["fault"], err=True)
                return steps, True
            if given.verbose == "on" and steps % 50 == 0:
                typer.echo(f"{now['time'][0]:9.2f} s {now['distance'][0]:10.2f} m")
            if truncated:
                break
    except (SimulatorLost, SimulatorTimeout) as error:
        typer.echo(str(error), err=True)
        return steps, True
    return steps, bool(now["finished"][0] > 0)
