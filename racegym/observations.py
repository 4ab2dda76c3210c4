"""Observation terms: what the agent sees, normalised by fixed constants, and the compiled reader of them.

Every signal is a term under its own name. A term yields ``(cars, width)`` numbers, already divided by its scale; the
observation is one flat float32 Box (terms in the order listed) or a Dict with one Box a term. Values are clipped to
the bounds of their space, which are finite.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Collection, Mapping
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from gymnasium import spaces
from pydantic import BaseModel, ConfigDict, Field

from racegym.errors import ConfigurationError
from racegym.signals import CONTROLS, DEFAULT_BEAM_ANGLES, SIGNALS, Controls, Telemetry
from racegym.simulator import SimulatorSpec
from racegym.terms import Context, Stateful, Term, TermTable

Fill = Callable[[Telemetry, Controls, np.ndarray], None]


class Observation(Term):
    """Base of observation terms."""

    history: int = Field(default=0, ge=0, le=1000)
    """How many past values follow the present one, newest first."""

    @abstractmethod
    def bounds(self, context: Context) -> tuple[np.ndarray, np.ndarray]:
        """Lowest and highest value of each number, after scaling: two arrays ``(width,)``."""

    @abstractmethod
    def bind(self, context: Context) -> Fill:
        """A function ``(now, controls, out)`` that writes its numbers into `out`, ``(cars, width)`` float32."""


class SignalTerm(Observation):
    """One signal divided by `scale`; each signal's own subclass is in the table under the signal's name."""

    signal: ClassVar[str]
    scale: float = Field(default=0.0, ge=0)
    """0 stands for the signal's own scale."""
    clip: float | None = Field(default=None, gt=0)
    """Bound of the scaled value, both ways; None: the signal's own range."""

    def signals(self, spec: SimulatorSpec) -> Collection[str]:
        return (self.signal,)

    @property
    def factor(self) -> float:
        """What the signal is multiplied by."""
        return 1.0 / (self.scale or SIGNALS[self.signal].scale)

    def bounds(self, context: Context) -> tuple[np.ndarray, np.ndarray]:
        signal = SIGNALS[self.signal]
        low, high = signal.low * self.factor, signal.high * self.factor
        if self.clip is not None:
            low, high = max(low, -self.clip), min(high, self.clip)
        return np.full(signal.size, low), np.full(signal.size, high)

    def bind(self, context: Context) -> Fill:
        columns, factor = SIGNALS.columns(self.signal), self.factor
        return lambda now, controls, out: np.copyto(out, now.block[:, columns] * factor)


class RangefindersAt(Observation):
    """Range finders at chosen directions, degrees counter-clockwise, divided by `reach`.

    Beams that the simulator has are picked from it; others are cast against the course's geometry from the car's pose.
    """

    angles: tuple[float, ...] = Field(default=DEFAULT_BEAM_ANGLES, min_length=1, strict=False)
    reach: float = Field(default=200.0, gt=0, le=200)

    def signals(self, spec: SimulatorSpec) -> Collection[str]:
        if self.picks(spec) is not None:
            return ("rangefinders",)
        return ("position", "yaw", "lap_distance", "off_track")

    def picks(self, spec: SimulatorSpec) -> list[int] | None:
        """Places of the wanted beams among the simulator's, or None when they must be cast."""
        have = [round(angle, 6) for angle in spec.beam_angles]
        wanted = [round(angle, 6) for angle in self.angles]
        return [have.index(angle) for angle in wanted] if set(wanted) <= set(have) else None

    def bounds(self, context: Context) -> tuple[np.ndarray, np.ndarray]:
        return np.zeros(len(self.angles)), np.ones(len(self.angles))

    def bind(self, context: Context) -> Fill:
        picks, reach = self.picks(context.spec), self.reach
        if picks is not None:
            return lambda now, controls, out: np.copyto(out, now["rangefinders"][:, picks] / reach)
        if not context.spec.track:
            raise ConfigurationError(
                f"rangefinders_at: {context.spec.name} has no beam at some of {list(self.angles)} degrees and does not "
                f"know its course; its beams are {list(context.spec.beam_angles)}"
            )
        angles = np.radians(self.angles)

        def cast(now: Telemetry, controls: Controls, out: np.ndarray) -> None:
            for track, rows in context.courses.groups():
                place = now["position"][rows, :2]
                beams = track.cast(place, now["yaw"][rows], angles, now["lap_distance"][rows], reach)
                out[rows] = np.where(now["off_track"][rows, None] > 0, 0.0, beams / reach)

        return cast


class Curvature(Observation):
    """Curvature of the centre line at `points` places ahead, `spacing` m apart, times `scale` m; + bends left."""

    needs_track = True
    points: int = Field(default=10, ge=1)
    spacing: float = Field(default=10.0, gt=0)
    scale: float = Field(default=10.0, gt=0)
    clip: float = Field(default=1.0, gt=0)

    def signals(self, spec: SimulatorSpec) -> Collection[str]:
        return ("lap_distance",)

    def bounds(self, context: Context) -> tuple[np.ndarray, np.ndarray]:
        return np.full(self.points, -self.clip), np.full(self.points, self.clip)

    def bind(self, context: Context) -> Fill:
        ahead = self.spacing * np.arange(self.points)

        def curvature(now: Telemetry, controls: Controls, out: np.ndarray) -> None:
            for track, rows in context.courses.groups():
                out[rows] = track.at(now["lap_distance"][rows, None] + ahead).curvature * self.scale

        return curvature


class LineAhead(Observation):
    """The target line at `points` places ahead, `spacing` m apart: offset from the centre in half widths, + left."""

    needs_track = True
    points: int = Field(default=10, ge=1)
    spacing: float = Field(default=10.0, gt=0)
    clip: float = Field(default=1.5, gt=0)

    def signals(self, spec: SimulatorSpec) -> Collection[str]:
        return ("lap_distance",)

    def bounds(self, context: Context) -> tuple[np.ndarray, np.ndarray]:
        return np.full(self.points, -self.clip), np.full(self.points, self.clip)

    def bind(self, context: Context) -> Fill:
        ahead = self.spacing * np.arange(self.points)

        def line(now: Telemetry, controls: Controls, out: np.ndarray) -> None:
            for track, rows in context.courses.groups():
                place = track.at(now["lap_distance"][rows, None] + ahead)
                half = (place.width_left + place.width_right) / 2
                out[rows] = (place.line - (place.width_left - place.width_right) / 2) / half

        return line


class LineGap(Observation):
    """Signed distance from the target line divided by `scale` m, + left of it."""

    needs_track = True
    scale: float = 10.0
    clip: float = Field(default=10.0, gt=0)

    def signals(self, spec: SimulatorSpec) -> Collection[str]:
        return ("lap_distance", "track_position")

    def bounds(self, context: Context) -> tuple[np.ndarray, np.ndarray]:
        return np.array([-self.clip]), np.array([self.clip])

    def bind(self, context: Context) -> Fill:
        return lambda now, controls, out: np.copyto(out, context.courses.line_gap(now)[:, None] / self.scale)


class Commands(Observation):
    """The controls that the last action became: steer, throttle, brake as sent."""

    def bounds(self, context: Context) -> tuple[np.ndarray, np.ndarray]:
        return np.array([-1.0, 0.0, 0.0]), np.ones(3)

    def bind(self, context: Context) -> Fill:
        columns = [CONTROLS.columns(name).start for name in ("steer", "throttle", "brake")]
        return lambda now, controls, out: np.copyto(out, controls.block[:, columns])


def _signal_terms() -> dict[str, type[Observation]]:
    terms: dict[str, type[Observation]] = {}
    for name, signal in SIGNALS.items():
        title = "".join(part.capitalize() for part in name.split("_"))
        members = {"signal": name, "__doc__": f"{signal.meaning}, {signal.unit}", "__module__": __name__}
        terms[name] = type(title, (SignalTerm,), members)
    return terms


OBSERVATIONS = TermTable(
    "observation",
    Observation,
    {
        **_signal_terms(),
        "rangefinders_at": RangefindersAt,
        "curvature": Curvature,
        "line_ahead": LineAhead,
        "line_gap": LineGap,
        "commands": Commands,
    },
)

#: What a policy needs to drive, all of it of the common set. The common set's clocks and odometers (time, distance,
#: laps, lap times, finished) are left out: a policy that sees them learns the course by heart.
DEFAULT_TERMS = (
    "speed", "velocity", "yaw_rate", "heading_error", "track_position", "rangefinders", "engine_speed", "gear",
    "steer", "throttle", "brake", "off_track",
)  # fmt: skip


def default_terms() -> dict[str, Observation]:
    return OBSERVATIONS.parse({name: {} for name in DEFAULT_TERMS})


class ObservationConfig(BaseModel):
    """What the agent sees."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    format: Literal["flat", "dict"] = "flat"
    past: Literal["first", "zero"] = "first"
    """What stands for the past at the start of an episode: the first value, or zeros."""
    terms: Annotated[dict[str, Any], OBSERVATIONS] = Field(default_factory=default_terms, min_length=1)


class Observer(Stateful):
    """Compiled observation spec: its space, and observations from telemetry.

    `layout` maps each label to its columns in the flat observation.
    """

    memory = ("_stack",)

    def __init__(self, config: ObservationConfig, context: Context) -> None:
        self._config = config
        self._terms: dict[str, Observation] = config.terms
        bounds = {label: term.bounds(context) for label, term in self._terms.items()}
        self.layout: dict[str, slice] = {}
        self._bind(context, bounds)
        start = 0
        lows, highs, order = [], [], []
        for label, term in self._terms.items():
            width = len(bounds[label][0])
            self.layout[label] = slice(start, start + width * (term.history + 1))
            start += width * (term.history + 1)
            lows += [np.tile(bounds[label][0], term.history + 1)]
            highs += [np.tile(bounds[label][1], term.history + 1)]
            base = self._columns[label].start
            order += [age * self._width + base + i for age in range(term.history + 1) for i in range(width)]
        self._order = None if order == list(range(len(order))) else np.array(order)
        self._low = np.concatenate(lows).astype(np.float32)
        self._high = np.concatenate(highs).astype(np.float32)
        if not (np.isfinite(self._low).all() and np.isfinite(self._high).all()):
            raise ConfigurationError("task.observation: the bounds of every term must be finite")
        self._space = spaces.Box(self._low, self._high, dtype=np.float32)

    def _bind(self, context: Context, bounds: Mapping[str, tuple[np.ndarray, np.ndarray]]) -> None:
        """Lay the present values out: signals first, to be gathered at once; then the terms with code of their own."""
        plain = [label for label, term in self._terms.items() if isinstance(term, SignalTerm)]
        coded = [label for label in self._terms if label not in plain]
        self._columns: dict[str, slice] = {}
        start = 0
        for label in plain + coded:
            width = len(bounds[label][0])
            self._columns[label] = slice(start, start + width)
            start += width
        self._width = start
        self._gathered = sum(len(bounds[label][0]) for label in plain)
        signals = [term for label in plain if isinstance(term := self._terms[label], SignalTerm)]
        self._sources = np.concatenate(
            [np.r_[SIGNALS.columns(t.signal)] for t in signals] or [np.zeros(0, int)]
        )
        self._scales = np.concatenate(
            [np.full(SIGNALS[t.signal].size, t.factor) for t in signals] or [np.zeros(0)]
        )
        depth = max(term.history for term in self._terms.values())
        self._stack = np.zeros((context.cars, (depth + 1) * self._width), np.float32)
        self._present = self._stack[:, : self._width]
        self._raw = np.zeros((context.cars, self._gathered))
        self._scaled = self._stack[:, : self._gathered]
        self._coded = [
            (self._terms[label].bind(context), self._stack[:, self._columns[label]]) for label in coded
        ]

    @property
    def space(self) -> spaces.Space:
        """The space of one car's observation."""
        if self._config.format == "flat":
            return self._space
        return spaces.Dict(
            {
                label: spaces.Box(self._space.low[columns], self._space.high[columns], dtype=np.float32)
                for label, columns in self.layout.items()
            }
        )

    def begin(self, now: Telemetry, controls: Controls, rows: np.ndarray | None) -> None:
        """Make these rows' (all when None) first observation; present values of the others are as they were."""
        which = slice(None) if rows is None else rows
        self._fill(now, controls)
        ages = self._stack.shape[1] // self._width
        self._stack[which] = np.tile(self._present[which], ages)
        if self._config.past == "zero":
            self._stack[which, self._width :] = 0.0

    def observe(self, now: Telemetry, controls: Controls) -> Any:
        """The next observation of every car: ``(cars, n)`` float32, or a dict of such; freshly allocated."""
        if self._stack.shape[1] > self._width:
            self._stack[:, self._width :] = self._stack[:, : -self._width].copy()
        self._fill(now, controls)
        return self.current()

    def current(self) -> Any:
        """The observation last made, once more."""
        ordered = self._stack if self._order is None else self._stack.take(self._order, axis=1)
        flat = np.maximum(ordered, self._low)
        np.minimum(flat, self._high, out=flat)
        if self._config.format == "flat":
            return flat
        return {label: flat[:, columns].copy() for label, columns in self.layout.items()}

    def _fill(self, now: Telemetry, controls: Controls) -> None:
        now.block.take(self._sources, axis=1, out=self._raw, mode="clip")
        np.multiply(self._raw, self._scales, out=self._scaled, casting="same_kind")
        for fill, out in self._coded:
            fill(now, controls, out)
