"""Shift points of a TORCS car, from the torque curve and gear ratios in its description."""

from __future__ import annotations

import math
import xml.etree.ElementTree as ElementTree
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np

from racegym.simulator import Gearbox

_REVOLUTION = math.tau / 60
_LIMIT = 0.97
"""Shift up at the latest at this share of the rev limiter."""
_HYSTERESIS = 0.90
"""Shift down where the lower gear then turns at this share of its own shift-up speed."""

#: Shift points of car1-trb1, rad/s, for when the game is not installed.
DEFAULT = Gearbox(
    up=(929.6, 929.6, 929.6, 929.6, 929.6, math.inf), down=(0.0, 529.9, 616.5, 657.4, 684.5, 715.8)
)  # fmt: skip


def shift_points(description: Path) -> Gearbox:
    """Shift points of the car in the TORCS car file `description`; `DEFAULT` when that does not say enough.

    The best moment to shift up is where the next gear begins to pull harder at the wheel.
    """
    try:
        root = ElementTree.fromstring(description.read_text("latin-1"))
        limiter = _number(root, "Engine", "revs limiter")
        curve = _curve(root)
        ratios = _ratios(root)
    except (OSError, ElementTree.ParseError, LookupError, ValueError, StopIteration):
        return DEFAULT
    up = [_shift_up(curve, limiter, low, high) for low, high in pairwise(ratios)]
    down = [
        _HYSTERESIS * speed * high / low for speed, low, high in zip(up, ratios, ratios[1:], strict=False)
    ]
    return Gearbox(up=(*up, math.inf), down=(0.0, *down))


def _shift_up(curve: np.ndarray, limiter: float, low: float, high: float) -> float:
    speeds = np.linspace(0.5, _LIMIT, 95) * limiter
    now = low * np.interp(speeds, curve[:, 0], curve[:, 1])
    then = high * np.interp(speeds * high / low, curve[:, 0], curve[:, 1])
    better = np.flatnonzero(then > now)
    return round(float(speeds[better[0]] if len(better) else speeds[-1]), 1)


def _section(root: ElementTree.Element, *path: str) -> ElementTree.Element:
    for name in path:
        root = next(child for child in root.iter("section") if child.get("name") == name)
    return root


def _number(root: ElementTree.Element, section: str, name: str) -> float:
    found = next(child for child in _section(root, section).iter("attnum") if child.get("name") == name)
    return _si(found)


def _si(attribute: ElementTree.Element) -> float:
    value = float(attribute.get("val", "nan"))
    return value * _REVOLUTION if attribute.get("unit") == "rpm" else value


def _curve(root: ElementTree.Element) -> np.ndarray:
    """Engine speed in rad/s and torque in N m, one row a point."""
    points = [
        {a.get("name"): _si(a) for a in point.iter("attnum")}
        for point in _section(root, "Engine", "data points")
    ]
    return np.array([(point["rpm"], point["Tq"]) for point in points])


def _ratios(root: ElementTree.Element) -> Sequence[float]:
    gears = {gear.get("name"): gear for gear in _section(root, "Gearbox", "gears")}
    forward = [gears[str(i)] for i in range(1, 10) if str(i) in gears]
    ratios = [next(_si(a) for a in gear.iter("attnum") if a.get("name") == "ratio") for gear in forward]
    used = [ratio for ratio in ratios if ratio > 0]
    if not used:
        raise ValueError("no forward gears")
    return used
