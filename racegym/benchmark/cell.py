"""One cell: an agent drives an episode, and what came of it is put into a row, failures too."""

from __future__ import annotations

import hashlib
import json
import time
from dataclasses import dataclass, field
from typing import Any

import numpy as np

import racegym
from racegym import agents
from racegym.agents.fit import seat
from racegym.benchmark.metrics import metrics
from racegym.benchmark.suite import Cell
from racegym.config import RunConfig, load
from racegym.driving import Drive, drive
from racegym.errors import BackendUnavailable, ProtocolError, RacegymError, SimulatorLost, SimulatorTimeout
from racegym.task import TaskConfig
from racegym.terminations import Laps
from racegym.track import Track

ENDLESS = 10**6
POINTS = 3000
"""Rows of a trace, at most."""
TRACED = (
    "time",
    "distance",
    "speed",
    "position",
    "steer",
    "throttle",
    "brake",
    "track_position",
    "laps",
    "last_lap_time",
)
LOST = (SimulatorLost, SimulatorTimeout, ProtocolError)


@dataclass
class Result:
    """What a cell came to: `row` is the same each time, `timing` is not."""

    row: dict[str, Any]
    timing: dict[str, Any] = field(default_factory=dict)
    trace: dict[str, np.ndarray] = field(default_factory=dict)
    track: Track | None = None


def run(cell: Cell) -> Result:
    """Drive `cell`. What fails is in the row: ``failure`` says what, ``blame`` whose it is.

    ``blame`` is ``missing`` (the simulator is not there), ``simulator`` (it was lost, twice) or ``agent``.
    """
    if cell.missing:
        return failed(cell, "missing", cell.missing)
    result = _attempt(cell)
    return _attempt(cell) if result.row.get("blame") == "simulator" else result


def waits(cell: Cell) -> bool:
    """Whether the simulator waits for the agent; one that runs on in real time needs the machine for itself."""
    try:
        config = load(cell.simulator)
        spec = config.simulator.build().spec
    except RacegymError:
        return True  # it fails in a moment, whatever else runs
    return spec.lockstep and config.clock.step(spec) is None


def failed(cell: Cell, blame: str, why: str) -> Result:
    """A row for a cell that came to nothing."""
    return Result({**_names(cell), "status": "failed", "blame": blame, "failure": why})


def _names(cell: Cell) -> dict[str, Any]:
    return {
        "event": cell.event,
        "simulator": cell.simulator,
        "agent": cell.agent,
        "seed": cell.seed,
        "reference": cell.reference,
        "key": cell.key,
        "racegym": racegym.__version__,
    }


def _attempt(cell: Cell) -> Result:
    try:
        base = load(
            cell.simulator, overrides={f"simulator.{name}": value for name, value in cell.set.items()}
        )
        config = {**base.model_dump(exclude={"task"}), "task": cell.task}
        plain = load(config)
    except RacegymError as error:
        return failed(cell, "missing", str(error))
    try:
        agent = agents.load(cell.agent, racegym.make(plain).action_space, cell.seed)
        laps = cell.measure.get("laps", ENDLESS)
        fitted = seat(agent, config, overrides=_endings(cell, plain), laps=cell.measure.get("laps"))
        begun = time.perf_counter()
        driven, late = _drive(fitted, agent, laps, cell)
    except BackendUnavailable as error:
        return failed(cell, "missing", str(error))
    except LOST as error:
        return failed(cell, "simulator", str(error))
    except Exception as error:  # an agent is anybody's code
        return failed(cell, "agent", f"{type(error).__name__}: {error}")
    if driven.ended_by == "fault":
        return failed(cell, "simulator", driven.fault or "lost")
    return _result(cell, fitted, driven, time.perf_counter() - begun - driven.wall_time, late)


def _drive(run_config: RunConfig, agent: agents.Agent, laps: int, cell: Cell) -> tuple[Drive, int | None]:
    """The drive, and in real time how many steps came late."""
    env = racegym.make(run_config)
    try:
        driven = drive(env, agent, laps, cell.seed, cell.agent)
        timing = getattr(env.session, "timing", None)
        return driven, None if timing is None else timing.late
    finally:
        env.close()


def _endings(cell: Cell, plain: RunConfig) -> dict[str, Any]:
    """The event's measure in place of the task's laps and time."""
    task: TaskConfig = plain.task
    kept = {label: term for label, term in task.termination.items() if not isinstance(term, Laps)}
    if (laps := cell.measure.get("laps")) is not None:
        endings: dict[str, Any] = {
            "task.termination": {**kept, "laps": Laps(count=laps)},
            "task.truncation": {},
        }
        if (getattr(plain.simulator.options, "laps", None) or laps) < laps:
            endings["simulator.laps"] = laps
        return endings
    period = plain.simulator.build().spec.period
    seconds = cell.measure["seconds"] if "seconds" in cell.measure else cell.measure["steps"] * period
    return {"task.termination": kept, "task.truncation": {"seconds": float(seconds)}}


def _result(cell: Cell, fitted: RunConfig, driven: Drive, start: float, late: int | None) -> Result:
    plain = json.dumps(fitted.model_dump(mode="json"), sort_keys=True, default=str)
    spec = fitted.simulator.build().spec
    row = {
        **_names(cell),
        "status": "ok",
        "blame": None,
        "failure": None,
        "config": hashlib.sha256(plain.encode()).hexdigest()[:16],
        "deterministic": spec.deterministic,
        "car": getattr(fitted.simulator.options, "car", None),
        **metrics(driven, cell.measure, spec.period),
    }
    rate = driven.steps / driven.wall_time if driven.wall_time else 0.0
    timing = {
        "wall_seconds": round(driven.wall_time, 4),
        "start_seconds": round(start, 4),
        "steps_per_second": round(rate, 1),
        "missed_deadlines": late,
        "times_real_time": round(driven.duration / driven.wall_time, 2) if driven.wall_time else 0.0,
    }
    return Result(row, timing, _trace(driven), driven.track)


def _trace(driven: Drive) -> dict[str, np.ndarray]:
    """The drive at no more than `POINTS` rows: of its best lap, or of all of it when none was completed."""
    rows, crossings = driven.telemetry, [0, *driven.crossings.tolist()]
    if driven.lap_times:
        best = int(np.argmin(driven.lap_times))
        rows = rows[crossings[best] : crossings[best + 1] + 1]
    keep = np.unique(np.linspace(0, len(rows) - 1, min(len(rows), POINTS)).astype(int))
    return {name: rows[name][keep].astype(np.float32) for name in TRACED}
