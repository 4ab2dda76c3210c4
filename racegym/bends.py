"""The bends of a fleet's courses in one table, so that one look-up serves all rows, whatever their courses."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from racegym.track import Track

GAP = 1.0
"""m, from the end of one course to the next in the table, so that each station belongs to one."""


class Bends:
    """Curvature along the course under each row of a fleet."""

    def __init__(self, tracks: Sequence[Track]) -> None:
        places: dict[int, float] = {}
        knots, curvatures, end = [], [], 0.0
        for track in {id(track): track for track in tracks}.values():
            places[id(track)] = end
            knots.append(end + np.append(track.stations, track.length))
            curvatures.append(np.append(track.curvature, track.curvature[0 if track.closed else -1]))
            end += track.length + GAP
        self._knots, self._curvatures = np.concatenate(knots), np.concatenate(curvatures)
        self._places = np.array([[places[id(track)]] for track in tracks])
        self._lengths = np.array([[track.length] for track in tracks])
        self._closed = np.array([[track.closed] for track in tracks])

    def at(self, stations: np.ndarray) -> np.ndarray:
        """Curvature, 1/m, + to the left, at `stations` ``(rows, k)``, m: interpolated as `Track.at` does."""
        ends = np.minimum(np.maximum(stations, 0.0), self._lengths)
        inside = np.where(self._closed, stations % self._lengths, ends)
        return np.interp(inside + self._places, self._knots, self._curvatures)
