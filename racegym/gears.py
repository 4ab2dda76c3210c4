"""The automatic gearbox behind the action term `automatic_gears`."""

from __future__ import annotations

import math

import numpy as np

from racegym.signals import Controls, Telemetry
from racegym.simulator import Gearbox
from racegym.terms import Stateful


class Gears(Stateful):
    """Writes each car's gear: shifts by engine speed, `pause` steps apart at least, and reverse if wanted."""

    memory = ("_gear", "_clock", "_ready", "_held", "_chosen", "_above", "_below", "_backing")
    SLOW = 1.0  # m/s: below this the car counts as standing

    def __init__(self, gearbox: Gearbox, cars: int, pause: int, reverse: bool) -> None:
        up, down = gearbox.up, gearbox.down
        # indexed by gear + 1: reverse and neutral never shift by engine speed
        self._up = np.array([math.inf, math.inf, *up])
        self._down = np.array([-math.inf, -math.inf, *down])
        self._pause = pause
        self._reverse = reverse
        self._gear = np.ones(cars, int)
        self._chosen, self._above, self._below = np.zeros((3, cars))
        self._clock = 0
        self._ready = np.zeros(cars, int)
        self._held = np.zeros(cars, int)
        self._backing = False
        self._note()

    def _note(self) -> None:
        """Look up what the gears in use mean, for the steps until the next shift."""
        place = self._gear + 1
        self._up.take(place, out=self._above)
        self._down.take(place, out=self._below)
        self._chosen[...] = self._gear
        self._backing = bool(np.count_nonzero(self._gear < 0))

    def reset(self, now: Telemetry, rows: np.ndarray | None) -> None:
        which = slice(None) if rows is None else rows
        self._gear[which] = 1
        self._ready[which] = 0
        self._held[which] = 0
        self._note()

    def due(self, now: Telemetry, controls: Controls) -> np.ndarray:
        """Write the gears of a step in which nothing changes; where something may, ``(cars,)``: then call instead."""
        engine = now["engine_speed"]
        controls["gear"] = self._chosen
        due = (engine > self._above) | (engine < self._below)
        if self._reverse:
            due = due | (controls["brake"] != 0) | (controls["gear"] < 0)
        return due

    def tick(self) -> None:
        """Count a step in which nothing was `due`, in place of a call."""
        self._clock += 1

    def __call__(self, action: np.ndarray, now: Telemetry, controls: Controls) -> None:
        engine = now["engine_speed"]
        self._clock += 1
        if np.count_nonzero(engine > self._above) or np.count_nonzero(engine < self._below):
            self._shift(engine)
        if self._reverse and (self._backing or np.count_nonzero(controls["brake"])):
            self._back(now["velocity"][:, 0], controls)
        controls["gear"][...] = self._chosen

    def _shift(self, engine: np.ndarray) -> None:
        shift = (engine > self._above).astype(int) - (engine < self._below)
        shift[self._ready > self._clock] = 0
        self._gear += shift
        self._ready[shift != 0] = self._clock + self._pause
        self._note()

    def _back(self, forward: np.ndarray, controls: Controls) -> None:
        """Engage, drive or leave reverse gear."""
        throttle, brake = controls["throttle"], controls["brake"]
        self._held = np.where((forward < self.SLOW) & (brake > 0) & (self._gear > 0), self._held + 1, 0)
        self._gear[self._held > self._pause] = -1
        backing = self._gear < 0
        leaving = backing & (throttle > 0)
        rolling = leaving & (forward < -self.SLOW)
        self._gear[leaving & ~rolling] = 1
        # in reverse the brake pedal drives and, while still rolling back, the throttle brakes
        swap = backing & (~leaving | rolling)
        throttle[swap], brake[swap] = brake[swap], throttle[swap]
        self._note()
