"""Recorded lines: a drive along a map, kept as a racegym track (.npz without pickles) with borders beside it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from racegym.errors import ConfigurationError, NotFound
from racegym.paths import data_dir
from racegym.track import Track

SPACING = 1.0
"""Between points of a line, m."""
CLOSING = 12.0
"""A drive that comes back so near to its start, m, is one of a circuit."""
STANDING = 0.2
"""Places nearer than this to the one before are left out, m."""
SMOOTH = 3
"""Neighbours on each side over which a line is averaged."""


def folder() -> Path:
    """Where recorded lines lie."""
    return data_dir() / "trackmania" / "lines"


def names() -> Sequence[str]:
    """Names of the recorded lines."""
    return sorted(path.stem for path in folder().glob("*.npz"))


def load(name: str) -> Track:
    """The line recorded as `name`; `NotFound` when there is none."""
    path = folder() / f"{name}.npz"
    if not path.is_file():
        raise NotFound(
            f"trackmania: no line of the map {name!r} is recorded; drive it once with "
            f"racegym trackmania record-line {name}"
        )
    return Track.load(path)


def save(track: Track) -> Path:
    """Keep `track` under its name; the file."""
    folder().mkdir(parents=True, exist_ok=True)
    path = folder() / f"{track.name}.npz"
    track.save(path)
    return path


def from_drive(name: str, places: np.ndarray, width: float = 12.0, closed: bool | None = None) -> Track:
    """A track along the `places` ``(n, 3)`` of a drive, m, with borders `width` / 2 to both sides.

    `closed` None: a circuit when its ends meet. `ConfigurationError` when the drive is too short to be a line.
    """
    kept = [places[0]]
    for place in places[1:]:
        if np.hypot(*(place - kept[-1])[:2]) > STANDING:
            kept.append(place)
    path = np.array(kept)
    if len(path) < 10:
        raise ConfigurationError(
            f"line {name!r}: the drive covers {len(path)} different places; drive the whole map"
        )
    lap = _lap(path)
    if closed is None:
        closed = lap is not None
    if closed:
        path = path[:lap]
    points = _even(path, closed)
    smooth = _smoothed(points, closed)
    half = np.full(len(smooth), width / 2)
    return Track(name, smooth[:, :2], half, half, closed, elevation=smooth[:, 2])


def _lap(path: np.ndarray) -> int | None:
    """How many places make the first lap; None when the drive does not come back to its start."""
    away = np.hypot(*(path - path[0])[:, :2].T)
    first = len(path) // 2
    nearest = first + int(away[first:].argmin())
    return nearest if away[nearest] < CLOSING else None


def _even(path: np.ndarray, closed: bool) -> np.ndarray:
    """Points `SPACING` apart or a little less; of a circuit without the first again at the end."""
    whole = np.vstack([path, path[:1]]) if closed else path
    way = np.append(0.0, np.cumsum(np.hypot(*np.diff(whole[:, :2], axis=0).T)))
    count = max(int(np.ceil(way[-1] / SPACING)), 3)
    stations = np.linspace(0, way[-1], count + 1)[: count if closed else count + 1]
    return np.stack([np.interp(stations, way, whole[:, axis]) for axis in range(3)], axis=1)


def _smoothed(points: np.ndarray, closed: bool) -> np.ndarray:
    kernel = np.ones(2 * SMOOTH + 1) / (2 * SMOOTH + 1)
    mode = "wrap" if closed else "edge"
    padded = np.pad(points, ((SMOOTH, SMOOTH), (0, 0)), mode=mode)
    smooth = np.stack([np.convolve(padded[:, axis], kernel, "valid") for axis in range(3)], axis=1)
    if not closed:
        smooth[[0, -1]] = points[[0, -1]]
    return smooth
