"""What the stand-in's camera sees, as polygons in pixels. Pure functions."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from racegym.track import Track

HEIGHT, BACK, PITCH = 2.2, 2.5, 0.16
"""Camera above the road and behind the car's centre, m; looking down, rad."""
FOCAL = 0.62
"""As a share of the picture's width."""
NEAR, FAR = 1.0, 160.0
BORDER = 2.0
"""Width of the dark borders, m."""

#: Metres along the track from the car, dense where they are large in the picture.
STATIONS = np.concatenate([np.arange(-8.0, 12.0, 1.0), 12.0 * (FAR / 12.0) ** np.linspace(0, 1, 26)])

SKY, GRASS, ROAD, DARK = (120, 170, 225), (80, 150, 80), (130, 130, 135), (10, 10, 10)
LIGHT, SHADE = (255, 255, 255), (70, 70, 75)


class Polygon(NamedTuple):
    """A filled shape: ``(n, 2)`` pixels, x to the right, y down."""

    points: np.ndarray
    colour: tuple[int, int, int]


def road(
    track: Track, position: np.ndarray, yaw: float, station: float, width: int, height: int
) -> list[Polygon]:
    """Road and borders from the car's pose, back to front."""
    place = track.at(station + STATIONS)
    normal = np.stack([-np.sin(place.heading), np.cos(place.heading)], axis=1)
    centre = np.stack([place.x, place.y], axis=1)
    left = centre + place.width_left[:, None] * normal
    right = centre - place.width_right[:, None] * normal
    edges = [left + BORDER * normal, left, right, right - BORDER * normal]
    horizon = int(height / 2 - FOCAL * width * math.tan(PITCH))
    lines = [_project(edge, position, yaw, width, height) for edge in edges]
    ground = np.array([[0, horizon], [width, horizon], [width, height], [0, height]])
    shapes = [Polygon(ground, GRASS)]
    for first, second, colour in ((1, 2, ROAD), (0, 1, DARK), (2, 3, DARK)):
        visible = lines[first][1] & lines[second][1]
        start = int(visible.argmax())
        stop = start + int(np.append(~visible[start:], True).argmax())
        if stop - start > 1:
            outline = np.concatenate([lines[first][0][start:stop], lines[second][0][start:stop][::-1]])
            shapes.append(Polygon(outline, colour))
    return shapes


def _project(
    points: np.ndarray, position: np.ndarray, yaw: float, width: int, height: int
) -> tuple[np.ndarray, np.ndarray]:
    """Pixels ``(n, 2)`` of points on the ground, and which of them lie before the camera."""
    cos, sin = math.cos(yaw), math.sin(yaw)
    offset = points - position[:2]
    ahead = offset[:, 0] * cos + offset[:, 1] * sin + BACK
    left = offset[:, 1] * cos - offset[:, 0] * sin
    depth = ahead * math.cos(PITCH) + HEIGHT * math.sin(PITCH)
    down = HEIGHT * math.cos(PITCH) - ahead * math.sin(PITCH)
    visible = depth > NEAR
    scale = FOCAL * width / np.where(visible, depth, NEAR)
    pixels = np.stack([width / 2 - left * scale, height / 2 + down * scale], axis=1)
    return np.clip(pixels, -16000, 16000), visible
