"""A wheel of our own on Linux, by uinput: for a game under Proton on the same machine.

Its name holds "X-Box 360" and its axes are those of assetto_corsa_gym's Linux preset (steer on X, throttle on Y,
brake on RX,
the game's axes 0, 1 and 3), so that preset and ours both fit; buttons 0 and 1 shift, 2 restarts the session.
"""

from __future__ import annotations

from typing import Any

from racegym.errors import BackendUnavailable, SimulatorLost
from racegym_assetto_corsa.convert import NEUTRAL, Axes

NAME = "racegym wheel (X-Box 360)"
#: Codes of linux/input-event-codes.h. Z, between Y and RX, keeps the brake at the game's axis 3.
EV_KEY, EV_ABS = 0x01, 0x03
ABS_X, ABS_Y, ABS_Z, ABS_RX = 0x00, 0x01, 0x02, 0x03
BTN_UP, BTN_DOWN, BTN_RESTART = 0x130, 0x131, 0x133
LOWEST, HIGHEST = -32768, 32767

REMEDY = "pip install 'racegym[assetto_corsa]', modprobe uinput, and give yourself access to /dev/uinput"


def axis(value: float) -> int:
    """A value in [-1, 1] as the device counts."""
    return min(max(round((value + 1) / 2 * (HIGHEST - LOWEST)) + LOWEST, LOWEST), HIGHEST)


def events(axes: Axes, restart: bool = False) -> list[tuple[int, int, int]]:
    """Type, code and value of everything that the device reports."""
    return [
        (EV_ABS, ABS_X, axis(axes.steer)),
        (EV_ABS, ABS_Y, axis(axes.throttle)),
        (EV_ABS, ABS_RX, axis(axes.brake)),
        (EV_KEY, BTN_UP, int(axes.shift_up)),
        (EV_KEY, BTN_DOWN, int(axes.shift_down and not axes.shift_up)),
        (EV_KEY, BTN_RESTART, int(restart)),
    ]


class UinputActuator:
    """Our own device, there from `open` to `close`."""

    def __init__(self) -> None:
        self._device: Any = None
        self._axes, self._restart = NEUTRAL, False

    def open(self) -> None:
        try:
            import evdev  # pyright: ignore[reportMissingImports]
        except ImportError as error:
            raise BackendUnavailable(f"assetto_corsa: the package evdev is missing; {REMEDY}") from error
        reach = evdev.AbsInfo(value=0, min=LOWEST, max=HIGHEST, fuzz=0, flat=0, resolution=0)
        axes = [(code, reach) for code in (ABS_X, ABS_Y, ABS_Z, ABS_RX)]
        events: Any = {EV_ABS: axes, EV_KEY: [BTN_UP, BTN_DOWN, BTN_RESTART]}
        try:
            self._device = evdev.UInput(events, name=NAME)
        except OSError as error:
            raise BackendUnavailable(
                f"assetto_corsa: no device can be made by uinput ({error}); {REMEDY}"
            ) from error
        self.set(NEUTRAL)

    def set(self, axes: Axes) -> None:
        self._axes = axes
        self._report()

    def _report(self) -> None:
        if self._device is None:
            raise SimulatorLost("assetto_corsa: the wheel is not there; call open() first")
        try:
            for kind, code, value in events(self._axes, self._restart):
                self._device.write(kind, code, value)
            self._device.syn()
        except OSError as error:
            raise SimulatorLost(f"assetto_corsa: the wheel made by uinput is gone ({error})") from error

    def renew(self) -> None:
        """The device is ours and is never taken away: back to rest is enough, and the game keeps knowing it."""
        self.set(NEUTRAL)

    def restart(self, held: bool) -> None:
        self._restart = held
        self._report()

    def close(self) -> None:
        if self._device is not None:
            self._axes, self._restart = NEUTRAL, False
            try:
                self._report()
            finally:
                self._device.close()
                self._device = None
