"""The learning curve as a picture: evaluation laps over the steps of a training."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from racegym.picture import BOTTOM, FAINT, GAP, INK, PAPER, RIGHT, TOP, WIDTH, axes_on

CURVE = "evaluations.jsonl"
HEIGHTS = (1.4, 3.2)
"""Of the panels, inches: courses finished, lap times."""
STYLES = ("-", "--", ":", "-.")
"""Of the trainings, where several are drawn."""
SLOWEST = 30.0
"""%, above which a lap time is drawn at the edge."""


def evaluations(folder: Path) -> list[dict[str, Any]]:
    """The evaluations of the training in `folder`, in order: steps, seconds, pace, and the benchmark's rows."""
    return [json.loads(line) for line in (folder / CURVE).read_text(encoding="utf-8").splitlines()]


def draw(
    trainings: Mapping[str, Sequence[Mapping[str, Any]]],
    path: Path,
    reference: Mapping[str, float] | None = None,
    dpi: int = 130,
) -> None:
    """Write the learning curves of `trainings`, evaluations by name, to `path`; the suffix decides the format.

    Above, the courses finished; below, the time on each of them against `reference`, s, in %: by default the best
    time of all these trainings.
    """
    from matplotlib.figure import Figure

    page = TOP + sum(HEIGHTS) + GAP + BOTTOM
    figure = Figure(figsize=(WIDTH, page), facecolor=PAPER)
    above = axes_on(figure, page, TOP, HEIGHTS[0])
    below = axes_on(figure, page, TOP + HEIGHTS[0] + GAP, HEIGHTS[1], sharex=above)
    against = reference or _best(trainings)
    for (name, curve), style in zip(trainings.items(), STYLES * len(trainings), strict=False):
        steps = np.array([point["steps"] for point in curve]) / 1e6
        above.plot(steps, [len(_times(point)) for point in curve], style, color=INK, label=name)
        for place, course in enumerate(sorted(against)):
            slower = [100 * (_times(point).get(course, np.nan) / against[course] - 1) for point in curve]
            label = course.rpartition("/")[2] if style == STYLES[0] else None
            below.plot(steps, np.minimum(slower, SLOWEST), style, color=f"C{place}", marker=".", label=label)
    above.tick_params(labelbottom=False)
    above.set_ylabel("courses finished", fontsize=9, color=INK)
    below.set_ylabel(f"time against {'reference' if reference else 'best'}, %", fontsize=9, color=INK)
    below.set_xlabel("steps, millions", fontsize=9, color=INK)
    below.axhline(0, color=FAINT, linewidth=0.9)
    for axes in (above, below):
        axes.grid(alpha=0.25)
        if axes.get_legend_handles_labels()[0]:
            axes.legend(fontsize=8, frameon=False, labelcolor=INK, ncols=6, loc="best")
    figure.text(
        RIGHT / WIDTH,
        1 - 0.5 / page,
        "Evaluation laps",
        fontsize=14,
        fontweight="bold",
        color=INK,
    )
    figure.savefig(path, dpi=dpi, facecolor=PAPER)


def _times(point: Mapping[str, Any]) -> dict[str, float]:
    """Time on each course that was finished in an evaluation, s."""
    return {row["simulator"]: row["time"] for row in point["rows"] if row.get("finished")}


def _best(trainings: Mapping[str, Sequence[Mapping[str, Any]]]) -> dict[str, float]:
    best: dict[str, float] = {}
    for point in (point for curve in trainings.values() for point in curve):
        for course, time in _times(point).items():
            best[course] = min(time, best.get(course, time))
    return best
