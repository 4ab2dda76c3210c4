"""Termination terms: when the driving has ended, as functions over ``(before, now)`` returning bool ``(cars,)``.

These end an episode with ``terminated``. Running out of time or steps, and a lost simulator, are truncations: they are
the task's and the session's, never a term's.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Collection, Sequence
from typing import Literal

import numpy as np
from pydantic import Field

from racegym.signals import Telemetry
from racegym.simulator import SimulatorSpec
from racegym.terms import Context, Stateful, Term, TermTable, line_gap_signals

TerminationFunction = Callable[[Telemetry, Telemetry], np.ndarray]


class Termination(Term):
    """Base of termination terms: a condition, and how long it must hold on end to finish the episode."""

    seconds: float = Field(default=0.0, ge=0)
    """How long the condition must hold without a break, simulated time."""
    grace: float = Field(default=0.0, ge=0)
    """For so long after the start it does not count."""

    @abstractmethod
    def bind(self, context: Context) -> TerminationFunction:
        """A function ``(before, now) -> (cars,)`` of bool (or flags 0 and 1): whether the condition holds now."""


class Terminator(Stateful):
    """Termination terms, bound and timed together. `causes` is bool ``(terms, cars)``, overwritten each time."""

    memory = ("since", "none", "causes")

    def __init__(self, terms: Sequence[Termination], context: Context) -> None:
        self.conditions = [term.bind(context) for term in terms]
        # telemetry times are sums of periods: a hair of rounding must not cost a step
        self.seconds = np.array([term.seconds - 1e-9 for term in terms])[:, None]
        self._grace = np.array([term.grace for term in terms])[:, None]
        shape = (len(terms), context.cars)
        self.since = np.zeros(shape)
        """From when on each condition has held, or the last time that it did not."""
        self._broken = np.zeros(shape, bool)
        self.none = np.zeros(1, bool)
        """No condition held in the last step, and `since` has yet to follow."""
        self.causes = np.zeros(shape, bool)

    def reset(self, now: Telemetry, rows: np.ndarray | None) -> None:
        which = slice(None) if rows is None else rows
        self.since[:, which] = now["time"][which] + self._grace
        self.causes[:, which] = False

    def __call__(self, before: Telemetry, now: Telemetry) -> np.ndarray:
        """Whether any term ends the driving, ``(cars,)``."""
        time, held = now["time"], self.causes
        for place, condition in enumerate(self.conditions):
            held[place] = condition(before, now)
        followed, none = not self.none[0], not np.count_nonzero(held)
        self.none[0] = none
        if none:
            return np.zeros(len(time), bool)
        if not followed:
            np.maximum(self.since, before["time"], out=self.since)
        np.logical_not(held, out=self._broken)
        np.maximum(self.since, time, out=self.since, where=self._broken)
        held &= time - self.since >= self.seconds
        return np.logical_or.reduce(held, axis=0)


class OffTrack(Termination):
    """The car's centre is further from the centre line than `margin` half widths; 1 is the edge."""

    margin: float = Field(default=1.0, ge=1)

    def signals(self, spec: SimulatorSpec) -> Collection[str]:
        return ("off_track",) if self.margin == 1 else ("track_position",)

    def bind(self, context: Context) -> TerminationFunction:
        if self.margin == 1:
            return lambda before, now: now["off_track"]
        return lambda before, now: np.abs(now["track_position"]) > self.margin


class WheelsOff(Termination):
    """More than `limit` wheels are off the track, as the game counts them."""

    limit: int = Field(default=2, ge=0)

    def signals(self, spec: SimulatorSpec) -> Collection[str]:
        return ("wheels_off",)

    def bind(self, context: Context) -> TerminationFunction:
        return lambda before, now: now["wheels_off"] > self.limit


class WrongWay(Termination):
    """The nose points against the track's direction."""

    def signals(self, spec: SimulatorSpec) -> Collection[str]:
        return ("heading_error",)

    def bind(self, context: Context) -> TerminationFunction:
        across = np.array(np.pi / 2)  # an array is compared faster than a Python number
        return lambda before, now: np.abs(now["heading_error"]) > across


class Stuck(Termination):
    """Slower than `below` m/s; `of` progress measures along the track."""

    below: float = 1.0
    seconds: float = Field(default=5.0, ge=0)
    of: Literal["speed", "progress"] = "speed"

    def signals(self, spec: SimulatorSpec) -> Collection[str]:
        return ("speed",) if self.of == "speed" else ("distance",)

    def bind(self, context: Context) -> TerminationFunction:
        if self.of == "speed":
            return lambda before, now: now["speed"] < self.below
        step = np.array(self.below * context.period)
        return lambda before, now: now["distance"] - before["distance"] < step


class Damage(Termination):
    """Damage has reached `limit`, a share of what wrecks the car."""

    limit: float = Field(default=1.0, gt=0)

    def signals(self, spec: SimulatorSpec) -> Collection[str]:
        return ("damage",)

    def bind(self, context: Context) -> TerminationFunction:
        return lambda before, now: now["damage"] >= self.limit


class Collision(Termination):
    """The car touched a wall or another car."""

    def signals(self, spec: SimulatorSpec) -> Collection[str]:
        return ("collision",)

    def bind(self, context: Context) -> TerminationFunction:
        return lambda before, now: now["collision"]


class Overtaken(Termination):
    """The car has lost a place in the race."""

    def signals(self, spec: SimulatorSpec) -> Collection[str]:
        return ("overtakes",)

    def bind(self, context: Context) -> TerminationFunction:
        return lambda before, now: now["overtakes"] < 0


class RacePosition(Termination):
    """The car has come up to place `reached` of the race, or further."""

    reached: int = Field(default=1, ge=1)

    def signals(self, spec: SimulatorSpec) -> Collection[str]:
        return ("race_position",)

    def bind(self, context: Context) -> TerminationFunction:
        return lambda before, now: now["race_position"] <= self.reached


class LineGap(Termination):
    """The car is further than `reach` metres from the target line."""

    needs_track = True
    reach: float = Field(default=12.0, gt=0)

    def signals(self, spec: SimulatorSpec) -> Collection[str]:
        return line_gap_signals(spec)

    def bind(self, context: Context) -> TerminationFunction:
        return lambda before, now: np.abs(context.line_gap(now)) > self.reach


class Laps(Termination):
    """`count` laps are done."""

    count: int = Field(default=1, ge=1)

    def signals(self, spec: SimulatorSpec) -> Collection[str]:
        return ("laps",)

    def bind(self, context: Context) -> TerminationFunction:
        return lambda before, now: now["laps"] >= self.count


class Finished(Termination):
    """The simulator says that the race is over for the car."""

    def signals(self, spec: SimulatorSpec) -> Collection[str]:
        return ("finished",)

    def bind(self, context: Context) -> TerminationFunction:
        return lambda before, now: now["finished"]


TERMINATIONS = TermTable(
    "termination",
    Termination,
    {
        "off_track": OffTrack,
        "wheels_off": WheelsOff,
        "wrong_way": WrongWay,
        "stuck": Stuck,
        "damage": Damage,
        "collision": Collision,
        "overtaken": Overtaken,
        "race_position": RacePosition,
        "line_gap": LineGap,
        "laps": Laps,
        "finished": Finished,
    },
)
