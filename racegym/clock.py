"""The clock: how time passes between two steps, and how to make a simulator that waits run in real time."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from racegym.errors import SimulatorLost, SimulatorTimeout
from racegym.signals import CONTROLS, Controls, Telemetry
from racegym.simulator import Simulator, SimulatorSpec
from racegym.track import Track

#: Length of a step with a simulator that runs in real time by itself, where the configuration names none, s.
USUAL_STEP = 0.05
#: How long a simulator that we pace may take for one period, s.
PATIENCE = 5.0
#: Periods of delay that are caught up; a longer one is dropped, as a game that stutters does.
CATCH_UP = 5


class ClockConfig(BaseModel):
    """How time passes between two steps: as fast as the simulator can, or on the clock on the wall."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    realtime: float | None = Field(default=None, ge=0.001, le=10)
    """Wall-clock time of a step, s, in place of `action.repeat`; null: a simulator that waits, or that
    sets the pace of its telemetries, is waited for; any other is stepped each 0.05 s."""
    capture: float = Field(default=0.85, gt=0, le=1)
    """The observation is taken after this share of the step, so that it is ready when the next one begins."""
    actions: int = Field(default=1, ge=0, le=16)
    """So many of the last actions, newest first, are part of the observation: they act, but are not yet seen."""
    elasticity: float = Field(default=1.0, ge=0, le=100)
    """A delay of up to so many steps is caught up; after a longer one the clock starts anew and the step
    counts as late.
    """

    def step(self, spec: SimulatorSpec) -> float | None:
        """Wall-clock time of a step with this simulator, s; None where there is none."""
        return self.realtime or (None if spec.lockstep or spec.paces else USUAL_STEP)


class Paced(Simulator):
    """A simulator that waits, made to run on in real time: a thread steps it, one period after the other.

    Controls act from the next period on. Time stands still from a reset to the first `send`.
    """

    def __init__(self, inner: Simulator) -> None:
        self._inner = inner
        # a picture would have to be taken between two periods, by the thread that steps
        self.spec = replace(
            inner.spec, lockstep=False, deterministic=False, snapshots=False, independent=False, cameras=()
        )
        cars = inner.spec.cars
        self._low = np.array([signal.low for signal in CONTROLS.values()])
        self._high = np.array([signal.high for signal in CONTROLS.values()])
        self._applied = Controls(cars)
        self._pending = np.zeros_like(self._applied.block)
        self._latest = Telemetry(cars)
        self._given = Telemetry(cars)
        self._taken_at = 0.0
        self._fresh = False
        self._fault: Exception | None = None
        self._changed = threading.Condition()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self.dropped = 0
        """Periods that were too late to be caught up."""

    @property
    def faults(self) -> Mapping[int, Any]:
        return getattr(self._inner, "faults", {})

    @property
    def track(self) -> Track | None:
        return self._inner.track

    def open(self) -> None:
        self._inner.open()

    def reset(
        self,
        seed: int | None = None,
        options: Mapping[str, Any] | None = None,
        cars: np.ndarray | None = None,
    ) -> Telemetry:
        self._halt()
        self._fault = None
        self._latest.block[...] = self._inner.reset(seed, options, cars).block
        self._taken_at, self._fresh = time.perf_counter(), False
        return self._latest

    def send(self, controls: Controls) -> Controls:
        if self._fault is not None:
            raise self._fault
        np.clip(controls.block, self._low, self._high, out=self._applied.block)
        with self._changed:
            self._pending[...] = controls.block
        if self._thread is None:
            if np.isnan(self._latest["time"]).all():
                raise SimulatorLost(f"{self.spec.name}: nothing runs; reset begins an episode")
            self._stop.clear()
            self._thread = threading.Thread(target=self._run, name="racegym-pace", daemon=True)
            self._thread.start()
        return self._applied

    def read(self) -> Telemetry:
        with self._changed:
            if not self._changed.wait_for(lambda: self._fresh or self._fault is not None, PATIENCE):
                raise SimulatorTimeout(f"{self.spec.name}: no telemetry for {PATIENCE:g} s")
            return self._take()

    def newest(self) -> Telemetry:
        """As `Newest.newest`."""
        with self._changed:
            if time.perf_counter() - self._taken_at > PATIENCE:
                raise SimulatorTimeout(f"{self.spec.name}: no telemetry for {PATIENCE:g} s")
            return self._take()

    @property
    def age(self) -> float:
        """Seconds since the newest telemetry was made."""
        return time.perf_counter() - self._taken_at

    def close(self) -> None:
        self._halt()
        self._latest.block[...] = np.nan
        self._inner.close()

    def _take(self) -> Telemetry:
        if self._fault is not None:
            raise self._fault
        if np.isnan(self._latest["time"]).all():
            raise SimulatorLost(f"{self.spec.name}: nothing runs; open and reset it first")
        self._given.block[...] = self._latest.block
        self._fresh = False
        return self._given

    def _halt(self) -> None:
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def _run(self) -> None:
        controls = Controls(self.spec.cars)
        period = self.spec.period
        due = time.perf_counter()
        try:
            while not self._stop.is_set():
                with self._changed:
                    controls.block[...] = self._pending
                self._inner.send(controls)
                block = self._inner.read().block
                due += period
                wait_until(due)
                with self._changed:
                    self._latest.block[...] = block
                    self._taken_at, self._fresh = time.perf_counter(), True
                    self._changed.notify_all()
                if time.perf_counter() - due > CATCH_UP * period:
                    due = time.perf_counter()
                    self.dropped += 1
        except Exception as error:  # whatever it is, it is raised from the next call of the owner
            with self._changed:
                self._fault = error
                self._changed.notify_all()


def wait_until(moment: float) -> None:
    """Sleep until `moment` on `time.perf_counter`; not at all when it is past."""
    left = moment - time.perf_counter()
    if left > 0:
        time.sleep(left)


class Pace:
    """Holds a loop to real time, for people who watch."""

    def __init__(self) -> None:
        self._due = time.perf_counter()

    def begin(self) -> None:
        """Count from now on."""
        self._due = time.perf_counter()

    def wait(self, seconds: float) -> bool:
        """Until `seconds` after the last time that was due; whether we are late. A long delay is not caught up."""
        self._due += max(0.0, seconds)
        now = time.perf_counter()
        if now < self._due:
            time.sleep(self._due - now)
            return False
        if now - self._due > CATCH_UP * max(seconds, 0.01):
            self._due = now
        return True
