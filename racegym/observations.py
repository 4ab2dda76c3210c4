"""Observation terms: what the agent sees, normalised by fixed constants, and the compiled reader of them.

Every signal is a term under its own name. A term yields ``(cars, width)`` numbers, already divided by its scale; the
observation is one flat float32 Box (terms in the order listed) or a Dict with one Box a term. Values are clipped to
the bounds of their space, which are finite.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Collection, Iterable
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema

from racegym.errors import ConfigurationError
from racegym.signals import CONTROLS, DEFAULT_BEAM_ANGLES, SIGNALS, Controls, Telemetry
from racegym.simulator import SimulatorSpec
from racegym.terms import Context, Term, TermTable, line_gap_signals

Fill = Callable[[Telemetry, Controls, np.ndarray], None]


class Observation(Term):
    """Base of observation terms."""

    history: int = Field(default=0, ge=0, le=1000)
    """How many past values follow the present one, newest first."""
    ages: tuple[int, ...] | None = Field(default=None, min_length=1, strict=False)
    """Values of which moments, in this order, in steps ago (0 is now); None: the present one and `history`."""

    @property
    def moments(self) -> tuple[int, ...]:
        """Steps ago of the values seen, in order."""
        return tuple(range(self.history + 1)) if self.ages is None else self.ages

    def leaves(self, label: str) -> Iterable[tuple[str, Observation]]:
        """The terms that make up its present value, by label: itself, but for a group."""
        yield label, self

    def picture(self, context: Context) -> tuple[int, ...] | None:
        """Shape of one moment where the value is a picture, and so uint8 ``(moments, *shape)``; else None."""
        return None

    def arranged(self, pixels: np.ndarray) -> np.ndarray:
        """Pictures ``(cars, moments, *shape)`` as the agent gets them."""
        return pixels

    @abstractmethod
    def bounds(self, context: Context) -> tuple[np.ndarray, np.ndarray]:
        """Lowest and highest value of each number, after scaling: two arrays ``(width,)``."""

    @abstractmethod
    def bind(self, context: Context) -> Fill:
        """A function ``(now, controls, out)`` that writes its numbers into `out`, ``(cars, width)`` float32."""


class SignalTerm(Observation):
    """One signal divided by `scale`; each signal's own subclass is in the table under the signal's name."""

    signal: ClassVar[str]
    scale: float = 0.0
    """0 stands for the signal's own scale; negative turns the sign round."""
    offset: float = 0.0
    """Added to the signal before it is divided."""
    part: tuple[int, ...] | None = Field(default=None, min_length=1, strict=False)
    """Places of the numbers wanted in a signal of several; None: all."""
    clip: float | None = Field(default=None, gt=0)
    """Bound of the scaled value, both ways; None: the signal's own range."""

    def signals(self, spec: SimulatorSpec) -> Collection[str]:
        return (self.signal,)

    @property
    def factor(self) -> float:
        """What the signal is multiplied by."""
        return 1.0 / (self.scale or SIGNALS[self.signal].scale)

    @property
    def columns(self) -> np.ndarray:
        """Where its numbers lie in a block of telemetry."""
        whole = np.r_[SIGNALS.columns(self.signal)]
        if self.part is None:
            return whole
        if strangers := [place for place in self.part if not 0 <= place < len(whole)]:
            raise ConfigurationError(
                f"task.observation: {self.signal} has {len(whole)} numbers, none at {strangers}"
            )
        return whole[list(self.part)]

    def bounds(self, context: Context) -> tuple[np.ndarray, np.ndarray]:
        signal, size = SIGNALS[self.signal], len(self.columns)
        low, high = sorted((end + self.offset) * self.factor for end in (signal.low, signal.high))
        if self.clip is not None:
            low, high = max(low, -self.clip), min(high, self.clip)
        return np.full(size, low), np.full(size, high)

    def bind(self, context: Context) -> Fill:
        columns, factor = self.columns, self.factor
        return lambda now, controls, out: np.copyto(out, (now.block[:, columns] + self.offset) * factor)


class Threshold(Observation):
    """1 where a signal is above `above`, else 0; of a signal of several numbers, for each."""

    signal: str
    above: float

    def signals(self, spec: SimulatorSpec) -> Collection[str]:
        return (self.signal,)

    def bounds(self, context: Context) -> tuple[np.ndarray, np.ndarray]:
        if self.signal not in SIGNALS:
            raise ConfigurationError(f"task.observation: threshold: no signal {self.signal!r}")
        size = SIGNALS[self.signal].size
        return np.zeros(size), np.ones(size)

    def bind(self, context: Context) -> Fill:
        columns = SIGNALS.columns(self.signal)
        return lambda now, controls, out: np.copyto(out, now.block[:, columns] > self.above)


class CourseOf(Observation):
    """One-hot: which of `names` the course is; all 0 on any other."""

    needs_track = True
    names: tuple[str, ...] = Field(min_length=1, strict=False)

    def bounds(self, context: Context) -> tuple[np.ndarray, np.ndarray]:
        return np.zeros(len(self.names)), np.ones(len(self.names))

    def bind(self, context: Context) -> Fill:
        def course(now: Telemetry, controls: Controls, out: np.ndarray) -> None:
            out[:] = 0.0
            for track, rows in context.courses.groups():
                out[rows] = [track.name == name for name in self.names]

        return course


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
            bends = context.courses.bends
            np.multiply(bends.at(now["lap_distance"][:, None] + ahead), self.scale, out=out)

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
        return line_gap_signals(spec)

    def bounds(self, context: Context) -> tuple[np.ndarray, np.ndarray]:
        return np.array([-self.clip]), np.array([self.clip])

    def bind(self, context: Context) -> Fill:
        return lambda now, controls, out: np.copyto(out, context.line_gap(now)[:, None] / self.scale)


class Commands(Observation):
    """The controls that the last action became: steer, throttle, brake as sent, or as an expert chose them."""

    def bounds(self, context: Context) -> tuple[np.ndarray, np.ndarray]:
        return np.array([-1.0, 0.0, 0.0]), np.ones(3)

    def bind(self, context: Context) -> Fill:
        names = ("steer", "throttle", "brake")
        columns = [CONTROLS.columns(name).start for name in names]
        if "expert_steer" not in context.spec.signals:
            return lambda now, controls, out: np.copyto(out, controls.block[:, columns])
        applied = [SIGNALS.columns(name).start for name in names]

        def fill(now: Telemetry, controls: Controls, out: np.ndarray) -> None:
            sent = controls.block[:, columns]
            np.copyto(out, np.where(np.isnan(sent), now.block[:, applied], sent))

        return fill


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
        "threshold": Threshold,
        "course": CourseOf,
    },
)


class Group(Observation):
    """Several terms side by side, so that `ages` orders the past by moments instead of by terms."""

    terms: Annotated[dict[str, Any], OBSERVATIONS, WithJsonSchema({"type": "object"})] = Field(min_length=1)

    def signals(self, spec: SimulatorSpec) -> Collection[str]:
        return {name for _, leaf in self.leaves("") for name in leaf.signals(spec)}

    def leaves(self, label: str) -> Iterable[tuple[str, Observation]]:
        for name, term in self.terms.items():
            if term.history or term.ages:
                raise ConfigurationError(
                    f"task.observation: {label}.{name}: the past of a group's terms is the group's own: "
                    "give it history or ages"
                )
            yield from term.leaves(f"{label}.{name}")

    def bounds(self, context: Context) -> tuple[np.ndarray, np.ndarray]:
        lows, highs = zip(*(leaf.bounds(context) for _, leaf in self.leaves("")), strict=True)
        return np.concatenate(lows), np.concatenate(highs)

    def bind(self, context: Context) -> Fill:
        raise NotImplementedError("a group is bound by its leaves")


OBSERVATIONS.terms["group"] = Group

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
    """One array, or one for each term. Pictures stay apart from numbers: a picture alone is the observation, beside
    other terms it makes it a dict."""
    past: Literal["first", "zero"] = "first"
    """What stands for the past at the start of an episode: the first value, or zeros."""
    terms: Annotated[dict[str, Any], OBSERVATIONS] = Field(default_factory=default_terms, min_length=1)
