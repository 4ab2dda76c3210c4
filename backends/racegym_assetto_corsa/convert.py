"""The one conversion between the game's axes and units and racegym's: states to telemetry, controls to joystick axes.

The plug-in's world is x = the game's Z, y = its X, z = its Y: right-handed with z up, so that yaw, given as the
angle from x towards y, is counter-clockwise already. In the car's frame the first axis is forward, the second left.
Not taken over: pitch and roll, whose signs nobody has documented.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from racegym.signals import SIGNALS
from racegym_assetto_corsa.cars import Car
from racegym_assetto_corsa.wire import WHEELS, State

GRAVITY = 9.80665
RPM = 2 * math.pi / 60
DEGREE = math.pi / 180


@dataclass(frozen=True)
class Source:
    """Where a signal comes from: keys of the state, a factor to SI and ISO, and what is added before it."""

    keys: tuple[str, ...]
    factor: float = 1.0
    shift: float = 0.0


def _of(*keys: str, factor: float = 1.0, shift: float = 0.0) -> Source:
    return Source(keys, factor, shift)


#: Signals by a plain factor. An empty key stands for 0: what the wire does not carry.
SOURCES: Mapping[str, Source] = {
    "position": _of("world_position_x", "world_position_y", "world_position_z"),
    "yaw": _of("yaw"),
    "speed": _of("speed"),
    "velocity": _of("local_velocity_x", "local_velocity_y", "local_velocity_z"),
    "acceleration": _of("accelY", "accelX", "", factor=GRAVITY),
    "yaw_rate": _of("angular_velocity_y"),
    "engine_speed": _of("RPM", factor=RPM),
    "gear": _of("actualGear", shift=-1),
    "steering_wheel": _of("steerAngle", factor=-DEGREE),
    "throttle": _of("accStatus"),
    "brake": _of("brakeStatus"),
    "force_feedback": _of("LastFF"),
    "wheels_off": _of("numberOfTyresOut"),
    "slip_angles": _of(*(f"SlipAngle_{wheel}" for wheel in WHEELS), factor=DEGREE),
}
#: Those that come with ``send_extra_channels`` alone.
EXTRA_SOURCES: Mapping[str, Source] = {"wheel_speeds": _of(*(f"wheel_speed_{wheel}" for wheel in WHEELS))}
#: Worked out with more than a factor.
WORKED_OUT = ("time", "steer")


class Axes(NamedTuple):
    """What a joystick is set to: axes in [-1, 1], steer +1 right, pedals -1 released; buttons held or not."""

    steer: float = 0.0
    throttle: float = -1.0
    brake: float = -1.0
    shift_up: bool = False
    shift_down: bool = False


NEUTRAL = Axes()


class Converter:
    """Conversions for one car; `extra` when the plug-in sends its extra channels."""

    def __init__(self, car: Car, extra: bool) -> None:
        self._car = car
        sources = {**SOURCES, **(EXTRA_SOURCES if extra else {})}
        self.signals = frozenset(sources) | set(WORKED_OUT)
        self._reads: list[tuple[int, str, float, float]] = [
            (SIGNALS.columns(name).start + place, key, source.factor, source.shift)
            for name, source in sources.items()
            for place, key in enumerate(source.keys)
        ]
        self._ranges = np.array([(s.low, s.high) for s in SIGNALS.values() for _ in range(s.size)]).T
        self._whole = [SIGNALS.columns(name).start for name in ("gear", "wheels_off")]

    def fill(self, row: np.ndarray, state: State, began: float) -> None:
        """Fill one row of a telemetry block from `state`; `began` is the ``timestamp_ac`` of time 0.

        `KeyError` for a missing extra channel. Numbers are held inside their signals' ranges.
        """
        for column, key, factor, shift in self._reads:
            row[column] = (state[key] + shift) * factor if key else 0.0
        row[_YAW] = math.remainder(row[_YAW], math.tau)
        row[_STEER] = row[_WHEEL] / self._car.lock
        row[_TIME] = state["timestamp_ac"] - began
        row[self._whole] = np.rint(row[self._whole])
        low, high = self._ranges
        # NaN, of signals that nobody provides, stays NaN
        np.clip(row, low, high, out=row)

    def axes(self, steer: float, throttle: float, brake: float) -> Axes:
        """Joystick axes for racegym's controls, steer 1 being the car's own full lock."""
        return Axes(-steer * self._car.full_command, 2 * throttle - 1, 2 * self._pedal(brake) - 1)

    def _pedal(self, brake: float) -> float:
        """How far the brake axis is moved so that the game, which takes a power of it, brakes by `brake`."""
        return brake ** (1 / self._car.brake_gamma)


_YAW, _STEER = SIGNALS.columns("yaw").start, SIGNALS.columns("steer").start
_WHEEL, _TIME = SIGNALS.columns("steering_wheel").start, SIGNALS.columns("time").start
