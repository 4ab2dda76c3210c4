"""Signals derived from a course's geometry and the car's pose, held against what the game itself reports of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from racegym import agents
from racegym.agents.fit import seat
from racegym.config import simulator_data
from racegym.driving import drive
from racegym.env import RaceEnv
from racegym.errors import ConfigurationError
from racegym.sensors import Sensors
from racegym.signals import SIGNALS, Telemetry

POSE = frozenset({"time", "position", "yaw"})
COMPARED = ("track_position", "heading_error", "lap_distance", "rangefinders")
NEAR_ENOUGH = 0.5
"""Metres by which a beam may differ."""
_ENDLESS = {"task.termination": {}, "task.truncation": {}}


@dataclass(frozen=True)
class Agreement:
    """Largest differences on the road over one drive, and the share of beams that agree within `NEAR_ENOUGH`."""

    course: str
    telemetries: int
    track_position: float
    """Half widths."""
    heading_error: float
    """rad"""
    lap_distance: float
    """m"""
    beams: float


def agreement(course: str, overrides: Mapping[str, Any] | None = None, laps: int = 1) -> Agreement:
    """What a lap of the scripted driver on `course` (``torcs/road/aalborg``) shows; telemetries beyond the road's edge are
    left out.

    `ConfigurationError` for a simulator that lacks its geometry or these signals.
    """
    driver = agents.load("scripted")
    config = {"simulator": simulator_data(course)}
    env = RaceEnv(seat(driver, config, overrides={**(overrides or {}), **_ENDLESS}))
    spec = env.session.spec
    lacking = {*POSE, *COMPARED} - spec.signals
    if lacking or not spec.track:
        raise ConfigurationError(
            f"{spec.name}: nothing to compare: it lacks {', '.join(lacking) or 'a track'}"
        )
    sensors = Sensors(replace(spec, signals=POSE), COMPARED)
    worked: list[np.ndarray] = []

    def work(now: Telemetry, track: Any) -> None:
        row = Telemetry(1, now.block[:1].copy())
        if worked:
            sensors.derive(Telemetry(1, worked[-1]), row)
        else:
            sensors.open(track)
            sensors.reset(row)
        worked.append(row.block)

    try:
        driven = drive(env, driver, laps, watch=work)
    finally:
        env.close()
    theirs = driven.telemetry[1:]
    return _compared(spec.name, Telemetry(len(theirs), np.concatenate(worked)), theirs)


def _compared(course: str, derived: Telemetry, theirs: np.ndarray) -> Agreement:
    on_road = np.abs(theirs["track_position"]) <= 1
    gaps = {name: (derived[name] - theirs[name])[on_road] for name in COMPARED}
    turn = 2 * np.pi
    gaps["heading_error"] -= turn * np.rint(gaps["heading_error"] / turn)
    # at the start line the one may have begun the next lap a step before the other
    length = SIGNALS["lap_distance"].high if not len(theirs) else float(np.nanmax(theirs["lap_distance"]))
    distances = np.abs(gaps["lap_distance"])
    largest = {name: float(np.abs(gaps[name]).max()) for name in ("track_position", "heading_error")}
    beams = float((np.abs(gaps["rangefinders"]) <= NEAR_ENOUGH).mean())
    along = float(np.minimum(distances, np.abs(length - distances)).max())
    return Agreement(course, int(on_road.sum()), beams=beams, lap_distance=along, **largest)
