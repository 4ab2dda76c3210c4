"""TrackMania Nations Forever stepped by TMInterface 2: the game waits for us, and need not run in real time."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from racegym.errors import BackendUnavailable, ConfigurationError, SimulatorLost
from racegym.signals import CONTROLS, Controls, Telemetry
from racegym.simulator import Camera, Simulator, SimulatorSpec
from racegym.track import Track
from racegym_trackmania import line
from racegym_trackmania.actuate import KeyAxes, axes
from racegym_trackmania.launch import StandIn
from racegym_trackmania.options import STAND_IN, TrackmaniaOptions
from racegym_trackmania.profiles import PROFILES
from racegym_trackmania.tminterface import Client, Message, pose

_SIGNALS = frozenset(
    {
        "time",
        "position",
        "yaw",
        "pitch",
        "roll",
        "speed",
        "velocity",
        "yaw_rate",
        "steer",
        "throttle",
        "brake",
        "finished",
    }
)
_FASTEST = 1000.0
"""Speed asked for when there is no limit."""
_TIMEOUT = 10_000
"""The game waits so long for us, ms."""


class Lockstep(Simulator):
    """One game, one car; steps of `TrackmaniaOptions.step` of race time. A reset rewinds to the start: no
    key, no countdown.
    """

    def __init__(self, options: TrackmaniaOptions) -> None:
        self._options = options
        self._is_stand_in = options.map == STAND_IN
        self.spec = SimulatorSpec(
            name=f"trackmania/{options.map}",
            period=options.step,
            signals=_SIGNALS,
            controls=frozenset({"steer", "throttle", "brake"}),
            gearbox=PROFILES["tmnf"].gearbox,
            snapshots=True,
            track=self._is_stand_in or options.line is not None or options.map in line.names(),
            cameras=(Camera("screen", options.width, options.height),),
        )
        self._low = np.array([signal.low for signal in CONTROLS.values()])
        self._high = np.array([signal.high for signal in CONTROLS.values()])
        self._telemetry = Telemetry(1)
        self._applied = Controls(1)
        self._axes = KeyAxes()
        self._client: Client | None = None
        self._stand_in: StandIn | None = None
        self._track: Track | None = None
        self._start: bytes | None = None
        self._pending: Message | None = None
        self._finished = False
        self._frame: np.ndarray | None = None

    @property
    def track(self) -> Track | None:
        return self._track

    @property
    def pid(self) -> int | None:
        """Process id of the stand-in while it runs."""
        return self._stand_in.pid if self._stand_in is not None else None

    def open(self) -> None:
        if self._client is not None:
            return
        try:
            self._connect()
        except BaseException:
            self.close()
            raise

    def _connect(self) -> None:
        options = self._options
        host, port = options.address
        if self._is_stand_in:
            words = ["--tminterface", "--track", options.circuit, "--laps", str(options.laps)]
            words += ["--width", str(options.width), "--height", str(options.height)]
            self._stand_in = StandIn(os.environ.get("DISPLAY", ""), words, options.deadlines.start)
            host, port = "127.0.0.1", self._stand_in.ports[0]
        self._client = client = Client(host, port, options.deadlines.start)
        call = client.wait()
        if call.message is Message.ON_CONNECT:
            client.set_timeout(_TIMEOUT)
            client.set_step_period(round(options.step * 1000))
            client.answer(call.message)
        self._to_start(client)
        if self.spec.track:
            self._track = self._line()

    def _line(self) -> Track:
        if self._options.line is not None:
            return Track.load(Path(self._options.line))
        return Track.load(self._stand_in.line) if self._stand_in is not None else line.load(self._options.map)

    def _to_start(self, client: Client) -> None:
        """Give up, and keep the state at race time 0."""
        client.set_speed(self._options.speed or _FASTEST)
        began = False
        for _ in range(10_000):
            call = client.wait()
            if call.message is Message.RUN_STEP:
                if not began:
                    if client.in_menus():
                        raise BackendUnavailable("trackmania: the game is in its menus; load a map")
                    client.give_up()
                    began = True
                elif call.numbers[0] == 0:
                    self._start = client.state()
                    self._pending = call.message
                    return
            client.answer(call.message)
        raise BackendUnavailable("trackmania: no race begins after giving up")

    def reset(
        self,
        seed: int | None = None,
        options: Mapping[str, Any] | None = None,
        cars: np.ndarray | None = None,
    ) -> Telemetry:
        """Rewind to race time 0. Nothing is random, and no `options` are known."""
        if options:
            raise ConfigurationError(f"trackmania: no reset options are known, so not {', '.join(options)}")
        client, start = self._opened(), self._start
        assert start is not None
        self._axes.reset()
        self._applied.block[...] = Controls(1).block
        self._finished = False
        client.rewind(start)
        client.set_inputs(False, False, False, False)
        return self._report(start, 0)

    def send(self, controls: Controls) -> Controls:
        """Clip; each axis is 0 or full, right on average over some steps. NaN is `InvalidAction`."""
        client, applied = self._opened(), self._applied
        steer, throttle, brake = axes(controls, self._low, self._high, applied)
        steer, throttle, brake = self._axes.press(steer, throttle, brake)
        client.set_inputs(steer > 0, steer < 0, throttle > 0, brake > 0)
        applied["steer"], applied["throttle"], applied["brake"] = steer, throttle, brake
        return applied

    def read(self) -> Telemetry:
        client = self._opened()
        assert self._pending is not None
        client.answer(self._pending)
        self._pending = None
        while True:
            call = client.wait()
            if call.message is Message.RUN_STEP:
                break
            client.answer(call.message)
        self._pending = call.message
        if not self._finished and client.finished():
            self._finished = True
            client.prevent_finish()
        return self._report(client.state(), call.numbers[0])

    def frame(self, camera: str) -> np.ndarray:
        """As `Filmed.frame`: the game's own picture of this moment, while it stands."""
        client, size = self._opened(), (self._options.width, self._options.height)
        assert self._pending is not None and self._start is not None
        state = client.state()
        client.request_frame(*size)
        client.set_speed(0.0)
        client.answer(self._pending)
        picture = client.frame(*size)
        client.set_speed(self._options.speed or _FASTEST)
        client.answer(Message.REQUESTED_FRAME)
        call = client.wait()
        client.rewind(state)
        self._pending = call.message
        return picture[None]

    def save(self) -> object:
        """As `Snapshots.save`."""
        return self._opened().state(), float(self._telemetry["time"][0]), self._finished

    def restore(self, snapshot: object) -> Telemetry:
        """As `Snapshots.restore`."""
        assert isinstance(snapshot, tuple)
        state, seconds, self._finished = snapshot
        self._opened().rewind(state)
        return self._report(state, round(seconds * 1000))

    def release(self, snapshot: object) -> None:
        """As `Snapshots.release`: nothing is held but memory."""

    def _opened(self) -> Client:
        if self._client is None:
            raise SimulatorLost("trackmania: the simulator is not open; open() connects to TMInterface")
        return self._client

    def _report(self, state: bytes, milliseconds: int) -> Telemetry:
        now, out = pose(state), self._telemetry
        left, up, forward = now.rotation.T
        x, y, z = now.position
        out["time"] = milliseconds / 1000
        out["position"] = (z, x, y)
        out["yaw"] = math.atan2(forward[0], forward[2])
        out["pitch"] = -math.asin(min(max(float(forward[1]), -1.0), 1.0))
        out["roll"] = math.atan2(left[1], up[1])
        velocity = out["velocity"]
        velocity[0] = now.velocity @ forward, now.velocity @ left, now.velocity @ up
        out["speed"] = math.hypot(*velocity[0, :2])
        out["yaw_rate"] = now.angular[1]
        for name in ("steer", "throttle", "brake"):
            out[name] = self._applied[name]
        out["finished"] = self._finished
        return out

    def close(self) -> None:
        if self._client is not None:
            self._client.close()
            self._client = None
        if self._stand_in is not None:
            self._stand_in.close()
            self._stand_in = None
        self._track = None
