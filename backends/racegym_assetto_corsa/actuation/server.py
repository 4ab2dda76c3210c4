"""Controls by UDP: the plug-in moves the joystick from inside the game."""

from __future__ import annotations

from racegym.errors import ConfigurationError
from racegym_assetto_corsa import wire
from racegym_assetto_corsa.convert import NEUTRAL, Axes
from racegym_assetto_corsa.stream import StateStream


class ServerActuator:
    """Sends one control datagram for each state, over the conversation that is there already."""

    def __init__(self, stream: StateStream, shifting: bool = True) -> None:
        self._stream = stream
        self._shifting = shifting

    def open(self) -> None:
        """Nothing to take hold of: the plug-in has the joystick."""

    def set(self, axes: Axes) -> None:
        self._stream.send(wire.control(*axes, steps=self._stream.steps, shifting=self._shifting))

    def renew(self) -> None:
        self.set(NEUTRAL)

    def restart(self, held: bool) -> None:
        raise ConfigurationError(
            "assetto_corsa: the plug-in holds the joystick; leave its restart button to the plug-in "
            "(reset: button does)"
        )

    def close(self) -> None:
        """The plug-in lets go by itself when the conversation ends."""
