"""Speed read off the picture: three digits at a fixed place from the lower right corner, by the nearest template.

Templates are boolean ``(10, height, width)``. Games draw their own; `load` takes a file of them, `FONT` are the
stand-in's.
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


class Hud(NamedTuple):
    """Where the digits are and what they look like."""

    templates: np.ndarray
    right: int
    """Pixels from the picture's right edge to the last digit's right edge."""
    bottom: int
    step: int
    """From one digit's left edge to the next."""
    digits: int = 3
    bright: int = 250
    """A digit's pixels are at least so bright in all channels."""

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

    def save(self, path: Path) -> None:
        """Write it as .npz."""
        numbers = np.array([self.right, self.bottom, self.step, self.digits, self.bright])
        np.savez_compressed(path, templates=self.templates, numbers=numbers)


SCALE = 2
STANDIN = Hud(FONT.repeat(SCALE, axis=1).repeat(SCALE, axis=2), right=8, bottom=8, step=6 * SCALE)


def load(path: Path) -> Hud:
    """A `Hud` that `Hud.save` wrote; `ConfigurationError` when the file is none."""
    try:
        with np.load(path, allow_pickle=False) as data:
            return Hud(data["templates"].astype(bool), *(int(number) for number in data["numbers"]))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ConfigurationError(f"{path}: no digits of a HUD: {error}") from error
