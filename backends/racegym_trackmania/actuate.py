"""From controls to keys: an axis held for a share of the steps, since a key is either down or up."""

from __future__ import annotations

import math

import numpy as np

from racegym.errors import InvalidAction
from racegym.signals import Controls


def axes(
    controls: Controls, low: np.ndarray, high: np.ndarray, applied: Controls
) -> tuple[float, float, float]:
    """Steer, throttle and brake of one car's `controls`, clipped into `applied`; in reverse gear the pedals change places.

    `InvalidAction` when one is not a number.
    """
    np.clip(controls.block, low, high, out=applied.block)
    steer, throttle, brake = (float(applied[name][0]) for name in ("steer", "throttle", "brake"))
    if not math.isfinite(steer + throttle + brake):
        raise InvalidAction("trackmania: a control is not a number; send finite steer, throttle and brake")
    return (steer, brake, throttle) if applied["gear"][0] < 0 else (steer, throttle, brake)


class KeyAxes:
    """Steer, throttle and brake as held arrow keys.

    Each axis adds up what was wanted less what was done, and presses when half a step or more is owed (first-order
    sigma-delta modulation). So +-1 and 0 are exact, and a value between is right on average over a few steps.
    """

    def __init__(self) -> None:
        self._owed = {"steer": 0.0, "throttle": 0.0, "brake": 0.0}

    def reset(self) -> None:
        """Owe nothing."""
        self._owed = dict.fromkeys(self._owed, 0.0)

    def press(self, steer: float, throttle: float, brake: float) -> tuple[float, float, float]:
        """What to do in this step, each -1, 0 or 1 (pedals 0 or 1)."""
        return self._level("steer", steer), self._level("throttle", throttle), self._level("brake", brake)

    def _level(self, axis: str, wanted: float) -> float:
        if wanted == 0.0:
            self._owed[axis] = 0.0
            return 0.0
        owed = self._owed[axis] + wanted
        level = math.copysign(1.0, owed) if abs(owed) >= 0.5 else 0.0
        if level * wanted < 0:  # never the other way than wanted
            level = 0.0
        self._owed[axis] = min(max(owed - level, -1.0), 1.0)
        return level


def held(steer: float, throttle: float, brake: float) -> frozenset[str]:
    """Names of the keys for levels of -1, 0 and 1; steer + is left."""
    levels = (("left", steer > 0), ("right", steer < 0), ("up", throttle > 0), ("down", brake > 0))
    return frozenset(name for name, down in levels if down)
