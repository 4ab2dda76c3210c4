"""What a backend is: a `Simulator` that moves cars, a `SimulatorSpec` that says so before, a `Backend` that offers it.

Who calls whom: the registry finds `Backend` objects by entry point (group ``racegym.backends``) and builds simulators
from checked options; a `Fleet` opens, resets, sends to and reads from them; nobody else does. A backend knows no
rewards, spaces, gymnasium, YAML files or pacing.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

import numpy as np
from pydantic import BaseModel, ConfigDict

from racegym.errors import RacegymError
from racegym.signals import DEFAULT_BEAM_ANGLES, Controls, Telemetry
from racegym.track import Track


class Options(BaseModel):
    """Base of a backend's options: frozen, strict scalars, unknown keys are errors. Defaults live here alone."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


@dataclass(frozen=True)
class Gearbox:
    """Shift points for automatic gears, engine speed in rad/s; index 0 is first gear."""

    up: tuple[float, ...]
    """Shift up from gear ``i + 1`` above ``up[i]``; the last gear's is infinite."""
    down: tuple[float, ...]
    """Shift down from gear ``i + 1`` below ``down[i]``; first gear's is 0."""


@dataclass(frozen=True)
class Camera:
    """A source of frames: uint8, rows top-down, shape ``(height, width, channels)``."""

    name: str
    width: int
    height: int
    channels: int = 3


@dataclass(frozen=True)
class SimulatorSpec:
    """What a simulator offers, known before anything is started."""

    name: str
    """Backend and course, as in ``torcs/road/aalborg``."""
    period: float
    """Nominal time between two telemetries, s."""
    signals: frozenset[str]
    """Signals that it provides itself; others may be derived."""
    controls: frozenset[str]
    """Controls that it obeys; others are ignored."""
    gearbox: Gearbox
    cars: int = 1
    independent: bool = False
    """The cars do not meet: each row can be reset alone, so that one simulator serves a whole vector of episodes."""
    traffic: bool = False
    """Other cars may be on the road with each car: other agents', or the game's own."""
    lockstep: bool = True
    """The game waits for `send`; otherwise it runs on in real time."""
    paces: bool = False
    """In real time, it sets the pace itself: each telemetry is awaited, unless the configuration names a step."""
    deterministic: bool = False
    """The same seed and controls give the same telemetry, bit by bit."""
    snapshots: bool = False
    track: bool = False
    """`Simulator.track` gives the geometry once open, so signals can be derived from it."""
    beam_angles: tuple[float, ...] = DEFAULT_BEAM_ANGLES
    """Directions of the range finders, degrees, counter-clockwise, left to right."""
    cameras: tuple[Camera, ...] = ()
    steering_lock: float | None = None
    """Angle of the steering wheel at steer 1, rad, where it is known."""


class Simulator(ABC):
    """Moves cars: controls in, telemetry out. Constructing one is free; `open` costs."""

    spec: SimulatorSpec

    @property
    def track(self) -> Track | None:
        """The course's geometry once open, when ``spec.track``; else None."""
        return None

    @property
    def tracks(self) -> Sequence[Track | None]:
        """The geometry under each row; the same for all rows unless a pool has them on courses of their own."""
        return [self.track] * self.spec.cars

    @property
    def faults(self) -> Mapping[int, RacegymError]:
        """Rows of an independent simulator that were lost in the last `send` or `read`, and why.

        They keep their last telemetry; the next reset of a row starts it anew. Without rows of its own to lose, a
        simulator raises from `read` instead.
        """
        return {}

    @abstractmethod
    def open(self) -> None:
        """Start the game or connect to it; `BackendUnavailable` says how to get it running."""

    @abstractmethod
    def reset(
        self,
        seed: int | Sequence[int | None] | None = None,
        options: Mapping[str, Any] | None = None,
        cars: np.ndarray | None = None,
    ) -> Telemetry:
        """Put `cars` (row numbers; default all) at the start and return all rows' telemetry, with time 0 for them.

        `seed` decides whatever the simulator draws at random; an independent one takes a sequence too, one for each
        of `cars`, by which each row starts as it would with that seed alone. `options` are the backend's own for
        this episode.
        """

    @abstractmethod
    def send(self, controls: Controls) -> Controls:
        """Make `controls` act from now on, without waiting; return what was really applied after clipping."""

    @abstractmethod
    def read(self) -> Telemetry:
        """Block for the first telemetry newer than the last; valid until the next call.

        `SimulatorTimeout` after the backend's deadline, `SimulatorLost` when the game is gone.
        """

    @abstractmethod
    def close(self) -> None:
        """Leave no process, port, key press or shared memory behind; may be called again."""


@runtime_checkable
class Snapshots(Protocol):
    """A simulator that can keep states and return to them, announced by ``spec.snapshots``.

    Several may be held at once, each restored any number of times; `Simulator.close` releases them all.
    """

    def save(self) -> object:
        """A snapshot of this moment, between a `read` and the next `send`."""
        ...

    def restore(self, snapshot: object) -> Telemetry:
        """Go back to that moment; the telemetry that was read last then."""
        ...

    def release(self, snapshot: object) -> None:
        """Let go of a snapshot; it cannot be restored any more."""
        ...


@runtime_checkable
class Newest(Protocol):
    """A simulator that runs in real time and tells at any moment how things are."""

    @property
    def age(self) -> float:
        """Seconds since the newest telemetry was made."""
        ...

    def newest(self) -> Telemetry:
        """The newest telemetry, without waiting for one newer than the last; valid until the next call.

        `SimulatorTimeout` when it is older than the backend's deadline, `SimulatorLost` when the game is gone.
        """
        ...


@runtime_checkable
class Filmed(Protocol):
    """A simulator with cameras, announced by ``spec.cameras``."""

    def frame(self, camera: str) -> np.ndarray:
        """The newest frame of each car, uint8 ``(cars, height, width, channels)``, rows top-down; not to be changed.

        In lockstep it shows the telemetry read last.
        """
        ...


@runtime_checkable
class Exposing(Protocol):
    """A filmed simulator that makes its frames while others make theirs."""

    def expose(self, camera: str) -> None:
        """Begin with the frame that `Filmed.frame` will wait for."""
        ...


@runtime_checkable
class Rendering(Protocol):
    """A filmed simulator that can tell how fast its pictures are made."""

    def render_rate(self, camera: str, pictures: int) -> float:
        """Pictures a second when so many are made of one state, with nothing else done between them."""
        ...


@runtime_checkable
class Keyed(Protocol):
    """A simulator whose window hears keys."""

    @property
    def keys(self) -> frozenset[str]:
        """Held down now, of ``left right up down shift_up shift_down handbrake reverse quit``."""
        ...


@dataclass(frozen=True)
class Standing:
    """One car in the order of a race."""

    name: str
    row: int | None
    """Its row in the telemetry; None: one of the game's own drivers."""
    laps: int
    time: float
    """Race time at its last crossing of the line, s."""
    best_lap: float
    """s; 0 before the first."""
    damage: float
    """In the game's own points."""
    distance: float
    """Raced, m."""
    gap: float
    """Behind the first, s, when it crossed the line last."""
    laps_behind: int
    out: bool
    """It has retired or was taken out."""


@runtime_checkable
class Standings(Protocol):
    """A simulator that tells the order of its race, with cars that no agent drives."""

    def standings(self) -> Sequence[Standing]:
        """The first car first."""
        ...


@dataclass(frozen=True, eq=False)
class Lap:
    """A drive that another program recorded, in racegym's terms; of n steps, it has n + 1 rows."""

    name: str
    spec: SimulatorSpec
    telemetry: Telemetry
    controls: Controls
    """Row i led to row i of the telemetry; row 0 to nothing."""
    track: Track | None
    terminated: bool
    """The driving ended, rather than the recording."""


@dataclass(frozen=True)
class Requirement:
    """One line of ``racegym doctor``: something a backend needs, whether it is there, what mends it."""

    name: str
    met: bool
    found: str = ""
    """What was found, for instance a version or a path; or why it is missing."""
    remedy: str = ""
    """The command that mends it."""
    optional: bool = False


def _nothing() -> Sequence[str]:
    return ()


def _no_requirements() -> Sequence[Requirement]:
    return ()


@dataclass(frozen=True)
class Backend:
    """What an entry point of group ``racegym.backends`` refers to: a simulator on offer. Importing it does no work."""

    name: str
    title: str
    """One line for ``racegym list``."""
    options: type[Options]
    """Its options; field `course_option` names the course."""
    build: Callable[[Any], Simulator]
    """A simulator from an instance of `options`, not yet open."""
    courses: Callable[[], Sequence[str]]
    """Names of the courses (tracks, circuits, maps) that it offers now, for instance ``road/aalborg``."""
    course_option: str = "track"
    pool: Callable[[Sequence[Any]], Simulator | None] | None = None
    """One independent simulator with a row for each of several options, where that is faster than one simulator each;
    None for options that it cannot put together."""
    cars: Callable[[], Sequence[str]] = _nothing
    requirements: Callable[[], Sequence[Requirement]] = _no_requirements
    commands: str | None = None
    """A typer app for ``racegym <name> ...`` as ``module:object``, imported when used."""
    variants: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Options worth comparing for speed, by name, for instance one transport with another; the default first."""
    raw_speeds: str | None = None
    """For ``racegym speed``, as ``module:function``: course -> by name, functions that measure steps a second without
    this package's environments; one named ``limit`` is what the game does on its own."""
    laps: str | None = None
    """A reader of what others recorded of the game, as ``module:function``: (options, path, whether to trust
    what can run code) -> an iterator of `Lap`."""
    views: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Options to see it by, for each render mode that it has: ``rgb_array`` where the options leave its camera out,
    ``human`` on top of the options; and ``observation``: pictures of a size that agents learn from."""
    agents: Mapping[str, str] = field(default_factory=dict)
    """Reference drivers that the game brings, by name: one line each."""
