"""The game's ``ai/fast_lane.ai``: the line that its AI drives, with the way to both edges, speed and pedals.

Little-endian: four int32 (version 7, count, 0, 0); count times x, y, z, distance (float32) and an id (int32); count
again; count times 18 float32, of which here: 0 speed m/s, 1 gas, 2 brake, 5 left and 6 right side m.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from racegym.errors import ConfigurationError

VERSION = 7
_POINT = np.dtype([("position", "<f4", 3), ("distance", "<f4"), ("id", "<i4")])
_SPEED, _GAS, _BRAKE, _LEFT, _RIGHT, _LENGTH = 0, 1, 2, 5, 6, 13
_FORWARD = slice(14, 17)


@dataclass(frozen=True, eq=False)
class Lane:
    """The AI's line, n points a lap, the first near the start line; all arrays ``(n,)`` but for `points`."""

    points: np.ndarray
    """``(n, 2)``, m."""
    elevation: np.ndarray
    """m"""
    side_left: np.ndarray
    """From the line to the left edge, m."""
    side_right: np.ndarray
    speed: np.ndarray
    """m/s"""
    throttle: np.ndarray
    brake: np.ndarray

    @property
    def borders(self) -> tuple[np.ndarray, np.ndarray]:
        """Left and right edge, ``(n, 2)``: straight across from the line."""
        ahead = np.roll(self.points, -1, axis=0) - np.roll(self.points, 1, axis=0)
        left = np.stack([-ahead[:, 1], ahead[:, 0]], axis=1)
        left /= np.maximum(np.hypot(*left.T), 1e-9)[:, None]
        return self.points + left * self.side_left[:, None], self.points - left * self.side_right[:, None]


def read(path: Path) -> Lane:
    """The lane in a file; `ConfigurationError` says what is wrong with it."""
    try:
        return unpack(path.read_bytes())
    except (OSError, ValueError, struct.error) as error:
        raise ConfigurationError(
            f"{path}: not a fast_lane.ai of version {VERSION} ({error}); wanted is "
            "content/tracks/<track>/[<layout>/]ai/fast_lane.ai"
        ) from error


def unpack(data: bytes) -> Lane:
    """The lane in the bytes of a file; `ValueError` or `struct.error` when they are no lane."""
    version, count, _, _ = struct.unpack_from("<4i", data, 0)
    if version != VERSION or count < 3:
        raise ValueError(f"version {version}, {count} points")
    end = 16 + count * _POINT.itemsize
    points = np.frombuffer(data, _POINT, count, 16)
    (again,) = struct.unpack_from("<i", data, end)
    if again != count:
        raise ValueError(f"{again} details for {count} points")
    details = np.frombuffer(data, "<f4", count * 18, end + 4).reshape(count, 18).astype(float)
    x, y, z = points["position"].astype(float).T
    if not (
        np.isfinite(details[:, [_SPEED, _GAS, _BRAKE, _LEFT, _RIGHT]]).all() and np.isfinite([x, y, z]).all()
    ):
        raise ValueError("numbers that are not finite")
    return Lane(
        points=np.stack([z, x], axis=1),
        elevation=y,
        side_left=details[:, _LEFT],
        side_right=details[:, _RIGHT],
        speed=details[:, _SPEED],
        throttle=details[:, _GAS],
        brake=details[:, _BRAKE],
    )


def pack(lane: Lane) -> bytes:
    """The bytes of a file; what racegym does not read is left 0, but for length and direction."""
    count = len(lane.points)
    ahead = np.roll(lane.points, -1, axis=0) - lane.points
    lengths = np.hypot(*ahead.T)
    points = np.zeros(count, _POINT)
    points["position"] = np.stack([lane.points[:, 1], lane.elevation, lane.points[:, 0]], axis=1)
    points["distance"] = np.concatenate([[0.0], np.cumsum(lengths)[:-1]])
    points["id"] = np.arange(count)
    details = np.zeros((count, 18), "<f4")
    for column, values in (
        (_SPEED, lane.speed), (_GAS, lane.throttle), (_BRAKE, lane.brake), (_LEFT, lane.side_left),
        (_RIGHT, lane.side_right), (_LENGTH, lengths),
    ):  # fmt: skip
        details[:, column] = values
    forward = ahead / np.maximum(lengths, 1e-9)[:, None]
    details[:, _FORWARD] = np.stack([forward[:, 1], np.zeros(count), forward[:, 0]], axis=1)
    head = struct.pack("<4i", VERSION, count, 0, 0)
    return head + points.tobytes() + struct.pack("<i", count) + details.tobytes()
