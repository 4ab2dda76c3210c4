"""What clients of a classic SCR server have to work out: race time, laps, what was applied."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from racegym.signals import CONTROLS, SIGNALS, Controls

#: Signals worked out here.
SIGNALS_WORKED_OUT = (
    "time",
    "laps",
    "best_lap_time",
    "steer",
    "throttle",
    "brake",
    "clutch",
    "finished",
    "yaw_rate",
)

_LAP_TIME, _LAST = SIGNALS.columns("lap_time").start, SIGNALS.columns("last_lap_time").start
_TIME, _LAPS, _BEST = (SIGNALS.columns(name).start for name in ("time", "laps", "best_lap_time"))
_FINISHED = SIGNALS.columns("finished").start
_VELOCITY, _WHEELS = SIGNALS.columns("velocity").start, SIGNALS.columns("wheel_speeds").start
_YAW_RATE = SIGNALS.columns("yaw_rate").start
_TRACK_WIDTH = 1.6
"""Between the front wheels, m, of the cars of the SCR championship."""
_ROLLING = 3.0
"""Speed from which the wheels tell how the car turns, m/s."""
_FASTEST = 3.0
"""Yaw rate that a car reaches at most, rad/s."""
_APPLIED = tuple(
    (SIGNALS.columns(n).start, CONTROLS.columns(n).start) for n in ("steer", "throttle", "brake", "clutch")
)


class Laps:
    """Counts one car's laps by its lap clock, which starts anew on the line.

    What the server applied is taken to be what we sent last, though TORCS lifts the throttle while it shifts.
    """

    def __init__(self) -> None:
        self.applied: Sequence[float] = Controls(1).block[0].tolist()
        self._lap_time = -np.inf
        self._done = 0.0
        self._laps = 0
        self._best = 0.0

    def fill(self, row: np.ndarray) -> None:
        """Fill the signals that a classic state does not hold, from those that it does."""
        lap_time, last = row[_LAP_TIME], row[_LAST]
        if lap_time < self._lap_time and last > 0:
            self._laps += 1
            self._done += last
            self._best = min(self._best, last) if self._best else last
        self._lap_time = lap_time
        row[_TIME], row[_LAPS], row[_BEST] = self._done + lap_time, self._laps, self._best
        row[_FINISHED] = 0.0
        row[_YAW_RATE] = _turning(row)
        for signal, control in _APPLIED:
            row[signal] = self.applied[control]


def _turning(row: np.ndarray) -> float:
    """Yaw rate, rad/s, estimated from the front wheels: the outer one rolls faster. Wrong while they slip."""
    forward, left, right = row[_VELOCITY], row[_WHEELS], row[_WHEELS + 1]
    if abs(forward) < _ROLLING or abs(left + right) < 1.0:
        return 0.0
    radius = 2 * forward / (left + right)
    return float(np.clip((right - left) * radius / _TRACK_WIDTH, -_FASTEST, _FASTEST))
