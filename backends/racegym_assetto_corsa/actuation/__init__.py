"""How controls reach the game: one small interface, four ways.

`Actuator` is all that the simulator knows. Shift buttons are levels, not edges; `Shifter` turns a wanted gear into
presses.
"""

from __future__ import annotations

from typing import Protocol

from racegym_assetto_corsa.convert import Axes


class Actuator(Protocol):
    """Moves the game's joystick."""

    def open(self) -> None:
        """Take hold of it; `BackendUnavailable` says what is missing."""
        ...

    def set(self, axes: Axes) -> None:
        """From now on these axes and buttons; `SimulatorLost` when they cannot be set any more."""
        ...

    def renew(self) -> None:
        """Let go and take hold again: drivers lose their devices silently. Called at every reset."""
        ...

    def restart(self, held: bool) -> None:
        """Hold or let go of the button that restarts the session; `ConfigurationError` where there is none."""
        ...

    def close(self) -> None:
        """Everything at rest, and let go; may be called again."""
        ...
