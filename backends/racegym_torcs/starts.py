"""Where and how fast the cars begin: fixed, or drawn anew for every episode."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, Literal

import numpy as np
from pydantic import AfterValidator, BeforeValidator, Field, ValidationError, model_validator

from racegym.errors import ConfigurationError
from racegym.simulator import Options

if TYPE_CHECKING:
    from racegym_torcs.options import Grid, TorcsOptions


def _pair(value: object) -> object:
    """A list, as YAML has it, is a range too."""
    return tuple(value) if isinstance(value, list) else value


def _in_order(value: Any) -> Any:
    if isinstance(value, tuple) and value[0] > value[1]:
        raise ValueError(f"a range goes from low to high, not from {value[0]:g} to {value[1]:g}")
    return value


_Finite = Annotated[float, Field(allow_inf_nan=False)]
_Offset = Annotated[float, Field(ge=-1, le=1)]
_Heading = Annotated[float, Field(ge=-math.pi, le=math.pi)]
_Speed = Annotated[float, Field(ge=0, le=100)]
_LIST, _ORDER = BeforeValidator(_pair), AfterValidator(_in_order)


class CarStart(Options):
    """Where each episode begins. A range ``[low, high]`` is drawn from anew at every reset; null: as on the grid.

    The lap in which a car starts counts only from the start line on, as behind a grid; a negative `distance` is so
    much before the line. Several cars follow each other at the distances of the grid. The game's own drivers start
    from the grid in any case.
    """

    distance: Annotated[
        Literal["anywhere"] | _Finite | tuple[_Finite, _Finite] | None, _LIST, _ORDER
    ] = Field(default=None, description="along the track from the start line, m; anywhere: all of it")  # fmt: skip
    offset: Annotated[_Offset | tuple[_Offset, _Offset] | None, _LIST, _ORDER] = Field(
        default=None, description="from the centre line by half the width: 1 left edge, -1 right"
    )
    heading: Annotated[_Heading | tuple[_Heading, _Heading] | None, _LIST, _ORDER] = Field(
        default=None, description="from the track's direction, rad, positive: nose to the left"
    )
    speed: Annotated[_Speed | tuple[_Speed, _Speed] | None, _LIST, _ORDER] = Field(
        default=None, description="m/s, in a gear that fits it"
    )

    @model_validator(mode="before")
    @classmethod
    def _distance_alone(cls, value: object) -> object:
        """A number is a distance."""
        return {"distance": value} if isinstance(value, (int, float, str)) else value

    @property
    def wanted(self) -> bool:
        """Whether anything differs from the grid."""
        return any(value is not None for value in (self.distance, self.offset, self.heading, self.speed))

    @property
    def rolling(self) -> bool:
        """Whether a car may begin with some speed."""
        return bool(self.speed[1] if isinstance(self.speed, tuple) else self.speed)

    def with_options(self, options: object) -> CarStart:
        """These starts, but for what `options` of one episode say; `ConfigurationError` if they say nonsense."""
        given = options if isinstance(options, Mapping) else {"distance": options}
        try:
            return CarStart.model_validate({**self.model_dump(), **given})
        except ValidationError as error:
            said = "; ".join(
                ".".join(["start", *map(str, e["loc"][:1])]) + f": {e['msg']}" for e in error.errors()
            )
            raise ConfigurationError(f"torcs: {said}") from error

    def check(self, track: str, length: float) -> None:
        """`ConfigurationError` when a distance lies beyond the track, `length` m long."""
        ends = self.distance if isinstance(self.distance, tuple) else (self.distance,)
        for end in ends:
            if isinstance(end, (int, float)) and abs(end) >= length:
                raise ConfigurationError(f"torcs: start: {end:g} m is beyond {track}, {length:.1f} m long")

    def draw(self, random: np.random.Generator, cars: int, grid: Grid, length: float) -> np.ndarray | None:
        """Distance, offset, heading and speed of each car, ``(cars, 4)``, NaN as the grid has it; None: all so.

        A fixed value draws nothing, so that adding a range does not change what the others give.
        """
        if not self.wanted:
            return None
        distance = (0.0, length) if self.distance == "anywhere" else self.distance
        first = np.array([_one(random, v) for v in (distance, self.offset, self.heading, self.speed)])
        starts = np.tile(first, (cars, 1))
        car = np.arange(cars)
        starts[:, 0] -= car // grid.rows * grid.between + car % grid.rows * grid.stagger
        return starts


class LineUp:
    """The starts of one simulator's episodes, drawn by a generator of its own."""

    def __init__(self, options: TorcsOptions) -> None:
        self._options = options
        self._random = np.random.default_rng()
        self._length = math.inf

    def open(self, track: str, length: float) -> None:
        """Take note of the track, `length` m long; `ConfigurationError` when the options start beyond it."""
        self._options.start.check(track, length)
        self._track, self._length = track, length

    def draw(self, seed: int | None, reset_options: Mapping[str, Any]) -> np.ndarray | None:
        """Starts of the coming episode, as `CarStart.draw` gives them; a `seed` starts the generator anew.

        `ConfigurationError` for `reset_options` other than ``start``, and for a start that cannot be.
        """
        if unknown := sorted(set(reset_options) - {"start"}):
            raise ConfigurationError(f"torcs: reset knows the option start, not {', '.join(unknown)}")
        start = self._options.start
        if "start" in reset_options:
            start = start.with_options(reset_options["start"])
            if self._options.connect is not None:
                raise ConfigurationError("torcs: a start is for a game that we start, not one found running")
            if start.rolling and self._options.countdown:
                raise ConfigurationError("torcs: start: cars are held in the countdown, so no speed")
            start.check(self._track, self._length)
        if seed is not None:
            self._random = np.random.default_rng(seed)
        return start.draw(self._random, self._options.cars, self._options.grid, self._length)


def _one(random: np.random.Generator, value: Any) -> float:
    if isinstance(value, tuple):
        return float(random.uniform(*value))
    return math.nan if value is None else float(value)
