"""`RaceVectorEnv`: many cars in episodes of their own, stepped at once from one process.

Simulators whose cars do not meet serve all rows by one instance; of the others there is one instance a row. All are
sent to, then all are waited for, so they compute side by side.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space

from racegym import registry
from racegym.config import RunConfig, SimulatorConfig, load
from racegym.env import SEEDS
from racegym.errors import ConfigurationError
from racegym.render import Screen, watched
from racegym.session import Outcome, Session
from racegym.simulator import Simulator


class RaceVectorEnv(VectorEnv[Any, Any, Any]):
    """`num_envs` rows behind gymnasium's vector API; arguments as for `RaceEnv`.

    `config` may be a list of configurations, of one backend and one task: the rows take them in turn, so that tracks
    and cars differ from row to row. Rows side by side that are alike share a simulator where the backend can.

    Autoreset modes: ``NextStep`` (a row that ended starts anew in the next step, whose action it ignores and whose
    reward is 0), ``SameStep`` (it starts anew at once; ``final_obs`` and ``final_info`` hold the end) and ``Disabled``
    (``reset(options={"reset_mask": mask})`` starts rows anew). A simulator that is lost ends its own row alone.
    Render mode ``rgb_array`` is as for `RaceEnv`, with a frame for each row.
    """

    def __init__(
        self,
        num_envs: int = 1,
        config: Any = "bicycle/oval",
        simulator: str | Mapping[str, Any] | None = None,
        overrides: Mapping[str, Any] | None = None,
        autoreset_mode: str | AutoresetMode = AutoresetMode.NEXT_STEP,
        render_mode: str | None = None,
    ) -> None:
        if num_envs < 1:
            raise ConfigurationError(f"num_envs must be at least 1, not {num_envs}")
        several = config if isinstance(config, list | tuple) else [config]
        if render_mode == "human":
            raise ConfigurationError(
                "render_mode 'human': a vector has no window; racegym.make has one, and rgb_array every row's frames"
            )
        self.configs: list[RunConfig] = [
            watched(load(one, simulator, overrides), render_mode) for one in several
        ]
        if any(run.task != self.configs[0].task for run in self.configs):
            raise ConfigurationError("the configurations of one vector must share their task")
        self.render_mode = render_mode
        self.num_envs = num_envs
        self.autoreset_mode = AutoresetMode(autoreset_mode)
        run = self.configs[0]
        _refuse_realtime(self.configs, num_envs)
        self.session = Session(
            _simulators(self.configs, num_envs), run.task, run.on_fault, run.faults_in_a_row
        )
        self._screen = None if render_mode is None else Screen(self.session, render_mode)
        self.metadata = {
            "render_modes": ["rgb_array"],
            "render_fps": 1 / (self.session.spec.period * run.task.action.repeat),
            "autoreset_mode": self.autoreset_mode,
        }
        self.single_observation_space = self.session.task.observer.space
        self.single_action_space = self.session.task.actuator.space
        self.observation_space = batch_space(self.single_observation_space, num_envs)
        self.action_space = batch_space(self.single_action_space, num_envs)
        self._generators = [np.random.default_rng() for _ in range(num_envs)]
        self._ended = np.zeros(num_envs, bool)

    def reset(
        self, *, seed: int | Sequence[int | None] | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        options = dict(options or {})
        mask = options.pop("reset_mask", None)
        if seed is not None:
            self._seed(seed)
        rows = None if mask is None else self._masked(mask)
        if rows is None or len(rows):
            self._ended[slice(None) if rows is None else rows] = False
            observation = self._start(rows, options)
        else:
            observation = self.session.task.observer.current()
        return observation, {}

    def _seed(self, seed: int | Sequence[int | None]) -> None:
        seeds = [seed + row for row in range(self.num_envs)] if isinstance(seed, int | np.integer) else seed
        if len(seeds) != self.num_envs:
            raise ConfigurationError(f"{self.num_envs} seeds are wanted, one a row, not {len(seeds)}")
        self._generators = [
            np.random.default_rng(one) if one is not None else old
            for one, old in zip(seeds, self._generators, strict=True)
        ]

    def _masked(self, mask: Any) -> np.ndarray:
        mask = np.asarray(mask)
        if mask.shape != (self.num_envs,) or mask.dtype != bool:
            raise ConfigurationError(
                f"reset_mask: bool ({self.num_envs},) is wanted, not {mask.dtype} {mask.shape}"
            )
        return np.flatnonzero(mask)

    def _start(self, rows: np.ndarray | None, options: Mapping[str, Any] | None = None) -> Any:
        which = range(self.num_envs) if rows is None else rows
        seeds = [int(self._generators[row].integers(SEEDS)) for row in which]
        return self.session.reset(rows, seeds, options)

    def step(self, actions: Any) -> tuple[Any, np.ndarray, np.ndarray, np.ndarray, dict[str, Any]]:
        if self.autoreset_mode is AutoresetMode.NEXT_STEP and np.count_nonzero(self._ended):
            starting = self._ended
            outcome = self.session.step(actions, resting=starting)
            outcome.reward[starting] = 0.0
            outcome.terminated[starting] = outcome.truncated[starting] = False
            ended = outcome.terminated | outcome.truncated
            infos = self._infos(ended)
            outcome.observation = self._start(np.flatnonzero(starting))
        else:
            outcome = self.session.step(actions)
            ended = outcome.terminated | outcome.truncated
            infos = self._infos(ended)
        if self.autoreset_mode is AutoresetMode.NEXT_STEP:
            self._ended = ended.copy()
        elif self.autoreset_mode is AutoresetMode.SAME_STEP and np.count_nonzero(ended):
            infos = self._finals(outcome, infos, ended)
            outcome.observation = self._start(np.flatnonzero(ended))
        return outcome.observation, outcome.reward, outcome.terminated, outcome.truncated, infos

    def _infos(self, ended: np.ndarray) -> dict[str, Any]:
        """Each reward term's share, and for rows that ended, why: gymnasium's arrays with a mask ``_name`` beside."""
        task, faults = self.session.task, self.session.fleet.faults
        infos: dict[str, Any] = {"reward": dict(zip(task.reward_names, task.shares.copy(), strict=True))}
        if np.count_nonzero(ended):
            infos["ended_by"] = np.array(
                [self.session.ended_by(i) if e else None for i, e in enumerate(ended)], object
            )
            infos["_ended_by"] = ended
        if faults:
            infos["fault"] = np.array(
                [str(faults[row]) if row in faults else None for row in range(self.num_envs)]
            )
            infos["_fault"] = np.array([row in faults for row in range(self.num_envs)])
        return infos

    def _finals(self, outcome: Outcome, infos: dict[str, Any], ended: np.ndarray) -> dict[str, Any]:
        """What SAME_STEP hands on of the episodes that just ended."""
        observation = outcome.observation
        finals = np.full(self.num_envs, None, object)
        for row in np.flatnonzero(ended):
            parts = observation.items() if isinstance(observation, dict) else None
            finals[row] = (
                {label: part[row].copy() for label, part in parts} if parts else observation[row].copy()
            )
        ends = {"final_obs": finals, "_final_obs": ended, "final_info": infos, "_final_info": ended.copy()}
        return infos | ends

    def render(self) -> tuple[np.ndarray, ...] | None:
        """What each row's camera sees, uint8 ``(height, width, 3)`` each; None without a render mode."""
        return None if self._screen is None else tuple(self._screen.frames())

    def close_extras(self, **kwargs: Any) -> None:
        self.session.close()


def _refuse_realtime(runs: Sequence[RunConfig], rows: int) -> None:
    """A vector is stepped as one, and waits for rows that start anew: games that run on meanwhile cannot be in it."""
    for run in runs:
        spec = run.simulator.build().spec
        if run.clock.step(spec) is None and (spec.lockstep or rows == 1):
            continue
        why = "clock.realtime is set" if spec.lockstep else f"{spec.name} does not wait for its driver"
        raise ConfigurationError(
            f"{why}: in real time each row has its own clock, and goes on while others start anew; use a process for "
            "each: gymnasium.vector.AsyncVectorEnv([lambda: racegym.make(...)] * n), each with a game of its own"
        )


def _simulators(runs: Sequence[RunConfig], rows: int) -> list[Simulator]:
    """One pool with all rows where the backend can, else one for rows side by side that are alike, else one a row."""
    configs = [run.simulator for run in itertools.islice(itertools.cycle(runs), rows)]
    if any(config.build().spec.cars != 1 for config in configs[: len(runs)]):
        raise ConfigurationError(
            "a vector's rows are episodes of their own: leave the simulator's option cars at 1"
        )
    if (whole := _pool(configs)) is not None:
        return [whole]
    simulators = []
    for _, alike in itertools.groupby(configs):
        part = list(alike)
        pool = _pool(part)
        simulators += [pool] if pool is not None else [config.build() for config in part]
    return simulators


def _pool(configs: Sequence[SimulatorConfig]) -> Simulator | None:
    backend = registry.backend(configs[0].backend)
    if backend.pool is None or any(config.backend != backend.name for config in configs):
        return None
    return backend.pool([config.options for config in configs])


def make_vec(
    config: Any = "bicycle/oval",
    num_envs: int = 1,
    simulator: str | Mapping[str, Any] | None = None,
    overrides: Mapping[str, Any] | None = None,
    autoreset_mode: str | AutoresetMode = AutoresetMode.NEXT_STEP,
    render_mode: str | None = None,
) -> RaceVectorEnv:
    """``racegym.make_vec("torcs/aalborg", 8)``, or a list of configurations to take in turn: a `RaceVectorEnv`."""
    return RaceVectorEnv(num_envs, config, simulator, overrides, autoreset_mode, render_mode)
