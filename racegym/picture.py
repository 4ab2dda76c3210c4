"""A drive on one page: the track with the driven line coloured by speed, and the controls over distance.

Importing this module is cheap; matplotlib is imported when a picture is drawn, without pyplot or a display.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from racegym.driving import Drive, clock

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.collections import LineCollection
    from matplotlib.figure import Figure

    from racegym.track import Track

WIDTH = 11.0
"""Width of the page, inches."""
MAP_HEIGHT = (2.6, 7.6)
"""Least and greatest height of the map, inches."""
STRIPS = (1.3, 0.85, 0.85)
"""Heights of the strips for speed, steering and pedals, inches."""
TOP, BOTTOM, LEFT, RIGHT, GAP = 0.95, 0.62, 0.85, 0.35, 0.16
"""Margins and the space between strips, inches."""
MOST_SEGMENTS = 4000
"""Finer lines than this are thinned; the eye cannot tell."""

INK, FAINT, ASPHALT, KERB, PAPER = "#23272f", "#8a9099", "#d9dce1", "#9aa1ab", "#ffffff"
THROTTLE, BRAKE, STEER = "#2a9d5c", "#d1495b", "#3a6ea5"
SPEED_COLOURS = "turbo"


@dataclass(frozen=True)
class _Place:
    """How the world lies on the page: turned a quarter when it is taller than wide."""

    turned: bool
    low: np.ndarray
    high: np.ndarray

    @classmethod
    def around(cls, points: np.ndarray, margin: float) -> _Place:
        span = np.ptp(points, axis=0)
        turned = bool(span[1] > span[0])
        on_page = points @ _quarter(turned)
        return cls(turned, on_page.min(axis=0) - margin, on_page.max(axis=0) + margin)

    def __call__(self, points: np.ndarray) -> np.ndarray:
        """Points ``(..., 2)`` of the world on the page."""
        return points @ _quarter(self.turned)

    @property
    def size(self) -> np.ndarray:
        return self.high - self.low


def _quarter(turned: bool) -> np.ndarray:
    return np.array([[0.0, -1.0], [1.0, 0.0]]) if turned else np.eye(2)


def draw(drive: Drive, path: Path, dpi: int = 130) -> None:
    """Write a picture of `drive` to `path`; the suffix decides the format (.png, .svg, .pdf).

    Where several laps were driven, the best is coloured and the others are faint. Without a track the line stands
    alone; without positions the map is left out.
    """
    from matplotlib.figure import Figure

    position = drive.telemetry["position"][:, :2]
    seen = position[np.isfinite(position).all(axis=1)]
    place = place_of(drive.track, seen)
    map_height = float(np.clip(inside_width() * place.size[1] / place.size[0], *MAP_HEIGHT)) if place else 0.0
    height = TOP + map_height + 0.4 + sum(STRIPS) + GAP * 2 + BOTTOM
    figure = Figure(figsize=(WIDTH, height), facecolor=PAPER)
    scale = _speed_scale(drive)
    if place:
        axes = axes_on(figure, height, TOP, map_height)
        _draw_map(axes, drive, place, scale)
        _speed_bar(figure, height, scale)
    _draw_strips(figure, height, TOP + map_height + 0.4, drive, scale)
    _title(figure, height, drive)
    figure.savefig(path, dpi=dpi, facecolor=PAPER)


def place_of(track: Track | None, driven: np.ndarray) -> _Place | None:
    """How `track` and the `driven` points (n, 2) lie on the page; None when there are none."""
    parts = [driven] if track is None else [track.left, track.right, driven]
    points = np.concatenate(parts)
    if len(points) < 2:
        return None
    return _Place.around(points, margin=0.04 * float(np.ptp(points, axis=0).max()) + 1.0)


def inside_width() -> float:
    """Between the margins, inches."""
    return WIDTH - LEFT - RIGHT


def axes_on(figure: Figure, page: float, top: float, height: float, **options: Any) -> Axes:
    """Axes over the full width of a page `page` inches high, `top` inches below its edge."""
    box = (LEFT / WIDTH, 1 - (top + height) / page, inside_width() / WIDTH, height / page)
    return figure.add_axes(box, **options)


def _speed_scale(drive: Drive) -> Any:
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import Normalize

    top = float(np.nanmax(_speed(drive), initial=1.0))
    return ScalarMappable(Normalize(0, top), SPEED_COLOURS)


def _speed(drive: Drive) -> np.ndarray:
    """Speed in km/h, ``(rows,)``."""
    return drive.telemetry["speed"] * 3.6


def _coloured(points: np.ndarray, values: np.ndarray, scale: Any, width: float) -> LineCollection:
    """A line through `points` (n, 2), each piece coloured by `values` (n,)."""
    from matplotlib.collections import LineCollection

    keep = np.unique(np.linspace(0, len(points) - 1, min(len(points), MOST_SEGMENTS)).astype(int))
    points, values = points[keep], values[keep]
    # pieces overlap by one point, so that no seam shows between them
    pieces = np.stack([points[:-2], points[1:-1], points[2:]], axis=1)
    return LineCollection(
        list(pieces), array=values[1:-1], norm=scale.norm, cmap=scale.cmap, linewidth=width, joinstyle="round"
    )


def _draw_map(axes: Axes, drive: Drive, place: _Place, scale: Any) -> None:
    axes.set_axis_off()
    axes.set_aspect("equal")
    axes.set_xlim(place.low[0], place.high[0])
    axes.set_ylim(place.low[1], place.high[1])
    if drive.track is not None:
        draw_track(axes, drive.track, place)
    line = place(drive.telemetry["position"][:, :2])
    coloured = _best_lap(drive)
    axes.plot(line[:, 0], line[:, 1], color=INK, linewidth=0.7, alpha=0.35, zorder=3)
    axes.add_collection(_coloured(line[coloured], _speed(drive)[coloured], scale, 2.2)).set_zorder(4)
    scale_bar(axes, place)


def _best_lap(drive: Drive) -> slice:
    """The rows of the fastest completed lap; all rows before any is completed."""
    crossings = drive.crossings
    if len(crossings) < 2:
        return slice(None)
    best = int(np.nanargmin(drive.lap_times))
    return slice(int(crossings[best - 1]) if best else 0, int(crossings[best]) + 1)


def draw_track(axes: Axes, track: Track, place: _Place) -> None:
    """The road between its borders, the start line and the driving direction."""
    from matplotlib.collections import PolyCollection

    left, right = place(track.left), place(track.right)
    if track.closed:
        left, right = (np.concatenate([side, side[:1]]) for side in (left, right))
    keep = np.unique(np.linspace(0, len(left) - 1, min(len(left), MOST_SEGMENTS)).astype(int))
    a, b = left[keep], right[keep]
    # one piece after the other, so that a course may cross itself
    pieces = np.stack([a[:-1], a[1:], b[1:], b[:-1]], axis=1)
    axes.add_collection(PolyCollection(list(pieces), facecolor=ASPHALT, edgecolor=ASPHALT, linewidth=0.6))
    for side in (a, b):
        axes.plot(side[:, 0], side[:, 1], color=KERB, linewidth=0.9, solid_joinstyle="round", zorder=2)
    _draw_start(axes, left, right, float(place.size.max()))


def _draw_start(axes: Axes, left: np.ndarray, right: np.ndarray, span: float) -> None:
    """The start line, and an arrow beside it on the outside that shows the driving direction."""
    middle = (left[0] + right[0]) / 2
    across = (left[0] - right[0]) / np.linalg.norm(left[0] - right[0])
    along = np.array([across[1], -across[0]])
    half = np.linalg.norm(left[0] - right[0]) / 2
    ends = np.stack([middle + across * (half + 0.008 * span), middle - across * (half + 0.008 * span)])
    axes.plot(ends[:, 0], ends[:, 1], color=INK, linewidth=2.4, solid_capstyle="butt", zorder=5)
    outward = across if (middle - left.mean(axis=0)) @ across > 0 else -across
    tail = middle + outward * (half + 0.02 * span)
    axes.annotate(
        "",
        xy=tuple(tail + along * 0.055 * span),
        xytext=tuple(tail),
        arrowprops={"arrowstyle": "-|>,head_width=0.28,head_length=0.6", "color": INK, "linewidth": 1.6},
        zorder=5,
    )


def scale_bar(axes: Axes, place: _Place) -> None:
    """A bar of a round length at the lower left."""
    wanted = 0.14 * float(place.size[0])
    unit = 10.0 ** np.floor(np.log10(wanted))
    length = unit * max(step for step in (1, 2, 5) if step * unit <= wanted)
    x, y = place.low + 0.012 * place.size[0]
    axes.plot([x, x + length], [y, y], color=FAINT, linewidth=1.4, solid_capstyle="butt")
    text = f"{length / 1000:g} km" if length >= 1000 else f"{length:g} m"
    axes.text(
        x + length / 2, y + 0.008 * place.size[0], text, color=FAINT, fontsize=8, ha="center", va="bottom"
    )


def _speed_bar(figure: Figure, page: float, scale: Any) -> None:
    box = figure.add_axes(((WIDTH - RIGHT - 2.4) / WIDTH, 1 - 0.56 / page, 2.4 / WIDTH, 0.12 / page))
    bar = figure.colorbar(scale, cax=box, orientation="horizontal")
    bar.outline.set_visible(False)  # pyright: ignore[reportCallIssue]
    bar.ax.tick_params(length=0, labelsize=8, labelcolor=FAINT, pad=3)
    bar.ax.set_title("speed, km/h", fontsize=8, color=FAINT, pad=4, loc="right")


def _draw_strips(figure: Figure, page: float, top: float, drive: Drive, scale: Any) -> None:
    """Speed, steering and pedals over distance, or over time where the distance is unknown."""
    rows = drive.telemetry
    over_distance = bool(np.isfinite(rows["distance"]).all())
    x = rows["distance"] - rows["distance"][0] if over_distance else rows["time"] - rows["time"][0]
    strips: list[Axes] = []
    for height in STRIPS:
        strips.append(axes_on(figure, page, top, height, sharex=strips[0] if strips else None))
        top += height + GAP
    speed, steer, pedals = strips
    speed.add_collection(_coloured(np.stack([x, _speed(drive)], axis=1), _speed(drive), scale, 1.5))
    frame_strip(speed, "speed\nkm/h", (0, scale.norm.vmax * 1.08))
    steer.fill_between(x, rows["steer"], color=STEER, alpha=0.25, linewidth=0)
    steer.plot(x, rows["steer"], color=STEER, linewidth=0.9)
    most = max(0.1, float(np.nanmax(np.abs(rows["steer"]), initial=0.0)))
    frame_strip(
        steer,
        "steering",
        (-1.08 * most, 1.08 * most),
        {-most: f"right {most:.2g}", 0: "", most: f"left {most:.2g}"},
    )
    pedals.fill_between(x, rows["throttle"], color=THROTTLE, alpha=0.75, linewidth=0)
    pedals.fill_between(x, -rows["brake"], color=BRAKE, alpha=0.75, linewidth=0)
    frame_strip(pedals, "pedals", (-1.08, 1.08), {-1: "brake", 0: "", 1: "throttle"})
    pedals.set_xlabel("distance, m" if over_distance else "time, s", fontsize=9, color=INK)
    pedals.set_xlim(float(x.min()), max(float(x.max()), float(x.min()) + 1e-3))
    for strip in (speed, steer):
        strip.tick_params(labelbottom=False)
    _mark_laps(strips, x, drive)


def frame_strip(
    axes: Axes, label: str, limits: tuple[float, float], ticks: dict[float, str] | None = None
) -> None:
    """Label, limits and quiet lines of a strip."""
    axes.set_ylim(*limits)
    axes.set_ylabel(label, fontsize=9, color=INK)
    axes.yaxis.set_label_coords(-0.052, 0.5)
    axes.grid(axis="x", color="#eceef1", linewidth=0.8)
    axes.set_axisbelow(True)
    axes.tick_params(length=0, labelsize=8, labelcolor=FAINT)
    if ticks:
        axes.axhline(0, color="#c9cdd3", linewidth=0.8, zorder=1)
        axes.set_yticks(list(ticks), list(ticks.values()))
    for name, spine in axes.spines.items():
        spine.set_visible(name == "bottom")
        spine.set_color("#c9cdd3")


def _mark_laps(strips: list[Axes], x: np.ndarray, drive: Drive) -> None:
    """A line where each lap ends, its number and time above."""
    starts = [0.0, *(float(x[row]) for row in drive.crossings)]
    for axes in strips:
        for start in starts[1:]:
            axes.axvline(start, color=INK, linewidth=0.9, linestyle=(0, (3, 2)), zorder=5)
    for number, time in enumerate(drive.lap_times):
        middle = (starts[number] + starts[number + 1]) / 2
        strips[0].annotate(
            f"lap {number + 1}   {clock(time)}",
            xy=(middle, 1),
            xytext=(0, 3),
            xycoords=("data", "axes fraction"),
            textcoords="offset points",
            ha="center",
            fontsize=8.5,
            color=INK,
        )


def _title(figure: Figure, page: float, drive: Drive) -> None:
    laps = drive.lap_times
    if laps:
        result = f"best of {len(laps)} laps {clock(min(laps))}" if len(laps) > 1 else f"lap {clock(laps[0])}"
    else:
        result = f"no lap completed, ended by {drive.ended_by} after {clock(drive.duration)}"
    x = 0.35 / WIDTH
    figure.text(x, 1 - 0.42 / page, drive.simulator, fontsize=16, fontweight="bold", color=INK)
    figure.text(x, 1 - 0.68 / page, f"{drive.agent}  ·  {result}", fontsize=10.5, color=FAINT)
