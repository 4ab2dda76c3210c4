"""The stand-in as a TMInterface 2 server: no window; the race goes on only when the client answers."""

from __future__ import annotations

import select
import socket
import struct
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from racegym_trackmania.stand_in.race import TICK, Race
from racegym_trackmania.tminterface import INT, LEAST, STATE, Message

SIZE = LEAST + 64
"""Bytes of a state; behind the places that clients read stands its number."""
KEYS = ("left", "right", "up", "down")
KEPT = 200
"""States that can be rewound to; the oldest are forgotten, but for the first."""


class Gone(Exception):
    """The client, or the owner, has hung up."""


class Server:
    """Serves one client after the other."""

    def __init__(self, settings: Any, lifeline: socket.socket) -> None:
        self._race = Race(settings.track, settings.laps, settings.countdown)
        if settings.line:
            self._race.track.save(settings.line)
        self._lifeline = lifeline
        self._listener = socket.create_server(("127.0.0.1", settings.port))
        self._client: socket.socket = self._listener
        self._keys: tuple[str, ...] = ()
        self._speed, self._period, self._timeout = 1.0, 10, 2.0
        self._frame: tuple[int, int] | None = None
        self._states: dict[int, dict[str, Any]] = {}
        self._inputs: list[str] = []
        self._answers: dict[Message, Callable[[], None]] = {
            Message.SET_SPEED: self._set_speed,
            Message.REWIND_TO_STATE: self._rewind,
            Message.REWIND_TO_CURRENT_STATE: lambda: None,
            Message.GET_SIMULATION_STATE: self._state,
            Message.SET_INPUT_STATE: self._set_inputs,
            Message.GIVE_UP: self._race.restart,
            Message.PREVENT_SIMULATION_FINISH: self._prevent_finish,
            Message.EXECUTE_COMMAND: self._text,
            Message.SET_TIMEOUT: self._set_timeout,
            Message.RACE_FINISHED: lambda: self._reply(self._race.finished),
            Message.REQUEST_FRAME: self._request_frame,
            Message.RESET_CAMERA: lambda: None,
            Message.SET_ON_STEP_PERIOD: self._set_period,
            Message.UNREQUEST_FRAME: self._unrequest_frame,
            Message.TOGGLE_INTERFACE: self._toggle,
            Message.IS_IN_MENUS: lambda: self._reply(self._race.menu),
            Message.GET_INPUTS: self._get_inputs,
        }
        port = self._listener.getsockname()[1]
        lifeline.send(f"ports {port}\nready\n".encode())

    def run(self) -> None:
        """Until the owner lets go."""
        while True:
            ready = select.select([self._listener, self._lifeline], [], [])[0]
            if self._lifeline in ready and not self._lifeline.recv(4096):
                return
            if self._listener in ready:
                try:
                    self._serve()
                except Gone:
                    self._client.close()
                if select.select([self._lifeline], [], [], 0)[0]:
                    return

    def _serve(self) -> None:
        self._client, _ = self._listener.accept()
        self._client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._speed, self._period, self._timeout, self._frame = 1.0, 10, 2.0, None
        self._call(Message.ON_CONNECT)
        while True:
            if self._frame is not None:
                self._show()
            began = time.perf_counter()
            self._tick()
            if self._speed:
                self._pass(began + TICK / self._speed - time.perf_counter())

    def _pass(self, seconds: float) -> None:
        """Wait, or less when the owner dies."""
        if seconds > 0.0005 and select.select([self._lifeline], [], [], seconds)[0]:
            raise Gone

    def _tick(self) -> None:
        race = self._race
        if race.time % self._period == 0:
            self._call(Message.RUN_STEP, race.time)
        laps = race.laps
        race.tick(self._keys)
        if race.laps != laps:
            self._call(Message.LAP_COUNT, race.laps, 1)
            self._call(Message.CHECKPOINT_COUNT, race.laps, 1)

    def _call(self, message: Message, *numbers: int) -> None:
        """Call the client, and do what it says until it answers; without an answer in time it is hung up on."""
        self._send(struct.pack(f"<{1 + len(numbers)}i", message, *numbers))
        end = time.monotonic() + self._timeout
        while True:
            ready = select.select([self._client, self._lifeline], [], [], max(end - time.monotonic(), 0))[0]
            if not ready or self._lifeline in ready:
                raise Gone
            received = self._ints(1)[0]
            if received == message:
                return
            if received == Message.SHUTDOWN:
                raise Gone
            end = time.monotonic() + self._timeout
            if received in self._answers:
                self._answers[Message(received)]()

    def _show(self) -> None:
        """Send a picture: the road ahead, painted without a screen."""
        from racegym_trackmania.stand_in.paint import paint

        assert self._frame is not None
        width, height = self._frame
        self._frame = None
        self._send(INT.pack(Message.REQUESTED_FRAME) + paint(self._race, width, height).tobytes())
        end = time.monotonic() + self._timeout
        while (received := self._ints(1)[0]) != Message.REQUESTED_FRAME:
            if received == Message.SHUTDOWN or time.monotonic() > end:
                raise Gone
            self._answers[Message(received)]()

    def _state(self) -> None:
        number = max(self._states, default=-1) + 1
        self._states[number] = self._race.save()
        while len(self._states) > KEPT:
            del self._states[sorted(self._states)[1]]
        data = bytearray(SIZE)
        record = self._race.record(0, 0)
        rotation = np.array([record.left, record.up, record.forward], "<f4")
        rate = float(self._race.telemetry["yaw_rate"][0])
        parts = {
            "rotation": rotation, "position": record.position, "velocity": record.velocity, "angular": (0.0, rate, 0.0),
        }  # fmt: skip
        for name, values in parts.items():
            raw = np.asarray(values, "<f4").tobytes()
            data[STATE[name] : STATE[name] + len(raw)] = raw
        data[LEAST : LEAST + 4] = INT.pack(number)
        self._send(INT.pack(SIZE) + bytes(data))

    def _rewind(self) -> None:
        data = self._bytes(self._ints(1)[0])
        number = INT.unpack_from(data, LEAST)[0]
        if number in self._states:
            self._race.restore(self._states[number])

    def _set_inputs(self) -> None:
        held = self._bytes(4)
        self._keys = tuple(key for key, down in zip(KEYS, held, strict=True) if down)
        self._inputs.append(f"{self._race.time} {' '.join(self._keys) or 'none'}")

    def _prevent_finish(self) -> None:
        self._race.finish_time = None
        self._race.laps = 0
        self._race.distance = 0.0

    def _set_speed(self) -> None:
        self._speed = struct.unpack("<f", self._bytes(4))[0]

    def _set_timeout(self) -> None:
        self._timeout = struct.unpack("<I", self._bytes(4))[0] / 1000

    def _set_period(self) -> None:
        self._period = max(self._ints(1)[0], 10)

    def _request_frame(self) -> None:
        width, height = self._ints(2)
        self._frame = (width, height)

    def _unrequest_frame(self) -> None:
        self._frame = None

    def _toggle(self) -> None:
        self._ints(1)

    def _text(self) -> None:
        self._bytes(self._ints(1)[0])

    def _get_inputs(self) -> None:
        data = "\n".join(self._inputs[-1000:]).encode()
        self._send(INT.pack(len(data)) + data)

    def _reply(self, value: bool) -> None:
        self._send(INT.pack(int(value)))

    def _ints(self, count: int) -> tuple[int, ...]:
        return struct.unpack(f"<{count}i", self._bytes(4 * count))

    def _bytes(self, count: int) -> bytes:
        data = bytearray()
        while len(data) < count:
            try:
                piece = self._client.recv(count - len(data))
            except OSError as error:
                raise Gone from error
            if not piece:
                raise Gone
            data += piece
        return bytes(data)

    def _send(self, data: bytes) -> None:
        try:
            self._client.sendall(data)
        except OSError as error:
            raise Gone from error
