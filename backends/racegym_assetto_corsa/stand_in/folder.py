"""The made-up game folder that the stand-in runs in: an app, a car, a track with its ``fast_lane.ai``."""

from __future__ import annotations

import configparser
import json
import shutil
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from racegym.track import Track
from racegym_assetto_corsa.stand_in.modules import CAR
from racegym_assetto_corsa.tracks import fast_lane

#: As many as a course of the game has: its get_track_info is then as long as theirs.
POINTS = 3750
#: Sideways acceleration that the line's speeds allow, m/s^2, and braking.
GRIP, BRAKING, FASTEST = 12.0, 9.0, 75.0


def make(root: Path, plugin: Path, track: Track, settings: Mapping[str, Mapping[str, str]]) -> Path:
    """Fill `root`; the folder of the app in it, a copy of `plugin` with `settings` changed in its ini file."""
    app = root / "apps" / "python" / plugin.name
    shutil.copytree(plugin, app, ignore=shutil.ignore_patterns("__pycache__"))
    ini = app / f"{plugin.name}.ini"
    if ini.is_file():
        _configure(ini, settings)
    car = root / "content" / "cars" / CAR / "ui"
    car.mkdir(parents=True)
    (car / "ui_car.json").write_text(
        json.dumps({"name": "Stand-in GT", "specs": {"weight": "1150kg"}}), "utf-8"
    )
    lane = root / "content" / "tracks" / track.name / "ai" / "fast_lane.ai"
    lane.parent.mkdir(parents=True)
    lane.write_bytes(fast_lane.pack(lane_of(track)))
    return app


def _configure(ini: Path, settings: Mapping[str, Mapping[str, str]]) -> None:
    parser = configparser.ConfigParser(interpolation=None)
    parser.optionxform = str.upper  # pyright: ignore[reportAttributeAccessIssue]
    parser.read(ini, encoding="utf-8")
    parser.read_dict(settings)
    with ini.open("w", encoding="utf-8") as file:
        parser.write(file)


def lane_of(track: Track) -> fast_lane.Lane:
    """The centre line as the game's AI would have recorded it: speeds that the corners and the brakes allow."""
    stations = np.linspace(0, track.length, POINTS, endpoint=False)
    spacing = track.length / POINTS
    place = track.at(stations)
    speed = np.minimum(np.sqrt(GRIP / np.maximum(np.abs(place.curvature), 1e-6)), FASTEST)
    for _ in range(2):
        for i in range(len(speed) - 1, -1, -1):
            ahead = speed[(i + 1) % len(speed)]
            speed[i] = min(speed[i], np.sqrt(ahead**2 + 2 * BRAKING * spacing))
    slowing = np.roll(speed, -1) < speed - 1e-9
    return fast_lane.Lane(
        points=np.stack([place.x, place.y], axis=1),
        elevation=place.elevation,
        side_left=place.width_left,
        side_right=place.width_right,
        speed=speed,
        throttle=np.where(slowing, 0.0, 1.0),
        brake=np.where(slowing, 1.0, 0.0),
    )
