"""Pictures of a drive."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from racegym.driving import Drive
from racegym.picture import draw
from racegym.signals import Telemetry
from racegym.track import Track

RADIUS, STEPS = 100.0, 120


def circle() -> Track:
    angles = np.linspace(0, 2 * np.pi, 90, endpoint=False)
    width = np.full(90, 5.0)
    return Track("circle", RADIUS * np.stack([np.cos(angles), np.sin(angles)], axis=1), width, width)


def driven(laps: float, track: Track | None = None) -> Drive:
    """`laps` rounds of a circle at a speed that changes."""
    rows = Telemetry(round(STEPS * laps) + 1)
    rounds = np.arange(rows.cars) / STEPS
    angle = 2 * np.pi * rounds
    rows["position"] = np.stack([RADIUS * np.cos(angle), RADIUS * np.sin(angle), 0 * angle], axis=1)
    rows["time"] = 40 * rounds
    rows["distance"] = RADIUS * angle
    rows["speed"] = 15 + 10 * np.sin(angle)
    rows["laps"] = np.floor(rounds)
    rows["last_lap_time"] = np.where(rounds >= 1, 40.0, 0.0)
    rows["steer"] = 0.1
    rows["throttle"] = np.maximum(0, np.cos(angle))
    rows["brake"] = np.maximum(0, -np.cos(angle))
    return Drive("test/circle", "round", rows.array, "laps", 0.1, track)


def is_drawn(path) -> bool:
    from matplotlib.image import imread

    red, green, blue = np.moveaxis(np.round(imread(path)[::3, ::3, :3] * 255).astype(int), -1, 0)
    return len(np.unique(red * 65536 + green * 256 + blue)) > 100


@pytest.mark.parametrize("laps", [0.3, 1, 3])
def test_a_drive_is_drawn_over_its_track(tmp_path, laps):
    draw(driven(laps, circle()), tmp_path / "drive.png")
    assert is_drawn(tmp_path / "drive.png")


def test_a_drive_without_a_track_is_drawn_as_its_line(tmp_path):
    draw(driven(1), tmp_path / "drive.png")
    assert is_drawn(tmp_path / "drive.png")


@pytest.mark.parametrize("unknown", ["position", "distance", "steer", "speed"])
def test_what_the_simulator_does_not_tell_is_left_out(tmp_path, unknown):
    drive = driven(1)
    drive.telemetry[unknown] = np.nan
    draw(drive, tmp_path / "drive.png")
    assert is_drawn(tmp_path / "drive.png")


def test_a_drive_that_ended_at_once_is_drawn(tmp_path):
    draw(driven(0, circle()), tmp_path / "drive.png")
    assert is_drawn(tmp_path / "drive.png")


def test_the_suffix_decides_the_format(tmp_path):
    draw(driven(1, circle()), tmp_path / "drive.svg")
    assert "<svg" in (tmp_path / "drive.svg").read_text()


def test_drawing_needs_no_display_and_importing_no_matplotlib():
    program = "import sys, racegym.picture; sys.exit('matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], timeout=30).returncode == 0
