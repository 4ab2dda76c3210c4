"""TrackMania as a simulator in real time: one game, one car, seen and driven from outside."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from racegym.errors import (
    ConfigurationError,
    SimulatorLost,
    SimulatorTimeout,
)
from racegym.signals import CONTROLS, Controls, Telemetry
from racegym.simulator import Camera, Simulator, SimulatorSpec
from racegym.track import Track
from racegym_trackmania import hud, line
from racegym_trackmania.actuate import KeyAxes, axes, held
from racegym_trackmania.connection import Connection
from racegym_trackmania.keys import Keyboard
from racegym_trackmania.options import STAND_IN, TrackmaniaOptions
from racegym_trackmania.profiles import PROFILES
from racegym_trackmania.race import TAP, Restart
from racegym_trackmania.telemetry import State
from racegym_trackmania.watch import Watch

_POSED = frozenset(
    {"time", "position", "yaw", "pitch", "roll", "speed", "velocity", "yaw_rate", "engine_speed", "gear"}
    | {"steer", "throttle", "brake", "finished"}
)
#: Where pixels alone tell of them, the whole race counts as one lap.
_LAPS = ("laps", "lap_time", "last_lap_time", "best_lap_time")
#: What each source tells.
SIGNALS_OF = {
    "telemetry": _POSED,
    "tmrl": _POSED - {"pitch", "roll"},
    "pixels": frozenset({"time", "speed", "steer", "throttle", "brake", "finished", *_LAPS}),
}
_SETTLED = 0.3
"""After the restart keys the screen is looked at for so long, s."""
_OBEYED = frozenset({"steer", "throttle", "brake"})


class Trackmania(Simulator):
    """One game of the series in real time, or the stand-in, which is started and stopped with the simulator.

    The game shifts gears itself and reverses by its brake, so a negative `gear` swaps the pedals, and others
    are ignored.
    """

    def __init__(self, options: TrackmaniaOptions) -> None:
        self._options = options
        self._profile = PROFILES[options.game]
        self._is_stand_in = options.map == STAND_IN
        self._pixels = options.source == "pixels"
        self.spec = SimulatorSpec(
            name=f"trackmania/{options.map}",
            period=1.0 / options.rate,
            signals=SIGNALS_OF[options.source],
            controls=_OBEYED,
            gearbox=self._profile.gearbox,
            lockstep=False,
            track=not self._pixels
            and (self._is_stand_in or options.line is not None or options.map in line.names()),
            cameras=(Camera("screen", options.width, options.height),),
        )
        self._low = np.array([signal.low for signal in CONTROLS.values()])
        self._high = np.array([signal.high for signal in CONTROLS.values()])
        self._telemetry = Telemetry(1)
        self._applied = Controls(1)
        self._axes = KeyAxes()
        self._digits = hud.load(Path(options.hud)) if options.hud else hud.stand_in(options.dot)
        self.watch = Watch(self._digits, options.deadlines.step)
        """What pixels alone tell."""
        self._connection: Connection | None = None
        self._track: Track | None = None
        self._began = 0.0
        self._clock = 0.0
        self._seen = 0

    @property
    def track(self) -> Track | None:
        return self._track

    @property
    def connection(self) -> Connection:
        """The running game; `SimulatorLost` when the simulator is not open."""
        if self._connection is None:
            raise SimulatorLost("trackmania: the simulator is not open; open() connects to the game")
        return self._connection

    @property
    def pid(self) -> int | None:
        """Process id of the stand-in while it runs."""
        stand_in = self._connection.stand_in if self._connection is not None else None
        return stand_in.pid if stand_in is not None else None

    @property
    def age(self) -> float:
        """As `Newest.age`; NaN while nothing is open."""
        link = self._connection
        if link is None:
            return math.nan
        return link.reader.age() if link.reader is not None else time.perf_counter() - link.frame_time

    def fault(self, name: str) -> None:
        """Make the stand-in misbehave: see `StandIn.fault`."""
        if not self._is_stand_in:
            raise ConfigurationError("trackmania: only the stand-in has faults to switch on")
        stand_in = self.connection.stand_in
        assert stand_in is not None
        stand_in.fault(name)

    def open(self) -> None:
        if self._connection is not None:
            return
        self._connection = Connection(self._options)
        try:
            self._track = self._line() if self.spec.track else None
        except BaseException:
            self.close()
            raise

    def _line(self) -> Track:
        if self._options.line is not None:
            return Track.load(Path(self._options.line))
        stand_in = self.connection.stand_in
        return Track.load(stand_in.line) if stand_in is not None else line.load(self._options.map)

    def reset(
        self,
        seed: int | None = None,
        options: Mapping[str, Any] | None = None,
        cars: np.ndarray | None = None,
    ) -> Telemetry:
        """Restart the race by keys and wait for the green light; nothing is random. No `options` are known."""
        link = self.connection
        if options:
            raise ConfigurationError(f"trackmania: no reset options are known, so not {', '.join(options)}")
        self._axes.reset()
        link.keys.release()
        if link.pad is not None:
            link.pad.release()
        if not link.window.focused():
            link.window.focus()
        self._applied.block[...] = Controls(1).block
        if link.reader is None:
            self._restart_blindly(link.keys)
            self.watch.begin(self._began)
            return self._see()
        state = Restart(link.reader, link.keys, self._profile, self._options.deadlines).begin()
        self._seen = link.reader.records
        link.reader.forgive()
        self._began = state.arrived if math.isnan(state.race_time) else state.race_time
        return self._report(state)

    def _restart_blindly(self, keys: Keyboard) -> None:
        """Tap the restart keys in turn until the screen shows a speed of 0 while nothing is held."""
        end = time.perf_counter() + self._options.deadlines.countdown
        while time.perf_counter() < end:
            for key in (*self._profile.dismiss, *self._profile.restart):
                keys.hold({key})
                self._look(TAP)
                keys.hold(())
                self._look(TAP)
            if self._look(_SETTLED) == 0:
                self._began = time.perf_counter()
                return
        raise SimulatorTimeout("trackmania: the speed on the screen does not become 0 after a restart")

    def _look(self, seconds: float) -> int | None:
        """Look at the screen for so long; the last speed seen, None at the finish."""
        end = time.perf_counter() + seconds
        speed = None
        while time.perf_counter() < end:
            pixels = self.connection.grab()
            speed = None if self._digits.finished(pixels) else self._digits.read(pixels)
        return speed

    def send(self, controls: Controls) -> Controls:
        """Clip and hold; by keys each axis is 0 or full, right on average. NaN is `InvalidAction`."""
        link, applied = self.connection, self._applied
        steer, throttle, brake = axes(controls, self._low, self._high, applied)
        link.check()
        if link.pad is not None:
            link.pad.set(steer, throttle, brake)
            return applied
        steer, throttle, brake = self._axes.press(steer, throttle, brake)
        link.keys.hold(held(steer, throttle, brake))
        applied["steer"], applied["throttle"], applied["brake"] = steer, throttle, brake
        return applied

    def read(self) -> Telemetry:
        link = self.connection
        if link.reader is None:
            return self._see()
        end = time.perf_counter() + self._options.deadlines.step
        while True:
            state = link.sound(link.reader.wait(self._seen, max(end - time.perf_counter(), 0)))
            self._seen = link.reader.records
            # two frames may fall into one tick of the game
            if not state.race_time <= self._clock or state.finished:
                return self._report(state)

    def newest(self) -> Telemetry:
        """As `Newest.newest`."""
        link = self.connection
        if link.reader is None:
            return self._see()
        state = link.reader.newest if link.reader.age() <= self._options.deadlines.step else None
        self._seen = link.reader.records
        return self._report(link.sound(state))

    def frame(self, camera: str) -> np.ndarray:
        """As `Filmed.frame`: the game's picture now, ``(1, height, width, 3)``."""
        return self.connection.grab()[None]

    def _report(self, state: State) -> Telemetry:
        out = self._telemetry
        self._clock = clock = state.arrived if math.isnan(state.race_time) else state.race_time
        out["time"] = clock - self._began
        out["position"] = state.position
        out["yaw"] = state.yaw
        if "pitch" in self.spec.signals:
            out["pitch"], out["roll"] = state.pitch, state.roll
        out["velocity"] = state.velocity
        out["speed"] = math.hypot(state.velocity[0], state.velocity[1])
        out["yaw_rate"] = state.yaw_rate
        out["engine_speed"], out["gear"] = state.engine_speed, state.gear
        out["steer"], out["throttle"], out["brake"] = state.steer, state.throttle, state.brake
        out["finished"] = state.finished
        return out

    def _see(self) -> Telemetry:
        """Telemetry off the screen: the speed, the finish, and what we hold."""
        pixels, watch, out = self.connection.grab(), self.watch, self._telemetry
        moment = self.connection.frame_time
        watch.look(pixels, moment)
        seconds = max(moment - self._began, 0.0)
        finished = not math.isnan(watch.finished_at)
        whole = watch.finished_at - self._began if finished else 0.0
        out["time"], out["speed"] = seconds, watch.speed
        out["finished"] = out["laps"] = finished
        out["lap_time"] = seconds - whole
        out["last_lap_time"] = out["best_lap_time"] = whole
        for name in ("steer", "throttle", "brake"):
            out[name] = self._applied[name]
        return out

    def close(self) -> None:
        link, self._connection = self._connection, None
        self._track = None
        if link is not None:
            link.close()
