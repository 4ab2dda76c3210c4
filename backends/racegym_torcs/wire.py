"""The Simulated Car Racing (SCR) wire: state datagrams to telemetry, controls to action datagrams.

The text format is that of the SCR competition manual (Loiacono et al., Technical Report 2011.06, tables 1 to 3):
groups ``(tag value ...)`` and a final NUL. Our robot appends the groups of `EXTENSION` for clients that ask for
them. SCR counts angles clockwise, speeds in km/h and "rpm" in tenths of rad/s; `SOURCES` alone knows.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter

import numpy as np

from racegym.errors import ProtocolError
from racegym.signals import BEAMS, FOCUS_BEAMS, OPPONENT_SECTORS, SIGNALS

IDENTIFIED = b"***identified***"
SHUTDOWN = b"***shutdown***"
RESTART = b"***restart***"

#: Damage at which TORCS takes a car out of the race.
WRECKED = 10000.0

#: Tags of a classic state and how many numbers each holds, in order.
CLASSIC: Mapping[str, int] = {
    "angle": 1, "curLapTime": 1, "damage": 1, "distFromStart": 1, "distRaced": 1, "fuel": 1, "gear": 1,
    "lastLapTime": 1, "opponents": OPPONENT_SECTORS, "racePos": 1, "rpm": 1, "speedX": 1, "speedY": 1, "speedZ": 1,
    "track": BEAMS, "trackPos": 1, "wheelSpinVel": 4, "z": 1, "focus": FOCUS_BEAMS,
}  # fmt: skip

#: Tags that our robot adds.
EXTENSION: Mapping[str, int] = {
    "tick": 1, "totalTime": 1, "laps": 1, "bestLapTime": 1, "x": 1, "y": 1, "posZ": 1,
    "roll": 1, "pitch": 1, "yaw": 1, "yawRate": 1, "accelX": 1, "accelY": 1, "accelZ": 1,
    "steerApplied": 1, "throttleApplied": 1, "brakeApplied": 1, "clutchApplied": 1,
    "collision": 1, "wheelsOff": 1, "finished": 1,
}  # fmt: skip

#: Tags that it adds to those when an expert sits in the car.
EXPERT: Mapping[str, int] = {
    "expertSteer": 1, "expertThrottle": 1, "expertBrake": 1, "expertClutch": 1, "expertGear": 1,
}  # fmt: skip


@dataclass(frozen=True)
class Source:
    """Where a signal comes from: tags, the factor to SI units and ISO axes, the order of the numbers."""

    tags: tuple[str, ...]
    factor: float = 1.0
    order: tuple[int, ...] | None = None


def _of(*tags: str, factor: float = 1.0, order: tuple[int, ...] | None = None) -> Source:
    return Source(tags, factor, order)


#: The one conversion from the wire to signals.
SOURCES: Mapping[str, Source] = {
    "time": _of("totalTime"),
    "position": _of("x", "y", "posZ"),
    "yaw": _of("yaw"),
    "pitch": _of("pitch"),
    "roll": _of("roll"),
    "velocity": _of("speedX", "speedY", "speedZ", factor=1 / 3.6),
    "acceleration": _of("accelX", "accelY", "accelZ"),
    "yaw_rate": _of("yawRate"),
    "heading_error": _of("angle", factor=-1.0),
    "track_position": _of("trackPos"),
    "distance": _of("distRaced"),
    "lap_distance": _of("distFromStart"),
    "rangefinders": _of("track"),
    "opponents": _of("opponents"),
    "focus": _of("focus"),
    "race_position": _of("racePos"),
    "engine_speed": _of("rpm", factor=0.1),
    "gear": _of("gear"),
    "wheel_speeds": _of("wheelSpinVel", order=(1, 0, 3, 2)),
    "steer": _of("steerApplied"),
    "throttle": _of("throttleApplied"),
    "brake": _of("brakeApplied"),
    "clutch": _of("clutchApplied"),
    "fuel": _of("fuel"),
    "damage": _of("damage", factor=1 / WRECKED),
    "collision": _of("collision"),
    "height": _of("z"),
    "laps": _of("laps"),
    "lap_time": _of("curLapTime"),
    "last_lap_time": _of("lastLapTime"),
    "best_lap_time": _of("bestLapTime"),
    "expert_steer": _of("expertSteer"),
    "expert_throttle": _of("expertThrottle"),
    "expert_brake": _of("expertBrake"),
    "expert_clutch": _of("expertClutch"),
    "expert_gear": _of("expertGear"),
    "finished": _of("finished"),
}

#: Signals that the decoder works out from others of the same datagram.
DERIVED = ("speed", "off_track")

_SPACED = bytes.maketrans(b")\0", b"  ")
_SPEED, _OFF = SIGNALS.columns("speed").start, SIGNALS.columns("off_track").start
_VELOCITY, _BEAMS = SIGNALS.columns("velocity").start, SIGNALS.columns("rangefinders")
_POSITION, _YAW = SIGNALS.columns("track_position").start, SIGNALS.columns("yaw").start
_DAMAGE = SIGNALS.columns("damage").start


class Decoder:
    """Reads state datagrams of one layout, classic or extended, into rows of telemetry."""

    def __init__(self, extended: bool, expert: bool = False) -> None:
        """`expert`: extended states tell what an expert would do."""
        self.extended = extended
        self.tags = {**CLASSIC, **(EXTENSION if extended else {}), **(EXPERT if expert else {})}
        names, numbers, self._first = [], [], {}
        token = 0
        for tag, count in self.tags.items():
            names.append(token)
            self._first[tag] = len(numbers)
            numbers.extend(range(token + 1, token + 1 + count))
            token += 1 + count
        self._tokens, self._numbers = token, len(numbers)
        self._expected = tuple(b"(" + tag.encode() for tag in self.tags)
        self._pick_names, self._pick_numbers = itemgetter(*names), itemgetter(*numbers)
        self._compile()

    def _compile(self) -> None:
        columns, gather, factors = [], [], []
        for name, source in SOURCES.items():
            if source.tags[0] not in self.tags:
                continue
            indices = [self._first[tag] + i for tag in source.tags for i in range(self.tags[tag])]
            gather += [indices[i] for i in source.order] if source.order else indices
            factors += [source.factor] * len(indices)
            columns += range(SIGNALS.columns(name).start, SIGNALS.columns(name).stop)
        self._columns, self._gather, self._factors = np.array(columns), np.array(gather), np.array(factors)

    @property
    def signals(self) -> frozenset[str]:
        """Names of the signals that a row holds after `decode`."""
        return frozenset(DERIVED) | {name for name, s in SOURCES.items() if s.tags[0] in self.tags}

    def decode(self, data: bytes, row: np.ndarray) -> int:
        """Fill `row` (float64, one row of a telemetry block) from `data`; the tick, or -1 in a classic state.

        `ProtocolError` when `data` is no state of this layout or holds a number that is not finite; then `row`
        is as before.
        """
        tokens = data.translate(_SPACED).split()
        if len(tokens) == self._tokens and self._pick_names(tokens) == self._expected:
            try:
                values = np.fromiter(map(float, self._pick_numbers(tokens)), np.float64, self._numbers)
            except ValueError as error:
                raise ProtocolError(f"torcs: a state holds something that is no number ({error})") from None
        else:
            values = self._tolerant(data)
        if not math.isfinite(values.sum()):
            raise ProtocolError("torcs: a state holds a number that is not finite")
        row[self._columns] = values[self._gather] * self._factors
        _derive(row)
        return int(values[self._first["tick"]]) if self.extended else -1

    def _tolerant(self, data: bytes) -> np.ndarray:
        """Numbers of a state with other groups or another order, as servers of other lineages send them."""
        groups = parse(data)
        values = np.empty(self._numbers)
        for tag, count in self.tags.items():
            found = groups.get(tag)
            if found is None and tag == "focus":
                found = [-1.0] * count
            if found is None or len(found) != count:
                said = "is missing" if found is None else f"has {len(found)} numbers instead of {count}"
                raise ProtocolError(f"torcs: {tag!r} {said} in a state of {len(data)} bytes: {data[:60]!r}")
            values[self._first[tag] : self._first[tag] + count] = found
        return values


def _derive(row: np.ndarray) -> None:
    row[_SPEED] = math.hypot(row[_VELOCITY], row[_VELOCITY + 1])
    row[_OFF] = abs(row[_POSITION]) > 1
    row[_YAW] = math.remainder(row[_YAW], math.tau)
    row[_DAMAGE] = min(row[_DAMAGE], 1.0)
    beams = row[_BEAMS]
    np.maximum(beams, 0.0, out=beams)


def parse(data: bytes) -> dict[str, list[float]]:
    """Groups of numbers in `data` by tag; the first of equal tags wins, groups that hold anything else are left out."""
    groups: dict[str, list[float]] = {}
    for part in data.split(b")"):
        words = part.rpartition(b"(")[2].split()
        if not words or b"(" not in part:
            continue
        try:
            groups.setdefault(words[0].decode("ascii"), [float(word) for word in words[1:]])
        except ValueError:
            continue
    return groups


def identification(
    beam_angles: Sequence[float],
    extended: bool,
    seed: int | None = None,
    start: Sequence[float] | None = None,
) -> bytes:
    """The datagram that starts a conversation; `beam_angles` in degrees, counter-clockwise, left to right.

    It asks our robot for `extended` states, for noise of that `seed`, and to begin at `start` (distance in m, offset
    in half widths, heading in rad, speed in m/s; NaN as the grid has it); classic servers read the angles alone.
    """
    angles = " ".join(f"{-angle + 0.0:g}" for angle in beam_angles)
    wishes = ("(racegym 1)" if extended else "") + ("" if seed is None else f"(seed {seed})")
    if start is not None:
        wishes += "(start " + " ".join(f"{number:.17g}" for number in start) + ")"
    return f"SCR(init {angles}){wishes}".encode()


def action(row: Sequence[float], tick: int | None = None, restart: bool = False) -> bytes:
    """An action datagram from one row of controls, in the order of `CONTROLS`, already clipped; NaN: the expert's."""
    steer, throttle, brake, clutch, gear, _, focus = row
    degrees = 360 if math.isnan(focus) else round(-math.degrees(focus))
    text = (
        f"(accel {throttle:.9g})(brake {brake:.9g})(gear {gear:.0f})(steer {steer:.9g})"
        f"(clutch {clutch:.9g})(focus {degrees})(meta {restart:d})"
    )
    return (text if tick is None else f"{text}(tick {tick})").encode()
