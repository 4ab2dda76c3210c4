"""A race of somebody else's, seen as people see it: a camera over TORCS's window, grabbed from the screen."""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import replace

import numpy as np

from racegym import capture
from racegym.capture import frames
from racegym.errors import BackendUnavailable, ConfigurationError, SimulatorLost
from racegym.simulator import Camera
from racegym_torcs.locate import find
from racegym_torcs.options import ScreenOptions, TorcsOptions
from racegym_torcs.simulator import Torcs

CAMERA = "screen"
TITLE = "racegym: TORCS"
"""Of windows that racegym opens; TORCS itself calls its window by the path of its program."""


class WindowedTorcs(Torcs):
    """A race found running, of one car, whose window is on a screen that we may read (option ``screen``).

    Its pictures are those on the screen when they are asked for: no lockstep, no two alike.
    """

    def __init__(self, options: TorcsOptions) -> None:
        """`options.screen` is set."""
        super().__init__(options)
        assert options.screen is not None
        self._look: ScreenOptions = options.screen
        self.spec = replace(self.spec, cameras=(Camera(CAMERA, self._look.width, self._look.height),))
        self._window: capture.Window | None = None
        self._screen: capture.Screen | None = None

    def expose(self, camera: str) -> None:
        """Nothing: a screen needs no beginning."""

    def frame(self, camera: str) -> np.ndarray:
        """What the window shows now, resized to what the option says, uint8 ``(1, height, width, 3)``.

        `BackendUnavailable` when there is no such window, or no way to read the screen; `SimulatorLost` when it has gone.
        """
        if camera != CAMERA:
            raise ConfigurationError(f"torcs: no camera {camera!r}; there is {CAMERA!r}")
        if self._window is None or self._screen is None:
            self._open_eyes()
        assert self._window is not None and self._screen is not None
        try:
            seen = self._screen.grab(self._window.rectangle())
        except SimulatorLost:
            self._close_eyes()
            raise
        return frames.resize(seen.pixels, self._look.width, self._look.height)[None]

    def close(self) -> None:
        self._close_eyes()
        super().close()

    def _open_eyes(self) -> None:
        self._screen = capture.Screen(self._look.display)
        titles = _titles(self._look.window)
        deadline = time.monotonic() + self._options.deadlines.picture
        while (found := capture.find(titles, display=self._look.display)) is None:
            if time.monotonic() > deadline:
                raise BackendUnavailable(
                    f"torcs: no window is called {' or '.join(titles)}; say its title in simulator.screen.window, "
                    "and the display in simulator.screen.display (`racegym torcs serve --display` opens one)"
                )
            time.sleep(0.05)
        self._window = found

    def _close_eyes(self) -> None:
        for eye in (self._window, self._screen):
            if eye is not None:
                with suppress(SimulatorLost):
                    eye.close()
        self._window = self._screen = None


def _titles(wanted: str | None) -> tuple[str, ...]:
    """What a window of TORCS may be called."""
    if wanted is not None:
        return (wanted,)
    installation = find()
    own = () if installation is None else (str(installation.program / "torcs-bin"),)
    return (TITLE, *own, "torcs-bin", "torcs")
