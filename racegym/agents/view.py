"""The road ahead as the range finders show it: the centre line, from the ends of the beams on the outer edge.

Arrays have shape ``(cars,)``, or ``(cars, k)`` along beams or along the `STATIONS` of the road ahead; + is left.
"""

from __future__ import annotations

import numpy as np

from racegym.signals import BEAMS, DEFAULT_BEAM_ANGLES

ANGLES = np.radians(DEFAULT_BEAM_ANGLES)
OPEN = 199.0  # m; a longer beam has met no edge
STATIONS = 24


def road(
    ranges: np.ndarray, error: np.ndarray, half: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The centre line ahead: stations in m ``(cars, STATIONS + 1)``, curvature between them, and the view in m."""
    station, heading, seen, side = _edge(ranges, error, half)
    # beyond the last direction seen, the road goes on bending as over the 25 m before
    final = np.maximum(seen.sum(1, keepdims=True), 1) - 1
    end, turned = np.take_along_axis(station, final, 1), np.take_along_axis(heading, final, 1)
    station = np.concatenate([0 * end, np.where(seen, station, 1e4), 0 * end + 2e4], axis=1)
    heading = np.concatenate([0 * end, np.where(seen, heading, turned), turned], axis=1)
    back = np.maximum(end - 25, 0)
    rate = (turned - _interpolate(back, station, heading)) / np.maximum(end - back, 5)
    heading += np.where(station > 9e3, np.clip(rate, -0.1, 0.1) * (station - end), 0)
    stations = np.clip(1.3 * end + 10, 30, 220) * np.arange(STATIONS + 1) / STATIONS
    bends = np.diff(_interpolate(stations, station, heading), axis=1) / np.diff(stations, axis=1)
    return stations, bends * side, np.maximum(ranges.max(1), end[:, 0])


def _edge(
    ranges: np.ndarray, error: np.ndarray, half: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """The outer edge of the bend ahead, which is in view furthest, as a polyline through the ends of the beams.

    Of its segments the place along the centre line in m, the direction relative to the road's here in rad, and
    whether they were seen, ``(cars, BEAMS - 1)``; and +1 where it is the right edge, -1 where all is mirrored.
    """
    view = ranges.max(1, keepdims=True)
    longest = ranges >= view - 1e-3
    first, last = longest.argmax(1)[:, None], BEAMS - 1 - longest[:, ::-1].argmax(1)[:, None]
    # beside the longest beam it is the inner edge, which hides the road, where the range drops more
    beside = np.clip(np.concatenate([first - 1, last + 1], axis=1), 0, BEAMS - 1)
    left, right = np.take_along_axis(ranges, beside, 1).T[..., None]
    bends_left = left <= right
    side = np.where(bends_left, 1.0, -1.0)
    ranges = np.where(bends_left, ranges[:, ::-1], ranges)
    angles = error[:, None] * side - ANGLES
    along, across = np.diff(ranges * np.cos(angles), axis=1), np.diff(ranges * np.sin(angles), axis=1)
    seen = np.arange(BEAMS - 1) < np.where(bends_left, BEAMS - 1 - last, first)
    seen &= ranges[:, 1:] < OPEN
    length, heading = np.hypot(along, across), np.unwrap(np.arctan2(across, along), axis=1)
    # round the bend the outer edge is longer than the centre line by half the width per rad
    step = (length[:, 1:] + length[:, :-1]) / 2 - half[:, None] * np.diff(heading, axis=1)
    start = np.maximum(ranges[:, :1] * np.cos(angles[:, :1]) + along[:, :1] / 2, 0.1)
    station = start + np.concatenate([0 * start, np.cumsum(np.maximum(step, 0.3), 1)], axis=1)
    return station, heading, seen, side


def _interpolate(x: np.ndarray, known: np.ndarray, values: np.ndarray) -> np.ndarray:
    """`numpy.interp` for each row."""
    after = np.clip((known[:, None, :] <= x[:, :, None]).sum(2), 1, known.shape[1] - 1)
    x0, x1 = np.take_along_axis(known, after - 1, 1), np.take_along_axis(known, after, 1)
    y0, y1 = np.take_along_axis(values, after - 1, 1), np.take_along_axis(values, after, 1)
    return y0 + (y1 - y0) * (x - x0) / np.maximum(x1 - x0, 1e-6)
