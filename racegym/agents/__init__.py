"""Agents: what drives. A small batched protocol, and the look-up of agents by name.

An agent's `reset(cars)` begins an episode with that many cars; `act(observation)` maps ``(cars, n)`` observations to
``(cars, a)`` actions. Its attribute `task`, if any, holds the parts of a task (``{"observation": ..., "action": ...}``)
that it needs in place of the run's own, or is a function that gives them for a `SimulatorSpec`; `simulator` holds the
options of the simulator that it needs, `period` the seconds between two decisions; `racegym.agents.fit` gives it all
that.
"""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np
from gymnasium import spaces

from racegym import registry
from racegym.agents.expert import Expert
from racegym.errors import ConfigurationError, NotFound
from racegym.simulator import Options
from racegym.terms import did_you_mean

#: Agents that ship with racegym: where each is, and one line for ``racegym list``.
SHIPPED = {
    "scripted": (
        "racegym.agents.scripted:Scripted",
        "the reference driver: common signals alone, drives every game",
    ),
    "lidar": ("racegym.agents.lidar:Lidar", "drives by a picture's beams and the speed: trackmania/pixels"),
    "trained": (
        "racegym.agents.files:trained",
        "a policy learnt by the recipe torcs-ppo on thirteen tracks of TORCS; needs racegym[train]",
    ),
    "random": ("racegym.agents:Random", "uniform random actions"),
    "keyboard": ("racegym.agents.keyboard:Keyboard", "you, in the game's window: arrow keys, or a gamepad"),
}
#: Suffixes of files that hold agents; see `racegym.agents.files`.
FILES = (".zip", ".pt", ".onnx")


@runtime_checkable
class Agent(Protocol):
    """Anything with `reset` and `act`; see the module."""

    def reset(self, cars: int) -> None: ...

    def act(self, observation: Any) -> Any: ...


class Random:
    """Uniform random actions from `space`."""

    def __init__(self, space: spaces.Space, seed: int | None = None) -> None:
        self._space = space
        self._space.seed(seed)
        self._cars = 1

    def reset(self, cars: int) -> None:
        self._cars = cars

    def act(self, observation: Any) -> np.ndarray:
        return np.stack([self._space.sample() for _ in range(self._cars)])


def load(name: str, action_space: spaces.Space | None = None, seed: int | None = None) -> Agent:
    """The agent that `name` refers to: a shipped one, a game's own driver as ``backend:driver`` (``torcs:bt``), a file
    (.zip of Stable-Baselines3, .pt of TorchScript, .onnx), or ``module:object`` (an agent, or a class or function
    without arguments that gives one). `NotFound` or `ConfigurationError` otherwise."""
    if name.endswith(FILES):
        from racegym.agents import files

        return files.load(Path(name))
    if name == "random":
        if action_space is None:
            raise ConfigurationError("agent random needs the action space of the environment that it drives")
        return Random(action_space, seed)
    game, _, driver = name.partition(":")
    if driver and game in registry.backends():
        return expert(game, driver)
    path = SHIPPED[name][0] if name in SHIPPED else name
    if ":" not in path:
        raise NotFound(f"no agent {name!r}{did_you_mean(name, SHIPPED)} (your own: a file, or module:object)")
    module, _, attribute = path.partition(":")
    try:
        found = getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError) as error:
        raise NotFound(f"agent {name}: {error}") from error
    agent = found if isinstance(found, Agent) and not isinstance(found, type) else found()
    if not isinstance(agent, Agent):
        raise ConfigurationError(
            f"agent {name}: {type(agent).__name__} has no reset(cars) and act(observation)"
        )
    return agent


def expert(game: str, name: str) -> Expert:
    """The driver `name` that backend `game` brings; what follows a colon in it is the game's to understand."""
    offered = registry.backend(game).agents
    if name.partition(":")[0] not in offered:
        raise NotFound(f"{game}: no driver {name!r}{did_you_mean(name.partition(':')[0], offered)}")
    return Expert(name)


def race(options: Options, laps: int) -> dict[str, Any]:
    """Overrides that make a race without an end one of `laps` laps: the games' drivers take fuel for all of it."""
    endless = all(getattr(options, name, None) is None for name in ("laps", "distance"))
    return {"simulator.laps": laps} if endless and hasattr(options, "laps") else {}
