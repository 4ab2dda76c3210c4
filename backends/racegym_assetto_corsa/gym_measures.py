"""What assetto_corsa_gym works out of its CSVs, as it does: rays, gap to the racing line, curvature and speed ahead.

For comparing with it number for number. Where racegym's own sensors differ: borders are every tenth point and the last,
joined by straight lines and open at the end; rays see the far side of a border from outside; the gap is that to the
nearer
of the two segments at the nearest point of the line; places ahead count along the line from TrackLength times the
game's share of the lap. Its smoothing of a line without a curvature column (quartic splines of SciPy) is not copied:
`curvature_of` takes the place of it.
"""

from __future__ import annotations

import numpy as np

from racegym.signals import LINE_PLACES
from racegym_assetto_corsa.tracks.gym_files import Files

REACH = 200.0
#: Of the border's points, one in so many.
EVERY = 10
#: Along the line, m: what is seen ahead, and between places.
AHEAD, SPACING = 300, 25
#: Half the window over which `curvature_of` measures, m.
WINDOW = 12


class Rays:
    """Distances to the borders."""

    def __init__(self, files: Files) -> None:
        kept = [
            border[np.r_[0 : len(border) : EVERY, len(border) - 1]] for border in (files.left, files.right)
        ]
        self._starts = np.concatenate([border[:-1] for border in kept])
        self._ways = np.concatenate([np.diff(border, axis=0) for border in kept])

    def cast(self, position: np.ndarray, yaw: float, angles: np.ndarray) -> np.ndarray:
        """Metres from `position` ``(2,)`` along `angles` ``(k,)``, rad from `yaw` counter-clockwise; at most
        `REACH`."""
        bearings = yaw + angles[:, None]
        x, y = np.cos(bearings), np.sin(bearings)
        from_x, from_y = (self._starts - position).T
        way_x, way_y = self._ways.T
        across = x * way_y - y * way_x
        with np.errstate(divide="ignore", invalid="ignore"):
            distance = (from_x * way_y - from_y * way_x) / across
            share = (from_x * y - from_y * x) / across
        hit = (across != 0) & (distance >= 0) & (share >= 0) & (share <= 1)
        return np.where(hit, distance, REACH).min(axis=1).clip(max=REACH)


class Line:
    """The racing line: how far off it is, how it bends and how fast it is driven ahead."""

    def __init__(self, files: Files) -> None:
        self._points = files.line
        self._length = files.length
        steps = np.hypot(*np.diff(files.line, axis=0).T)
        stations = np.concatenate([[0.0], np.cumsum(steps)])
        metres = np.arange(0.0, stations[-1], 1.0)
        curvature = curvature_of(files.line) if files.curvature is None else files.curvature
        self._curvature = np.interp(metres, stations, curvature)
        speed = np.full(len(stations), np.nan) if files.target_speed is None else files.target_speed
        self._speed = np.interp(metres, stations, speed)
        self._places = np.arange(AHEAD)[:: AHEAD // LINE_PLACES][:LINE_PLACES]

    def gap(self, position: np.ndarray) -> float:
        """Metres beside the line, + to the left."""
        points = self._points
        nearest = int(((points - position) ** 2).sum(axis=1).argmin())
        sides = [self._beside(position, i) for i in (nearest - 1, nearest) if 0 <= i < len(points) - 1]
        return min(sides, key=abs)

    def _beside(self, position: np.ndarray, segment: int) -> float:
        """Signed distance from one segment, + to the left."""
        start, end = self._points[segment], self._points[segment + 1]
        way = end - start
        share = float(np.clip((position - start) @ way / (way @ way), 0.0, 1.0))
        off = position - (start + share * way)
        side = way[0] * (position - start)[1] - way[1] * (position - start)[0]
        return float(np.copysign(np.hypot(*off), side))

    def ahead(self, share: float) -> tuple[np.ndarray, np.ndarray]:
        """Curvature (1/m, + left) and speed (m/s) at the places ahead of `share` of the lap."""
        first = int(np.ceil(self._length * share - 1e-9))
        places = (first + self._places) % len(self._curvature)
        return self._curvature[places], self._speed[places]


def curvature_of(line: np.ndarray) -> np.ndarray:
    """Curvature at each point of a closed line ``(n, 2)``, 1/m, + left: of the circle through it and the points about
    `WINDOW` metres before and after (Menger)."""
    spacing = float(np.median(np.hypot(*np.diff(line, axis=0).T)))
    shift = max(1, round(WINDOW / spacing))
    before, after = np.roll(line, shift, axis=0), np.roll(line, -shift, axis=0)
    one, two = line - before, after - line
    area = one[:, 0] * two[:, 1] - one[:, 1] * two[:, 0]
    sides = np.hypot(*one.T) * np.hypot(*two.T) * np.hypot(*(after - before).T)
    return 2 * area / np.maximum(sides, 1e-9)
