"""A task: judges the driving by four specs, each a list of named terms (observation, action, reward, termination).

`Task` is a `TaskConfig` compiled against a simulator's spec: spaces and preallocated buffers; every configuration error
comes up there and then. It knows no sockets, no processes and no wall-clock time.
"""

from __future__ import annotations

from typing import Annotated, Any

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

import racegym.demonstration
import racegym.sight  # noqa: F401  (the terms of both enter the tables)
from racegym.actions import ActionConfig
from racegym.actuator import Actuator
from racegym.errors import ConfigurationError
from racegym.observations import ObservationConfig
from racegym.observer import Observer
from racegym.rewards import REWARDS, Reward
from racegym.signals import Telemetry
from racegym.simulator import SimulatorSpec
from racegym.terminations import TERMINATIONS, Terminator
from racegym.terms import Cameras, Context, Courses, Stateful, Term

DEFAULT_REWARD = {"progress": {}, "off_track": {"weight": -1.0}}
DEFAULT_TERMINATION = {
    "off_track": {"seconds": 3.0},
    "wrong_way": {"seconds": 3.0},
    "stuck": {"of": "progress", "below": 1.0, "seconds": 10.0},
    "finished": {},
}


class TruncationConfig(BaseModel):
    """When an episode is cut short although the driving could go on."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    seconds: float | None = Field(default=None, gt=0)
    """Simulated time."""
    steps: int | None = Field(default=None, gt=0)
    """Agent steps."""
    laps: int | None = Field(default=None, gt=0)
    """Completed laps; where they are the goal, use the termination term instead."""


class TaskConfig(BaseModel):
    """What the agent sees and decides, what it earns, and when it is over."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    observation: ObservationConfig = ObservationConfig()
    action: ActionConfig = ActionConfig()
    reward: Annotated[dict[str, Any], REWARDS] = Field(default_factory=lambda: REWARDS.parse(DEFAULT_REWARD))
    termination: Annotated[dict[str, Any], TERMINATIONS] = Field(
        default_factory=lambda: TERMINATIONS.parse(DEFAULT_TERMINATION)
    )
    truncation: TruncationConfig = TruncationConfig()


class Task:
    """A `TaskConfig` compiled for `cars` rows of simulators that share one spec.

    `signals` is what it reads, for the sensors to provide. Rewards are ``(cars,)`` float64; `shares`, overwritten by
    the next call, is ``(terms, cars)`` in the order of `reward_names`.
    """

    def __init__(
        self, config: TaskConfig, spec: SimulatorSpec, cars: int, period: float | None = None
    ) -> None:
        self.config = config
        self.courses = Courses()
        self.cameras = Cameras()
        context = Context(
            spec, cars, period or spec.period * config.action.repeat, self.courses, self.cameras
        )
        self.observer = Observer(config.observation, context)
        self.actuator = Actuator(config.action, context)
        self.reward_names = tuple(config.reward)
        self.termination_names = tuple(config.termination)
        rewards: list[Reward] = list(config.reward.values())
        self._rewards = [term.bind(context) for term in rewards]
        self._weights = np.array([term.weight for term in rewards])
        self._weight_of_each = np.repeat(self._weights[:, None], cars, axis=1)
        self._replacing = [place for place, term in enumerate(rewards) if term.replaces]
        self._stateful = [bound for bound in self._rewards if isinstance(bound, Stateful)]
        self._values = np.zeros((len(rewards), cars))
        self.shares = np.zeros((len(rewards), cars))
        self.terminator = Terminator(list(config.termination.values()), context)
        self.signals = self._signals(spec)

    def _signals(self, spec: SimulatorSpec) -> frozenset[str]:
        config = self.config
        wanted = {"time"} if config.truncation.laps is None else {"time", "laps"}
        seen = {
            name: leaf
            for label, term in config.observation.terms.items()
            for name, leaf in term.leaves(label)
        }
        for room in (seen, config.action.terms, config.reward, config.termination):
            term: Term
            for label, term in room.items():
                if term.needs_track and not spec.track:
                    raise ConfigurationError(
                        f"task: {label} looks at the course, which {spec.name} does not know"
                    )
                wanted.update(term.signals(spec))
        return frozenset(wanted)

    def reset(self, now: Telemetry, rows: np.ndarray | None) -> None:
        """Begin an episode for these rows (all when None)."""
        self.actuator.reset(now, rows)
        self.terminator.reset(now, rows)
        self.observer.begin(now, self.actuator.controls, rows)
        for bound in self._stateful:
            bound.reset(now, rows)

    def save(self) -> list[dict[str, Any]]:
        """All that the task remembers from step to step."""
        return [part.save() for part in self._memories()]

    def restore(self, saved: list[dict[str, Any]]) -> None:
        """Remember what `save` returned."""
        for part, remembered in zip(self._memories(), saved, strict=True):
            part.restore(remembered)

    def _memories(self) -> list[Stateful]:
        return [self.actuator, self.terminator, self.observer, *self._stateful]

    def reward(self, before: Telemetry, now: Telemetry) -> np.ndarray:
        """The weighted sum of the reward terms; fills `shares`."""
        values, shares = self._values, self.shares
        for place, function in enumerate(self._rewards):
            values[place] = function(before, now)
        np.multiply(values, self._weight_of_each, out=shares)
        total = self._weights.dot(values)
        for place in self._replacing:
            replaced = shares[place] != 0
            total[replaced] = shares[place, replaced]
        return total
