"""A display of our own, and a person's hands on it: real key events, and the close button."""

from __future__ import annotations

from typing import Any

from Xlib import XK, X
from Xlib.ext import xtest
from Xlib.protocol import event

from racegym.capture import x11


class Hands:
    """Keys on the X display `name`, as an X server hears them from a keyboard."""

    def __init__(self, name: str) -> None:
        self._display = x11.connect(name)

    def press(self, key: str, down: bool = True) -> None:
        """`key` as X names it: ``Up``, ``Escape``."""
        code = self._display.keysym_to_keycode(XK.string_to_keysym(key))
        xtest.fake_input(self._display, X.KeyPress if down else X.KeyRelease, code)
        self._display.sync()

    def release(self, key: str) -> None:
        self.press(key, down=False)

    def close_window(self, window: Any) -> None:
        """What a window manager sends when the close button is pressed."""
        protocols, delete = (self._display.intern_atom(n) for n in ("WM_PROTOCOLS", "WM_DELETE_WINDOW"))
        target = self._display.create_resource_object("window", window._window.id)
        target.send_event(
            event.ClientMessage(window=target, client_type=protocols, data=(32, [delete, 0, 0, 0, 0]))
        )
        self._display.sync()

    def close(self) -> None:
        self._display.close()
