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
    """The same driver with somebody meddling in bursts, so that a recording shows how it recovers.

    What learns from undisturbed laps alone has never seen a mistake, and drives off the road at its first (Laskey et
    al., DART, 2017). Steering and pedals are an Ornstein-Uhlenbeck process away from the driver's choice during a burst
    and the driver's own in the calm after it; both last `BURST` steps on average. `deviation` is the standard deviation
    of the steering, `PEDAL` times that the pedals'.
    """

    MEMORY = 25.0
    """Steps within which a disturbance fades."""
    BURST = 75.0
    PEDAL = 3.0

    def __init__(self, name: str, deviation: float = 0.15, seed: int | None = None) -> None:
        self._deviation = deviation * np.array([1.0, self.PEDAL])
        self._random = np.random.default_rng(seed)
        super().__init__(name)
        self.task = {
            "observation": {"terms": {"expert_steer": {}, "expert_throttle": {}, "expert_brake": {}}},
            "action": {"terms": {"expert": {}, "steer": {}, "pedal": {}}},
        }

    def reset(self, cars: int) -> None:
        self._jerk = np.zeros((cars, 2))
        self._burst = np.zeros((cars, 1), bool)

    def act(self, observation: Any) -> np.ndarray:
        kick = np.sqrt(2 / self.MEMORY) * self._random.standard_normal(self._jerk.shape)
        self._jerk += kick - self._jerk / self.MEMORY
        self._burst ^= self._random.random(self._burst.shape) < 1 / self.BURST
        chosen = np.stack([observation[:, 0], observation[:, 1] - observation[:, 2]], axis=1)
        return np.clip(chosen + self._deviation * self._jerk * self._burst, -1, 1)
