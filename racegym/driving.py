"""The drive loop: an agent drives one car for some laps, and what happened is kept.

A plain function over an environment and an agent; the command line, notebooks and tests share it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from racegym.signals import SIGNALS, Telemetry

if TYPE_CHECKING:
    import gymnasium

    from racegym.agents import Agent
    from racegym.track import Track

SLOWEST = 8.0
"""Mean speed, m/s, below which a drive is given up: no track needs longer, whatever drives."""
LONGEST = 1800.0
"""Time for a lap, s, where the track's length is unknown."""

Watch = Callable[[Telemetry, "Track | None"], None]
"""What is called after each step with the telemetry and the track, if the simulator knows it."""


@dataclass(frozen=True, eq=False)
class Drive:
    """What one car did from reset to end."""

    simulator: str
    agent: str
    telemetry: np.ndarray
    """One row per step and one for the start: a structured array ``(steps + 1,)`` over `SIGNALS`, NaN where unknown."""
    ended_by: str
    """A termination's name, ``time``, ``steps``, ``fault``, ``laps``, or ``interrupted`` (Ctrl-C)."""
    wall_time: float
    """Seconds that the drive took on the clock on the wall."""
    track: Track | None = None
    fault: str | None = None
    """What became of the simulator when `ended_by` is ``fault``."""

    @property
    def steps(self) -> int:
        return len(self.telemetry) - 1

    @property
    def crossings(self) -> np.ndarray:
        """Rows of `telemetry` that are the first of a new lap."""
        return np.flatnonzero(np.diff(self.telemetry["laps"]) > 0) + 1

    @property
    def lap_times(self) -> list[float]:
        """Times of the completed laps, s, in order."""
        return [float(t) for t in self.telemetry["last_lap_time"][self.crossings]]

    @property
    def duration(self) -> float:
        """Simulated time, s."""
        return float(self.telemetry["time"][-1] - self.telemetry["time"][0])

    @property
    def distance(self) -> float | None:
        """Metres along the centre line, less those driven back; None where the simulator does not tell."""
        return _number(self.telemetry["distance"][-1] - self.telemetry["distance"][0])

    @property
    def off_track_time(self) -> float | None:
        """Seconds beyond the track's edge; None where the simulator does not tell."""
        return _number(np.sum(np.diff(self.telemetry["time"]) * self.telemetry["off_track"][1:]))

    @property
    def damage(self) -> float | None:
        """Damage as a share of what wrecks the car; None where the simulator does not tell."""
        return _number(self.telemetry["damage"][-1])

    def summary(self) -> dict[str, Any]:
        """The drive in numbers, ready for JSON: None where the simulator does not tell."""
        return {
            "simulator": self.simulator,
            "agent": self.agent,
            "laps": len(self.lap_times),
            "lap_times": [round(t, 4) for t in self.lap_times],
            "duration": round(self.duration, 4),
            "distance": self.distance and round(self.distance, 2),
            "off_track_seconds": self.off_track_time and round(self.off_track_time, 4),
            "damage": self.damage and round(self.damage, 6),
            "ended_by": self.ended_by,
            "fault": self.fault,
            "steps": self.steps,
            "wall_seconds": round(self.wall_time, 3),
        }

    def save(self, path: Path) -> None:
        """Write the telemetry as a compressed .npz: one array ``(steps + 1, ...)`` for each known signal, SI units."""
        known = {name: self.telemetry[name] for name in SIGNALS if not np.isnan(self.telemetry[name]).all()}
        np.savez_compressed(path, allow_pickle=False, **known)


def drive(
    env: gymnasium.Env,
    agent: Agent,
    laps: int = 1,
    seed: int | None = None,
    name: str = "agent",
    watch: Watch | None = None,
) -> Drive:
    """Let `agent` (called `name`) drive `env` until `laps` laps are done, the episode ends, or Ctrl-C is pressed.

    `env` is a `RaceEnv`, wrapped or not; closing it is the caller's. `watch` is called after each
    step. Time is limited too, generously: see `SLOWEST`.
    """
    observation, _ = env.reset(seed=seed)
    session: Any = env.unwrapped.session  # pyright: ignore[reportAttributeAccessIssue]
    track = session.tracks[0]
    deadline = laps * (track.length / SLOWEST if track else LONGEST)
    agent.reset(1)
    rows = [session.now.block[0].copy()]
    ended_by, fault = "", None
    started = time.perf_counter()
    try:
        while not ended_by:
            action = agent.act(np.asarray(observation)[None])[0]
            observation, _, terminated, truncated, info = env.step(action)
            rows.append(session.now.block[0].copy())
            if watch:
                watch(session.now, track)
            ended_by = _ending(session.now, laps, deadline)
            if terminated or truncated:
                ended_by, fault = info.get("ended_by", "time"), info.get("fault")
    except KeyboardInterrupt:
        ended_by = "interrupted"
    wall_time = time.perf_counter() - started
    telemetry = Telemetry(len(rows), np.array(rows)).array
    return Drive(session.spec.name, name, telemetry, ended_by, wall_time, track, fault)


def clock(seconds: float) -> str:
    """Seconds as a lap time is written: ``1:23.456``."""
    minutes, rest = divmod(round(seconds * 1000), 60_000)
    return f"{minutes}:{rest // 1000:02}.{rest % 1000:03}"


def _ending(now: Telemetry, laps: int, deadline: float) -> str:
    if now["laps"][0] >= laps:
        return "laps"
    return "time" if now["time"][0] > deadline else ""


def _number(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
