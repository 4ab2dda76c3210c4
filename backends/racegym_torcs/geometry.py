"""Track geometry as the robot writes it out, kept from run to run."""

from __future__ import annotations

import hashlib
import os
import tempfile
from pathlib import Path

import numpy as np

from racegym.errors import ConfigurationError
from racegym.paths import data_dir
from racegym.track import Arcs, Ground, Pits, Surface, Track
from racegym_torcs.locate import Installation

_VERSION = 2
_HEADER = f"racegym-track {_VERSION} "
_SAMPLE = 7 + 2 * 5
"""Numbers of a sample."""
_NAMED = ("surface", "pits", "pit")
"""First words of the lines that hold something else."""


def kept(installation: Installation, track: str) -> Path:
    """Where the geometry of `track` (``category/name``) is kept; changes with the track's description and our format."""
    name = track.rpartition("/")[2]
    description = installation.data / "tracks" / track / f"{name}.xml"
    digest = hashlib.sha256(description.read_bytes()).hexdigest()[:12]
    return data_dir() / "tracks" / f"torcs-{track.replace('/', '-')}-{digest}-{_VERSION}.txt"


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
    return parse(path.read_text(), path, name)


def parse(text: str, path: Path, name: str = "") -> Track:
    """The track that the robot has written (plugins/torcs/circuit.cpp); `ConfigurationError` if it is none.

    The format: two lines of header; a line of numbers a sample in driving direction, the first on the start line:
    ``x y z heading curvature length half_width``, and a width and the number of a surface for each of `BANDS`;
    ``surface friction rolling_resistance roughness name`` for each kind of ground; ``pits side entry start end exit
    speed_limit width length`` and ``pit x y`` for each where there are any. Samples that no millimetre lies between
    are left out.
    """
    lines = text.splitlines()
    _length(lines[:2], path)
    words = [line.split() for line in lines[2:]]
    try:
        surfaces = [
            Surface(" ".join(line[4:]), *map(float, line[1:4])) for line in words if line[0] == "surface"
        ]
        samples = np.array([line for line in words if line[0] not in _NAMED], dtype=float).reshape(
            -1, _SAMPLE
        )
        pits = _pits(words)
    except (ValueError, IndexError) as error:
        raise _damaged(path, str(error)) from None
    samples = samples[samples[:, 5] > 1e-3]
    if len(samples) < 3 or not np.isfinite(samples).all():
        raise _damaged(path, "it has fewer than three samples, or some that are not finite")
    points, elevation, half = samples[:, :2], samples[:, 2], samples[:, 6]
    ground = Ground(tuple(surfaces), samples[:, 7::2], samples[:, 8::2].astype(int))
    arcs = Arcs(*samples[:, 3:6].T)
    return Track(name, points, half, half, elevation=elevation, arcs=arcs, ground=ground, pits=pits)


def _pits(lines: list[list[str]]) -> Pits | None:
    (found,) = [line[1:] for line in lines if line[0] == "pits"] or [None]
    if found is None:
        return None
    side, *numbers = map(float, found)
    entry, start, end, exit_, limit, width, length = numbers
    places = np.array([line[1:] for line in lines if line[0] == "pit"], dtype=float).reshape(-1, 2)
    return Pits(int(side), entry, start, end, exit_, limit, width, length, places)


def _length(header: list[str], path: Path) -> float:
    words = header[1].split() if len(header) == 2 and header[0].startswith(_HEADER) else []
    try:
        _, number = words
        return float(number)
    except ValueError:
        raise _damaged(path, f"its header is not that of a track of version {_VERSION}") from None


def _damaged(path: Path, why: str) -> ConfigurationError:
    return ConfigurationError(
        f"torcs: {path} holds no track geometry: {why}; delete the file and start again"
    )
