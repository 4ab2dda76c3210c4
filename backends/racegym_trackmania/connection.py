"""Everything that ties us to one game: its window, screen, keys and telemetry, opened together and closed together."""

from __future__ import annotations

import contextlib
import math
import os
import time

import numpy as np

from racegym import capture
from racegym.errors import BackendUnavailable, SimulatorLost, SimulatorTimeout
from racegym_trackmania.gamepad import Gamepad
from racegym_trackmania.keys import Keyboard
from racegym_trackmania.launch import Display, StandIn
from racegym_trackmania.options import STAND_IN, TrackmaniaOptions
from racegym_trackmania.profiles import PROFILES
from racegym_trackmania.race import TAP
from racegym_trackmania.telemetry import Reader, State

_GLANCE = 0.05
"""Between two looks for a window, s."""
_SELDOM = 5
"""Checks between two looks at the window's size, which cost some round trips."""


class Connection:
    """One game as it runs, or the stand-in, started by us. Constructing it connects, or raises `BackendUnavailable`."""

    def __init__(self, options: TrackmaniaOptions) -> None:
        self._options = options
        self._profile = PROFILES[options.game]
        self._closing = contextlib.ExitStack()
        self._checks = 0
        self.stand_in: StandIn | None = None
        self.reader: Reader | None = None
        """None where the game sends no telemetry: source pixels."""
        self.pad: Gamepad | None = None
        self.frame_time = math.nan
        """When the last frame was grabbed, on `time.perf_counter`."""
        try:
            self._connect()
        except BaseException:
            self.close()
            raise

    def _connect(self) -> None:
        options, closing = self._options, self._closing
        display = self._display()
        address = self._start(display) if options.map == STAND_IN else options.address
        if options.source != "pixels":
            self.reader = Reader(*address, tmrl=options.source == "tmrl")
            closing.callback(self.reader.close)
        self.window = self._find(display)
        closing.callback(self.window.close)
        self._screen = capture.Screen(display)
        closing.callback(self._screen.close)
        self.keys = Keyboard(display)
        closing.callback(self.keys.close)
        if options.actuator == "gamepad":
            self.pad = Gamepad()
            closing.callback(self.pad.close)
        self._arrange()
        self._await_telemetry()

    def _display(self) -> str | None:
        """The X display to use; one of our own where that is wanted, or the stand-in has none."""
        options = self._options
        alone = options.display is None and options.map == STAND_IN and not os.environ.get("DISPLAY")
        if options.display == "own" or alone:
            own = Display(max(1280, options.width + 64), max(800, options.height + 64))
            self._closing.callback(own.close)
            return own.name
        return options.display

    def _start(self, display: str | None) -> tuple[str, int]:
        """Start the stand-in; where its telemetry is."""
        options = self._options
        arguments = {
            "title": self._profile.windows[0], "track": options.circuit, "width": options.width,
            "height": options.height, "rate": options.rate, "laps": options.laps, "dot": options.dot,
        }  # fmt: skip
        words = [word for name, value in arguments.items() for word in (f"--{name}", str(value))]
        self.stand_in = StandIn(display or os.environ["DISPLAY"], words, options.deadlines.start)
        self._closing.callback(self.stand_in.close)
        return "127.0.0.1", self.stand_in.ports[1 if options.source == "tmrl" else 0]

    def _find(self, display: str | None) -> capture.Window:
        pid = self.stand_in.pid if self.stand_in is not None else None
        end = time.perf_counter() + self._options.deadlines.start
        while True:
            window = capture.find(self._profile.windows, pid, display)
            if window is not None:
                return window
            if time.perf_counter() > end or self.stand_in is None:
                raise BackendUnavailable(
                    f"trackmania: no window is called {' or '.join(self._profile.windows)}; start "
                    f"{self._profile.title} and load a map, or drive the stand-in: racegym drive trackmania/stand-in"
                )
            self.stand_in.check()
            self.rest(_GLANCE)

    def rest(self, seconds: float) -> None:
        """Wait for telemetry, or so long."""
        if self.reader is not None:
            self.reader.wait(self.reader.records, seconds)

    def _arrange(self) -> None:
        """Size, place and keyboard of the window; then the camera."""
        options, window = self._options, self.window
        if window.rectangle()[2:] != (options.width, options.height):
            window.move(0, 0)
            window.resize(options.width, options.height)
            self.rest(_GLANCE)
            if (found := window.rectangle())[2:] != (options.width, options.height):
                raise BackendUnavailable(
                    f"trackmania: the window stays at {found.width}x{found.height}; set the game to windowed mode, or "
                    f"simulator.width and height to what it has"
                )
        window.focus()
        if options.camera is not None:
            self.keys.hold({self._profile.cameras[options.camera]})
            self.rest(TAP)
            self.keys.release()

    def _await_telemetry(self) -> None:
        if self.reader is None or self.reader.wait(0, self._options.deadlines.start) is not None:
            return
        self.check()
        if self.reader.error is not None:
            raise BackendUnavailable(str(self.reader.error)) from self.reader.error
        host, port = self._options.address
        raise BackendUnavailable(
            f"trackmania: no telemetry comes from {host}:{port} ({self.reader.state}); load a map, and the plug-in in "
            "Openplanet: racegym trackmania doctor says more"
        )

    def grab(self) -> np.ndarray:
        """The game's picture now, uint8 ``(height, width, 3)``; `SimulatorLost` when it has another size."""
        place = self.window.rectangle()
        if place[2:] != (self._options.width, self._options.height):
            raise SimulatorLost(
                f"trackmania: the window is {place.width}x{place.height} now, not {self._options.width}x"
                f"{self._options.height}; the next reset puts it right"
            )
        frame = self._screen.grab(place)
        self.frame_time = frame.time
        return frame.pixels

    def check(self) -> None:
        """`SimulatorLost` when the game is gone, others have the keyboard, or (now and then) the size is another."""
        if self.stand_in is not None:
            self.stand_in.check()
        if self.pad is None and not self.window.focused():
            raise SimulatorLost(
                "trackmania: the game's window has lost the keyboard; the next reset takes it back"
            )
        self._checks += 1
        if self._checks % _SELDOM == 0:
            size = self.window.rectangle()[2:]
            if size != (self._options.width, self._options.height):
                raise SimulatorLost("trackmania: the game's window was resized; the next reset puts it right")

    def sound(self, state: State | None) -> State:
        """`state`, or why it cannot be driven by: `SimulatorLost`, `SimulatorTimeout`."""
        assert self.reader is not None
        if state is None:
            self.check()
            if self.reader.error is not None:
                raise SimulatorLost(str(self.reader.error)) from self.reader.error
            if self.reader.state == "connecting":
                raise SimulatorLost(
                    "trackmania: the plug-in has hung up; is the game closed, or the plug-in unloaded?"
                )
            raise SimulatorTimeout(
                f"trackmania: no telemetry for {self._options.deadlines.step:g} s ({self.reader.state}, "
                f"{self.reader.garbage} bytes not understood); is the game stalled, or in a menu?"
            )
        if self.reader.stall > self._options.deadlines.step:
            raise SimulatorTimeout(f"trackmania: the game stood still for {self.reader.stall:.2f} s")
        if state.menu or not state.car:
            raise SimulatorLost(
                "trackmania: the game is in a menu, or has no car on the map; load the map again"
            )
        return state

    def close(self) -> None:
        """Let go of all, keys first; what we started is stopped."""
        self._closing.close()
