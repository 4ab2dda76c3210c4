"""The stand-in's window on X11, by python-xlib, which pynput needs on X11 anyway: no other package for a few
polygons.
"""

from __future__ import annotations

import os
import select
from typing import Any

import numpy as np

from racegym_trackmania.hud import FLAG, FONT, stand_in
from racegym_trackmania.keys import KEYS
from racegym_trackmania.stand_in.view import LIGHT, SHADE, SKY, Polygon

LAMP = 8
"""Side of a key's lamp, pixels."""
CODE_BITS, CODE = 24, 4
"""The frame's number as squares of `CODE` pixels in the lower left corner, most significant first; see
`frame_number`.
"""
LAMPS = ("left", "up", "down", "right")


class Window:
    """A top-level window, drawn into a pixmap and shown at once."""

    def __init__(self, display: str, title: str, width: int, height: int, dot: int) -> None:
        """`dot` is the side of a digit's dot, pixels."""
        from Xlib import X, Xatom
        from Xlib import display as xdisplay

        self._x: Any = X
        self._display: Any = xdisplay.Display(display)
        self._screen = self._display.screen()
        self.width, self.height = width, height
        self._dot, self._hud = dot, stand_in(dot)
        mask = X.KeyPressMask | X.KeyReleaseMask | X.FocusChangeMask | X.StructureNotifyMask
        self._window: Any = self._screen.root.create_window(
            0, 0, width, height, 0, self._screen.root_depth, background_pixel=0, event_mask=mask
        )
        self._window.set_wm_name(title)
        self._window.set_wm_class("standin", title)
        name = self._display.intern_atom("_NET_WM_NAME")
        self._window.change_property(name, self._display.intern_atom("UTF8_STRING"), 8, title.encode())
        self._window.change_property(
            self._display.intern_atom("_NET_WM_PID"), Xatom.CARDINAL, 32, [os.getpid()]
        )
        self._window.map()
        self._gc = self._window.create_gc(graphics_exposures=False)
        self._pixmap: Any = self._window.create_pixmap(width, height, self._screen.root_depth)
        self._symbols = {codes[0]: name for name, codes in KEYS.items()}
        self.keys: set[str] = set()
        self.pressed: list[str] = []
        """Keys that went down since the list was emptied last."""
        self._display.sync()

    def fileno(self) -> int:
        return self._display.fileno()

    def pump(self) -> bool:
        """Take what the X server has sent; whether a key went up or down."""
        x, before = self._x, set(self.keys)
        events = [self._display.next_event() for _ in range(self._display.pending_events())]
        for place, event in enumerate(events):
            if event.type == x.KeyPress:
                self._key(event, True)
            elif event.type == x.KeyRelease and not _repeats(x, event, events[place + 1 : place + 2]):
                self._key(event, False)
            elif event.type == x.FocusOut and event.mode == x.NotifyNormal:
                self.keys.clear()  # as games do: what is held when the focus goes is let go
            elif event.type == x.ConfigureNotify and (event.width, event.height) != (self.width, self.height):
                self._resized(event.width, event.height)
        return self.keys != before

    def _key(self, event: Any, down: bool) -> None:
        name = self._symbols.get(self._display.keycode_to_keysym(event.detail, 0))
        if name is None:
            return
        if down and name not in self.keys:
            self.pressed.append(name)
            self.keys.add(name)
        elif not down:
            self.keys.discard(name)

    def _resized(self, width: int, height: int) -> None:
        self.width, self.height = width, height
        self._pixmap.free()
        self._pixmap = self._window.create_pixmap(width, height, self._screen.root_depth)

    def draw(self, shapes: list[Polygon], speed: float | None, finished: bool, number: int) -> None:
        """Show a frame: sky, polygons, speed in km/h (None: no HUD), the flag at the finish, lamps of the keys, the
        frame's number.
        """
        self._fill(SKY, [(0, 0, self.width, self.height)])
        for shape in shapes:
            self._gc.change(foreground=_pixel(shape.colour))
            points = [(int(x), int(y)) for x, y in shape.points.tolist()]
            self._pixmap.fill_poly(self._gc, self._x.Complex, self._x.CoordModeOrigin, points)
        if speed is not None:
            self._speed(min(round(speed * 3.6), 999))
        if finished:
            self._flag()
        bits = [(number >> (CODE_BITS - 1 - i)) & 1 for i in range(CODE_BITS)]
        squares = [(i * CODE, self.height - CODE, CODE, CODE) for i in range(CODE_BITS)]
        self._fill(SHADE, [square for square, bit in zip(squares, bits, strict=True) if not bit])
        self._fill(LIGHT, [square for square, bit in zip(squares, bits, strict=True) if bit])
        self._lamps(self._pixmap)
        self._pixmap_to_window()

    def lamps(self) -> None:
        """Show the keys at once, between two frames."""
        self._lamps(self._window)
        self._display.flush()

    def _lamps(self, target: Any) -> None:
        row = self.height - CODE - LAMP
        places = {name: (place * LAMP, row, LAMP, LAMP) for place, name in enumerate(LAMPS)}
        self._fill(LIGHT, [places[name] for name in LAMPS if name in self.keys], target)
        self._fill(SHADE, [places[name] for name in LAMPS if name not in self.keys], target)

    def _speed(self, value: int) -> None:
        hud, dot = self._hud, self._dot
        left = self.width - hud.right - hud.step * 3
        top = self.height - hud.bottom - 7 * dot
        self._fill(SHADE, [(left, top - 2, self.width - left, self.height - top + 2)])
        lit = []
        for place, digit in enumerate(reversed(str(value))):
            x0 = self.width - hud.right - 5 * dot - place * hud.step
            rows, columns = np.nonzero(FONT[int(digit)])
            lit += [
                (x0 + c * dot, top + r * dot, dot, dot)
                for r, c in zip(rows.tolist(), columns.tolist(), strict=True)
            ]
        self._fill(LIGHT, lit)

    def _flag(self) -> None:
        height, width = FLAG.grey.shape
        self._fill((0, 0, 0), [(FLAG.left, FLAG.top, width, height)])
        rows, columns = np.nonzero(FLAG.grey)
        self._fill(
            LIGHT,
            [
                (FLAG.left + c, FLAG.top + r, 1, 1)
                for r, c in zip(rows.tolist(), columns.tolist(), strict=True)
            ],
        )

    def _fill(
        self, colour: tuple[int, int, int], squares: list[tuple[int, int, int, int]], target: Any = None
    ) -> None:
        if squares:
            self._gc.change(foreground=_pixel(colour))
            (target or self._pixmap).poly_fill_rectangle(self._gc, squares)

    def _pixmap_to_window(self) -> None:
        self._window.copy_area(self._gc, self._pixmap, 0, 0, self.width, self.height, 0, 0)
        self._display.flush()

    def pixels(self) -> bytes:
        """What is shown, blue, green, red and a filler for each pixel."""
        image = self._pixmap.get_image(0, 0, self.width, self.height, self._x.ZPixmap, 0xFFFFFFFF)
        return image.data

    def move(self, left: int, top: int) -> None:
        self._window.configure(x=left, y=top)
        self._display.flush()

    def resize(self, width: int, height: int) -> None:
        self._window.configure(width=width, height=height)
        self._display.flush()

    def unfocus(self) -> None:
        """Give the keyboard away."""
        self._display.set_input_focus(self._x.NONE, self._x.RevertToNone, self._x.CurrentTime)
        self._display.flush()

    def minimise(self, hidden: bool = True) -> None:
        (self._window.unmap if hidden else self._window.map)()
        self._display.flush()

    def close(self) -> None:
        self._display.close()


def _pixel(colour: tuple[int, int, int]) -> int:
    return colour[0] << 16 | colour[1] << 8 | colour[2]


def _repeats(x: Any, release: Any, following: list[Any]) -> bool:
    """Whether this release is the first half of the X server's auto-repeat, which sends both at the same moment."""
    return any(
        e.type == x.KeyPress and e.time == release.time and e.detail == release.detail for e in following
    )


def frame_number(pixels: np.ndarray) -> int:
    """The number drawn into a picture of the stand-in, uint8 ``(h, w, 3)``."""
    row = pixels.shape[0] - CODE // 2
    bright = pixels[row, CODE // 2 : CODE * CODE_BITS : CODE, 1] > 150
    return int("".join("1" if bit else "0" for bit in bright), 2)


def wait(files: list[Any], seconds: float) -> list[Any]:
    """Those of `files` that can be read within `seconds`."""
    return select.select(files, [], [], max(seconds, 0.0))[0]
