"""A task: judges the driving by four specs, each a list of named terms (observation, action, reward, termination).

`Task` is a `TaskConfig` compiled against a simulator's spec: spaces and preallocated buffers; every configuration error
comes up there and then. It knows no sockets, no processes and no wall-clock time.
"""

from __future__ import annotations

import math
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
from racegym.truncation import TruncationConfig, Truncator

#: Observation, reward, terminated and truncated, over cars, and whether all numbers of the first two are finite.
Judgement = tuple[Any, np.ndarray, np.ndarray, np.ndarray, bool]

DEFAULT_REWARD = {"progress": {}, "off_track": {"weight": -1.0}}
DEFAULT_TERMINATION = {
    "off_track": {"seconds": 3.0},
    "wrong_way": {"seconds": 3.0},
    "stuck": {"of": "progress", "below": 1.0, "seconds": 10.0},
    "finished": {},
}


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
        self.context = context = Context(
            spec, cars, period or spec.period * config.action.repeat, self.courses, self.cameras
        )
        self.observer = Observer(config.observation, context)
        self.actuator = Actuator(config.action, context)
        self.reward_names = tuple(config.reward)
        self.termination_names = tuple(config.termination)
        rewards: list[Reward] = list(config.reward.values())
        self.rewards = [term.bind(context) for term in rewards]
        weights = np.array([term.weight for term in rewards], float)
        # NumPy is quickest with operands of one shape
        self.weights = np.repeat(weights[:, None], cars, axis=1)
        self._replacing = [place for place, term in enumerate(rewards) if term.replaces]
        self._stateful = [bound for bound in self.rewards if isinstance(bound, Stateful)]
        self.values = np.zeros((len(rewards), cars))
        self.shares = np.zeros((len(rewards), cars))
        self.terminator = Terminator(list(config.termination.values()), context)
        self.truncator = Truncator(config.truncation, cars)
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
        self.truncator.reset(now, rows)
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
        return [self.actuator, self.terminator, self.truncator, self.observer, *self._stateful]

    def reward(self, before: Telemetry, now: Telemetry) -> np.ndarray:
        """The sum of the weighted reward terms, one after the other; fills `shares`."""
        values, shares = self.values, self.shares
        for place, function in enumerate(self.rewards):
            values[place] = function(before, now)
        np.multiply(values, self.weights, out=shares)
        total = np.zeros(shares.shape[1])
        for share in shares:
            total += share
        for place in self._replacing:
            replaced = shares[place] != 0
            total[replaced] = shares[place, replaced]
        return total

    def judge(self, before: Telemetry, now: Telemetry) -> Judgement:
        """What the step between two telemetries came to."""
        reward = self.reward(before, now)
        terminated, truncated = self.terminator(before, now), self.truncator(now)
        observation = self.observer.observe(now, self.actuator.controls)
        return observation, reward, terminated, truncated, finite(observation, reward)


def finite(observation: Any, reward: np.ndarray) -> bool:
    """Whether all their numbers are; a picture's always are."""
    for part in observation.values() if isinstance(observation, dict) else (observation,):
        if part.dtype != np.uint8:
            # bounded numbers: their sum of squares is NaN only where one of them is
            flat = part.ravel()
            if math.isnan(flat.dot(flat)):
                return False
    return np.count_nonzero(np.isfinite(reward)) == len(reward)
