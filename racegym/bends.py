"""The bends of a fleet's courses in one table, so that one look-up serves all rows, whatever their courses."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from racegym.track import Track


class Bends:
    """Curvature along the course under each row of a fleet."""

    def __init__(self, tracks: Sequence[Track]) -> None:
        places: dict[int, float] = {}
        starts, curvatures, rises, end = [], [], [], 0.0
        for track in {id(track): track for track in tracks}.values():
            places[id(track)] = end
            starts.append(end + track.stations)
            curvatures.append(track.curvature)
            rises.append(_rises(track))
            end += track.length
        self._starts, self._curvatures, self._rises = map(np.concatenate, (starts, curvatures, rises))
        self._places = np.array([[places[id(track)]] for track in tracks])
        self._lengths = np.array([[track.length] for track in tracks])
        self._closed = np.array([[track.closed] for track in tracks])

    def at(self, stations: np.ndarray) -> np.ndarray:
        """Curvature, 1/m, + to the left, at `stations` ``(rows, k)``, m, as `Track.at` has it."""
        ends = np.minimum(np.maximum(stations, 0.0), np.nextafter(self._lengths, 0.0))
        places = np.where(self._closed, stations % self._lengths, ends) + self._places
        edges = self._starts.searchsorted(places, "right") - 1
        return self._curvatures[edges] + self._rises[edges] * (places - self._starts[edges])


def _rises(track: Track) -> np.ndarray:
    """How fast the curvature grows from each point on, 1/m^2: not at all along an arc."""
    if track.arcs is not None:
        return np.zeros(len(track.stations))
    stations = np.append(track.stations, track.length)
    curvature = np.append(track.curvature, track.curvature[0 if track.closed else -1])
    lengths = np.diff(stations)
    return np.divide(np.diff(curvature), lengths, out=np.zeros(len(lengths)), where=lengths > 0)
