"""What a track may know beyond its centre line and edges: exact arcs, the ground, the pit lane."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

BANDS = ("left_side", "left_border", "road", "right_border", "right_side")
"""Bands of ground across a track, from left to right; a border is what adjoins the road, a kerb for instance."""


class Arcs(NamedTuple):
    """The exact way from each point to the next (on a closed circuit also from the last to the first), an arc or straight.

    Each of shape ``(n,)``, on an open course ``(n - 1,)``.
    """

    heading: np.ndarray
    """Direction of travel at the point, rad."""
    curvature: np.ndarray
    """1/m, + turns left; the same all the way."""
    length: np.ndarray
    """Metres along it."""


class Surface(NamedTuple):
    """A kind of ground."""

    name: str
    friction: float
    """Coefficient of friction, of which each tyre makes its own."""
    rolling_resistance: float
    roughness: float
    """Height of its waves, m."""


class Ground(NamedTuple):
    """What lies on and beside the road at each point of the centre line."""

    surfaces: tuple[Surface, ...]
    width: np.ndarray
    """``(n, 5)``: metres across each of `BANDS`; 0 where there is none."""
    surface: np.ndarray
    """``(n, 5)``: number in `surfaces` of each of `BANDS`; -1 where there is none."""


class Pits(NamedTuple):
    """A pit lane beside the track. Stations are metres along the centre line."""

    side: int
    """1: left of the road, -1: right of it."""
    entry: float
    """Station where the lane begins."""
    start: float
    """Where the speed limit begins."""
    end: float
    """Where it ends."""
    exit: float
    """Where the lane ends."""
    speed_limit: float
    """m/s"""
    width: float
    """Of each pit, across, m."""
    length: float
    """Of each pit, along the lane, m."""
    places: np.ndarray
    """``(k, 2)``: the pits' middles, m."""
