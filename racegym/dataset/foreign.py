"""What other programs recorded of a game, turned into recordings of ours by the game's backend."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np

from racegym import __version__, registry
from racegym.config import RunConfig
from racegym.dataset.layout import Layout, spec_data
from racegym.dataset.parts import Parts, Taped
from racegym.errors import ConfigurationError
from racegym.signals import SIGNALS
from racegym.simulator import Lap

Read = Callable[[Any, Path, bool], Iterable[Lap]]


def bring_in(run: RunConfig, source: Path, folder: Path, trust: bool = False) -> tuple[int, int]:
    """Write all drives in `source` into the recording `folder`; how many, and how many steps.

    They hold telemetry and controls; observations, actions and rewards are worked out when they are read under a task
    (`Dataset.transitions`). `ConfigurationError` when the run's backend reads nobody's recordings.
    """
    backend = registry.backend(run.simulator.backend)
    if backend.laps is None:
        raise ConfigurationError(f"{backend.name}: nothing is known of other programs' recordings of it")
    module, _, name = backend.laps.partition(":")
    read: Read = getattr(importlib.import_module(module), name)
    parts: Parts | None = None
    episodes = steps = 0
    try:
        for lap in read(run.simulator.options, source, trust):
            layout = _layout(lap)
            if parts is None:
                about = {
                    "racegym": __version__,
                    "config": run.model_dump(mode="json"),
                    "spec": spec_data(lap.spec),
                }
                parts = Parts(folder, layout, about)
            parts.add(_taped(lap, layout, parts))
            episodes, steps = episodes + 1, steps + lap.telemetry.cars - 1
    finally:
        if parts is not None:
            parts.close()
    if not episodes:
        raise ConfigurationError(f"{source}: no recorded drives in it")
    return episodes, steps


def _layout(lap: Lap) -> Layout:
    signals = tuple(name for name in SIGNALS if name in lap.spec.signals)
    return Layout(signals=signals, action=0, discrete=False, observation=1, rewards=())


def _taped(lap: Lap, layout: Layout, parts: Parts) -> Taped:
    count = lap.telemetry.cars
    rows = np.zeros((count, layout.width))
    places = layout.places
    rows[:, places["telemetry"]] = lap.telemetry.block
    rows[:, places["controls"]] = lap.controls.block
    rows[-1, places["terminated" if lap.terminated else "truncated"]] = 1.0
    rows[:, places["frame"]] = -1
    info = {
        "steps": count - 1, "ended_by": "recorded", "fault": None, "return": 0.0, "laps": 0, "lap_times": [],
        "distance": None, "row": 0, "seed": None, "options": None, "agent": lap.name, "video": None,
        "track": None if lap.track is None else parts.track(lap.track),
    }  # fmt: skip
    return Taped(rows, np.zeros((count, 1), np.float32), info)
