"""What a car of ours can be told: the bounds of its controls, the shift points of its gears."""

from __future__ import annotations

import numpy as np

from racegym.signals import CONTROLS
from racegym.simulator import Gearbox
from racegym_torcs import gearbox, locate

_GEAR, _HANDBRAKE = CONTROLS.columns("gear").start, CONTROLS.columns("handbrake").start
FOCUS = CONTROLS.columns("focus").start
"""Before this column every control has to be a number, but for those that an expert chooses."""
NOT_A_NUMBER = "torcs: a control is not a number; send finite steer, throttle, brake, clutch and gear"


def bounds(gears: list[int]) -> tuple[np.ndarray, np.ndarray]:
    """Lowest and highest controls of cars with so many `gears`, as large as a block, which NumPy clips quicker."""
    low = np.array([signal.low for signal in CONTROLS.values()])
    high = np.array([signal.high for signal in CONTROLS.values()])
    lows, highs = np.tile(low, (len(gears), 1)), np.tile(high, (len(gears), 1))
    highs[:, _GEAR], highs[:, _HANDBRAKE] = gears, 0.0
    return lows, highs


def gearbox_of(car: str) -> Gearbox:
    """The shift points of the model `car`, as far as an installed game tells."""
    installation = locate.find()
    if installation is None:
        return gearbox.DEFAULT
    return gearbox.shift_points(installation.data / "cars" / car / f"{car}.xml")
