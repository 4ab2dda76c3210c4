"""Windows of Microsoft Windows, by ctypes. Written from the documentation; not yet run on the system itself."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from typing import Any

from racegym.capture import Rectangle, Window
from racegym.errors import SimulatorLost

_NO_SIZE, _NO_MOVE, _NO_ORDER = 0x0001, 0x0002, 0x0004
_SHOW_RESTORED = 9
#: Pixels of the screen, not of the scaling that a process without a word about it is told.
_PER_MONITOR_AWARE = 2


class Point(ctypes.Structure):
    _fields_ = (("x", ctypes.c_long), ("y", ctypes.c_long))


class Bounds(ctypes.Structure):
    _fields_ = tuple((name, ctypes.c_long) for name in ("left", "top", "right", "bottom"))


def _user() -> Any:
    windll: Any = ctypes.windll  # pyright: ignore[reportAttributeAccessIssue]
    windll.shcore.SetProcessDpiAwareness(_PER_MONITOR_AWARE)
    user = windll.user32
    for name in (
        "GetWindowTextLengthW",
        "IsWindowVisible",
        "IsIconic",
        "GetClientRect",
        "SetForegroundWindow",
    ):
        getattr(user, name).argtypes = None
    user.GetForegroundWindow.restype = ctypes.c_void_p
    return user


def find(titles: Sequence[str], pid: int | None) -> Window | None:
    """As `racegym.capture.find`."""
    user = _user()
    found: list[WinWindow] = []

    def look(handle: Any, _: Any) -> bool:
        window = WinWindow(user, handle)
        fits = (not titles or window.title in titles) and (pid is None or window.pid == pid)
        if fits and window.title and user.IsWindowVisible(ctypes.c_void_p(handle)):
            found.append(window)
        return not found

    kind: Any = ctypes.WINFUNCTYPE(  # pyright: ignore[reportAttributeAccessIssue]
        ctypes.c_bool, ctypes.c_void_p, ctypes.c_void_p
    )
    user.EnumWindows(kind(look), None)
    return found[0] if found else None


class WinWindow:
    """A `Window` on Windows."""

    def __init__(self, user: Any, handle: int) -> None:
        self._user = user
        self._handle = ctypes.c_void_p(handle)
        length = user.GetWindowTextLengthW(self._handle)
        text = ctypes.create_unicode_buffer(length + 1)
        user.GetWindowTextW(self._handle, text, length + 1)
        self.title = text.value
        process = ctypes.c_ulong()
        user.GetWindowThreadProcessId(self._handle, ctypes.byref(process))
        self.pid: int | None = int(process.value)

    def rectangle(self) -> Rectangle:
        bounds, corner = Bounds(), Point()
        if self._user.IsIconic(self._handle):
            raise SimulatorLost(f"the window {self.title!r} is minimised; restore it")
        if not self._user.GetClientRect(self._handle, ctypes.byref(bounds)):
            raise SimulatorLost(f"the window {self.title!r} is gone; start the game again")
        self._user.ClientToScreen(self._handle, ctypes.byref(corner))
        return Rectangle(corner.x, corner.y, bounds.right, bounds.bottom)

    def _around(self) -> tuple[int, int]:
        """Width and height of frame and title bar."""
        outer, inner = Bounds(), Bounds()
        self._user.GetWindowRect(self._handle, ctypes.byref(outer))
        self._user.GetClientRect(self._handle, ctypes.byref(inner))
        return outer.right - outer.left - inner.right, outer.bottom - outer.top - inner.bottom

    def move(self, left: int, top: int) -> None:
        self._user.SetWindowPos(self._handle, None, left, top, 0, 0, _NO_SIZE | _NO_ORDER)

    def resize(self, width: int, height: int) -> None:
        wider, higher = self._around()
        self._user.SetWindowPos(
            self._handle, None, 0, 0, width + wider, height + higher, _NO_MOVE | _NO_ORDER
        )

    def focus(self) -> None:
        if self._user.IsIconic(self._handle):
            self._user.ShowWindow(self._handle, _SHOW_RESTORED)
        self._user.SetForegroundWindow(self._handle)

    def focused(self) -> bool:
        return self._user.GetForegroundWindow() == self._handle.value

    def close(self) -> None:
        """Nothing is held."""
