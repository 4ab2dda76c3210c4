"""What must be known of a car to command it: how far its steering wheel turns, and what the pedals' axes mean.

assetto_corsa_gym measures both: ``steer_map.csv`` (the smallest steer command that reaches full lock, and its degrees)
and ``brake_map.csv`` (the game's answer to 21 positions of the brake axis, a power of 2.4 for every car).
"""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from racegym.errors import ConfigurationError

#: Half of the LOCK 900 of the controller settings that go with the plug-in, degrees: the wheel at command 1.
HALF_LOCK = 450.0

DEGREE = math.pi / 180
#: Of the brake axis in those settings.
BRAKE_GAMMA = 2.4


@dataclass(frozen=True)
class Car:
    """Steering and brakes of a car."""

    full_command: float = 1.0
    """Steer command, a share of the axis, that reaches full lock."""
    lock: float = math.radians(HALF_LOCK)
    """Angle of the steering wheel there, rad."""
    brake_gamma: float = BRAKE_GAMMA
    """The game brakes by this power of the pedal's way."""


def _car(command: float, degrees: float) -> Car:
    return Car(command, math.radians(degrees))


#: As measured for assetto_corsa_gym; the Miata's wheel stops at 302.4 degrees, whatever the command.
CARS: Mapping[str, Car] = {
    "dallara_f317": _car(0.5341796875, 240.0),
    "bmw_z4_gt3": _car(0.7119140625, 320.0),
    "ks_mazda_miata": _car(1.0, 302.4),
}


def steer_map(path: Path) -> Car:
    """A car from a ``steer_map.csv``: two rows, negative lock first; `ConfigurationError` says what is wrong."""
    try:
        with path.open(newline="", encoding="utf-8") as file:
            rows = [[float(value) for value in row[:2]] for row in list(csv.reader(file))[1:] if row]
        command, degrees = (abs(value) for value in rows[1])
    except (OSError, ValueError, IndexError) as error:
        raise ConfigurationError(
            f"{path}: not a steer map ({error}); two rows of command,degrees are wanted"
        ) from error
    if not (0 < command <= 1 and 0 < degrees <= 2000):
        raise ConfigurationError(f"{path}: a command of {command} and {degrees} degrees cannot be full lock")
    return _car(command, degrees)


def brake_gamma(path: Path) -> float:
    """The power that fits a ``brake_map.csv`` of rows axis,brake best; `ConfigurationError` when it is none."""
    try:
        table = np.genfromtxt(path, delimiter=",")
        table = table[np.isfinite(table).all(axis=1)]
        way = (table[:, 0] + 1) / 2
        inside = (way > 0) & (way < 1) & (table[:, 1] > 0)
        return float(np.median(np.log(table[inside, 1]) / np.log(way[inside])))
    except (OSError, ValueError, IndexError) as error:
        raise ConfigurationError(
            f"{path}: not a brake map ({error}); rows of axis,brake are wanted"
        ) from error
