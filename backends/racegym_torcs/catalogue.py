"""Tracks and cars by name: those of the TORCS found, else those of the package of version 1.3.7."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from pathlib import Path

from racegym.errors import NotFound
from racegym_torcs.locate import find

_PACKAGED = {
    "dirt": "dirt-1 dirt-2 dirt-3 dirt-4 dirt-5 dirt-6 mixed-1 mixed-2",
    "oval": "a-speedway b-speedway c-speedway d-speedway e-speedway e-track-5 f-speedway g-speedway michigan",
    "road": "aalborg alpine-1 alpine-2 brondehach corkscrew e-track-1 e-track-2 e-track-3 e-track-4 e-track-6"
    " eroad forza g-track-1 g-track-2 g-track-3 ole-road-1 ruudskogen spring street-1 wheel-1 wheel-2",
}

#: The 38 tracks of TORCS 1.3.7.
TRACKS = tuple(f"{category}/{name}" for category, names in _PACKAGED.items() for name in names.split())

#: The 17 cars of TORCS 1.3.7.
CARS = (
    "155-DTM", "acura-nsx-sz", "baja-bug", "buggy", "car1-ow1", "car1-stock1", "car1-stock2", "car1-trb1",
    "car1-trb3", "car2-trb1", "car3-trb1", "car4-trb1", "car5-trb1", "car6-trb1", "car7-trb1", "car8-trb1", "p406",
)  # fmt: skip


def tracks() -> Sequence[str]:
    """Names as ``category/name``, sorted."""
    found = _named("tracks/*/*")
    return sorted(f"{path.parent.name}/{path.name}" for path in found) or TRACKS


def cars() -> Sequence[str]:
    """Names of the car models, sorted."""
    return sorted(path.name for path in _named("cars/*")) or CARS


def track(name: str) -> str:
    """The full name ``category/name`` of a track given with or without its category; else `NotFound`."""
    offered = tracks()
    matches = [full for full in offered if name in (full, full.partition("/")[2])]
    if len(matches) == 1:
        return matches[0]
    if matches:
        raise NotFound(f"torcs: track {name!r} is in several categories; say which: {', '.join(matches)}")
    raise _unknown("track", name, [*offered, *(full.partition("/")[2] for full in offered)])


def car(name: str) -> str:
    """`name` when there is such a car model; else `NotFound`."""
    if name not in (offered := cars()):
        raise _unknown("car", name, offered)
    return name


def _named(pattern: str) -> list[Path]:
    """Directories below the data of the installation that hold a description of their own name."""
    installation = find()
    if installation is None:
        return []
    return [path for path in installation.data.glob(pattern) if (path / f"{path.name}.xml").is_file()]


def _unknown(kind: str, name: str, offered: Sequence[str]) -> NotFound:
    near = difflib.get_close_matches(name, offered, n=1)
    guess = f" Did you mean {near[0]!r}?" if near else ""
    return NotFound(f"torcs: no {kind} is called {name!r}.{guess} `racegym list {kind}s` names them all.")
