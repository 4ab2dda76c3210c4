"""Windows of an X11 display, by python-xlib."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from racegym.capture import EXTRA, Rectangle, Window
from racegym.errors import BackendUnavailable, SimulatorLost

#: How deep below the root a top-level window can lie: window managers put frames around it.
DEPTH = 3
#: X11's map state of a window that is shown.
VISIBLE = 2


def connect(display: str | None = None) -> Any:
    """A connection to an X display; `BackendUnavailable` when there is none."""
    try:
        from Xlib import display as xdisplay
    except ImportError as error:
        raise BackendUnavailable(f"windows are found by the package python-xlib: {EXTRA}") from error
    name = display or os.environ.get("DISPLAY")
    if not name:
        raise BackendUnavailable("there is no X display: DISPLAY is not set; start Xvfb or log in to X11")
    try:
        return xdisplay.Display(name)
    except Exception as error:  # python-xlib raises socket errors and its own alike
        raise BackendUnavailable(f"the X display {name} cannot be opened: {error}") from error


def find(titles: Sequence[str], pid: int | None, display: str | None) -> Window | None:
    """As `racegym.capture.find`."""
    connection = connect(display)
    try:
        with _errors("the display"):
            for window in _below(connection.screen().root, DEPTH):
                candidate = XWindow(connection, window)
                fits = (not titles or candidate.title in titles) and (pid is None or candidate.pid == pid)
                if fits and candidate.title and _shown(window):
                    return candidate
    except SimulatorLost as error:
        connection.close()
        raise BackendUnavailable(str(error)) from error
    connection.close()
    return None


def _shown(window: Any) -> bool:
    from Xlib.error import BadWindow

    try:
        return window.get_attributes().map_state == VISIBLE
    except BadWindow:  # closed between two questions, as any window may be
        return False


def _below(window: Any, depth: int) -> Iterator[Any]:
    from Xlib.error import BadWindow

    try:
        children = window.query_tree().children
    except BadWindow:  # it was closed between two questions
        return
    for child in children:
        yield child
        if depth > 1:
            yield from _below(child, depth - 1)


@contextmanager
def _errors(what: str) -> Iterator[None]:
    from Xlib.error import ConnectionClosedError, XError

    try:
        yield
    except (XError, ConnectionClosedError, OSError) as error:
        raise SimulatorLost(f"{what} is gone ({type(error).__name__}); start the game again") from error


class XWindow:
    """A `Window` on X11."""

    def __init__(self, connection: Any, window: Any) -> None:
        self._connection = connection
        self._window = window
        self._root = connection.screen().root
        self.title = self._text("_NET_WM_NAME") or self._text("WM_NAME")
        numbers = self._property("_NET_WM_PID")
        self.pid: int | None = int(numbers[0]) if numbers is not None and len(numbers) else None

    def _property(self, name: str) -> Any:
        from Xlib import X
        from Xlib.error import BadWindow

        atom = self._connection.intern_atom(name)
        try:
            found = self._window.get_full_property(atom, X.AnyPropertyType)
        except BadWindow:
            return None
        return None if found is None else found.value

    def _text(self, name: str) -> str:
        # asked for raw: SDL's WM_NAME has a type that python-xlib's own reader takes for empty
        value = self._property(name)
        if value is None:
            return ""
        return value if isinstance(value, str) else bytes(value).decode("utf-8", "replace")

    def rectangle(self) -> Rectangle:
        with _errors(f"the window {self.title!r}"):
            size = self._window.get_geometry()
            place = self._root.translate_coords(self._window, 0, 0)
            screen = self._root.get_geometry()
        left, top = place.x, place.y
        right, bottom = min(left + size.width, screen.width), min(top + size.height, screen.height)
        left, top = max(left, 0), max(top, 0)
        if right <= left or bottom <= top:
            raise SimulatorLost(f"the window {self.title!r} lies outside the screen; move it back")
        return Rectangle(left, top, right - left, bottom - top)

    def move(self, left: int, top: int) -> None:
        with _errors(f"the window {self.title!r}"):
            self._window.configure(x=left, y=top)
            self._connection.sync()

    def resize(self, width: int, height: int) -> None:
        with _errors(f"the window {self.title!r}"):
            self._window.configure(width=width, height=height)
            self._connection.sync()

    def focus(self) -> None:
        from Xlib import X
        from Xlib.protocol import event

        with _errors(f"the window {self.title!r}"):
            activate = self._connection.intern_atom("_NET_ACTIVE_WINDOW")
            supported = self._root.get_full_property(activate, X.AnyPropertyType)
            if supported is not None:  # a window manager is there: it gives the keyboard
                message = event.ClientMessage(
                    window=self._window, client_type=activate, data=(32, [2, X.CurrentTime, 0, 0, 0])
                )
                mask = X.SubstructureRedirectMask | X.SubstructureNotifyMask
                self._root.send_event(message, event_mask=mask)
            self._window.configure(stack_mode=X.Above)
            self._window.set_input_focus(X.RevertToPointerRoot, X.CurrentTime)
            self._connection.sync()

    def focused(self) -> bool:
        with _errors(f"the window {self.title!r}"):
            focus = self._connection.get_input_focus().focus
        return getattr(focus, "id", None) == self._window.id

    def close(self) -> None:
        self._connection.close()
