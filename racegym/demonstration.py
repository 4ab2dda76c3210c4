"""tmrl's reward, number for number: points passed on a demonstration line. For comparison; `progress` is the sound
one.

The line is the course's target line in points `SPACING` apart, in three dimensions. Each step the walk goes forward
from the present point for as long as a nearer one has come up within `forward` points; the points gained, over 100,
are the reward. Where nothing was gained it walks backward in the same way, and rewinds at no price: so driving to and
fro earns without end.

Source: trackmania-rl/tmrl 0.7.1, tmrl/custom/tm/utils/compute_reward.py.
"""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
from pydantic import Field

from racegym.rewards import REWARDS, Reward, RewardFunction
from racegym.signals import Telemetry
from racegym.simulator import SimulatorSpec
from racegym.terminations import TERMINATIONS, Termination, TerminationFunction
from racegym.terms import Context, Courses, Stateful, Term

SPACING = 0.1
"""m"""
POINTS = 100.0
"""Points for a reward of 1."""
BLOCK = 512
"""Points looked at together."""


class _Walk(Term):
    """Parameters of the walk along the line."""

    needs_track = True
    forward: int = Field(default=500, ge=1)
    """The walk ahead goes on for so many points without a nearer one (CHECK_FORWARD)."""
    backward: int = Field(default=10, ge=1)
    """The walk back, likewise (CHECK_BACKWARD)."""
    stray: float = Field(default=100.0, gt=0)
    """Further from the line than this, m, nothing is gained (MAX_STRAY)."""

    def signals(self, spec: SimulatorSpec) -> Collection[str]:
        return ("position",)


class Demonstration(_Walk, Reward):
    """tmrl's reward: points gained on the line over 100, so 1 for 10 m; a rewind costs nothing, so it can be farmed."""

    def bind(self, context: Context) -> RewardFunction:
        return Walk(self, context)


class DemonstrationLost(_Walk, Termination):
    """tmrl's end: more than `zeros` steps on end without a point gained, counted once `steps` steps are over."""

    zeros: int = Field(default=10, ge=0)
    steps: int = Field(default=70, ge=0)

    def bind(self, context: Context) -> TerminationFunction:
        return Lost(self, context)


class Walk(Stateful):
    """Where each car is on the line."""

    memory = ("_index",)

    def __init__(self, term: _Walk, context: Context) -> None:
        self._term = term
        self._courses: Courses = context.courses
        self._index = np.zeros(context.cars, int)
        self._lines: dict[int, np.ndarray] = {}

    def reset(self, now: Telemetry, rows: np.ndarray | None) -> None:
        self._index[slice(None) if rows is None else rows] = 0

    def __call__(self, before: Telemetry, now: Telemetry) -> np.ndarray:
        """Points gained over 100, ``(cars,)``."""
        gained = np.zeros(now.cars)
        for car in range(now.cars):
            line, place, index = self._line(car), now["position"][car], int(self._index[car])
            best, distance = _nearest(line[index:], place, self._term.forward)
            best = index + best if distance <= self._term.stray else index
            gained[car] = (best - index) / POINTS
            if best == index:
                # its walk back never looks at the line's first point, but for where it begins
                back, _ = _nearest(line[index : 0 if index else None : -1], place, self._term.backward)
                best = index - back
            self._index[car] = best
        return gained

    def _line(self, car: int) -> np.ndarray:
        track = self._courses.tracks[car]
        assert track is not None
        if id(track) not in self._lines:
            place = track.at(np.arange(0.0, track.length, SPACING))
            x = place.x - place.line * np.sin(place.heading)
            y = place.y + place.line * np.cos(place.heading)
            self._lines[id(track)] = np.stack([x, y, place.elevation], axis=1)
        return self._lines[id(track)]


class Lost(Stateful):
    """Counts steps, and those on end without a gain."""

    memory = ("_walk", "_steps", "_zeros")

    def __init__(self, term: DemonstrationLost, context: Context) -> None:
        self._walk = Walk(term, context)
        self._least, self._most = term.steps, term.zeros
        self._steps = np.zeros(context.cars, int)
        self._zeros = np.zeros(context.cars, int)

    def reset(self, now: Telemetry, rows: np.ndarray | None) -> None:
        which = slice(None) if rows is None else rows
        self._walk.reset(now, rows)
        self._steps[which] = self._zeros[which] = 0

    def __call__(self, before: Telemetry, now: Telemetry) -> np.ndarray:
        self._steps += 1
        gained = self._walk(before, now) != 0
        self._zeros += ~gained & (self._steps > self._least)
        self._zeros[gained] = 0
        return self._zeros > self._most


def _nearest(line: np.ndarray, place: np.ndarray, patience: int) -> tuple[int, float]:
    """The nearest point (the last of equals) met by a walk that stops `patience` points after the nearest so far."""
    best, least, start = 0, np.inf, 0
    while start < len(line) and start <= best + patience - 1:
        part = line[start : min(start + BLOCK, best + patience)]
        for offset, distance in enumerate(np.sqrt(((part - place) ** 2).sum(axis=1)).tolist()):
            if distance <= least:
                best, least = start + offset, distance
        start += len(part)
    return best, float(least)


REWARDS.terms["demonstration"] = Demonstration
TERMINATIONS.terms["demonstration_lost"] = DemonstrationLost
