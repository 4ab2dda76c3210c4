"""A TORCS race for SCR clients of any origin: the unpatched game, our robot in the cars, and a report."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from racegym.errors import BackendUnavailable, ConfigurationError
from racegym_torcs import catalogue, locate, race
from racegym_torcs.launch import Instance
from racegym_torcs.options import TorcsOptions
from racegym_torcs.start import environment

_UNITS = {"us": 1, "ms": 1000, "s": 1_000_000, "": 1}
_TIME = re.compile(r"([0-9]+(?:\.[0-9]+)?)(us|ms|s|)")
_LONGEST = 3600 * 1_000_000
_CLOSING = 3.0
"""How long clients and game may take to part, s."""


@dataclass(frozen=True)
class Listening:
    """Where and how the cars of a race wait for their clients."""

    host: str = "127.0.0.1"
    port: int = 3001
    """Of the car with index 0; the others follow."""
    timeout_us: int = 10_000
    """How long the race waits for an answer before it goes on with the controls before; 0: without limit."""
    kind: Literal["quick race", "practice"] = "quick race"
    display: bool = False

    def environment(self) -> Mapping[str, str]:
        """Settings of the robot."""
        return {
            "RACEGYM_HOST": self.host,
            "RACEGYM_PORT": str(self.port),
            "RACEGYM_TIMEOUT_US": str(self.timeout_us),
            "RACEGYM_PROGRESS": "1",
        }


def microseconds(text: str) -> int:
    """`text` such as ``10ms``, ``2s`` or ``500us``; a number alone is microseconds, as after SCR's -t."""
    match = _TIME.fullmatch(text.strip())
    value = round(float(match[1]) * _UNITS[match[2]]) if match else -1
    if not 0 <= value <= _LONGEST:
        raise ConfigurationError(
            f"timeout {text!r}: expected a time up to an hour, such as 10ms, 2s or 0 (no limit)"
        )
    return value


@dataclass(frozen=True)
class Standing:
    """How one car does. Times in s, distance in m, damage in points."""

    index: int
    laps: int
    distance: float
    position: int
    damage: int
    best_lap: float = 0.0


@dataclass(frozen=True)
class Event:
    """Something that the robot told: ``port``, ``ready``, ``client``, ``now`` or ``result``."""

    kind: str
    index: int = -1
    port: int = 0
    tick: int = 0
    time: float = 0.0
    standings: tuple[Standing, ...] = field(default=())


def read(line: str) -> Event:
    """The event that one line of the robot tells; `BackendUnavailable` with its own words for an error."""
    kind, _, rest = line.partition(" ")
    if kind == "error":
        raise BackendUnavailable(f"torcs: the robot says: {rest}")
    words = rest.split()
    if kind == "port":
        return Event(kind, int(words[0]), port=int(words[1]))
    if kind == "client":
        return Event(kind, int(words[0]))
    if kind == "now":
        return Event(
            kind, tick=int(words[0]), time=float(words[1]), standings=tuple(map(_running, words[2:]))
        )
    if kind == "result":
        index, position, laps = map(int, words[:3])
        total, best, damage, distance = map(float, words[3:7])
        return Event(
            kind, index, time=total, standings=(Standing(index, laps, distance, position, int(damage), best),)
        )
    return Event(kind)


def _running(word: str) -> Standing:
    index, laps, distance, position, damage = word.split(":")
    return Standing(int(index), int(laps), float(distance), int(position), int(damage))


class Service:
    """One race for clients; iterate over `events`, then `close`."""

    def __init__(self, options: TorcsOptions, listening: Listening, race_file: Path | None = None) -> None:
        """`race_file`: a race of TORCS's own format, taken as it is; of `options` only what is the robot's counts then.

        `ConfigurationError` or `BackendUnavailable` when it cannot be started here.
        """
        installation = locate.require()
        self._listening = listening
        self._environment = {**environment(options), **listening.environment()}
        self._files = _files(options, listening, race_file, installation.data)
        if race_file is None:
            race.check_opponents(options.opponents, installation.data)
        self._instance = Instance(installation, locate.require_robot())

    @property
    def pid(self) -> int | None:
        """The game's process id while it runs."""
        return self._instance.pid

    def start(self) -> None:
        """Start the game; its cars then wait for their clients."""
        self._instance.prepare(self._files)
        self._instance.start(self._environment, display=self._listening.display)

    def events(self) -> Iterator[Event]:
        """What the robot tells, as it happens, until the race is over; `BackendUnavailable` when it failed."""
        heard, begun = b"", False
        while data := self._instance.lifeline.recv(4096):
            *lines, heard = (heard + data).split(b"\n")
            for line in lines:
                event = read(line.decode("utf-8", "replace"))
                begun = begun or event.kind == "ready"
                yield event
        if not begun:
            raise BackendUnavailable(
                f"torcs: the game ended before the race began{self._instance.last_words()}"
            )

    def close(self) -> None:
        """Let the clients know that the race is over, and end the game; may be called again."""
        self._instance.farewell(_CLOSING)
        self._instance.close(_CLOSING)


def _files(options: TorcsOptions, listening: Listening, race_file: Path | None, data: Path) -> dict[str, str]:
    text = _race(options, listening) if race_file is None else _given(race_file)
    files = {
        "race.xml": text,
        "config/raceengine.xml": race.engine(),
        f"drivers/{race.ROBOT}/{race.ROBOT}.xml": race.robot(options),
    }
    if listening.display:  # its menus want settings, and look for races beside them
        for path in (data / "config").rglob("*.xml"):
            files.setdefault(path.relative_to(data).as_posix(), path.read_text("latin-1"))
        files |= {f"config/raceman/{name}.xml": text for name in ("quickrace", "practice")}
    return files


def _race(options: TorcsOptions, listening: Listening) -> str:
    kind = "practice" if listening.kind == "practice" else "race"
    return race.race(options, catalogue.track(options.track), options.grid.to_start, kind)


def _given(path: Path) -> str:
    try:
        text = path.read_text("latin-1")
    except OSError as error:
        raise ConfigurationError(f"{path}: cannot be read ({error.strerror})") from error
    if f'"{race.ROBOT}"' not in text:
        raise ConfigurationError(
            f"{path}: no car for a client in it; give a driver of the module {race.ROBOT} (index 0 to 9)"
        )
    return text
