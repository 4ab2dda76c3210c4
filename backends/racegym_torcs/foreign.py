"""A car of somebody else's SCR server: no tick numbers, so lag and loss show only in what arrives and when.

A classic server waits some 10 ms for an answer, then goes on with the controls before; an answer that comes later
stays in its queue and is taken for the next state's, and so is every one after it. So here no answer leaves while a
newer state lies unread: what is read late is passed over, and the answer goes out for the newest state alone. Whatever
came to lie in the server's queue is used up by that within a tick.
"""

from __future__ import annotations

import select
import socket
import time
from collections.abc import Sequence
from contextlib import suppress

import numpy as np

from racegym.errors import SimulatorTimeout
from racegym.signals import SIGNALS
from racegym_torcs import wire
from racegym_torcs.classic import Laps
from racegym_torcs.udp import Car

_RETRY = 1.0
"""After this long without an answer, identify again, s."""
_GLANCE = 0.05
_STRAY = 0.1
"""How long an identification that was one too many may take to be answered in place of an action, s."""
_AGAIN = 0.5
"""After this long without a state, the last answer is sent once more, s."""
_LARGEST = 65535
_TICK = 0.021
"""Of the 20 and 22 ms that a tick takes, s."""
_GAP = 0.035
_TIME = SIGNALS.columns("time").start


class Foreign(Car):
    """Counts, in the statistics, states that were ``missed`` (read too late to be answered) or ``lost`` (never came),
    answers sent once more (``resent``), and identifications that were one too many (``stray``)."""

    _state, _time = b"", np.inf
    _strays = 0
    _answer: tuple[Sequence[float], bool] | None = None

    def identify(self, hello: bytes, deadline: float) -> None:
        """Introduce ourselves until the car answers, however often that takes."""
        self._laps = Laps()
        self.tick, self.over = -1, False
        self._state, self._time, self._answer = b"", np.inf, None
        self._waiting: list[bytes] = []
        self._strays = self._introduce(hello, deadline) - 1

    def _introduce(self, hello: bytes, deadline: float) -> int:
        """How many identifications may lie in the server's queue, the answered one included."""
        again, sent = 0.0, 0
        while (now := time.monotonic()) < deadline:
            try:
                if now >= again:
                    self._socket.send(hello)
                    again, sent = now + _RETRY, sent + 1
                data = self._socket.recv(_LARGEST)
            except BlockingIOError:
                self._check()
                continue
            except ConnectionRefusedError:
                self._check()
                again, sent = now + _GLANCE, 0  # a closed port has no queue
                continue
            if data.startswith(wire.IDENTIFIED):
                return max(sent, 1)
            self._statistics["stale"] += 1
        raise SimulatorTimeout(
            f"torcs: nothing answers on {self.name}; start a race with a scr_server driver there (`racegym torcs serve`"
            " does it here). A classic server opens port 3001 for scr_server 1, and the next once that has its client;"
            " gym_torcs uses 3101"
        )

    def send(self, row: Sequence[float], restart: bool = False) -> None:
        """Answer the newest state with one row of controls."""
        if self._catch_up() and self._strays > 0:
            self._strays -= 1
            self._statistics["stray"] += 1  # it was the answer
        elif self._strays > 0 and not restart:
            self._strays -= 1
            if select.select([self._socket], [], [], _STRAY)[0]:
                self._statistics["stray"] += 1
                return
        super().send(row, restart)
        self._answer = (row, restart)

    def _catch_up(self) -> int:
        """Pass over the states that came while the agent thought, and count them."""
        before = self._statistics["missed"]
        with suppress(BlockingIOError, ConnectionRefusedError):
            while True:
                data = self._socket.recv(_LARGEST, socket.MSG_DONTWAIT)
                if data.startswith(b"***"):
                    self._waiting.append(data)
                elif self._accept(data, self._scratch):
                    self._statistics["missed"] += 1
        return self._statistics["missed"] - before

    def _receive(self, deadline: float) -> bytes:
        if self._waiting:
            return self._waiting.pop(0)
        asked = time.monotonic()
        while True:
            try:
                return self._socket.recv(_LARGEST)
            except BlockingIOError:
                now = time.monotonic()
                if now > deadline:
                    raise self._silent() from None
                if self._answer is not None and now > asked + _AGAIN:
                    asked = now
                    self._statistics["resent"] += 1
                    super().send(*self._answer)
            except ConnectionRefusedError:
                return self._parting_word()

    def _accept(self, data: bytes, row: np.ndarray) -> bool:
        if data == self._state:  # the clock of a new one would differ
            self._statistics["stale"] += 1
            return False
        if not super()._accept(data, row):
            return False
        gap = float(self._scratch[_TIME]) - self._time
        if gap > _GAP and self._time > 0:  # at the green light the clock is set
            self._statistics["lost"] += round(gap / _TICK) - 1
        self._state, self._time = data, float(self._scratch[_TIME])
        return True
