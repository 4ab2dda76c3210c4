"""A track's geometry: centre line, widths and borders sampled at stations, and questions about them."""

from __future__ import annotations

import zipfile
import zlib
from pathlib import Path
from typing import NamedTuple

import numpy as np

from racegym.errors import ConfigurationError

#: How far the polyline that beams meet may stray from the borders themselves, m.
BORDER_TOLERANCE = 0.01
#: How far along the track `Track.locate` looks, ahead and behind, when told where to look, m.
NEAR = 30.0

_FIELDS = ("points", "width_left", "width_right", "elevation", "line")
#: Turns (sin, cos) of a beam into the vector across it.
_NORMAL = np.array([-1.0, 1.0])[:, None, None]
_BROKEN = (OSError, EOFError, ValueError, TypeError, AttributeError, KeyError, zipfile.BadZipFile, zlib.error)
_FORMAT = "racegym-track 1"


class Location(NamedTuple):
    """Where positions are relative to the track; each of shape ``(m,)``."""

    station: np.ndarray
    """Metres along the centre line, in ``[0, length)`` on a closed circuit."""
    offset: np.ndarray
    """Metres beside the centre line, + left."""
    heading: np.ndarray
    """Direction of the track there, rad, in ``[-pi, pi)``."""
    width_left: np.ndarray
    width_right: np.ndarray


class Place(NamedTuple):
    """The track at given stations; each of the shape of the stations asked for."""

    x: np.ndarray
    y: np.ndarray
    heading: np.ndarray
    """Rad, in ``[-pi, pi)``."""
    curvature: np.ndarray
    """1/m, + turns left."""
    width_left: np.ndarray
    width_right: np.ndarray
    line: np.ndarray
    elevation: np.ndarray


class _Windows:
    """For any station, the samples of a course within `reach` metres along it.

    As many for every station, the last repeated where there are fewer. Indices run over three laps laid end to end
    when the course is closed, so that a window may pass the start line.
    """

    def __init__(self, stations: np.ndarray, length: float, closed: bool, reach: float) -> None:
        self._reach = min(reach, length / 2) if closed else reach
        self._stations = (stations + length * np.arange(-1, 2)[:, None]).ravel() if closed else stations
        self._last = len(self._stations) - 1
        first, last = self._ends(stations)
        # Between samples a window can hold two more than at them.
        self._steps = np.arange(min(int((last - first).max()) + 3, self._last + 1))

    def _ends(self, stations: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        first = self._stations.searchsorted(stations - self._reach, "right") - 1
        last = self._stations.searchsorted(stations + self._reach)
        return np.maximum(first, 0), np.minimum(last, self._last)

    def __call__(self, stations: np.ndarray) -> np.ndarray:
        """Sample numbers, shape ``(m, count)``."""
        first, last = self._ends(stations)
        return np.minimum(first[:, None] + self._steps, last[:, None])


class Track:
    """A closed circuit, or an open course when not `closed`. Its arrays are read-only.

    `points` ``(n, 2)`` is the centre line in metres, in driving direction, from the start line on, without the
    first point again at the end; `width_left` and `width_right` ``(n,)`` are metres from it to the edges;
    `elevation` ``(n,)`` is its height in metres, `line` ``(n,)`` the offset of a target line in metres, + left
    (both 0 by default). Points should lie closer together than the track is wide; `ConfigurationError` when they
    make no track.

    From these follow `length` (m), and for each point `stations` (m from the start line), `headings` (rad,
    direction of travel, continuous), `curvature` (1/m, + turns left) and the borders `left` and `right` ``(n, 2)``.
    """

    def __init__(
        self,
        name: str,
        points: np.ndarray,
        width_left: np.ndarray,
        width_right: np.ndarray,
        closed: bool = True,
        elevation: np.ndarray | None = None,
        line: np.ndarray | None = None,
    ) -> None:
        self.name = name
        self.closed = bool(closed)
        self.points = np.array(points, dtype=np.float64)
        n = len(self.points)
        self.width_left = np.array(width_left, dtype=np.float64)
        self.width_right = np.array(width_right, dtype=np.float64)
        self.elevation = np.zeros(n) if elevation is None else np.array(elevation, dtype=np.float64)
        self.line = np.zeros(n) if line is None else np.array(line, dtype=np.float64)
        self._check()
        self._measure()
        self._prepare()
        for value in vars(self).values():
            if isinstance(value, np.ndarray):
                value.setflags(write=False)

    def _check(self) -> None:
        n = len(self.points)
        faults = []
        least = 3 if self.closed else 2
        if self.points.ndim != 2 or self.points.shape[1] != 2 or n < least:
            faults.append(f"points of shape {self.points.shape}; wanted is (n, 2) with n >= {least}")
        for name in _FIELDS[1:]:
            if getattr(self, name).shape != (n,):
                faults.append(f"{name} of shape {getattr(self, name).shape}; wanted is ({n},)")
        faults += [f"{name} not finite" for name in _FIELDS if not np.isfinite(getattr(self, name)).all()]
        if not faults and min(self.width_left.min(), self.width_right.min()) < 0:
            faults.append("widths below 0")
        if not faults and not self._edges().any(axis=1).all():
            faults.append("the same point twice in a row (the first is not to be repeated at the end)")
        if faults:
            raise ConfigurationError(f"track {self.name!r} cannot be used: {'; '.join(faults)}")

    def _edges(self) -> np.ndarray:
        """Vectors from each point to the next; of a closed track the last leads back to the first."""
        return np.diff(self.points, axis=0, append=self.points[:1] if self.closed else np.empty((0, 2)))

    def _measure(self) -> None:
        """Stations, headings, curvature, borders; a point's heading is that of a circle through its neighbours."""
        edges = self._edges()
        lengths = np.hypot(*edges.T)
        directions = np.arctan2(edges[:, 1], edges[:, 0])
        if self.closed:
            before, lengths_before = np.roll(directions, 1), np.roll(lengths, 1)
            after, lengths_after = directions, lengths
        else:
            before, lengths_before = np.append(directions[0], directions), np.append(lengths[0], lengths)
            after, lengths_after = np.append(directions, directions[-1]), np.append(lengths, lengths[-1])
        turns = _wrap(after - before)
        tangents = before + turns * lengths_before / (lengths_before + lengths_after)
        self.length = float(lengths.sum())
        self.stations = np.append(0.0, lengths.cumsum()[:-1] if self.closed else lengths.cumsum())
        self.headings = np.unwrap(tangents)
        self.curvature = 2 * turns / (lengths_before + lengths_after)
        normals = np.stack([-np.sin(self.headings), np.cos(self.headings)], axis=1)
        self.left = self.points + self.width_left[:, None] * normals
        self.right = self.points - self.width_right[:, None] * normals

    def _prepare(self) -> None:
        """Tables that `locate`, `at` and `cast` look up."""
        columns = [self.stations, *self.points.T, self.headings, self.curvature]
        columns += [self.width_left, self.width_right, self.line, self.elevation]
        table = np.stack(columns, axis=1)
        if self.closed:
            end = table[0].copy()
            end[0] = self.length
            end[3] = self.headings[-1] + _wrap(self.headings[0] - self.headings[-1])
            table = np.vstack([table, end])
        self._table = table
        self._rises = np.diff(table, axis=0)
        self._starts = table[:, 0].copy()
        edges = self._rises[:, 1:3]
        lengths = np.hypot(*edges.T)
        self._lengths = lengths
        # Of every edge: x, y, direction x, direction y, length.
        self._edge_table = np.vstack([table[:-1, 1:3].T, edges.T / lengths, lengths])
        self._near = _Windows(table[:-1, 0], self.length, self.closed, NEAR)
        kept = _kept(self.left, self.right)
        self._cast_stations = self.stations[kept]
        self._cast_windows: dict[float, _Windows] = {}
        borders = np.stack([self.left[kept].T, self.right[kept].T], axis=1)
        self._borders = np.tile(borders, 3 if self.closed else 1)

    def locate(self, position: np.ndarray, near: np.ndarray | None = None) -> Location:
        """Project `position` ``(m, 2)`` on the centre line.

        `near` ``(m,)`` are stations where the answers were shortly before: the search then keeps within `NEAR`
        metres of them, so that it stays on its branch where a track crosses or nears itself. NaN, or none: the
        whole track.
        """
        position = np.asarray(position, dtype=np.float64)
        everywhere = np.arange(len(self._lengths))[None]
        if near is None:
            edge, along = self._nearest(position, everywhere)
        else:
            lost = np.isnan(near)
            edge, along = self._nearest(position, self._near(np.where(lost, 0.0, near)) % len(self._lengths))
            if lost.any():
                edge[lost], along[lost] = self._nearest(position[lost], everywhere)
        rows = self._between(edge, along)
        station, x, y, heading, _, width_left, width_right, _, _ = rows.T
        across = np.cos(heading) * (position[:, 1] - y) - np.sin(heading) * (position[:, 0] - x)
        return Location(self._wrapped(station), across, _wrap(heading), width_left, width_right)

    def _nearest(self, position: np.ndarray, edges: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Of the edges numbered ``(m or 1, k)`` the nearest to each position, and the metres along it."""
        x, y, direction_x, direction_y, length = self._edge_table[:, edges]
        x, y = position[:, :1] - x, position[:, 1:] - y
        along = np.minimum(np.maximum(x * direction_x + y * direction_y, 0), length)
        x, y = x - along * direction_x, y - along * direction_y
        best = (x * x + y * y).argmin(axis=1)
        rows = np.arange(len(position))
        return edges[rows if len(edges) > 1 else 0, best], along[rows, best]

    def _between(self, edge: np.ndarray, along: np.ndarray) -> np.ndarray:
        return self._table[edge] + (along / self._lengths[edge])[..., None] * self._rises[edge]

    def _wrapped(self, stations: np.ndarray) -> np.ndarray:
        return stations % self.length if self.closed else stations

    def at(self, stations: np.ndarray) -> Place:
        """The track at `stations` (any shape), interpolated; they wrap when closed, else stop at the ends."""
        stations = stations % self.length if self.closed else np.clip(stations, 0, self.length)
        edge = np.minimum(self._starts.searchsorted(stations, "right"), len(self._lengths)) - 1
        rows = self._between(edge, stations - self._starts[edge])
        x, y, heading, *others = (rows[..., i] for i in range(1, 9))
        return Place(x, y, _wrap(heading), *others)

    def cast(
        self,
        position: np.ndarray,
        yaw: np.ndarray,
        angles: np.ndarray,
        station: np.ndarray,
        reach: float = 200.0,
    ) -> np.ndarray:
        """Metres from each `position` ``(m, 2)`` to the first border along each beam, at most `reach`: ``(m, k)``.

        `angles` ``(k,)`` are rad from `yaw` ``(m,)``, counter-clockwise. Only borders within `reach` metres along
        the track of `station` ``(m,)`` are seen: not those of another branch that crosses this one.
        """
        windows = self._cast_windows.get(reach)
        if windows is None:
            windows = _Windows(self._cast_stations, self.length, self.closed, reach)
            self._cast_windows[reach] = windows
        # (x or y, side, car, sample), relative to the car
        borders = self._borders.take(windows(station), axis=2)
        borders -= position.T[:, None, :, None]
        bearings = yaw[:, None] + angles
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

    def save(self, path: str | Path) -> None:
        """Write a NumPy archive (``.npz``), to be read by `load`."""
        arrays = {name: getattr(self, name) for name in _FIELDS}
        np.savez_compressed(Path(path), format=_FORMAT, name=self.name, closed=self.closed, **arrays)

    @classmethod
    def load(cls, path: str | Path) -> Track:
        """Read what `save` wrote; `ConfigurationError` when the file is missing, damaged or another."""
        remedy = "write it with Track.save(path)"
        try:
            with np.load(Path(path), allow_pickle=False) as archive:
                content = {name: archive[name] for name in ("format", "name", "closed", *_FIELDS)}
        except _BROKEN as error:
            raise ConfigurationError(f"{path}: not a track file ({error}); {remedy}") from error
        if content.pop("format").item() != _FORMAT:
            raise ConfigurationError(f"{path}: not of format {_FORMAT!r}; {remedy}")
        return cls(str(content.pop("name")), closed=bool(content.pop("closed")), **content)

    def __repr__(self) -> str:
        return f"Track({self.name!r}, length={self.length:.0f} m, {'closed' if self.closed else 'open'})"


def _crossings(beam: np.ndarray, start: np.ndarray, end: np.ndarray) -> np.ndarray:
    """Metres along unit vectors `beam` from the origin to the lines through `start` and `end`, all ``(2, n)``."""
    across, across_end = (beam[0] * p[1] - beam[1] * p[0] for p in (start, end))
    along, along_end = (beam[0] * p[0] + beam[1] * p[1] for p in (start, end))
    step = across - across_end
    share = np.divide(across, step, out=np.zeros_like(step), where=step != 0)
    return along + share * (along_end - along)


def _wrap(angles: np.ndarray) -> np.ndarray:
    return (angles + np.pi) % (2 * np.pi) - np.pi


def _kept(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Numbers of the samples that draw both borders within `BORDER_TOLERANCE`.

    A chord of length L that turns by t strays L t / 8 from its curve (the sagitta), so samples may be
    sqrt(8 tolerance / curvature) apart; every gap's share of that adds up to how many are needed.
    """
    needed = np.zeros(len(left))
    for border in (left, right):
        edges = border - np.roll(border, 1, axis=0)
        directions = np.arctan2(edges[:, 1], edges[:, 0])
        turns = np.abs(_wrap(np.roll(directions, -1) - directions))
        turns = np.maximum(turns, np.roll(turns, 1))
        needed = np.maximum(needed, np.sqrt(turns * np.hypot(*edges.T) / (8 * BORDER_TOLERANCE)))
    chosen = np.diff(np.floor(np.minimum(needed, 1).cumsum()), prepend=-1.0) > 0
    chosen[[0, -1]] = True
    return np.flatnonzero(chosen)
