"""A track's geometry: centre line, widths and borders sampled at stations, and questions about them."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np

from racegym import trackfile
from racegym.borders import Borders
from racegym.errors import ConfigurationError
from racegym.trackside import Arcs as Arcs
from racegym.trackside import Ground as Ground
from racegym.trackside import Pits as Pits
from racegym.trackside import Surface as Surface
from racegym.windows import Windows

#: How far along the track `Track.locate` looks, ahead and behind, when told where to look, m.
NEAR = 30.0

_FIELDS = ("points", "width_left", "width_right", "elevation", "line")


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


class Track:
    """A closed circuit, or an open course when not `closed`. Its arrays are read-only.

    `points` ``(n, 2)`` is the centre line in metres, in driving direction, from the start line on, without the
    first point again at the end; `width_left` and `width_right` ``(n,)`` are metres from it to the edges;
    `elevation` ``(n,)`` is its height in metres, `line` ``(n,)`` the offset of a target line in metres, + left
    (both 0 by default). Points should lie closer together than the track is wide; `ConfigurationError` when they
    make no track.

    Between two points the centre line is straight and the heading turns evenly; with `arcs` it is exactly what they
    say. `ground` and `pits` are for those who want to know them.

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
        arcs: Arcs | None = None,
        ground: Ground | None = None,
        pits: Pits | None = None,
    ) -> None:
        self.name = name
        self.closed = bool(closed)
        self.points = np.array(points, dtype=np.float64)
        n = len(self.points)
        self.width_left = np.array(width_left, dtype=np.float64)
        self.width_right = np.array(width_right, dtype=np.float64)
        self.elevation = np.zeros(n) if elevation is None else np.array(elevation, dtype=np.float64)
        self.line = np.zeros(n) if line is None else np.array(line, dtype=np.float64)
        self.arcs = None if arcs is None else Arcs(*(np.array(part, dtype=np.float64) for part in arcs))
        self.ground, self.pits = ground, pits
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
        for name, part in self._parts():
            if (
                part.shape[:1] != (n if self.closed or name == "ground" else n - 1,)
                or not np.isfinite(part).all()
            ):
                faults.append(f"{name} of shape {part.shape}, or not finite, for {n} points")
        faults += [f"{name} not finite" for name in _FIELDS if not np.isfinite(getattr(self, name)).all()]
        if not faults and min(self.width_left.min(), self.width_right.min()) < 0:
            faults.append("widths below 0")
        if not faults and not self._edges().any(axis=1).all():
            faults.append("the same point twice in a row (the first is not to be repeated at the end)")
        if faults:
            raise ConfigurationError(f"track {self.name!r} cannot be used: {'; '.join(faults)}")

    def _parts(self) -> list[tuple[str, np.ndarray]]:
        """Optional arrays along the track."""
        ground = [] if self.ground is None else [self.ground.width, self.ground.surface]
        return [("arcs", part) for part in self.arcs or ()] + [("ground", part) for part in ground]

    def _edges(self) -> np.ndarray:
        """Vectors from each point to the next; of a closed track the last leads back to the first."""
        return np.diff(self.points, axis=0, append=self.points[:1] if self.closed else np.empty((0, 2)))

    def _measure(self) -> None:
        """Stations, headings, curvature, borders."""
        self.headings, self.curvature, lengths = (
            self._from_points() if self.arcs is None else self._from_arcs()
        )
        self.length = float(lengths.sum())
        self.stations = np.append(0.0, lengths.cumsum()[:-1] if self.closed else lengths.cumsum())
        normals = np.stack([-np.sin(self.headings), np.cos(self.headings)], axis=1)
        self.left = self.points + self.width_left[:, None] * normals
        self.right = self.points - self.width_right[:, None] * normals

    def _from_points(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Heading and curvature at each point, those of a circle through its neighbours; lengths of the edges."""
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
        return np.unwrap(tangents), 2 * turns / (lengths_before + lengths_after), lengths

    def _from_arcs(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        assert self.arcs is not None
        heading, curvature, length = self.arcs
        if not self.closed:
            heading = np.append(heading, heading[-1] + curvature[-1] * length[-1])
            curvature = np.append(curvature, curvature[-1])
        return np.unwrap(heading), curvature, length

    def _prepare(self) -> None:
        """Tables that `locate` and `at` look up."""
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
        self._lengths = self._rises[:, 0].copy()
        if self.arcs is not None:
            # Each arc as itself, wherever the next one begins: the two need not meet to the last digit.
            self._rises[:, 1:3] = _along(self.arcs.heading, self.arcs.curvature, self.arcs.length).T
            self._rises[:, 3], self._rises[:, 4] = self.arcs.curvature * self.arcs.length, 0.0
            self._bends = self.arcs.curvature
        chords = self._rises[:, 1:3]
        lengths = np.hypot(*chords.T)
        # Of every edge: x, y, direction x, direction y, length.
        self._edge_table = np.vstack([table[:-1, 1:3].T, chords.T / lengths, lengths])
        self._near = Windows(table[:-1, 0], self.length, self.closed, NEAR)
        # Points alone do not say where the border runs between them; arcs are worth looking closer.
        tolerance = 0.01 if self.arcs is None else 0.005
        self._borders = Borders(self.left, self.right, self.stations, self.length, self.closed, tolerance)

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
        if self.arcs is not None:
            edge, along = self._on_arcs(position, edge)
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

    def _on_arcs(self, position: np.ndarray, edge: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The arcs that `position` lies beside, near those numbered `edge`, and the metres along them."""
        along = self._along_arc(position, edge)
        steps = (along > self._lengths[edge]).astype(int) - (along < 0)
        if steps.any():
            count = len(self._lengths)
            edge = (edge + steps) % count if self.closed else np.clip(edge + steps, 0, count - 1)
            along = self._along_arc(position, edge)
        return edge, along if self.closed else np.clip(along, 0, self._lengths[edge])

    def _along_arc(self, position: np.ndarray, edge: np.ndarray) -> np.ndarray:
        """The angle about the arc's centre, which lies 1 / curvature to the left of its start, in metres along it."""
        start, bend = self._table[edge], self._bends[edge]
        x, y = position[:, 0] - start[:, 1], position[:, 1] - start[:, 2]
        cosine, sine = np.cos(start[:, 3]), np.sin(start[:, 3])
        ahead, left = cosine * x + sine * y, cosine * y - sine * x
        turned = np.arctan2(bend * ahead, 1 - bend * left)
        return np.divide(turned, bend, out=ahead, where=bend != 0)

    def _between(self, edge: np.ndarray, along: np.ndarray) -> np.ndarray:
        rows = self._table[edge] + (along / self._lengths[edge])[..., None] * self._rises[edge]
        if self.arcs is not None:
            start = self._table[edge]
            offset = _along(start[..., 3], self._bends[edge], along)
            rows[..., 1], rows[..., 2] = start[..., 1] + offset[0], start[..., 2] + offset[1]
        return rows

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
        return self._borders.cast(position, yaw[:, None] + angles, station, reach)

    def save(self, path: str | Path) -> None:
        """Write a NumPy archive (``.npz``), to be read by `load`."""
        trackfile.write(Path(path), vars(self))

    @classmethod
    def load(cls, path: str | Path) -> Track:
        """Read what `save` wrote; `ConfigurationError` when the file is missing, damaged, older or another."""
        return cls(**trackfile.read(Path(path)))

    def __repr__(self) -> str:
        return f"Track({self.name!r}, length={self.length:.0f} m, {'closed' if self.closed else 'open'})"


def _along(heading: np.ndarray, curvature: np.ndarray, length: np.ndarray) -> np.ndarray:
    """Where an arc of that heading and curvature leads within `length` m, ``(2, ...)``: its chord, halfway turned."""
    half = curvature * length / 2
    chord = length * np.sinc(half / np.pi)
    return np.array([chord * np.cos(heading + half), chord * np.sin(heading + half)])


def _wrap(angles: np.ndarray) -> np.ndarray:
    return (angles + np.pi) % (2 * np.pi) - np.pi
