"""The automatic gearbox behind the action term `automatic_gears`."""

from __future__ import annotations

import math
from collections.abc import Callable

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
        # what `due` looks at is float64, and written in place
        self._chosen, self._above, self._below, self._clock, self._ready, self._held = np.zeros((6, cars))
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

    def due(
        self, now: Telemetry, controls: Controls, memory: Callable[[np.ndarray], np.ndarray]
    ) -> np.ndarray:
        """Count a step and write the gears as they are; where `work` may change something, ``(cars,)``.

        It is made to be recorded: `memory` makes a column of an array of ours.
        """
        engine, clock = now["engine_speed"], memory(self._clock)
        np.add(clock, 1.0, out=clock)
        controls["gear"] = memory(self._chosen)
        beyond = (engine > memory(self._above)) | (engine < memory(self._below))
        due = beyond & (memory(self._ready) <= clock)
        if self._reverse:
            standing = (controls["brake"] > 0) & (now["velocity"][:, 0] < self.SLOW)
            due = due | standing | (memory(self._held) != 0) | (controls["gear"] < 0)
        return due

    def __call__(self, action: np.ndarray, now: Telemetry, controls: Controls) -> None:
        self._clock += 1
        self.work(now, controls)

    def work(self, now: Telemetry, controls: Controls) -> None:
        """Shift and reverse, in a step that is counted already."""
        engine = now["engine_speed"]
        if np.count_nonzero(engine > self._above) or np.count_nonzero(engine < self._below):
            self._shift(engine)
        if self._reverse and (self._backing or np.count_nonzero(controls["brake"])):
            self._back(now["velocity"][:, 0], controls)
        controls["gear"][...] = self._chosen

    def _shift(self, engine: np.ndarray) -> None:
        shift = (engine > self._above).astype(int) - (engine < self._below)
        shift[self._ready > self._clock] = 0
        self._gear += shift
        shifted = shift != 0
        self._ready[shifted] = self._clock[shifted] + self._pause
        self._note()

    def _back(self, forward: np.ndarray, controls: Controls) -> None:
        """Engage, drive or leave reverse gear."""
        throttle, brake = controls["throttle"], controls["brake"]
        self._held += 1
        self._held *= (forward < self.SLOW) & (brake > 0) & (self._gear > 0)
        held = self._held > self._pause
        if not (self._backing or np.count_nonzero(held)):
            return
        self._gear[held] = -1
        backing = self._gear < 0
        leaving = backing & (throttle > 0)
        rolling = leaving & (forward < -self.SLOW)
        self._gear[leaving & ~rolling] = 1
        # in reverse the brake pedal drives and, while still rolling back, the throttle brakes
        swap = backing & (~leaving | rolling)
        throttle[swap], brake[swap] = brake[swap], throttle[swap]
        self._note()
