"""A gamepad by Linux's joystick interface (linux/joystick.h): events of 8 bytes, read without waiting."""

from __future__ import annotations

import os
import struct
import sys
from pathlib import Path

_EVENT = struct.Struct("<IhBB")
_AXIS, _START = 0x02, 0x80
_FULL = 32767.0
STEER, BRAKE, THROTTLE = 0, 2, 5
"""Axes of common pads: left stick across, left trigger, right trigger."""
DEAD = 0.06


class Gamepad:
    """The pad behind an open descriptor."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._axes: dict[int, float] = {}
        self._moved: set[int] = set()

    @classmethod
    def find(cls, folder: Path = Path("/dev/input")) -> Gamepad | None:
        """The first pad that may be read; None where there is none."""
        if not sys.platform.startswith("linux"):
            return None
        for path in sorted(folder.glob("js*")):
            try:
                return cls(os.open(path, os.O_RDONLY | os.O_NONBLOCK))
            except OSError:
                continue
        return None

    def read(self) -> tuple[float, float]:
        """Steering, + left, and pedal, - brakes, both -1 to 1; a pad that was pulled out lets go of everything."""
        try:
            while data := os.read(self._descriptor, _EVENT.size * 64):
                for _, value, kind, number in _EVENT.iter_unpack(
                    data[: len(data) // _EVENT.size * _EVENT.size]
                ):
                    if kind & ~_START == _AXIS:
                        self._axes[number] = value / _FULL
                        if not kind & _START:
                            self._moved.add(number)
        except BlockingIOError:
            pass
        except OSError:
            self._axes.clear()
        stick = self._axes.get(STEER, 0.0)
        steer = 0.0 if abs(stick) < DEAD else -stick
        return max(-1.0, min(1.0, steer)), self._trigger(THROTTLE) - self._trigger(BRAKE)

    def _trigger(self, axis: int) -> float:
        """0 to 1; at rest it reads -1, or 0 before it was first moved."""
        return (self._axes.get(axis, -1.0) + 1) / 2 if axis in self._moved else 0.0
