"""A person drives: arrow keys in the game's window, or a gamepad, with gears that shift by themselves."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from racegym.agents.gamepad import Gamepad
from racegym.errors import ConfigurationError
from racegym.simulator import Keyed

RISE, FALL = 2.5, 5.0
"""Full deflections a second, towards a key that is held and back to the middle."""
PEDAL = 4.0
"""Full pedal travels a second."""
CALM = 25.0
"""Speed, m/s, at which the keys turn the wheel half as far as when standing; a keyboard knows only all or nothing."""
PERIOD = 0.02


class Keyboard:
    """Left and right steer, up and down are throttle and brake; the brake held at a standstill drives back.

    It needs render mode ``human``; `listen` gives it the session whose window it reads. Escape ends the drive.
    """

    task: ClassVar[dict[str, Any]] = {"observation": {"terms": {"speed": {}}}, "action": {}}
    render_mode = "human"
    period = PERIOD

    def __init__(self) -> None:
        self._windows: list[Keyed] = []
        self._pad = Gamepad.find()

    def listen(self, session: Any) -> None:
        """Read the keys of this session's windows; `ConfigurationError` when its simulator has none."""
        self._windows = [simulator for simulator, _ in session.fleet.members if isinstance(simulator, Keyed)]
        if not self._windows and self._pad is None:
            raise ConfigurationError(
                f"{session.spec.name} has no window that hears keys, and there is no gamepad"
            )

    def reset(self, cars: int) -> None:
        self._steer, self._pedal = np.zeros(cars), np.zeros(cars)

    def act(self, observation: np.ndarray) -> np.ndarray:
        """Actions ``(cars, 2)``: steer and pedal; `KeyboardInterrupt` when Escape is held."""
        keys = self._windows[0].keys if self._windows else frozenset()
        if "quit" in keys:
            raise KeyboardInterrupt
        if self._pad is not None and not keys:
            steer, pedal = self._pad.read()
            return np.tile([steer, pedal], (len(observation), 1)).astype(np.float32)
        speed = observation[:, 0] * 50.0
        wanted = (("left" in keys) - ("right" in keys)) / (1 + (speed / CALM))
        self._steer = _towards(self._steer, wanted, np.where(wanted == 0, FALL, RISE) * PERIOD)
        pedal = np.full(len(speed), float(("up" in keys) - ("down" in keys)))
        self._pedal = _towards(self._pedal, pedal, PEDAL * PERIOD)
        return np.stack([self._steer, self._pedal], axis=1).astype(np.float32)


def _towards(value: np.ndarray, wanted: np.ndarray, most: Any) -> np.ndarray:
    return value + np.clip(wanted - value, -most, most)
