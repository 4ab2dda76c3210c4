"""Custom Shaders Patch's Custom AI memory (Windows): the car driven at the rate of its physics, without a joystick.

By the patch's documentation; never tried in the game, and one project read a field elsewhere: see
docs/assetto_corsa.md. `CONTROLS` is the layout that CSP reads: little-endian, 72 bytes.
"""

from __future__ import annotations

import mmap
import struct
import sys
from collections.abc import Mapping
from typing import Any

from racegym.errors import BackendUnavailable, ConfigurationError, SimulatorLost
from racegym_assetto_corsa.convert import NEUTRAL, Axes

MAPPING = "AcTools.CSP.NewBehaviour.CustomAI.CarControls{car}.v0"
SIZE = 72
#: Where each control lies, and as what.
CONTROLS: Mapping[str, tuple[int, str]] = {
    "gas": (0, "<f"), "brake": (4, "<f"), "clutch": (8, "<f"), "steer": (12, "<f"), "handbrake": (16, "<f"),
    "gear_up": (20, "<B"), "gear_down": (21, "<B"), "drs": (22, "<B"), "kers": (23, "<B"),
    "teleport_to": (40, "<B"), "autoclutch_on_start": (41, "<B"), "autoclutch_on_change": (42, "<B"),
    "autoblip": (43, "<B"), "teleport_position": (44, "<3f"), "teleport_direction": (56, "<3f"),
    "autoshift": (68, "<B"),
}  # fmt: skip
TO_PITS, TO_POSITION = 1, 2

REMEDY = (
    "it is Windows only and needs Custom Shaders Patch with [CUSTOM_AI] ENABLED=1 in "
    "extension/config/new_behaviour.ini and, in the "
    "track's data/surfaces.ini, extended physics and [_EXTRA_PERMISSIONS] ALLOW_CUSTOM_AI_MANIPULATION=1"
)


def write(memory: Any, **values: float | tuple[float, ...]) -> None:
    """Set controls by name in a buffer of `SIZE` bytes."""
    for name, value in values.items():
        offset, layout = CONTROLS[name]
        numbers = value if isinstance(value, tuple) else (value,)
        struct.pack_into(layout, memory, offset, *(int(n) if layout == "<B" else n for n in numbers))


def controls(axes: Axes) -> dict[str, float]:
    """What the memory is to hold for these axes: pedals count from 0 here, and the clutches are the game's."""
    return {
        "steer": axes.steer,
        "gas": (axes.throttle + 1) / 2,
        "brake": (axes.brake + 1) / 2,
        "clutch": 0.0,
        "gear_up": axes.shift_up,
        "gear_down": axes.shift_down and not axes.shift_up,
        "autoclutch_on_start": 1,
        "autoclutch_on_change": 1,
    }


class CustomAiActuator:
    """Takes the car over while its mapping exists."""

    def __init__(self, car: int = 0) -> None:
        self._name = MAPPING.format(car=car)
        self._memory: Any = None

    def open(self) -> None:
        if sys.platform != "win32":
            raise BackendUnavailable(f"assetto_corsa: no Custom AI memory here; {REMEDY}")
        self._memory = mmap.mmap(-1, SIZE, self._name)
        self.set(NEUTRAL)

    def set(self, axes: Axes) -> None:
        if self._memory is None:
            raise SimulatorLost("assetto_corsa: the Custom AI memory is not mapped; call open() first")
        write(self._memory, **controls(axes))

    def renew(self) -> None:
        self.set(NEUTRAL)

    def restart(self, held: bool) -> None:
        raise ConfigurationError(
            "assetto_corsa: Custom AI has no restart button; set simulator.reset: recover"
        )

    def close(self) -> None:
        if self._memory is not None:
            self.set(NEUTRAL)
            self._memory.close()
            self._memory = None
