"""Stretches of a course: for any station, the samples within reach along it, as many for every station."""

from __future__ import annotations

import numpy as np


class Windows:
    """For any station, the samples of a course within `reach` metres along it.

    As many for every station, the last repeated where there are fewer. Indices run over three laps laid end to end
    when the course is closed, so that a window may pass the start line.
    """

    def __init__(self, stations: np.ndarray, length: float, closed: bool, reach: float) -> None:
        self._reach = min(reach, length / 2) if closed else reach
        self._stations = (stations + length * np.arange(-1, 2)[:, None]).ravel() if closed else stations
        self._last = len(self._stations) - 1
        first, last = self._ends(stations)
        # Between samples a window can hold two more than at them.
        self._steps = np.arange(min(int((last - first).max()) + 3, self._last + 1))

    def _ends(self, stations: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        first = self._stations.searchsorted(stations - self._reach, "right") - 1
        last = self._stations.searchsorted(stations + self._reach)
        return np.maximum(first, 0), np.minimum(last, self._last)

    def __call__(self, stations: np.ndarray) -> np.ndarray:
        """Sample numbers, shape ``(m, count)``."""
        first, last = self._ends(stations)
        return np.minimum(first[:, None] + self._steps, last[:, None])
