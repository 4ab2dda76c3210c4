"""A race on one page: the agents' last laps on the track, and everybody's gap to the winner over the distance.

Importing this module is cheap; matplotlib is imported when a picture is drawn, without pyplot or a display.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from racegym.picture import (
    BOTTOM,
    FAINT,
    INK,
    MAP_HEIGHT,
    PAPER,
    TOP,
    WIDTH,
    axes_on,
    draw_track,
    frame_strip,
    inside_width,
    place_of,
    scale_bar,
)
from racegym.racelog import RaceLog
from racegym.racing import Place

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COLOURS = (
    "#d1495b", "#3a6ea5", "#2a9d5c", "#e39b2d", "#7b4fa3", "#17a2b0", "#b5651d", "#e377c2", "#6b7a2f", "#4b4f58",
)  # fmt: skip
"""Of the agents' cars; the game's own drivers are grey."""
OTHERS = "#b3b8c0"
GAPS = 3.0
"""Height of the chart of gaps, inches."""
NAME = 0.17
"""Height of a name, inches."""
NAMES = 1.7
"""Width left for the names beside it, inches."""
STEP = 10.0
"""m between two points of a gap."""


def draw(log: RaceLog, order: Sequence[Place], title: str, path: Path, dpi: int = 130) -> None:
    """Write the picture of a race to `path`; the suffix decides the format.

    Without positions the map is left out.
    """
    from matplotlib.figure import Figure

    colours = {name: COLOURS[i % len(COLOURS)] for i, name in enumerate(log.names)}
    lines = _last_laps(log)
    place = place_of(log.track, np.concatenate([*lines.values(), np.zeros((0, 2))]))
    map_height = float(np.clip(inside_width() * place.size[1] / place.size[0], *MAP_HEIGHT)) if place else 0.0
    page = TOP + map_height + 0.4 + GAPS + BOTTOM
    figure = Figure(figsize=(WIDTH, page), facecolor=PAPER)
    if place:
        axes = axes_on(figure, page, TOP, map_height)
        axes.set_axis_off()
        axes.set_aspect("equal")
        axes.set_xlim(place.low[0], place.high[0])
        axes.set_ylim(place.low[1], place.high[1])
        if log.track is not None:
            draw_track(axes, log.track, place)
        for name, line in lines.items():
            axes.plot(*place(line).T, color=colours[name], linewidth=1.1, zorder=4)
        scale_bar(axes, place)
    _draw_gaps(axes_on(figure, page, TOP + map_height + 0.4, GAPS), log, order, colours)
    x = 0.35 / WIDTH
    figure.text(x, 1 - 0.42 / page, title, fontsize=16, fontweight="bold", color=INK)
    text = (
        "above: the agents' lines, their last lap; below: gaps to the winner"
        if place
        else "gaps to the winner"
    )
    figure.text(x, 1 - 0.68 / page, text, fontsize=10.5, color=FAINT)
    figure.savefig(path, dpi=dpi, facecolor=PAPER)


def _last_laps(log: RaceLog) -> dict[str, np.ndarray]:
    """Each agent's way through the last lap that it began, ``(n, 2)``."""
    signals = log.telemetry()
    if "position" not in signals:
        return {}
    lines = {}
    for row, name in enumerate(log.names):
        position, lap = signals["position"][:, row, :2], signals["laps"][:, row]
        # a race ends some metres behind the line: the lap before is the last
        ends = np.flatnonzero(np.diff(lap) > 0)
        first, last = (ends[-2] + 1 if len(ends) > 1 else 0, ends[-1] + 1) if len(ends) else (0, len(lap))
        lines[name] = position[first:last]
    return lines


def gaps(log: RaceLog, order: Sequence[Place]) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Distances from the start line, m ``(n,)``, and how long behind the winner everybody came by each, s ``(n,)``.

    NaN where somebody did not come.
    """
    times = np.array(log.times)
    ways = {
        place.name: np.maximum.accumulate([at.get(place.name, np.nan) for at in log.distances])
        for place in order
    }
    winner = ways[order[0].name]
    end = float(np.nanmax(winner))
    if log.track is not None:
        end = min(end, log.laps * log.track.length)
    marks = np.arange(0.0, end, STEP)
    first = np.interp(marks, winner, times)
    passed = {
        name: np.interp(marks, way + 1e-9 * np.arange(len(way)), times, left=np.nan, right=np.nan)
        for name, way in ways.items()
    }
    return marks, {name: time - first for name, time in passed.items()}


def _draw_gaps(axes: Axes, log: RaceLog, order: Sequence[Place], colours: dict[str, str]) -> None:
    marks, behind = gaps(log, order)
    if not len(marks):
        return
    deepest = max(float(np.nanmax(gap, initial=0.0)) for gap in behind.values())
    for name, gap in behind.items():
        axes.plot(marks, gap, color=colours.get(name, OTHERS), linewidth=1.6, zorder=3 + (name in colours))
    lowest = _name(axes, order, behind, marks, colours, NAME / GAPS * (1.1 * deepest + 1))
    frame_strip(axes, "gap to the winner, s", (max(1.06 * deepest, lowest) + 0.5, -0.06 * deepest - 0.5))
    axes.set_xlim(0, marks[-1] * (1 + NAMES / inside_width()))
    axes.set_xticks([tick for tick in axes.get_xticks() if tick <= marks[-1]])
    axes.set_xlabel("distance, m", fontsize=9, color=INK)
    if log.track is not None:
        for line in np.arange(0, marks[-1] + 1, log.track.length):
            axes.axvline(line, color=INK, linewidth=0.9, linestyle=(0, (3, 2)), zorder=2)


def _name(
    axes: Axes,
    order: Sequence[Place],
    behind: dict[str, np.ndarray],
    marks: np.ndarray,
    colours: dict[str, str],
    apart: float,
) -> float:
    """The names beside the ends of the lines, `apart` s at least so that none covers another; where the last stands."""
    lowest = -np.inf
    for place in order:
        known = np.flatnonzero(np.isfinite(behind[place.name]))
        if not len(known):
            continue
        x, y = marks[known[-1]], float(behind[place.name][known[-1]])
        lowest = max(y, lowest + apart)
        options: Any = {"color": colours.get(place.name, FAINT), "fontsize": 8.5, "va": "center"}
        axes.annotate(
            f"{place.name}{', out' if place.out else ''}",
            xy=(x, y),
            xytext=(marks[-1] * 1.012, lowest),
            **options,
        )
    return lowest
