"""`RaceVectorEnv` as a vector environment of Stable-Baselines3, without processes or wrappers in between."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from stable_baselines3.common.vec_env import VecEnv  # pyright: ignore[reportMissingImports]

from racegym.vector import RaceVectorEnv


class RaceVecEnv(VecEnv):
    """Rows of `RaceVectorEnv` behind Stable-Baselines3's API; infos hold what its Monitor would tell, and laps.

    `runs` are configurations as `racegym.make` takes them; the rows take them in turn.
    """

    def __init__(self, runs: Sequence[Any], rows: int, seed: int) -> None:
        self.env = RaceVectorEnv(rows, list(runs), autoreset_mode="SameStep")
        super().__init__(rows, self.env.single_observation_space, self.env.single_action_space)
        self._first_seed: int | None = seed
        self._actions: Any = None
        self._return = np.zeros(rows)
        self._steps = np.zeros(rows, int)
        self._laps = np.zeros(rows)

    def reset(self) -> Any:
        observation, _ = self.env.reset(seed=self._first_seed)
        self._first_seed = None
        for memory in (self._return, self._steps, self._laps):
            memory[:] = 0
        return observation

    def step_async(self, actions: np.ndarray) -> None:
        self._actions = actions

    def step_wait(self) -> Any:
        observation, reward, terminated, truncated, infos = self.env.step(self._actions)
        ended = terminated | truncated
        self._return += reward
        self._steps += 1
        told: list[dict[str, Any]] = [{} for _ in range(self.num_envs)]
        # with SAME_STEP the telemetry of a row that ended is already its next start; of the others it is now
        self._laps[~ended] = self.env.session.now["laps"][~ended]
        for row in np.flatnonzero(ended).tolist():
            told[row] = {
                "terminal_observation": infos["final_obs"][row],
                "TimeLimit.truncated": bool(truncated[row] and not terminated[row]),
                "episode": {"r": float(self._return[row]), "l": int(self._steps[row]), "t": 0.0},
                "ended_by": infos["final_info"]["ended_by"][row],
                "laps": float(self._laps[row]),
            }
            self._return[row] = self._steps[row] = self._laps[row] = 0
        return observation, reward.astype(np.float32), ended, told

    def close(self) -> None:
        self.env.close()

    def env_is_wrapped(self, wrapper_class: Any, indices: Any = None) -> list[bool]:
        """Episodes are watched here as Monitor would."""
        name = getattr(wrapper_class, "__name__", "")
        return [name == "Monitor"] * len(list(self._get_indices(indices)))

    def get_attr(self, attr_name: str, indices: Any = None) -> list[Any]:
        return [getattr(self.env, attr_name)] * len(list(self._get_indices(indices)))

    def set_attr(self, attr_name: str, value: Any, indices: Any = None) -> None:
        setattr(self.env, attr_name, value)

    def env_method(self, method_name: str, *args: Any, indices: Any = None, **kwargs: Any) -> list[Any]:
        return [getattr(self.env, method_name)(*args, **kwargs)]

    def seed(self, seed: int | None = None) -> list[int | None]:
        self._first_seed = seed
        return [None if seed is None else seed + row for row in range(self.num_envs)]
