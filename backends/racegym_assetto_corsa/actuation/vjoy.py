"""vJoy on the game's own machine (Windows): its library by ctypes, every return code checked.

The layout of a position is the driver's JOYSTICK_POSITION, 96 bytes; axes count from 0 to 32768.
"""

from __future__ import annotations

import ctypes
import struct
from pathlib import Path
from typing import Any

from racegym.errors import BackendUnavailable, SimulatorLost
from racegym_assetto_corsa import places
from racegym_assetto_corsa.convert import NEUTRAL, Axes

POSITION = struct.Struct("<B3x19l4I")
FULL = 32768
_X, _Y, _Z, _BUTTONS = 3, 4, 5, 18
_NO_HAT = (0xFFFFFFFF,) * 4
#: As in the controls preset that `install` writes.
RESTART_BUTTON = 2

REMEDY = "install vJoy, enable its device 1, and close whatever else drives it (the plug-in, another racegym)"


def axis(value: float) -> int:
    """A value in [-1, 1] as vJoy counts."""
    return min(max(int((value + 1) / 2 * FULL), 0), FULL)


def position(device: int, axes: Axes, restart: bool = False) -> bytes:
    """The driver's record for these axes and buttons."""
    values = [0] * 19
    values[_X], values[_Y], values[_Z] = axis(axes.steer), axis(axes.throttle), axis(axes.brake)
    shift = 1 if axes.shift_up else 2 if axes.shift_down else 0
    values[_BUTTONS] = shift | (restart << RESTART_BUTTON)
    return POSITION.pack(device, *values, *_NO_HAT)


class VjoyActuator:
    """One device of the driver; taken anew whenever it was lost."""

    def __init__(self, library: Path = places.VJOY, device: int = 1) -> None:
        self._path = library
        self._device = device
        self._driver: Any = None
        self._axes, self._restart = NEUTRAL, False

    def open(self) -> None:
        load = getattr(ctypes, "WinDLL", ctypes.CDLL)
        try:
            self._driver = load(str(self._path))
        except OSError as error:
            raise BackendUnavailable(
                f"assetto_corsa: vJoy's library cannot be loaded from {self._path} ({error}); {REMEDY}"
            ) from error
        if not self._driver.AcquireVJD(self._device):
            self._driver = None
            raise BackendUnavailable(
                f"assetto_corsa: vJoy device {self._device} cannot be acquired; {REMEDY}"
            )

    def set(self, axes: Axes) -> None:
        self._axes = axes
        self._update()

    def _update(self) -> None:
        if self._driver is None:
            raise SimulatorLost("assetto_corsa: the joystick is not held; call open() first")
        if not self._write():
            self.renew()

    def _write(self) -> bool:
        data = position(self._device, self._axes, self._restart)
        return bool(self._driver.UpdateVJD(self._device, ctypes.create_string_buffer(data, len(data))))

    def renew(self) -> None:
        self._driver.RelinquishVJD(self._device)
        if not (self._driver.AcquireVJD(self._device) and self._write()):
            raise SimulatorLost(
                f"assetto_corsa: vJoy dropped device {self._device} and does not give it back; {REMEDY}"
            )

    def restart(self, held: bool) -> None:
        self._restart = held
        self._update()

    def close(self) -> None:
        if self._driver is not None:
            self._axes, self._restart = NEUTRAL, False
            self._write()
            self._driver.RelinquishVJD(self._device)
            self._driver = None
