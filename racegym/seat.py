"""A seat in a race: an agent in one car or several, with a task of its own, on record if wanted."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from racegym.agents import Agent
from racegym.config import RunConfig
from racegym.errors import ConfigurationError
from racegym.session import Outcome
from racegym.signals import Controls, Telemetry
from racegym.simulator import SimulatorSpec
from racegym.task import Task
from racegym.track import Track


class Seat:
    """An agent in its cars, which are `rows` of the race's telemetry and controls."""

    def __init__(self, name: str, agent: Agent, run: RunConfig, spec: SimulatorSpec, rows: slice) -> None:
        self.name = name
        self.rows = rows
        self.spec = replace(spec, cars=rows.stop - rows.start)
        self.task = Task(run.task, spec, self.spec.cars)
        self.now, self.controls = Telemetry(self.spec.cars), Controls(self.spec.cars)
        self.tracks: list[Track | None] = []
        self._agent = agent
        self._repeat = run.task.action.repeat
        self._ticks = 0
        self._recorded: _Recorded | None = None

    @property
    def folder(self) -> str:
        """Its name, fit for a folder."""
        return re.sub(r"[^A-Za-z0-9_.-]+", "-", self.name)

    def record(self, folder: Path, run: RunConfig, derived: tuple[str, ...], laps: int) -> None:
        """Keep the race of its cars, `laps` laps long, in `folder`."""
        self._recorded = _Recorded(self, folder, run, derived, laps)

    def begin(self, now: Telemetry, controls: Controls, tracks: list[Track | None], seed: int | None) -> None:
        """The race is about to begin; `now` and `controls` are its rows, from now to the end."""
        self.now, self.controls, self.tracks = now, controls, tracks
        self._agent.reset(self.spec.cars)
        self.task.courses.tracks = tracks
        self.task.reset(now, None)
        self._ticks = 0
        if self._recorded:
            self._recorded.begin(seed)

    def drive(self) -> None:
        """Write the agent's controls into its rows; it decides only when its last action has run out."""
        if self._ticks % self._repeat == 0:
            observation = self._look() if self._ticks else self.task.observer.current()
            self._action = self._decide(observation)
            self.controls.block[:] = self.task.actuator.decode(self._action, self.now).block
        self._ticks += 1

    def _look(self) -> Any:
        """What the last action has led to."""
        observation = self.task.observer.observe(self.now, self.task.actuator.controls)
        if self._recorded:
            self._recorded.made(self._action, observation)
        return observation

    def _decide(self, observation: Any) -> np.ndarray:
        action = np.asarray(self._agent.act(observation))
        if len(action) != self.spec.cars:
            raise ConfigurationError(
                f"{self.name}: {len(action)} actions for its {self.spec.cars} cars; act takes and gives arrays (cars, ...)"
            )
        return action

    def end(self) -> None:
        """The race is over: where that left the cars counts."""
        if self._recorded and self._ticks:
            self._look()

    def close(self) -> None:
        """Complete the recording, if there is one."""
        if self._recorded:
            self._recorded.finish()


class _Recorded:
    """A seat on record: what a `Tap` takes for a session, whose steps the race makes. An episode ends with the race."""

    def __init__(self, seat: Seat, folder: Path, run: RunConfig, derived: tuple[str, ...], laps: int) -> None:
        from racegym.recording import Tap

        self.task, self.spec, self.cars, self.derived = seat.task, seat.spec, seat.spec.cars, derived
        self.observation_space = seat.task.observer.space
        self._seat = seat
        self._laps = laps
        self._before = Telemetry(self.cars)
        session: Any = self
        self._tap = Tap(session, folder, run.model_dump(mode="json"), seat.name)

    @property
    def now(self) -> Telemetry:
        return self._seat.now

    @property
    def controls(self) -> Controls:
        return self._seat.controls

    @property
    def tracks(self) -> list[Track | None]:
        return self._seat.tracks

    def begin(self, seed: int | None) -> None:
        """The race begins."""
        self._tap.reset(seeds=[seed] * self.cars)
        self._before.block[:] = self.now.block

    def made(self, action: np.ndarray, observation: Any) -> None:
        """The step of `action` has led to `observation`."""
        reward = self.task.reward(self._before, self.now)
        over = (self.now["laps"] >= self._laps) | (self.now["damage"] >= 1)
        self._outcome = Outcome(observation, reward, over, np.zeros(self.cars, bool))
        self._tap.step(action)
        self._before.block[:] = self.now.block

    def finish(self) -> None:
        """Complete the recording."""
        self._tap.close()

    def close(self) -> None:
        """The session's end is the race's business."""

    def reset(self, *_: Any) -> Any:
        return self.task.observer.current()

    def step(self, *_: Any) -> Outcome:
        return self._outcome

    def ended_by(self, row: int) -> str:
        return "laps" if self.now["laps"][row] >= self._laps else "damage"

    def info(self, row: int, ended: bool) -> dict[str, Any]:
        return {}
