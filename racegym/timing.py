"""What a real-time run measures of itself: intervals between controls, costs, ages, late steps."""

from __future__ import annotations

import time
from collections import deque
from typing import Any

import numpy as np

#: Steps that are remembered for the statistics.
REMEMBERED = 20_000


class Timing:
    """The last `REMEMBERED` steps of a real-time run, in seconds. A reset is a pause: no interval spans it."""

    def __init__(self, step: float, elasticity: float) -> None:
        self.step = step
        self.steps = 0
        self.late = 0
        """Steps that began later than the clock's elasticity forgives, so that the clock started anew."""
        self._limit = step * (1 + elasticity)
        self._last: float | None = None
        self._end = 0.0
        self._interval = float("nan")
        self._is_late = False
        self.intervals: deque[float] = deque(maxlen=REMEMBERED)
        self.sending: deque[float] = deque(maxlen=REMEMBERED)
        self.capturing: deque[float] = deque(maxlen=REMEMBERED)
        self.ages: deque[float] = deque(maxlen=REMEMBERED)

    def pause(self) -> None:
        """An episode begins: the next control has none before it."""
        self._last = None

    def send_begins(self) -> float:
        """Note that a control goes out now; the moment, on `time.perf_counter`."""
        now = time.perf_counter()
        self._is_late = False
        if self._last is not None:
            self._interval = now - self._last
            self.intervals.append(self._interval)
            self._is_late = now >= self._end + self._limit - self.step
            self.late += self._is_late
            self._end = now if self._is_late else self._end
        else:
            self._interval, self._end = float("nan"), now
        self._end += self.step
        self._last = now
        return now

    def sent(self, began: float) -> None:
        """Note that it is out."""
        self.sending.append(time.perf_counter() - began)

    def captured(self, began: float, age: float) -> dict[str, Any]:
        """Note that an observation is complete, of telemetry `age` s old; the step's share of the info."""
        capture = time.perf_counter() - began
        self.steps += 1
        self.capturing.append(capture)
        self.ages.append(age)
        return {"interval": self._interval, "late": self._is_late, "capture": capture, "age": age}

    def summary(self) -> dict[str, float]:
        """Means and medians, s; NaN where nothing was measured."""
        intervals = np.array(self.intervals) if self.intervals else np.array([np.nan])
        return {
            "step": self.step,
            "steps": self.steps,
            "late": self.late,
            "interval_mean": float(intervals.mean()),
            "interval_median_deviation": float(np.median(np.abs(intervals - self.step))),
            "interval_99": float(np.percentile(intervals, 99)),
            "send_median": _median(self.sending),
            "capture_median": _median(self.capturing),
            "age_median": _median(self.ages),
        }


def _median(values: deque[float]) -> float:
    known = [value for value in values if value == value]
    return float(np.median(known)) if known else float("nan")
