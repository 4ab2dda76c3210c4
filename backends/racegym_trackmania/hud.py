"""What the picture tells in signs: the speed, in digits at a fixed place from the lower right corner, by the nearest
template; and the finish, by a patch that is shown when the race is over.

Templates are boolean ``(10, height, width)``. Games draw their own: `digits` learns them from pictures, `load` takes a
file of them, `FONT` are the stand-in's.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np

from racegym.errors import ConfigurationError

#: Rows of five bits, from the top, for the digits 0 to 9.
_ROWS = (
    (14, 17, 19, 21, 25, 17, 14), (4, 12, 4, 4, 4, 4, 14), (14, 17, 1, 2, 4, 8, 31), (31, 2, 4, 2, 1, 17, 14),
    (2, 6, 10, 18, 31, 2, 2), (31, 16, 30, 1, 1, 17, 14), (6, 8, 16, 30, 17, 17, 14), (31, 1, 2, 4, 8, 8, 8),
    (14, 17, 17, 14, 17, 17, 14), (14, 17, 17, 15, 1, 2, 12),
)  # fmt: skip
FONT = np.array([[[bool(row >> bit & 1) for bit in (4, 3, 2, 1, 0)] for row in rows] for rows in _ROWS])


#: A patch whose grey values differ from the picture's by less in the mean is there.
ALIKE = 25.0


class Patch(NamedTuple):
    """A part of the picture, by which a moment is recognised."""

    left: int
    top: int
    grey: np.ndarray
    """uint8 ``(height, width)``"""

    def seen(self, pixels: np.ndarray) -> bool:
        """Whether uint8 ``(h, w, 3)`` shows it."""
        height, width = self.grey.shape
        there = pixels[self.top : self.top + height, self.left : self.left + width].astype(np.float32)
        if there.shape[:2] != self.grey.shape:
            return False
        return float(np.abs(there.mean(axis=2) - self.grey).mean()) < ALIKE


class Hud(NamedTuple):
    """Where the digits are and what they look like; and what shows the finish, where that is known."""

    templates: np.ndarray
    right: int
    """Pixels from the picture's right edge to the last digit's right edge."""
    bottom: int
    step: int
    """From one digit's left edge to the next."""
    digits: int = 3
    bright: int = 250
    """A digit's pixels are at least so bright in all channels."""
    finish: Patch | None = None

    def read(self, pixels: np.ndarray) -> int | None:
        """The number shown in uint8 ``(h, w, 3)``; None when what is there is no number."""
        _, height, width = self.templates.shape
        bottom = pixels.shape[0] - self.bottom
        value, seen = 0, False
        for place in range(self.digits):
            right = pixels.shape[1] - self.right - (self.digits - 1 - place) * self.step
            if bottom - height < 0 or right - width < 0:
                return None
            lit = (pixels[bottom - height : bottom, right - width : right] >= self.bright).all(axis=2)
            if not lit.any():
                if seen:
                    return None
                continue
            wrong = (self.templates ^ lit).mean(axis=(1, 2))
            if wrong.min() > 0.2:
                return None
            value, seen = value * 10 + int(wrong.argmin()), True
        return value if seen else None

    def finished(self, pixels: np.ndarray) -> bool:
        """Whether uint8 ``(h, w, 3)`` shows the finish; never where it is not known how that looks."""
        return self.finish is not None and self.finish.seen(pixels)

    def save(self, path: Path) -> None:
        """Write it as .npz."""
        parts = {"numbers": np.array([self.right, self.bottom, self.step, self.digits, self.bright])}
        if self.finish is not None:
            parts |= {"finish": self.finish.grey, "corner": np.array([self.finish.left, self.finish.top])}
        np.savez_compressed(path, allow_pickle=False, templates=self.templates, **parts)


SCALE = 2
#: What the stand-in shows at the finish: a chequered flag.
FLAG = Patch(
    8, 8, np.kron((np.indices((4, 8)).sum(axis=0) % 2).astype(np.uint8) * 255, np.ones((4, 4), np.uint8))
)


def stand_in(scale: int = SCALE) -> Hud:
    """The stand-in's, with a digit's dot `scale` pixels wide."""
    dots = FONT.repeat(scale, axis=1).repeat(scale, axis=2)
    return Hud(dots, right=4 * scale, bottom=4 * scale, step=6 * scale, finish=FLAG)


STANDIN = stand_in()


def load(path: Path) -> Hud:
    """A `Hud` that `Hud.save` wrote; `ConfigurationError` when the file is none."""
    try:
        with np.load(path, allow_pickle=False) as data:
            patch = None
            if "finish" in data:
                left, top = (int(number) for number in data["corner"])
                patch = Patch(left, top, data["finish"])
            numbers = (int(number) for number in data["numbers"])
            return Hud(data["templates"].astype(bool), *numbers, finish=patch)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ConfigurationError(
            f"{path}: no digits of a HUD: {error}; racegym trackmania digits makes such a file"
        ) from error
