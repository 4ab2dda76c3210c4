"""Driving a simulator by hand: what the contract's tests do with one before they look at it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from racegym.sensors import Sensors, obtainable
from racegym.signals import Controls, Telemetry
from racegym.simulator import Simulator
from racegym.testing.checks import series


class Drive:
    """A simulator with one hand on the wheel: derived sensors, automatic gears, telemetry for keeping."""

    def __init__(self, simulator: Simulator) -> None:
        self.simulator = simulator
        self.spec = simulator.spec
        self.sensors = Sensors(self.spec, obtainable(self.spec))

    def open(self) -> Drive:
        self.simulator.open()
        self.sensors.open(self.simulator.track)
        return self

    def reset(self, seed: int = 7) -> Telemetry:
        self.raw = self.simulator.reset(seed=seed).copy()
        self.now = self.raw.copy()
        self.sensors.reset(self.now)
        return self.now

    def step(self, **wanted: float) -> Telemetry:
        """One period with these controls, others released, in the gear that the engine's speed asks for."""
        controls = Controls(self.spec.cars)
        controls["gear"] = self._gear()
        for name, value in wanted.items():
            controls[name] = value
        self.simulator.send(controls)
        before, self.raw = self.now, self.simulator.read().copy()
        self.now = self.raw.copy()
        self.sensors.derive(before, self.now)
        return self.now

    def roll(
        self, seconds: float, until: Callable[[Telemetry], bool] | None = None, **wanted: float
    ) -> list[Telemetry]:
        """All telemetries from now on, for so many simulated seconds or `until` one of them satisfies."""
        history = [self.now]
        end = float(self.now["time"][0]) + seconds
        while self.now["time"][0] < end and not (until and until(self.now)):
            history.append(self.step(**wanted))
            time = series(history[-2:], "time")
            assert time[0] < time[1], f"time stands still: {time[1]} s follows {time[0]} s"
        return history

    def wander(self, steps: int) -> Iterator[tuple[Telemetry, Telemetry]]:
        """Raw and completed telemetry of a reckless drive, the same each time."""
        rng = np.random.default_rng(1)
        wanted: dict[str, float] = {}
        for step in range(steps):
            if step % 5 == 0:
                brake = rng.uniform(0, 1) * (rng.random() < 0.15)
                wanted = {"steer": rng.uniform(-1, 1), "throttle": rng.uniform(0.2, 1), "brake": brake}
                wanted["focus"] = rng.uniform(-1, 1)
            self.step(**wanted)
            yield self.raw, self.now

    def record(self, steps: int) -> list[Telemetry]:
        """All raw telemetry of a reset and a reckless drive."""
        self.reset()
        return [self.raw, *(raw for raw, _ in self.wander(steps))]

    def _gear(self) -> np.ndarray | float:
        if not {"gear", "engine_speed"} <= self.spec.signals:
            return 1.0
        up, down = np.array(self.spec.gearbox.up), np.array(self.spec.gearbox.down)
        gear = np.clip(self.now["gear"], 1, len(up)).astype(int)
        engine = self.now["engine_speed"]
        return gear + (engine > up[gear - 1]) - (engine < down[gear - 1])
