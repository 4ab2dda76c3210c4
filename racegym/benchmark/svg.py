"""Figures of a report as SVG: driven lines on the track, speeds over distance, scores as bars. No library needed.

Colours are CSS variables with fallbacks, so that the same figure fits a light and a dark page and stands alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

import numpy as np

from racegym.benchmark.score import Score
from racegym.track import Track

PALETTE = ("#e4572e", "#2f6fde", "#17a398", "#b14aed", "#d99a00", "#5b7083", "#c2185b", "#5a8f29")
"""One colour an agent, in the order of the standing."""
INK, FAINT, GRID, ROAD, EDGE = (
    "var(--ink,#23272f)", "var(--faint,#7a828c)", "var(--grid,#e3e6ea)", "var(--road,#dfe3e8)", "var(--edge,#aab2bb)",
)  # fmt: skip
FONT = 'font-family="system-ui,sans-serif"'
MAP = (460.0, 300.0)
CHART = (460.0, 180.0)
LEFT, BOTTOM, TOP = 36.0, 34.0, 12.0
FINE = 0.2
"""What a drawn line may leave out, in units of the figure, a pixel or less: a report of many courses stays small."""


@dataclass(frozen=True)
class Line:
    """One agent's drive in a figure."""

    label: str
    colour: str
    trace: Mapping[str, np.ndarray]
    reference: bool = False

    @property
    def style(self) -> str:
        dash = ' stroke-dasharray="5 4"' if self.reference else ""
        return f'fill="none" stroke="{self.colour}" stroke-width="1.3" stroke-linejoin="round"{dash}'


def track_map(track: Track | None, lines: Sequence[Line]) -> str:
    """The road from above with each line on it; turned a quarter where that fills the page better."""
    driven = [line.trace["position"][:, :2].astype(float) for line in lines]
    driven = [points[np.isfinite(points).all(axis=1)] for points in driven]
    borders = [track.left, track.right] if track else []
    everything = [part for part in (*borders, *driven) if len(part) > 1]
    if not everything:
        return ""
    points = np.concatenate(everything)
    quarter = np.ptp(points[:, 1]) > np.ptp(points[:, 0])
    turned = points[:, ::-1] * (1, -1) if quarter else points
    low, high = turned.min(axis=0), turned.max(axis=0)
    scale = min((MAP[0] - 24) / max(high[0] - low[0], 1.0), (MAP[1] - 24) / max(high[1] - low[1], 1.0))
    height = (high[1] - low[1]) * scale + 24

    def place(part: np.ndarray) -> np.ndarray:
        part = part[:, ::-1] * (1, -1) if quarter else part
        return np.stack(
            [(part[:, 0] - low[0]) * scale + 12, height - 12 - (part[:, 1] - low[1]) * scale], axis=1
        )

    body = _road(track, place) if track else ""
    for line, part in zip(lines, driven, strict=True):
        if len(part) > 1:
            body += _polyline(line, place(part))
    return _svg(MAP[0], height, body, "driven lines on the track")


def _road(track: Track, place) -> str:
    left, right = place(track.left), place(track.right)
    if track.closed:
        left, right = np.vstack([left, left[:1]]), np.vstack([right, right[:1]])
    keep = np.union1d(bends(left), bends(right))
    left, right = left[keep], right[keep]
    # one quadrilateral after the other in a single path, so that a course may cross itself
    quads = "".join(
        f"M{_xy(a)}L{_xy(b)}L{_xy(c)}L{_xy(d)}z"
        for a, b, c, d in zip(left[:-1], left[1:], right[1:], right[:-1], strict=True)
    )
    body = f'<path d="{quads}" fill="{ROAD}" stroke="{ROAD}" stroke-width=".6"/>'
    for side in (left, right):
        body += f'<polyline fill="none" stroke="{EDGE}" stroke-width=".8" points="{_points(side)}"/>'
    middle, arm = (left[0] + right[0]) / 2, (left[0] - right[0]) * 0.9
    start = _xy(middle - arm), _xy(middle + arm)
    return body + f'<path d="M{start[0]}L{start[1]}" stroke="{INK}" stroke-width="2.2"/>'


def speed_chart(lines: Sequence[Line]) -> str:
    """Speed in km/h over the metres of the lap."""
    curves = [(line, *_speed(line)) for line in lines]
    curves = [(line, x, y) for line, x, y in curves if len(x) > 1]
    if not curves:
        return ""
    far = max(float(x[-1]) for _, x, _ in curves) or 1.0
    fast = max(float(y.max()) for _, _, y in curves) * 1.05 or 1.0
    wide, high = CHART[0] - LEFT - 10, CHART[1] - BOTTOM - TOP
    body = ""
    for value in _ticks(fast):
        y = TOP + high * (1 - value / fast)
        body += f'<path d="M{LEFT} {y:.1f}H{LEFT + wide}" stroke="{GRID}"/>' + _text(
            LEFT - 6, y + 3.5, f"{value:g}", "end"
        )
    for value in _ticks(far):
        x = LEFT + wide * value / far
        label = f"{value / 1000:g} km" if far >= 2000 else f"{value:g} m"
        body += _text(x, CHART[1] - BOTTOM + 16, label, "middle")
    body += _text(LEFT, CHART[1] - 4, "km/h over distance", "start")
    for line, x, y in curves:
        points = np.stack([LEFT + wide * x / far, TOP + high * (1 - y / fast)], axis=1)
        body += _polyline(line, points)
    return _svg(*CHART, body, "speed over distance")


def _speed(line: Line) -> tuple[np.ndarray, np.ndarray]:
    x = line.trace["distance"].astype(float) - float(line.trace["distance"][0])
    known = np.isfinite(x)
    return np.maximum.accumulate(x[known]) if known.any() else x[:0], line.trace["speed"][known].astype(
        float
    ) * 3.6


def score_bars(scores: Sequence[Score], colours: Mapping[str, str]) -> str:
    """One bar an agent with its confidence interval, and a line at 100: the reference."""
    shown = [score for score in scores if score.mean is not None]
    if not shown:
        return ""
    row, label, wide, number = 34.0, 190.0, 640.0, 56.0
    top = max(105.0, *((score.mean or 0) + (score.interval or 0) for score in shown)) * 1.02
    room = wide - label - number
    height = row * len(shown) + 26
    par = label + room * 100 / top
    body = f'<path d="M{par:.1f} 0V{height - 20}" stroke="{FAINT}" stroke-dasharray="3 3"/>'
    body += _text(par, height - 6, "100 = reference", "middle")
    for place, score in enumerate(shown):
        mean, middle = score.mean or 0.0, row * place + row / 2
        length = room * max(mean, 0.0) / top
        body += _text(label - 10, middle + 4, score.agent[-28:], "end", INK, 13)
        body += f'<rect x="{label}" y="{middle - 9}" width="{length:.1f}" height="18" rx="3" '
        body += f'fill="{colours[score.agent]}"/>'
        if score.interval:
            reach = room * score.interval / top
            low, high = label + length - reach, label + length + reach
            whisker = f"M{low:.1f} {middle}H{high:.1f}M{high:.1f} {middle - 5}v10M{low:.1f} {middle - 5}v10"
            body += f'<path d="{whisker}" stroke="{INK}" stroke-width="1.4"/>'
        body += _text(wide - 4, middle + 4, f"{mean:.1f}", "end", INK, 13)
    return _svg(wide, height, body, "scores")


def _ticks(top: float, count: int = 5) -> list[float]:
    """Round numbers from 0 to `top`."""
    unit = 10.0 ** np.floor(np.log10(top / count))
    step = next(unit * factor for factor in (1, 2, 2.5, 5, 10) if unit * factor * count >= top)
    return [float(value) for value in np.arange(0, top + 1e-9, step)]


def bends(points: np.ndarray, within: float = FINE) -> np.ndarray:
    """Places of the points ``(n, 2)`` that draw the same line `within` a distance: the first and the last, and between
    any two of them the farthest off for as long as it is farther than that (Ramer 1972, Douglas and Peucker 1973).
    """
    kept, spans = {0, len(points) - 1}, [(0, len(points) - 1)]
    while spans:
        first, last = spans.pop()
        if last - first < 2:
            continue
        between, (x, y) = points[first + 1 : last] - points[first], points[last] - points[first]
        size = np.hypot(x, y)
        off = np.abs(between[:, 0] * y - between[:, 1] * x) / size if size else np.hypot(*between.T)
        if off.max() > within:
            middle = first + 1 + int(off.argmax())
            kept.add(middle)
            spans += [(first, middle), (middle, last)]
    return np.array(sorted(kept))


def _points(points: np.ndarray) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in points[bends(points)].tolist())


def _xy(point: np.ndarray) -> str:
    return f"{point[0]:.1f} {point[1]:.1f}"


def _polyline(line: Line, points: np.ndarray) -> str:
    title = f"<title>{escape(line.label)}</title>"
    return f'<polyline {line.style} points="{_points(points)}">{title}</polyline>'


def _text(x: float, y: float, text: str, anchor: str, colour: str = FAINT, size: int = 11) -> str:
    place = f'x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"'
    return f'<text {place} fill="{colour}" font-size="{size}" {FONT}>{escape(text)}</text>'


def _svg(width: float, height: float, body: str, label: str) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" role="img" '
        f'aria-label="{label}">{body}</svg>'
    )
