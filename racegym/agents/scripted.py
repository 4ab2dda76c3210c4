"""The reference driver: plans its speed from the range finders, steers to the longest view, recovers from off-track.

It knows the default observation alone, that is common signals, so it drives every game. No map, no car data: the grip
is learnt while driving, downwards when the car slides and slowly up again.
"""

from __future__ import annotations

import numpy as np

from racegym.observations import DEFAULT_TERMS
from racegym.signals import DEFAULT_BEAM_ANGLES, SIGNALS


def _columns() -> dict[str, tuple[slice, float]]:
    """Where each signal lies in the default observation, and its scale."""
    columns: dict[str, tuple[slice, float]] = {}
    start = 0
    for name in DEFAULT_TERMS:
        size = SIGNALS[name].size
        columns[name] = (slice(start, start + size), SIGNALS[name].scale)
        start += size
    return columns


COLUMNS = _columns()
ANGLES = np.radians(DEFAULT_BEAM_ANGLES)
AHEAD = np.abs(ANGLES) < np.radians(50)

GRIP = 9.0  # m/s^2, where learning begins
GRIP_RANGE = (3.0, 13.0)
SLOWEST = 9.0  # m/s, a speed at which any bend can be driven
MARGIN = 8.0  # m of the view kept in reserve


class Scripted:
    """Drives any car by the default observation and the default action (steer, pedal)."""

    def __init__(self, caution: float = 1.0) -> None:
        """`caution` above 1 drives slower, below 1 faster."""
        self._caution = caution
        self.reset(1)

    def reset(self, cars: int) -> None:
        self._grip = np.full(cars, GRIP)
        self._standing = np.zeros(cars)
        self._backing = np.zeros(cars)

    def act(self, observation: np.ndarray) -> np.ndarray:
        """Actions ``(cars, 2)`` in [-1, 1] from observations ``(cars, n)``."""
        see = {name: observation[:, place].astype(float) * scale for name, (place, scale) in COLUMNS.items()}
        forward, sideways = see["velocity"][:, 0], see["velocity"][:, 1]
        error, place = see["heading_error"][:, 0], see["track_position"][:, 0]
        off = see["off_track"][:, 0] > 0
        aim, view = self._aim(see["rangefinders"])
        self._learn(forward, sideways, off)
        aim = np.where(off | (np.abs(error) > 1.2), -error - 0.6 * np.clip(place, -1.5, 1.5), aim)
        edge = np.clip(np.abs(place) - 0.75, 0, 0.5) * np.sign(place)
        slip = np.arctan2(sideways, np.maximum(forward, 3.0))
        steer = np.clip((aim - 0.5 * edge + 0.6 * slip) * 2.2, -1, 1)
        pedal = self._pedal(forward, self._speed(aim, view, off), steer, slip)
        return self._unstick(np.stack([steer, pedal], axis=1), forward, error, place)

    def _aim(self, ranges: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Direction of the longest view, rad + left, smoothed over the beams beside it, and its length, m."""
        seen = np.where(AHEAD, ranges, 0.0)
        view = seen.max(axis=1)
        weight = np.where(AHEAD, np.exp((seen - view[:, None]) / np.maximum(0.08 * view[:, None], 1.0)), 0.0)
        return (weight * ANGLES).sum(axis=1) / weight.sum(axis=1), view

    def _learn(self, forward: np.ndarray, sideways: np.ndarray, off: np.ndarray) -> None:
        sliding = (np.abs(sideways) > 0.08 * np.maximum(forward, 8.0)) & (forward > 8)
        change = np.where(sliding | off, -0.06, 0.008)
        self._grip = np.clip(self._grip + change, *GRIP_RANGE)

    def _speed(self, aim: np.ndarray, view: np.ndarray, off: np.ndarray) -> np.ndarray:
        """The highest speed at which the view ahead can be driven or braked for, m/s."""
        grip = self._grip / self._caution
        room = np.maximum(view - MARGIN, 0.0)
        braking = np.sqrt(SLOWEST**2 + 2 * 0.8 * grip * room)
        bend = np.sqrt(grip * np.maximum(view, 5.0) / (2 * np.maximum(np.abs(np.sin(aim)), 1e-3)))
        free = np.where(view >= 195.0, 100.0, braking)
        return np.where(off, 12.0, np.minimum(free, np.maximum(bend, SLOWEST)))

    def _pedal(self, forward: np.ndarray, target: np.ndarray, steer: np.ndarray, slip: np.ndarray) -> np.ndarray:
        excess = target - forward
        calm = 1.0 - 0.5 * np.abs(steer) - 3.0 * np.clip(np.abs(slip) - 0.06, 0, 0.2)
        calm = np.where(forward < 8.0, np.minimum(calm, 0.6), calm)
        return np.where(excess > 0, np.clip(excess * 0.4, 0, np.maximum(calm, 0.15)), np.clip(excess * 0.25, -0.8, 0))

    def _unstick(self, action: np.ndarray, forward: np.ndarray, error: np.ndarray, place: np.ndarray) -> np.ndarray:
        """Back out, steering the nose towards the road, after standing too long."""
        self._standing = np.where(np.abs(forward) < 0.7, self._standing + 1, 0)
        self._backing = np.where(self._standing > 75, 130, np.maximum(self._backing - 1, 0))
        back = self._backing > 0
        self._standing[back] = 0
        turn = np.clip((error + 0.4 * np.clip(place, -1.5, 1.5)) * 2.0, -1, 1)
        action[back, 0], action[back, 1] = turn[back], -0.8
        return action
