"""What carries controls and telemetry between us and the cars of one race."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable
from typing import ClassVar

import numpy as np

from racegym.signals import Controls, Telemetry

#: Raises `SimulatorLost` when the game is gone.
Check = Callable[[], None]


class Transport(ABC):
    """One conversation with every car of a race. Times are the game's; nothing is made relative here.

    Deadlines are points on the monotonic clock. Every waiting call raises `SimulatorTimeout` after its
    deadline and `SimulatorLost` as soon as the game is gone.
    """

    carries_ticks: ClassVar[bool] = False
    """Whether the game itself can drive several ticks for one `send`, and tells of the last."""

    clips: ClassVar[bool] = False
    """Whether `send` itself keeps controls within bounds and looks for NaN."""

    def __init__(self) -> None:
        self.statistics: Counter[str] = Counter()
        """Datagrams dropped, by reason."""

    @abstractmethod
    def begin(self, seed: int | None, deadline: float, starts: np.ndarray | None = None) -> None:
        """Introduce ourselves to every car, so that `read` gives the first tick; `seed` decides the noise.

        `starts`, ``(cars, 4)``: distance from the start line (m), offset (half widths, + left), heading (rad, + left)
        and speed (m/s) at which each car begins; NaN as the grid has it.
        """

    @abstractmethod
    def send(self, controls: Controls, ticks: int = 1) -> bool:
        """Give every car its controls for the next `ticks` (1 unless `carries_ticks`), clipped already unless it `clips`.

        False, and nothing is given, when it does and a control is NaN.
        """

    @abstractmethod
    def read(self, telemetry: Telemetry, deadline: float) -> None:
        """Fill the rows of all cars with the next tick; once the race is over they stay, with finished 1."""

    @abstractmethod
    def restart(self, deadline: float) -> None:
        """Take the race back to where every car waits for `begin`."""

    @property
    @abstractmethod
    def over(self) -> bool:
        """Whether the game has ended the race, so that only a new game can start another."""

    @abstractmethod
    def close(self) -> None:
        """Let go of sockets or memory; may be called again."""
