"""How fast the game and the ways to it are, below racegym's environments."""

from __future__ import annotations

import time
from collections.abc import Mapping

from racegym.signals import Controls
from racegym_torcs.options import TorcsOptions
from racegym_torcs.simulator import Torcs
from racegym_torcs.start import Start

_SECONDS = 0.5


def limit(options: TorcsOptions, ticks: int = 20_000) -> float:
    """Ticks a second that a game of these options makes by itself, every sensor read and nobody asked for controls.

    No client can exceed it. The cars follow the road at 60 km/h. `BackendUnavailable` when the game cannot be
    started or does not finish.
    """
    instance = Start(options).instance(drive_itself=ticks)
    try:
        return instance.rate(time.monotonic() + options.deadlines.start + ticks * 2e-3)
    finally:
        instance.close(options.deadlines.close)


def client(options: TorcsOptions, seconds: float = _SECONDS) -> float:
    """Steps a second of a client that always sends the same controls, the first 0.1 s not counted."""
    simulator = Torcs(options)
    controls = Controls(options.cars)
    controls["throttle"] = 0.2
    try:
        simulator.open()
        simulator.reset()
        _steps(simulator, controls, 0.1)
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


def raw(course: str) -> Mapping[str, float]:
    """For ``racegym speed``: ticks or steps a second on `course` by name."""
    options = {"track": course} if course else {}
    shared, udp = (TorcsOptions.model_validate({**options, "transport": way}) for way in ("shared", "udp"))
    return {"limit": limit(shared), "shm_raw": client(shared), "udp_raw": client(udp)}
