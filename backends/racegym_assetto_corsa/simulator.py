"""Assetto Corsa as a simulator: one car in a running session, in real time, at the pace of the plug-in's states."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from racegym.errors import (
    BackendUnavailable,
    ConfigurationError,
    InvalidAction,
    SimulatorLost,
    SimulatorTimeout,
)
from racegym.signals import CONTROLS, Controls, Telemetry
from racegym.simulator import Camera, Gearbox, Simulator, SimulatorSpec
from racegym.track import Track
from racegym_assetto_corsa import actuation, reset, session, wire
from racegym_assetto_corsa.actuation.shifter import Shifter
from racegym_assetto_corsa.convert import RPM, Converter
from racegym_assetto_corsa.measure import Measures
from racegym_assetto_corsa.options import AssettoCorsaOptions
from racegym_assetto_corsa.rate import RateMeter
from racegym_assetto_corsa.stream import PAUSED, StateStream

if TYPE_CHECKING:
    from racegym_assetto_corsa.pictures import Picture, Source

_OBEYED = frozenset({"steer", "throttle", "brake", "gear"})
_DRIVEN = [CONTROLS.columns(name).start for name in ("steer", "throttle", "brake", "gear")]
_GEAR = CONTROLS.columns("gear").start


class AssettoCorsa(Simulator):
    """The player's car. `state` is the plug-in's last state as it came, `counts` what went astray, by reason."""

    def __init__(self, options: AssettoCorsaOptions) -> None:
        self._options = options
        self._car = session.car(options)
        self._converter = Converter(self._car, options.extra_channels)
        self._measures = Measures(options)
        self.spec = SimulatorSpec(
            name=f"assetto_corsa/{options.track}",
            period=options.period,
            signals=self._converter.signals | self._measures.signals,
            controls=_OBEYED,
            gearbox=_gearbox(options),
            lockstep=False,
            paces=True,
            track=True,
            beam_angles=self._measures.beam_angles,
            cameras=_cameras(options),
            steering_lock=self._car.lock,
        )
        self._low = np.array([signal.low for signal in CONTROLS.values()])
        self._high = np.array([signal.high for signal in CONTROLS.values()])
        self._high[_GEAR] = options.gears.count
        self._applied = Controls(1)
        self._telemetry = Telemetry(1)
        self._rate = RateMeter(options.period)
        self._shifter = Shifter(options.gears.by == "racegym")
        self._session: session.Session | None = None
        self._actuator: actuation.Actuator | None = None
        self._began = self._taken_at = 0.0
        self._pictures: Source | None = None
        self.picture: Picture | None = None
        self.state: wire.State = {}

    @property
    def track(self) -> Track | None:
        return None if self._session is None else self._session.track

    @property
    def counts(self) -> Mapping[str, int]:
        """States read, skipped, late and garbage since the game was joined."""
        return {} if self._session is None else dict(self._session.stream.counts)

    @property
    def stand_in(self) -> Any:
        """The stand-in's process (`StandIn`), where the game is one of ours; else None."""
        return None if self._session is None else self._session.stand_in

    def open(self) -> None:
        if self._session is not None:
            return
        deadline = time.monotonic() + self._options.deadlines.start
        self._session = session.join(self._options, deadline)
        try:
            self._actuator = session.actuator(self._options, self._session)
            self._actuator.open()
            self._watch_the_rate(self._session.stream, deadline)
            if self._options.camera is not None:
                from racegym_assetto_corsa import pictures

                self._pictures = pictures.open_source(self._options.camera)
            if self._measures.needs_files:
                self._measures.open(session.files(self._options, self._session, deadline))
        except BaseException:
            self.close()
            raise

    def _watch_the_rate(self, stream: StateStream, deadline: float) -> None:
        """Read states until their rate is known; `BackendUnavailable` when it is wrong or none come."""
        self._rate.clear()
        while not self._rate.is_known:
            try:
                self._take(stream.read(deadline))
            except SimulatorTimeout as error:
                raise BackendUnavailable(f"{error}. {session.no_states(self._session)}") from error
            except SimulatorLost as error:
                raise BackendUnavailable(str(error)) from error
        if not self._rate.is_right:
            raise BackendUnavailable(f"assetto_corsa: {self._rate.complaint()}")

    def _take(self, state: wire.State) -> None:
        self._rate.note(state["steps"], state["timestamp_ac"])
        self.state, self._taken_at = state, time.monotonic()

    def reset(
        self,
        seed: int | None = None,
        options: Mapping[str, Any] | None = None,
        cars: np.ndarray | None = None,
    ) -> Telemetry:
        """Put the car back (CSP) or restart the session, and wait until it stands. The game takes no `seed`.

        `ConfigurationError` for `options`, of which there are none.
        """
        joined, actuator = self._joined()
        if options:
            raise ConfigurationError(
                f"assetto_corsa: no reset options are known, so not {', '.join(options)}"
            )
        deadline = time.monotonic() + self._options.deadlines.reset
        self._rate.clear()
        actuator.renew()
        self._take(reset.bring_back(self._options, joined, actuator, self.state, deadline))
        self._began = self.state["timestamp_ac"]
        self._applied.block[...] = Controls(1).block
        self._shifter = Shifter(self._options.gears.by == "racegym")
        return self._report()

    def send(self, controls: Controls) -> Controls:
        """Clip, round gears, move the joystick; NaN is `InvalidAction`."""
        _, actuator = self._joined()
        block = self._applied.block
        np.clip(controls.block, self._low, self._high, out=block)
        np.rint(block[:, _GEAR], out=block[:, _GEAR])
        steer, throttle, brake, gear = block[0, _DRIVEN]
        if not math.isfinite(steer + throttle + brake + gear):
            raise InvalidAction(
                "assetto_corsa: a control is not a number; send finite steer, throttle, brake and gear"
            )
        up, down = self._shifter.press(int(gear), int(self.state["actualGear"]) - 1)
        actuator.set(self._converter.axes(steer, throttle, brake)._replace(shift_up=up, shift_down=down))
        return self._applied

    def read(self) -> Telemetry:
        joined, _ = self._joined()
        deadline = time.monotonic() + self._options.deadlines.step
        try:
            self._take(joined.stream.read(deadline))
        except SimulatorTimeout as error:
            raise joined.explain(error) from error
        self._check_rate()
        return self._report()

    def newest(self) -> Telemetry:
        """As `Newest.newest`: for a step of its own length, by the clock of rtgym."""
        joined, _ = self._joined()
        state = joined.stream.newest()
        if state is not None:
            self._take(state)
            self._check_rate()
        elif self.age > self._options.deadlines.step:
            raise joined.explain(SimulatorTimeout(f"assetto_corsa: no state for {self.age:.1f} s: {PAUSED}"))
        return self._report()

    @property
    def age(self) -> float:
        """Seconds since the last state came."""
        return time.monotonic() - self._taken_at

    def _check_rate(self) -> None:
        if self._rate.is_wrong_for_good:
            complaint = self._rate.complaint()
            self._rate.clear()
            raise SimulatorLost(f"assetto_corsa: {complaint}")

    def _report(self) -> Telemetry:
        row = self._telemetry.block[0]
        try:
            self._converter.fill(row, self.state, self._began)
        except KeyError as error:
            raise BackendUnavailable(
                f"assetto_corsa: the plug-in sends no {error}; switch send_extra_channels on there, or "
                "set extra_channels: false"
            ) from error
        self._measures.fill(row, self.state)
        return self._telemetry

    def frame(self, camera: str) -> np.ndarray:
        """As `Filmed.frame`; `picture` is the same with its number and its time."""
        if self._pictures is None:
            raise SimulatorLost(
                f"{self.spec.name}: no camera {camera!r} is open; set simulator.camera, and open()"
            )
        self.picture = self._pictures.take()
        return self.picture.pixels[None]

    def close(self) -> None:
        if self._pictures is not None:
            self._pictures.close()
            self._pictures = None
        if self._actuator is not None:
            self._actuator.close()
            self._actuator = None
        if self._session is not None:
            self._session.close()
            self._session = None

    def _joined(self) -> tuple[session.Session, actuation.Actuator]:
        if self._session is None or self._actuator is None:
            raise SimulatorLost("assetto_corsa: the simulator is not open; call open() first")
        return self._session, self._actuator


def _gearbox(options: AssettoCorsaOptions) -> Gearbox:
    gears = options.gears
    up = (gears.up * RPM,) * (gears.count - 1)
    return Gearbox(up=(*up, math.inf), down=(0.0, *(gears.down * RPM,) * (gears.count - 1)))


def _cameras(options: AssettoCorsaOptions) -> tuple[Camera, ...]:
    camera = options.camera
    return () if camera is None else (Camera("game", camera.width, camera.height, 1 if camera.grey else 3),)
