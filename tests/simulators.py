"""Simulators for the tests of the core: the built-in one, made to fail on command."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from racegym.errors import RacegymError, SimulatorLost
from racegym.signals import Telemetry
from racegym.simulator import Simulator
from racegym_bicycle import backend


def bicycle(**options) -> Simulator:
    return backend.build(backend.options(**options))


class Mortal(Simulator):
    """A bicycle that raises `fault` in `read` when told to, and counts how often it was opened."""

    def __init__(self, cars: int = 1) -> None:
        self._inner = backend.build(backend.options(cars=cars))
        self.spec = replace(self._inner.spec, snapshots=False)
        self.fault: RacegymError | None = None
        self.spoil = False
        self._until_bump = -1
        self.lost: int | None = None
        self._losing: int | None = None
        self.opened = 0

    @property
    def track(self):
        return self._inner.track

    def open(self):
        self.opened += 1
        self._inner.open()

    def reset(self, seed=None, options=None, cars=None):
        return self._inner.reset(seed, options, cars)

    def send(self, controls):
        return self._inner.send(controls)

    def read(self):
        self.lost, self._losing = self._losing, None
        if self.fault is not None:
            fault, self.fault = self.fault, None
            raise fault
        telemetry = self._inner.read()
        self._until_bump -= 1
        if self._until_bump == -1:
            telemetry["collision"] = 1.0
        if self.spoil:
            self.spoil = False
            telemetry = Telemetry(telemetry.cars, telemetry.block.copy())
            telemetry["speed"] = np.nan
        return telemetry

    @property
    def faults(self):
        return {} if self.lost is None else {self.lost: SimulatorLost("mortal: a row died")}

    def bump_after(self, reads: int) -> None:
        """Touch something after so many reads from now."""
        self._until_bump = reads

    def lose(self, row: int) -> None:
        """Lose `row` alone in the next read."""
        self._losing = row

    def close(self):
        self._inner.close()

    def die(self) -> None:
        self.fault = SimulatorLost("mortal: it died")
