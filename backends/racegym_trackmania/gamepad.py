"""A virtual Xbox 360 gamepad by vgamepad: ViGEmBus on Windows, /dev/uinput on Linux. Analogue, and for the
whole seat.
"""

from __future__ import annotations

from typing import Any

from racegym.errors import BackendUnavailable


class Gamepad:
    """Steer on the left stick, throttle and brake on the triggers."""

    def __init__(self) -> None:
        try:
            import vgamepad  # pyright: ignore[reportMissingImports]
        except (ImportError, OSError) as error:  # OSError: libevdev is missing
            raise BackendUnavailable(
                f"trackmania: the gamepad needs the package vgamepad, and on Linux libevdev ({error}); "
                "pip install vgamepad, or drive by keys"
            ) from error
        try:
            self._pad: Any = vgamepad.VX360Gamepad()
        except Exception as error:  # no common error: a missing driver or a forbidden device
            raise BackendUnavailable(
                f"trackmania: no gamepad can be made ({error}); on Windows install ViGEmBus, on Linux allow writing to "
                "/dev/uinput, or drive by keys"
            ) from error

    def set(self, steer: float, throttle: float, brake: float) -> None:
        """Steer + is left, so the stick goes to the left."""
        self._pad.left_joystick_float(x_value_float=-steer, y_value_float=0.0)
        self._pad.right_trigger_float(value_float=throttle)
        self._pad.left_trigger_float(value_float=brake)
        self._pad.update()

    def release(self) -> None:
        """Let everything go."""
        self._pad.reset()
        self._pad.update()

    def close(self) -> None:
        self.release()
        del self._pad
