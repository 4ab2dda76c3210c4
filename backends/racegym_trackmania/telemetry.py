"""The newest telemetry of a game that streams it over TCP: a reader thread with explicit states.

The plug-in is the server. The thread connects, and connects again, for ever; nobody waits for it but by `wait`. States:
``connecting``, ``live`` (records come), ``silent`` (connected, but none for `SILENCE`), ``closed``.
"""

from __future__ import annotations

import contextlib
import logging
import math
import selectors
import socket
import threading
import time
from collections import deque
from typing import NamedTuple

from racegym.errors import ProtocolError
from racegym_trackmania.wire import CAR, FINISHED, MENU, NO_TIME, Greeting, Record, Sample, Stream, TmrlStream

_log = logging.getLogger(__name__)
RETRY = 0.1
"""Between two attempts to connect, s."""
SILENCE = 0.5
"""After so long without a record the stream counts as silent, s."""
SLOW = 1.0
"""tmrl's stream tells no direction; below this speed, m/s, the last one is kept."""


class State(NamedTuple):
    """One record in racegym's axes: x is the game's z, y its x, z its y. SI units; steer + left."""

    arrived: float
    """On `time.perf_counter`."""
    sequence: int
    flags: int
    race_time: float
    """s; NaN where the stream does not tell."""
    position: tuple[float, float, float]
    yaw: float
    pitch: float
    roll: float
    velocity: tuple[float, float, float]
    """In the car's frame: forward, left, up."""
    yaw_rate: float
    engine_speed: float
    gear: float
    steer: float
    throttle: float
    brake: float
    laps: int
    checkpoints: int
    discontinuities: int
    clock: float
    """The game's own clock, s; NaN where the stream does not tell."""

    @property
    def car(self) -> bool:
        return bool(self.flags & CAR)

    @property
    def finished(self) -> bool:
        return bool(self.flags & FINISHED)

    @property
    def menu(self) -> bool:
        return bool(self.flags & MENU)


def _turn(angle: float) -> float:
    return (angle + math.pi) % (2 * math.pi) - math.pi


def _dot(a: tuple[float, ...], b: tuple[float, ...]) -> float:
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]


def convert(record: Record, before: State | None, arrived: float) -> State:
    """A record of our plug-in as a `State`; the yaw rate is the change of yaw since `before` over race time, or by our
    clock where the game tells none.
    """
    forward, left, up, velocity = record.forward, record.left, record.up, record.velocity
    yaw = math.atan2(forward[0], forward[2])
    rpm, gear, steer, gas, brake = record.engine
    race_time = math.nan if record.race_time == NO_TIME else record.race_time / 1000
    elapsed = race_time - before.race_time if before else 0.0
    if before is not None and math.isnan(elapsed):
        elapsed = arrived - before.arrived
    rate = _rate(before, yaw, elapsed)
    x, y, z = record.position
    return State(
        arrived, record.sequence, record.flags, race_time, (z, x, y), yaw,
        -math.asin(min(max(forward[1], -1.0), 1.0)), math.atan2(left[1], up[1]),
        (_dot(velocity, forward), _dot(velocity, left), _dot(velocity, up)),
        rate, rpm * 2 * math.pi / 60, gear, -steer, gas, brake,
        record.laps, record.checkpoints, record.discontinuities, record.clock / 1000,
    )  # fmt: skip


def convert_tmrl(sample: Sample, before: State | None, arrived: float) -> State:
    """A sample of tmrl's stream, which lacks time and direction: those of the motion, as if the car never slid."""
    place = (sample.z, sample.x, sample.y)
    yaw, rate = (before.yaw, 0.0) if before else (0.0, 0.0)
    if before is not None and sample.speed > SLOW:
        moved = (place[0] - before.position[0], place[1] - before.position[1])
        if math.hypot(*moved) > 0.01:
            yaw = math.atan2(moved[1], moved[0])
            rate = _rate(before, yaw, arrived - before.arrived)
    flags = CAR | (FINISHED if sample.finished else 0)
    sequence = before.sequence + 1 if before else 0
    return State(
        arrived, sequence, flags, math.nan, place, yaw, 0.0, 0.0, (sample.speed, 0.0, 0.0), rate,
        sample.rpm * 2 * math.pi / 60, sample.gear, -sample.steer, sample.gas, sample.braking, 0, 0, 0, math.nan,
    )  # fmt: skip


def _rate(before: State | None, yaw: float, elapsed: float) -> float:
    if before is None or not 1e-4 < elapsed < 0.5:
        return 0.0
    rate = _turn(yaw - before.yaw) / elapsed
    return min(max(rate, -50.0), 50.0)


class Reader:
    """Reads a stream in a thread of its own. `newest` is the last `State`, or None; `keep` keeps all for `taken`."""

    def __init__(self, host: str, port: int, tmrl: bool = False, keep: bool = False) -> None:
        self._address = (host, port)
        self._tmrl = tmrl
        self.newest: State | None = None
        self.greeting: Greeting | None = None
        self.error: ProtocolError | None = None
        self.state = "connecting"
        self.records = 0
        self.connections = 0
        self.garbage = 0
        self.stall = 0.0
        """The longest time between two frames since `forgive`, s, by the game's own clock: what waited in our own
        queues does not count, and a stall that is over does.
        """
        self._kept: deque[State] | None = deque() if keep else None
        self._changed = threading.Condition()
        self._wake, self._waker = socket.socketpair()
        self._stop = False
        self._thread = threading.Thread(target=self._run, name="racegym-telemetry", daemon=True)
        self._thread.start()

    def age(self) -> float:
        """Seconds since the last record came; infinite when none ever did."""
        newest = self.newest
        return time.perf_counter() - newest.arrived if newest else math.inf

    def taken(self, seconds: float) -> list[State]:
        """All that came since the last call, in order; when there is none, wait for `seconds`."""
        assert self._kept is not None
        with self._changed:
            self._changed.wait_for(lambda: self._kept or self.error is not None, seconds)
            states = list(self._kept)
            self._kept.clear()
        return states

    def forgive(self) -> None:
        """Forget stalls."""
        self.stall = 0.0

    def wait(self, after: int, seconds: float) -> State | None:
        """The first `State` whose count is above `after` (compare `records`), or None after `seconds`."""
        with self._changed:
            self._changed.wait_for(lambda: self.records > after or self.error is not None, seconds)
            return self.newest if self.records > after else None

    def close(self) -> None:
        """End the thread; may be called again."""
        if self.state == "closed":
            return
        self._stop = True
        self._waker.send(b"x")
        self._thread.join()
        self._wake.close()
        self._waker.close()
        self.state = "closed"

    def _run(self) -> None:
        while not self._stop:
            self.state = "connecting"
            try:
                with socket.create_connection(self._address, timeout=1.0) as connection:
                    self.connections += 1
                    self._read(connection)
            except ProtocolError as error:
                with self._changed:
                    self.error = error
                    self._changed.notify_all()
                return
            except OSError as error:
                _log.debug("trackmania: telemetry at %s:%d: %s", *self._address, error)
            if not self._stop:
                self._idle(RETRY)

    def _idle(self, seconds: float) -> None:
        """Sleep, but no longer than until `close`."""
        self._wake.settimeout(seconds)
        with contextlib.suppress(TimeoutError):
            self._wake.recv(1)

    def _read(self, connection: socket.socket) -> None:
        connection.setblocking(False)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        stream = TmrlStream() if self._tmrl else Stream()
        if not self._tmrl:
            connection.sendall(b"hello 1\n")
        with selectors.DefaultSelector() as selector:
            selector.register(connection, selectors.EVENT_READ)
            selector.register(self._wake, selectors.EVENT_READ)
            while not self._stop:
                ready = {key.fileobj for key, _ in selector.select(SILENCE)}
                if not ready:
                    self.state = "silent"
                if connection in ready:
                    data = connection.recv(65536)
                    if not data:
                        return
                    self._take(stream, data)

    def _take(self, stream: Stream | TmrlStream, data: bytes) -> None:
        moment = time.perf_counter()
        messages = stream.feed(data)
        self.garbage = stream.garbage
        latest = self.newest
        states: list[State] = []
        for message in messages:
            if isinstance(message, Greeting):
                self.greeting = message
                continue
            newer = convert_tmrl if isinstance(message, Sample) else convert
            before, latest = latest, newer(message, latest, moment)  # pyright: ignore[reportArgumentType]
            if before is not None and latest.clock - before.clock > self.stall:
                self.stall = latest.clock - before.clock
            states.append(latest)
        if states:
            with self._changed:
                self.newest, self.state = latest, "live"
                self.records += len(states)
                if self._kept is not None:
                    self._kept.extend(states)
                self._changed.notify_all()
