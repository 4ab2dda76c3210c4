"""The stand-in's loop: keys, ticks, a picture and telemetry, 60 times a second; and the switches for every fault."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable
from typing import Any, NamedTuple

from racegym_trackmania.stand_in import view
from racegym_trackmania.stand_in.race import TICK, Race
from racegym_trackmania.stand_in.server import Records, Samples
from racegym_trackmania.stand_in.window import Window, wait

STALL = 0.5
"""s"""
MOST = 4
"""Ticks in a frame at most: a machine that cannot hold 25 frames a second makes the game slower, not jerkier."""


class Settings(NamedTuple):
    """What the stand-in is started with."""

    display: str
    title: str
    track: str
    width: int
    height: int
    rate: int
    laps: int
    countdown: float
    port: int
    tmrl_port: int
    dot: int
    """Side of a dot of the HUD's digits, pixels."""
    line: str
    """Where to write the circuit as a racegym track; "" for nowhere."""


class Game:
    """One running stand-in, tied to its owner by `lifeline`: a socket for words both ways, whose end ends it."""

    def __init__(self, settings: Settings, lifeline: socket.socket) -> None:
        self._lifeline = lifeline
        self._lifeline.setblocking(False)
        self._period = 1.0 / settings.rate
        self.race = Race(settings.track, settings.laps, settings.countdown)
        if settings.line:
            self.race.track.save(settings.line)
        self.window = Window(settings.display, settings.title, settings.width, settings.height, settings.dot)
        self.records = Records(settings.port)
        self.records.map_name = settings.track
        self.samples = Samples(settings.tmrl_port)
        self.fault = ""
        self.frames = 0
        self._popup = False
        self._heard = b""
        self._over = False
        self._faults: dict[str, Callable[[], None]] = {
            "none": self._heal,
            "close": self._hang_up,
            "menu": lambda: setattr(self.race, "menu", True),
            "unfocus": self.window.unfocus,
            "move": lambda: self.window.move(37, 23),
            "resize": lambda: self.window.resize(320, 200),
            "stall": lambda: time.sleep(STALL),
            "minimise": self.window.minimise,
            "die": lambda: os._exit(9),
            "freeze": lambda: time.sleep(60),
        }
        self._say(f"ports {self.records.port} {self.samples.port}")
        self._say("ready")

    def run(self) -> None:
        """Until the owner lets go."""
        started = due = time.monotonic()
        ticked = started
        while not self._over:
            files: list[Any] = [self.window, self._lifeline, *self.records.files(), *self.samples.files()]
            wait(files, due - time.monotonic())
            self._listen()
            now = time.monotonic()
            if now < due:
                continue
            due = due + self._period if now - due < self._period else now + self._period
            ticks = min(int((now - ticked) / TICK), MOST)
            ticked = now - (now - ticked) % TICK
            self._frame(ticks, now - started)

    def close(self) -> None:
        self.records.close()
        self.samples.close()
        self.window.close()

    def _listen(self) -> None:
        if self.window.pump():
            self.window.lamps()
        self._act_on_keys()
        for line in self.records.pump():
            if line.startswith("hello"):
                self.records.greet()
        self.samples.pump()
        self._obey()

    def _act_on_keys(self) -> None:
        """Restart and camera keys; after the finish a pop-up takes the next return."""
        for key in self.window.pressed:
            if self._popup and key == "return":
                self._popup = False
            elif key in ("delete", "backspace") and not self._popup and not self.race.menu:
                self.race.restart()
        self.window.pressed.clear()

    def _frame(self, ticks: int, seconds: float) -> None:
        race = self.race
        for _ in range(ticks):
            was = race.finished
            race.tick(self.window.keys)
            self._popup |= race.finished and not was
        self.frames += 1
        now = race.telemetry
        shapes: list[view.Polygon] = []
        if not race.menu:
            pose = now["position"][0], float(now["yaw"][0]), race.distance
            shapes = view.road(race.track, *pose, self.window.width, self.window.height)
        speed = None if race.menu else float(now["speed"][0])
        self.window.draw(shapes, speed, race.finished and not race.menu, self.frames)
        if self.fault != "silent":
            self.records.frame(race.record(self.frames, round(seconds * 1000)), self.fault)
            self.samples.frame(race.sample(), self.fault)

    def _obey(self) -> None:
        """Words of the owner: ``fault <name>``."""
        try:
            data = self._lifeline.recv(4096)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._over = True
            return
        *lines, self._heard = (self._heard + data).split(b"\n")
        for line in lines:
            words = line.decode("ascii", "replace").split()
            if words[:1] == ["fault"] and len(words) == 2:
                self.fault = words[1]
                self._say(line.decode())  # before it takes effect: some faults say no more
                self._faults.get(words[1], lambda: None)()

    def _heal(self) -> None:
        self.fault, self.race.menu = "", False
        self.window.minimise(False)

    def _hang_up(self) -> None:
        """Hang up, and refuse whoever comes."""
        self.records.close()
        self.samples.close()
        self.records, self.samples = Records(0), Samples(0)

    def _say(self, text: str) -> None:
        self._lifeline.send(f"{text}\n".encode())
