"""Telemetry on the wire: the record of racegym's own plug-in, and the 11 numbers of tmrl's. Pure functions over
bytes.

Our record, little-endian, `RECORD.size` bytes: magic ``RGTM``, version u16, size u16, flags u32, sequence u32, frame
u32, race time i32 (ms, negative in the countdown, `NO_TIME` where the game does not tell), clock u64 (ms),
discontinuities u32 (times the car was put elsewhere), laps i32, checkpoints i32; then float32s as `FLOATS` names them,
and the sequence again, which shows that the record is whole, in the game's axes: x left, y up, z forward when the car
faces z. One record a frame, in menus too, so silence means death. A greeting ``RGHI`` of the same kind follows
``hello <version>\\n`` from the client; it names the map.

tmrl's stream (its plug-in TMRL_GrabData): 11 float32 a frame while a car is there, no header: speed, distance, x, y,
z, steer, gas, braking, finished, gear, rpm.
"""

from __future__ import annotations

import struct
from typing import NamedTuple

from racegym.errors import ProtocolError

VERSION = 1
MAGIC, GREETING = b"RGTM", b"RGHI"
FLOATS = (
    *(
        "x",
        "y",
        "z",
        "forward_x",
        "forward_y",
        "forward_z",
        "left_x",
        "left_y",
        "left_z",
        "up_x",
        "up_y",
        "up_z",
    ),
    *("velocity_x", "velocity_y", "velocity_z", "rpm", "gear", "steer", "gas", "brake"),
)
HEAD = struct.Struct("<4sHH")
RECORD = struct.Struct(f"<4sHHIIIiQIii{len(FLOATS)}fI")
HELLO = struct.Struct("<4sHH64s64s")
TMRL = struct.Struct("<11f")

#: Flags of a record.
CAR, FINISHED, MENU, COUNTDOWN = 1, 2, 4, 8
NO_TIME = -(2**31)


class Record(NamedTuple):
    """One frame's telemetry, in the game's own axes and units (m, m/s, ms, rpm; steer + right)."""

    flags: int
    sequence: int
    frame: int
    race_time: int
    clock: int
    discontinuities: int
    laps: int
    checkpoints: int
    values: tuple[float, ...]
    """As `FLOATS`."""

    @property
    def position(self) -> tuple[float, ...]:
        return self.values[0:3]

    @property
    def forward(self) -> tuple[float, ...]:
        return self.values[3:6]

    @property
    def left(self) -> tuple[float, ...]:
        return self.values[6:9]

    @property
    def up(self) -> tuple[float, ...]:
        return self.values[9:12]

    @property
    def velocity(self) -> tuple[float, ...]:
        return self.values[12:15]

    @property
    def engine(self) -> tuple[float, ...]:
        """rpm, gear, steer, gas, brake."""
        return self.values[15:20]


class Sample(NamedTuple):
    """One frame of tmrl's stream."""

    speed: float
    distance: float
    x: float
    y: float
    z: float
    steer: float
    gas: float
    braking: float
    finished: float
    gear: float
    rpm: float


class Greeting(NamedTuple):
    """What the plug-in says of the game."""

    version: int
    map_uid: str
    map_name: str


def pack(record: Record) -> bytes:
    """The bytes of `record`."""
    return RECORD.pack(MAGIC, VERSION, RECORD.size, *record[:-1], *record.values, record.sequence)


def pack_greeting(greeting: Greeting) -> bytes:
    return HELLO.pack(
        GREETING,
        greeting.version,
        HELLO.size,
        greeting.map_uid.encode()[:64],
        greeting.map_name.encode()[:64],
    )


class Stream:
    """Whole messages out of a byte stream of our own format; skips what is none of them, and counts it."""

    def __init__(self) -> None:
        self._rest = b""
        self.garbage = 0
        """Bytes skipped."""

    def feed(self, data: bytes) -> list[Record | Greeting]:
        """The messages that `data` completes; `ProtocolError` when the other side speaks another version."""
        buffer = self._rest + data
        found: list[Record | Greeting] = []
        place = 0
        while True:
            start = _next(buffer, place)
            self.garbage += start - place
            place = start
            if len(buffer) - place < HEAD.size:
                break
            magic, version, size = HEAD.unpack_from(buffer, place)
            layout = RECORD if magic == MAGIC else HELLO
            if size != layout.size and version == VERSION:
                self.garbage += 1  # four bytes that looked like a beginning
                place += 1
                continue
            if version != VERSION:
                raise ProtocolError(
                    f"trackmania: the plug-in speaks version {version}, this package {VERSION}; "
                    "racegym trackmania install puts in the one that fits"
                )
            if len(buffer) - place < size:
                break
            message = _decode(layout, buffer, place)
            if message is None:
                self.garbage += 1
                place += 1
                continue
            found.append(message)
            place += size
        self._rest = buffer[place:]
        return found


class TmrlStream:
    """Samples out of tmrl's stream, of which nothing marks the beginning: what is no sample is dropped whole."""

    def __init__(self) -> None:
        self._rest = b""
        self.garbage = 0

    def feed(self, data: bytes) -> list[Sample]:
        buffer = self._rest + data
        whole = len(buffer) - len(buffer) % TMRL.size
        self._rest = buffer[whole:]
        samples = [Sample(*values) for values in TMRL.iter_unpack(buffer[:whole])]
        sound = [sample for sample in samples if _sound(sample)]
        self.garbage += TMRL.size * (len(samples) - len(sound))
        return sound


def _sound(sample: Sample) -> bool:
    """Whether this can be a sample: out of step by a byte or a number, the flags and steering are not."""
    return (
        -1.01 <= sample.steer <= 1.01
        and -0.01 <= sample.gas <= 1.01
        and sample.braking in (0.0, 1.0)
        and sample.finished in (0.0, 1.0)
        and -1e6 < sample.x < 1e6
        and -1e6 < sample.z < 1e6
        and -1 <= sample.gear <= 10
    )


def _next(buffer: bytes, place: int) -> int:
    """Where the next message may begin."""
    found = [at for at in (buffer.find(MAGIC, place), buffer.find(GREETING, place)) if at >= 0]
    return min(found) if found else max(place, len(buffer) - (len(MAGIC) - 1))


def _decode(layout: struct.Struct, buffer: bytes, place: int) -> Record | Greeting | None:
    """None when the record's end is not its own."""
    values = layout.unpack_from(buffer, place)
    if layout is HELLO:
        uid, name = (text.rstrip(b"\0").decode("utf-8", "replace") for text in values[3:5])
        return Greeting(values[1], uid, name)
    return Record._make((*values[3:11], values[11:-1])) if values[4] == values[-1] else None
