"""When an episode is cut short although the driving could go on: after so much time, so many steps or laps."""

from __future__ import annotations

import math

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from racegym.signals import Telemetry
from racegym.terms import Stateful

REASONS = ("steps", "time", "laps")
"""What an info calls the limits, in the order in which one is named when several are reached at once."""


class TruncationConfig(BaseModel):
    """When an episode is cut short although the driving could go on."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    seconds: float | None = Field(default=None, gt=0)
    """Simulated time."""
    steps: int | None = Field(default=None, gt=0)
    """Agent steps."""
    laps: int | None = Field(default=None, gt=0)
    """Completed laps; where they are the goal, use the termination term instead."""

    @property
    def limits(self) -> tuple[float, ...]:
        """In the order of `REASONS`; infinite where there is none."""
        return tuple(math.inf if limit is None else limit for limit in (self.steps, self.seconds, self.laps))

    def reached(self, steps: np.ndarray, now: Telemetry) -> np.ndarray:
        """Which limits are, bool ``(REASONS, rows)``, by rows that have taken so many `steps`."""
        measures = (steps, now["time"], now["laps"])
        return np.stack([measure >= limit for measure, limit in zip(measures, self.limits, strict=True)])


class Truncator(Stateful):
    """The limits of a task, and how far each car is. `causes` is bool ``(REASONS, cars)``, overwritten each time."""

    memory = ("taken", "causes")

    def __init__(self, config: TruncationConfig, cars: int) -> None:
        self.config = config
        self.taken = np.zeros(cars)
        """Steps of the episode."""
        self.causes = np.zeros((len(REASONS), cars), bool)

    def reset(self, now: Telemetry, rows: np.ndarray | None) -> None:
        which = slice(None) if rows is None else rows
        self.taken[which] = 0
        self.causes[:, which] = False

    def __call__(self, now: Telemetry) -> np.ndarray:
        """Count a step; whether any limit is reached, ``(cars,)``."""
        self.taken += 1
        self.causes[...] = self.config.reached(self.taken, now)
        return np.logical_or.reduce(self.causes, axis=0)
