"""`RaceEnv`: one car, one episode at a time, as a gymnasium environment."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import gymnasium
import numpy as np
from gymnasium.envs.registration import EnvSpec

from racegym.config import RunConfig, load
from racegym.errors import BackendUnavailable, ConfigurationError
from racegym.render import MODES, Screen, watched
from racegym.session import Outcome, Session, Snapshot

SEEDS = 2**31


class RaceEnv(gymnasium.Env[Any, Any]):
    """A simulator and a task behind gymnasium's API. Constructing is free; the first `reset` starts the game.

    `config`, `simulator` and `overrides` are `racegym.config.load`'s. ``info["reward"]`` holds each reward term's
    share; the step that ends an episode adds ``info["ended_by"]``: a termination term's name, ``time``, ``steps`` or
    ``fault`` (then ``info["fault"]`` says what happened, the observation is the last valid one and the next reset
    starts anew).
    Render modes are those that the simulator's backend has: ``rgb_array`` gives frames of its first camera, which is
    set up for it where the configuration has none; ``human`` opens the game's window, in real time.
    A seed given to `reset` decides the seeds of this and all later episodes.
    """

    metadata = {"render_modes": list(MODES), "render_fps": 50.0}  # noqa: RUF012

    def __init__(
        self,
        config: Any = "bicycle/oval",
        simulator: str | Mapping[str, Any] | None = None,
        overrides: Mapping[str, Any] | None = None,
        render_mode: str | None = None,
    ) -> None:
        self.config: RunConfig = watched(load(config, simulator, overrides), render_mode)
        self.render_mode = render_mode
        run = self.config
        self.session = _session(run)
        if self.session.cars != 1:
            raise ConfigurationError(
                f"RaceEnv drives one car, not {self.session.cars}; cars in one race: racegym.parallel"
            )
        self.screen = None if render_mode is None else Screen(self.session, render_mode)
        self.metadata = {
            **self.metadata,
            "render_fps": 1 / (self.session.spec.period * run.task.action.repeat),
        }
        self.observation_space = self.session.observation_space
        if run.clock.step(self.session.spec) is not None:
            # no two steps of a clock on the wall are the same; gymnasium.make knows it by the registered spec
            self.spec = EnvSpec("racegym/RealTimeRace-v0", "racegym.env:RaceEnv", nondeterministic=True)
        self.action_space = self.session.task.actuator.space

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        super().reset(seed=seed)
        observation = self.session.reset(seeds=[int(self.np_random.integers(SEEDS))], options=options)
        if self.screen:
            self.screen.begin()
        return _single(observation), {}

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        session = self.session
        outcome: Outcome = session.step(np.asarray(action)[None])
        if self.screen:
            self.screen.step()
        terminated = outcome.terminated.item()
        truncated = outcome.truncated.item() or bool(session.fleet.faults)
        info = session.info(0, terminated or truncated)
        return _single(outcome.observation), outcome.reward.item(), terminated, truncated, info

    def render(self) -> Any:
        """What the simulator's camera sees, uint8 ``(height, width, 3)``; None in mode ``human``, whose window shows it."""
        return None if self.screen is None else self.screen.frame()

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


def _session(run: RunConfig) -> Session:
    """The session of a run; in real time one that has a `Session`'s methods."""
    simulator = run.simulator.build()
    step = run.clock.step(simulator.spec)
    if step is None:
        return Session([simulator], run.task, run.on_fault, run.faults_in_a_row)
    try:
        from racegym.realtime import RealtimeSession
    except ImportError as error:
        raise BackendUnavailable(
            f"real time needs the package rtgym ({error}): pip install 'racegym[realtime]'"
        ) from error
    session: Any = RealtimeSession([simulator], run.task, run.clock, step, run.on_fault, run.faults_in_a_row)
    return session


def _single(observation: Any) -> Any:
    if isinstance(observation, dict):
        return {label: part[0] for label, part in observation.items()}
    return observation[0]


def make(
    config: Any = "bicycle/oval",
    simulator: str | Mapping[str, Any] | None = None,
    overrides: Mapping[str, Any] | None = None,
    render_mode: str | None = None,
) -> RaceEnv:
    """``racegym.make("torcs/aalborg")``, ``racegym.make("hotlap", simulator="bicycle/oval")``: a `RaceEnv`."""
    return RaceEnv(config, simulator, overrides, render_mode)
