"""The edges of a road as beams meet them."""

from __future__ import annotations

import numpy as np

from racegym.windows import Windows

#: Turns (sin, cos) of a beam into the vector across it.
_NORMAL = np.array([-1.0, 1.0])[:, None, None]


class Borders:
    """Both borders of a course, `left` and `right` ``(n, 2)``, thinned to what beams need.

    `tolerance` is how far the polyline that they meet may stray from the borders themselves, m.
    """

    def __init__(
        self,
        left: np.ndarray,
        right: np.ndarray,
        stations: np.ndarray,
        length: float,
        closed: bool,
        tolerance: float,
    ) -> None:
        kept = _kept(left, right, tolerance)
        self._stations, self._length, self._closed = stations[kept], length, closed
        self._windows: dict[float, Windows] = {}
        points = np.stack([left[kept].T, right[kept].T], axis=1)
        self._points = np.tile(points, 3 if closed else 1)

    def cast(
        self, position: np.ndarray, bearings: np.ndarray, station: np.ndarray, reach: float
    ) -> np.ndarray:
        """Metres from `position` ``(m, 2)`` to the first border along `bearings` ``(m, k)``, rad, at most `reach`."""
        windows = self._windows.get(reach)
        if windows is None:
            windows = Windows(self._stations, self._length, self._closed, reach)
            self._windows[reach] = windows
        # (x or y, side, car, sample), relative to the car
        borders = self._points.take(windows(station), axis=2)
        borders -= position.T[:, None, :, None]
        beams = np.array([np.cos(bearings), np.sin(bearings)])
        # A beam meets a border where neighbouring samples lie on different sides of it. Single precision is enough
        # to find them, since each sample has one sign for both its neighbours.
        normals = (beams[::-1] * _NORMAL).astype(np.float32).transpose(1, 2, 0)
        beyond = normals @ borders.astype(np.float32).transpose(1, 2, 0, 3) > 0
        crossed = beyond[..., 1:] ^ beyond[..., :-1]
        side, car, beam, sample = np.unravel_index(np.flatnonzero(crossed), crossed.shape)
        hits = _crossings(
            beams[:, car, beam], borders[:, side, car, sample], borders[:, side, car, sample + 1]
        )
        distances = np.full(bearings.shape, float(reach))
        ahead = hits >= 0
        np.minimum.at(distances, (car[ahead], beam[ahead]), hits[ahead])
        return distances


def _crossings(beam: np.ndarray, start: np.ndarray, end: np.ndarray) -> np.ndarray:
    """Metres along unit vectors `beam` from the origin to the lines through `start` and `end`, all ``(2, n)``."""
    across, across_end = (beam[0] * p[1] - beam[1] * p[0] for p in (start, end))
    along, along_end = (beam[0] * p[0] + beam[1] * p[1] for p in (start, end))
    step = across - across_end
    share = np.divide(across, step, out=np.zeros_like(step), where=step != 0)
    return along + share * (along_end - along)


def _kept(left: np.ndarray, right: np.ndarray, tolerance: float) -> np.ndarray:
    """Numbers of the samples that draw both borders within `tolerance`, m.

    A chord of length L that turns by t strays L t / 8 from its curve (the sagitta), so samples may be
    sqrt(8 tolerance / curvature) apart; every gap's share of that adds up to how many are needed.
    """
    needed = np.zeros(len(left))
    for border in (left, right):
        edges = border - np.roll(border, 1, axis=0)
        directions = np.arctan2(edges[:, 1], edges[:, 0])
        turns = np.abs((np.roll(directions, -1) - directions + np.pi) % (2 * np.pi) - np.pi)
        turns = np.maximum(turns, np.roll(turns, 1))
        needed = np.maximum(needed, np.sqrt(turns * np.hypot(*edges.T) / (8 * tolerance)))
    chosen = np.diff(np.floor(np.minimum(needed, 1).cumsum()), prepend=-1.0) > 0
    chosen[[0, -1]] = True
    return np.flatnonzero(chosen)
