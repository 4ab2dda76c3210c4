"""The contract of simulators, in real time, kept by the stand-in behind a real window, real keys and real telemetry."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import pytest
from trackmania import PATIENT

from racegym.simulator import Simulator
from racegym.testing import SimulatorContract
from racegym_trackmania import backend
from racegym_trackmania.launch import Display

DISPLAYS: list[Display] = []


@pytest.fixture(scope="module", autouse=True)
def _display() -> Iterator[None]:
    """One X server for all tests of the module."""
    DISPLAYS.append(Display())
    yield
    DISPLAYS.pop().close()


class TestStandIn(SimulatorContract):
    seconds_to_move = 3.0
    steps = 60

    def simulator(self) -> Simulator:
        return backend.build(backend.options(display=DISPLAYS[0].name, deadlines=PATIENT))

    def kill(self, simulator: Simulator) -> None:
        os.kill(simulator.pid, signal.SIGKILL)
