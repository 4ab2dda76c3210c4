"""A course on one page: seen from above on its ground, with elevation and curvature along the way."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from racegym.groundwork import draw_ground, draw_pits
from racegym.picture import (
    BOTTOM,
    FAINT,
    GAP,
    INK,
    MAP_HEIGHT,
    PAPER,
    STEER,
    TOP,
    WIDTH,
    axes_on,
    draw_track,
    frame_strip,
    inside_width,
    place_of,
    scale_bar,
)  # fmt: skip
from racegym.track import Track

STRIP = 0.85
"""Height of the strips for elevation and curvature, inches."""


def draw(track: Track, path: Path, dpi: int = 130) -> None:
    """Write the picture of `track` to `path`; the suffix decides the format."""
    from matplotlib.figure import Figure

    place = place_of(track, np.zeros((0, 2)))
    assert place is not None
    height_of_map = float(np.clip(inside_width() * place.size[1] / place.size[0], *MAP_HEIGHT))
    page = TOP + height_of_map + 0.4 + 2 * STRIP + GAP + BOTTOM
    figure = Figure(figsize=(WIDTH, page), facecolor=PAPER)
    above = axes_on(figure, page, TOP, height_of_map)
    above.set_axis_off()
    above.set_aspect("equal")
    above.set_xlim(place.low[0], place.high[0])
    above.set_ylim(place.low[1], place.high[1])
    draw_ground(above, track, place)
    draw_track(above, track, place)
    draw_pits(above, track, place)
    scale_bar(above, place)
    _strips(figure, page, TOP + height_of_map + 0.4, track)
    x = 0.35 / WIDTH
    figure.text(x, 1 - 0.42 / page, track.name, fontsize=16, fontweight="bold", color=INK)
    width = float((track.width_left + track.width_right).mean())
    figure.text(
        x, 1 - 0.68 / page, f"{track.length:.0f} m  ·  {width:.0f} m wide", fontsize=10.5, color=FAINT
    )
    figure.savefig(path, dpi=dpi, facecolor=PAPER)


def _strips(figure: Any, page: float, top: float, track: Track) -> None:
    s = track.stations
    climb = axes_on(figure, page, top, STRIP)
    climb.fill_between(s, track.elevation, track.elevation.min(), color=STEER, alpha=0.3, linewidth=0)
    climb.plot(s, track.elevation, color=STEER, linewidth=0.9)
    room = max(float(np.ptp(track.elevation)), 1.0)
    frame_strip(
        climb, "elevation\nm", (float(track.elevation.min()), float(track.elevation.min()) + 1.1 * room)
    )
    bends = axes_on(figure, page, top + STRIP + GAP, STRIP, sharex=climb)
    bends.plot(s, track.curvature * 1000, color=INK, linewidth=0.9)
    most = max(1.0, float(np.abs(track.curvature * 1000).max()))
    frame_strip(bends, "curvature\n1/km", (-1.1 * most, 1.1 * most))
    bends.set_xlabel("distance, m", fontsize=9, color=INK)
    bends.set_xlim(0, track.length)
    climb.tick_params(labelbottom=False)
