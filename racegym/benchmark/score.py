"""Scores that mean the same in every game: 100 is the reference driver's pace. The formulas are docs/benchmark.md's."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import sqrt
from statistics import fmean, stdev
from typing import Any

Row = Mapping[str, Any]
Place = tuple[str, str]
"""An event and a simulator."""

#: Student's t, two-sided 95 %, by degrees of freedom (any statistics table).
STUDENT = (
    12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160, 2.145, 2.131,
    2.120, 2.110, 2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042,
)  # fmt: skip
NORMAL = 1.960


@dataclass(frozen=True)
class Score:
    """An agent's standing."""

    agent: str
    mean: float | None
    """None where no course could be scored."""
    interval: float | None
    """Half the width of the 95 % confidence interval over seeds; None with fewer than two seeds."""
    games: Mapping[str, float] = field(default_factory=dict)
    """By ``event: game``."""
    courses: Mapping[Place, float] = field(default_factory=dict)
    finished: int = 0
    episodes: int = 0
    failed: int = 0


def scores(rows: Sequence[Row]) -> list[Score]:
    """Every agent's score, the best first."""
    par = pars(rows)
    agents = dict.fromkeys(row["agent"] for row in rows)
    found = [_score(agent, [row for row in rows if row["agent"] == agent], par) for agent in agents]
    return sorted(found, key=lambda score: -1.0 if score.mean is None else score.mean, reverse=True)


def episode_score(row: Row, par: float | None) -> float | None:
    """The score of one row against its reference's `par` (seconds of a course, or metres of a time); None: left out."""
    if row["status"] != "ok":
        return 0.0 if row["blame"] == "agent" and par is not None else None
    if not par:
        return None
    if row.get("course") is None:
        return 100.0 * max(0.0, row["distance"] or 0.0) / par
    if row["finished"]:
        return 100.0 * par / row["time"]
    return 100.0 * par / row["limit"] * row["completion"]


def pars(rows: Sequence[Row]) -> dict[Place, float]:
    """What the reference did on each course: its mean time (s) over a course, its mean distance (m) in a time."""
    done: dict[Place, list[float]] = defaultdict(list)
    broken: set[Place] = set()
    for row in rows:
        if row["agent"] != row["reference"]:
            continue
        place = (row["event"], row["simulator"])
        if row["status"] != "ok" or (row["course"] is not None and not row["finished"]):
            broken.add(place)
        else:
            done[place].append(row["distance"] if row["course"] is None else row["time"])
    return {place: fmean(values) for place, values in done.items() if place not in broken}


def _score(agent: str, rows: Sequence[Row], par: Mapping[Place, float]) -> Score:
    by_course: dict[Place, dict[int, float]] = defaultdict(dict)
    for row in rows:
        place = (row["event"], row["simulator"])
        value = episode_score(row, par.get(place))
        if value is not None:
            by_course[place][row["seed"]] = value
    courses = {place: fmean(values.values()) for place, values in by_course.items()}
    games = _games(courses)
    seeds = sorted({seed for values in by_course.values() for seed in values})
    each = [
        fmean(_games({place: values[seed] for place, values in by_course.items() if seed in values}).values())
        for seed in seeds
    ]
    return Score(
        agent,
        fmean(games.values()) if games else None,
        student(each),
        games,
        courses,
        sum(bool(row.get("finished")) for row in rows),
        len(rows),
        sum(row["status"] != "ok" for row in rows),
    )


def _games(courses: Mapping[Place, float]) -> dict[str, float]:
    """Means over the courses of each event and game."""
    together: dict[str, list[float]] = defaultdict(list)
    for (event, simulator), value in courses.items():
        together[f"{event}: {game(simulator)}"].append(value)
    return {name: fmean(values) for name, values in together.items()}


def game(simulator: str) -> str:
    """The game that a simulator's name begins with."""
    return simulator.partition("/")[0]


def student(values: Iterable[float]) -> float | None:
    """Half the width of the 95 % confidence interval of the mean; None for fewer than two values."""
    values = list(values)
    if len(values) < 2:
        return None
    free = len(values) - 1
    quantile = STUDENT[free - 1] if free <= len(STUDENT) else NORMAL
    return quantile * stdev(values) / sqrt(len(values))
