"""`RaceParallelEnv`: several agents in one race, as a PettingZoo ParallelEnv.

Agents are called ``car_0``, ``car_1``, ...; row i of the session is ``car_i``. One that ends leaves `agents`; its car
is no longer steered and rolls to a stop. The episode goes on until all have ended.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from gymnasium import spaces

from racegym.config import RunConfig, load
from racegym.env import SEEDS
from racegym.errors import BackendUnavailable, ConfigurationError
from racegym.render import MODES, Screen, watched
from racegym.session import Outcome, Session

try:
    from pettingzoo import ParallelEnv  # pyright: ignore[reportMissingImports]
except ImportError as error:
    raise BackendUnavailable(
        "several agents need the package pettingzoo: pip install 'racegym[multi]'"
    ) from error


class RaceParallelEnv(ParallelEnv):  # pyright: ignore[reportMissingTypeArgument, reportUntypedBaseClass]
    """One race behind PettingZoo's parallel API; `config`, `simulator` and `overrides` as for `RaceEnv`.

    The simulator's option ``cars`` says how many agents there are. Rewards, endings and infos are those of `RaceEnv`,
    each agent's own.
    """

    metadata: dict[str, Any] = {"render_modes": list(MODES), "name": "racegym_v0", "is_parallelizable": True}  # noqa: RUF012

    def __init__(
        self,
        config: Any = "bicycle/oval",
        simulator: str | Mapping[str, Any] | None = None,
        overrides: Mapping[str, Any] | None = None,
        render_mode: str | None = None,
    ) -> None:
        run: RunConfig = watched(load(config, simulator, overrides), render_mode)
        self.config = run
        self.render_mode = render_mode
        if run.clock.realtime is not None:
            raise ConfigurationError(
                "clock.realtime: a race of several agents is stepped as one; leave it out"
            )
        self.session = Session([run.simulator.build()], run.task, run.on_fault, run.faults_in_a_row)
        self.screen = None if render_mode is None else Screen(self.session, render_mode)
        seconds = self.session.spec.period * run.task.action.repeat
        self.metadata = {**self.metadata, "render_fps": 1 / seconds}
        self.possible_agents = [f"car_{row}" for row in range(self.session.cars)]
        self.agents: list[str] = []
        self.observation_spaces = dict.fromkeys(self.possible_agents, self.session.observation_space)
        self.action_spaces = dict.fromkeys(self.possible_agents, self.session.task.actuator.space)
        self._rows = {agent: row for row, agent in enumerate(self.possible_agents)}
        self._generator = np.random.default_rng()
        self._idle = self.session.task.actuator.idle

    def observation_space(self, agent: str) -> Any:
        return self.observation_spaces[agent]

    def action_space(self, agent: str) -> spaces.Space:
        return self.action_spaces[agent]

    def reset(
        self, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
        """Begin a race; ``options["simulator"]`` holds the simulator's own for it, and nothing else is looked at."""
        if seed is not None:
            self._generator = np.random.default_rng(seed)
        of_simulator = (options or {}).get("simulator")
        seeds = self._generator.integers(SEEDS, size=self.session.cars).tolist()
        observation = self.session.reset(seeds=seeds, options=of_simulator)
        self.agents = list(self.possible_agents)
        if self.screen:
            self.screen.begin()
        return self._split(observation), {agent: {} for agent in self.agents}

    def step(
        self, actions: Mapping[str, Any]
    ) -> tuple[dict[str, Any], dict[str, float], dict[str, bool], dict[str, bool], dict[str, dict[str, Any]]]:
        if not self.agents:
            return {}, {}, {}, {}, {}
        joint = [actions[agent] if agent in self.agents else self._idle for agent in self.possible_agents]
        outcome: Outcome = self.session.step(np.asarray(joint))
        if self.screen:
            self.screen.step()
        outcome.truncated[list(self.session.fleet.faults)] = True
        observations = self._split(outcome.observation)
        rewards = {agent: float(outcome.reward[self._rows[agent]]) for agent in self.agents}
        terminated = {agent: bool(outcome.terminated[self._rows[agent]]) for agent in self.agents}
        truncated = {agent: bool(outcome.truncated[self._rows[agent]]) for agent in self.agents}
        infos = {
            agent: self.session.info(self._rows[agent], terminated[agent] or truncated[agent])
            for agent in self.agents
        }
        self.agents = [agent for agent in self.agents if not (terminated[agent] or truncated[agent])]
        return observations, rewards, terminated, truncated, infos

    def _split(self, observation: Any) -> dict[str, Any]:
        return {agent: _row(observation, self._rows[agent]) for agent in self.agents}

    def record(self, folder: str | Path, agent: str | None = None) -> None:
        """Keep all races from the next reset on in `folder`, an episode for each car, until closed (racegym[record])."""
        from racegym.recording import tap

        tap(self, Path(folder), agent)

    def render(self) -> Any:
        """What the first agent's camera sees, uint8 ``(height, width, 3)``; None in mode ``human``."""
        return None if self.screen is None else self.screen.frame()

    def state(self) -> np.ndarray:
        """All cars' observations, one after the other, flat."""
        return np.concatenate(
            [_flat(part) for part in self._split(self.session.task.observer.current()).values()]
        )

    def close(self) -> None:
        self.session.close()


def _row(observation: Any, row: int) -> Any:
    if isinstance(observation, dict):
        return {label: part[row] for label, part in observation.items()}
    return observation[row]


def _flat(observation: Any) -> np.ndarray:
    parts = observation.values() if isinstance(observation, dict) else (observation,)
    return np.concatenate([np.ravel(part) for part in parts])


def parallel_env(
    config: Any = "bicycle/oval",
    simulator: str | Mapping[str, Any] | None = None,
    overrides: Mapping[str, Any] | None = None,
    render_mode: str | None = None,
) -> RaceParallelEnv:
    """``racegym.parallel.parallel_env("torcs/forza", overrides={"simulator.cars": 4})``: a `RaceParallelEnv`."""
    return RaceParallelEnv(config, simulator, overrides, render_mode)
