"""Signals that a simulator does not report but that follow from those it does, and from the track.

`RULES` is the whole of it: a quantity, what it needs, how it is worked out. `Sensors` picks the rules that a
task's signals need and runs them, a few NumPy calls each, over all cars of a simulator at once.

The start line and laps: `lap_distance` is the car's station on the centre line. Counted on over the start
line it is the *course*, in metres, which tells a car that crossed the line forwards from one that crossed
it backwards. The course begins at the start's station, less one track length when the car starts in the
second half of the lap: such a car stands before the line. A lap is completed when the course reaches the
next whole track length for the first time. So the line a few metres after the start completes nothing, lap
1 lasts from time 0 to the end of the first full lap, and driving to and fro over the line completes nothing
either. On an open course the only lap ends at its last station. The moment of a crossing is interpolated
between two telemetries.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

import numpy as np

from racegym.errors import ConfigurationError
from racegym.signals import BEAMS, SIGNALS, Record, Signal, Table, Telemetry, unknown
from racegym.simulator import SimulatorSpec
from racegym.track import NEAR, Location, Track

REACH = SIGNALS["rangefinders"].high
TURN = 2 * math.pi


class Past(Record):
    """What is remembered of each car since its start."""

    table = Table(
        Signal("station", "m", 0, 1e6, 1000, "station on the centre line, where the next search begins"),
        Signal(
            "turns", "1", -1e5, 1e5, 10, "times over the start line forwards, less backwards", kind="count"
        ),
        Signal("start", "m", -1e6, 1e6, 1000, "course at the start"),
        Signal("laps", "1", 0, 1e5, 10, "laps completed", kind="count"),
        Signal("lap_start", "s", 0, 1e6, 100, "when the current lap began"),
        Signal("last_lap_time", "s", 0, 1e6, 100, "time of the last completed lap; 0 before the first"),
        Signal("best_lap_time", "s", 0, math.inf, 100, "best lap time so far; infinite before the first"),
    )
    __slots__ = ()


class Step:
    """What the rules of one step share: two telemetries, the cars' past, the track, results on the way."""

    __slots__ = ("advance", "angles", "before", "course", "first", "laps", "location", "now", "past", "track")

    track: Track
    location: Location
    course: np.ndarray
    advance: np.ndarray

    def __init__(self, before: Telemetry, now: Telemetry, past: Past, first: bool = False) -> None:
        self.before = before
        self.now = now
        self.past = past
        self.first = first
        """The start of an episode: there is no past, and `before` is `now`."""
        self.angles = np.empty(0)
        self.laps = math.inf


def _speed(step: Step) -> None:
    velocity = step.now["velocity"]
    np.hypot(velocity[:, 0], velocity[:, 1], out=step.now["speed"])


def _location(step: Step) -> None:
    station, position = step.past["station"], step.now["position"][:, :2]
    if not step.first:
        # The hint holds within `NEAR` metres of it; a car that was put elsewhere is looked for everywhere.
        x, y = (position - step.before["position"][:, :2]).T
        station[x * x + y * y > NEAR * NEAR] = np.nan
    step.location = step.track.locate(position, None if step.first else station)
    station[:] = step.location.station


def _heading_error(step: Step) -> None:
    error = step.now["yaw"] - step.location.heading
    error -= TURN * np.rint(error / TURN)
    step.now["heading_error"] = error


def _track_position(step: Step) -> None:
    left, right = step.location.width_left, step.location.width_right
    step.now["track_position"] = (2 * step.location.offset - left + right) / (left + right)


def _off_track(step: Step) -> None:
    np.greater(np.abs(step.now["track_position"]), 1, out=step.now["off_track"], casting="unsafe")


def _rangefinders(step: Step) -> None:
    now = step.now
    station = step.location.station
    beams = step.track.cast(now["position"][:, :2], now["yaw"], step.angles, station, reach=REACH)
    beams[now["off_track"] > 0] = 0
    now["rangefinders"] = beams


def _height(step: Step) -> None:
    step.now["height"] = step.now["position"][:, 2] - step.track.at(step.location.station).elevation


def _lap_distance(step: Step) -> None:
    step.now["lap_distance"] = step.location.station


def _course(step: Step) -> None:
    station, past, length = step.now["lap_distance"], step.past, step.track.length
    turns = past["turns"]
    if step.first:
        turns[:] = -1.0 * (station > length / 2) if step.track.closed else 0.0
        past["start"] = step.course = station + turns * length
        step.advance = np.zeros_like(station)
        return
    step.advance = station - step.before["lap_distance"]
    if step.track.closed:
        # Half a lap in one period is out of reach, so the shorter way round is the one that was driven.
        wraps = np.rint(step.advance / length)
        turns -= wraps
        step.advance -= wraps * length
    step.course = station + turns * length


def _distance(step: Step) -> None:
    np.subtract(step.course, step.past["start"], out=step.now["distance"])


def _lap_clock(step: Step) -> None:
    past, length = step.past, step.track.length
    if step.first:
        past["laps"] = past["lap_start"] = past["last_lap_time"] = 0
        return
    # Turns and stations apart: their sum divided by the length may round to just below a whole number.
    done = past["turns"] + np.floor(step.now["lap_distance"] / length)
    crossed = np.flatnonzero(done > past["laps"])
    if crossed.size:
        _complete(step, crossed, done[crossed])


def _complete(step: Step, crossed: np.ndarray, done: np.ndarray) -> None:
    """Close the lap of the cars `crossed`; the moment is where the line divides their last `advance`."""
    past, now, before = step.past, step.now["time"][crossed], step.before["time"][crossed]
    beyond = step.course[crossed] - done * step.track.length
    moment = now - (now - before) * np.clip(beyond / step.advance[crossed], 0, 1)
    past["last_lap_time"][crossed] = moment - past["lap_start"][crossed]
    past["lap_start"][crossed] = moment
    past["laps"][crossed] = done


def _laps(step: Step) -> None:
    step.now["laps"] = step.past["laps"]


def _lap_time(step: Step) -> None:
    np.subtract(step.now["time"], step.past["lap_start"], out=step.now["lap_time"])


def _last_lap_time(step: Step) -> None:
    step.now["last_lap_time"] = step.past["last_lap_time"]


def _best_lap_time(step: Step) -> None:
    best, last = step.past["best_lap_time"], step.now["last_lap_time"]
    if step.first:
        best[:] = math.inf
    np.minimum(best, last, out=best, where=last > 0)
    step.now["best_lap_time"] = np.where(best < math.inf, best, 0)


def _finished(step: Step) -> None:
    np.greater_equal(step.now["laps"], step.laps, out=step.now["finished"], casting="unsafe")


def _collision(step: Step) -> None:
    np.greater(step.now["damage"], step.before["damage"], out=step.now["collision"], casting="unsafe")


def _overtakes(step: Step) -> None:
    np.subtract(step.before["race_position"], step.now["race_position"], out=step.now["overtakes"])


class Rule(NamedTuple):
    """How one quantity follows from others."""

    needs: tuple[str, ...]
    """Signals, other rules, or `track`: the geometry itself."""
    work: Callable[[Step], None]


#: Signals that can be derived, and the steps between (`location`, `course`, `lap_clock`) that several share.
RULES: dict[str, Rule] = {
    "speed": Rule(("velocity",), _speed),
    "location": Rule(("track", "position"), _location),
    "heading_error": Rule(("location", "yaw"), _heading_error),
    "track_position": Rule(("location",), _track_position),
    "off_track": Rule(("track_position",), _off_track),
    "rangefinders": Rule(("location", "yaw", "off_track"), _rangefinders),
    "height": Rule(("location",), _height),
    "lap_distance": Rule(("location",), _lap_distance),
    "course": Rule(("track", "lap_distance"), _course),
    "distance": Rule(("course",), _distance),
    "lap_clock": Rule(("course", "time"), _lap_clock),
    "laps": Rule(("lap_clock",), _laps),
    "lap_time": Rule(("lap_clock",), _lap_time),
    "last_lap_time": Rule(("lap_clock",), _last_lap_time),
    "best_lap_time": Rule(("last_lap_time",), _best_lap_time),
    "finished": Rule(("laps",), _finished),
    "collision": Rule(("damage",), _collision),
    "overtakes": Rule(("race_position",), _overtakes),
}


def plan(wanted: Iterable[str], provided: Iterable[str]) -> tuple[list[str], list[str]]:
    """The rules that give `wanted`, in working order, and what they lack that `provided` does not hold."""
    order: list[str] = []
    lacking: list[str] = []
    provided = frozenset(provided)

    def require(name: str) -> None:
        if name in provided or name in order or name in lacking:
            return
        if name not in RULES:
            lacking.append(name)
            return
        for need in RULES[name].needs:
            require(need)
        order.append(name)

    for name in wanted:
        require(name)
    return order, lacking


class Sensors:
    """Derives the signals that one simulator lacks; see the module for what counts as a lap.

    `derived` names the columns that it fills, in working order; empty means that there is nothing to do.
    """

    def __init__(self, spec: SimulatorSpec, wanted: Iterable[str], laps: int | None = None) -> None:
        """Find what to derive so that every signal of `wanted` is there.

        `laps` is how many a car does until it is `finished` (None: it never is).

        `ConfigurationError` names a signal neither provided nor derivable, and what the simulator offers.
        """
        wanted = tuple(wanted)
        _refuse_unknown(spec, wanted)
        provided = _provided(spec)
        order, lacking = plan(wanted, provided)
        if lacking:
            raise ConfigurationError(_explain(spec, wanted, provided))
        if "rangefinders" in order and len(spec.beam_angles) != BEAMS:
            raise ConfigurationError(
                f"{spec.name}: beam_angles has {len(spec.beam_angles)} directions; rangefinders need {BEAMS}"
            )
        self.derived = tuple(name for name in order if name in SIGNALS)
        self._spec = spec
        self._work = tuple(RULES[name].work for name in order)
        self._needs_track = any("track" in RULES[name].needs for name in order)
        self._angles = np.radians(spec.beam_angles)
        self._laps = math.inf if laps is None else laps
        self._past = Past(spec.cars)
        self._track: Track | None = None

    def open(self, track: Track | None) -> None:
        """Take the geometry of the simulator that was just opened, and forget every car's past.

        `ConfigurationError` when the spec promises a track and there is none.
        """
        if self._needs_track and track is None:
            raise ConfigurationError(
                f"{self._spec.name}: its spec promises a track, but Simulator.track is None after open(); "
                "correct the backend, or ask for none of " + ", ".join(self.derived)
            )
        self._track = track
        self._past.block[:] = np.nan

    def reset(self, now: Telemetry, rows: np.ndarray | None = None) -> None:
        """Start an episode for `rows` (numbers; None: all): forget their past, fill their derived columns.

        The other rows of `now` are left as they are.
        """
        if not self._work:
            return
        rows = np.arange(now.cars) if rows is None else rows
        part = Telemetry(len(rows), now.block[rows])
        past = Past(len(rows))
        self._run(Step(part, part, past, first=True))
        now.block[rows] = part.block
        self._past.block[rows] = past.block

    def save(self) -> dict[str, np.ndarray]:
        """All that is remembered of every car."""
        return {"past": self._past.block.copy()}

    def restore(self, saved: Mapping[str, np.ndarray]) -> None:
        """Remember what `save` returned."""
        self._past.block[...] = saved["past"]

    def derive(self, before: Telemetry, now: Telemetry) -> None:
        """Fill the derived columns of `now`, all rows; `before` is what the last `derive` or `reset` left."""
        if self._work:
            self._run(Step(before, now, self._past))

    def _run(self, step: Step) -> None:
        step.angles = self._angles
        step.laps = self._laps
        if self._track is not None:
            step.track = self._track
        for work in self._work:
            work(step)


def _refuse_unknown(spec: SimulatorSpec, wanted: tuple[str, ...]) -> None:
    if strangers := unknown(wanted):
        raise ConfigurationError(
            f"{spec.name}: no such signal: {', '.join(strangers)}; known are {', '.join(SIGNALS)}"
        )


def _explain(spec: SimulatorSpec, wanted: tuple[str, ...], provided: frozenset[str]) -> str:
    """One line for each wanted signal that cannot be had, then all that can."""
    lines = []
    for name in wanted:
        _, lacking = plan((name,), provided)
        if lacking == [name]:
            lines.append(f"{spec.name} does not provide {name}, and it cannot be derived")
        elif lacking:
            lines.append(
                f"{spec.name} does not provide {name}; to derive it, {' and '.join(lacking)} would be needed"
            )
    derivable = [
        name for name in RULES if name in SIGNALS and name not in provided and not plan((name,), provided)[1]
    ]
    offer = f"it provides {', '.join(sorted(spec.signals)) or 'nothing'}"
    if derivable:
        offer += f"; derivable are {', '.join(derivable)}"
    return "\n".join([*lines, offer + "; ask for these or choose another simulator"])


def obtainable(spec: SimulatorSpec) -> frozenset[str]:
    """The signals that this simulator provides or that can be derived for it."""
    provided = _provided(spec)
    return frozenset(name for name in SIGNALS if not plan((name,), provided)[1])


def _provided(spec: SimulatorSpec) -> frozenset[str]:
    return spec.signals | ({"track"} if spec.track else frozenset())
