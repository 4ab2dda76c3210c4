"""What the backend measures itself instead of leaving it to racegym's sensors; see `gym_measures`."""

from __future__ import annotations

import numpy as np

from racegym.signals import SIGNALS
from racegym_assetto_corsa import wire
from racegym_assetto_corsa.gym_measures import Line, Rays
from racegym_assetto_corsa.options import AssettoCorsaOptions
from racegym_assetto_corsa.tracks.gym_files import Files

#: The 11 of assetto_corsa_gym, every 18 degrees, with 8 of our own between them.
GYM_BEAMS = (
    90.0, 72.0, 54.0, 36.0, 27.0, 18.0, 12.0, 6.0, 3.0, 0.0, -3.0, -6.0, -12.0, -18.0, -27.0, -36.0, -54.0, -72.0,
    -90.0,
)  # fmt: skip
_BEAMS, _GAP = SIGNALS.columns("rangefinders"), SIGNALS.columns("line_gap").start
_CURVATURE, _SPEED = SIGNALS.columns("line_curvature"), SIGNALS.columns("line_speed")


class Measures:
    """Signals worked out as the option ``measure`` says: none of our own, or assetto_corsa_gym's."""

    def __init__(self, options: AssettoCorsaOptions) -> None:
        self._own = options.measure == "assetto_corsa_gym"
        self.signals: frozenset[str] = frozenset(
            ("rangefinders", "line_gap", "line_curvature", "line_speed") if self._own else ()
        )
        self.beam_angles: tuple[float, ...] = GYM_BEAMS if self._own else options.beam_angles
        self._angles = np.radians(self.beam_angles)

    @property
    def needs_files(self) -> bool:
        """Whether the course's borders and line are wanted as given."""
        return self._own

    def open(self, files: Files) -> None:
        """Take the course."""
        self._rays, self._line = Rays(files), Line(files)

    def fill(self, row: np.ndarray, state: wire.State) -> None:
        """Write the signals into one row of a telemetry block."""
        if not self._own:
            return
        position = np.array([state["world_position_x"], state["world_position_y"]])
        row[_BEAMS] = self._rays.cast(position, state["yaw"], self._angles)
        row[_GAP] = self._line.gap(position)
        row[_CURVATURE], row[_SPEED] = self._line.ahead(state["NormalizedSplinePosition"])
