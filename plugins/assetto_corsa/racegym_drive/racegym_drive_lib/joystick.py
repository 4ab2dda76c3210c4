"""vJoy from inside the game: axes and buttons as assetto_corsa_gym lays them out, return codes checked."""

import struct

POSITION = struct.Struct("<B3x19l4I")
FULL = 32768
AXIS_X, AXIS_Y, AXIS_Z, BUTTONS = 3, 4, 5, 18
SHIFT_UP, SHIFT_DOWN = 1, 2


def axis(value):
    """A value in [-1, 1] as vJoy counts."""
    return min(max(int((value + 1.0) / 2.0 * FULL), 0), FULL)


class Joystick:
    """Device `number` of the driver behind `library`; acquired when first used, and again whenever it was lost."""

    def __init__(self, library, number):
        import ctypes

        load = getattr(ctypes, "WinDLL", ctypes.CDLL)
        self._driver = load(library)
        self._bytes = ctypes.create_string_buffer
        self._number = number
        self._held = False
        self.failures = 0
        self._axes = (0.0, -1.0, -1.0)
        self._buttons = 0

    def acquire(self):
        """Take the device over, anew if we had it; whether that went well."""
        if self._held:
            self._driver.RelinquishVJD(self._number)
        self._held = bool(self._driver.AcquireVJD(self._number))
        return self._held and self._write()

    def set(self, steer, throttle, brake, shift_up, shift_down):
        """Move the axes, each in [-1, 1]; hold or let go of the shift buttons (up wins)."""
        self._axes = (steer, throttle, brake)
        self._buttons = (self._buttons & ~3) | (SHIFT_UP if shift_up else SHIFT_DOWN if shift_down else 0)
        self._update()

    def hold(self, button, held):
        """Hold or let go of another button, numbered from 0."""
        self._buttons = self._buttons | (1 << button) if held else self._buttons & ~(1 << button)
        self._update()

    def _update(self):
        if (not self._held or not self._write()) and not self.acquire():
            self.failures += 1

    def _write(self):
        values = [0] * 19
        for place, value in zip((AXIS_X, AXIS_Y, AXIS_Z), self._axes):
            values[place] = axis(value)
        values[BUTTONS] = self._buttons
        data = POSITION.pack(self._number, *(values + [0xFFFFFFFF] * 4))
        return bool(self._driver.UpdateVJD(self._number, self._bytes(data, len(data))))

    def close(self):
        """Leave the axes at rest and the device to others."""
        self._buttons = 0
        self.set(0.0, -1.0, -1.0, False, False)
        self._driver.RelinquishVJD(self._number)
        self._held = False
