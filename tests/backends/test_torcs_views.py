"""Every view shows the state that it comes with: the road's edges lie where track and camera say."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from filming import HEIGHT, WIDTH, game

from racegym_torcs.camera import Viewpoint

REACH = 9
"""Pixels to either side in which an edge is looked for."""
POSES = [(700.0, 0.0, 0.0), (1200.0, 0.5, 0.2), (2000.0, -0.4, -0.15), (2000.0, 0.3, 0.1)]
#: Of each view: its own options, and from where to where the road is looked at, m from the eye.
VIEWS = {
    "bonnet": ({}, (5, 14)),
    "driver": ({}, (5, 14)),
    "chase": ({}, (8, 25)),
    "top": ({"fov": 10.0}, (0, 250)),
}


def project(points: np.ndarray, seen: Viewpoint) -> tuple[np.ndarray, np.ndarray]:
    """Pixels ``(n, 2)``, column and row, of world points ``(n, 3)``, and their distances ahead of the eye, m."""
    ahead = seen.centre - seen.eye
    ahead /= np.linalg.norm(ahead)
    right = np.cross(ahead, seen.up)
    right /= np.linalg.norm(right)
    x, y, z = ((points - seen.eye) @ np.stack([right, np.cross(right, ahead), ahead], axis=1)).T
    focal = HEIGHT / 2 / np.tan(seen.fov / 2)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.stack([WIDTH / 2 + x / z * focal, HEIGHT / 2 - y / z * focal], axis=1), z


def gaps(frame: np.ndarray, edge: np.ndarray, usable: np.ndarray) -> list[float]:
    """Pixels across from each place of an edge ``(n, 2)`` to the white line there; none where nothing stands out."""
    light, found = frame.mean(axis=-1), []
    along = np.gradient(edge, axis=0)
    across = np.stack([-along[:, 1], along[:, 0]], axis=1) / np.hypot(*along.T)[:, None]
    steps = np.arange(-REACH, REACH + 1)
    for place, normal in zip(edge[usable], across[usable], strict=True):
        column, row = np.rint(place[:, None] + normal[:, None] * steps).astype(int)
        if not (column.min() >= 0 and column.max() < WIDTH and row.min() >= 0 and row.max() < HEIGHT):
            continue
        profile = light[row, column]
        if profile.max() - np.median(profile) >= 25:
            found.append(float(steps[profile.argmax()]))
    return found


@pytest.mark.parametrize("view", VIEWS)
def test_the_road_s_edges_lie_where_the_track_and_the_camera_say(view: str) -> None:
    options, (near, far) = VIEWS[view]
    simulator: Any = game(view=view, camera=options)
    found: list[float] = []
    simulator.open()
    try:
        track = simulator.track
        for distance, offset, heading in POSES:
            start = {"distance": distance, "offset": offset, "heading": heading, "speed": 0.0}
            now = simulator.reset(options={"start": start})
            frame = simulator.frame(view)[0]
            seen = simulator._game.pictures.viewpoint
            away = np.linalg.norm(seen.eye[:2] - now["position"][0, :2])
            assert away < (12 if view == "chase" else 3)
            for border in (track.left, track.right):
                edge, ahead = project(np.column_stack([border, track.elevation]), seen)
                found += gaps(frame, edge, (ahead > near) & (ahead < far))
    finally:
        simulator.close()
    assert len(found) > 25
    assert np.median(np.abs(found)) <= 2 and np.percentile(np.abs(found), 80) <= 3
