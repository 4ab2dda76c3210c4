"""`RaceEnv`: one car, one episode at a time, as a gymnasium environment."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import gymnasium
import numpy as np

from racegym.config import RunConfig, load
from racegym.errors import ConfigurationError
from racegym.session import Outcome, Session, Snapshot

SEEDS = 2**31


class RaceEnv(gymnasium.Env[Any, Any]):
    """A simulator and a task behind gymnasium's API. Constructing is free; the first `reset` starts the game.

    `config`, `simulator` and `overrides` are `racegym.config.load`'s. ``info["reward"]`` holds each reward term's
    share; the step that ends an episode adds ``info["ended_by"]``: a termination term's name, ``time``, ``steps`` or
    ``fault`` (then ``info["fault"]`` says what happened, the observation is the last valid one and the next reset
    starts anew).
    A seed given to `reset` decides the seeds of this and all later episodes.
    """

    metadata = {"render_modes": []}  # noqa: RUF012

    def __init__(
        self,
        config: Any = "bicycle/oval",
        simulator: str | Mapping[str, Any] | None = None,
        overrides: Mapping[str, Any] | None = None,
        render_mode: None = None,
    ) -> None:
        self.config: RunConfig = load(config, simulator, overrides)
        self.render_mode = render_mode
        run = self.config
        self.session = Session([run.simulator.build()], run.task, run.on_fault, run.faults_in_a_row)
        if self.session.cars != 1:
            raise ConfigurationError(
                f"RaceEnv drives one car, not {self.session.cars}; RaceVectorEnv drives many"
            )
        self.observation_space = self.session.task.observer.space
        self.action_space = self.session.task.actuator.space

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        super().reset(seed=seed)
        observation = self.session.reset(seeds=[int(self.np_random.integers(SEEDS))], options=options)
        return _single(observation), {}

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        session = self.session
        outcome: Outcome = session.step(np.asarray(action)[None])
        terminated, truncated = bool(outcome.terminated[0]), bool(outcome.truncated[0])
        info: dict[str, Any] = {
            "reward": dict(zip(session.task.reward_names, session.task.shares[:, 0].tolist(), strict=True))
        }
        if terminated or truncated:
            info["ended_by"] = session.ended_by(0)
            if session.fleet.faults:
                info["fault"] = str(session.fleet.faults[0])
        return _single(outcome.observation), float(outcome.reward[0]), terminated, truncated, info

    def save(self) -> Snapshot:
        """A snapshot of this moment of the episode, to `restore` any number of times (where ``spec.snapshots``)."""
        return self.session.save()

    def restore(self, snapshot: Snapshot) -> Any:
        """Go back to that moment, accounts and observation stack included; the observation then."""
        return _single(self.session.restore(snapshot))

    def release(self, snapshot: Snapshot) -> None:
        """Let go of a snapshot; `close` releases all."""
        self.session.release(snapshot)

    def close(self) -> None:
        self.session.close()


def _single(observation: Any) -> Any:
    if isinstance(observation, dict):
        return {label: part[0] for label, part in observation.items()}
    return observation[0]


def make(
    config: Any = "bicycle/oval",
    simulator: str | Mapping[str, Any] | None = None,
    overrides: Mapping[str, Any] | None = None,
) -> RaceEnv:
    """``racegym.make("torcs/aalborg")``, ``racegym.make("hotlap", simulator="bicycle/oval")``: a `RaceEnv`."""
    return RaceEnv(config, simulator, overrides)
