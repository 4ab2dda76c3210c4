"""The compiled action spec: what an agent may answer, and the controls that its answers become."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from gymnasium import spaces

from racegym.actions import Action, ActionConfig, Actuate, AutomaticGears, Expert, GearShift, Keys
from racegym.errors import ConfigurationError, InvalidAction
from racegym.signals import Controls, Telemetry
from racegym.terms import Context, Stateful


def _turn(term: Action) -> int:
    """Experts come first, for others to overwrite; gears last: automatic reverse swaps the pedals set before."""
    return -1 if isinstance(term, Expert) else int(isinstance(term, AutomaticGears))


class Actuator(Stateful):
    """Compiled action spec: its space, and controls from actions."""

    def __init__(self, config: ActionConfig, context: Context) -> None:
        terms: Sequence[Action] = list(config.terms.values())
        self._keys = next((term for term in terms if isinstance(term, Keys)), None)
        self._width = sum(term.width for term in terms)
        if self._keys and self._width:
            raise ConfigurationError(
                "task.action.terms: keys is a Discrete action and cannot stand beside axes"
            )
        expert = any(isinstance(term, Expert) for term in terms)
        if not self._keys and not self._width and not expert:
            raise ConfigurationError(
                "task.action.terms: the agent decides nothing; list steer and pedal, or keys"
            )
        geared = expert or any(isinstance(term, GearShift | AutomaticGears) for term in terms)
        if "gear" in context.spec.controls and not geared:
            raise ConfigurationError(
                "task.action.terms: nothing sets the gear; list automatic_gears or gear_shift"
            )
        self._cars = context.cars
        self._idle = np.array([term.idle for term in terms for _ in range(term.width)], np.float32)
        columns: list[slice] = []
        for term in terms:
            start = columns[-1].stop if columns else 0
            columns.append(slice(start, start + term.width))
        order = sorted(zip(terms, columns, strict=True), key=lambda pair: _turn(pair[0]))
        self.controls = Controls(context.cars)
        # NumPy is quickest with operands of one shape and type: bounds are as large as the action
        self._action, self._lowest, self._highest = (
            np.full((context.cars, self._width), value) for value in (0.0, -1.0, 1.0)
        )
        self.context = context
        self.terms = [term for term, _ in order]
        self._bound: list[tuple[Actuate, np.ndarray]] = [
            (term.bind(context), self._action[:, place]) for term, place in order
        ]

    @property
    def numbers(self) -> np.ndarray | None:
        """The memory of an action's numbers, ``(cars, width)``, or None where an action is a choice."""
        return None if self._keys else self._action

    @property
    def actuates(self) -> list[tuple[Action, Actuate, np.ndarray]]:
        """Each term, bound, and its part of `numbers`, in the order in which they write their controls."""
        return [(term, *bound) for term, bound in zip(self.terms, self._bound, strict=True)]

    @property
    def space(self) -> spaces.Space:
        """The space of one car's action."""
        if self._keys:
            return spaces.Discrete(len(self._keys.combinations))
        return spaces.Box(-1.0, 1.0, (self._width,), np.float32)

    @property
    def idle(self) -> np.ndarray:
        """One car's action that presses nothing (of `keys`: the first choice without keys, else the first)."""
        if not self._keys:
            return self._idle
        held = [len(keys) for keys in self._keys.combinations]
        return np.array(held.index(0) if 0 in held else 0)

    def checked(self, action: Any) -> np.ndarray:
        """`action` as numbers or choices, clipped, in an array of the caller's own: another thread may be decoding.

        `InvalidAction` as from `decode`.
        """
        return self._choices(action).copy() if self._keys else self._numbers(action, self._action.copy())

    def reset(self, now: Telemetry, rows: np.ndarray | None) -> None:
        """Released controls and no memory for these rows (all when None)."""
        which = slice(None) if rows is None else rows
        self.controls.block[which] = Controls(1).block
        for actuate, _ in self._bound:
            if isinstance(actuate, Stateful):
                actuate.reset(now, rows)

    def save(self) -> dict[str, Any]:
        remembered = [bound.save() if isinstance(bound, Stateful) else None for bound, _ in self._bound]
        return {"controls": self.controls.block.copy(), "bound": remembered}

    def restore(self, saved: Mapping[str, Any]) -> None:
        self.controls.block[...] = saved["controls"]
        for (bound, _), remembered in zip(self._bound, saved["bound"], strict=True):
            if isinstance(bound, Stateful):
                bound.restore(remembered)

    def decode(self, action: Any, now: Telemetry) -> Controls:
        """The controls of `action`, ``(cars, width)`` floats (or ``(cars,)`` choices), else `InvalidAction`.

        Numbers outside [-1, 1] are clipped.
        """
        if self._keys:
            choices = self._choices(action)
            for actuate, _ in self._bound:
                actuate(choices, now, self.controls)
            return self.controls
        self._numbers(action, self._action)
        for actuate, mine in self._bound:
            actuate(mine, now, self.controls)
        return self.controls

    def _numbers(self, action: Any, clipped: np.ndarray) -> np.ndarray:
        """`action` written to `clipped`, as it is to be taken."""
        numbers = np.asarray(action)
        if numbers.shape != self._action.shape:
            raise InvalidAction(f"an action of shape {self._action.shape} is wanted, not {numbers.shape}")
        clipped[...] = numbers
        np.maximum(clipped, self._lowest, out=clipped)
        np.minimum(clipped, self._highest, out=clipped)
        flat = clipped.reshape(-1)
        # clipped numbers are at most 1, so the sum of squares is finite unless one is NaN
        if math.isnan(flat.dot(flat)):
            raise InvalidAction(f"an action must not be NaN: {numbers.tolist()}")
        return clipped

    def _choices(self, action: Any) -> np.ndarray:
        assert self._keys is not None
        choices = np.asarray(action)
        count = len(self._keys.combinations)
        if choices.shape != (self._cars,) or choices.dtype.kind not in "iu":
            raise InvalidAction(
                f"{self._cars} whole numbers are wanted, not {choices.dtype} of shape {choices.shape}"
            )
        if (choices < 0).any() or (choices >= count).any():
            raise InvalidAction(f"choices are 0 to {count - 1}, not {choices.tolist()}")
        return choices
