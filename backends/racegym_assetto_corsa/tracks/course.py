"""A racegym track from two borders and a line, each a list of points."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from racegym.errors import ConfigurationError
from racegym.track import Track

#: Ends that lie no further apart than this close a circuit, m.
GAP = 60.0
#: Points of the centre line closer together than this are one, m.
LEAST = 0.05
#: Every so many points of a line one is looked for on the whole track, the others near it.
STRIDE = 5


def course(name: str, left: np.ndarray, right: np.ndarray, line: np.ndarray | None = None) -> Track:
    """The track between the borders `left` and `right` ``(n, 2)``, whose points lie across from each other.

    `line` ``(m, 2)`` becomes the target line. `ConfigurationError` when they make no track.
    """
    if left.shape != right.shape or left.ndim != 2 or left.shape[1] != 2 or len(left) < 3:
        raise ConfigurationError(
            f"{name}: borders of shapes {left.shape} and {right.shape}; two of equal length, (n, 2), are wanted"
        )
    centre = (left + right) / 2
    closed = bool(np.hypot(*(centre[0] - centre[-1])) < GAP)
    kept = np.hypot(*(np.roll(centre, -1, axis=0) - centre).T) > LEAST
    kept[-1] |= not closed
    left, right, centre = left[kept], right[kept], centre[kept]
    before, after = np.roll(centre, 1, axis=0), np.roll(centre, -1, axis=0)
    if not closed:
        before[0], after[-1] = centre[0], centre[-1]
    ahead = after - before
    ahead /= np.hypot(*ahead.T)[:, None]
    normals = np.stack([-ahead[:, 1], ahead[:, 0]], axis=1)
    # Borders slant where a lane's ends were measured across another line: their share across this one counts.
    widths = [
        np.maximum(((border - centre) * side * normals).sum(axis=1), 0.1)
        for border, side in ((left, 1), (right, -1))
    ]
    track = Track(name, centre, *widths, closed=closed)
    return track if line is None else _with_line(track, line)


def _with_line(track: Track, line: np.ndarray) -> Track:
    """The same track with `line` as its target line, as offsets from the centre."""
    near = np.repeat(track.locate(line[::STRIDE]).station, STRIDE)[: len(line)]
    place = track.locate(line, near)
    order = np.argsort(place.station)
    period = {"period": track.length} if track.closed else {}
    offsets = np.interp(track.stations, place.station[order], place.offset[order], **period)
    return Track(
        track.name, track.points, track.width_left, track.width_right, track.closed, track.elevation, offsets
    )


def from_reply(name: str, reply: Any) -> Track:
    """The track that a plug-in's get_track_info describes; `ConfigurationError` when it holds none."""
    if not isinstance(reply, Mapping) or not reply:
        raise ConfigurationError(
            f"{name}: the plug-in found no fast_lane.ai for it; import the course offline: "
            f"racegym assetto_corsa track GAME_DIR {name}"
        )
    try:
        left, right, line = (
            np.array(reply[key], dtype=float) for key in ("left_lane", "right_lane", "fast_lane")
        )
    except (KeyError, ValueError, TypeError) as error:
        raise ConfigurationError(
            f"{name}: the plug-in's get_track_info holds no borders ({error})"
        ) from error
    return course(name, left, right, line)
