"""Pictures without a screen: the stand-in's polygons filled row by row."""

from __future__ import annotations

import numpy as np

from racegym_trackmania.stand_in import view
from racegym_trackmania.stand_in.race import Race


def paint(race: Race, width: int, height: int) -> np.ndarray:
    """What the window would show but for the HUD: uint8 ``(height, width, 4)``, blue first."""
    picture = np.zeros((height, width, 4), np.uint8)
    picture[..., :3] = view.SKY[::-1]
    now = race.telemetry
    pose = now["position"][0], float(now["yaw"][0]), race.distance
    for shape in view.road(race.track, *pose, width, height):
        picture[_inside(shape.points, width, height), :3] = shape.colour[::-1]
    return picture


def _inside(points: np.ndarray, width: int, height: int) -> np.ndarray:
    """Which pixels' centres lie inside a polygon, by the even-odd rule: bool ``(height, width)``."""
    flips = np.zeros((height, width + 1), np.int32)
    ends = np.roll(points, -1, axis=0)
    rows = np.arange(height) + 0.5
    for (x0, y0), (x1, y1) in zip(points.tolist(), ends.tolist(), strict=True):
        crossed = (rows >= min(y0, y1)) & (rows < max(y0, y1))
        if crossed.any():
            x = x0 + (rows[crossed] - y0) * (x1 - x0) / (y1 - y0)
            np.add.at(flips, (np.flatnonzero(crossed), np.clip(np.ceil(x - 0.5), 0, width).astype(int)), 1)
    return flips[:, :-1].cumsum(axis=1) % 2 == 1
