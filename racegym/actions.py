"""Action terms: what the agent decides, and how its numbers become controls.

An action is a float Box ``(-1, 1)`` with a few numbers a term, in the order listed; or, with the `keys` term, one
Discrete choice. Terms own what an agent should not have to: gears, rate limits, relative actions.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from racegym.errors import ConfigurationError
from racegym.gears import Gears
from racegym.signals import Controls, Telemetry
from racegym.terms import Context, Stateful, Term, TermTable

RELEASED = np.array(0.0)
Actuate = Callable[[np.ndarray, Telemetry, Controls], Any]


class Action(Term):
    """Base of action terms."""

    width: ClassVar[int] = 0
    """How many numbers of the action are its own."""

    @property
    def idle(self) -> float:
        """The number that presses nothing."""
        return 0.0

    @abstractmethod
    def bind(self, context: Context) -> Actuate:
        """A function ``(action (cars, width), now, controls)`` that writes into `controls`."""


class _Axis(Action):
    """One number in [-1, 1] that sets a control."""

    width = 1
    mode: Literal["absolute", "relative"] = "absolute"
    """Relative: the number changes the control by up to `rate` a second."""
    rate: float | None = Field(default=None, gt=0)
    """How fast the control may change, units a second; None: at once."""

    def axis(self, context: Context, low: float = -1.0) -> Callable[[np.ndarray], np.ndarray]:
        """A function from the agent's number to the axis, after mode and rate."""
        if self.mode == "relative" and self.rate is None:
            raise ConfigurationError("task.action: mode relative needs a rate, in units a second")
        if self.rate is None:
            return lambda action: action
        return _Limited(self.mode == "relative", self.rate * context.period, low, context.cars)


class _Limited(Stateful):
    """An axis in [low, 1] that moves by at most `step` at a time, towards the action or by it."""

    memory = ("_axis",)
    in_place = True

    def __init__(self, relative: bool, step: float, low: float, cars: int) -> None:
        self._relative = relative
        self._step = step
        self._low = low
        self._axis = np.zeros(cars)

    def reset(self, now: Telemetry, rows: np.ndarray | None) -> None:
        self._axis[slice(None) if rows is None else rows] = 0.0

    def __call__(self, action: np.ndarray) -> np.ndarray:
        change = (
            action * self._step if self._relative else (action - self._axis).clip(-self._step, self._step)
        )
        np.clip(self._axis + change, self._low, 1.0, out=self._axis)
        return self._axis


class _Bound(Stateful):
    """An actuator whose axis may remember."""

    memory = ("_axis",)
    in_place = True

    def __init__(
        self,
        axis: Callable[[np.ndarray], np.ndarray],
        write: Callable[[np.ndarray, Controls], None],
        demand: Callable[[np.ndarray], np.ndarray] | None = None,
    ) -> None:
        """The agent's number becomes a `demand`, then a place on the axis, then what `write` makes of it."""
        self._demand = demand
        self._axis = axis
        self._write = write

    def reset(self, now: Telemetry, rows: np.ndarray | None) -> None:
        if isinstance(self._axis, Stateful):
            self._axis.reset(now, rows)

    def __call__(self, action: np.ndarray, now: Telemetry, controls: Controls) -> None:
        number = action[:, 0]
        self._write(self._axis(self._demand(number) if self._demand else number), controls)


class Steer(_Axis):
    """Steering; +1 full left. `limit` is the largest steering that +-1 may reach."""

    limit: float = Field(default=1.0, gt=0, le=1)
    wheel_rate: float | None = Field(default=None, gt=0)
    """How fast the steering wheel may turn, rad a second, where the simulator knows its lock; instead of `rate`."""

    def axis(self, context: Context, low: float = -1.0) -> Callable[[np.ndarray], np.ndarray]:
        if self.wheel_rate is None:
            return super().axis(context, low)
        lock = context.spec.steering_lock
        if lock is None:
            raise ConfigurationError(
                f"task.action: steer.wheel_rate: {context.spec.name} does not say how far its steering wheel turns; "
                "give rate instead, in units of steer a second"
            )
        known = self.model_copy(update={"rate": self.wheel_rate / lock / self.limit, "wheel_rate": None})
        return known.axis(context, low)

    def bind(self, context: Context) -> Actuate:
        limit = np.array(self.limit)  # an array is multiplied by faster than a Python number

        def write(axis: np.ndarray, controls: Controls) -> None:
            np.multiply(axis, limit, out=controls["steer"])

        return _Bound(self.axis(context), write)


class Pedal(_Axis):
    """One axis for two pedals: above 0 is throttle, below 0 is brake."""

    def bind(self, context: Context) -> Actuate:
        def write(axis: np.ndarray, controls: Controls) -> None:
            throttle = np.maximum(axis, RELEASED, out=controls["throttle"])
            np.subtract(throttle, axis, out=controls["brake"])

        return _Bound(self.axis(context), write)


class _Lever(_Axis):
    """A control in [0, 1]: the agent's `released` lets go of it, +1 presses it fully; or, relative, less and more."""

    control: ClassVar[str]
    released: Literal[-1, 0] = -1
    """0: numbers below 0 let go, too."""

    @property
    def idle(self) -> float:
        return float(self.released) if self.mode == "absolute" else 0.0

    def bind(self, context: Context) -> Actuate:
        def write(lever: np.ndarray, controls: Controls) -> None:
            controls[self.control] = lever

        return _Bound(self.axis(context, low=0.0), write, self._demand)

    def _demand(self, action: np.ndarray) -> np.ndarray:
        if self.mode == "relative":
            return action
        return np.maximum(action, RELEASED) if self.released == 0 else (action + 1.0) / 2.0


class Throttle(_Lever):
    """Accelerator pedal alone."""

    control = "throttle"


class Brake(_Lever):
    """Brake pedal alone."""

    control = "brake"


class Clutch(_Lever):
    """Clutch pedal; pressed is disengaged."""

    control = "clutch"


class Handbrake(_Lever):
    """Hand brake."""

    control = "handbrake"


class Focus(Action):
    """Direction of the focus beams: -1 is 90 degrees to the right, +1 to the left."""

    width = 1

    def bind(self, context: Context) -> Actuate:
        return lambda action, now, controls: np.multiply(action[:, 0], np.pi / 2, out=controls["focus"])


class GearShift(Action):
    """Gears by hand: above 1/3 shifts one up, below -1/3 one down, from reverse to the top gear."""

    width = 1

    def bind(self, context: Context) -> Actuate:
        top = len(context.spec.gearbox.up)

        def shift(action: np.ndarray, now: Telemetry, controls: Controls) -> None:
            wanted = now["gear"] + (action[:, 0] > 1 / 3) - (action[:, 0] < -1 / 3)
            np.clip(wanted, -1, top, out=controls["gear"])

        return shift


class AutomaticGears(Action):
    """Gears by engine speed, at the simulator's shift points, with at least `pause` seconds between two shifts.

    With `reverse`, a brake held at standstill engages reverse gear after `pause` and then drives backwards; throttle
    ends that.
    """

    pause: float = Field(default=0.3, ge=0)
    reverse: bool = True

    def bind(self, context: Context) -> Actuate:
        pause = max(1, round(self.pause / context.period))
        return Gears(context.spec.gearbox, context.cars, pause, self.reverse)


class Expert(Action):
    """The game's own driver decides all that no other term does; the simulator's option `expert` seats it."""

    LEFT: ClassVar[tuple[str, ...]] = ("steer", "throttle", "brake", "clutch", "gear")

    def bind(self, context: Context) -> Actuate:
        if "expert_steer" not in context.spec.signals:
            raise ConfigurationError(
                f"task.action.terms: expert: {context.spec.name} has none; name one by simulator.expert, if it "
                "has that option"
            )

        def leave(action: np.ndarray, now: Telemetry, controls: Controls) -> None:
            for name in self.LEFT:
                controls[name] = np.nan

        return leave


class Keys(Action):
    """A Discrete choice among combinations of held keys: up (throttle), down (brake), left, right."""

    combinations: tuple[tuple[Literal["up", "down", "left", "right"], ...], ...] = Field(
        default=(
            (), ("up",), ("up", "left"), ("up", "right"), ("left",), ("right",),
            ("down",), ("down", "left"), ("down", "right"),
        ),
        min_length=2,
        strict=False,
    )  # fmt: skip

    EFFECTS: ClassVar[dict[str, tuple[int, int, int]]] = {
        "up": (0, 1, 0),
        "down": (0, 0, 1),
        "left": (1, 0, 0),
        "right": (-1, 0, 0),
    }

    def bind(self, context: Context) -> Actuate:
        table = np.array(
            [np.sum([self.EFFECTS[key] for key in keys], axis=0) + np.zeros(3) for keys in self.combinations]
        )

        def press(action: np.ndarray, now: Telemetry, controls: Controls) -> None:
            levels = table[action]
            for place, name in enumerate(("steer", "throttle", "brake")):
                controls[name][...] = levels[:, place]

        return press


ACTIONS = TermTable(
    "action",
    Action,
    {
        "steer": Steer,
        "pedal": Pedal,
        "throttle": Throttle,
        "brake": Brake,
        "clutch": Clutch,
        "handbrake": Handbrake,
        "focus": Focus,
        "gear_shift": GearShift,
        "automatic_gears": AutomaticGears,
        "expert": Expert,
        "keys": Keys,
    },
)


class ActionConfig(BaseModel):
    """What the agent decides."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    repeat: int = Field(default=1, ge=1)
    """Control periods of the simulator for each action."""
    terms: Annotated[dict[str, Any], ACTIONS] = Field(
        default_factory=lambda: {"steer": Steer(), "pedal": Pedal(), "automatic_gears": AutomaticGears()},
        min_length=1,
    )
