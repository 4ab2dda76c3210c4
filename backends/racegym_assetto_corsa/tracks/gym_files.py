"""assetto_corsa_gym's folder AssettoCorsaConfigs: ``tracks/config.yaml``, border and racing line CSVs, car maps.

Nothing pickled is read: whether a car is inside follows from the borders.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from racegym.errors import ConfigurationError, NotFound
from racegym_assetto_corsa import cars


@dataclass(frozen=True, eq=False)
class Files:
    """One track's data as given: arrays ``(n, 2)`` of borders and middle, ``(m, 2)`` of the racing line, m."""

    name: str
    length: float
    """As the game gives it, m."""
    left: np.ndarray
    right: np.ndarray
    line: np.ndarray
    curvature: np.ndarray | None
    """Of the line's points, 1/m, where the file has it."""
    target_speed: np.ndarray | None
    """m/s"""


def names(folder: Path) -> list[str]:
    """Tracks that ``config.yaml`` lists."""
    return sorted(_config(folder))


def read(folder: Path, name: str) -> Files:
    """The data of one track; `NotFound` or `ConfigurationError` says what is missing or wrong."""
    config = _config(folder)
    if name not in config:
        raise NotFound(
            f"{folder / 'tracks' / 'config.yaml'}: no track {name!r}; it lists {', '.join(sorted(config))}"
        )
    entry = config[name]
    try:
        borders = _table(folder / "tracks" / entry["track_file"])
        line = _table(folder / "tracks" / entry["ref_lap_file"])
        return Files(
            name,
            float(entry["TrackLength"]),
            _pair(borders, "left_border_x", "left_border_y"),
            _pair(borders, "right_border_x", "right_border_y"),
            _pair(line, "pos_x", "pos_y"),
            line.get("curvature"),
            line.get("target_speed"),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise ConfigurationError(f"{folder}: track {name}: {error!r} in its entry or its files") from error


def from_reply(name: str, length: Any, reply: Any) -> Files:
    """The same from a plug-in's get_track_info; `length` is its TrackLength."""
    try:
        left, right, line = (
            np.array(reply[key], dtype=float) for key in ("left_lane", "right_lane", "fast_lane")
        )
        return Files(name, float(length), left, right, line, None, np.array(reply["speed_arr"], dtype=float))
    except (KeyError, TypeError, ValueError) as error:
        raise ConfigurationError(
            f"{name}: the plug-in's get_track_info holds no borders ({error!r}); name assetto_corsa_gym's folder "
            "AssettoCorsaConfigs as simulator.assets"
        ) from error


def car(folder: Path, name: str) -> cars.Car:
    """A car by its maps."""
    place = folder / "cars" / name
    found = cars.steer_map(place / "steer_map.csv")
    brake_map = place / "brake_map.csv"
    gamma = cars.brake_gamma(brake_map) if brake_map.is_file() else cars.BRAKE_GAMMA
    return cars.Car(found.full_command, found.lock, gamma)


def _config(folder: Path) -> dict[str, dict]:
    path = folder / "tracks" / "config.yaml"
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigurationError(
            f"{path}: cannot be read ({error}); assets is the folder AssettoCorsaConfigs"
        ) from error
    if not isinstance(data, dict):
        raise ConfigurationError(f"{path}: a mapping of tracks is wanted")
    return {str(name): entry for name, entry in data.items() if isinstance(entry, dict)}


def _table(path: Path) -> dict[str, np.ndarray]:
    """Columns of a CSV by name."""
    try:
        with path.open(newline="", encoding="utf-8") as file:
            rows = list(csv.reader(file))
        values = np.array([[float(cell) for cell in row] for row in rows[1:] if row])
    except (OSError, ValueError, IndexError) as error:
        raise ConfigurationError(f"{path}: not a table of numbers with a header ({error})") from error
    if values.ndim != 2 or len(values) < 3 or not np.isfinite(values).all():
        raise ConfigurationError(f"{path}: at least three rows of finite numbers are wanted")
    return {name.strip(): values[:, place] for place, name in enumerate(rows[0])}


def _pair(table: dict[str, np.ndarray], x: str, y: str) -> np.ndarray:
    return np.stack([table[x], table[y]], axis=1)
