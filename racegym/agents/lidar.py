"""A driver that sees no more than a picture tells: tmrl's LIDAR, 19 beams counted in pixels, and the speed.

It knows how the camera is mounted, so each beam's end becomes a place on the ground, the ends become the two borders,
and what lies between them is followed, as slowly as the bend ahead asks.
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from racegym.capture import frames

HEIGHT, PITCH, BACK, FOCAL = 2.2, 0.16, 2.5, 0.62
"""The stand-in's camera: above the ground, m; looking down, rad; behind the car's centre, m; focal length as a share of
the picture's width."""
COLUMNS, ROWS = 480, 240
"""Size of the picture that it asks for, pixels."""
LOOK, LEAST, MOST = 0.8, 7.0, 30.0
"""Aims so many seconds ahead, and between so many metres."""
LOCK = 8.0
"""Steer per curvature, m."""
GRIP, FASTEST = 5.0, 22.0
"""Sideways acceleration, m/s^2, and speed, m/s, that it allows itself."""
FEW = 4
"""Beams that must have met something for the road to be seen."""


class Lidar:
    """Drives by beams and speed alone; actions are steer and pedal. Behind the first 20 numbers it reads nothing."""

    task: ClassVar[dict[str, dict[str, Any]]] = {
        "observation": {"terms": {"pixel_beams": {}, "speed": {"scale": 1}}},
        "action": {},
    }
    simulator: ClassVar[dict[str, Any]] = {"width": COLUMNS, "height": ROWS}

    def __init__(self) -> None:
        blank = np.full((ROWS, COLUMNS, 3), 255, np.uint8)
        self._reach = frames.lidar(blank)
        # right to left, as the beams are; the ray's first pixel lies 20 out
        angles = np.radians(np.arange(90, 271, 10))
        self._down, self._right = np.cos(angles), np.sin(angles)
        self.reset(1)

    def reset(self, cars: int) -> None:
        self._half = np.full(cars, 5.0)
        self._bend = np.zeros(cars)

    def act(self, observation: np.ndarray) -> np.ndarray:
        """Actions ``(cars, 2)`` from observations ``(cars, 20 or more)``: beams in pixels, speed in m/s."""
        return np.array([self._drive(row, sight[:19], sight[19]) for row, sight in enumerate(observation)])

    def _ground(self, beams: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Where beams end, m ahead and to the left of the car, and which of them met a border."""
        away = 20 + beams
        focal = FOCAL * COLUMNS
        below = (ROWS * 44 // 49 + away * self._down - ROWS / 2) / focal
        sinking = np.sin(PITCH) + below * np.cos(PITCH)
        sound = (beams < self._reach) & (sinking > 0.005)
        ahead = HEIGHT * (np.cos(PITCH) - below * np.sin(PITCH)) / np.maximum(sinking, 0.005)
        depth = ahead * np.cos(PITCH) + HEIGHT * np.sin(PITCH)
        return ahead - BACK, -away * self._right / focal * depth, sound

    def _drive(self, row: int, beams: np.ndarray, speed: float) -> tuple[float, float]:
        ahead, left, sound = self._ground(beams)
        met = np.flatnonzero(sound)
        if len(met) < FEW:
            return 0.0, -0.3 if speed > 8 else 0.3
        ahead, left = ahead[met], left[met]
        gaps = np.hypot(np.diff(ahead), np.diff(left)) + 30 * (np.diff(met) > 1)
        split = int(gaps.argmax()) + 1  # the right border ends where the longest gap is
        distance, centre = self._aim(row, ahead, left, split, float(np.clip(LOOK * speed + 4, LEAST, MOST)))
        curve = 2 * centre / (distance**2 + centre**2)  # pure pursuit
        self._bend[row] = max(abs(curve), 0.95 * self._bend[row])
        steer = LOCK * curve
        target = min(np.sqrt(GRIP / max(self._bend[row], 1e-3)), 4 + 0.45 * ahead.max(), FASTEST)
        turning = min(abs(steer) / 0.5, 1.0)  # what turns can neither brake nor accelerate
        pedal = np.clip(0.3 * (target - speed), -0.5 + 0.4 * turning, 1 - 0.7 * turning)
        return float(np.clip(steer, -1, 1)), float(pedal)

    def _aim(
        self, row: int, ahead: np.ndarray, left: np.ndarray, split: int, distance: float
    ) -> tuple[float, float]:
        """How far ahead to aim, and the road's middle there; of a border alone, the road's half width from it."""
        half = self._half[row]
        sides = (ahead[:split], left[:split], 1), (ahead[split:][::-1], left[split:][::-1], -1)
        seen = [
            np.interp(distance, along, across) + side * half
            for along, across, side in sides
            if len(along) and along.max() > 0.8 * distance
        ]
        if not seen:
            farthest = int(ahead.argmax())
            side = 1 if farthest < split else -1
            return max(float(ahead[farthest]), 4.0), float(left[farthest] + side * half)
        if len(seen) == 2:
            wider = (seen[1] - seen[0]) / 2
            self._half[row] += 0.1 * (np.clip(half + wider, 3, 9) - half)
        return distance, float(np.mean(seen))
