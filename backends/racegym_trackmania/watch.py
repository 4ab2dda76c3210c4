"""Looking on: speed and finish, picture after picture, and when there is nothing to be seen any more."""

from __future__ import annotations

import math

import numpy as np

from racegym.errors import SimulatorLost, SimulatorTimeout
from racegym_trackmania.hud import Hud


class Watch:
    """Reads pictures one after the other. What cannot be read for a moment is held; `unread` counts such pictures."""

    def __init__(self, hud: Hud, patience: float) -> None:
        """For `patience` s the speed may be unreadable, or the picture stand still."""
        self._hud = hud
        self._patience = patience
        self.unread = 0
        """Pictures in this episode from which no speed could be read."""
        self.begin(0.0)

    def begin(self, moment: float) -> None:
        """An episode begins, at rest; `moment` is on `time.perf_counter`, as below."""
        self.unread = 0
        self.speed = 0.0
        """m/s"""
        self.finished_at = math.nan
        """When the finish was first seen."""
        self._read_at = self._moved_at = moment
        self._before: np.ndarray | None = None

    def look(self, pixels: np.ndarray, moment: float) -> None:
        """Take in uint8 ``(h, w, 3)`` grabbed at `moment`.

        `SimulatorTimeout` when the picture has stood still for too long, `SimulatorLost` when no speed could be read.
        """
        if self._before is None or not np.array_equal(pixels, self._before):
            self._before, self._moved_at = pixels.copy(), moment
        elif moment - self._moved_at > self._patience:
            raise SimulatorTimeout(
                f"trackmania: the picture has not changed for {self._patience:g} s; is the game stalled?"
            )
        if math.isnan(self.finished_at) and self._hud.finished(pixels):
            self.finished_at = moment
        value = self._hud.read(pixels)
        if value is not None:
            self.speed, self._read_at = value / 3.6, moment
            return
        self.unread += 1
        if moment - self._read_at > self._patience:
            raise SimulatorLost(
                "trackmania: no speed can be read off the screen; is a menu open, or the HUD off? For another game's "
                "digits: racegym trackmania digits"
            )
