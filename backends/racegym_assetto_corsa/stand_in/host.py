"""The stand-in's frame loop: physics, pages, the plug-in's callbacks, orders from outside."""

from __future__ import annotations

import importlib
import json
import os
import queue
import random
import re
import shutil
import sys
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from racegym_assetto_corsa.stand_in import folder, modules
from racegym_assetto_corsa.stand_in.joystick import Driver
from racegym_assetto_corsa.stand_in.pages import Pages
from racegym_assetto_corsa.stand_in.world import World

#: Ports of a plug-in that does not tell: assetto_corsa_gym's.
PORTS = (2345, 2347)
_TOLD = re.compile(r"udp \S+:(\d+), tcp \S+:(\d+)")
_DRIVER = "vJoyInterface.dll"
_LIVE, _PAUSED, _HOTLAP = 2, 3, 3


@dataclass(frozen=True)
class Setting:
    """How the game is to be."""

    folder: str
    """An empty one, to become the game's; it is removed at the end."""
    circuit: str
    plugin: str
    settings: Mapping[str, Mapping[str, str]]
    """Of the plug-in's ini file, by section."""
    frames: float = 50.0
    """A second."""
    jitter: float = 0.05
    """Of a frame's length, as a share."""
    pace: float = 1.0
    """Times real time; other than 1, the clock that plug-ins read goes by frames, so that a busy machine slows the game
    down instead of making it stutter."""
    shaders_patch: bool = True
    automatic: bool = True
    """The game's gearbox shifts."""


class Host:
    """One stand-in game. `frame` renders one frame and says how long to wait for the next."""

    def __init__(self, setting: Setting) -> None:
        self._setting = setting
        self._random = random.Random(1)
        self._paused = False
        self._log: list[str] = []
        self._orders: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._root = Path(setting.folder)
        self.world = World(setting.circuit, setting.automatic)
        self._driver = Driver(self.world.stick)
        self._pages = Pages()
        self._packets = 0
        self._clock = 0.0
        self._wall = time.monotonic
        if setting.pace != 1:
            time.perf_counter = lambda: self._clock
        self._app = self._load()
        self._call("acMain", 1.0)
        self._last = time.perf_counter()
        self._next = self._wall()
        self.ended = False

    def announce(self) -> None:
        """Say on standard output where the plug-in listens, and begin to take orders."""
        told = next((match for line in self._log if (match := _TOLD.search(line))), None)
        udp, tcp = (int(port) for port in told.groups()) if told else PORTS
        print(json.dumps({"udp": udp, "tcp": tcp}), flush=True)  # noqa: T201
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        for line in sys.stdin:
            self._orders.put(line.strip())
        self._orders.put(None)

    def _load(self) -> Any:
        """Import the plug-in with the game's modules in place, from the game's folder."""
        plugin = Path(self._setting.plugin)
        app = folder.make(self._root, plugin, self.world.track, self._setting.settings)
        os.chdir(self._root)
        ac, acsys = modules.make(self.world, self._say, self._setting.shaders_patch)
        sys.modules.update({"ac": ac, "acsys": acsys})
        _lend_driver(self._driver)
        sys.path.insert(0, str(app))
        # for good: plug-ins import late, and nothing else in this process wants mmap any more
        sys.modules["mmap"] = self._pages.module
        self._fill()
        return importlib.import_module(app.name)

    def _say(self, text: object) -> None:
        self._log.append(str(text))
        print(text, file=sys.stderr, flush=True)  # noqa: T201

    def _call(self, name: str, *arguments: float) -> None:
        """A callback, whose exceptions the game writes into its log and forgets."""
        try:
            getattr(self._app, name)(*arguments)
        except Exception as error:
            self._say(f"[PY ERROR] {name}: {error!r}")

    def frame(self) -> float:
        """Render one frame; seconds on the clock on the wall until the next is due."""
        self._obey()
        length = 1 / self._setting.frames
        length *= 1 + self._setting.jitter * self._random.uniform(-1, 1)
        self._clock += length
        now = time.perf_counter()
        elapsed, self._last = now - self._last, now
        if not self._paused:
            self.world.advance(elapsed)
            self._packets += 1
            self._fill()
            self._call("acUpdate", elapsed)
        self._next = max(self._next + length / self._setting.pace, self._wall() - length)
        return self._next - self._wall()

    def _obey(self) -> None:
        with suppress(queue.Empty):
            while True:
                order = self._orders.get_nowait()
                word, _, value = (order or "end").partition(" ")
                ORDERS[word](self, value)

    def end(self, _: str = "") -> None:
        """The session closes."""
        if not self.ended:
            self.ended = True
            self._call("acShutdown")
            os.chdir("/")
            shutil.rmtree(self._root, ignore_errors=True)

    def _vanish(self, _: str) -> None:
        shutil.rmtree(self._root, ignore_errors=True)
        os._exit(1)

    def _pause(self, value: str) -> None:
        self._paused = value != "off"

    def _set(self, **changes: float) -> None:
        self._setting = replace(self._setting, **changes)

    def _patch(self, value: str) -> None:
        ac: Any = sys.modules["ac"]
        if value == "off":
            for name in [name for name in vars(ac) if name.startswith("ext_")]:
                delattr(ac, name)

    def _break_joystick(self, _: str) -> None:
        self._driver.broken = True

    def _fill(self) -> None:
        world, now = self.world, self.world.now
        self._pages.fill(
            {
                "physicsPacketId": self._packets,
                "gas": float(now["throttle"][0]),
                "brake": float(now["brake"][0]),
                "gear": world.gear + 1,
                "rpms": float(now["engine_speed"][0]) * modules.RPM,
                "steerAngle": -float(now["steer"][0]),
                "speedKmh": float(now["speed"][0]) * 3.6,
                "heading": -float(now["yaw"][0]),
                "numberOfTyresOut": world.tyres_out,
                "autoShifterOn": world.automatic,
                "packetId": self._packets,
                "status": _PAUSED if self._paused else _LIVE,
                "session": _HOTLAP,
                "completedLaps": world.lap_count,
                "iCurrentTime": world.lap_time * 1000,
                "iLastTime": world.last_lap * 1000,
                "iBestTime": world.best_lap * 1000,
                "normalizedCarPosition": world.spline,
                "maxRpm": world.car.engine_speeds[-1] * modules.RPM,
                "penaltiesEnabled": 1,
            }
        )


#: What may be asked on standard input, one line each: the order and its value.
ORDERS: Mapping[str, Callable[[Host, str], None]] = {
    "pause": Host._pause,
    "frames": lambda host, value: host._set(frames=float(value)),
    "patch": Host._patch,
    "joystick": Host._break_joystick,
    "vanish": Host._vanish,
    "end": Host.end,
}


def _lend_driver(driver: Driver) -> None:
    """Hand the joystick to whoever loads vJoy's library by ctypes; ctypes is this process's alone."""
    import ctypes

    load = ctypes.CDLL

    def library(name: str, *arguments: Any, **options: Any) -> Any:
        return driver if str(name).endswith(_DRIVER) else load(name, *arguments, **options)

    ctypes.CDLL = library  # pyright: ignore[reportAttributeAccessIssue]
    ctypes.WinDLL = library  # pyright: ignore[reportAttributeAccessIssue]
