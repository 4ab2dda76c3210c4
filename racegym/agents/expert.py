"""The game's own driver as an agent: it decides nothing itself and lets that one drive."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np


class Expert:
    """A reference driver that the game brings, by its name among `Backend.agents`.

    `simulator` and `task` are what a run needs for it: the simulator's option ``expert``, and an action without numbers.
    """

    task: Mapping[str, Any] = {"action": {"terms": {"expert": {}}}}

    def __init__(self, name: str) -> None:
        self.simulator: Mapping[str, Any] = {"expert": name}
        self.reset(1)

    def reset(self, cars: int) -> None:
        self._nothing = np.zeros((cars, 0), np.float32)

    def act(self, observation: Any) -> np.ndarray:
        return self._nothing
