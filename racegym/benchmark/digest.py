"""A run's rows arranged for reading: by event, game and course, with the figures' lines. HTML and Markdown share it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from statistics import fmean
from typing import Any

from racegym.benchmark.leaderboard import NONE
from racegym.benchmark.runs import Row, Run
from racegym.benchmark.score import Place, Score, episode_score, game, pars, scores
from racegym.benchmark.svg import PALETTE, Line
from racegym.driving import clock

GREYS = ("#8a929c", "#66707b")
"""Agents that nobody asked for: references."""

#: Columns of the table of details: heading, key, how it is written.
DETAILS = (
    ("best lap", "best_lap", clock),
    ("mean lap", "mean_lap", clock),
    ("metres", "distance", "{:,.0f}".format),
    ("mean km/h", "mean_speed", lambda value: f"{value * 3.6:.0f}"),
    ("top km/h", "top_speed", lambda value: f"{value * 3.6:.0f}"),
    ("off track, m", "off_track_metres", "{:,.0f}".format),
    ("damage", "damage", "{:.1%}".format),
    ("contacts", "collisions", "{:.1f}".format),
    ("steering 1/s", "steering_rate", "{:.2f}".format),
)


@dataclass(frozen=True)
class Course:
    """One event on one simulator."""

    event: str
    simulator: str
    rows: list[Row]
    par: float | None

    @property
    def slug(self) -> str:
        return f"{self.event}-{self.simulator}".replace("/", "-")

    def of(self, agent: str) -> list[Row]:
        return [row for row in self.rows if row["agent"] == agent]

    @property
    def driven(self) -> bool:
        return any(row["status"] == "ok" for row in self.rows)

    def score(self, agent: str) -> float | None:
        values = [episode_score(row, self.par) for row in self.of(agent)]
        known = [value for value in values if value is not None]
        return fmean(known) if known else None


class Digest:
    """A run, ready to be written about."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.about = run.about
        self.scores: list[Score] = scores(run.rows)
        asked = [score.agent for score in self.scores if score.agent in run.about["agents"]]
        others = [score.agent for score in self.scores if score.agent not in asked]
        self.colours: Mapping[str, str] = {
            **{agent: PALETTE[number % len(PALETTE)] for number, agent in enumerate(asked)},
            **{agent: GREYS[number % len(GREYS)] for number, agent in enumerate(others)},
        }
        par = pars(run.rows)
        places: dict[Place, list[Row]] = {}
        for row in run.rows:
            places.setdefault((row["event"], row["simulator"]), []).append(row)
        self.courses = [Course(*place, rows, par.get(place)) for place, rows in places.items()]
        self.agents = [score.agent for score in self.scores]

    def groups(self) -> dict[tuple[str, str], list[Course]]:
        """Courses that were driven, by event and game."""
        groups: dict[tuple[str, str], list[Course]] = {}
        for course in self.courses:
            if course.driven:
                groups.setdefault((course.event, game(course.simulator)), []).append(course)
        return groups

    def lines(self, course: Course) -> list[Line]:
        """Each agent's best drive on a course, the reference first and dashed."""
        found = []
        for agent in sorted(
            self.agents, key=lambda agent: agent not in {row["reference"] for row in course.rows}
        ):
            rows = [row for row in course.of(agent) if row["status"] == "ok"]
            if not rows:
                continue
            best = max(rows, key=lambda row: (row["completion"], -(row["best_lap"] or row["time"])))
            trace = self.run.trace(best["key"])
            if trace is not None:
                found.append(Line(agent, self.colours[agent], trace, agent == best["reference"]))
        return found if len(found) > 1 else [replace(line, reference=False) for line in found]

    def headline(self) -> str:
        """The outcome in a sentence."""
        driven = [course for course in self.courses if course.driven]
        games = sorted({game(course.simulator) for course in driven})
        measured = {row["agent"] for row in self.run.rows if row["agent"] != row["reference"]}
        asked = measured & set(self.about["agents"])
        ranked = [score for score in self.scores if score.mean is not None and score.agent in asked]
        what = f"{_count(len(driven), 'course')} of {_count(len(games), 'game')} ({', '.join(games)})"
        if not ranked:
            return f"{_count(len(self.agents), 'agent')} drove {what}."
        best, others = ranked[0], ranked[1:]
        told = (
            f"On {what}, {best.agent} scored {best.mean:.1f} where 100 is the reference driver, and finished "
            f"{best.finished} of {_count(best.episodes, 'drive')}"
        )
        behind = ", ".join(f"{score.agent} {score.mean:.1f}" for score in others)
        return f"{told}; behind it {behind}." if others else f"{told}."

    def failures(self) -> dict[str, list[str]]:
        """What failed, by reason."""
        reasons: dict[str, list[str]] = {}
        for row in self.run.rows:
            if row["status"] != "ok":
                who = (
                    row["simulator"]
                    if row["blame"] == "missing"
                    else f"{row['simulator']} with {row['agent']}"
                )
                reasons.setdefault(row["failure"], []).append(who)
        return {reason: list(dict.fromkeys(who)) for reason, who in reasons.items()}

    def speeds(self) -> dict[str, float]:
        """Mean steps a second by game."""
        rates: dict[str, list[float]] = {}
        for timing in self.run.timing:
            if "steps_per_second" in timing:
                rates.setdefault(game(timing["simulator"]), []).append(timing["steps_per_second"])
        return {name: fmean(values) for name, values in rates.items()}


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" + "s" * (number != 1)


def result_text(course: Course, agent: str) -> str:
    """An agent's result on a course in a few words: its time or metres, or how far it came and why it ended."""
    rows = course.of(agent)
    done = [row for row in rows if row["status"] == "ok"]
    if not done:
        return "failed" if rows else NONE
    if course.rows and done[0]["course"] is None:
        return f"{fmean(row['distance'] or 0 for row in done):,.0f} m"
    finished = [row["time"] for row in done if row["finished"]]
    if not finished:
        worst = max(done, key=lambda row: row["completion"])
        return f"{worst['completion']:.0%}, {worst['ended_by'].replace('_', ' ')}"
    share = f" ({len(finished)} of {len(done)})" if len(finished) < len(done) else ""
    return clock(fmean(finished)) + share


def mean_of(rows: list[Row], key: str) -> float | None:
    """The mean over rows that tell."""
    values: list[Any] = [row[key] for row in rows if row["status"] == "ok" and row.get(key) is not None]
    return fmean(values) if values else None
