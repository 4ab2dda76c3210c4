"""Track geometry as the robot writes it out, kept from run to run."""

from __future__ import annotations

import hashlib
import os
import tempfile
from pathlib import Path

import numpy as np

from racegym.errors import ConfigurationError
from racegym.paths import data_dir
from racegym.track import Track
from racegym_torcs.locate import Installation

_HEADER = "racegym-track 1 "


def kept(installation: Installation, track: str) -> Path:
    """Where the geometry of `track` (``category/name``) is kept; changes with the track's description."""
    name = track.rpartition("/")[2]
    description = installation.data / "tracks" / track / f"{name}.xml"
    digest = hashlib.sha256(description.read_bytes()).hexdigest()[:12]
    return data_dir() / "tracks" / f"torcs-{track.replace('/', '-')}-{digest}.txt"


def keep(written: Path, path: Path) -> None:
    """Copy what the robot has `written` to `path`, whole or not at all; `ConfigurationError` if it is no geometry."""
    text = written.read_text()
    parse(text, written)
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, partial = tempfile.mkstemp(dir=path.parent, prefix=path.name)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
    os.replace(partial, path)


def length(path: Path) -> float:
    """Length of the track's centre line as the game measures it, m."""
    with path.open() as file:
        return _length([file.readline(), file.readline()], path)


def load(path: Path, name: str) -> Track:
    """The track in the file at `path`; ``name`` as ``torcs/category/name``."""
    points, left, right, elevation = parse(path.read_text(), path)
    return Track(name, points, left, right, closed=True, elevation=elevation)


def parse(text: str, path: Path) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Centre line (n, 2), widths to the left and right (n,), elevation (n,), all in m.

    The format: two lines of header, then ``x y z width_left width_right friction`` a sample in driving
    direction, the first on the start line. Samples that fall together, at the seams of segments, are left out.
    """
    lines = text.splitlines()
    _length(lines[:2], path)
    try:
        rows = np.array([line.split() for line in lines[2:]], dtype=float)
        x, y, z, left, right, _ = rows.T
    except ValueError as error:
        raise _damaged(path, str(error)) from None
    points = np.column_stack([x, y])
    apart = np.hypot(*(np.roll(points, -1, axis=0) - points).T) > 1e-3
    if apart.sum() < 3 or not np.isfinite(rows).all():
        raise _damaged(path, "it has fewer than three samples, or some that are not finite")
    return points[apart], left[apart], right[apart], z[apart]


def _length(header: list[str], path: Path) -> float:
    words = header[1].split() if len(header) == 2 and header[0].startswith(_HEADER) else []
    try:
        _, number = words
        return float(number)
    except ValueError:
        raise _damaged(path, "its header is not that of a track of version 1") from None


def _damaged(path: Path, why: str) -> ConfigurationError:
    return ConfigurationError(
        f"torcs: {path} holds no track geometry: {why}; delete the file and start again"
    )
