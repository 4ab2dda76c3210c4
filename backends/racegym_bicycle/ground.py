"""What lies beside the track: grass that slows, and walls that stop."""

from __future__ import annotations

import numpy as np

from racegym.track import Location
from racegym_bicycle.car import Car
from racegym_bicycle.dynamics import Motion

#: Grass between the edge of the track and the wall, m.
VERGE = 6.0
#: Over how many metres across the edge asphalt gives way to grass.
BLEND = 2.0
#: Speed away from a wall per speed into it.
BOUNCE = 0.2
#: Speed lost along a wall per speed into it.
SCRAPE = 0.3


def beyond_edge(location: Location) -> np.ndarray:
    """Metres from the nearer edge of the track, + outwards, ``(cars,)``."""
    return np.maximum(location.offset - location.width_left, -location.offset - location.width_right)


def grass_share(location: Location) -> np.ndarray:
    """How far cars are on grass, 0 to 1."""
    return np.minimum(np.maximum(beyond_edge(location) / BLEND + 0.5, 0), 1)


def hit_walls(car: Car, motion: Motion, location: Location) -> tuple[Motion, np.ndarray, np.ndarray]:
    """The motion after the walls, whether cars touched one, and the speed into it, m/s."""
    depth = beyond_edge(location) - (VERGE - car.body_radius)
    touched = depth > 0
    if not touched.any():
        return motion, touched, np.zeros_like(depth)
    depth = np.where(touched, depth, 0.0)
    side = np.where(
        location.offset - location.width_left > -location.offset - location.width_right, 1.0, -1.0
    )
    out_x, out_y = -np.sin(location.heading) * side, np.cos(location.heading) * side
    outwards = motion.velocity_x * out_x + motion.velocity_y * out_y
    along = motion.velocity_y * out_x - motion.velocity_x * out_y
    speed = np.where(touched, np.maximum(outwards, 0.0), 0.0)
    back = (1 + BOUNCE) * speed
    slowed = np.copysign(np.minimum(np.abs(along), SCRAPE * speed), along)
    motion = motion._replace(
        x=motion.x - depth * out_x,
        y=motion.y - depth * out_y,
        velocity_x=motion.velocity_x - back * out_x + slowed * out_y,
        velocity_y=motion.velocity_y - back * out_y - slowed * out_x,
    )
    return motion, touched, speed


def harm(car: Car, speed: np.ndarray) -> np.ndarray:
    """Damage by a hit at `speed` into a wall, as a share of what wrecks the car: it grows as the energy does."""
    share = np.maximum(speed - car.harmless_speed, 0) / (car.wreck_speed - car.harmless_speed)
    return share * share
