"""The game's own driver as an agent: it decides nothing itself and lets that one drive."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np


class Expert:
    """A reference driver that the game brings, by its name among `Backend.agents`.

    `simulator` and `task` are what a run needs for it: the simulator's option ``expert`` and an action without
    numbers.
    """

    task: Mapping[str, Any] = {"action": {"terms": {"expert": {}}}}

    def __init__(self, name: str) -> None:
        self.simulator: Mapping[str, Any] = {"expert": name}
        self.reset(1)

    def reset(self, cars: int) -> None:
        self._nothing = np.zeros((cars, 0), np.float32)

    def act(self, observation: Any) -> np.ndarray:
        return self._nothing


class Disturbed(Expert):
    """The same driver with somebody jerking at the wheel, so that a recording shows how it recovers.

    What learns from undisturbed laps alone has never seen a mistake, and drives off the road at its first (Laskey et
    al., DART, 2017). `steer` is the standard deviation of the disturbance, an Ornstein-Uhlenbeck process that fades
    within `MEMORY` steps.
    """

    MEMORY = 25.0

    def __init__(self, name: str, steer: float = 0.1, seed: int | None = None) -> None:
        self._deviation = steer
        self._random = np.random.default_rng(seed)
        super().__init__(name)
        self.task = {
            "observation": {"terms": {"expert_steer": {}}},
            "action": {"terms": {"expert": {}, "steer": {}}},
        }

    def reset(self, cars: int) -> None:
        self._jerk = np.zeros((cars, 1))

    def act(self, observation: Any) -> np.ndarray:
        kick = np.sqrt(2 / self.MEMORY) * self._deviation * self._random.standard_normal(self._jerk.shape)
        self._jerk += kick - self._jerk / self.MEMORY
        return np.clip(observation[:, :1] + self._jerk, -1, 1)
