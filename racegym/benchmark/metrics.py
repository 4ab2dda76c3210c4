"""What a drive was worth, from its telemetry alone; the columns are docs/benchmark.md's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from racegym.driving import LONGEST, SLOWEST, Drive

DIGITS = 6


def metrics(drive: Drive, measure: Mapping[str, Any], period: float) -> dict[str, Any]:
    """The columns of a result row; None where the simulator does not tell. `period` is the simulator's, s."""
    rows = drive.telemetry
    laps = measure.get("laps")
    course = drive.track.length * laps if drive.track and laps else None
    limit = _limit(drive, measure, period)
    distance = drive.distance
    finished = len(drive.lap_times) >= laps if laps else drive.duration >= limit - 1.5 * period
    if laps:
        share = len(drive.lap_times) / laps if course is None else max(0.0, distance or 0.0) / course
        completion = 1.0 if finished else min(share, 1.0)
    else:
        completion = min(1.0, drive.duration / limit)
    numbers = {
        "completion": completion,
        "best_lap": min(drive.lap_times, default=None),
        "mean_lap": float(np.mean(drive.lap_times)) if drive.lap_times else None,
        "time": drive.duration,
        "limit": limit,
        "course": course,
        "distance": distance,
        "mean_speed": distance / drive.duration if distance is not None and drive.duration > 0 else None,
        "top_speed": _known(np.max(rows["speed"])),
        "off_track_metres": _off_track_metres(rows),
        "off_track_seconds": drive.off_track_time,
        "damage": drive.damage,
        "steering_rate": _steering_rate(rows),
    }
    return {
        "finished": bool(finished),
        "laps": len(drive.lap_times),
        "lap_times": [round(time, DIGITS) for time in drive.lap_times],
        **{name: None if value is None else round(float(value), DIGITS) for name, value in numbers.items()},
        "collisions": _collisions(rows),
        "ended_by": drive.ended_by,
        "steps": drive.steps,
    }


def _limit(drive: Drive, measure: Mapping[str, Any], period: float) -> float:
    """The time that the event gives, s."""
    if "laps" in measure:
        return measure["laps"] * (drive.track.length / SLOWEST if drive.track else LONGEST)
    return measure["seconds"] if "seconds" in measure else measure["steps"] * period


def _off_track_metres(rows: np.ndarray) -> float | None:
    return _known(np.sum(np.diff(rows["time"]) * rows["off_track"][1:] * rows["speed"][1:]))


def _collisions(rows: np.ndarray) -> int | None:
    if np.isnan(rows["collision"]).all():
        return None
    return int(np.sum(np.diff(rows["collision"], prepend=0.0) > 0))


def _steering_rate(rows: np.ndarray) -> float | None:
    seconds = float(rows["time"][-1] - rows["time"][0])
    return _known(np.abs(np.diff(rows["steer"])).sum() / seconds) if seconds > 0 else None


def _known(value: Any) -> float | None:
    return None if np.isnan(value) else float(value)
