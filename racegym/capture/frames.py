"""Pixels for agents: resized, grey, and beams of sight counted in pixels. Pure functions over uint8 arrays."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np

#: Weights of red, green and blue in a grey value (ITU-R BT.601, as OpenCV's).
GREY = np.array([0.299, 0.587, 0.114], np.float32)


class _Lerp(NamedTuple):
    low: np.ndarray
    high: np.ndarray
    share: np.ndarray


@lru_cache(maxsize=32)
def _lerp(old: int, new: int) -> _Lerp:
    """Samples and weights of a bilinear resize along one axis; pixel centres lie at halves, as OpenCV's."""
    place = np.clip((np.arange(new) + 0.5) * old / new - 0.5, 0, old - 1)
    low = np.floor(place).astype(np.intp)
    return _Lerp(low, np.minimum(low + 1, old - 1), (place - low).astype(np.float32))


def resize(pixels: np.ndarray, width: int, height: int) -> np.ndarray:
    """Bilinear: uint8 ``(h, w, c)`` to uint8 ``(height, width, c)``, to within 1 what cv2.resize gives by default."""
    if pixels.shape[:2] == (height, width):
        return np.ascontiguousarray(pixels)
    rows, columns = _lerp(pixels.shape[0], height), _lerp(pixels.shape[1], width)
    needed = pixels[:, np.concatenate([columns.low, columns.high])]
    upper = needed[rows.low].astype(np.float32)
    upper += rows.share[:, None, None] * (needed[rows.high] - upper)
    left, right = upper[:, :width], upper[:, width:]
    return (left + columns.share[:, None] * (right - left) + 0.5).astype(np.uint8)


def grey(pixels: np.ndarray) -> np.ndarray:
    """uint8 ``(h, w, 3)``, red first, to uint8 ``(h, w, 1)``."""
    return (pixels @ GREY + 0.5).astype(np.uint8)[..., None]


@lru_cache(maxsize=8)
def _rays(height: int, width: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rows and columns of the pixels along 19 rays ``(19, n)``, and each ray's length in pixels.

    From (44/49 of the height, half the width), in steps of 10 degrees from straight right over up to straight left,
    beginning 20 pixels out, to the picture's edge; shorter rays are padded with their last pixel.
    """
    angles = np.radians(np.arange(90, 271, 10, dtype=float))
    away = np.arange(20, height + width)
    row0, column0 = height * 44 // 49, width // 2
    # truncated, and without the outermost pixels, as tmrl does
    rows = (row0 + away * np.cos(angles)[:, None]).astype(int)
    columns = (column0 + away * np.sin(angles)[:, None]).astype(int)
    inside = (rows > 0) & (columns > 0) & (columns < width - 1)
    lengths = np.maximum(inside.argmin(axis=1), 1)
    last = np.minimum(np.arange(len(away)), lengths[:, None] - 1)
    line = np.arange(len(angles))[:, None]
    return np.clip(rows[line, last], 0, height - 1), np.clip(columns[line, last], 0, width - 1), lengths


def lidar(pixels: np.ndarray, threshold: int = 55) -> np.ndarray:
    """tmrl's LIDAR: along 19 rays from right to left, how many pixels until one is dark in all three channels.

    `pixels` are uint8 ``(h, w, 3)``; float32 ``(19,)``. A ray that meets nothing dark has its length less
    one. The unit is
    pixels, without perspective (tmrl/custom/tm/utils/tools.py, class Lidar; threshold 55, on narrow roads 88).
    """
    rows, columns, lengths = _rays(*pixels.shape[:2])
    dark = (pixels[rows, columns] < threshold).all(axis=-1)
    return np.where(dark.max(axis=1), dark.argmax(axis=1), lengths - 1).astype(np.float32)
