"""Options of the TORCS backend: the course, the race, the car, and how to talk to the game."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from racegym.signals import BEAMS, DEFAULT_BEAM_ANGLES
from racegym.simulator import Options

_MODULE = r"^[A-Za-z0-9_-]+:[0-9]+$"
_NAME = r"^[A-Za-z0-9_.-]+$"
_FACTOR = Field(ge=0, le=5)


class Grid(Options):
    """Where the cars stand before the start; the agents' cars come first, then the opponents."""

    rows: int = Field(default=1, ge=1, le=10, description="cars side by side; one stands on the centre line")
    to_start: float = Field(
        default=10.0, ge=0, description="from the first car to the start line ahead of it, m"
    )
    between: float = Field(
        default=20.0, ge=0, description="along the track from one file of `rows` cars to the next, m"
    )
    stagger: float = Field(
        default=10.0, ge=0, description="along the track from a car to its neighbour in the file, m"
    )
    speed: float = Field(
        default=0.0, ge=0, le=100,
        description="speed given to the cars, m/s, before the engine brakes them for the second in which they settle",
    )  # fmt: skip


class Noise(Options):
    """Sensor noise: each reading is multiplied by a normal deviate of mean 1 and this standard deviation."""

    track: float = Field(default=0.10, ge=0, le=1, description="range finders")
    opponents: float = Field(default=0.02, ge=0, le=1, description="opponent sectors")
    focus: float = Field(default=0.01, ge=0, le=1, description="focus beams")


class Deadlines(Options):
    """Longest waits, s."""

    start: float = Field(default=30.0, gt=0)
    reset: float = Field(default=30.0, gt=0)
    step: float = Field(default=2.0, gt=0)
    close: float = Field(default=3.0, gt=0)


class TorcsOptions(Options):
    """One TORCS race. The defaults are the game's own physics with the driver aids of the SCR competition off."""

    track: str = Field(
        default="road/aalborg",
        pattern=r"^([a-z]+/)?[A-Za-z0-9_-]+$",
        description="as `racegym list` names it",
    )
    car: str = Field(default="car1-trb1", pattern=_NAME, description="model of the agents' cars")
    cars: int = Field(default=1, ge=1, le=10, description="agents in one race")
    opponents: Annotated[
        tuple[Annotated[str, Field(pattern=_MODULE)], ...], Field(strict=False, max_length=20)
    ] = Field(default=(), description="the game's own drivers, each as module:index, for instance bt:3")
    laps: int | None = Field(default=None, ge=1, le=10_000, description="laps of the race; null: without end")
    distance: float | None = Field(
        default=None, gt=0, description="length of the race instead of laps, m, rounded up to laps"
    )
    grid: Grid = Grid()
    start: float | None = Field(
        default=None,
        ge=0,
        description="first car's place, m along the track from the start line, instead of grid.to_start",
    )
    fuel: bool | Annotated[float, _FACTOR] = Field(
        default=True, description="fuel is used up; a number is a factor"
    )
    damage: bool | Annotated[float, _FACTOR] = Field(
        default=True, description="collisions do damage; a number is a factor"
    )
    lap_time_limit: bool = Field(
        default=False, description="cars are taken out after 84.5 s + length / (10 m/s) in a lap"
    )
    noise: Noise | None = Field(default=None, description="noisy range sensors; null: exact")
    ticks: Literal["exact", "original"] = Field(
        default="exact", description="20 ms each, or the 20 or 22 ms of other SCR servers"
    )
    ticks_per_step: int = Field(default=1, ge=1, le=50, description="ticks that one set of controls acts for")
    countdown: bool = Field(
        default=False, description="keep the second before the green light, with the car held"
    )
    beam_angles: Annotated[tuple[float, ...], Field(strict=False, min_length=BEAMS, max_length=BEAMS)] = (
        Field(default=DEFAULT_BEAM_ANGLES, description="degrees, counter-clockwise, left to right")
    )
    transport: Literal["udp"] = Field(default="udp", description="how controls and telemetry travel")
    connect: str | None = Field(
        default=None, pattern=r"^[^:\s]+:[0-9]{1,5}$",
        description="host:port of a running SCR server (car i at port + i); null: start TORCS",
    )  # fmt: skip
    deadlines: Deadlines = Deadlines()

    @model_validator(mode="after")
    def _one_length(self) -> TorcsOptions:
        if self.laps is not None and self.distance is not None:
            raise ValueError("give laps or distance, not both")
        return self

    @property
    def period(self) -> float:
        """Nominal time between two telemetries, s."""
        return 0.02 * self.ticks_per_step
