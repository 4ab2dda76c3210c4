"""What happened in a race, kept on the way: the agents' telemetry, and how far everybody was second by second."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from racegym.dataset.video import Film
from racegym.racing import Place, Race
from racegym.render import RATE
from racegym.signals import SIGNALS
from racegym.track import Track

KEPT = (
    "time", "position", "yaw", "speed", "track_position", "lap_distance", "laps", "steer", "throttle", "brake", "gear",
    "race_position", "damage", "collision",
)  # fmt: skip
LAPSE = 1.0
"""Seconds of the race between two looks at the order."""


class RaceLog:
    """A `Watch` that keeps the race that it watches."""

    def __init__(self) -> None:
        self._columns = np.concatenate([np.r_[SIGNALS.columns(name)] for name in KEPT])
        self._rows: list[np.ndarray] = []
        self._due = -np.inf
        self.names: list[str] = []
        """Of the agents' cars."""
        self.track: Track | None = None
        self.laps = 0
        """Of the race."""
        self.times: list[float] = []
        """Of the looks at the order, s."""
        self.distances: list[dict[str, float]] = []
        """At each of them, by name, m from the start line; agents and the game's own drivers."""
        self.order: list[Place] = []
        """As it was looked at last."""
        self.looked = False
        """That was at this step."""

    def __call__(self, race: Race) -> None:
        self._rows.append(race.now.block[:, self._columns].astype(np.float32))
        now = float(race.now["time"][0])
        self.looked = now >= self._due
        if not self.looked:
            return
        self._due = now + LAPSE
        self.names, self.track, self.laps = race.names, race.simulator.track, race.laps
        self.times.append(now)
        self.order = race.order()
        self.distances.append({place.name: place.distance for place in self.order})

    def telemetry(self) -> dict[str, np.ndarray]:
        """The agents' signals of `KEPT` that the simulator knows, ``(steps + 1, cars, ...)`` float32."""
        rows = np.array(self._rows)
        signals, start = {}, 0
        for name in KEPT:
            size = SIGNALS[name].size
            values = rows[:, :, start : start + size]
            start += size
            if not np.isnan(values).all():
                signals[name] = values if SIGNALS[name].shape else values[:, :, 0]
        return signals

    def save(self, path: Path) -> None:
        """Write `telemetry` as a compressed .npz, with the names of the cars as ``names``."""
        np.savez_compressed(path, allow_pickle=False, names=np.array(self.names), **self.telemetry())


class RaceFilm:
    """A `Watch` that films the race from the car of one agent, in simulated time; `close` completes the file."""

    def __init__(self, path: Path, row: int) -> None:
        """Needs racegym[record]."""
        path.unlink(missing_ok=True)
        self._film = Film(path, RATE)
        self._row = row
        self._due = -np.inf

    def __call__(self, race: Race) -> None:
        now = float(race.now["time"][0])
        if now >= self._due:
            self._due = now + 1 / RATE - 1e-6
            self._film.add(race.frame(self._row))

    def close(self) -> None:
        self._film.close()
