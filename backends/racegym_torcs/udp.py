"""The SCR conversation over UDP: identification, one action for one state, control messages."""

from __future__ import annotations

import socket
import struct
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress

import numpy as np

from racegym.errors import ProtocolError, SimulatorLost, SimulatorTimeout
from racegym.signals import SIGNALS, Controls, Telemetry
from racegym_torcs import wire
from racegym_torcs.classic import Laps
from racegym_torcs.transport import Check, Transport

_GLANCE = 0.05
"""How often a wait looks whether the game still lives, s."""
_RETRY = 1.0
"""After this long without an answer, identify again, s; a second identification can become a stale action."""
_LARGEST = 65535
_FINISHED = SIGNALS.columns("finished").start


class Car:
    """The conversation with one car, on a connected socket: the kernel drops whatever others send to it."""

    def __init__(
        self, host: str, port: int, decoder: wire.Decoder, check: Check, statistics: Counter[str]
    ) -> None:
        self._check, self._statistics = check, statistics
        self.name = f"{host}:{port}"
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setsockopt(
            socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("ll", 0, int(_GLANCE * 1e6))
        )
        try:
            self._socket.connect((host, port))
        except OSError as error:
            self._socket.close()
            raise SimulatorLost(f"torcs: {self.name} cannot be reached: {error}") from error
        self._decoder = decoder
        self._laps: Laps | None = None
        self._scratch = np.full(SIGNALS.width, np.nan)
        self.tick = -1
        self.over = False

    def identify(self, hello: bytes, deadline: float) -> None:
        """Introduce ourselves until the car answers."""
        self._laps = None if self._decoder.extended else Laps()
        self.tick, self.over = -1, False
        again = 0.0
        while True:
            now = time.monotonic()
            if now > deadline:
                raise SimulatorTimeout(
                    f"torcs: nothing answers on {self.name}; start a race with the scr_server driver there"
                )
            try:
                if now >= again:
                    self._socket.send(hello)
                    again = now + _RETRY
                data = self._socket.recv(_LARGEST)
            except BlockingIOError:
                self._check()
                continue
            except ConnectionRefusedError:
                self._check()
                again = now + _GLANCE
                continue
            if data.startswith(wire.IDENTIFIED):
                return
            self._statistics["stale"] += 1

    def send(self, row: Sequence[float], restart: bool = False) -> None:
        """Send one row of controls for the tick that was read last."""
        with suppress(ConnectionRefusedError):  # the race or the game has ended; `read` tells which
            self._socket.send(wire.action(row, self.tick if self._laps is None else None, restart))
        if self._laps is not None:
            self._laps.applied = row

    def read(self, row: np.ndarray, deadline: float) -> None:
        """Fill `row` with the next state; when the race is over instead, only mark it as finished."""
        while not self.over:
            data = self._receive(deadline)
            if data.startswith(wire.SHUTDOWN):
                self.over = True
            elif data.startswith(b"***"):
                self._statistics["stale"] += 1
            elif self._accept(data, row):
                return
            elif time.monotonic() > deadline:
                raise self._silent()
        row[_FINISHED] = 1.0

    def await_restart(self, deadline: float) -> None:
        """Drop states until the car says that its race restarts, or has ended on another car's request."""
        while not (data := self._receive(deadline)).startswith((wire.RESTART, wire.SHUTDOWN)):
            if time.monotonic() > deadline:
                raise self._silent()
            if data.startswith(b"***"):
                self._statistics["stale"] += 1

    def close(self) -> None:
        self._socket.close()

    def _receive(self, deadline: float) -> bytes:
        while True:
            try:
                return self._socket.recv(_LARGEST)
            except BlockingIOError:
                self._check()
                if time.monotonic() > deadline:
                    raise self._silent() from None
            except ConnectionRefusedError:
                return self._parting_word()

    def _parting_word(self) -> bytes:
        """What came before the port was closed: the kernel reports a refusal ahead of what is queued."""
        try:
            return self._socket.recv(_LARGEST, socket.MSG_DONTWAIT)
        except (BlockingIOError, ConnectionRefusedError):
            self._check()
            raise SimulatorLost(f"torcs: {self.name} has closed its port without a word") from None

    def _silent(self) -> SimulatorTimeout:
        return SimulatorTimeout(f"torcs: {self.name} gave no state within its deadline (option deadlines)")

    def _accept(self, data: bytes, row: np.ndarray) -> bool:
        """Decode `data` into `row` if it is a state newer than the last."""
        try:
            tick = self._decoder.decode(data, self._scratch)
        except ProtocolError:
            self._statistics["garbage"] += 1
            return False
        if self._laps is not None:
            self._laps.fill(self._scratch)
        elif tick <= self.tick:
            self._statistics["stale"] += 1
            return False
        self.tick = tick
        row[:] = self._scratch
        return True


class Udp(Transport):
    """SCR over UDP, a socket for each car; with the `extended` states of our robot, or classic."""

    def __init__(
        self,
        beam_angles: Sequence[float],
        check: Check,
        extended: bool = True,
        expert: bool = False,
        car: type[Car] = Car,
    ) -> None:
        """`expert`: one sits in each car, and its states tell what it would do. `car`: how to converse with one."""
        super().__init__()
        self._car = car
        self.identity = "SCR"
        self._beam_angles, self._check, self._extended = beam_angles, check, extended
        self._decoder = wire.Decoder(extended, expert)
        self._cars: list[Car] = []

    def connect(self, host: str, port: int) -> None:
        """Take note that the next car waits at that address."""
        self._cars.append(self._car(host, port, self._decoder, self._check, self.statistics))

    def begin(self, seed: int | None, deadline: float, starts: np.ndarray | None = None) -> None:
        for index, car in enumerate(self._cars):
            start = None if starts is None else starts[index].tolist()
            hello = wire.identification(self._beam_angles, self._extended, seed, start)
            car.identify(self.identity.encode() + hello.removeprefix(b"SCR"), deadline)

    def send(self, controls: Controls, ticks: int = 1) -> bool:
        exact = controls.block.astype(np.float32).tolist()  # the game's own precision, which nine digits keep
        for car, row in zip(self._cars, exact, strict=True):
            if not car.over:
                car.send(row)
        return True

    def read(self, telemetry: Telemetry, deadline: float) -> None:
        for car, row in zip(self._cars, telemetry.block, strict=True):
            car.read(row, deadline)

    def restart(self, deadline: float) -> None:
        self._cars[0].send(Controls(1).block[0].tolist(), restart=True)
        for car in self._cars:
            car.await_restart(deadline)

    @property
    def over(self) -> bool:
        return any(car.over for car in self._cars)

    def close(self) -> None:
        for car in self._cars:
            car.close()
