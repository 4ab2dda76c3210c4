"""Recording: environments that keep what happens, written off the hot path; the format is docs/recording.md's.

A `Tap` stands between an environment and its session. A step costs a few copies onto a tape in memory, for any number
of cars; an episode that ends is cut out of it and handed to the writer's thread.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
from gymnasium.vector import VectorEnv, VectorWrapper

from racegym import __version__
from racegym.dataset.layout import Layout, spec_data
from racegym.dataset.parts import Parts, Taped
from racegym.dataset.video import Video
from racegym.errors import ConfigurationError
from racegym.fleet import Fleet
from racegym.session import Outcome, Session
from racegym.signals import SIGNALS, Telemetry

CLOSED, ABANDONED = "closed", "reset"
LENGTH = 4096
"""Rows of a fresh tape; it grows as needed."""

Frames = Callable[[], "np.ndarray | None"]


class Tap:
    """A session that keeps what passes through it; all else is the session's own."""

    def __init__(self, session: Session, folder: Path, config: Any, agent: str | None = None) -> None:
        task = session.task
        space = task.actuator.space
        discrete = not isinstance(space, gymnasium.spaces.Box)
        known = session.spec.signals | set(session.derived)
        self._layout = Layout(
            signals=tuple(name for name in SIGNALS if name in known),
            action=1 if discrete else int(np.prod(space.shape or (1,))),
            discrete=discrete,
            observation=gymnasium.spaces.flatdim(session.observation_space),
            rewards=task.reward_names,
        )
        about = {"racegym": __version__, "config": config, "spec": spec_data(session.spec)}
        self._parts = Parts(folder, self._layout, about)
        self._session = session
        self._agent = agent
        self._cars = session.cars
        self._places = self._layout.places
        self._telemetry = self._places["telemetry"]
        self._reward, self._frame = (self._places[name].start for name in ("reward", "frame"))
        self._tape = np.zeros((LENGTH, self._cars, self._layout.width))
        self._seen = np.zeros((LENGTH, self._cars, self._layout.observation), np.float32)
        self._divide()
        self._at = 0
        self._start = np.full(self._cars, -1)
        """Where each car's episode begins on the tape; -1: it has none."""
        self._infos: list[dict[str, Any]] = [{} for _ in range(self._cars)]
        self._video: Video | None = None
        self._folder = folder
        self._shares = task.shares.T

    def __getattr__(self, name: str) -> Any:
        return getattr(self._session, name)

    @property
    def fleet(self) -> Fleet:
        """The session's; asked for in each step, and found sooner here than by `__getattr__`."""
        return self._session.fleet

    def info(self, row: int, ended: bool) -> dict[str, Any]:
        """The session's, likewise."""
        return self._session.info(row, ended)

    def _divide(self) -> None:
        """The tape's parts that are written in each step, beforehand: slicing them costs as much as writing."""
        names = ("telemetry", "controls", "action", "shares")
        self._parts_of_tape = [self._tape[:, :, self._places[name]] for name in names]
        self._rewards = self._tape[:, :, self._reward]

    def film(self, frames: Frames, every: int) -> None:
        """Keep every so many-th picture of `frames` in a video, from the next reset on."""
        if self._cars != 1:
            raise ConfigurationError("frames are recorded of one car; record a RaceEnv, not a vector")
        seconds = self._session.spec.period * self._session.task.config.action.repeat * every
        self._video = Video(self._folder / "frames", frames, every, seconds)

    def reset(
        self,
        rows: np.ndarray | None = None,
        seeds: Sequence[int | None] | None = None,
        options: Mapping[str, Any] | None = None,
    ) -> Any:
        which = np.arange(self._cars) if rows is None else np.asarray(rows)
        self._finish(which[self._start[which] >= 0], ABANDONED)
        observation = self._session.reset(rows, seeds, options)
        if rows is None:
            self._at = 0
        fresh = self._tape[self._at]
        fresh[which] = 0.0
        fresh[which, self._telemetry] = self._session.now.block[which]
        if self._video:
            fresh[which, self._frame] = self._video.begin()
        self._seen[self._at, which] = _flat(observation)[which]
        self._start[which] = self._at
        tracks = self._session.tracks
        for place, row in enumerate(which.tolist()):
            track = tracks[row]
            self._infos[row] = {
                "agent": self._agent,
                "row": row,
                "seed": seeds[place] if seeds else None,
                "options": dict(options or {}),
                "track": self._parts.track(track) if track is not None else None,
            }
        return observation

    def step(self, action: Any, resting: np.ndarray | None = None) -> Outcome:
        outcome = self._session.step(action, resting)
        at = self._at = self._at + 1
        if at == len(self._tape):
            at = self._make_room()
        # one car at 20,000 steps a second: all is at hand, and what is rare is asked for cheaply
        telemetry, controls, actions, shares = self._parts_of_tape
        session = self._session
        telemetry[at] = session.now.block
        controls[at] = session.controls.block
        if self._layout.action:
            actions[at] = action if getattr(action, "ndim", 0) > 1 else np.reshape(action, (self._cars, -1))
        shares[at] = self._shares
        self._rewards[at] = outcome.reward
        if self._video:
            self._tape[at, :, self._frame] = self._video.take()
        observation = outcome.observation
        self._seen[at] = _flat(observation) if isinstance(observation, dict) else observation
        if np.count_nonzero(outcome.terminated) or np.count_nonzero(outcome.truncated):
            self._end(self._tape[at], outcome, resting)
        return outcome

    def _end(self, row: np.ndarray, outcome: Outcome, resting: np.ndarray | None) -> None:
        row[:, self._places["terminated"].start] = outcome.terminated
        row[:, self._places["truncated"].start] = outcome.truncated
        over = (outcome.terminated | outcome.truncated) & (self._start >= 0)
        if resting is not None:
            over &= ~resting
        self._finish(np.flatnonzero(over), None)

    def _make_room(self) -> int:
        """Forget what no episode needs any more, or lengthen the tape; where to write."""
        running = self._start[self._start >= 0]
        first = int(running.min()) if len(running) else self._at
        kept = self._at - first
        if kept > len(self._tape) // 2:
            self._tape = np.concatenate([self._tape, np.zeros_like(self._tape)])
            self._seen = np.concatenate([self._seen, np.zeros_like(self._seen)])
            self._divide()
            return self._at
        self._tape[:kept] = self._tape[first : self._at].copy()
        self._seen[:kept] = self._seen[first : self._at].copy()
        self._start[self._start >= 0] -= first
        self._at = kept
        return kept

    def _finish(self, rows: np.ndarray, why: str | None) -> None:
        """Cut the episodes of these rows out of the tape and hand them on."""
        for row in rows.tolist():
            piece = slice(int(self._start[row]), self._at + 1)
            taped = Taped(self._tape[piece, row].copy(), self._seen[piece, row].copy())
            # the tape is used again and again; only the last row of an episode that ended has an ending
            rows = taped.rows if why else taped.rows[:-1]
            rows[:, self._places["terminated"].start : self._places["truncated"].stop] = 0.0
            if not self._video:
                taped.rows[:, self._frame] = -1
            taped.info = self._summary(taped.rows, row, why)
            taped.video = self._video.end() if self._video else None
            self._start[row] = -1
            self._parts.add(taped)

    def _summary(self, rows: np.ndarray, row: int, why: str | None) -> dict[str, Any]:
        now = Telemetry(len(rows), np.ascontiguousarray(rows[:, self._telemetry]))
        laps = np.flatnonzero(np.diff(now["laps"]) > 0) + 1
        fault = None if why else self._session.info(row, True).get("fault")
        return {
            **self._infos[row],
            "steps": len(rows) - 1,
            "ended_by": why or self._session.ended_by(row),
            "fault": fault,
            "return": float(rows[:, self._reward].sum()),
            "laps": len(laps),
            "lap_times": [float(time) for time in now["last_lap_time"][laps]],
            "distance": _number(now["distance"][-1] - now["distance"][0]),
        }

    def close(self) -> None:
        """End what runs as it stands, complete the recording, close the session."""
        try:
            self._finish(np.flatnonzero(self._start >= 0), CLOSED)
            self._parts.close()
        finally:
            self._session.close()


class Recorder(gymnasium.Wrapper):
    """A `RaceEnv`, wrapped or not, whose episodes are recorded into `folder` (made if need be) until it is closed.

    `agent` is the name to keep with the episodes. `frames` keeps pictures too: True for those of ``env.render()``, or a
    function that gives one, uint8 ``(height, width, 3)``; every `frame_every` steps.
    """

    def __init__(
        self,
        env: gymnasium.Env,
        folder: str | Path,
        agent: str | None = None,
        frames: bool | Frames = False,
        frame_every: int = 1,
    ) -> None:
        super().__init__(env)
        recorder = tap(env.unwrapped, Path(folder), agent)
        if frames:
            render: Any = env.render if frames is True else frames
            recorder.film(render, frame_every)

    def __enter__(self) -> Recorder:
        return self


class VectorRecorder(VectorWrapper):
    """A `RaceVectorEnv`, wrapped or not, whose rows' episodes are recorded into `folder` until it is closed."""

    def __init__(self, env: VectorEnv, folder: str | Path, agent: str | None = None) -> None:
        super().__init__(env)
        tap(env.unwrapped, Path(folder), agent)


def tap(inner: Any, folder: Path, agent: str | None) -> Tap:
    """Put a `Tap` between an environment and its session."""
    if not hasattr(getattr(inner, "session", None), "task"):
        raise ConfigurationError(
            f"{type(inner).__name__} cannot be recorded; a RaceEnv or a RaceVectorEnv is wanted"
        )
    runs = inner.configs if hasattr(inner, "configs") else [inner.config]
    config = [run.model_dump(mode="json") for run in runs]
    inner.session = Tap(inner.session, folder, config[0] if len(config) == 1 else config, agent)
    return inner.session


def _flat(observation: Any) -> np.ndarray:
    if isinstance(observation, dict):
        return np.concatenate([part.reshape(len(part), -1) for part in observation.values()], axis=1)
    return observation


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
