"""Reward terms: what a step was worth, as pure functions over ``(before, now)``.

A bound term returns ``(cars,)``; the task multiplies by the term's weight and adds up. ``info["reward"]`` holds each
weighted share.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Collection
from typing import Literal

import numpy as np
from pydantic import Field

from racegym.signals import Telemetry
from racegym.simulator import SimulatorSpec
from racegym.terms import Context, Term, TermTable, line_gap_signals

RewardFunction = Callable[[Telemetry, Telemetry], np.ndarray]


class Reward(Term):
    """Base of reward terms."""

    weight: float = 1.0
    """What the term's value is multiplied by."""
    replaces: bool = False
    """Where the term's value is not 0, its share is the whole reward and the other terms do not count."""

    @abstractmethod
    def bind(self, context: Context) -> RewardFunction:
        """A function ``(before, now) -> (cars,)``."""


class Progress(Reward):
    """Metres gained along the centre line; driving back pays back, so shuttling earns nothing."""

    def signals(self, spec: SimulatorSpec) -> Collection[str]:
        return ("distance",)

    def bind(self, context: Context) -> RewardFunction:
        return lambda before, now: now["distance"] - before["distance"]


class TrackSpeed(Reward):
    """Speed along the track's axis, m/s; `of` forward counts only the car's forward speed (as gym_torcs does)."""

    of: Literal["velocity", "forward"] = "velocity"

    def signals(self, spec: SimulatorSpec) -> Collection[str]:
        return ("velocity", "heading_error")

    def bind(self, context: Context) -> RewardFunction:
        if self.of == "forward":
            return lambda before, now: now["velocity"][:, 0] * np.cos(now["heading_error"])
        return _along


class LateralSpeed(Reward):
    """Speed across the track's axis, m/s, never negative; `of` forward counts only the car's forward speed."""

    weight: float = -1.0
    of: Literal["velocity", "forward"] = "velocity"

    def signals(self, spec: SimulatorSpec) -> Collection[str]:
        return ("velocity", "heading_error")

    def bind(self, context: Context) -> RewardFunction:
        if self.of == "forward":
            return lambda before, now: np.abs(now["velocity"][:, 0] * np.sin(now["heading_error"]))
        return _across


class Offset(Reward):
    """Forward speed times the distance from the centre line in half widths, m/s (a common shape for gym_torcs)."""

    weight: float = -1.0

    def signals(self, spec: SimulatorSpec) -> Collection[str]:
        return ("velocity", "track_position")

    def bind(self, context: Context) -> RewardFunction:
        return lambda before, now: now["velocity"][:, 0] * np.abs(now["track_position"])


class Speed(Reward):
    """Speed, m/s."""

    def signals(self, spec: SimulatorSpec) -> Collection[str]:
        return ("speed",)

    def bind(self, context: Context) -> RewardFunction:
        return lambda before, now: now["speed"]


class LineSpeed(Reward):
    """Speed times ``1 - |gap to the target line| / reach``, m/s; negative beyond `reach` metres (assetto_corsa_gym)."""

    needs_track = True
    reach: float = 12.0

    def signals(self, spec: SimulatorSpec) -> Collection[str]:
        return ("speed", *line_gap_signals(spec))

    def bind(self, context: Context) -> RewardFunction:
        return lambda before, now: now["speed"] * (1 - np.abs(context.line_gap(now)) / self.reach)


class LineGap(Reward):
    """Distance from the target line, m, never negative."""

    needs_track = True
    weight: float = -1.0

    def signals(self, spec: SimulatorSpec) -> Collection[str]:
        return line_gap_signals(spec)

    def bind(self, context: Context) -> RewardFunction:
        return lambda before, now: np.abs(context.line_gap(now))


class OffTrack(Reward):
    """1 in each step that ends with the car's centre beyond the edge."""

    weight: float = -1.0

    def signals(self, spec: SimulatorSpec) -> Collection[str]:
        return ("off_track",)

    def bind(self, context: Context) -> RewardFunction:
        return lambda before, now: now["off_track"]


class Stuck(Reward):
    """1 in each step slower than `below` m/s; `of` progress measures along the track."""

    weight: float = -1.0
    below: float = 1.0
    of: Literal["speed", "progress"] = "speed"

    def signals(self, spec: SimulatorSpec) -> Collection[str]:
        return ("speed",) if self.of == "speed" else ("distance",)

    def bind(self, context: Context) -> RewardFunction:
        if self.of == "speed":
            return lambda before, now: now["speed"] < self.below
        step = self.below * context.period
        return lambda before, now: now["distance"] - before["distance"] < step


class Damage(Reward):
    """Damage taken in the step, as a share of what wrecks the car, or 1 for a hit of whatever size."""

    weight: float = -1.0
    counts: Literal["share", "hits"] = "share"

    def signals(self, spec: SimulatorSpec) -> Collection[str]:
        return ("damage",)

    def bind(self, context: Context) -> RewardFunction:
        if self.counts == "hits":
            return lambda before, now: now["damage"] > before["damage"]
        return lambda before, now: now["damage"] - before["damage"]


class Collision(Reward):
    """1 in each step in which the car touched a wall or another car."""

    weight: float = -1.0

    def signals(self, spec: SimulatorSpec) -> Collection[str]:
        return ("collision",)

    def bind(self, context: Context) -> RewardFunction:
        return lambda before, now: now["collision"]


class Roughness(Reward):
    """Length of the change of (steer, throttle, brake) as applied, over one step."""

    weight: float = -0.1
    steer_share: float = Field(default=1.0, ge=0)
    """What the change of steer is multiplied by."""

    def signals(self, spec: SimulatorSpec) -> Collection[str]:
        return ("steer", "throttle", "brake")

    def bind(self, context: Context) -> RewardFunction:
        def roughness(before: Telemetry, now: Telemetry) -> np.ndarray:
            steer = (now["steer"] - before["steer"]) * self.steer_share
            throttle = now["throttle"] - before["throttle"]
            brake = now["brake"] - before["brake"]
            return np.sqrt(steer * steer + throttle * throttle + brake * brake)

        return roughness


class Overtaking(Reward):
    """Places gained in the race; negative when places are lost."""

    def signals(self, spec: SimulatorSpec) -> Collection[str]:
        return ("overtakes",)

    def bind(self, context: Context) -> RewardFunction:
        return lambda before, now: now["overtakes"]


class LapCompleted(Reward):
    """Laps completed in the step."""

    weight: float = 10.0

    def signals(self, spec: SimulatorSpec) -> Collection[str]:
        return ("laps",)

    def bind(self, context: Context) -> RewardFunction:
        return lambda before, now: now["laps"] - before["laps"]


class Finished(Reward):
    """1 in the step in which the car finishes the race."""

    weight: float = 100.0

    def signals(self, spec: SimulatorSpec) -> Collection[str]:
        return ("finished",)

    def bind(self, context: Context) -> RewardFunction:
        return lambda before, now: now["finished"] - before["finished"]


class Time(Reward):
    """Seconds that passed."""

    weight: float = -1.0

    def signals(self, spec: SimulatorSpec) -> Collection[str]:
        return ("time",)

    def bind(self, context: Context) -> RewardFunction:
        return lambda before, now: now["time"] - before["time"]


def _along(before: Telemetry, now: Telemetry) -> np.ndarray:
    velocity, error = now["velocity"], now["heading_error"]
    return velocity[:, 0] * np.cos(error) - velocity[:, 1] * np.sin(error)


def _across(before: Telemetry, now: Telemetry) -> np.ndarray:
    velocity, error = now["velocity"], now["heading_error"]
    return np.abs(velocity[:, 0] * np.sin(error) + velocity[:, 1] * np.cos(error))


REWARDS = TermTable(
    "reward",
    Reward,
    {
        "progress": Progress,
        "track_speed": TrackSpeed,
        "lateral_speed": LateralSpeed,
        "offset": Offset,
        "speed": Speed,
        "line_speed": LineSpeed,
        "line_gap": LineGap,
        "off_track": OffTrack,
        "stuck": Stuck,
        "damage": Damage,
        "collision": Collision,
        "roughness": Roughness,
        "overtaking": Overtaking,
        "lap_completed": LapCompleted,
        "finished": Finished,
        "time": Time,
    },
)
