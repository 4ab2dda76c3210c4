"""A game's window as a camera: found by title or process, its exact client rectangle, grabbed, resized, stacked.

``find`` gives a `Window` (X11 by python-xlib, Windows by ctypes), `Screen` grabs its pixels (mss >= 10.2, which may be
used from any thread), `frames` makes observations of them. Packages are imported when used; what is missing is a
`BackendUnavailable` that names it. What is grabbed is the screen: a window above the game's is in the picture.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np

from racegym.errors import BackendUnavailable, SimulatorLost

EXTRA = "pip install 'racegym[capture]'"


class Rectangle(NamedTuple):
    """A part of the screen in pixels, from its top left corner."""

    left: int
    top: int
    width: int
    height: int


class Frame(NamedTuple):
    """Pixels and when they were grabbed."""

    pixels: np.ndarray
    """uint8 ``(height, width, 3)``: red, green, blue; rows top-down."""
    time: float
    """On `time.perf_counter`, when the grab began."""


class Window(Protocol):
    """A top-level window of another process."""

    title: str
    pid: int | None

    def rectangle(self) -> Rectangle:
        """The client area on the screen, without frame or title bar, cut off at the screen's edges; `SimulatorLost`."""
        ...

    def move(self, left: int, top: int) -> None:
        """Ask for another place; read `rectangle` for the answer."""
        ...

    def resize(self, width: int, height: int) -> None:
        """Ask for another client size, which the window may refuse."""
        ...

    def focus(self) -> None:
        """Give it the keyboard."""
        ...

    def focused(self) -> bool:
        """Whether it has the keyboard."""
        ...

    def close(self) -> None:
        """Let go of it; it stays open."""
        ...


def find(titles: Sequence[str] = (), pid: int | None = None, display: str | None = None) -> Window | None:
    """The first top-level window with one of these titles, of process `pid` when given; None when there is none.

    `display` names an X display, by default ``$DISPLAY``. `BackendUnavailable` where no window can be looked for.
    """
    if sys.platform == "win32":
        from racegym.capture import win32

        return win32.find(titles, pid)
    from racegym.capture import x11

    return x11.find(titles, pid, display)


class Screen:
    """Grabs parts of one screen, from any thread."""

    def __init__(self, display: str | None = None) -> None:
        """`display` as in `find`."""
        try:
            import mss
        except ImportError as error:
            raise BackendUnavailable(f"screen capture needs the package mss >= 10.2: {EXTRA}") from error
        make: Any = getattr(mss, "MSS", None)
        if make is None:
            raise BackendUnavailable(f"mss {mss.__version__} cannot be used from several threads: {EXTRA}")
        where = {} if sys.platform == "win32" else {"display": display or os.environ.get("DISPLAY")}
        try:
            self._grabber = make(**where)
        except Exception as error:  # mss has no common error for a screen that cannot be opened
            raise BackendUnavailable(
                f"the screen {where.get('display') or ''} cannot be opened ({error}); set DISPLAY, or start Xvfb. "
                "Wayland screens cannot be grabbed: log in to an X11 session"
            ) from error

    def grab(self, part: Rectangle) -> Frame:
        """The pixels of `part` now; `SimulatorLost` when the screen cannot be read there."""
        moment = time.perf_counter()
        try:
            shot = self._grabber.grab(part._asdict())
        except Exception as error:  # mss has an error class for each platform
            raise SimulatorLost(f"the screen cannot be grabbed at {tuple(part)}: {error}") from error
        raw = np.frombuffer(shot.raw, np.uint8).reshape(shot.height, shot.width, 4)
        return Frame(raw[..., 2::-1], moment)

    def close(self) -> None:
        self._grabber.close()
