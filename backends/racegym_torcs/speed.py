"""How fast the game and the ways to it are, below racegym's environments."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from functools import partial

from racegym.signals import Controls
from racegym_torcs import placement
from racegym_torcs.options import TorcsOptions
from racegym_torcs.simulator import Torcs
from racegym_torcs.start import Start

_SECONDS = 0.25


def limit(options: TorcsOptions, ticks: int = 5_000, games: int = 1) -> float:
    """Ticks a second that `games` of these options make side by side, every sensor read and nobody asked for controls.

    No client can exceed it. The cars follow the road at 60 km/h. `BackendUnavailable` when a game cannot be
    started or does not finish.
    """
    start, running = Start(options), []
    try:
        running += [start.instance(drive_itself=ticks, core=core) for core in placement.spread([1] * games)]
        deadline = time.monotonic() + options.deadlines.start + ticks * 2e-3
        return sum(instance.rate(deadline) for instance in running)
    finally:
        for instance in running:
            instance.close(options.deadlines.close)


def client(options: TorcsOptions, seconds: float = _SECONDS) -> float:
    """Steps a second of a client that always sends the same controls, the first 0.05 s not counted."""
    simulator = Torcs(options)
    controls = Controls(options.cars)
    controls["throttle"] = 0.2
    try:
        simulator.open()
        simulator.reset()
        _steps(simulator, controls, 0.05)
        return _steps(simulator, controls, seconds) / seconds
    finally:
        simulator.close()


def _steps(simulator: Torcs, controls: Controls, seconds: float) -> int:
    end, steps = time.perf_counter() + seconds, 0
    while time.perf_counter() < end:
        simulator.send(controls)
        simulator.read()
        steps += 1
    return steps


def raw(course: str) -> Mapping[str, Callable[[], float]]:
    """For ``racegym speed``: what to measure on `course`, ticks or steps a second, by name."""
    options = {"track": course} if course else {}
    shared, udp = (TorcsOptions.model_validate({**options, "transport": way}) for way in ("shared", "udp"))
    return {
        "limit": partial(limit, shared),
        "limit_all_cores": partial(limit, shared, games=len(os.sched_getaffinity(0))),
        "shm_raw": partial(client, shared),
        "udp_raw": partial(client, udp),
    }
