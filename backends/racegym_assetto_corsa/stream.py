"""The client's side of the UDP protocol: shake hands, send strictly, read the newest state, count what went astray."""

from __future__ import annotations

import math
import select
import socket
import time
from collections import Counter
from contextlib import suppress

from racegym.errors import BackendUnavailable, ProtocolError, SimulatorLost, SimulatorTimeout
from racegym_assetto_corsa import wire

#: Between two tries of the handshake, s.
RETRY = 0.5
#: A state is about 4 kB, with one row of numbers for each wheel.
_LARGEST = 65_535

PAUSED = "the game is paused, in a menu, loading or minimised, or Custom Shaders Patch is not active"


class StateStream:
    """A conversation with a plug-in at `host`:`port`. `counts` holds ``skipped``, ``garbage``, ``late`` and
    ``states``."""

    def __init__(self, host: str, port: int) -> None:
        self.address = f"{host}:{port}"
        self._target = (host, port)
        self._socket: socket.socket | None = None
        self._identified = False
        self._steps: int | None = None
        self._timestamp = -math.inf
        self.counts: Counter[str] = Counter()

    @property
    def steps(self) -> int:
        """Number of the last state; 0 before the first."""
        return self._steps or 0

    def open(self, deadline: float) -> None:
        """Introduce ourselves, again and again until `deadline` (monotonic clock); `BackendUnavailable` after it."""
        self.close()
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            # connected: datagrams of others never reach us, and a port that nobody listens on says so
            self._socket.connect(self._target)
            self._shake_hands(self._socket, deadline)
        except BaseException as error:
            self._socket.close()
            self._socket = None
            if isinstance(error, OSError):
                raise BackendUnavailable(self._nobody(f"({error})")) from error
            raise

    def _nobody(self, how: str = "") -> str:
        return (
            f"assetto_corsa: no plug-in answers on udp {self.address} {how}; start a session in the game with the app "
            "racegym_drive (or assetto_corsa_gym's sensors_par) enabled; `racegym assetto_corsa doctor` "
            "tells what is missing"
        )

    def _shake_hands(self, connection: socket.socket, deadline: float) -> None:
        while time.monotonic() < deadline:
            with suppress(ConnectionError):
                connection.send(wire.CONNECT)
            again = min(time.monotonic() + RETRY, deadline)
            while (left := again - time.monotonic()) > 0:
                ready, _, _ = select.select([connection], [], [], left)
                with suppress(ConnectionError):
                    if ready and connection.recv(_LARGEST) == wire.IDENTIFIED:
                        self._identified, self._steps, self._timestamp = True, None, -math.inf
                        return
        raise BackendUnavailable(self._nobody())

    def send(self, data: bytes) -> None:
        """Send a control datagram; only ever between the handshake and `close`."""
        connection = self._talking()
        if len(data) > wire.LONGEST_CONTROL:
            raise ProtocolError(
                f"assetto_corsa: a control of {len(data)} bytes would end an old plug-in's thread"
            )
        try:
            connection.send(data)
        except ConnectionError as error:
            raise self._lost() from error
        except BlockingIOError:
            self.counts["unsent"] += 1

    def read(self, deadline: float) -> wire.State:
        """The newest state, waiting for one until `deadline`; older ones are dropped and counted as ``skipped``.

        `SimulatorTimeout` when none comes, `SimulatorLost` when the plug-in has gone or said so.
        """
        connection = self._talking()
        newest: wire.State | None = None
        while newest is None:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([connection], [], [], left)[0]:
                raise SimulatorTimeout(f"assetto_corsa: no state from {self.address} in time: {PAUSED}")
            newest = self._take(connection)
        return self._account(self._drained(connection, newest) or newest)

    def newest(self) -> wire.State | None:
        """The newest state without waiting, or None when there is none newer than the last."""
        state = self._drained(self._talking(), None)
        return None if state is None else self._account(state)

    def _drained(self, connection: socket.socket, newest: wire.State | None) -> wire.State | None:
        while select.select([connection], [], [], 0)[0]:
            other = self._take(connection)
            if other is None:
                continue
            if newest is None or other["timestamp_ac"] > newest["timestamp_ac"]:
                newest = other
            else:
                self.counts["late"] += 1
        return newest

    def _take(self, connection: socket.socket) -> wire.State | None:
        """The state in the next datagram, if it is a state newer than the last that was read."""
        try:
            data = connection.recv(_LARGEST)
        except ConnectionError as error:
            raise self._lost() from error
        if data == wire.DISCONNECT:
            self._identified = False
            raise SimulatorLost(
                f"assetto_corsa: the plug-in at {self.address} ended the conversation: another client, "
                "or a fault of its own; restart the session in the game if it does not answer any more"
            )
        if data == wire.IDENTIFIED:
            return None
        try:
            state = wire.parse_state(data)
        except ProtocolError:
            self.counts["garbage"] += 1
            return None
        # by the game's clock: the plug-in numbers its states anew at every handshake, a repeated one too
        if state["timestamp_ac"] <= self._timestamp and state["steps"] != 1:
            self.counts["late"] += 1
            return None
        return state

    def _account(self, state: wire.State) -> wire.State:
        steps = int(state["steps"])
        if self._steps is not None and steps > self._steps:
            self.counts["skipped"] += steps - self._steps - 1
        self._steps, self._timestamp = steps, state["timestamp_ac"]
        self.counts["states"] += 1
        return state

    def _lost(self) -> SimulatorLost:
        self._identified = False
        return SimulatorLost(
            f"assetto_corsa: the plug-in at {self.address} is gone; the game has ended or the session was closed. "
            "Start it again; the next reset connects anew"
        )

    def _talking(self) -> socket.socket:
        if self._socket is None or not self._identified:
            raise SimulatorLost(
                "assetto_corsa: there is no conversation with the game; reset or open() starts one"
            )
        return self._socket

    def close(self) -> None:
        """Say goodbye; may be called again."""
        if self._socket is not None:
            if self._identified:
                with suppress(OSError):
                    self._socket.send(wire.DISCONNECT)
            self._socket.close()
        self._socket, self._identified = None, False
