"""TORCS as a simulator: one race, one to ten cars, in lockstep."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Mapping
from typing import Any

import numpy as np

from racegym.errors import (
    BackendUnavailable,
    ConfigurationError,
    InvalidAction,
    SimulatorLost,
    SimulatorTimeout,
)
from racegym.signals import CONTROLS, Controls, Telemetry
from racegym.simulator import Gearbox, Simulator, SimulatorSpec
from racegym.track import Track
from racegym_torcs import catalogue, classic, gearbox, geometry, locate, wire
from racegym_torcs.launch import Instance
from racegym_torcs.options import TorcsOptions
from racegym_torcs.start import Start
from racegym_torcs.transport import Transport
from racegym_torcs.udp import Udp

_log = logging.getLogger(__name__)
_OBEYED = frozenset({"steer", "throttle", "brake", "clutch", "gear", "focus"})
_GEAR, _HANDBRAKE = CONTROLS.columns("gear").start, CONTROLS.columns("handbrake").start
_FOCUS = CONTROLS.columns("focus").start


class Torcs(Simulator):
    """One TORCS race, started by us or, with ``connect``, found running on an SCR server.

    A reset takes the cars back to the start within a millisecond or two, by a fork inside the game. When the
    race is over (all laps done) the rows keep reporting, with ``finished`` 1.
    """

    def __init__(self, options: TorcsOptions) -> None:
        self._options = options
        track = catalogue.track(options.track) if options.connect is None else options.track
        own = options.connect is None
        decoder = wire.Decoder(extended=own)
        self.spec = SimulatorSpec(
            name=f"torcs/{track}",
            period=options.period,
            signals=decoder.signals if own else decoder.signals | frozenset(classic.SIGNALS_WORKED_OUT),
            controls=_OBEYED,
            gearbox=_gearbox(options.car),
            cars=options.cars,
            deterministic=own,
            track=own,
            beam_angles=options.beam_angles,
        )
        self._low = np.array([signal.low for signal in CONTROLS.values()])
        self._high = np.array([signal.high for signal in CONTROLS.values()])
        self._high[_GEAR], self._high[_HANDBRAKE] = len(self.spec.gearbox.up), 0.0
        self._applied = Controls(options.cars)
        self._raw = Telemetry(options.cars)
        self._telemetry = Telemetry(options.cars)
        self._began = np.zeros(options.cars)
        self._instance: Instance | None = None
        self._transport: Transport | None = None
        self._start: Start | None = None
        self._track: Track | None = None
        self._lost = False
        self._begun = False
        """We have introduced ourselves to the cars of the present race."""
        self._fresh = False
        """Nobody has read the first state of the present race."""

    @property
    def track(self) -> Track | None:
        return self._track

    @property
    def pid(self) -> int | None:
        """Process id of the game while it runs and is ours."""
        return None if self._instance is None else self._instance.pid

    @property
    def statistics(self) -> Mapping[str, int]:
        """Datagrams dropped since the game was started, by reason: ``stale`` or ``garbage``."""
        return {} if self._transport is None else dict(self._transport.statistics)

    def open(self) -> None:
        if self._transport is None:
            self._start_game()

    def reset(
        self,
        seed: int | None = None,
        options: Mapping[str, Any] | None = None,
        cars: np.ndarray | None = None,
    ) -> Telemetry:
        """Start the race anew for all cars; one race has one start. `seed` decides the sensor noise.

        `ConfigurationError` for a part of the cars, or for `options`, of which there are none.
        """
        if self._transport is None:
            raise BackendUnavailable("torcs: the simulator is not open; open() starts the game")
        if cars is not None and len(set(np.atleast_1d(cars).tolist())) != self.spec.cars:
            raise ConfigurationError("torcs: the cars of one race start together; reset all of them")
        if options:
            raise ConfigurationError(f"torcs: no reset options are known, so not {', '.join(options)}")
        self._to_start(seed)
        deadline = time.monotonic() + self._options.deadlines.reset
        self._read_tick(deadline)
        self._began[:] = self._raw["time"]
        return self._relative()

    def send(self, controls: Controls) -> Controls:
        """Clip `controls`, round gears, send them; NaN is `InvalidAction`, except as focus (none wanted)."""
        block = self._applied.block
        np.clip(controls.block, self._low, self._high, out=block)
        np.rint(block[:, _GEAR], out=block[:, _GEAR])
        if not math.isfinite(block[:, :_FOCUS].sum()):
            raise InvalidAction(
                "torcs: a control is not a number; send finite steer, throttle, brake, clutch and gear"
            )
        self._talk().send(self._applied)
        return self._applied

    def read(self) -> Telemetry:
        deadline = time.monotonic() + self._options.deadlines.step
        self._read_tick(deadline)
        if (again := self._options.ticks_per_step - 1) > 0:
            collision = self._raw["collision"].copy()
            for _ in range(again):
                self._talk().send(self._applied)
                self._read_tick(deadline)
                np.maximum(collision, self._raw["collision"], out=collision)
            self._raw["collision"] = collision
        return self._relative()

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()
            self._transport = None
        if self._instance is not None:
            self._instance.close(self._options.deadlines.close)
            self._instance = None

    def _talk(self) -> Transport:
        if self._transport is None or self._lost:
            raise SimulatorLost("torcs: there is no race; reset starts one")
        return self._transport

    def _read_tick(self, deadline: float) -> None:
        try:
            self._talk().read(self._raw, deadline)
        except (SimulatorLost, SimulatorTimeout):
            self._lost = True
            raise

    def _relative(self) -> Telemetry:
        """The game's telemetry with times from the first state on."""
        np.copyto(self._telemetry.block, self._raw.block)
        time_ = self._telemetry["time"]
        np.subtract(time_, self._began, out=time_)
        return self._telemetry

    def _to_start(self, seed: int | None) -> None:
        """Leave the next state to be the first of a race, by the quickest way there is."""
        deadline = time.monotonic() + self._options.deadlines.reset
        seed = seed if self._options.noise is not None else None
        try:
            self._again(seed, deadline)
        except (SimulatorLost, SimulatorTimeout) as error:
            _log.warning("torcs: starting the game again, because a restart failed: %s", error)
            self._lost = True
            self._again(seed, time.monotonic() + self._options.deadlines.reset)

    def _again(self, seed: int | None, deadline: float) -> None:
        if self._lost or self._talk().over:
            self._start_game()
        elif self._begun and (seed is not None or not self._fresh):
            self._begun = False
            self._talk().restart(deadline)
        if not self._begun:
            self._talk().begin(seed, deadline)
        self._begun, self._fresh = True, False

    def _start_game(self) -> None:
        """Start the game, or find the one that runs."""
        self.close()
        try:
            (self._join if self._options.connect is not None else self._launch)()
        except SimulatorTimeout as error:
            self.close()
            raise BackendUnavailable(str(error)) from error
        except BaseException:
            self.close()
            raise
        self._lost = False

    def _launch(self) -> None:
        self._start = self._start or Start(self._options)
        self._instance = instance = self._start.instance()
        self._transport = Udp(self.spec.beam_angles, instance.check)
        deadline = time.monotonic() + self._options.deadlines.start
        for index in range(self.spec.cars):
            self._transport.connect("127.0.0.1", instance.port(index, deadline))
        self._start.started(instance)
        if self._track is None:
            self._track = geometry.load(self._start.geometry, self.spec.name)
        self._begun = False

    def _join(self) -> None:
        assert self._options.connect is not None
        host, _, port = self._options.connect.rpartition(":")
        self._transport = Udp(self.spec.beam_angles, lambda: None, extended=False)
        for index in range(self.spec.cars):
            self._transport.connect(host, int(port) + index)
        self._transport.begin(None, time.monotonic() + self._options.deadlines.start)
        self._begun = self._fresh = True


def _gearbox(car: str) -> Gearbox:
    installation = locate.find()
    if installation is None:
        return gearbox.DEFAULT
    return gearbox.shift_points(installation.data / "cars" / car / f"{car}.xml")
