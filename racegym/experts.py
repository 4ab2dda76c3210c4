"""Laps of the game's own drivers, at full speed and with the controls that they chose: data to imitate.

No task and no environment in between: the simulator alone is driven, each control left to its expert. What is to be
kept is recorded by `racegym record`, through an environment.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from racegym.driving import LONGEST, SLOWEST
from racegym.errors import ConfigurationError
from racegym.signals import CONTROLS, Controls, Telemetry
from racegym.simulator import Simulator

#: What an expert chooses: each control and the signal that says it.
CHOICES = {name: f"expert_{name}" for name in ("steer", "throttle", "brake", "clutch", "gear")}


@dataclass(frozen=True, eq=False)
class Laps:
    """What one expert saw and did from reset to end."""

    telemetry: np.ndarray
    """A row for the start and one a step: a structured array ``(steps + 1,)`` over `SIGNALS`, NaN where unknown."""
    metadata: dict[str, Any]

    @property
    def controls(self) -> dict[str, np.ndarray]:
        """What was applied between each row of `telemetry` and the next, ``(steps,)`` by control."""
        return {name: self.telemetry[signal][:-1] for name, signal in CHOICES.items()}


def record(
    simulator: Simulator,
    laps: int = 1,
    seed: int | None = None,
    watch: Callable[[Telemetry, Any], None] | None = None,
) -> Laps:
    """Let the expert of a one-car `simulator` drive until `laps` laps are done, its race ends, or time is up.

    Time is limited as in `racegym.driving`. `watch` is called after each step with the telemetry and the track.
    Closing the simulator is the caller's. `ConfigurationError` when it has no expert.
    """
    spec = simulator.spec
    if spec.cars != 1 or not spec.signals.issuperset(CHOICES.values()):
        raise ConfigurationError(f"{spec.name}: recording an expert needs one car, with the expert in it")
    simulator.open()
    now = simulator.reset(seed)
    rows = [now.block[0].copy()]
    track = simulator.track
    deadline = laps * (track.length / SLOWEST if track else LONGEST)
    left_open = Controls(1, np.full((1, CONTROLS.width), np.nan))
    started = time.perf_counter()
    while now["laps"][0] < laps and not now["finished"][0] and now["time"][0] < deadline:
        simulator.send(left_open)
        now = simulator.read()
        rows.append(now.block[0].copy())
        if watch:
            watch(now, track)
    pace = (len(rows) - 1) / (time.perf_counter() - started)
    telemetry = Telemetry(len(rows), np.array(rows)).array
    return Laps(telemetry, _metadata(simulator, telemetry, seed, pace))


def _metadata(simulator: Simulator, telemetry: np.ndarray, seed: int | None, pace: float) -> dict[str, Any]:
    crossings = np.flatnonzero(np.diff(telemetry["laps"]) > 0) + 1
    return {
        "simulator": simulator.spec.name,
        "laps": len(crossings),
        "lap_times": [round(float(t), 4) for t in telemetry["last_lap_time"][crossings]],
        "seed": seed,
        "period": simulator.spec.period,
        "steps": len(telemetry) - 1,
        "steps_per_s": round(pace),
    }
