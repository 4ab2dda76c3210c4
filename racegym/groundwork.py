"""The ground beside a road and its pit lane, on a map."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from racegym.picture import INK
from racegym.track import Track
from racegym.trackside import BANDS

if TYPE_CHECKING:
    from matplotlib.axes import Axes

KINDS = {
    "grass": "#cfe3c4",
    "sand": "#efe0b4",
    "gravel": "#e3d8c3",
    "dirt": "#dcc6a8",
    "mud": "#cbb08c",
    "snow": "#eef4fa",
    "curb": "#e4a6a3",
}
"""Colours of surfaces by a word in their names; all others are paved."""
PAVED, PAVING = "paved", "#e9ebee"
PITS = "#3a6ea5"
ROAD = BANDS.index("road")


def kind_of(name: str) -> str:
    """The word of `KINDS` in the name of a surface, or `PAVED`."""
    return next((kind for kind in KINDS if kind in name.lower()), PAVED)


def draw_ground(axes: Axes, track: Track, place: Any) -> None:
    """The bands beside the road in the colours of their kinds, with a legend; nothing for a track that does not know."""
    if track.ground is None:
        return
    from matplotlib.collections import PolyCollection
    from matplotlib.patches import Patch

    kinds = np.array([kind_of(surface.name) for surface in track.ground.surfaces])
    seen: set[str] = set()
    for band, (outer, inner) in _edges(track).items():
        surface = track.ground.surface[:, band]
        pieces = np.stack([outer[:-1], outer[1:], inner[1:], inner[:-1]], axis=1)
        there = (surface >= 0) & (track.ground.width[:, band] > 0)
        order = 1.5 if band == ROAD else 0.5  # over or under the paved road that every map has
        for kind in np.unique(kinds[surface[there]]):
            if (band, kind) == (ROAD, PAVED):
                continue
            chosen = place(pieces[there & (kinds[surface] == kind)])
            colour = KINDS.get(kind, PAVING)
            axes.add_collection(
                PolyCollection(list(chosen), facecolor=colour, edgecolor=colour, linewidth=0.3, zorder=order)
            )
            seen.add(str(kind))
    patches = [Patch(color=KINDS.get(kind, PAVING), label=kind) for kind in (PAVED, *KINDS) if kind in seen]
    if track.pits is not None:
        patches.append(Patch(color=PITS, label="pits"))
    axes.legend(
        handles=patches, ncols=len(patches), loc="lower right", frameon=False, fontsize=8, labelcolor=INK
    )


def draw_pits(axes: Axes, track: Track, place: Any) -> None:
    """Where each car stops, and the lane from its entry to its exit."""
    pits = track.pits
    if pits is None:
        return
    span = (pits.exit - pits.entry) % track.length
    at = track.at(pits.entry + np.linspace(0, span, max(2, int(span))))
    beside = pits.side * (np.where(pits.side > 0, at.width_left, at.width_right) + pits.width / 2)
    lane = np.stack([at.x - beside * np.sin(at.heading), at.y + beside * np.cos(at.heading)], axis=1)
    lane, places = place(lane), place(pits.places)
    axes.plot(lane[:, 0], lane[:, 1], color=PITS, linewidth=0.9, linestyle=(0, (4, 2)), zorder=2.5)
    axes.plot(places[:, 0], places[:, 1], "s", color=PITS, markersize=2.6, zorder=2.6)


def _edges(track: Track) -> dict[int, tuple[np.ndarray, np.ndarray]]:
    """Outer and inner edge of each band, of the road its borders, ``(n + 1, 2)`` on a closed track."""
    assert track.ground is not None
    normals = np.stack([-np.sin(track.headings), np.cos(track.headings)], axis=1)
    found = {ROAD: (track.left, track.right)}
    for bands, side, edge in (
        (range(ROAD - 1, -1, -1), 1, track.left),
        (range(ROAD + 1, len(BANDS)), -1, track.right),
    ):
        for band in bands:
            outer = edge + side * track.ground.width[:, band, None] * normals
            found[band] = (outer, edge)
            edge = outer
    if track.closed:
        found = {band: (np.vstack([a, a[:1]]), np.vstack([b, b[:1]])) for band, (a, b) in found.items()}
    return found
