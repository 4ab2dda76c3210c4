"""vJoy's driver as a plug-in or `Vjoy` sees it: a library of three functions, here moving the stand-in's stick."""

from __future__ import annotations

import struct
from typing import Any

from racegym_assetto_corsa.stand_in.world import Stick

POSITION = struct.Struct("<B3x19l4I")
FULL = 32768


class Driver:
    """Stands where ``ctypes.WinDLL(".../vJoyInterface.dll")`` stood. `broken`: it has dropped its device."""

    def __init__(self, stick: Stick) -> None:
        self._stick = stick
        self._held = False
        self.broken = False

    def AcquireVJD(self, device: int) -> int:  # noqa: N802
        self.broken = False
        self._held = device == 1
        return int(self._held)

    def RelinquishVJD(self, device: int) -> int:  # noqa: N802
        self._held = False
        return 1

    def UpdateVJD(self, device: int, position: Any) -> int:  # noqa: N802
        if not self._held or self.broken or device != 1:
            return 0
        _, *values = POSITION.unpack(bytes(position)[: POSITION.size])
        steer, throttle, brake, buttons = values[3], values[4], values[5], values[18]
        self._stick.steer = steer / FULL * 2 - 1
        self._stick.throttle = throttle / FULL
        self._stick.brake = brake / FULL
        self._stick.buttons = buttons
        return 1
