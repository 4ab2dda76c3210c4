"""Signals and controls: what a simulator reports and what it obeys, each declared once.

SI units and ISO 8855 axes everywhere: x forward, y left, z up, yaw counter-clockwise. Steer +1 is full left,
track position +1 the left edge. A `Telemetry` (or `Controls`) record holds one float64 block of shape
``(cars, width)``; ``record["speed"]`` is a view into it, of shape ``(cars,)`` or ``(cars, k)``. Counts and flags are
floats too (flags 0 or 1), so that a default observation is one gather, one multiply, one clip, and a backend that
owns shared memory can lay its records out exactly so. A signal that nobody provides is NaN.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal, TypeVar

import numpy as np

BEAMS = 19
OPPONENT_SECTORS = 36
FOCUS_BEAMS = 5
LINE_PLACES = 12

#: Default directions of the range finders, degrees, counter-clockwise (+90 is left), from left to right: dense
#: ahead, where a small angle is a long way at 200 m.
DEFAULT_BEAM_ANGLES = (
    90.0, 60.0, 40.0, 28.0, 18.0, 12.0, 7.0, 4.0, 2.0, 0.0, -2.0, -4.0, -7.0, -12.0, -18.0, -28.0, -40.0, -60.0, -90.0,
)  # fmt: skip

#: An event is a flag for the whole time since the telemetry before.
Kind = Literal["number", "count", "flag", "event"]


@dataclass(frozen=True)
class Signal:
    """One named quantity: its shape behind the cars axis, unit, true range, and what it means.

    `scale` is the fixed constant by which observations divide it: a typical large value.
    """

    name: str
    unit: str
    low: float
    high: float
    scale: float
    meaning: str
    shape: tuple[int, ...] = ()
    kind: Kind = "number"

    @property
    def size(self) -> int:
        return math.prod(self.shape)


class Table(Mapping[str, Signal]):
    """An ordered set of signals and where each lies in a block of float64 columns."""

    def __init__(self, *signals: Signal) -> None:
        self._signals = {signal.name: signal for signal in signals}
        self._columns: dict[str, slice] = {}
        start = 0
        for signal in signals:
            self._columns[signal.name] = slice(start, start + signal.size)
            start += signal.size
        self.width = start
        self.dtype = np.dtype([(s.name, np.float64, s.shape) for s in signals])

    def __getitem__(self, name: str) -> Signal:
        return self._signals[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._signals)

    def __len__(self) -> int:
        return len(self._signals)

    def columns(self, name: str) -> slice:
        """The columns of `name` in a block of shape ``(cars, width)``."""
        return self._columns[name]


SIGNALS = Table(
    Signal("time", "s", -3, 1e6, 100, "simulated time since the start; negative during a countdown"),
    Signal("position", "m", -1e5, 1e5, 1000, "centre of the car in the world: x, y, z", (3,)),
    Signal("yaw", "rad", -math.pi, math.pi, math.pi, "heading in the world, counter-clockwise from x"),
    Signal("pitch", "rad", -math.pi, math.pi, 1, "rotation about the car's y axis; positive is nose down"),
    Signal("roll", "rad", -math.pi, math.pi, 1, "rotation about the car's x axis; positive is right side down"),
    Signal("speed", "m/s", 0, 200, 50, "length of the velocity vector in the horizontal plane of the car"),
    Signal("velocity", "m/s", -200, 200, 50, "velocity in the car frame: forward, left, up", (3,)),
    Signal("acceleration", "m/s^2", -1e4, 1e4, 20, "acceleration in the car frame: forward, left, up", (3,)),
    Signal("yaw_rate", "rad/s", -50, 50, 1, "turning speed, counter-clockwise"),
    Signal("heading_error", "rad", -math.pi, math.pi, 1, "yaw minus the track's direction; positive: nose to the left"),
    Signal("track_position", "1", -1e4, 1e4, 1, "offset from the centre line by half the width: +1 left edge, -1 right"),
    Signal("distance", "m", -1e7, 1e7, 1000, "metres along the centre line since the start; falls when driving back"),
    Signal("lap_distance", "m", 0, 1e6, 1000, "metres along the centre line from the start line"),
    Signal("rangefinders", "m", 0, 200, 200, "distance to the track's edge along each beam; 0 when off the track", (BEAMS,)),
    Signal("opponents", "m", 0, 200, 200, "nearest car in each 10 degree sector, clockwise from straight behind", (36,)),
    Signal("focus", "m", -1, 200, 200, "five beams, 1 degree apart, around the focus direction; -1: no reading", (5,)),
    Signal("race_position", "1", 1, 100, 10, "place in the race", kind="count"),
    Signal("engine_speed", "rad/s", 0, 3000, 1000, "angular speed of the crankshaft"),
    Signal("gear", "1", -1, 10, 6, "engaged gear; -1 reverse, 0 neutral", kind="count"),
    Signal("wheel_speeds", "rad/s", -2000, 2000, 200, "angular speed of each wheel: front left, front right, rear left, rear right", (4,)),
    Signal("steer", "1", -1, 1, 1, "steering applied; +1 full left"),
    Signal("throttle", "1", 0, 1, 1, "throttle applied"),
    Signal("brake", "1", 0, 1, 1, "brake applied"),
    Signal("clutch", "1", 0, 1, 1, "clutch applied; 1 is disengaged"),
    Signal("fuel", "l", 0, 1000, 100, "fuel left"),
    Signal("damage", "1", 0, 10, 1, "damage as a share of what wrecks the car"),
    Signal("collision", "1", 0, 1, 1, "touched a wall or a car since the telemetry before", kind="event"),
    Signal("height", "m", -1000, 1000, 1, "centre of the car above the track's surface"),
    Signal("laps", "1", 0, 1e5, 10, "laps completed", kind="count"),
    Signal("lap_time", "s", -3, 1e6, 100, "time in the current lap"),
    Signal("last_lap_time", "s", 0, 1e6, 100, "time of the last completed lap; 0 before the first"),
    Signal("best_lap_time", "s", 0, 1e6, 100, "best lap time so far; 0 before the first"),
    Signal("expert_steer", "1", -1, 1, 1, "steering that the game's own driver would choose now"),
    Signal("expert_throttle", "1", 0, 1, 1, "throttle that the game's own driver would choose now"),
    Signal("expert_brake", "1", 0, 1, 1, "brake that the game's own driver would choose now"),
    Signal("expert_clutch", "1", 0, 1, 1, "clutch that the game's own driver would choose now"),
    Signal("expert_gear", "1", -1, 10, 6, "gear that the game's own driver would choose now", kind="count"),
    Signal("steering_wheel", "rad", -50, 50, 7.853981633974483, "angle of the steering wheel; + to the left"),
    Signal("slip_angles", "rad", -math.pi, math.pi, 0.4363323129985824, "slip angle of each wheel: front left, front right, rear left, rear right", (4,)),
    Signal("force_feedback", "1", -100, 100, 1, "force at the steering wheel, as a share of the most that the game gives"),
    Signal("wheels_off", "1", 0, 4, 4, "wheels off the track, as the game counts them", kind="count"),
    Signal("line_gap", "m", -1e5, 1e5, 10, "distance from the game's own target line; + left of it"),
    Signal("line_curvature", "1/m", -100, 100, 0.1, "curvature of the game's own target line, here and on, every 25 m; + bends left", (LINE_PLACES,)),
    Signal("line_speed", "m/s", 0, 200, 80, "speed that the game's own target line asks for, here and on, every 25 m", (LINE_PLACES,)),
    Signal("off_track", "1", 0, 1, 1, "the car's centre is beyond the track's edge", kind="flag"),
    Signal("overtakes", "1", -100, 100, 1, "places gained in the race since the telemetry before; negative when lost", kind="count"),
    Signal("finished", "1", 0, 1, 1, "the race is over for this car: all its laps are done", kind="flag"),
)  # fmt: skip

#: What every shipped backend offers, provided or derived, so that one policy drives all games.
COMMON = (
    "time", "speed", "velocity", "yaw_rate", "heading_error", "track_position", "distance", "rangefinders",
    "engine_speed", "gear", "steer", "throttle", "brake", "laps", "lap_time", "last_lap_time", "best_lap_time",
    "off_track", "finished",
)  # fmt: skip

CONTROLS = Table(
    Signal("steer", "1", -1, 1, 1, "steering; +1 full left"),
    Signal("throttle", "1", 0, 1, 1, "accelerator pedal"),
    Signal("brake", "1", 0, 1, 1, "brake pedal"),
    Signal("clutch", "1", 0, 1, 1, "clutch pedal; 1 is disengaged"),
    Signal("gear", "1", -1, 10, 6, "gear wanted; -1 reverse, 0 neutral", kind="count"),
    Signal("handbrake", "1", 0, 1, 1, "hand brake"),
    Signal("focus", "rad", -math.pi / 2, math.pi / 2, 1, "direction of the focus beams, counter-clockwise; NaN: none wanted"),
)  # fmt: skip

R = TypeVar("R", bound="Record")


class Record:
    """One row per car over a `Table`: a float64 block ``(cars, width)`` and a view by each name."""

    table: ClassVar[Table]
    __slots__ = ("_views", "block")

    def __init__(self, cars: int, block: np.ndarray | None = None, fill: float = np.nan) -> None:
        """Wrap `block` (float64, ``(cars, width)``, C-contiguous; not copied) or allocate one filled with `fill`."""
        width = self.table.width
        if block is None:
            block = np.full((cars, width), fill)
        if block.shape != (cars, width) or block.dtype != np.float64:
            raise ValueError(f"a block of float64 {(cars, width)} is wanted, not {block.dtype} {block.shape}")
        self.block = block
        self._views = {
            name: block[:, c] if self.table[name].shape else block[:, c.start]
            for name in self.table
            for c in (self.table.columns(name),)
        }

    def __getitem__(self, name: str) -> np.ndarray:
        return self._views[name]

    def __setitem__(self, name: str, value: object) -> None:
        self._views[name][...] = value

    @property
    def cars(self) -> int:
        return len(self.block)

    @property
    def array(self) -> np.ndarray:
        """The same memory as a NumPy structured array of shape ``(cars,)``."""
        return self.block.view(self.table.dtype)[:, 0]

    def rows(self: R, rows: slice) -> R:
        """A record over the same memory, for these cars only."""
        block = self.block[rows]
        return type(self)(len(block), block)

    def copy(self: R) -> R:
        return type(self)(self.cars, self.block.copy())

    def __repr__(self) -> str:
        return f"{type(self).__name__}(cars={self.cars})"


class Telemetry(Record):
    """What a simulator reports: one row per car over `SIGNALS`, NaN where nobody provides a signal."""

    table = SIGNALS
    __slots__ = ()


class Controls(Record):
    """What a simulator is told: one row per car over `CONTROLS`; released pedals, first gear, no focus by default."""

    table = CONTROLS
    __slots__ = ()

    def __init__(self, cars: int, block: np.ndarray | None = None) -> None:
        super().__init__(cars, block, fill=0.0)
        if block is None:
            self["gear"] = 1
            self["focus"] = np.nan


def unknown(names: Iterable[str], table: Table = SIGNALS) -> list[str]:
    """Those of `names` that `table` does not declare, in order."""
    return [name for name in names if name not in table]
