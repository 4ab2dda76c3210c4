"""What racegym itself costs: steps over a simulator that does nothing.

`Still` provides the whole common set without computing anything, so a step is decode, observe, reward and end alone;
with ``derive`` it provides pose and velocity on a circle instead, so the rest is derived from the track.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import numpy as np

from racegym.session import Session
from racegym.signals import COMMON, CONTROLS, Controls, Telemetry
from racegym.simulator import Gearbox, Simulator, SimulatorSpec
from racegym.task import TaskConfig
from racegym.track import Track

POSE = frozenset(
    {
        "time",
        "position",
        "yaw",
        "speed",
        "velocity",
        "yaw_rate",
        "engine_speed",
        "gear",
        "steer",
        "throttle",
        "brake",
    }
)


class Still(Simulator):
    """Cars that stand on a circle of 2 km while their time and distance go on; it computes nothing."""

    def __init__(self, cars: int = 1, derive: bool = False) -> None:
        gearbox = Gearbox(up=(700.0, 700.0, np.inf), down=(0.0, 300.0, 300.0))
        signals = POSE if derive else frozenset(COMMON)
        self.spec = SimulatorSpec(
            "still", 0.02, signals, frozenset(CONTROLS), gearbox, cars, independent=True, track=derive
        )
        self._telemetry = Telemetry(cars)
        for name in signals:
            self._telemetry[name] = 0.0
        self._change = np.zeros(Telemetry.table.width)
        for name, change in (("time", 0.02), ("distance", 1.0)):
            self._change[Telemetry.table.columns(name)] = change
        angles = np.linspace(0, 2 * np.pi, 1000, endpoint=False)
        circle = 2000 / (2 * np.pi) * np.column_stack([np.cos(angles), np.sin(angles)])
        self._track = Track("circle", circle, np.full(1000, 5.0), np.full(1000, 5.0)) if derive else None
        self._telemetry["position"] = [circle[0, 0], circle[0, 1], 0.0]
        self._telemetry["yaw"] = np.pi / 2
        self._telemetry["gear"] = 1
        self._telemetry["engine_speed"] = 500

    @property
    def track(self) -> Track | None:
        return self._track

    def open(self) -> None:
        pass

    def reset(
        self,
        seed: int | None = None,
        options: Mapping[str, Any] | None = None,
        cars: np.ndarray | None = None,
    ) -> Telemetry:
        self._telemetry["time"][slice(None) if cars is None else cars] = 0.0
        return self._telemetry

    def send(self, controls: Controls) -> Controls:
        return controls

    def read(self) -> Telemetry:
        self._telemetry.block += self._change
        return self._telemetry

    def close(self) -> None:
        pass


def layer_us(cars: int, derive: bool = False, steps: int = 2000, rounds: int = 5) -> float:
    """Microseconds a step of `cars` cars, default observation, action, reward and termination; the best of `rounds`."""
    session = Session([Still(cars, derive)], TaskConfig())
    session.reset()
    action = np.zeros((cars, 2), np.float32)
    best = np.inf
    for _ in range(rounds):
        start = time.perf_counter()
        for _ in range(steps):
            session.step(action)
        best = min(best, (time.perf_counter() - start) / steps)
    return best * 1e6
